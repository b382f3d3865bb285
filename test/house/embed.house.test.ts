// Texts embedded by a provider over the network, through the whole house: the model is chosen by configuration,
// indexed and searched by text, and its vectors outlive a restart.

import { afterAll, describe, expect, test } from "bun:test";
import { providerServer } from "#adapters/embed/provider-server.testing";
import { startHouse, TOPOLOGIES } from "./house.ts";

const provider = await providerServer(128);
afterAll(() => provider.stop());

describe.each(TOPOLOGIES)("%s", (topology) => {
  test("a model of another server embeds stored texts and queries", async () => {
    let house = await startHouse(topology, {
      embed_models: "ollama/nomic-embed-text",
      ollama_url: provider.url,
    });
    try {
      await house.ask("/v1/vectors/roles", {
        method: "PUT",
        body: JSON.stringify({ dimension: 128, metric: "cosine", engine: "hnsw" }),
      });
      const items = ["forklift operator", "line cook", "registered nurse"].map((text) => ({
        id: text,
        text,
      }));
      await house.json("/v1/vectors/roles/upsert", { items });
      const question = { text: "operator of a forklift", k: 1 };
      const { hits } = await house.json<{ hits: { id: string }[] }>("/v1/vectors/roles/search", question);
      expect(hits.map(({ id }) => id)).toEqual(["forklift operator"]);
      expect(await house.json("/v1/embed/models")).toEqual({
        models: [
          { name: "nomic-embed-text", provider: "ollama", dimension: 128, default: true },
          { name: "hashed-v1", provider: "hashed", dimension: 768, default: false },
        ],
      });

      house = await house.restart();
      const before = provider.requests.length;
      await house.json("/v1/vectors/roles/search", question);
      expect(provider.requests).toHaveLength(before);
      const stats = await house.json<{ persisted: number }>("/v1/embed/stats");
      expect(stats.persisted).toBe(4);
    } finally {
      await house.close();
    }
  }, 240_000);
});

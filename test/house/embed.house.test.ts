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

  test("queries and documents go to an asymmetric model each with its prefix, wherever they are embedded", async () => {
    const house = await startHouse(topology, {
      embed_models: "ollama/e5?query_prefix=query:+&document_prefix=passage:+",
      ollama_url: provider.url,
    });
    const before = provider.requests.length;
    try {
      const body = [
        { id: "a", note: "quiet night work" },
        { id: "b", note: "loud day work" },
      ]
        .map((row) => `${JSON.stringify(row)}\n`)
        .join("");
      await house.ask("/v1/ingest?dataset=notes&format=ndjson", { method: "POST", body });
      const plan = JSON.stringify({ dataset: "notes", id: "id", text: "{note}" });
      await house.ask("/v1/matrix/corpora/notes", { method: "PUT", body: plan });
      const events = await house.ask("/v1/matrix/corpora/notes", {
        headers: { accept: "text/event-stream" },
      });
      expect(await events.text()).toContain("event: done");
      const recorded = {
        query_text: "who works at night",
        answer_id: "a",
        answer_corpus: "notes",
        score: 1,
      };
      await house.json("/v1/matrix/playbooks/record", recorded, 201);
      // The recorded query is embedded as the query is: at no distance from it.
      const { hits } = await house.json<{ hits: { id: string; boost?: { factor: number } }[] }>(
        "/v1/matrix/search",
        { query_text: "who works at night", gate: "adjacent" },
      );
      expect(hits.find(({ id }) => id === "a")?.boost?.factor).toBeCloseTo(0.5, 4);
      const content = "They were called first, and came.";
      await house.json("/v1/pathway/traces", { kind: "fill", subject: "Acme", task: "night", content }, 201);
      await house.json("/v1/pathway/search", { query: "whom to call first" });
      const index = JSON.stringify({ dimension: 128, metric: "cosine", engine: "hnsw" });
      await house.ask("/v1/vectors/direct", { method: "PUT", body: index });
      await house.json("/v1/vectors/direct/upsert", { items: [{ id: "x", text: "kept text" }] });
      await house.json("/v1/vectors/direct/search", { text: "text that is looked for", k: 1 });

      const sent = provider.requests.slice(before).flatMap((request) => request.body.input);
      const of = (prefix: string): string[] =>
        sent.filter((text) => text.startsWith(prefix)).map((text) => text.slice(prefix.length));
      expect(sent.filter((text) => !/^(query|passage): /.test(text))).toEqual([]);
      for (const document of ["quiet night work", "loud day work", "kept text"]) {
        expect(of("passage: ")).toContain(document);
        expect(of("query: ")).not.toContain(document);
      }
      expect(of("passage: ").some((text) => text.includes(content))).toBe(true);
      for (const query of ["who works at night", "text that is looked for", "whom to call first"]) {
        expect(of("query: ")).toContain(query);
        expect(of("passage: ")).not.toContain(query);
      }
    } finally {
      await house.close();
    }
  }, 240_000);
});

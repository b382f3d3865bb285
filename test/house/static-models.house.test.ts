// Static embedding models, from the command that adds one to a corpus that is searched with it; and what becomes of one
// whose files are damaged.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeModel } from "#adapters/embed/static/model.testing";
import { run } from "#cli/spawned.testing";
import { readSettings } from "#config";
import { createLog } from "#lib/log";
import { dataFiles } from "#topology/upkeep/data-files";
import { repair } from "#topology/upkeep/repair";
import { codeOf, failureOf, startOver, TOPOLOGIES } from "./house.ts";

const root = mkdtempSync(join(tmpdir(), "static-models-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

// Near in meaning, and alike in no letter: what the built-in model cannot know.
const WORDS = {
  "[UNK]": [0, 0, 0],
  janitor: [1, 0, 0.1],
  custodian: [1, 0.1, 0],
  welder: [0, 1, 0],
  nurse: [0, 0, 1],
};
const from = await writeModel(join(root, "small"), { words: WORDS });

test.each([...TOPOLOGIES])(
  "a model that was added is searched with, %s",
  async (topology) => {
    const data = join(root, topology);
    const env = { LAKEHOUSE_DATA: data };
    const overrides = { embed_models: "static/small" };
    expect(await failureOf(startOver(topology, data, overrides))).toContain("lakehouse models add");

    const added = await run(["models", "add", from], { env });
    expect([added.exitCode, added.err]).toEqual([0, expect.stringContaining("static/small") as string]);
    let house = await startOver(topology, data, overrides);
    try {
      const body = ["janitor", "welder", "nurse"].map((role) => `${JSON.stringify({ id: role, role })}\n`);
      await house.ask("/v1/ingest?dataset=staff&format=ndjson", { method: "POST", body: body.join("") });
      const plan = JSON.stringify({ dataset: "staff", id: "id", text: "{role}" });
      await house.ask("/v1/matrix/corpora/staff", { method: "PUT", body: plan });
      const events = await house.ask("/v1/matrix/corpora/staff", {
        headers: { accept: "text/event-stream" },
      });
      expect(await events.text()).toContain("event: done");
      const search = { query_text: "custodian", mode: "dense", k: 1 };
      const found = await house.json<{ hits: { id: string }[] }>("/v1/matrix/search", search);
      expect(found.hits.map(({ id }) => id)).toEqual(["janitor"]);
      const { models } = await house.json<{ models: { name: string }[] }>("/v1/embed/models");
      expect(models).toMatchObject([
        { name: expect.stringMatching(/^small#/) as string, provider: "static", dimension: 3, default: true },
        { name: "hashed-v1" },
      ]);

      const kept = (await dataFiles(data, "models")).map(({ path }) => path);
      expect(kept).toEqual(
        ["model.json", "model.safetensors", "tokenizer.json"].map((name) => `models/small/${name}`),
      );
      const table = join(data, "models/small/model.safetensors");
      const bytes = readFileSync(table);
      bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
      writeFileSync(table, bytes);
      house = await house.restart();
      const refused = await house.ask("/v1/embed", { method: "POST", body: '{"texts":["never seen"]}' });
      expect([refused.status, await codeOf(refused)]).toEqual([500, "internal"]);
    } finally {
      await house.stop();
    }
    const listed = await run(["models", "ls", "--json"], { env });
    expect(listed.exitCode).toBe(1);
    expect(listed.out).toContain("model.safetensors of the static model small is damaged");
    const { settings } = readSettings({ data, port: 0, log: "error" });
    const quiet = createLog({ level: "error", readable: true, write: () => undefined });
    const lines = await repair(settings, quiet, { dryRun: true });
    expect(lines.filter(({ part }) => part === "model")).toMatchObject([
      { name: "small", remedy: "restore", done: false },
    ]);
    expect((await run(["models", "add", from], { env })).exitCode).toBe(0);
    expect((await run(["models", "ls"], { env })).exitCode).toBe(0);
  },
  240_000,
);

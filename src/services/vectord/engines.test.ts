// Both engines against the one suite, and what the lance engine alone has: versions, damage of a table, processes that end.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "#rpc/fault";
import { describeEngine, describePartitions } from "./engine.conformance.ts";
import { type Started, startEngine } from "./engine.testing.ts";

describeEngine("hnsw", startEngine, 6_000);
describeEngine("lance", startEngine, 10_500);
describePartitions(startEngine);

describe("engine lance", () => {
  let tested: Started;
  beforeEach(async () => {
    tested = await startEngine();
  });
  afterEach(() => tested.close());

  const index = "t";
  const ROWS = 10_500;

  async function fill(from: number, to: number): Promise<void> {
    for (let at = from; at < to; at += 1000) {
      const items = Array.from({ length: Math.min(1000, to - at) }, (_, n) => ({
        id: `i${at + n}`,
        vector: [Math.sin(at + n), Math.cos((at + n) * 1.7), Math.sin((at + n) * 0.37), 0.5],
        metadata: { n: at + n },
      }));
      await tested.service.upsert({ index, items });
    }
  }

  const create = (): Promise<unknown> =>
    tested.service.create({
      index,
      dimension: 4,
      metric: "cosine",
      engine: "lance",
      fields: { n: "number" },
    });

  /** Files of the table by the folder they are in. */
  const filesIn = (part: string): string[] =>
    readdirSync(join(tested.folder, index, "lance", "t.lance", part), {
      recursive: true,
      withFileTypes: true,
    })
      .filter((entry) => entry.isFile() && entry.name !== "latest_version_hint.json")
      .map((entry) => join(entry.parentPath, entry.name));

  function flip(path: string, at?: number): void {
    const bytes = readFileSync(path);
    const place = at ?? Math.floor(bytes.length / 2);
    bytes[place] = (bytes[place] ?? 0) ^ 0x10;
    writeFileSync(path, bytes);
  }

  const messageOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "none",
      (thrown: unknown) => `${(thrown as Fault).code}: ${(thrown as Fault).message}`,
    );

  test("versions are searched and read as they were; one that is not kept is not found", async () => {
    await create();
    await fill(0, 10);
    await tested.settled(index);
    await tested.service.upsert({ index, items: [{ id: "i0", vector: [9, 9, 9, 9], metadata: { n: -1 } }] });
    await tested.service.delete({ index, ids: ["i1"] });
    await tested.settled(index);
    const { versions } = await tested.service.versions({ index });
    expect(versions.map(({ count, sequence }) => [count, sequence])).toEqual([
      [10, 1],
      [9, 3],
    ]);
    const at = versions[0]?.version ?? 0;
    const then = await tested.service.fetch({ index, ids: ["i0", "i1"], at });
    expect(then.items.map(({ id, metadata }) => [id, metadata])).toEqual([
      ["i0", { n: 0 }],
      ["i1", { n: 1 }],
    ]);
    const now = await tested.service.fetch({ index, ids: ["i0", "i1"] });
    expect(now.items.map(({ metadata }) => metadata)).toEqual([{ n: -1 }]);
    const searched = await tested.service.search({ index, vector: [1, 1, 1, 1], k: 100, at });
    expect(searched.hits).toHaveLength(10);
    expect(await messageOf(tested.service.search({ index, vector: [1, 1, 1, 1], at: 999 }))).toContain(
      "not_found",
    );
    await tested.killed();
    expect((await tested.service.search({ index, vector: [1, 1, 1, 1], k: 100, at })).hits).toHaveLength(10);
  });

  test("an index is built beside the searches, which go on through it, and the event loop is free meanwhile", async () => {
    await create();
    await fill(0, ROWS);
    expect((await tested.service.search({ index, vector: [1, 0, 0, 0], k: 1 })).plan).toBe("exact");
    await tested.settled(index);
    const { plan, hits } = await tested.service.search({ index, vector: [1, 0, 0, 0], k: 10 });
    expect([plan, hits.length]).toEqual(["lance", 10]);
    expect(await tested.service.index({ index })).toMatchObject({ count: ROWS, pending: 0, building: false });
    // One in a hundred is done once more, without the index.
    for (let n = 0; n < 100; n += 1) await tested.service.search({ index, vector: [n, 1, 1, 1], k: 10 });
    while ((await tested.service.index({ index })).recall === undefined) await Bun.sleep(20);
    const metrics = JSON.stringify(tested.daemon.metrics());
    expect(metrics).toContain('"lakehouse_vectors_recall"');
    expect(metrics).toContain('"lakehouse_vectors_recall_low"');
  }, 60_000);

  test("a process that holds tables and is killed is started again, and costs no call", async () => {
    await create();
    await fill(0, 50);
    await tested.settled(index);
    const pid = tested.daemon.stats()["lance_pid"] as number;
    process.kill(pid, "SIGKILL");
    expect((await tested.service.search({ index, vector: [1, 0, 0, 0], k: 50 })).hits).toHaveLength(50);
    await fill(50, 60);
    await tested.settled(index);
    expect(tested.daemon.stats()["lance_pid"]).not.toBe(pid);
    expect((await tested.service.index({ index })).count).toBe(60);
  });

  test("damage of any file of the table is found before a search reads it, and a repair says what it lost", async () => {
    await create();
    await fill(0, ROWS);
    await tested.settled(index);
    await fill(ROWS, ROWS + 10);
    const kept = mkdtempSync(join(tmpdir(), "vectord-kept-"));
    await tested.killed((folder) => cpSync(join(folder, index), join(kept, index), { recursive: true }));
    for (const part of ["data", "_versions", "_indices", "_transactions"]) {
      await tested.killed((folder) => {
        rmSync(join(folder, index), { recursive: true });
        cpSync(join(kept, index), join(folder, index), { recursive: true });
        for (const file of filesIn(part)) flip(file);
      });
      const message = await messageOf(tested.service.index({ index }));
      expect(message).toStartWith("internal: The index t cannot be opened.");
      expect(message).toContain("is damaged: it does not match its checksum");
      expect(message).not.toContain(tested.folder);
      expect(await messageOf(tested.service.search({ index, vector: [1, 0, 0, 0] }))).toBe(message);
      const { repaired, rows_lost, lost, index: after } = await tested.service.repair({ index });
      expect([repaired, lost]).toEqual([true, []]);
      // A flipped byte of a data file costs the rows of its block at most; the rest of the table, and all of the log, is there.
      expect(rows_lost + after.count).toBeGreaterThanOrEqual(part === "_versions" ? 10 : ROWS + 10);
      if (part === "_indices" || part === "_transactions") expect(after.count).toBe(ROWS + 10);
      const { hits } = await tested.service.search({ index, vector: [1, 0, 0, 0], k: 20 });
      for (const { id, metadata } of hits) expect(metadata).toEqual({ n: Number(id.slice(1)) });
    }
    rmSync(kept, { recursive: true });
  }, 240_000);

  test("a lost state is made again from the table and the log", async () => {
    await create();
    await fill(0, 30);
    await tested.settled(index);
    await fill(30, 40);
    await tested.killed((folder) => rmSync(join(folder, index, "lance.json")));
    expect(await messageOf(tested.service.index({ index }))).toContain(
      "lance.json is damaged: it is missing",
    );
    const { repaired, index: after, damage } = await tested.service.repair({ index });
    expect([repaired, after.count]).toEqual([true, 40]);
    expect(damage.join(" ")).toContain("lance.json");
  });
});

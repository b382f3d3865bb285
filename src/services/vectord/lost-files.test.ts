// Files of an index that are lost together, where each alone could be made again from the other: named snapshots are the
// third copy. And how little of a snapshot's rows a flipped byte may cost.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seeded } from "#lib/random";
import type { Fault } from "#rpc/fault";
import { type Started, startEngine } from "./engine.testing.ts";

let tested: Started;
beforeEach(async () => {
  tested = await startEngine();
});
afterEach(() => tested.close());

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (thrown: unknown) => `${(thrown as Fault).code}: ${(thrown as Fault).message}`,
  );

async function fill(index: string, from: number, to: number, dimension = 2): Promise<void> {
  for (let at = from; at < to; at += 1000) {
    const items = Array.from({ length: Math.min(1000, to - at) }, (_, n) => ({
      id: `i${at + n}`,
      vector: Array.from({ length: dimension }, (_unused, k) => Math.sin((at + n) * (k + 1)) + 2),
      metadata: { n: at + n },
    }));
    await tested.service.upsert({ index, items });
  }
}

test("an index whose folder is lost with the list is damaged and not unknown, and comes back from its snapshot", async () => {
  for (const engine of ["hnsw", "lance"] as const) {
    const index = `kept-${engine}`;
    await tested.service.create({ index, dimension: 2, engine });
    await fill(index, 0, 20);
    await tested.service.snapshot({ index, name: "one" });
    await fill(index, 20, 25);
  }
  await tested.service.create({ index: "unkept", dimension: 2 });
  await tested.killed((folder) => {
    rmSync(folder, { recursive: true });
    rmSync(`${folder}.json`);
  });
  expect(await messageOf(tested.service.index({ index: "kept-hnsw" }))).toContain("Its folder is missing");
  const { indexes } = await tested.service.indexes({});
  expect(indexes.map(({ name, repairable }) => [name, repairable])).toEqual([
    ["kept-hnsw", true],
    ["kept-lance", true],
  ]);
  for (const { name: index } of indexes) {
    const { repaired, damage, index: after } = await tested.service.repair({ index });
    expect([repaired, after.count]).toEqual([true, 20]);
    expect(damage.join(" ")).toContain("snapshot one");
  }
  // The list was made again: what is lost now is known from it, and cannot be repaired where there is no snapshot.
  await tested.service.create({ index: "later", dimension: 2 });
  await tested.killed((folder) => rmSync(join(folder, "later"), { recursive: true }));
  const later = (await tested.service.indexes({})).indexes.find(({ name }) => name === "later");
  expect(later).toMatchObject({ repairable: false });
  expect(await messageOf(tested.service.repair({ index: "later" }))).toContain("conflict: ");
}, 60_000);

test("a shape that is lost with the list is put back from a snapshot, and no row is lost", async () => {
  for (const engine of ["hnsw", "lance"] as const) {
    await tested.service.create({ index: engine, dimension: 2, engine });
    await fill(engine, 0, 20);
    await tested.service.snapshot({ index: engine });
    await fill(engine, 20, 25);
  }
  await tested.killed((folder) => {
    rmSync(`${folder}.json`);
    for (const engine of ["hnsw", "lance"]) rmSync(join(folder, engine, "shape.json"));
  });
  for (const index of ["hnsw", "lance"]) {
    expect(await messageOf(tested.service.index({ index }))).toContain("shape.json is damaged");
    const { repaired, rows_lost, index: after } = await tested.service.repair({ index });
    expect([repaired, rows_lost, after.count, after.engine]).toEqual([true, 0, 25, index]);
  }
}, 60_000);

test("a flipped byte of a snapshot's rows costs a repair the rows of its block, and no other", async () => {
  const [index, rows, dimension] = ["a", 3000, 64];
  await tested.service.create({ index, dimension });
  await fill(index, 0, rows, dimension);
  await tested.service.snapshot({ index });
  const random = seeded(3);
  await tested.killed((folder) => {
    for (const name of readdirSync(join(folder, index)).filter((each) => each.startsWith("rows-"))) {
      const bytes = readFileSync(join(folder, index, name));
      const at = random.below(bytes.length - 4096);
      bytes[at] = (bytes[at] ?? 0) ^ 0x80;
      writeFileSync(join(folder, index, name), bytes);
    }
  });
  const { rows_lost, index: after } = await tested.service.repair({ index });
  // 64 KiB are 256 rows of 64 numbers.
  expect(rows_lost).toBe(256);
  expect(after.count).toBe(rows - 256);
  const { items } = await tested.service.fetch({
    index,
    ids: Array.from({ length: 1000 }, (_, n) => `i${n}`),
    encoding: "float",
  });
  for (const { id, vector } of items) {
    const n = Number(id.slice(1));
    expect(vector).toEqual(
      Array.from({ length: dimension }, (_, k) => Math.fround(Math.sin(n * (k + 1)) + 2)),
    );
  }
}, 60_000);

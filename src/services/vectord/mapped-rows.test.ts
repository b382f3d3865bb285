// Rows that are mapped from the files of a snapshot, and writes that take several turns of the event loop: what a
// search, a snapshot and a restart see of them.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { openHnsw } from "./index-folder.ts";
import type { VectorIndex } from "./vector-index.ts";
import { yieldToEventLoop } from "#lib/event-loop";
import type { IndexShape, Item } from "./rows/shape.ts";

/** 1,024 rows of 1,024 numbers are a chunk of 4 MiB. */
const shape: IndexShape = { dimension: 1024, metric: "euclidean", quantization: "i8", fields: {} };
const CHUNK_BYTES = 4 * 1024 * 1024;

let dir: string;
let index: VectorIndex;

const open = async (): Promise<void> => {
  index = await openHnsw({ dir, shape, clock: systemClock });
};
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "vectord-mapped-"));
  await open();
});
afterEach(async () => {
  await index.close();
  rmSync(dir, { recursive: true, force: true });
});

const vectorOf = (n: number): Float32Array => Float32Array.from({ length: 1024 }, (_, i) => n + (i % 7) / 8);

const items = (from: number, to: number, add = 0): Item[] =>
  Array.from({ length: to - from }, (_, i) => ({
    id: `i${from + i}`,
    vector: vectorOf(from + i + add),
    metadata: { n: from + i + add },
  }));

async function write(from: number, to: number, add = 0): Promise<void> {
  for (let at = from; at < to; at += 500) await index.upsert(items(at, Math.min(to, at + 500), add));
}

async function check(from: number, to: number, add = 0): Promise<void> {
  for (let n = from; n < to; n += 1) {
    const [found] = await index.fetch([`i${n}`]);
    expect(found).toEqual({ id: `i${n}`, vector: vectorOf(n + add), metadata: { n: n + add } });
  }
}

const filesOf = (prefix: string): [string, string][] =>
  readdirSync(dir)
    .filter((name) => name.startsWith(prefix))
    .map((name) => [name, Bun.hash.xxHash64(readFileSync(join(dir, name))).toString()]);

test("a whole chunk is memory until a snapshot holds it, and a row written over it never reaches the file", async () => {
  await write(0, 1500);
  const before = index.stats().bytes_memory;
  await index.snapshot();
  expect(before - index.stats().bytes_memory).toBe(CHUNK_BYTES);
  const files = filesOf("rows-");
  expect(files).toHaveLength(2);
  await check(0, 1500);
  // There is no graph of so few: the row of an id that is written again is used at once.
  await write(0, 100, 5000);
  expect(filesOf("rows-")).toEqual(files);
  await check(0, 100, 5000);
  await check(100, 1500);
  await index.snapshot();
  expect(filesOf("rows-0-")).not.toEqual(files.slice(0, 1));
  await check(0, 100, 5000);
  await index.close();
  await open();
  await check(0, 100, 5000);
  await check(100, 1500);
  // Some metadata has become longer.
  expect(before - index.stats().bytes_memory).toBeGreaterThan(CHUNK_BYTES * 0.99);
  const found = await index.search({ vector: vectorOf(5050), k: 1 });
  expect(found.hits[0]?.id).toBe("i50");
});

test("what dies while a snapshot is being written is in it, and gone after the next start all the same", async () => {
  await write(0, 1500);
  const writing = index.snapshot();
  while (!readdirSync(dir).some((name) => name.startsWith("rows-0-1"))) await yieldToEventLoop();
  await index.delete({ ids: Array.from({ length: 1500 }, (_, n) => `i${n}`) });
  await write(0, 10, 7);
  const manifest = await writing;
  expect(manifest.count).toBe(1500);
  await index.close();
  await open();
  expect(index.stats().count).toBe(10);
  await check(0, 10, 7);
});

test("a snapshot waits for the end of a write that takes several turns", async () => {
  const order: string[] = [];
  const writing = index.upsert(items(0, 1000)).finally(() => order.push("written"));
  const answeredAt = writing.then(() => index.stats().count);
  while (index.stats().count === 0) await yieldToEventLoop();
  // Now it is in the middle, unless this machine applies a thousand rows in one step.
  const manifest = await index.snapshot().finally(() => order.push("kept"));
  expect(manifest.count).toBe(1000);
  expect(order).toEqual(["written", "kept"]);
  expect(await answeredAt).toBe(1000);
  await index.close();
  await open();
  await check(0, 1000);
});

test("writes that wait behind a long one keep their order, and the last word on an id is the last written", async () => {
  const sequences = await Promise.all([
    index.upsert(items(0, 1000)),
    index.upsert(items(0, 1, 1)),
    index.upsert(items(500, 1000, 2)),
    index.upsert(items(999, 1000, 3)),
  ]);
  expect(sequences.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  await check(0, 1, 1);
  await check(1, 500);
  await check(500, 999, 2);
  await check(999, 1000, 3);
});

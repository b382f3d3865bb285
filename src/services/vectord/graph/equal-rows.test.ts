import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyChecksummed } from "#adapters/checksummed-file";
import { systemClock } from "#lib/clock";
import { seeded } from "#lib/random";
import { Rows } from "../rows/rows.ts";
import type { IndexShape } from "../rows/shape.ts";
import { runSearch } from "../search/search.ts";
import { GraphCache, GraphNumbers } from "./graph-cache.ts";

const shape: IndexShape = { dimension: 16, metric: "cosine", quantization: "f32", fields: {} };
/** Vectors that many rows have, and how many rows there are. */
const SHARED = 50;
const ROWS = 3_000;
const K = 20;

const dir = mkdtempSync(join(tmpdir(), "vectord-equal-"));
const rows = new Rows(shape);
const numbers = new GraphNumbers(0);
const random = seeded(9);
const vector = (): Float32Array => Float32Array.from({ length: 16 }, () => random.next() - 0.5);
const shared = Array.from({ length: SHARED }, vector);
let graph = new GraphCache(dir, rows, systemClock, numbers);

afterAll(async () => {
  await graph.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Half of the rows share a vector with others. */
function put(id: string): void {
  const { row, replaced } = rows.put(
    { id, vector: random.next() < 0.5 ? vector() : random.pick(shared), metadata: {} },
    2,
  );
  if (replaced !== undefined) graph.removed(replaced);
  graph.added(row);
}

function remove(id: string): void {
  const row = rows.remove(id);
  if (row !== undefined) graph.removed(row);
}

/** The graph, asked for as much as it has, finds rows as near as a scan of all does. */
async function expectAllFound(): Promise<void> {
  for (const query of [...shared, ...Array.from({ length: 20 }, vector)]) {
    const search = { vector: query, k: K };
    const exact = await runSearch(rows, null, search);
    const found = await runSearch(
      rows,
      { whole: graph, partitions: null },
      { ...search, effort: 64, graphOnly: true },
    );
    expect(found.plan).toBe("hnsw");
    expect(found.hits.map(({ distance }) => distance)).toEqual(exact.hits.map(({ distance }) => distance));
    expect(new Set(found.hits.map(({ id }) => id)).size).toBe(K);
  }
}

test("rows with equal vectors share a node and are all found: built, added, removed, built again, opened again", async () => {
  for (let n = 0; n < ROWS; n += 1) put(`${n}`);
  await graph.rebuild();
  expect(graph.size).toBe(ROWS);
  expect(graph.nodes).toBeLessThan(ROWS / 2 + 2 * SHARED);
  await expectAllFound();

  // Rows that nodes are called by are removed among others, and some of the new ones join what is there.
  for (let n = 0; n < ROWS / 3; n += 1) put(`${random.below(ROWS)}`);
  for (let n = 0; n < ROWS / 10; n += 1) remove(`${random.below(ROWS)}`);
  await graph.settled();
  await expectAllFound();
  await graph.rebuild();
  expect(graph.unindexed).toBe(0);
  expect(graph.nodes).toBeLessThan(rows.count * 0.6 + SHARED);
  await expectAllFound();

  const { file } = graph;
  if (file === null) throw new Error("a graph that was built has a file");
  const path = join(dir, file.name);
  await graph.close();
  graph = new GraphCache(dir, rows, systemClock, numbers);
  await graph.attach(path, await verifyChecksummed(path));
  await expectAllFound();
});

test("an index of one vector alone has one node", async () => {
  rows.live.toRows().forEach((row) => remove(rows.id(row)));
  const [only] = shared as [Float32Array];
  for (let n = 0; n < 300; n += 1)
    graph.added(rows.put({ id: `same-${n}`, vector: only, metadata: {} }, 2).row);
  await graph.rebuild(true);
  expect([graph.nodes, graph.size]).toEqual([1, 300]);
  const search = { vector: vector(), k: 5, graphOnly: true };
  const { hits } = await runSearch(rows, { whole: graph, partitions: null }, search);
  expect(new Set(hits.map(({ id }) => id)).size).toBe(5);
});

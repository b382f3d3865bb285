import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { seeded } from "#lib/random";
import { GraphCache, GraphNumbers } from "../graph/graph-cache.ts";
import { Rows } from "../rows/rows.ts";
import type { IndexShape } from "../rows/shape.ts";
import { type ObservationLimits, RecallKeeper } from "./recall-keeper.ts";
import { countNear, exactDistances } from "./recall.ts";
import { runSearch } from "./search.ts";

const shape: IndexShape = { dimension: 48, metric: "cosine", quantization: "i8", fields: {} };
const ROWS = 6_000;
/** Every search is done again, without a rest. */
const ALL: ObservationLimits = { share: 1, rest: 0, possibleMin: 200 };

const dir = mkdtempSync(join(tmpdir(), "vectord-recall-"));
const rows = new Rows(shape);
const graph = new GraphCache(dir, rows, systemClock, new GraphNumbers(0));
const graphs = { whole: graph, partitions: null };
const random = seeded(3);
/** Noise has no clusters to lead a graph: as hard as data gets. */
const noise = (): Float32Array => Float32Array.from({ length: 48 }, () => random.next() - 0.5);

beforeAll(async () => {
  for (let n = 0; n < ROWS; n++) graph.added(rows.put({ id: `${n}`, vector: noise(), metadata: {} }, 2).row);
  await graph.rebuild();
}, 240_000);
afterAll(async () => {
  await graph.close();
  rmSync(dir, { recursive: true, force: true });
});

const noRebuild = (): Promise<void> => Promise.reject(new Error("no rebuild was due"));

async function recallAt(effort: number): Promise<number> {
  let [found, possible] = [0, 0];
  for (let n = 0; n < 40; n++) {
    const search = { vector: noise(), k: 10, effort, graphOnly: true };
    const nearest = await exactDistances(rows, graphs, search);
    found += countNear((await runSearch(rows, graphs, search)).hits, nearest);
    possible += nearest.length;
  }
  return found / possible;
}

test("until a graph was measured, searches spend enough", async () => {
  const keeper = new RecallKeeper(rows, graphs, noRebuild);
  expect(keeper.measured).toBeUndefined();
  expect(await recallAt(1)).toBeLessThan(0.97);
  expect(await recallAt(keeper.effortFor(10))).toBeGreaterThanOrEqual(0.97);
  keeper.close();
});

test("a calibration finds the effort that the data need, and a restart begins with it", async () => {
  const keeper = new RecallKeeper(rows, graphs, noRebuild);
  const assumed = keeper.effortFor(10);
  await keeper.calibrate();
  expect(keeper.effortFor(10)).toBeGreaterThan(1);
  expect(keeper.effortFor(10)).toBeLessThan(assumed);
  expect(await recallAt(keeper.effortFor(10))).toBeGreaterThanOrEqual(0.97);
  const restarted = new RecallKeeper(rows, graphs, noRebuild, ALL, keeper.measured);
  expect(restarted.effortFor(10)).toBe(keeper.effortFor(10));
  expect(restarted.effortFor(100)).toBe(keeper.effortFor(100));
  keeper.close();
  restarted.close();
});

test("a graph is measured when somebody asks it, and once", async () => {
  const keeper = new RecallKeeper(rows, graphs, noRebuild);
  expect(keeper.due).toBe(false);
  keeper.asked();
  expect(keeper.due).toBe(true);
  await keeper.calibrate();
  keeper.asked();
  expect(keeper.due).toBe(false);
  keeper.changed();
  expect(keeper.due).toBe(false);
  keeper.asked();
  expect(keeper.due).toBe(true);
  const known = new RecallKeeper(rows, graphs, noRebuild, ALL, keeper.measured);
  known.asked();
  expect(known.due).toBe(false);
  keeper.close();
  known.close();
});

test("a graph that changes while it is measured is measured once more", async () => {
  const keeper = new RecallKeeper(rows, graphs, noRebuild);
  const [first, second] = [keeper.calibrate(), keeper.calibrate()];
  expect(second).toBe(first);
  keeper.changed();
  keeper.asked();
  expect(keeper.due).toBe(false);
  await first;
  expect(keeper.measured).toBeDefined();
  keeper.close();
});

test("live searches that find too little raise the effort", async () => {
  const keeper = new RecallKeeper(rows, graphs, noRebuild, ALL, { narrow: 1, wide: 1 });
  let [last, searches] = [keeper.observed, 0];
  while (keeper.effortFor(10) < 2 && searches < 5_000) {
    searches += 1;
    const search = { vector: noise(), k: 10, effort: keeper.effortFor(10), graphOnly: true };
    await runSearch(rows, graphs, search);
    keeper.observe(search);
    await new Promise((resolve) => setTimeout(resolve, 1));
    last = keeper.observed ?? last;
  }
  expect(keeper.effortFor(10)).toBe(2);
  expect(last?.recall).toBeLessThan(1);
  expect(last?.low).toBeLessThan(last?.recall ?? 0);
  expect(last?.high).toBeGreaterThan(last?.recall ?? 1);
  // What was observed under less effort says nothing of more.
  expect(keeper.observed).toBeNull();
  // The next calibration asks what was asked live, too.
  await keeper.calibrate();
  expect(await recallAt(keeper.effortFor(10))).toBeGreaterThanOrEqual(0.97);
  keeper.close();
}, 240_000);

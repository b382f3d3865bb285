// Recall, measured on the live index: stored vectors, drawn at random, are searched for by plan and exactly. A hit
// counts when it is as near as the true k-th, so that equal distances are no misses. The event loop is free between
// two queries.

import { seeded } from "#lib/random";
import { yieldToEventLoop } from "#lib/event-loop";
import type { Rows } from "../rows/rows.ts";
import { type Graphs, type Hit, K_MAX, runSearch, type Search } from "./search.ts";
import { invalid } from "../rows/shape.ts";

export interface Recall {
  /** The share of the true k nearest that a search by plan finds, 0 to 1. */
  readonly recall: number;
  readonly mean_us: number;
  readonly p99_us: number;
  readonly exact_mean_us: number;
  /** Queries that were measured. */
  readonly sample: number;
  readonly k: number;
}

/** An exact search takes milliseconds on a large index; more queries than this say nothing new. */
const SAMPLE_MAX = 10_000;
/** Distances of one pair of vectors agree to more digits than this. */
const TOLERANCE = 1e-9;

/** Distances of the true nearest k, nearest first. */
export async function exactDistances(rows: Rows, graphs: Graphs, search: Search): Promise<number[]> {
  const { hits } = await runSearch(rows, graphs, { ...search, exact: true });
  return hits.map(({ distance }) => distance);
}

/** How many of the hits are among the true nearest, whose distances are given. */
export function countNear(hits: readonly Hit[], nearest: readonly number[]): number {
  const furthest = (nearest.at(-1) ?? 0) + TOLERANCE;
  return Math.min(nearest.length, hits.filter(({ distance }) => distance <= furthest).length);
}

/** `effort` is the index's own (recall-keeper.ts). */
export async function measureRecall(
  rows: Rows,
  graphs: Graphs,
  {
    sample,
    k,
    seed,
    effort,
  }: { readonly sample: number; readonly k: number; readonly seed: number; readonly effort: number },
): Promise<Recall> {
  if (!Number.isInteger(sample) || sample < 1 || sample > SAMPLE_MAX) {
    throw invalid("sample", `must be a whole number from 1 to ${SAMPLE_MAX}`);
  }
  // One more than k is searched for, since the vector itself is always among the hits.
  if (!Number.isInteger(k) || k < 1 || k >= K_MAX) {
    throw invalid("k", `must be a whole number from 1 to ${K_MAX - 1}`);
  }
  const all = rows.live.toRows();
  const random = seeded(seed);
  const timesUs: number[] = [];
  let exactUs = 0;
  let found = 0;
  let possible = 0;
  for (let i = 0; i < sample && all.length > 1; i++) {
    await yieldToEventLoop();
    const row = all[random.below(all.length)] as number;
    if (!rows.isLive(row)) continue;
    const search = { vector: rows.vector(row).slice(), k: k + 1, effort };
    const started = performance.now();
    const byPlan = await runSearch(rows, graphs, search);
    const between = performance.now();
    const nearest = await exactDistances(rows, graphs, search);
    timesUs.push((between - started) * 1_000);
    exactUs += (performance.now() - between) * 1_000;
    possible += nearest.length - 1;
    found += Math.max(0, countNear(byPlan.hits, nearest) - 1);
  }
  timesUs.sort((a, b) => a - b);
  const measured = Math.max(1, timesUs.length);
  return {
    recall: possible === 0 ? 1 : found / possible,
    mean_us: timesUs.reduce((sum, time) => sum + time, 0) / measured,
    p99_us: timesUs[Math.ceil(measured * 0.99) - 1] ?? 0,
    exact_mean_us: exactUs / measured,
    sample: timesUs.length,
    k,
  };
}

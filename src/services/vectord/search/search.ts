// How a search is done, chosen by cost, and the search itself. A small index, or a filter that leaves few rows,
// is scanned: exact, and as fast as any graph. Otherwise the graphs give candidates, at least twice as many as
// wanted, and their distances are computed again from the f32 rows, which corrects what the graph's coarse scalars
// got wrong. With a filter the graphs are searched for as many as it takes for k to pass, more each round; when
// that would cost more than reading the rows that match, they are read. So k rows come back whenever k match. A filter
// that fixes the field by which the index is partitioned asks the graphs of its values alone (graph/partitions.ts).

import { type ExactSearch, exactSearch } from "#adapters/hnsw";
import type { Bitmap } from "../rows/bitmap.ts";
import type { Filter } from "../rows/filter.ts";
import type { FoundNodes, GraphCache } from "../graph/graph-cache.ts";
import type { Partitions, SearchedGraph } from "../graph/partitions.ts";
import type { Rows } from "../rows/rows.ts";
import { type Compared, scanPicked } from "./coded-scan.ts";
import {
  NATIVE_NUMBERS_MIN,
  Nearest,
  type Query,
  type Scored,
  distanceTo,
  prepare,
  scanAll,
  scanRows,
} from "./scan.ts";
import { checkVector, type IndexShape, invalid, type Metadata } from "../rows/shape.ts";

export interface Search {
  readonly vector: Float32Array;
  /** Hits wanted, 1 to K_MAX. */
  readonly k: number;
  readonly filter?: Filter | undefined;
  /** Candidates weighed in the graph; more than the plan would take, for more recall. */
  readonly ef?: number | undefined;
  /** How many times as many candidates as usual this index's graph must give (recall-keeper.ts). */
  readonly effort?: number | undefined;
  /** By graph whatever a scan would cost: to measure the graph. */
  readonly graphOnly?: boolean | undefined;
  /** Read every row that matches. */
  readonly exact?: boolean | undefined;
  /** Hits beyond this distance are left out. */
  readonly max_distance?: number | undefined;
  readonly include_vector?: boolean | undefined;
  /** A version, of an engine that keeps them. */
  readonly at?: number | undefined;
  /** One of several searches that share a part of `filter` (tiers.ts). */
  readonly tier?: Tier | undefined;
}

/** What several searches for one vector have in common. It holds while the rows are pinned. */
export interface Shared extends Compared {
  /** Rows that pass the part of the filter that all have. */
  readonly rows: Bitmap;
}

export interface Tier extends Shared {
  /** What this one asks beyond the shared part. */
  readonly rest: Filter | undefined;
}

export interface Hit {
  readonly id: string;
  readonly distance: number;
  readonly metadata: Metadata;
  readonly vector?: Float32Array;
}

export type Plan = "exact" | "hnsw" | "filtered-hnsw" | "partition" | "lance";

/** The graphs of an index. */
export interface Graphs {
  /** Over all rows. */
  readonly whole: GraphCache;
  readonly partitions: Partitions | null;
}

export interface Found {
  readonly hits: Hit[];
  readonly plan: Plan;
  /** Vectors compared: rows read one by one and candidates that the graphs named. */
  readonly scanned: number;
  /** False when there are fewer than k hits and rows that would be among them were not seen. */
  readonly complete: boolean;
  /** Why there are fewer than k hits. */
  readonly reason?: string;
}

export const K_MAX = 1_000;
/** Candidates a caller may ask the graph to weigh: about 20 ms of the event loop. */
export const EF_MAX = 4_096;
/** Rows that are scanned whatever a graph would cost: of all, and of those that a filter leaves. */
const SCAN_MAX = 2_000;
const PICKED_MAX = 4_000;
/** Rows that pass a filter and are expected to have codes: of more, making them would take half a second and much memory. */
const CODED_MAX = 16_384;
/** A graph is searched for at least this many: below it recall falls and little time is saved. */
const WANTED_MIN = 64;
const OVERSAMPLE = 2;
/** Of the candidates that pass, so many are measured: coarse scalars misplace a neighbour by a few ranks, not by many. */
const SCORED_MIN = 32;
const SCORED_SHARE = 3;
/** Rounds differ by this factor, so that all of them together cost little more than the last. */
const GROWTH = 4;
/** Hits kept beyond k while a scan yields the event loop, in place of rows that are deleted meanwhile. */
const SPARE = 8;

/** Microseconds, measured on one core at 768 numbers and scaled by their count. */
const cost = {
  all: (rows: number, dimension: number): number => 20 + rows * (0.03 + 0.00015 * dimension),
  picked: (rows: number, dimension: number): number => rows * (0.05 + 0.0004 * dimension),
  coded: (rows: number, dimension: number): number => rows * (0.04 + 0.00007 * dimension),
  graph: (wanted: number, dimension: number): number => 50 + wanted * (0.6 + 0.002 * dimension),
};

/** Throws Fault `invalid` with the place of what is wrong. */
export function checkSearch(shape: IndexShape, { vector, k, ef, max_distance: furthest }: Search): void {
  checkVector(shape, vector, "vector");
  if (!Number.isInteger(k) || k < 1 || k > K_MAX)
    throw invalid("k", `must be a whole number from 1 to ${K_MAX}`);
  if (ef !== undefined && (!Number.isInteger(ef) || ef < 1 || ef > EF_MAX)) {
    throw invalid("ef", `must be a whole number from 1 to ${EF_MAX}`);
  }
  if (furthest !== undefined && Number.isNaN(furthest)) throw invalid("max_distance", "must be a number");
}

/** Runs a search; without a graph it scans. The vector has been checked. */
export async function runSearch(rows: Rows, graphs: Graphs | null, search: Search): Promise<Found> {
  const query = prepare(rows.shape, search.vector);
  const picked = pickedBy(rows, search);
  const matching = picked === null ? rows.count : picked.count();
  const k = Math.min(search.k, matching);
  if (k === 0) return found(rows, search, [], "exact", 0, matching);
  const byGraph =
    graphs === null || search.exact === true
      ? null
      : viaGraphs(rows, graphs, search, query, picked, matching);
  if (byGraph !== null) return byGraph;
  return viaScan(rows, search, query, picked, matching);
}

/** The rows that match; null for all. */
function pickedBy(rows: Rows, { filter, tier }: Search): Bitmap | null {
  if (filter === undefined) return null;
  if (tier === undefined) return rows.payload.select(filter, rows.live).clone();
  const { rest } = tier;
  // Rows that were removed since the shared part was selected are not live any more.
  return (rest === undefined ? tier.rows : rows.payload.select(rest, tier.rows)).clone().and(rows.live);
}

/** Null when the rows that match are to be read one by one. */
function viaGraphs(
  rows: Rows,
  { whole, partitions }: Graphs,
  search: Search,
  query: Query,
  picked: Bitmap | null,
  matching: number,
): Found | null {
  if (partitions !== null && picked !== null && search.filter !== undefined) {
    const graph = partitions.graphFor(search.filter, picked);
    if (graph !== null) return viaGraph(rows, graph, search, query, picked, matching, "partition");
  }
  if (!mayUseGraph(search, whole, rows, matching)) return null;
  const plan = picked === null ? "hnsw" : "filtered-hnsw";
  return viaGraph(rows, whole, search, query, picked, matching, plan);
}

function mayUseGraph(search: Search, graph: GraphCache, rows: Rows, matching: number): boolean {
  if (!graph.ready) return false;
  return search.filter === undefined
    ? matching > SCAN_MAX
    : matching > PICKED_MAX || (matching === rows.count && matching > SCAN_MAX);
}

async function viaScan(
  rows: Rows,
  search: Search,
  query: Query,
  picked: Bitmap | null,
  matching: number,
): Promise<Found> {
  const nearest = new Nearest(Math.min(search.k, matching) + SPARE);
  const unpin = rows.pin();
  try {
    const small = rows.end * rows.shape.dimension < NATIVE_NUMBERS_MIN;
    const scanned =
      picked === null && !small
        ? await scanAll(rows, query, nearest, search.k + SPARE, await native())
        : await scanPicked(rows, query, picked ?? rows.live, nearest, search.tier);
    const live = nearest.sorted().filter(({ row }) => rows.isLive(row));
    return found(rows, search, live.slice(0, search.k), "exact", scanned, matching);
  } finally {
    unpin();
  }
}

let loaded: ExactSearch | null = null;

async function native(): Promise<ExactSearch> {
  loaded ??= await exactSearch();
  return loaded;
}

function wantedOf(k: number, effort: number, scarcity: number): number {
  return Math.ceil(effort * Math.max(WANTED_MIN, OVERSAMPLE * k * scarcity));
}

/** Whether a search without a filter scans rather than spend this effort on the graph. */
export function scanIsCheaper(rows: Rows, k: number, effort: number): boolean {
  const { dimension } = rows.shape;
  return cost.graph(wantedOf(k, effort, 1), dimension) > cost.all(rows.count, dimension);
}

/** Null when reading the rows that match would be cheaper after all. Synchronous: the rows cannot change under it. */
function viaGraph(
  rows: Rows,
  graph: SearchedGraph,
  search: Search,
  query: Query,
  picked: Bitmap | null,
  matching: number,
  plan: Plan,
): Found | null {
  const { dimension } = rows.shape;
  const filtered = matching <= CODED_MAX ? cost.coded : cost.picked;
  const limit = (picked === null ? cost.all : filtered)(matching, dimension);
  // While many rows are unindexed, reading these one by one costs more than the native scan of all. Of those of the whole
  // index as many match as of all rows.
  const share = plan === "partition" ? 1 : matching / rows.count;
  const beside = cost.picked(graph.unindexed * share, dimension);
  const k = Math.min(search.k, matching);
  const passes = (row: number): boolean => rows.isLive(row) && (picked === null || picked.has(row));
  const { ef = 0, graphOnly = false } = search;
  // Whoever chooses `ef` has chosen the effort.
  const effort = search.ef === undefined ? (search.effort ?? 1) : 1;
  let wanted = Math.max(ef, wantedOf(k, effort, graph.nodes / matching));
  const scored = Math.max(SCORED_MIN, SCORED_SHARE * k, ef);
  for (;;) {
    // A requested `ef` is honoured, whatever a scan would cost.
    if (!graphOnly && beside + graph.graphs * cost.graph(wanted, dimension) > limit && wanted > ef)
      return null;
    const nearest = new Nearest(k);
    for (const found of graph.search(query.vector, wanted))
      scanNodes(rows, query, found, passes, { nodes: scored, rowsEach: k }, nearest);
    const unindexed = [...graph.unindexedRows()].filter(passes);
    scanRows(rows, query, unindexed, nearest);
    if (nearest.size === k) {
      const scanned = graph.graphs * wanted + unindexed.length;
      return found(rows, search, nearest.sorted(), plan, scanned, matching);
    }
    if (graph.exhausted(wanted)) return null;
    wanted *= GROWTH;
  }
}

/** Measures the first nodes with rows that pass, up to so many of each: the rows of a node are as near as each other. */
function scanNodes(
  rows: Rows,
  query: Query,
  { nodes, rowsOf }: FoundNodes,
  passes: (row: number) => boolean,
  max: { readonly nodes: number; readonly rowsEach: number },
  nearest: Nearest,
): void {
  let measured = 0;
  for (const node of nodes) {
    let taken = 0;
    for (const row of rowsOf(node) ?? [node]) {
      if (!passes(row)) continue;
      const distance = distanceTo(query, rows, row);
      taken += 1;
      if (taken > max.rowsEach || distance > nearest.bound) break;
      nearest.offer(row, distance);
    }
    if (taken > 0) measured += 1;
    if (measured === max.nodes) break;
  }
}

function found(
  rows: Rows,
  search: Search,
  scored: readonly Scored[],
  plan: Plan,
  scanned: number,
  matching: number,
): Found {
  const { k, max_distance: furthest = Number.POSITIVE_INFINITY, include_vector: withVector = false } = search;
  const hits = scored
    .filter(({ distance }) => distance <= furthest)
    .map(({ row, distance }): Hit => {
      const hit = { id: rows.id(row), distance, metadata: rows.metadata(row) };
      return withVector ? Object.assign(hit, { vector: rows.vector(row).slice() }) : hit;
    });
  if (hits.length === k) return { hits, plan, scanned, complete: true };
  const { complete, reason } = shortfall(search, matching, scored.length, hits.length);
  return { hits, plan, scanned, complete, reason };
}

function shortfall(
  { k, filter, max_distance: furthest }: Search,
  matching: number,
  scored: number,
  hits: number,
): { complete: boolean; reason: string } {
  if (hits < scored) return { complete: true, reason: `${hits} rows are within max_distance ${furthest}` };
  if (scored < Math.min(k, matching))
    return { complete: false, reason: "rows were deleted while the search read them" };
  if (filter === undefined) return { complete: true, reason: `the index holds ${matching} rows` };
  return { complete: true, reason: `${matching} rows match the filter` };
}

// What was seen of a route since its comparison began: a pure record of counts, differences and latencies, from which gates
// and reports are made. Everything in it has a limit, so a route that is compared for weeks takes no more room.

import type { Difference } from "../diff/compare.ts";
import { createNoise, type Noise } from "../diff/noise.ts";
import type { Pair } from "../gates/statistics.ts";

/** The newest: enough for a p99 with an interval. */
const PAIRS_MAX = 1000;
/** Kinds of differences that are listed. */
const LISTED_MAX = 200;
/** Shapes of requests that are told apart. */
const SHAPES_MAX = 500;

export type DropReason = "full" | "large" | "lagging" | "deadline" | "failed";

export interface Listed extends Difference {
  readonly noise: boolean;
  readonly count: number;
}

export interface Shape {
  seen: number;
  compared: number;
}

export interface Outcome {
  readonly shape: string;
  readonly differences: readonly Difference[];
  readonly there: { readonly status: number; readonly ms: number };
  readonly here: { readonly status: number; readonly ms: number };
}

export interface Tally {
  readonly route: string;
  /** Empty for all. */
  readonly tenant: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  compared: number;
  /** Calls with a real difference that is no noise, with explained ones alone, with noise alone. */
  different: number;
  explained: number;
  noisy: number;
  /** Failures of each side, of the calls that were compared. */
  readonly errors: { there: number; here: number };
  readonly dropped: Record<DropReason, number>;
  readonly shapes: Map<string, Shape>;
  readonly listed: Map<string, Listed>;
  readonly pairs: Pair[];
  readonly noise: Noise;
}

export function newTally(route: string, tenant: string, now: number): Tally {
  return {
    route,
    tenant,
    since: now,
    compared: 0,
    different: 0,
    explained: 0,
    noisy: 0,
    errors: { there: 0, here: 0 },
    dropped: { full: 0, large: 0, lagging: 0, deadline: 0, failed: 0 },
    shapes: new Map(),
    listed: new Map(),
    pairs: [],
    noise: createNoise(),
  };
}

/** Counts a request of a shape; false for one more shape than are told apart. */
export function noteShape({ shapes }: Tally, name: string): Shape | undefined {
  const known = shapes.get(name);
  if (known !== undefined) known.seen += 1;
  if (known !== undefined || shapes.size >= SHAPES_MAX) return known;
  const shape = { seen: 1, compared: 0 };
  shapes.set(name, shape);
  return shape;
}

const FAILED = 500;

export function noteOutcome(tally: Tally, { shape, differences, there, here }: Outcome, now: number): void {
  tally.compared += 1;
  const known = tally.shapes.get(shape);
  if (known !== undefined) known.compared += 1;
  if (there.status >= FAILED) tally.errors.there += 1;
  if (here.status >= FAILED) tally.errors.here += 1;
  tally.pairs.push([there.ms, here.ms]);
  if (tally.pairs.length > PAIRS_MAX) tally.pairs.shift();
  let kind: "different" | "explained" | "noisy" | undefined;
  for (const difference of differences) {
    const noise = tally.noise.isNoise(difference.path, now);
    const of = noise ? "noisy" : difference.explained ? "explained" : "different";
    if (kind === undefined || RANKS[of] > RANKS[kind]) kind = of;
    list(tally, difference, noise);
  }
  if (kind !== undefined) tally[kind] += 1;
}

const RANKS = { noisy: 0, explained: 1, different: 2 } as const;

function list({ listed }: Tally, difference: Difference, noise: boolean): void {
  const key = `${difference.path} ${difference.kind}`;
  const before = listed.get(key);
  if (before === undefined && listed.size >= LISTED_MAX) return;
  listed.set(key, { ...difference, noise, count: (before?.count ?? 0) + 1 });
}

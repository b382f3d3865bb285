// Runs a probe and counts, by endpoint, what came of its cases. The smallest inputs that differ are kept with their differences: a
// report is read for one case that shows the fault.

import type { Difference } from "../diff/compare.ts";
import { createNoise, type Noise } from "../diff/noise.ts";
import type { Outcome, Probe, ProbeContext } from "./probe.ts";

const EXAMPLES_MAX = 5;
/** Kinds of differences that are listed. */
const LISTED_MAX = 100;

export type Verdict = "same" | "explained" | "different" | "not compared";

export interface EndpointVerdict {
  readonly endpoint: string;
  readonly verdict: Verdict;
  readonly cases: number;
  readonly statuses_same: number;
  readonly bodies_same: number;
  readonly explained: number;
  readonly noisy: number;
  readonly different: number;
  /** Refused alike by both sides: of these nothing but the refusal was seen. */
  readonly refused: number;
  /** Known cases among them. */
  readonly seeds: { readonly cases: number; readonly statuses_same: number; readonly bodies_same: number };
  /** The least that was measured, by name. */
  readonly measured: Readonly<Record<string, number>>;
  readonly not_compared: readonly string[];
  readonly differences: readonly ListedDifference[];
  readonly examples: readonly Example[];
}

interface ListedDifference extends Difference {
  readonly cases: number;
  readonly noise: boolean;
}

interface Example {
  readonly seed?: string;
  readonly input: string;
  readonly differences: readonly string[];
}

interface Counted {
  cases: number;
  statusesSame: number;
  bodiesSame: number;
  refused: number;
  /** To which one side gave no reply. */
  silent: number;
  readonly seeds: { cases: number; statuses_same: number; bodies_same: number };
  readonly measured: Map<string, number>;
  readonly absent: Set<string>;
  readonly noise: Noise;
  readonly differing: Outcome[];
}

/** Cases that differ are all kept until the noise is known; beyond it they are counted as different. */
const DIFFERING_MAX = 10_000;

export async function runProbe(
  probe: Probe,
  context: ProbeContext,
  progress: (cases: number) => void = () => undefined,
): Promise<EndpointVerdict[]> {
  const endpoints = new Map<string, Counted>();
  let cases = 0;
  for await (const outcome of probe.run(context)) {
    cases += 1;
    progress(cases);
    count(endpoints, outcome);
  }
  return [...endpoints].map(([endpoint, counted]) => verdictOf(endpoint, counted));
}

function count(endpoints: Map<string, Counted>, outcome: Outcome): void {
  const { endpoint, seed, absent, statuses, differences, noise, measure } = outcome;
  const counted = endpoints.get(endpoint) ?? {
    cases: 0,
    statusesSame: 0,
    bodiesSame: 0,
    refused: 0,
    silent: 0,
    seeds: { cases: 0, statuses_same: 0, bodies_same: 0 },
    measured: new Map<string, number>(),
    absent: new Set<string>(),
    noise: createNoise(),
    differing: [],
  };
  endpoints.set(endpoint, counted);
  counted.cases += 1;
  if (seed !== undefined) counted.seeds.cases += 1;
  if (absent !== undefined) {
    counted.absent.add(absent);
    counted.silent += 1;
    return;
  }
  const isStatusSame = statuses[0] === statuses[1];
  if (isStatusSame) counted.statusesSame += 1;
  if (differences.length === 0) counted.bodiesSame += 1;
  if (seed !== undefined && isStatusSame) counted.seeds.statuses_same += 1;
  if (seed !== undefined && differences.length === 0) counted.seeds.bodies_same += 1;
  if (isStatusSame && !outcome.answered) counted.refused += 1;
  if (noise !== undefined) counted.noise.learn(noise, 0);
  if (measure !== undefined) {
    counted.measured.set(
      measure.name,
      Math.min(counted.measured.get(measure.name) ?? Infinity, measure.value),
    );
  }
  if (differences.length > 0 && counted.differing.length < DIFFERING_MAX) counted.differing.push(outcome);
}

function verdictOf(endpoint: string, counted: Counted): EndpointVerdict {
  const { noise, differing, cases, absent } = counted;
  const listed = new Map<string, ListedDifference>();
  const kinds = { explained: 0, noisy: 0, different: 0 };
  const real: Outcome[] = [];
  for (const outcome of differing) {
    const counting = outcome.differences.filter(({ path }) => !noise.isNoise(path, 0));
    const kind =
      counting.length === 0
        ? "noisy"
        : counting.every(({ explained }) => explained)
          ? "explained"
          : "different";
    kinds[kind] += 1;
    if (kind === "different") real.push(outcome);
    for (const difference of outcome.differences) {
      const key = `${difference.path} ${difference.kind} ${difference.explained}`;
      const before = listed.get(key);
      if (before === undefined && listed.size >= LISTED_MAX) continue;
      listed.set(key, {
        ...difference,
        cases: (before?.cases ?? 0) + 1,
        noise: noise.isNoise(difference.path, 0),
      });
    }
  }
  const compared = cases - counted.refused - counted.silent;
  const verdict: Verdict =
    kinds.different > 0
      ? "different"
      : absent.size > 0 || compared <= 0
        ? "not compared"
        : kinds.explained > 0
          ? "explained"
          : "same";
  return {
    endpoint,
    verdict,
    cases,
    statuses_same: counted.statusesSame,
    bodies_same: counted.bodiesSame,
    ...kinds,
    refused: counted.refused,
    seeds: { ...counted.seeds },
    measured: Object.fromEntries(counted.measured),
    not_compared: [
      ...absent,
      ...(absent.size === 0 && compared <= 0
        ? ["both sides refused every case, so that nothing was seen but that"]
        : []),
    ],
    differences: [...listed.values()].toSorted((a, b) => b.cases - a.cases),
    examples: examplesOf(real, noise),
  };
}

/** Seeds first, then the shortest. */
function examplesOf(real: readonly Outcome[], noise: Noise): Example[] {
  return real
    .toSorted(
      (a, b) =>
        Number(a.seed === undefined) - Number(b.seed === undefined) || a.input.length - b.input.length,
    )
    .slice(0, EXAMPLES_MAX)
    .map(({ seed, input, differences }) => ({
      ...(seed === undefined ? {} : { seed }),
      input,
      differences: differences
        .filter(({ path }) => !noise.isNoise(path, 0))
        .map(({ path, kind, detail }) => `${path} ${kind}: ${detail}`),
    }));
}

// Learns what a corpus's ranking should weigh from judged queries. Weights are tried, each on all queries; what is told of
// them is cross-validated: each fifth of the queries is ranked with the weights that were best on the others. Pure but
// for the turns that it gives to others; the trials follow from a seed, so that the same judgements give the same weights.

import { setImmediate } from "node:timers/promises";
import { seeded } from "#lib/random";
import { type Measures, scored } from "./scoring.ts";
import type { Weights } from "./score.ts";

export interface JudgedQuery {
  readonly measures: Measures;
  /** Grades above 0 by id. */
  readonly grades: ReadonlyMap<string, number>;
}

export interface Tuned {
  readonly weights: Weights;
  /** Mean nDCG@10 of the weights that were in use. */
  readonly before: number;
  /** The same, each query with weights that were learnt without it. */
  readonly after: number;
}

const FOLDS = 5;
const DEPTH = 10;
/** Weights that are tried besides those that differ in one respect from the ones in use. */
const TRIALS = 60;
const SEED = 20_261_121;

/** What is tried of each weight. */
const STEPS: Readonly<Record<keyof Weights, readonly number[]>> = {
  title: [0, 1, 2, 4],
  lexical: [0, 0.5, 1, 2, 4],
  dense: [0, 0.5, 1, 2, 4],
  words: [0, 0.1, 0.2, 0.4, 0.7],
  words_alone: [0.005, 0.01, 0.03, 0.1, 0.3],
  role_power: [0.7, 1, 1.2, 1.4, 2],
  rarity: [0, 0.5, 0.8, 1],
  state: [0.2, 0.43, 0.6, 0.8],
  elsewhere: [0.05, 0.14, 0.33, 0.6],
};

export async function tune(queries: readonly JudgedQuery[], current: Weights): Promise<Tuned> {
  const trials = trialsFrom(current);
  const scores: number[][] = [];
  for (const weights of trials) {
    scores.push(queries.map((query) => ndcgOf(query, weights)));
    await setImmediate();
  }
  const best = (pick: (query: number) => boolean): number => {
    const means = scores.map((own) => meanOf(own.filter((_, query) => pick(query))));
    // The ones in use are the first, and stay where nothing is better.
    return means.indexOf(Math.max(...means));
  };
  const after = queries.map((_, query) => {
    const trial = best((other) => other % FOLDS !== query % FOLDS);
    return scores[trial]?.[query] ?? 0;
  });
  return {
    weights: trials[best(() => true)] ?? current,
    before: meanOf(scores[0] ?? []),
    after: meanOf(after),
  };
}

function trialsFrom(current: Weights): Weights[] {
  const random = seeded(SEED);
  const names = Object.keys(STEPS) as (keyof Weights)[];
  const single = names.flatMap((name) => STEPS[name].map((value) => ({ ...current, [name]: value })));
  const mixed = Array.from({ length: TRIALS }, () => {
    const weights = { ...current };
    for (const name of names) {
      if (random.next() < 0.5) weights[name] = random.pick(STEPS[name]);
    }
    return weights;
  });
  return [current, ...single, ...mixed];
}

/** Gain 2^grade - 1, as in Jarvelin and Kekalainen (TOIS 2002). */
function ndcgOf({ measures, grades }: JudgedQuery, weights: Weights): number {
  const found = scored(measures, "hybrid", weights).toSorted(
    (a, b) => b.score - a.score || a.distance - b.distance || (a.id < b.id ? -1 : 1),
  );
  const gain = (grade: number, rank: number): number => (2 ** grade - 1) / Math.log2(rank + 2);
  const ideal = [...grades.values()]
    .sort((a, b) => b - a)
    .slice(0, DEPTH)
    .reduce((sum, grade, rank) => sum + gain(grade, rank), 0);
  const got = found.slice(0, DEPTH).reduce((sum, { id }, rank) => sum + gain(grades.get(id) ?? 0, rank), 0);
  return ideal === 0 ? 0 : got / ideal;
}

function meanOf(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

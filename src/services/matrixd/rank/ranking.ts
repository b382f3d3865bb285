// What one corpus's candidates are ranked by: the question, and what follows from it without a look at any vector. Who is
// near, who is named, what filters and what is preferred.

import type { Point } from "#domain/places";
import type { Generation } from "../corpus/generation.ts";
import type { Understood } from "../query/understand.ts";
import { type Conditions, conditionsOf, type Filter } from "./conditions.ts";
import { personsExcluded, personsNamed } from "./persons.ts";
import { cachedRelevance, type Relevance } from "./relevance.ts";
import type { Mode, Weights } from "./score.ts";

/** All that a ranking without playbooks depends on besides the generation: `kept-rankings.ts` compares each part. */
export interface Question {
  readonly understood: Understood;
  readonly text: string;
  /** The role that the caller names. */
  readonly role: string | undefined;
  /** Candidates that are scored: `poolOf`. */
  readonly pool: number;
  readonly mode: Mode;
  /** The caller's own conditions, which every hit meets. */
  readonly filter: Filter | undefined;
  /** Where the caller wants people, over the place that the text names. */
  readonly near: Point | undefined;
  /** When the text is meant, milliseconds since the epoch; its day (UTC) is what counts. */
  readonly now: number;
  /** What the parts of the ranking weigh. */
  readonly weights: Weights;
}

export interface Ranking extends Question {
  readonly relevance: Relevance;
  readonly conditions: Conditions;
  /** Ids of persons whom the text names. */
  readonly named: ReadonlySet<string>;
  /** Row numbers of people who are not wanted. */
  readonly barred: ReadonlySet<number>;
  /** Names of those among them whom the corpus alone knows. */
  readonly barredNames: readonly string[];
  readonly point: Point | undefined;
  /** All people of the role are candidates, wherever they are. */
  readonly few: boolean;
  /** What the order asks for and the corpus cannot tell. */
  readonly notApplied: readonly string[];
}

/**
 * Candidates that are scored. They do not depend on k, so that a smaller k gives the first hits of a larger one; above
 * the first size, k of all sizes share the second.
 */
const POOL_SIZES = [128, 1000] as const;
/** Hits that the first pool serves: the rest of it is what a part that vectors do not see may lift. */
const SMALL_K_MAX = 100;
/** Up to so many people of a role are all candidates; of more, the nearest are. */
const FEW_MAX = 50;

export function poolOf(k: number): number {
  return k <= SMALL_K_MAX ? POOL_SIZES[0] : POOL_SIZES[1];
}

export function rankingOf(generation: Generation, question: Question): Ranking {
  const { understood, text, role, mode, near, pool } = question;
  const { order } = understood;
  const relevance = cachedRelevance(generation, understood, { text, role, mode, rows: pool });
  const conditions = conditionsOf(generation, question, relevance.socs);
  const excluded = personsExcluded(generation, text, order);
  const named = personsNamed(generation, text, order, excluded.rows).map((row) => generation.ids[row] ?? "");
  return {
    ...question,
    relevance,
    conditions,
    named: new Set(named),
    barred: excluded.rows,
    barredNames: excluded.names,
    point: near ?? relevance.point,
    few: relevance.people <= FEW_MAX,
    notApplied: excluded.unclear ? [...conditions.notApplied, "exclude"] : conditions.notApplied,
  };
}

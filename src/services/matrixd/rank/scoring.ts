// Candidates and their scores. What a candidate is in each respect is measured once; weights make scores of it, those
// in use, or others that are tried out.

import type { Hit } from "#contracts/vector";
import type { Point } from "#domain/places";
import type { Generation } from "../corpus/generation.ts";
import { NONE } from "../corpus/row-facts.ts";
import type { Understood } from "../query/understand.ts";
import type { Conditions } from "./conditions.ts";
import type { Relevance } from "./relevance.ts";
import {
  gainOf,
  type Mode,
  type Parts,
  placePart,
  rarities,
  scoreOf,
  type Standing,
  type Weights,
} from "./score.ts";

/** What a candidate is, whatever the weights. */
export interface Measured {
  readonly id: string;
  readonly row: number;
  readonly distance: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly parts: Omit<Parts, "place">;
  readonly sameState: boolean;
  readonly miles: number | undefined;
  /** A place was asked for, or distances are known. */
  readonly isPlaced: boolean;
  readonly occupation: number;
  readonly standing: Standing;
  readonly qualified: boolean | undefined;
  readonly missing: readonly string[];
  /** The text names this person, who comes first. */
  readonly isNamed: boolean;
}

export interface Measures {
  readonly candidates: readonly Measured[];
  /** Occupations that may be meant: all of their best rows are candidates. */
  readonly occupations: readonly number[];
  /** The most that the meaning of any candidate's text says, 0 to 1. */
  readonly nearest: number;
}

export interface Scored extends Measured {
  readonly parts: Parts;
  readonly score: number;
}

/** What the candidates of a request are compared by. */
interface Comparison {
  readonly understood: Understood;
  readonly relevance: Relevance;
  readonly point: Point | undefined;
  readonly conditions: Conditions;
  readonly named: ReadonlySet<string>;
}

export function measured(
  { rows, located, facts }: Generation,
  { understood, relevance, point, conditions, named }: Comparison,
  hits: readonly Hit[],
): Measures {
  const { state } = understood.order.slots;
  const candidates = hits.map(({ id, distance, metadata = {} }): Measured => {
    const row = rows.get(id) ?? NONE;
    const miles = point === undefined ? undefined : located.milesTo(row, point);
    const missing = conditions.missing(row);
    return {
      id,
      row,
      distance,
      metadata,
      parts: {
        dense: Math.max(0, 1 - distance),
        lexical: relevance.lexical(row),
        title: relevance.title(row),
        role: relevance.occupation(row),
      },
      sameState: state !== undefined && located.stateOf(row) === state,
      miles,
      isPlaced: located.hasPlaces && (state !== undefined || miles !== undefined),
      occupation: facts.soc[row] ?? NONE,
      standing: relevance.standing(row),
      qualified: conditions.preferences.length === 0 ? undefined : missing.length === 0,
      missing,
      isNamed: named.has(id),
    };
  });
  const nearest = candidates.reduce((most, { parts }) => Math.max(most, parts.dense), 0);
  return { candidates, occupations: relevance.occupations, nearest };
}

/** Scores of candidates, which depend on each other: see `rarities`. */
export function scored(
  { candidates, occupations, nearest }: Measures,
  mode: Mode,
  weights: Weights,
): Scored[] {
  const placed = candidates.map((one) => ({
    ...one,
    parts: {
      ...one.parts,
      place: one.isPlaced ? placePart(one.sameState, one.miles, weights) : undefined,
    },
  }));
  const gains = new Map<number, number[]>(occupations.map((occupation) => [occupation, []]));
  for (const { occupation, parts } of placed) gains.get(occupation)?.push(gainOf(parts.place));
  const rarity = rarities(gains, weights.rarity);
  // Of the other occupations not all rows are candidates that would have to be.
  const least = Math.min(1, ...rarity.values());
  return placed.map((one) => {
    const { standing, qualified, occupation } = one;
    const judged = { standing, qualified, rarity: rarity.get(occupation) ?? least, nearest };
    return { ...one, score: one.isNamed ? 1 : scoreOf(one.parts, mode, judged, weights) };
  });
}

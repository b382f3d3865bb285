// How good a hit is, from its parts: pure arithmetic over numbers from 0 to 1. What somebody does and what is said
// of it are weighed against each other, and the place multiplies: a person far away is worth a share of the same
// person nearby, however well the words fit. Where the role that is asked for is known for sure, people of it
// come before all others.

/** How near a candidate is in each respect, 0 (not at all) to 1; undefined where question or corpus say nothing. */
export interface Parts {
  /** 1 - cosine distance of the whole texts, not below 0. */
  readonly dense: number;
  /** BM25 as a share of the best row's. */
  readonly lexical: number;
  /** How near the row's own title is to the words of the question. */
  readonly title: number | undefined;
  /** How much speaks for the row's occupation. */
  readonly role: number | undefined;
  readonly place: number | undefined;
}

export type Mode = "hybrid" | "dense" | "lexical";

/** Whether a row is of the role that was surely asked for; `open` when no role was. */
export type Standing = "asked" | "other" | "open";

const WEIGHTS = { role: 3, title: 1, lexical: 0.5, dense: 0.5 } as const;

/** What is left of a hit that is nowhere near the place. */
const ELSEWHERE = 1 / 3;

/** People of another role than the one that was surely asked for stay below this, the others above it. */
const OTHERS_MAX = 0.4;

/**
 * 0 to 1, higher is better. `qualified`: whether the row has what the text asks for besides the role; within a standing
 * those that have it come before those that do not. Undefined when nothing is asked for.
 */
export function scoreOf(parts: Parts, mode: Mode, standing: Standing, qualified?: boolean): number {
  if (mode === "dense") return parts.dense;
  if (mode === "lexical") return parts.lexical;
  const whole = fitOf(parts) * (parts.place === undefined ? 1 : ELSEWHERE + (1 - ELSEWHERE) * parts.place);
  const fit = qualified === undefined ? whole : (qualified ? 1 + whole : whole) / 2;
  if (standing === "open") return fit;
  return standing === "asked" ? OTHERS_MAX + (1 - OTHERS_MAX) * fit : OTHERS_MAX * fit;
}

function fitOf({ dense, lexical, title, role }: Parts): number {
  let sum = WEIGHTS.dense * dense + WEIGHTS.lexical * lexical;
  let weights = WEIGHTS.dense + WEIGHTS.lexical;
  if (title !== undefined) {
    sum += WEIGHTS.title * title;
    weights += WEIGHTS.title;
  }
  if (role !== undefined) {
    sum += WEIGHTS.role * role;
    weights += WEIGHTS.role;
  }
  return sum / weights;
}

/** A person goes this far for a shift before the way begins to count. Miles. */
const MILES_HALF = 35;

/**
 * Half is for being in the state that was asked for, half for being near, which falls to half at 35 miles. Undefined
 * where the distance is not known.
 */
export function placePart(sameState: boolean, miles: number | undefined): number {
  return ((sameState ? 1 : 0) + (miles === undefined ? 0 : 0.5 ** (miles / MILES_HALF))) / 2;
}

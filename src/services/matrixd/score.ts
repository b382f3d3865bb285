// How good a hit is, from its parts: pure arithmetic over numbers from 0 to 1. A role that was asked for weighs
// more than everything else together, so that people of another role never come before those of the right one;
// a place weighs more than what is left to the words.

/** How near a candidate is in each respect, 0 (not at all) to 1; undefined where the question says nothing. */
export interface Parts {
  /** 1 - cosine distance, not below 0. */
  readonly dense: number;
  /** BM25 as a share of the best candidate's. */
  readonly lexical: number;
  readonly role: number | undefined;
  readonly place: number | undefined;
}

export type Mode = "hybrid" | "dense" | "lexical";

const WEIGHTS = { dense: 0.15, lexical: 0.1, role: 0.5, place: 0.25 } as const;

/** The weighted mean of the parts that count in this mode: 0 to 1, higher is better. */
export function scoreOf(parts: Parts, mode: Mode): number {
  if (mode === "dense") return parts.dense;
  if (mode === "lexical") return parts.lexical;
  let sum = WEIGHTS.dense * parts.dense + WEIGHTS.lexical * parts.lexical;
  let weights = WEIGHTS.dense + WEIGHTS.lexical;
  if (parts.role !== undefined) {
    sum += WEIGHTS.role * parts.role;
    weights += WEIGHTS.role;
  }
  if (parts.place !== undefined) {
    sum += WEIGHTS.place * parts.place;
    weights += WEIGHTS.place;
  }
  return sum / weights;
}

export interface RoleName {
  readonly name: string;
  readonly soc: string;
}

/** The same role, the same occupation under another title, a neighbouring one, another one. */
export function rolePart(
  asked: RoleName & { readonly adjacent: readonly string[] },
  found: RoleName | undefined,
): number {
  if (found === undefined) return 0;
  if (found.name === asked.name) return 1;
  if (found.soc === asked.soc) return 0.9;
  return asked.adjacent.includes(found.name) ? 0.3 : 0;
}

/** A person goes this far for a shift before the way begins to count. Miles. */
const MILES_HALF = 35;
const SAME_STATE = 0.55;

/**
 * Being in the state that was asked for gives more than half; the rest falls with the miles, to half at 35. A
 * place whose distance is not known is judged by its state alone.
 */
export function placePart(sameState: boolean, miles: number | undefined): number {
  const near = miles === undefined ? 0 : 0.5 ** (miles / MILES_HALF);
  return (sameState ? SAME_STATE : 0) + (1 - SAME_STATE) * near;
}

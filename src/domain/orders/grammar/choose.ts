// Which claims hold: the set that fits together best over the text as a whole. A search keeps the best few beginnings at
// every token (a beam), so the work grows with the text and not with the ways to read it. An order is for one place, so a
// place counts for less beside a better one, and that is weighed as soon as the second is read.

import type { Token } from "../text/tokens.ts";
import type { Claim, Of } from "./claim.ts";

/** Beginnings that are kept at each token; more change nothing that was seen. */
const BEAM = 8;

interface Beginning {
  readonly score: number;
  readonly claim: Claim | undefined;
  readonly before: Beginning | undefined;
  /** The place so far that most speaks for. */
  readonly place: Of<"place"> | undefined;
}

/**
 * The best whole reading. `unreadCost` is what it costs to leave the token out; `beside` what two
 * places cost that stand in one order, undefined for places of two.
 */
export function bestReading(
  tokens: readonly Token[],
  claims: readonly Claim[],
  unreadCost: (at: number) => number,
  beside: (left: Of<"place">, right: Of<"place">) => number | undefined,
): Claim[] {
  const byStart = new Map<number, Claim[]>();
  for (const claim of claims) {
    if (claim.weight <= 0) continue;
    const own = byStart.get(claim.from);
    if (own === undefined) byStart.set(claim.from, [claim]);
    else own.push(claim);
  }
  const beams: Beginning[][] = Array.from({ length: tokens.length + 1 }, () => []);
  beams[0]?.push({ score: 0, claim: undefined, before: undefined, place: undefined });
  for (let at = 0; at < tokens.length; at++) {
    const beam = beams[at] as Beginning[];
    const passed = leftOut(beam, unreadCost(at));
    const own = byStart.get(at);
    if (own === undefined && beams[at + 1]?.length === 0) {
      beams[at + 1] = passed;
      continue;
    }
    for (let rank = 0; rank < beam.length; rank++) {
      keep(beams[at + 1], passed[rank] as Beginning);
      if (own === undefined) continue;
      const before = beam[rank] as Beginning;
      const { score, place } = before;
      for (const claim of own) {
        const cost = claim.kind === "place" && place !== undefined ? beside(place, claim) : 0;
        const isBetter = cost === undefined || claim.weight > (place?.weight ?? 0);
        const best = claim.kind === "place" && isBetter ? claim : place;
        keep(beams[claim.to], { score: score + (claim.weight - (cost ?? 0)), claim, before, place: best });
      }
    }
  }
  return claimsOf(beams[tokens.length]?.[0]);
}

/** Beginnings without the token behind them. */
function leftOut(beam: Beginning[], cost: number): Beginning[] {
  return cost === 0
    ? beam
    : beam.map(({ score, claim, before, place }) => ({ score: score - cost, claim, before, place }));
}

/** Keeps a beginning where it is one of the best that end at the same token; of equal ones the first. */
function keep(beam: Beginning[] | undefined, beginning: Beginning): void {
  if (beam === undefined) return;
  let at = beam.length;
  while (at > 0 && (beam[at - 1] as Beginning).score < beginning.score) at--;
  if (at === BEAM) return;
  if (beam.length === BEAM) beam.pop();
  beam.splice(at, 0, beginning);
}

/** In the order of the text, none overlapping another. */
function claimsOf(end: Beginning | undefined): Claim[] {
  const claims: Claim[] = [];
  for (let at: Beginning | undefined = end; at !== undefined; at = at.before) {
    if (at.claim !== undefined && claims[0] !== at.claim) claims.unshift(at.claim);
  }
  return claims;
}

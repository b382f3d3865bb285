// What each source says now. A source speaks once: its newest claim takes the place of those before, and a null at that
// moment withdraws them. A source that said two things at the same moment contradicts itself and has two voices. All orders
// here are of the claims' own contents, so the result does not depend on the order in which they arrived.

import type { TruthValue } from "#contracts/truth";

/** A claim without what all claims of an attribute have in common. */
export interface StatedClaim {
  readonly value: TruthValue;
  readonly source: string;
  readonly observedMs: number;
  /** 0 to 1. */
  readonly confidence: number;
  readonly evidence?: string | undefined;
}

export interface Voices {
  /** Those that say something. */
  readonly speaking: readonly StatedClaim[];
  /** Newest claims of sources that only withdrew. */
  readonly withdrawn: readonly StatedClaim[];
}

/** Newest first; then by source, by what is said, by the confidence, the highest first, by evidence. */
export function byObservation(a: StatedClaim, b: StatedClaim): number {
  return (
    b.observedMs - a.observedMs ||
    compareText(a.source, b.source) ||
    compareText(JSON.stringify(a.value), JSON.stringify(b.value)) ||
    b.confidence - a.confidence ||
    compareText(a.evidence ?? "", b.evidence ?? "")
  );
}

/** By code units: a collation would depend on the machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function bySource(claims: readonly StatedClaim[]): ReadonlyMap<string, readonly StatedClaim[]> {
  const found = new Map<string, StatedClaim[]>();
  for (const claim of claims) {
    const own = found.get(claim.source);
    if (own === undefined) found.set(claim.source, [claim]);
    else own.push(claim);
  }
  return found;
}

/** `keyOf` gives equal keys for equal values: a source that said one thing twice at one moment says it once. */
export function voicesOf(
  sources: ReadonlyMap<string, readonly StatedClaim[]>,
  keyOf: (value: Exclude<TruthValue, null>) => string,
): Voices {
  const speaking: StatedClaim[] = [];
  const withdrawn: StatedClaim[] = [];
  for (const claims of sources.values()) {
    const newestMs = claims.reduce((newest, { observedMs }) => Math.max(newest, observedMs), -Infinity);
    const newest = claims.filter(({ observedMs }) => observedMs === newestMs).sort(byObservation);
    const said = new Map<string, StatedClaim>();
    for (const claim of newest) {
      if (claim.value === null) continue;
      const key = keyOf(claim.value);
      const before = said.get(key);
      if (before === undefined || claim.confidence > before.confidence) said.set(key, claim);
    }
    if (said.size > 0) speaking.push(...said.values());
    else withdrawn.push(...newest.slice(0, 1));
  }
  return { speaking: speaking.sort(byObservation), withdrawn: withdrawn.sort(byObservation) };
}

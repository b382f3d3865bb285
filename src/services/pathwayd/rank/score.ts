// The order of candidates: words and meaning, some of what the turns beside say, who is asked about, whether it says when,
// and then what the trace is worth. Weights were chosen on made conversations (bench/pathway.bench.ts).

import { recordAt, type Traces, type TrackRecord } from "../index/traces.ts";
import type { Versions } from "../index/versions.ts";
import type { Moment } from "../moments.ts";
import type { Candidate } from "./candidates.ts";
import { worthOf } from "./worth.ts";

export interface Weights {
  /** Of the cosine, where the best match of words counts 1. */
  readonly meaning: number;
  /** Of what the turns before and after say, the nearest first. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** How much a turn gains whose speaker is named, as a share. */
  readonly named: number;
  /** How much it gains by saying when, where that is asked. */
  readonly when: number;
}

export const WEIGHTS: Weights = { meaning: 1.6, before: [0.5, 0.25], after: [0.15], named: 1, when: 0.3 };

/** A cosine that says nothing by itself: texts that share no word with the query need more to be a hit. */
const MEANING_ALONE_MIN = 0.1;

export interface Ranked extends Candidate {
  readonly cosine: number;
  /** Whether a turn beside it gave the larger part. */
  readonly byContext: boolean;
  readonly saidWhen: boolean;
  readonly record: TrackRecord;
  readonly score: number;
}

export interface RankInput {
  readonly versions: Versions;
  readonly traces: Traces;
  readonly candidates: readonly Candidate[];
  /** By slot; 0 where there is no vector. */
  readonly cosineOf: (slot: number) => number;
  readonly asksWhen: boolean;
  readonly moment: Moment;
}

/** Best first; what fits by nothing is left out. */
export function rank(input: RankInput, weights: Weights = WEIGHTS): Ranked[] {
  const { versions, traces, candidates, cosineOf, asksWhen, moment } = input;
  const fits = new Map<number, number>();
  const matched = new Set<number>();
  for (const { slot, lexical } of candidates) {
    fits.set(slot, lexical + weights.meaning * Math.max(0, cosineOf(slot)));
    if (lexical > 0) matched.add(slot);
  }
  const ranked: Ranked[] = [];
  for (const candidate of candidates) {
    const { slot, lexical, isNamed, before, after } = candidate;
    const cosine = cosineOf(slot);
    const own = fits.get(slot) ?? 0;
    let context = 0;
    for (const [place, near] of before.entries())
      context += (weights.before[place] ?? 0) * (fits.get(near) ?? 0);
    for (const [place, near] of after.entries())
      context += (weights.after[place] ?? 0) * (fits.get(near) ?? 0);
    const hasContext = before.some((near) => matched.has(near)) || after.some((near) => matched.has(near));
    if (lexical === 0 && cosine < MEANING_ALONE_MIN && !hasContext) continue;
    const saidWhen = asksWhen && versions.saysWhen[slot] === 1;
    const trace = traces.ofSlot(slot);
    const record = recordAt(trace, moment);
    const factor = (1 + (isNamed ? weights.named : 0)) * (1 + (saidWhen ? weights.when : 0));
    const score = (own + context) * factor * worthOf(record, versions.from[slot] as Moment, moment);
    ranked.push({ ...candidate, cosine, byContext: context > own, saidWhen, record, score });
  }
  return ranked.sort((a, b) => b.score - a.score || a.slot - b.slot);
}

// The versions that a search sees: those that held at its moment and pass its filter, with what BM25 needs of them.

import type { Moment } from "../moments.ts";
import { isRetiredAt, type Traces } from "../index/traces.ts";
import type { Versions } from "../index/versions.ts";

export interface PathwayFilter {
  readonly kind: string | undefined;
  readonly subject: string | undefined;
  readonly includeRetired: boolean;
}

export interface Population {
  /** 1 for each slot that is in. */
  readonly isIn: Uint8Array;
  /** The same slots, ascending. */
  readonly slots: Uint32Array;
  readonly meanWords: number;
}

/** Populations as of now, of the same traces: 500 KB each over 100,000 versions. */
const KEPT_MAX = 8;

interface Kept {
  readonly revision: number;
  readonly byFilter: Map<string, Population>;
}

const kept = new WeakMap<Traces, Kept>();

/** From the last event on the population is the same at every moment, until the next one. */
export function populationOf(
  versions: Versions,
  traces: Traces,
  filter: PathwayFilter,
  moment: Moment,
): Population {
  if (moment < traces.lastAt) return populationAt(versions, traces, filter, moment);
  let own = kept.get(traces);
  if (own?.revision !== traces.revision) own = { revision: traces.revision, byFilter: new Map() };
  kept.set(traces, own);
  const key = JSON.stringify([filter.kind ?? null, filter.subject ?? null, filter.includeRetired]);
  const known = own.byFilter.get(key);
  if (known !== undefined) return known;
  const population = populationAt(versions, traces, filter, moment);
  if (own.byFilter.size >= KEPT_MAX) own.byFilter.clear();
  own.byFilter.set(key, population);
  return population;
}

function populationAt(
  versions: Versions,
  traces: Traces,
  { kind, subject, includeRetired }: PathwayFilter,
  moment: Moment,
): Population {
  const isIn = new Uint8Array(versions.size);
  const kindNumber = kind === undefined ? undefined : versions.kindNumber(kind);
  const isKindUnknown = kind !== undefined && kindNumber === undefined;
  const ofSubject = subject === undefined ? undefined : versions.ofSubject(subject);
  const many = isKindUnknown ? 0 : (ofSubject?.length ?? versions.size);
  const slots = new Uint32Array(many);
  const seesAll = includeRetired || traces.retiredCount === 0;
  let count = 0;
  let words = 0;
  for (let i = 0; i < many; i += 1) {
    const slot = ofSubject === undefined ? i : (ofSubject[i] as number);
    if (!versions.holdsAt(slot, moment)) continue;
    if (kindNumber !== undefined && versions.kinds[slot] !== kindNumber) continue;
    if (!seesAll && isRetiredAt(traces.ofSlot(slot), moment)) continue;
    isIn[slot] = 1;
    slots[count] = slot;
    count += 1;
    words += versions.words[slot] as number;
  }
  return { isIn, slots: slots.subarray(0, count), meanWords: count === 0 ? 1 : Math.max(1, words / count) };
}

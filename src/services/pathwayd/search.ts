// A search over what was known at a moment: population, candidates, their vectors, the order, and what is shown of the best.

import type { PathwayHit } from "#contracts/pathway";
import { present } from "#lib/assert";
import { describeRecord, retirementAt, type Seen } from "./describe.ts";
import { hashOf } from "./index/derived.ts";
import { cosineOf, sketchOf } from "./index/sketch.ts";
import { type Moment, printMoment } from "./moments.ts";
import { candidatesOf, type QueryVector } from "./rank/candidates.ts";
import { type PathwayFilter, populationOf } from "./rank/population.ts";
import { type Question, readQuestion } from "./rank/question.ts";
import { rank, type Ranked } from "./rank/score.ts";
import { whyOf } from "./rank/why.ts";
import { saidOf } from "./index/memory.ts";
import { contentOf } from "./store/events.ts";

export interface PathwaySearch {
  readonly query: string;
  readonly filter: PathwayFilter;
  readonly k: number;
  readonly moment: Moment;
  readonly embedded: { readonly model: string; readonly vector: Float32Array } | undefined;
}

export async function searchTraces(
  seen: Seen,
  { query, filter, k, moment, embedded }: PathwaySearch,
): Promise<PathwayHit[]> {
  const { versions, traces } = seen.memory;
  const question = readQuestion(query);
  const queryVector: QueryVector | undefined =
    embedded === undefined
      ? undefined
      : { vector: embedded.vector, sketch: sketchOf(embedded.vector), model: hashOf(embedded.model) };
  const population = populationOf(versions, traces, filter, moment);
  const candidates = candidatesOf(seen.memory, question, queryVector, population, moment);
  const cosines = await cosinesOf(seen, candidates, queryVector);
  const ranked = rank({
    versions,
    traces,
    candidates,
    cosineOf: (slot) => cosines.get(slot) ?? 0,
    asksWhen: question.asksWhen,
    moment,
  }).slice(0, k);
  return describeHits(seen, ranked, question, moment);
}

async function cosinesOf(
  { memory: { versions }, store }: Seen,
  candidates: readonly { readonly slot: number }[],
  query: QueryVector | undefined,
): Promise<Map<number, number>> {
  const cosines = new Map<number, number>();
  if (query === undefined) return cosines;
  const compared = candidates.filter(({ slot }) => versions.models[slot] === query.model);
  const vectors = await store.vectors(compared.map(({ slot }) => versions.seqs[slot] as number));
  for (const { slot } of compared) {
    const packed = vectors.get(versions.seqs[slot] as number);
    if (packed !== undefined) cosines.set(slot, cosineOf(packed, query.vector));
  }
  return cosines;
}

async function describeHits(
  seen: Seen,
  ranked: readonly Ranked[],
  question: Question,
  now: Moment,
): Promise<PathwayHit[]> {
  const { versions, traces } = seen.memory;
  const events = await seen.store.events(ranked.map(({ slot }) => versions.seqs[slot] as number));
  const hits: PathwayHit[] = [];
  for (const [place, found] of ranked.entries()) {
    const event = present(events[place], "the event of a version");
    const trace = traces.ofSlot(found.slot);
    const { task, content, outcome, metadata, valid_from } = contentOf(event);
    const retired = await retirementAt(seen.store, trace, now);
    hits.push({
      rank: place,
      trace_id: trace.id,
      version: event.version,
      score: found.score,
      kind: trace.kind,
      subject: trace.subject,
      task,
      content,
      ...(outcome === undefined ? {} : { outcome }),
      metadata,
      valid_from: valid_from ?? printMoment(event.at),
      recorded_at: printMoment(event.at),
      ...(retired === undefined ? {} : { retired }),
      ...describeRecord(found.record),
      why: whyOf({
        ranked: found,
        matched: matchedWords(seen, question, found.slot),
        speaker: saidOf(trace.kind, trace.subject, contentOf(event)).speaker,
        recordedAt: event.at,
        retiredReason: retired?.reason,
        now,
      }),
    });
  }
  return hits;
}

/** Words of the query that a version has, as they were typed. */
function matchedWords({ memory }: Seen, { typed }: Question, slot: number): string[] {
  return [...typed].flatMap(([hash, word]) => (memory.versions.has(hash, slot) ? [word] : []));
}

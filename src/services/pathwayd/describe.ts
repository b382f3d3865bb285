// Traces, events and outcomes as the contract shows them.

import type { PathwayEvent, Trace } from "#contracts/pathway";
import type { Memory } from "./index/memory.ts";
import { countUntil, isRetiredAt, recordAt, type TraceState, type TrackRecord } from "./index/traces.ts";
import { type Moment, printMoment } from "./moments.ts";
import { wilsonLow } from "./rank/worth.ts";
import { contentOf, type TraceEvent } from "./store/events.ts";
import type { TraceStore } from "./store/store.ts";

export interface Seen {
  readonly memory: Memory;
  readonly store: TraceStore;
}

/** What is seen of a version at a moment. */
export async function describeTrace(
  { memory, store }: Seen,
  trace: TraceState,
  event: TraceEvent,
  moment: Moment,
): Promise<Trace> {
  const { task, steps, content, outcome, metadata, actor, valid_from } = contentOf(event);
  const slot = trace.slots[event.version - 1];
  const end = slot === undefined ? Infinity : (memory.versions.to[slot] as Moment);
  const retired = await retirementAt(store, trace, moment);
  return {
    trace_id: trace.id,
    version: event.version,
    kind: trace.kind,
    subject: trace.subject,
    task,
    steps: [...steps],
    content,
    ...(outcome === undefined ? {} : { outcome }),
    metadata,
    ...(actor === undefined ? {} : { actor }),
    valid_from: valid_from ?? printMoment(event.at),
    recorded_at: printMoment(event.at),
    ...(end <= moment ? { superseded_at: printMoment(end) } : {}),
    merged: countUntil(trace.merges ?? [], moment),
    ...(retired === undefined ? {} : { retired }),
    ...describeRecord(recordAt(trace, moment)),
  };
}

export async function retirementAt(
  store: TraceStore,
  trace: TraceState,
  moment: Moment,
): Promise<Trace["retired"]> {
  if (trace.retired === undefined || !isRetiredAt(trace, moment)) return undefined;
  return describeRetirement(await store.event(trace.retired.seq));
}

export function describeRetirement({ at, body }: TraceEvent): NonNullable<Trace["retired"]> {
  const { reason = "", actor } = body;
  return { at: printMoment(at), reason, ...(actor === undefined ? {} : { actor }) };
}

export function describeRecord({
  uses,
  sum,
  lastAt,
}: TrackRecord): Pick<Trace, "use_count" | "success_rate" | "success_low" | "last_used_at"> {
  return {
    use_count: uses,
    success_rate: uses === 0 ? null : rounded(sum / uses),
    success_low: rounded(wilsonLow(sum, uses)),
    last_used_at: lastAt === undefined ? null : printMoment(lastAt),
  };
}

function rounded(share: number): number {
  return Math.round(share * 1e6) / 1e6;
}

export function describeEvent({ seq, at, event, version, body }: TraceEvent): PathwayEvent {
  const { actor, reason, outcome, content, metadata } = body;
  return {
    sequence: seq,
    at: printMoment(at),
    event,
    version,
    ...(actor === undefined ? {} : { actor }),
    ...(reason === undefined ? {} : { reason }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(content === undefined ? {} : { content }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

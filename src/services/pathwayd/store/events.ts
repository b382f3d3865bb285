// What happened to traces, one row an event, and never a second write to it: versions, merges, retirements, outcomes. A row
// carries two checksums, of its columns and of its body, because SQLite has none of its own and a flipped bit would be read
// as what was recorded.

import type { StateRow, StateValue } from "#adapters/state";
import type { Outcome } from "#contracts/pathway";
import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";
import type { Moment } from "../moments.ts";

export type EventKind = "add" | "update" | "merge" | "noop" | "retire" | "feedback";

/** A version as it was recorded: all of it, so that one row is enough to read it. */
export interface TraceContent {
  readonly task: string;
  readonly steps: readonly (string | Readonly<Record<string, unknown>>)[];
  readonly content: string;
  readonly outcome?: Outcome | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly actor?: string | undefined;
  /** As it was given; the moment of recording where it was not. */
  readonly valid_from?: string | undefined;
}

/** What a row holds besides its columns. Versions and merges have content, the others what was said. */
export interface EventBody extends Partial<TraceContent> {
  readonly reason?: string | undefined;
}

export interface TraceEvent {
  readonly seq: number;
  readonly traceId: string;
  /** The newest version after the event. */
  readonly version: number;
  readonly at: Moment;
  readonly event: EventKind;
  readonly kind: string;
  readonly subject: string;
  /** Of the outcome that the event records. */
  readonly score: number | null;
  /** The caller's Idempotency-Key, made the caller's own, and a hash of what was sent with it. */
  readonly key: string | null;
  readonly request: string | null;
  readonly body: EventBody;
}

/** What is read of every event at a start: all but the body. */
export type EventHead = Omit<TraceEvent, "body">;

export const HEAD_COLUMNS =
  "seq, trace_id, version, at, event, kind, subject, score, key, request, body_sum, head_sum";

export function columnsOf(event: TraceEvent): StateValue[] {
  const { seq, traceId, version, at, kind, subject, score, key, request } = event;
  const body = JSON.stringify(event.body);
  const bodySum = sumOf(body);
  const head = [seq, traceId, version, at, event.event, kind, subject, score, key, request, bodySum] as const;
  return [...head, sumOf(JSON.stringify(head)), body];
}

export function headOf(row: StateRow): EventHead {
  const { seq, trace_id, version, at, event, kind, subject, score, key, request, body_sum, head_sum } = row;
  const head = [seq, trace_id, version, at, event, kind, subject, score, key, request, body_sum];
  if (sumOf(JSON.stringify(head)) !== head_sum) throw damagedRow(Number(seq));
  return {
    seq: seq as number,
    traceId: trace_id as string,
    version: version as number,
    at: at as Moment,
    event: event as EventKind,
    kind: kind as string,
    subject: subject as string,
    score: score as number | null,
    key: key as string | null,
    request: request as string | null,
  };
}

export function eventOf(row: StateRow): TraceEvent {
  const head = headOf(row);
  const body = row["body"];
  if (typeof body !== "string" || sumOf(body) !== row["body_sum"]) throw damagedRow(head.seq, head.traceId);
  return { ...head, body: JSON.parse(body) as EventBody };
}

/** Of a version's event. */
export function contentOf({ body }: TraceEvent): TraceContent {
  const { task, steps, content, metadata } = body;
  assert(
    task !== undefined && steps !== undefined && content !== undefined && metadata !== undefined,
    "an event that makes a version has all of it",
  );
  return { ...body, task, steps, content, metadata };
}

function sumOf(text: string): string {
  return Bun.hash.xxHash64(text).toString(16);
}

function damagedRow(seq: number, traceId?: string): Fault {
  const of = traceId === undefined ? "" : ` of trace ${traceId}`;
  return new Fault(
    "internal",
    `Record ${seq}${of} in pathway.sqlite is damaged: its checksum is wrong. Restore it from a backup.`,
  );
}

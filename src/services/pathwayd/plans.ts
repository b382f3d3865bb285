// What each kind of write becomes, decided over everything that was recorded before it. A plan changes nothing: the event
// it names is recorded and applied by writes.ts.

import type { pathway, Trace } from "#contracts/pathway";
import { METADATA_CHARS_MAX } from "#contracts/pathway";
import { assert } from "#lib/assert";
import type { ParsedOf } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { describeRecord, type Seen } from "./describe.ts";
import { decide, type Judge, type Known } from "./duplicates/decide.ts";
import type { Embedding } from "./embedding.ts";
import { indexVersion, saidOf } from "./index/memory.ts";
import { recordAt, type TraceState } from "./index/traces.ts";
import { type Moment, parseStart, printMoment } from "./moments.ts";
import {
  contentOf,
  type EventBody,
  type EventKind,
  type TraceContent,
  type TraceEvent,
} from "./store/events.ts";
import type { Plan, PlannedEvent } from "./writes.ts";

export interface PlanDeps extends Seen {
  readonly embedding: Embedding;
  readonly newId: () => string;
  readonly judge: Judge | undefined;
}

/** A caller's Idempotency-Key with a hash of what came with it. */
export interface RequestKey {
  readonly key: string;
  readonly request: string;
}

type Input<N extends keyof typeof pathway> = ParsedOf<(typeof pathway)[N]>;

/** What a write replies beside `replayed`. */
export interface Written {
  readonly trace_id: string;
  readonly version: number;
}

interface Added extends Written {
  readonly action: "add" | "update" | "merge" | "noop";
  readonly similar?: (Written & { readonly similarity: number })[];
}

interface Revised extends Written {
  readonly action: "update" | "noop";
}

/** Of all versions together: the index holds each of them in memory, about a kilobyte each. */
const VERSIONS_MAX = 2_000_000;
const STEPS_CHARS_MAX = 262_144;
const NOTHING_STORED = { derived: null, vector: null } as const;

export async function planAdd(
  deps: PlanDeps,
  input: Input<"add">,
  key: RequestKey | undefined,
  at: Moment,
): Promise<Plan<Added>> {
  const { kind, subject } = input;
  const { task, steps, content, outcome, metadata, actor, valid_from } = input;
  const sent: TraceContent = { task, steps, content, outcome, metadata, actor, valid_from };
  refuseContent(sent, at);
  const { indexed, said } = indexVersion(kind, subject, sent, undefined);
  const known = await knownOf(deps, deps.memory.alike(kind, subject, indexed));
  const decision = await decide(sent, said.turn !== undefined, known, deps.judge);
  const { action } = decision;
  const similar = decision.similar.map(({ traceId, version, similarity }) => ({
    trace_id: traceId,
    version,
    similarity,
  }));
  const traceId = decision.action === "add" ? deps.newId() : decision.into.traceId;
  const version =
    decision.action === "add" ? 1 : decision.into.version + (decision.action === "update" ? 1 : 0);
  const reply = () => ({
    trace_id: traceId,
    version,
    action,
    ...(similar.length === 0 ? {} : { similar }),
  });
  const base = { traceId, version, at, event: action, kind, subject, key };
  if (decision.action === "add" || decision.action === "update")
    return { planned: await versionEvent(deps, base, sent), reply };
  // What says nothing new is recorded only where a retry would otherwise be decided again, over more than now.
  if (action === "noop" && key === undefined) return { planned: undefined, reply };
  const body: EventBody =
    action === "noop"
      ? { actor }
      : { actor, outcome, metadata, ...(decision.into.content.content === content ? {} : { content }) };
  return { planned: plainEvent(base, body), reply };
}

export async function planRevise(
  deps: PlanDeps,
  input: Input<"revise">,
  key: RequestKey | undefined,
  at: Moment,
): Promise<Plan<Revised>> {
  const trace = living(deps, input.trace_id);
  const newest = await newestOf(deps, trace);
  const { version, kind, subject } = newest;
  if (input.if_version !== undefined && input.if_version !== version) {
    throw new Fault(
      "conflict",
      `if_version is ${input.if_version}, and trace ${trace.id} has version ${version} by now. Read it again and revise that.`,
    );
  }
  const before = contentOf(newest);
  const { task, steps, content, outcome, metadata, actor, valid_from } = input;
  const given = { task, steps, content, outcome, metadata, valid_from };
  const changes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const after: TraceContent = { ...before, ...changes, actor: actor ?? before.actor };
  refuseContent(after, at);
  const { outcome: outcomeBefore, ...rest } = before;
  const { outcome: outcomeAfter, ...restAfter } = after;
  const isSame = JSON.stringify(sorted(rest)) === JSON.stringify(sorted(restAfter)) && outcome === undefined;
  const base = { traceId: trace.id, version, at, kind, subject, key };
  if (isSame) {
    const planned = key === undefined ? undefined : plainEvent({ ...base, event: "noop" }, { actor });
    return { planned, reply: () => ({ trace_id: trace.id, version, action: "noop" }) };
  }
  const next = version + 1;
  const made = await versionEvent(deps, { ...base, version: next, event: "update" }, after);
  // An outcome that stands from the version before is no further use.
  const isNewOutcome =
    outcome !== undefined && JSON.stringify(outcomeBefore) !== JSON.stringify(outcomeAfter);
  const planned = isNewOutcome ? made : { ...made, event: { ...made.event, score: null } };
  return { planned, reply: () => ({ trace_id: trace.id, version: next, action: "update" }) };
}

export async function planRetire(
  deps: PlanDeps,
  { trace_id, reason, actor }: Input<"retire">,
  key: RequestKey | undefined,
  at: Moment,
): Promise<Plan<Written & { retired: NonNullable<Trace["retired"]> }>> {
  const trace = living(deps, trace_id);
  const { version, kind, subject } = await newestOf(deps, trace);
  const base = { traceId: trace.id, version, at, event: "retire", kind, subject, key } as const;
  const planned = plainEvent(base, { reason, actor });
  const retired = { at: printMoment(at), reason, ...(actor === undefined ? {} : { actor }) };
  return { planned, reply: () => ({ trace_id: trace.id, version, retired }) };
}

type RecordOnWire = ReturnType<typeof describeRecord>;

export async function planFeedback(
  deps: PlanDeps,
  { trace_id, result, score, actor }: Input<"feedback">,
  key: RequestKey | undefined,
  at: Moment,
): Promise<Plan<Written & RecordOnWire>> {
  const trace = found(deps, trace_id);
  const { version, kind, subject } = await newestOf(deps, trace);
  const base = { traceId: trace.id, version, at, event: "feedback", kind, subject, key } as const;
  const planned = plainEvent(base, { outcome: { result, score }, actor });
  return { planned, reply: () => ({ trace_id: trace.id, version, ...describeRecord(recordAt(trace, at)) }) };
}

export function writtenBy({ traceId, version }: TraceEvent): Written {
  return { trace_id: traceId, version };
}

// Replies of writes that were recorded before under the same key.

export function added(event: TraceEvent): Added {
  const { event: action } = event;
  assert(action !== "retire" && action !== "feedback", "a trace that was sent was recorded as one");
  return { ...writtenBy(event), action };
}

export function revised(event: TraceEvent): Revised {
  return { ...writtenBy(event), action: event.event === "noop" ? "noop" : "update" };
}

export function fedBack(deps: Seen, event: TraceEvent): Written & RecordOnWire {
  return { ...writtenBy(event), ...describeRecord(recordAt(found(deps, event.traceId), event.at)) };
}

export function found({ memory }: Seen, traceId: string): TraceState {
  const trace = memory.traces.get(traceId);
  if (trace !== undefined) return trace;
  throw new Fault("not_found", `There is no trace ${traceId}. GET /v1/pathway/traces lists those that are.`);
}

function living(deps: Seen, traceId: string): TraceState {
  const trace = found(deps, traceId);
  if (trace.retired === undefined) return trace;
  throw new Fault("conflict", `Trace ${traceId} is retired. Record what holds now as a new trace.`);
}

function newestOf({ memory, store }: Seen, trace: TraceState): Promise<TraceEvent> {
  return store.event(memory.versions.seqs[trace.slots.at(-1) ?? 0] as number);
}

async function knownOf(seen: Seen, traces: readonly TraceState[]): Promise<Known[]> {
  const known: Known[] = [];
  for (const trace of traces) {
    const event = await newestOf(seen, trace);
    known.push({
      traceId: trace.id,
      version: event.version,
      content: contentOf(event),
      isTurn: trace.turn !== undefined,
    });
  }
  return known;
}

interface EventBase {
  readonly traceId: string;
  readonly version: number;
  readonly at: Moment;
  readonly event: EventKind;
  readonly kind: string;
  readonly subject: string;
  readonly key: RequestKey | undefined;
}

function plainEvent({ key, ...base }: EventBase, body: EventBody): PlannedEvent {
  return {
    event: {
      ...base,
      score: body.outcome?.score ?? null,
      key: key?.key ?? null,
      request: key?.request ?? null,
      body,
    },
    indexed: undefined,
    stored: NOTHING_STORED,
  };
}

async function versionEvent(deps: PlanDeps, base: EventBase, content: TraceContent): Promise<PlannedEvent> {
  if (deps.memory.versions.size >= VERSIONS_MAX) {
    throw new Fault(
      "rejected",
      `There are ${VERSIONS_MAX} versions of traces, as many as one memory holds. Record less, or keep a memory of its own for a part.`,
    );
  }
  const { kind, subject } = base;
  const embedded = await deps.embedding.embed([saidOf(kind, subject, content).meaning], "document");
  const { indexed, stored } = indexVersion(kind, subject, content, embedded?.[0]);
  return { ...plainEvent(base, { ...content }), indexed, stored };
}

function refuseContent({ metadata, steps, valid_from }: TraceContent, at: Moment): void {
  refuseLarger("metadata", metadata, METADATA_CHARS_MAX);
  refuseLarger("steps", steps, STEPS_CHARS_MAX);
  if (valid_from !== undefined && parseStart(valid_from, "valid_from") > at)
    throw new Fault("invalid", `valid_from: ${valid_from} is in the future. Leave it out for now.`);
}

function refuseLarger(field: string, value: unknown, charsMax: number): void {
  const { length } = JSON.stringify(value);
  if (length <= charsMax) return;
  throw new Fault(
    "invalid",
    `${field}: has ${length} characters as JSON, and may have ${charsMax}. Put large things into an object of /v1/storage and name its key.`,
  );
}

function sorted(value: object): [string, unknown][] {
  return Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

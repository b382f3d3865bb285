// pathwayd: versioned memory of how things were done. Every change is an event in one table, durable before it is
// acknowledged and never overwritten; searches run over an index in memory that a start reads back. A memory that is damaged
// does not keep the house from starting: each of its calls says so until it is repaired or restored.

import { z } from "zod";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { sqliteState } from "#adapters/state";
import type { embed } from "#contracts/embed";
import type { pathway, Trace } from "#contracts/pathway";
import { present } from "#lib/assert";
import { type Clock, systemClock } from "#lib/clock";
import type { Log } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import type { Call } from "#rpc/call";
import type { Handlers, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { pageCursor } from "#rpc/page-cursor";
import { Backfill } from "./backfill.ts";
import { describeEvent, describeRetirement, describeTrace } from "./describe.ts";
import type { Judge } from "./duplicates/decide.ts";
import { embeddingBy } from "./embedding.ts";
import { loadMemory, Memory } from "./index/memory.ts";
import { countUntil, isRetiredAt, slotAt, type TraceState } from "./index/traces.ts";
import { type Moment, parseMoment, printMoment, Timeline } from "./moments.ts";
import {
  added,
  fedBack,
  found,
  planAdd,
  type PlanDeps,
  planFeedback,
  planRetire,
  planRevise,
  revised,
  type RequestKey,
  type Written,
  writtenBy,
} from "./plans.ts";
import { meaningOf } from "./rank/question.ts";
import { searchTraces } from "./search.ts";
import { contentOf, type TraceEvent } from "./store/events.ts";
import { BEFORE_ALL, TraceStore } from "./store/store.ts";
import { verifyRows } from "./store/verify.ts";
import { type Plan, Writes } from "./writes.ts";

/** Places are sequence numbers of events, and numbers of traces. */
const EVENT_PAGES = pageCursor("pathway.history", z.int().min(0));
const PAGES = pageCursor("pathway.traces", z.int().min(0));

export interface PathwaydDeps {
  readonly embed: Service<typeof embed>;
  /** The database of all traces. */
  readonly file: string;
  readonly log?: Log;
  readonly clock?: Clock;
  readonly newId?: () => string;
  /** Decides about texts that the rules leave apart; rules alone where there is none. */
  readonly judge?: Judge;
}

/** Of one page: a reply is held whole in memory. */
const PAGE_CHARS_MAX = 4 * 1024 * 1024;
const PAGE_READ = 50;

export async function pathwayd(deps: PathwaydDeps): Promise<Daemon<typeof pathway>> {
  const { file, log, clock = systemClock, newId = randomId, judge } = deps;
  const failures = new BackgroundFailures(log);
  const timeline = new Timeline(clock);
  const memory = new Memory();
  const embedding = embeddingBy(deps.embed, failures);
  let damage: Fault | undefined;
  const broken = (error: unknown): never => {
    if (error instanceof Fault && error.code === "internal") damage = error;
    throw error;
  };

  const opened = (async () => {
    const store = await TraceStore.open(sqliteState(file));
    const catchUp = async (after: number): Promise<number> => {
      let last = after;
      await loadMemory(store, memory, after, ({ seq, at }) => {
        last = seq;
        timeline.reach(at);
      });
      return last;
    };
    const writes = new Writes({
      store,
      timeline,
      catchUp,
      apply: (event, indexed) => memory.apply(event, indexed),
    });
    const backfill = new Backfill({ store, memory, embedding, failures });
    return { store, writes, catchUp, backfill };
  })();
  const ready = opened.then(async ({ store, writes, catchUp, backfill }) => {
    writes.reach(await catchUp(BEFORE_ALL));
    backfill.start();
    const planDeps: PlanDeps = { memory, store, embedding, newId, judge };
    return { ...planDeps, writes, backfill };
  });
  // Each call is told; here it is only kept from being nobody's.
  ready.catch((error: unknown) => {
    if (error instanceof Fault && error.code === "internal") damage = error;
    log?.error("the memory of traces cannot be used", { error });
  });
  const usable = () => ready.catch(broken);

  /** Runs a write behind those it depends on, or gives the reply that its key had before. */
  const record = async <T extends Written>(
    call: Call,
    operation: string,
    input: { readonly idempotency_key?: string | undefined },
    lane: (deps: PlanDeps) => string,
    plan: (deps: PlanDeps, key: RequestKey | undefined, at: Moment) => Promise<Plan<T>>,
    replay: (deps: PlanDeps, event: TraceEvent) => T,
  ): Promise<T & { replayed: boolean }> => {
    const open = await usable();
    const key = requestKey(call, operation, input);
    const lanes = [lane(open), ...(key === undefined ? [] : [key.key])];
    return open.writes.write<T & { replayed: boolean }>(lanes, async (at) => {
      const before = key === undefined ? undefined : await open.store.byKey(key.key);
      if (key !== undefined && before !== undefined) {
        if (before.request !== key.request) throw reusedKey();
        return { planned: undefined, reply: () => ({ ...replay(open, before), replayed: true }) };
      }
      const { planned, reply } = await plan(open, key, at);
      return { planned, reply: () => ({ ...reply(), replayed: false }) };
    });
  };
  const laneOfTrace =
    (traceId: string) =>
    (open: PlanDeps): string => {
      const { kind, subject } = found(open, traceId);
      return laneOf(kind, subject);
    };

  const handlers: Handlers<typeof pathway> = {
    add: (input, call) => {
      const clean = { ...input, kind: cleanName(input.kind), subject: cleanName(input.subject) };
      return record(
        call,
        "add",
        clean,
        () => laneOf(clean.kind, clean.subject),
        (open, key, at) => planAdd(open, clean, key, at),
        (_open, event) => added(event),
      );
    },
    revise: (input, call) =>
      record(
        call,
        "revise",
        input,
        laneOfTrace(input.trace_id),
        (open, key, at) => planRevise(open, input, key, at),
        (_open, event) => revised(event),
      ),
    retire: (input, call) =>
      record(
        call,
        "retire",
        input,
        laneOfTrace(input.trace_id),
        (open, key, at) => planRetire(open, input, key, at),
        (_open, event) => ({ ...writtenBy(event), retired: describeRetirement(event) }),
      ),
    feedback: (input, call) =>
      record(
        call,
        "feedback",
        input,
        laneOfTrace(input.trace_id),
        (open, key, at) => planFeedback(open, input, key, at),
        (open, event) => fedBack(open, event),
      ),
    trace: async ({ trace_id, version, as_of, valid_at }) => {
      const open = await usable();
      const moment = as_of === undefined ? timeline.now() : parseMoment(as_of, "as_of");
      const trace = found(open, trace_id);
      const last = slotAt(trace, memory.versions, moment);
      if (last === undefined)
        throw new Fault("not_found", `Trace ${trace_id} was not recorded yet at ${as_of}.`);
      const known = trace.slots.slice(0, trace.slots.indexOf(last) + 1);
      const slot =
        version === undefined
          ? valid_at === undefined
            ? last
            : await validSlot(open, known, parseMoment(valid_at, "valid_at"))
          : known[version - 1];
      if (slot === undefined) {
        const when = as_of === undefined ? "" : ` at ${as_of}`;
        const asked = version === undefined ? `version that held at ${valid_at ?? ""}` : `version ${version}`;
        throw new Fault("not_found", `Trace ${trace_id} has no ${asked}${when}; it has ${known.length}.`);
      }
      return describeTrace(open, trace, await open.store.event(memory.versions.seqs[slot] as number), moment);
    },
    history: async ({ trace_id, limit, cursor }) => {
      const after = EVENT_PAGES.place(cursor) ?? 0;
      const open = await usable();
      found(open, trace_id);
      const events = await open.store.history(trace_id, after, limit + 1);
      const page = events.slice(0, limit);
      const last = page.at(-1);
      return {
        events: page.map(describeEvent),
        ...(events.length > limit && last !== undefined ? { next_cursor: EVENT_PAGES.next(last.seq) } : {}),
      };
    },
    traces: async ({ kind, subject, include_retired, limit, cursor }) => {
      const before = PAGES.place(cursor) ?? Infinity;
      const open = await usable();
      const moment = timeline.now();
      const { all } = memory.traces;
      const start = Math.min(all.length, before);
      const wanted: TraceState[] = [];
      for (let number = start - 1; number >= 0 && wanted.length <= limit; number -= 1) {
        const trace = present(all[number], "a trace by its number");
        if (kind !== undefined && trace.kind !== cleanName(kind)) continue;
        if (subject !== undefined && trace.subject !== cleanName(subject)) continue;
        if (include_retired || !isRetiredAt(trace, moment)) wanted.push(trace);
      }
      const traces: Trace[] = [];
      let chars = 0;
      const isFull = (): boolean => traces.length === limit || chars > PAGE_CHARS_MAX;
      while (traces.length < wanted.length && !isFull()) {
        const some = wanted.slice(traces.length, Math.min(limit, traces.length + PAGE_READ));
        const events = await open.store.events(
          some.map(({ slots }) => memory.versions.seqs[slots.at(-1) ?? 0] as number),
        );
        for (const [place, trace] of some.entries()) {
          const event = present(events[place], "the event of a version");
          chars += contentOf(event).content.length;
          traces.push(await describeTrace(open, trace, event, moment));
        }
      }
      const last = wanted[traces.length - 1];
      const more = traces.length < wanted.length && last !== undefined;
      return { traces, ...(more ? { next_cursor: PAGES.next(last.number) } : {}) };
    },
    search: async ({ query, kind, subject, k, include_retired, as_of }) => {
      const started = performance.now();
      const open = await usable();
      const moment = as_of === undefined ? timeline.now() : parseMoment(as_of, "as_of");
      const isSpeaker = (word: number): boolean => memory.versions.isSpeakerAt(word, moment);
      const embedded = await embedding.embed([meaningOf(query, isSpeaker)], "query");
      const filter = {
        kind: kind === undefined ? undefined : cleanName(kind),
        subject: subject === undefined ? undefined : cleanName(subject),
        includeRetired: include_retired,
      };
      const hits = await searchTraces(open, { query, filter, k, moment, embedded: embedded?.[0] });
      return {
        hits,
        as_of: printMoment(moment),
        ...(embedded === undefined
          ? { degraded: "The query could not be embedded: words alone count." }
          : {}),
        took_ms: Math.round((performance.now() - started) * 100) / 100,
      };
    },
    stats: async () => {
      const { store } = await opened.catch(broken);
      const { versions, traces } = memory;
      return {
        traces: traces.all.length,
        retired: traces.retiredCount,
        versions: versions.size,
        events: await store.count(),
        unembedded: memory.unembedded.size,
        bytes_memory: versions.bytes,
      };
    },
    verify: async () => verifyRows((await opened.catch(broken)).store),
  };

  return {
    handlers,
    stats: () => ({
      failures: failures.counts,
      ...(damage === undefined ? {} : { damaged: [basename(file)] }),
    }),
    close: async () => {
      const open = await ready.catch(() => undefined);
      await open?.backfill.close();
      await open?.writes.close();
      await (await opened.catch(() => undefined))?.store.close();
    },
  };
}

/** Of the versions that were known, the last recorded of those that hold at a moment in the world. */
async function validSlot(
  open: PlanDeps,
  known: readonly number[],
  moment: Moment,
): Promise<number | undefined> {
  const { versions } = open.memory;
  for (const slot of known.toReversed()) {
    const event = await open.store.event(versions.seqs[slot] as number);
    const { valid_from } = contentOf(event);
    const from = valid_from === undefined ? event.at : parseMoment(valid_from, "valid_from");
    if (countUntil([from], moment) === 1) return slot;
  }
  return undefined;
}

function laneOf(kind: string, subject: string): string {
  return `${kind}\n${subject}`;
}

/** One line, in one form of Unicode: what looks the same is the same. */
function cleanName(text: string): string {
  return text
    .toWellFormed()
    .normalize("NFC")
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
}

function requestKey(
  { caller }: Call,
  operation: string,
  input: { readonly idempotency_key?: string | undefined },
): RequestKey | undefined {
  const { idempotency_key, ...rest } = input;
  if (idempotency_key === undefined) return undefined;
  return {
    key: hashOfText([caller.id, operation, idempotency_key]),
    request: hashOfText(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function hashOfText(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

function reusedKey(): Fault {
  return new Fault(
    "conflict",
    "Idempotency-Key was used before with another request. Use a new one for each request.",
  );
}

/** Sixteen letters and digits. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`)
    .toString(36)
    .padStart(16, "0")
    .slice(-16);
}

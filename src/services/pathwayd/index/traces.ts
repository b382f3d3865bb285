// What is known of each trace besides its words: its versions, whether it was retired, and how it has done, each with the
// moment of recording, so that it can be told as of any moment. Outcomes are kept as running sums.

import { present } from "#lib/assert";
import type { EventHead } from "../store/events.ts";
import type { Moment } from "../moments.ts";
import type { Conversations, Turn } from "./conversations.ts";
import type { Indexed } from "./derived.ts";
import type { Versions } from "./versions.ts";

interface RunningSums {
  readonly at: Moment[];
  /** Of scores up to then. */
  readonly sum: number[];
}

export interface TraceState {
  readonly number: number;
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  /** By version, the first at 0. */
  readonly slots: number[];
  retired: { readonly at: Moment; readonly seq: number } | undefined;
  outcomes: RunningSums | undefined;
  merges: Moment[] | undefined;
  turn: Turn | undefined;
}

/** How a trace had done at a moment. */
export interface TrackRecord {
  readonly uses: number;
  /** The sum of scores, between 0 and `uses`. */
  readonly sum: number;
  readonly lastAt: Moment | undefined;
}

export class Traces {
  readonly all: TraceState[] = [];
  readonly #byId = new Map<string, TraceState>();
  readonly #versions: Versions;
  readonly #conversations: Conversations;
  retiredCount = 0;
  /** Another number after each event, and the latest moment of one. */
  revision = 0;
  lastAt: Moment = -Infinity;

  constructor(versions: Versions, conversations: Conversations) {
    this.#versions = versions;
    this.#conversations = conversations;
  }

  get(id: string): TraceState | undefined {
    return this.#byId.get(id);
  }

  ofSlot(slot: number): TraceState {
    return present(this.all[this.#versions.traces[slot] as number], "the trace of a version");
  }

  /** Takes in an event that is durable. `indexed` comes with versions. */
  apply(head: EventHead, indexed: Indexed | undefined): void {
    const { seq, at, event, score } = head;
    this.revision += 1;
    this.lastAt = Math.max(this.lastAt, at);
    const trace = this.#byId.get(head.traceId) ?? this.#begin(head, indexed);
    if (event === "add" || event === "update") {
      const last = trace.slots.at(-1);
      if (last !== undefined) this.#versions.supersede(last, at);
      const version = { seq, at, trace: trace.number, kind: trace.kind, subject: trace.subject };
      trace.slots.push(this.#versions.add(version, present(indexed, "what is indexed of a version")));
    }
    if (event === "retire") {
      trace.retired = { at, seq };
      this.retiredCount += 1;
    }
    if (event === "merge") (trace.merges ??= []).push(at);
    if (score !== null) {
      trace.outcomes ??= { at: [], sum: [] };
      trace.outcomes.sum.push((trace.outcomes.sum.at(-1) ?? 0) + score);
      trace.outcomes.at.push(at);
    }
  }

  #begin({ traceId, kind, subject }: EventHead, indexed: Indexed | undefined): TraceState {
    const trace: TraceState = {
      number: this.all.length,
      id: traceId,
      kind,
      subject,
      slots: [],
      retired: undefined,
      outcomes: undefined,
      merges: undefined,
      turn: undefined,
    };
    if (indexed?.conversation !== undefined)
      trace.turn = this.#conversations.add(indexed.conversation, indexed.place, trace.number);
    this.all.push(trace);
    this.#byId.set(traceId, trace);
    return trace;
  }
}

/** How many of ascending moments are not later than one. */
export function countUntil(moments: readonly Moment[], moment: Moment): number {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((moments[middle] as Moment) <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function recordAt({ outcomes }: TraceState, moment: Moment): TrackRecord {
  const uses = outcomes === undefined ? 0 : countUntil(outcomes.at, moment);
  return { uses, sum: outcomes?.sum[uses - 1] ?? 0, lastAt: outcomes?.at[uses - 1] };
}

export function isRetiredAt({ retired }: TraceState, moment: Moment): boolean {
  return retired !== undefined && retired.at <= moment;
}

/** The version's slot that held at a moment; undefined before the first. */
export function slotAt({ slots }: TraceState, versions: Versions, moment: Moment): number | undefined {
  return slots.findLast((slot) => (versions.from[slot] as Moment) <= moment);
}

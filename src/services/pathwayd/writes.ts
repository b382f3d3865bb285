// Writes come one after the other, many to a commit: a batch takes what waits, decides what each becomes, records all of it
// at once, and only then is any of it to be seen. Writes that may depend on each other (of one kind and subject, or with the
// same Idempotency-Key) go into different batches, so that each is decided over everything before it.

import { Fault } from "#rpc/fault";
import type { Moment, Timeline } from "./moments.ts";
import type { Indexed } from "./index/derived.ts";
import type { TraceEvent } from "./store/events.ts";
import type { Derived, TraceStore } from "./store/store.ts";

/** Of a batch: a commit of some milliseconds. */
const BATCH_MAX = 64;
/** Of those that wait, for each batch: thousands may be of one kind and subject. */
const LOOKED_AT_MAX = 256;
/** Writes that wait while the disk is slow; beyond it they are turned away rather than held in memory. */
const WAITING_MAX = 10_000;

export interface PlannedEvent {
  readonly event: Omit<TraceEvent, "seq">;
  /** Of an event that makes a version. */
  readonly indexed: Indexed | undefined;
  readonly stored: Derived;
}

/** What a write becomes: an event, or none where there is nothing to record, and the reply. */
export interface Plan<T> {
  readonly planned: PlannedEvent | undefined;
  /** Called when the event is recorded and applied. */
  readonly reply: () => T;
}

interface Waiting {
  readonly lanes: readonly string[];
  readonly plan: (at: Moment) => Promise<Plan<unknown>>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface WritesDeps {
  readonly store: TraceStore;
  readonly timeline: Timeline;
  readonly apply: (event: TraceEvent, indexed: Indexed | undefined) => void;
  /** Applies what the store has behind an event, and gives the last one. */
  readonly catchUp: (seq: number) => Promise<number>;
}

export class Writes {
  readonly #deps: WritesDeps;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #seq = 0;
  #isBehind = false;

  constructor(deps: WritesDeps) {
    this.#deps = deps;
  }

  /** Events up to `seq` are there. */
  reach(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
  }

  /** Resolves with the reply when the write is durable and to be seen. `lanes` name what it depends on. */
  write<T>(lanes: readonly string[], plan: (at: Moment) => Promise<Plan<T>>): Promise<T> {
    if (this.#waiting.length >= WAITING_MAX) {
      throw new Fault("unavailable", "Too many writes wait for the disk; try again in a moment.", {
        retryAfterMs: 500,
      });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ lanes, plan, resolve: resolve as (value: unknown) => void, reject });
      this.#writing ??= this.#run();
    });
  }

  /** Resolves when what was sent is written. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #run(): Promise<void> {
    // Calls of one turn of the event loop share the first batch already.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeBatch(this.#nextBatch());
    this.#writing = undefined;
  }

  #nextBatch(): Waiting[] {
    const taken = new Set<string>();
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    for (const waiting of this.#waiting.slice(0, LOOKED_AT_MAX)) {
      const isFree = batch.length < BATCH_MAX && !waiting.lanes.some((lane) => taken.has(lane));
      // What is left keeps its order: a later write of the same lane must not overtake it.
      for (const lane of waiting.lanes) taken.add(lane);
      (isFree ? batch : left).push(waiting);
    }
    this.#waiting.splice(0, LOOKED_AT_MAX, ...left);
    return batch;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const { store, timeline, apply } = this.#deps;
    const at = timeline.begin();
    try {
      if (this.#isBehind) this.#seq = await this.#deps.catchUp(this.#seq);
      this.#isBehind = false;
      const plans = await Promise.all(batch.map((waiting) => planned(waiting, at)));
      const records: { event: TraceEvent; indexed: Indexed | undefined; stored: Derived }[] = [];
      for (const plan of plans) {
        if (plan?.planned === undefined) continue;
        const { event, indexed, stored } = plan.planned;
        records.push({ event: { ...event, seq: this.#seq + records.length + 1 }, indexed, stored });
      }
      if (records.length > 0)
        await store.append(records.map(({ event, stored }) => ({ ...event, ...stored })));
      this.#seq += records.length;
      for (const { event, indexed } of records) apply(event, indexed);
      if (records.length > 0) timeline.reach(at);
      timeline.end();
      for (const [place, plan] of plans.entries())
        if (plan !== undefined) batch[place]?.resolve(plan.reply());
    } catch (error) {
      // A commit may have come to its end before the disk failed: then its events are there, acknowledged or not.
      this.#isBehind = true;
      timeline.end();
      for (const { reject } of batch) reject(error);
    }
  }
}

/** Undefined when the write was refused, which its caller has been told. */
async function planned({ plan, reject }: Waiting, at: Moment): Promise<Plan<unknown> | undefined> {
  try {
    return await plan(at);
  } catch (error) {
    reject(error);
    return undefined;
  }
}

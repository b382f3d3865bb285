// What a load counts: scenarios by class with their latencies and the checks that failed, calls by what they were with their
// statuses and faults, how late the generator was. Everything is numbers by a bounded set of names, and of failures only the
// first few are kept in words, so that a run of any length needs the same memory.

import type { WireCall, WireReply } from "../caller.ts";
import { createLatencies, type Latencies, type Latency } from "./latency.ts";

interface ClassCounts {
  done: number;
  failed: number;
  readonly latencies: Latencies;
  readonly failures: Map<string, number>;
}

interface CallCounts {
  sent: number;
  readonly latencies: Latencies;
  readonly statuses: Map<string, number>;
  readonly faults: Map<string, number>;
}

export interface FailureSample {
  readonly class: string;
  readonly check: string;
  readonly found: string;
}

export interface ClassFigures {
  readonly class: string;
  readonly done: number;
  readonly failed: number;
  readonly per_second: number;
  readonly latency: Latency;
  /** By the check that failed. */
  readonly failures: Readonly<Record<string, number>>;
}

export interface CallFigures {
  readonly call: string;
  readonly sent: number;
  /** From the request to the whole reply. */
  readonly latency: Latency;
  readonly statuses: Readonly<Record<string, number>>;
  /** By code, and `timeout` and `no_reply` where there was none. */
  readonly faults: Readonly<Record<string, number>>;
}

/** Enough to see what is wrong: of each check the first two, and ten in all. */
const SAMPLES_PER_CHECK_MAX = 2;
const SAMPLES_MAX = 10;
const SAMPLE_CHARS_MAX = 300;
/** More names than checks and faults there are; what comes then is counted as `other`. */
const NAMES_MAX = 100;

export class LoadTally {
  readonly #classes: ReadonlyMap<string, ClassCounts>;
  readonly #calls = new Map<string, CallCounts>();
  readonly #all = createLatencies();
  readonly #late = createLatencies();
  readonly samples: FailureSample[] = [];
  done = 0;
  failed = 0;
  calls = 0;

  constructor(classes: readonly string[]) {
    this.#classes = new Map(
      classes.map((name) => [
        name,
        { done: 0, failed: 0, latencies: createLatencies(), failures: new Map<string, number>() },
      ]),
    );
  }

  /** A client began, that much later than it could have. */
  late(ms: number): void {
    this.#late.record(ms);
  }

  call(call: WireCall, reply: WireReply): void {
    const name = call.label ?? `${call.method} ${call.path}`;
    const key = this.#calls.has(name) || this.#calls.size < NAMES_MAX ? name : "other";
    let counts = this.#calls.get(key);
    if (counts === undefined) {
      counts = { sent: 0, latencies: createLatencies(), statuses: new Map(), faults: new Map() };
      this.#calls.set(key, counts);
    }
    this.calls += 1;
    counts.sent += 1;
    counts.latencies.record(reply.ms);
    if (reply.status !== 0) count(counts.statuses, String(reply.status));
    if (reply.fault !== undefined) count(counts.faults, reply.fault);
  }

  /** A scenario ended as it should, that long after it was meant to start. */
  passed(name: string, ms: number): void {
    const counts = this.#classes.get(name);
    if (counts === undefined) return;
    counts.done += 1;
    this.done += 1;
    counts.latencies.record(ms);
    this.#all.record(ms);
  }

  fail(name: string, check: string, found: string): void {
    const counts = this.#classes.get(name);
    if (counts === undefined) return;
    counts.failed += 1;
    this.failed += 1;
    count(counts.failures, check);
    const known = this.samples.filter((sample) => sample.class === name && sample.check === check).length;
    if (this.samples.length < SAMPLES_MAX && known < SAMPLES_PER_CHECK_MAX)
      this.samples.push({ class: name, check, found: found.slice(0, SAMPLE_CHARS_MAX) });
  }

  latency(): Latency {
    return this.#all.summary();
  }

  lateness(): Latency {
    return this.#late.summary();
  }

  classFigures(seconds: number): ClassFigures[] {
    return [...this.#classes].map(([name, { done, failed, latencies, failures }]) => ({
      class: name,
      done,
      failed,
      per_second: perSecond(done, seconds),
      latency: latencies.summary(),
      failures: Object.fromEntries(failures),
    }));
  }

  callFigures(): CallFigures[] {
    return [...this.#calls].map(([call, { sent, latencies, statuses, faults }]) => ({
      call,
      sent,
      latency: latencies.summary(),
      statuses: Object.fromEntries(statuses),
      faults: Object.fromEntries(faults),
    }));
  }
}

export function perSecond(done: number, seconds: number): number {
  return seconds > 0 ? Math.round((done / seconds) * 100) / 100 : 0;
}

function count(counts: Map<string, number>, name: string): void {
  const key = counts.has(name) || counts.size < NAMES_MAX ? name : "other";
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

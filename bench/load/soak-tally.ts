// What became of the requests of a soak: how many, how long each took to answer, and every answer that should not
// have come, by the code of its fault. Latency is kept in a histogram, so that hours of requests take no room.

import { build } from "hdr-histogram-js";
import { z } from "zod";

/** Answers are counted in microseconds, up to ten minutes. */
const ANSWER_US_MAX = 600_000_000;

const faultBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export interface Unexpected {
  count: number;
  /** The first of them, as it was asked and answered. */
  readonly first: string;
}

export interface Tally {
  /** Sent so far; those that were given up are among them. */
  readonly requests: number;
  /** By visit and fault code. */
  readonly unexpected: ReadonlyMap<string, Unexpected>;
  sent(): void;
  answered(tookMs: number): void;
  surprised(visit: string, asked: string, code: string, detail: string): void;
  p99Ms(): number;
}

export function createTally(): Tally {
  const histogram = build({ highestTrackableValue: ANSWER_US_MAX, numberOfSignificantValueDigits: 3 });
  const unexpected = new Map<string, Unexpected>();
  let requests = 0;
  return {
    get requests() {
      return requests;
    },
    unexpected,
    sent: () => {
      requests += 1;
    },
    answered: (tookMs) => histogram.recordValue(Math.min(ANSWER_US_MAX, Math.round(tookMs * 1000))),
    surprised: (visit, asked, code, detail) => {
      const key = `${visit}: ${code}`;
      const known = unexpected.get(key);
      if (known === undefined) unexpected.set(key, { count: 1, first: `${asked} -> ${detail}` });
      else known.count += 1;
    },
    p99Ms: () => histogram.getValueAtPercentile(99) / 1000,
  };
}

/** The code of a fault's body, else the status. */
export function codeOf(status: number, text: string): string {
  try {
    return faultBody.parse(JSON.parse(text)).error.code;
  } catch {
    return `status ${status}`;
  }
}

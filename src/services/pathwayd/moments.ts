// Moments of recording, in microseconds since the epoch: finer than the clock, so that every batch of writes has a moment of
// its own and a past answer can be given again exactly. The timeline hands them out: no write gets a moment that was
// shown as the state of an answer before, and no answer is given as of a moment whose writes are still under way.

import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";

/** Microseconds since the Unix epoch, UTC; exact in a double until the year 2255. */
export type Moment = number;

const MICROS = 1000;
const RFC3339 = /^(.+T\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)$/i;

/** `2026-11-29T22:16:26.123001Z`. */
export function printMoment(moment: Moment): string {
  const millis = Math.floor(moment / MICROS);
  const micros = String(moment - millis * MICROS).padStart(3, "0");
  return new Date(millis).toISOString().replace("Z", `${micros}Z`);
}

/**
 * The last microsecond that a text of RFC 3339 names: one without a fraction names the whole second, one with three digits
 * the whole millisecond. Throws Fault `invalid` naming the field.
 */
export function parseMoment(text: string, field: string): Moment {
  const [, minute, second = "00", fraction = "", zone] = RFC3339.exec(text) ?? [];
  const whole = Date.parse(`${minute}:${second}${zone}`);
  if (Number.isNaN(whole)) throw new Fault("invalid", `${field}: ${text} is no moment of the calendar.`);
  return whole * MICROS + Number(fraction.slice(0, 6).padEnd(6, "9"));
}

/** The first microsecond that a text names. */
export function parseStart(text: string, field: string): Moment {
  const end = parseMoment(text, field);
  const [, , , fraction = ""] = RFC3339.exec(text) ?? [];
  return end - Number("9".repeat(Math.max(0, 6 - fraction.length)) || 0);
}

export class Timeline {
  readonly #clock: Clock;
  /** Of writes that are done. */
  #last: Moment = 0;
  #shown: Moment = 0;
  #writing: Moment | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What was recorded at `moment` is there. */
  reach(moment: Moment): void {
    this.#last = Math.max(this.#last, moment);
  }

  /** The state that can be answered from now, and stays what it is. */
  now(): Moment {
    const now = Math.max(this.#clock.now() * MICROS, this.#last, this.#shown);
    this.#shown = this.#writing === undefined ? now : Math.max(this.#shown, this.#writing - 1);
    return this.#shown;
  }

  /** The moment of a batch of writes; `end` is called when they are applied, or were given up. */
  begin(): Moment {
    this.#writing = Math.max(this.#clock.now() * MICROS, this.#last + 1, this.#shown + 1);
    return this.#writing;
  }

  end(): void {
    this.#writing = undefined;
  }
}

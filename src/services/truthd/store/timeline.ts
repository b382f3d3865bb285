// As of when an answer is. Whatever an answer is as of, nothing may be recorded at that time or before it afterwards, or
// the same question would have another answer later. While nothing is being written, an answer is as of now, and what is
// written next gets a later time. While something is, its time is not known yet, and answers are as of the last recording.

import type { Clock } from "#lib/clock";

export class Timeline {
  readonly #clock: Clock;
  /** The latest time that may be answered as of, microseconds since 1970. */
  #settledUs: number;
  #writing = 0;

  constructor(clock: Clock, lastRecordingUs: number) {
    this.#clock = clock;
    this.#settledUs = lastRecordingUs;
  }

  /** The time that an answer is as of: the one asked for, unless that is not settled yet. */
  asOf(wantedUs = Infinity): number {
    if (this.#writing === 0) this.#settledUs = Math.max(this.#settledUs, this.#clock.now() * 1000);
    return Math.min(wantedUs, this.#settledUs);
  }

  /** A write begins: what it records is recorded after the time that this gives. */
  begin(): number {
    const floorUs = this.asOf();
    this.#writing += 1;
    return floorUs;
  }

  /** Something was recorded, durably. */
  recorded(atUs: number): void {
    this.#settledUs = Math.max(this.#settledUs, atUs);
  }

  /** The write has ended, in whatever way. */
  end(): void {
    this.#writing -= 1;
  }
}

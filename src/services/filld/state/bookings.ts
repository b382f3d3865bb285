// Who is booked when. A place that is only held counts until its hold ends; a confirmed one always.

import type { SeatStatus } from "#contracts/fill";

export interface Booking {
  readonly workerId: string;
  readonly fillId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly status: SeatStatus;
  /** The end of the hold; infinite when the place is confirmed. */
  readonly untilMs: number;
}

export class Bookings {
  readonly #byWorker = new Map<string, Booking[]>();
  readonly #byFill = new Map<string, readonly Booking[]>();

  /** All bookings of a fill. */
  replace(fillId: string, bookings: readonly Booking[]): void {
    for (const { workerId } of this.#byFill.get(fillId) ?? []) {
      const kept = (this.#byWorker.get(workerId) ?? []).filter((one) => one.fillId !== fillId);
      if (kept.length === 0) this.#byWorker.delete(workerId);
      else this.#byWorker.set(workerId, kept);
    }
    for (const booking of bookings) {
      this.#byWorker.set(booking.workerId, [...(this.#byWorker.get(booking.workerId) ?? []), booking]);
    }
    if (bookings.length === 0) this.#byFill.delete(fillId);
    else this.#byFill.set(fillId, bookings);
  }

  /** The bookings of a person elsewhere that hold at `nowMs`. */
  of(workerId: string, exceptFillId: string, nowMs: number): Booking[] {
    const all = this.#byWorker.get(workerId) ?? [];
    return all.filter(({ fillId, untilMs }) => fillId !== exceptFillId && untilMs > nowMs);
  }

  /** The first that overlaps `[startMs, endMs)`. */
  conflict(
    workerId: string,
    exceptFillId: string,
    { startMs, endMs, nowMs }: { startMs: number; endMs: number; nowMs: number },
  ): Booking | undefined {
    return this.of(workerId, exceptFillId, nowMs).find(
      (booking) => booking.startMs < endMs && startMs < booking.endMs,
    );
  }
}

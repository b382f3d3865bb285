// What services, and the edge, report to observerd with: a function that takes an event and returns at once. Events wait in
// a queue of their own process; when observerd is down, hangs or is full, they are lost and counted, and nothing else happens.

import type { House } from "#contracts/house";
import { OBSERVED_BATCH_MAX, type Observe, type Observed } from "#contracts/observe";
import { createLossyQueue } from "#lib/lossy-queue";

/** Some seconds of a busy process. */
const EVENTS_MAX = 5000;
/** A tail is a quarter of a second behind. */
const DELAY_MS = 250;
/** An observerd that takes longer is as good as down. */
const SEND_MS_MAX = 2000;
const CLOSE_MS_MAX = 500;

export type Observer = Pick<House["observerd"], "recordBatch">;

export interface Observing {
  readonly observe: Observe;
  /** Sends what is left; short, because nobody waits for it. */
  close(): Promise<void>;
}

export function observing({ recordBatch }: Observer): Observing {
  const queue = createLossyQueue<{ readonly event: Observed; readonly atMs: number }>({
    send: (items, dropped) =>
      recordBatch(
        { events: items.map(({ event, atMs }) => ({ at: new Date(atMs).toISOString(), ...event })), dropped },
        { timeoutMs: SEND_MS_MAX },
      ),
    itemsMax: EVENTS_MAX,
    batchMax: OBSERVED_BATCH_MAX,
    delayMs: DELAY_MS,
  });
  return {
    observe: (event) => queue.offer({ event, atMs: Date.now() }),
    close: () => queue.close(CLOSE_MS_MAX),
  };
}

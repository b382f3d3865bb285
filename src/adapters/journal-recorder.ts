// Events for the journal from work that must not wait for it: they are queued in memory and sent in the background, in
// their order, many at once. What must be in the journal before a caller is answered is not recorded so but with
// `journald.record`: a queue in memory is lost with its process.
//
// The queue has an end. An event that finds it full, or that the journal refuses, is lost, counted, and told by `stats`;
// nothing is ever thrown at whoever records. An append whose reply did not come is sent again under its Idempotency-Key,
// so that it counts once.

import type { journal, NewEvent } from "#contracts/journal";
import type { QueueFigures } from "#lib/figures";
import type { Log } from "#lib/log";
import type { Service } from "#rpc/contract";
import { Fault, traceOf } from "#rpc/fault";

/** Events that wait: some seconds of a busy service, and a few megabytes. */
const QUEUE_MAX = 10_000;
/** What an append takes. */
const BATCH_MAX = 500;
/**
 * Between two appends: each is flushed to the disk, which costs as much for one event as for hundreds. The first after a quiet while
 * goes out at once.
 */
const GATHER_MS = 25;
/** Between tries while the journal cannot be reached. */
const RETRY_MS = 1000;
/** What stopping waits for the journal before it counts the rest as lost. */
const STOP_MS_MAX = 5000;

export interface RecorderStats {
  readonly queued: number;
  readonly recorded: number;
  /** Events that are in no journal: the queue was full, the journal refused them, or there was no time left at the end. */
  readonly lost: number;
}

export interface JournalRecorder {
  /** Never waits and never throws. The event must not be changed afterwards. */
  record(event: NewEvent): void;
  stats(): RecorderStats;
  readonly figures: QueueFigures;
  /** Sends what waits, for some seconds at most. Events that are recorded afterwards are lost. */
  stop(): Promise<void>;
}

export interface RecorderOptions {
  readonly journal: Pick<Service<typeof journal>, "record">;
  readonly log: Log;
  readonly queueMax?: number;
  readonly retryMs?: number;
  readonly gatherMs?: number;
  readonly stopMs?: number;
}

export function journalRecorder(options: RecorderOptions): JournalRecorder {
  const { journal, log, queueMax = QUEUE_MAX, retryMs = RETRY_MS, stopMs = STOP_MS_MAX } = options;
  const { gatherMs = GATHER_MS } = options;
  const queue: NewEvent[] = [];
  let recorded = 0;
  let lost = 0;
  let sending: Promise<void> | undefined;
  let stopAt = Infinity;
  let cutShort: (() => void) | undefined;
  let sentAt = -Infinity;

  const lose = (count: number, why: string, error?: unknown): void => {
    // One line until something is recorded again.
    if (lost === 0 || error !== undefined)
      log.warn("events for the journal are lost", {
        count,
        why,
        ...(error === undefined ? {} : traceOf(error)),
      });
    lost += count;
  };

  /** Until it is recorded, refused, or there is no time left. */
  const send = async (events: NewEvent[]): Promise<void> => {
    const idempotency_key = `recorder-${crypto.randomUUID()}`;
    for (;;) {
      try {
        await journal.record({ events, idempotency_key });
        recorded += events.length;
        return;
      } catch (error) {
        const mayPass = error instanceof Fault && error.retryable;
        if (!mayPass || performance.now() >= stopAt) return await refused(events, error, mayPass);
        await pause(retryMs);
      }
    }
  };

  /** One that is not valid takes no other with it. */
  const refused = async (events: NewEvent[], error: unknown, mayPass: boolean): Promise<void> => {
    if (mayPass || events.length === 1) return lose(events.length, "refused", error);
    for (const event of events) await send([event]);
  };

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        cutShort = undefined;
        resolve();
      };
      const timer = setTimeout(end, Math.max(0, Math.min(ms, stopAt - performance.now())));
      cutShort = end;
    });

  const sendAll = async (): Promise<void> => {
    // What is recorded in one turn of the event loop goes out together.
    await Promise.resolve();
    while (queue.length > 0) {
      const waitMs = sentAt + gatherMs - performance.now();
      if (waitMs > 0 && queue.length < BATCH_MAX && stopAt === Infinity) await pause(waitMs);
      await send(queue.splice(0, BATCH_MAX));
      sentAt = performance.now();
    }
    sending = undefined;
  };

  return {
    record: (event) => {
      if (stopAt !== Infinity || queue.length >= queueMax) {
        lose(1, stopAt === Infinity ? "the queue is full" : "the service stops");
        return;
      }
      queue.push(event);
      sending ??= sendAll();
    },
    stats: () => ({ queued: queue.length, recorded, lost }),
    get figures() {
      return { waiting: queue.length, waiting_max: queueMax };
    },
    stop: async () => {
      stopAt = performance.now() + stopMs;
      cutShort?.();
      await sending;
    },
  };
}

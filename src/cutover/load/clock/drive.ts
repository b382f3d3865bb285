// Lets clients do work as it falls due. Each client does one piece at a time; those that are free stand in a line, and the
// first of it waits for the next due moment. A piece learns when it was meant to start, and how late the generator itself
// was with it: the time from the moment at which it was due and a client was free until that client began.
//
// Always holds: at most `clients` pieces are under way, and a piece that was due is either begun or counted as not started.

import type { Arrivals } from "./arrivals.ts";
import type { LoadClock } from "./load-clock.ts";

export interface DueWork {
  /** Its number, from 0. */
  readonly turn: number;
  /** Which client does it, from 0. */
  readonly client: number;
  /** When it was meant to start. */
  readonly dueAt: number;
  /** Milliseconds by which the generator began it too late. */
  readonly lateMs: number;
}

export interface Drive {
  readonly arrivals: Arrivals;
  readonly clients: number;
  /** Clients begin one after the other over this time: callers do not all come in one millisecond. */
  readonly rampMs: number;
  readonly clock: LoadClock;
  /** After it nothing further begins; what is due by then and has no client is not started. */
  readonly giveUpAt: number;
  /** Ends the drive: nothing further begins. */
  readonly signal: AbortSignal;
  /** Must not reject: a failure is a result like another. */
  readonly work: (piece: DueWork) => Promise<void>;
}

/** Resolves with the number of pieces that were due and not started, once all that began have ended. */
export async function drive(plan: Drive): Promise<number> {
  const { arrivals, clients, rampMs, clock, giveUpAt, signal, work } = plan;
  const startAt = clock.now();
  let turn = 0;
  /** The end of the line of free clients: the next one begins to wait when this resolves. */
  let line: Promise<void> = Promise.resolve();

  const next = async (client: number): Promise<DueWork | null> => {
    const freeAt = clock.now();
    const before = line;
    const { promise, resolve: release } = Promise.withResolvers<void>();
    line = promise;
    await before;
    try {
      for (;;) {
        const now = clock.now();
        if (signal.aborted || now >= giveUpAt) return null;
        const dueAt = arrivals.take(now);
        if (dueAt !== null) {
          turn += 1;
          return { turn: turn - 1, client, dueAt, lateMs: now - Math.max(dueAt, freeAt) };
        }
        if (arrivals.ended(now) || arrivals.nextAt === null) return null;
        await clock.until(Math.min(arrivals.nextAt, giveUpAt), signal);
      }
    } finally {
      release();
    }
  };

  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      if (rampMs > 0 && client > 0) await clock.until(startAt + (rampMs * client) / clients, signal);
      for (let piece = await next(client); piece !== null; piece = await next(client)) await work(piece);
    }),
  );
  return signal.aborted ? 0 : arrivals.owed(clock.now());
}

// Holds the writes of a service for a moment, so that a backup sees all services at one point in time. While a hold lasts,
// calls that change anything wait, those of neighbours too, and reads go on; calls that were in flight end first. A call
// that is held has not been acknowledged, so whatever was acknowledged before another call began is on the same side
// of the point in time as that call, or before it.
//
// A hold ends by itself: a backup that dies in the middle must not stop a house.

import type { Contract, Handlers } from "#rpc/contract";

export interface WriteHold {
  /**
   * Holds writes for at most `holdMs`, and resolves when those in flight have ended: with false when some had not after
   * `drainMs`. Bodies that are still being received are not waited for: what they change, they change in one step.
   */
  hold(holdMs: number, drainMs: number): Promise<boolean>;
  /** Lets writes go on; false when the hold had ended by itself. */
  resume(): boolean;
  /** The handlers, those that write behind the hold. */
  around<C extends Contract>(contract: C, handlers: Handlers<C>): Handlers<C>;
}

/** How often calls in flight are looked at. */
const DRAIN_POLL_MS = 5;

type Handler = (input: unknown, call: unknown) => unknown;

export function createWriteHold(): WriteHold {
  let inFlight = 0;
  let held: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  const resume = (): boolean => {
    const ended = held !== undefined;
    held?.end();
    held = undefined;
    return ended;
  };

  const counted = async (handler: Handler, input: unknown, call: unknown): Promise<unknown> => {
    inFlight += 1;
    try {
      return await handler(input, call);
    } finally {
      inFlight -= 1;
    }
  };

  return {
    hold: async (holdMs, drainMs) => {
      resume();
      const { promise, resolve } = Promise.withResolvers<void>();
      const limit = setTimeout(resume, holdMs);
      held = {
        over: promise,
        end: () => {
          clearTimeout(limit);
          resolve();
        },
      };
      const until = performance.now() + drainMs;
      const isDrained = (): boolean => inFlight === 0;
      while (!isDrained() && performance.now() < until) await Bun.sleep(DRAIN_POLL_MS);
      return isDrained();
    },
    resume,
    around: (contract, handlers) => {
      const guarded: Record<string, unknown> = { ...handlers };
      for (const [name, { scope, reply, body, unheld }] of Object.entries(contract)) {
        const handler = guarded[name] as Handler | undefined;
        if (scope === "read" || reply === "events" || unheld === true || handler === undefined) continue;
        const run: Handler = body === "raw" ? handler : (input, call) => counted(handler, input, call);
        guarded[name] = (input: unknown, call: unknown): unknown =>
          held === undefined ? run(input, call) : held.over.then(() => run(input, call));
      }
      return guarded as typeof handlers;
    },
  };
}

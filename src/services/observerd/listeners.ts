// Those who follow events as they come. Each has a queue with an end: one that reads too slowly is told how many it missed,
// and nobody waits for it.

import type { ObservedEvent } from "#contracts/observe";
import { onAbort } from "#lib/abort";
import { Fault } from "#rpc/fault";
import { type EventFilter, matches } from "./log/listing.ts";

const LISTENERS_MAX = 64;
const WAITING_MAX = 1000;

export type TailStep =
  | { readonly event: "begin"; readonly after: number }
  | (ObservedEvent & { readonly event: "observed" })
  | { readonly event: "missed"; readonly count: number };

interface Listener {
  readonly filter: EventFilter;
  readonly waiting: ObservedEvent[];
  missed: number;
  wake: () => void;
}

export class Listeners {
  readonly #all = new Set<Listener>();

  get count(): number {
    return this.#all.size;
  }

  add(event: ObservedEvent): void {
    for (const listener of this.#all) {
      if (!matches(listener.filter, event)) continue;
      if (listener.waiting.length < WAITING_MAX) listener.waiting.push(event);
      else listener.missed += 1;
      listener.wake();
    }
  }

  /** Listens until the signal fires. The first step is sent at once, so that whoever follows knows that it listens. */
  async *follow(filter: EventFilter, lastSeq: number, signal: AbortSignal): AsyncGenerator<TailStep> {
    if (this.#all.size >= LISTENERS_MAX) {
      throw new Fault(
        "rate_limited",
        `${LISTENERS_MAX} listeners follow the events already. Close one first.`,
      );
    }
    const listener: Listener = { filter, waiting: [], missed: 0, wake: () => undefined };
    this.#all.add(listener);
    const forget = onAbort(signal, () => listener.wake());
    try {
      yield { event: "begin", after: lastSeq };
      while (!signal.aborted) {
        const event = listener.waiting.shift();
        if (event !== undefined) yield { event: "observed", ...event };
        else if (listener.missed > 0) {
          const count = listener.missed;
          listener.missed = 0;
          yield { event: "missed", count };
        } else await new Promise<void>((resolve) => (listener.wake = resolve));
      }
    } finally {
      forget();
      this.#all.delete(listener);
    }
  }
}

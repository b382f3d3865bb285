// Fills as they change, for those who watch. A reader that falls behind is cut off and comes again: nothing is kept for it.

import type { Fill } from "#contracts/fill";
import { onAbort } from "#lib/abort";
import { Fault } from "#rpc/fault";
import type { FillEvent } from "./state/events.ts";
import type { Ledger } from "./state/ledger.ts";
import { viewOf } from "./state/view.ts";

/** Events that wait for one reader. */
const WAITING_MAX = 1000;

export interface WireEvent {
  seq: number;
  id: string;
  type: string;
  at: string;
  actor?: string;
  version: number;
  data: Record<string, unknown>;
}

export function wireEvent({ seq, id, type, at, actor, data }: FillEvent): WireEvent {
  const { version = 0, ...rest } = data as { version?: number };
  return { seq, id, type, at, ...(actor === undefined ? {} : { actor }), version, data: rest };
}

/** The events of a fill behind `after`, and each further one; none is missing and none comes twice. */
export async function* followFill(
  ledger: Ledger,
  fillId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<WireEvent> {
  const live = listen(ledger, signal, (event) => (event.fillId === fillId ? event.seq : undefined));
  try {
    const events = await ledger.eventsOf(fillId);
    let last = after;
    for (const event of events) {
      if (event.seq <= last) continue;
      last = event.seq;
      yield wireEvent(event);
    }
    for await (const event of live.events()) {
      if (event.seq <= last) continue;
      last = event.seq;
      yield wireEvent(event);
    }
  } finally {
    live.stop();
  }
}

/** Each fill as it is after a change; changes that come faster than they are read are one. */
export async function* followBoard(
  ledger: Ledger,
  client: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Fill> {
  const live = listen(ledger, signal, ({ fillId }) => fillId);
  try {
    for await (const { fillId } of live.events()) {
      const fill = ledger.board.fills.get(fillId);
      if (fill === undefined || (client !== undefined && fill.order.client_id !== client)) continue;
      yield viewOf(fill);
    }
  } finally {
    live.stop();
  }
}

/**
 * Listens from the call on, also before the first event is taken. Of events with the same key the last one waits; those
 * without a key are not meant.
 */
function listen(
  ledger: Ledger,
  signal: AbortSignal,
  keyOf: (event: FillEvent) => string | number | undefined,
): { events(): AsyncGenerator<FillEvent>; stop(): void } {
  const waiting = new Map<string | number, FillEvent>();
  let overrun = false;
  let wake = Promise.withResolvers<void>();
  const stopListening = ledger.listen((event) => {
    const key = keyOf(event);
    if (key === undefined) return;
    if (waiting.has(key) || waiting.size < WAITING_MAX) waiting.set(key, event);
    else overrun = true;
    wake.resolve();
  });
  const removeAbort = onAbort(signal, () => wake.resolve());
  return {
    events: async function* () {
      while (!signal.aborted) {
        for (const [key, event] of waiting) {
          waiting.delete(key);
          yield event;
        }
        if (overrun) throw new Fault("unavailable", "Changes came faster than they were read. Follow again.");
        wake = Promise.withResolvers<void>();
        if (waiting.size === 0 && !overrun && !signal.aborted) await wake.promise;
      }
    },
    stop: () => {
      stopListening();
      removeAbort();
    },
  };
}

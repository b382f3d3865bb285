// Fills as they change, for those who watch. A reader that falls behind is cut off and comes again: nothing is kept for it.

import type { Fill } from "#contracts/fill";
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

/** The events of a fill so far, and each further one; none is missing and none comes twice. */
export async function* followFill(
  ledger: Ledger,
  fillId: string,
  signal: AbortSignal,
): AsyncGenerator<WireEvent> {
  const live = listen(ledger, signal, (event) => event.fillId === fillId);
  try {
    let last = 0;
    for (const event of await ledger.eventsOf(fillId)) {
      last = event.seq;
      yield wireEvent(event);
    }
    for await (const event of live.events()) if (event.seq > last) yield wireEvent(event);
  } finally {
    live.stop();
  }
}

/** Each fill as it is after a change. */
export async function* followBoard(
  ledger: Ledger,
  client: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Fill> {
  const live = listen(ledger, signal, () => true);
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

/** Listens from the call on, also before the first event is taken. */
function listen(
  ledger: Ledger,
  signal: AbortSignal,
  fits: (event: FillEvent) => boolean,
): { events(): AsyncGenerator<FillEvent>; stop(): void } {
  const waiting: FillEvent[] = [];
  let overrun = false;
  let wake = Promise.withResolvers<void>();
  const silence = ledger.listen((event) => {
    if (!fits(event)) return;
    if (waiting.length < WAITING_MAX) waiting.push(event);
    else overrun = true;
    wake.resolve();
  });
  const abort = (): void => wake.resolve();
  signal.addEventListener("abort", abort);
  return {
    events: async function* () {
      while (!signal.aborted) {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield next;
        if (overrun) throw new Fault("unavailable", "Changes came faster than they were read. Follow again.");
        wake = Promise.withResolvers<void>();
        if (waiting.length === 0 && !signal.aborted) await wake.promise;
      }
    },
    stop: () => {
      silence();
      signal.removeEventListener("abort", abort);
    },
  };
}

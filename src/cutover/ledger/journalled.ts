// The ledger's changes as events of the journal, each once: an event has the id of its entry, so that whichever process
// sees a change first may record it, and one that starts later may record all of them again.

import type { journal, NewEvent } from "#contracts/journal";
import { onAbort } from "#lib/abort";
import type { Log } from "#lib/log";
import type { Service } from "#rpc/contract";
import { traceOf } from "#rpc/fault";
import { dualEvent } from "../dual/dual-settings.ts";
import { recordingEvents } from "../record/recordings.ts";
import type { Entry, Ledger } from "./ledger.ts";

/** An append takes 1,000. */
const BATCH_MAX = 500;
/** Between tries while the journal cannot be reached. */
const RETRY_MS = 2000;

export function eventOf(entry: Entry): NewEvent {
  const { id, route, tenant, state, percent, shadow, until, actor, reason, at } = entry;
  return {
    id,
    type: "cutover.flipped",
    subject: route,
    actor,
    at,
    data: {
      to: state,
      reason,
      ...(tenant === undefined ? {} : { tenant }),
      ...(percent === undefined ? {} : { percent }),
      ...(shadow === undefined ? {} : { shadow }),
      ...(until === undefined ? {} : { until }),
    },
  };
}

export interface JournalledLedger {
  /** Records what is new; until the journal has it, it is tried again. */
  changed(after: Ledger): void;
  /** Events that are not in the journal yet. */
  waiting(): number;
}

export function journalledLedger(
  { record }: Pick<Service<typeof journal>, "record">,
  log: Log,
  signal: AbortSignal,
): JournalledLedger {
  const recorded = new Set<string>();
  let events: readonly NewEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  /** Said once for as long as the journal does not take them. */
  let isTold = false;

  const due = (): readonly NewEvent[] => events.filter(({ id }) => !recorded.has(id ?? ""));
  const recordDue = async (): Promise<void> => {
    for (;;) {
      const batch = due().slice(0, BATCH_MAX);
      if (batch.length === 0 || signal.aborted) return;
      await record({ events: batch });
      for (const { id } of batch) recorded.add(id ?? "");
    }
  };
  const start = (): void => {
    if (running || signal.aborted) return;
    running = true;
    recordDue()
      .then(() => {
        isTold = false;
      })
      .catch((error: unknown) => {
        if (!isTold) {
          log.warn("changes of the cutover ledger are not in the journal yet", {
            count: due().length,
            ...traceOf(error),
          });
        }
        isTold = true;
        timer = setTimeout(start, RETRY_MS);
        timer.unref();
      })
      .finally(() => {
        running = false;
      });
  };
  onAbort(signal, () => clearTimeout(timer));
  return {
    changed: (after) => {
      events = [
        ...after.entries.map(eventOf),
        ...(after.recordings ?? []).flatMap(recordingEvents),
        ...(after.dual_writes ?? []).map(dualEvent),
      ];
      start();
    },
    waiting: () => due().length,
  };
}

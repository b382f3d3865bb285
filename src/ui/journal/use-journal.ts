// The newest events that fit a filter, live, and as many older ones as were asked for.

import { useCallback, useMemo, useState } from "react";
import type { JournalEvent } from "#contracts/journal";
import { journald } from "../wire/client.ts";
import { useFollow } from "../wire/follow.ts";
import { JOURNAL_STREAMS } from "../wire/operations.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { type Loaded, useLoaded } from "../wire/use-loaded.ts";
import { olderThan } from "./older.ts";

export interface JournalFilter {
  readonly type?: string;
  readonly subject?: string;
}

/** What a screen begins with. */
const NEWEST = 200;
/** A page that is open for a day keeps these; older ones are read again when they are asked for. */
const KEPT_MAX = 5000;

export interface JournalView {
  readonly loaded: Loaded<JournalEvent[]>;
  /** The newest first. */
  readonly events: readonly JournalEvent[];
  readonly live: boolean;
  /** Whether there may be older ones. */
  readonly more: boolean;
  readonly older: () => Promise<void>;
  readonly fault: WireFault | undefined;
}

export function useJournal(filter: JournalFilter): JournalView {
  const key = JSON.stringify(filter);
  const loaded = useLoaded(`journal ${key}`, async () => {
    const { events } = await journald.events({ ...filter, last: NEWEST, limit: NEWEST });
    return events;
  });
  const [added, setAdded] = useState<{ key: string; events: readonly JournalEvent[]; from?: number }>({
    key,
    events: [],
  });
  const [fault, setFault] = useState<WireFault>();
  const add = useCallback(
    (events: readonly JournalEvent[], from?: number) =>
      setAdded((before) => {
        const kept = before.key === key ? before : { key, events: [] };
        const start = from ?? kept.from;
        return {
          key,
          events: [...kept.events, ...events].slice(-KEPT_MAX),
          ...(start === undefined ? {} : { from: start }),
        };
      }),
    [key],
  );
  const live = useFollow(
    JOURNAL_STREAMS.tail,
    { ...filter },
    {
      onOpen: loaded.refresh,
      onEvent: (received) => add([received as JournalEvent]),
    },
  );
  const own = added.key === key ? added : undefined;
  const events = useMemo(() => {
    const bySeq = new Map(
      [...(loaded.data ?? []), ...(own?.events ?? [])].map((event) => [event.seq, event]),
    );
    return [...bySeq.values()].sort((a, b) => b.seq - a.seq);
  }, [loaded.data, own]);
  const first = own?.from ?? events.at(-1)?.seq ?? 1;
  const older = async (): Promise<void> => {
    setFault(undefined);
    try {
      const unfiltered = filter.type === undefined && filter.subject === undefined;
      const found = await olderThan(first, unfiltered, (range) => journald.events({ ...filter, ...range }));
      add(found.events, found.from);
    } catch (thrown) {
      setFault(toWireFault(thrown));
    }
  };
  const more = first > 1 && (loaded.data?.length ?? 0) >= NEWEST;
  return { loaded, events, live, more, older, fault };
}

// One fill as the page works on it: its state, its ranking, its events, and the writes. A write that meets a newer version
// loses nothing: what the other person changed is told, and the same write can be sent again on top of it.

import { useRef, useState } from "react";
import type { Fill, fills, Shortlist } from "#contracts/fill";
import type { OutputOf } from "#rpc/contract";
import { filld } from "../wire/client.ts";
import { useFollow } from "../wire/follow.ts";
import { STREAMS } from "../wire/operations.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { type Loaded, useLoaded } from "../wire/use-loaded.ts";
import { takeOver } from "./opened-fill.ts";

export type FillEvent = OutputOf<typeof fills.history>["events"][number];

export interface Refused {
  /** What was tried, in words. */
  readonly what: string;
  readonly fault: WireFault;
  /** Somebody else changed the fill since the version that was seen. */
  readonly unseen: boolean;
  /** What others did since the version that was seen; empty where the refusal had another cause. */
  readonly meanwhile: readonly FillEvent[];
  readonly again: () => void;
}

export interface FillWork {
  readonly fill: Loaded<Fill>;
  readonly list: Loaded<Shortlist>;
  readonly events: readonly FillEvent[];
  readonly live: boolean;
  /** The write that is under way, in words. */
  readonly busy: string | undefined;
  readonly refused: Refused | undefined;
  /** What somebody else did while this page was open. */
  readonly news: readonly FillEvent[];
  readonly dismiss: () => void;
  /** Gives whether it was done. */
  readonly write: (
    what: string,
    send: (version: number) => Promise<Fill | (Fill & Shortlist)>,
  ) => Promise<boolean>;
  /** This page drafted these messages, beside `write`, and the order has this version since. */
  readonly drafted: (version: number, messageIds: readonly string[]) => void;
  /** Ranks before the last ranking, by person, for what moved. */
  readonly ranksBefore: ReadonlyMap<string, number>;
}

/** As many as one reads on a screen before correcting the order instead. */
export const PEOPLE_SHOWN = 50;

export function useFill(fillId: string): FillWork {
  const [opened] = useState(() => takeOver(fillId));
  const fill = useLoaded<Fill>(`fill ${fillId}`, () => filld.state({ fill_id: fillId }), opened?.fill);
  const list = useLoaded<Shortlist>(
    `shortlist ${fillId}`,
    () => filld.shortlist({ fill_id: fillId, k: PEOPLE_SHOWN }),
    opened?.list,
  );
  const [events, setEvents] = useState<readonly FillEvent[]>([]);
  const [busy, setBusy] = useState<string>();
  const [refused, setRefused] = useState<Refused>();
  const [news, setNews] = useState<readonly FillEvent[]>([]);
  const [ranksBefore, setRanksBefore] = useState<ReadonlyMap<string, number>>(new Map());
  const version = useRef(0);
  version.current = Math.max(version.current, fill.data?.version ?? 0);
  const writing = useRef(false);
  /** Of the events that came. */
  const newest = useRef(0);
  const live = useFollow(
    STREAMS.fillEvents,
    { fill_id: fillId },
    {
      onOpen: () => setEvents([]),
      onEvent: (received) => {
        const event = received as FillEvent;
        setEvents((before) => [...before, event]);
        newest.current = Math.max(newest.current, event.version);
        // The ranking learns a moment after an outcome was recorded.
        if (event.type === "fill.learnt" && version.current > 0) list.refresh();
        if (version.current === 0 || event.version <= version.current || writing.current) return;
        setNews((before) => [...before, event]);
        fill.refresh();
        list.refresh();
      },
    },
  );

  const write: FillWork["write"] = async (what, send) => {
    const seen = version.current;
    setBusy(what);
    setRefused(undefined);
    writing.current = true;
    try {
      const changed = await send(seen);
      setRanksBefore(ranksOf(list.data));
      version.current = changed.version;
      const {
        shortlist,
        excluded = [],
        order_findings = [],
        unchecked = [],
        ...state
      } = changed as Fill & Partial<Shortlist>;
      fill.take(state);
      if (shortlist === undefined) {
        list.refresh();
      } else list.take({ shortlist, excluded, order_findings, unchecked });
      setNews([]);
      return true;
    } catch (thrown) {
      const fault = toWireFault(thrown);
      const unseen = fault.code === "conflict" && fault.details.some(({ path }) => path === "current");
      const meanwhile = unseen ? await eventsSince(fillId, seen) : [];
      // They are told, and what is done next is done on top of them.
      version.current = Math.max(version.current, ...meanwhile.map((event) => event.version));
      if (unseen) fill.refresh();
      if (fault.code === "conflict") list.refresh();
      setRefused({ what, fault, unseen, meanwhile, again: () => void write(what, send) });
      return false;
    } finally {
      writing.current = false;
      setBusy(undefined);
      // Somebody else wrote while this was under way.
      if (newest.current > version.current) fill.refresh();
    }
  };

  const drafted: FillWork["drafted"] = (made, messageIds) => {
    version.current = Math.max(version.current, made);
    // Their events may have come before the reply: they are no news.
    setNews((before) => before.filter(({ data }) => !messageIds.includes(String(data["message_id"]))));
    fill.refresh();
  };
  const dismiss = (): void => {
    setRefused(undefined);
    setNews([]);
  };
  return { fill, list, events, live, busy, refused, news, dismiss, write, drafted, ranksBefore };
}

async function eventsSince(fillId: string, version: number): Promise<readonly FillEvent[]> {
  try {
    const { events } = await filld.history({ fill_id: fillId });
    return events.filter((event) => event.version > version);
  } catch {
    // The conflict itself is told in any case, without who did what.
    return [];
  }
}

function ranksOf(list: Shortlist | undefined): ReadonlyMap<string, number> {
  return new Map((list?.shortlist ?? []).map(({ worker_id, rank }) => [worker_id, rank]));
}

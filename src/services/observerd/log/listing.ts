// Events by sequence number and filter, from memory and, where they are older, from segments. What is no longer there is
// counted: a list is never silently shorter than what happened.

import { EVENT_LEVELS, type ObservedEvent } from "#contracts/observe";
import type { EventLog } from "./event-log.ts";
import type { Segments } from "./segments.ts";

export interface EventFilter {
  readonly source?: string | undefined;
  readonly kind?: string | undefined;
  readonly subject?: string | undefined;
  /** This one and those above it. */
  readonly level?: ObservedEvent["level"] | undefined;
}

export interface EventPage {
  readonly events: readonly ObservedEvent[];
  readonly next_after: number;
  readonly missing: number;
}

/** Segments that are read for one page: 16 MiB. */
const SEGMENTS_MAX = 4;

export function matches({ source, kind, subject, level }: EventFilter, event: ObservedEvent): boolean {
  return (
    (source === undefined || event.source === source) &&
    (kind === undefined || event.kind === kind) &&
    (subject === undefined || event.subject === subject) &&
    (level === undefined || EVENT_LEVELS.indexOf(event.level) >= EVENT_LEVELS.indexOf(level))
  );
}

/** Oldest first, after a number. */
export async function eventsAfter(
  log: EventLog,
  segments: Segments,
  filter: EventFilter,
  after: number,
  limit: number,
): Promise<EventPage> {
  const found: ObservedEvent[] = [];
  const end = log.lastSeq;
  let place = after;
  let missing = 0;
  const look = (events: readonly ObservedEvent[]): boolean => {
    for (const event of events) {
      if (event.seq <= place) continue;
      missing += event.seq - place - 1;
      place = event.seq;
      if (matches(filter, event)) found.push(event);
      if (found.length === limit) return true;
    }
    return false;
  };
  const page = (): EventPage => ({ events: found, next_after: place, missing });

  if (after < (log.recent()[0]?.seq ?? end + 1) - 1) {
    const { firsts } = segments;
    const begin = Math.max(
      0,
      firsts.findLastIndex((first) => first <= after + 1),
    );
    const some = firsts.slice(begin, begin + SEGMENTS_MAX);
    for (const first of some) if (look(await segments.read(first))) return page();
    if (begin + SEGMENTS_MAX < firsts.length) return page();
  }
  if (look(log.recent())) return page();
  // Behind the last one that is left, some may have been lost.
  missing += Math.max(0, end - place);
  place = Math.max(place, end);
  return page();
}

/** The newest, oldest first. What is missing is counted from the oldest one that is given, or that was looked for. */
export async function newestEvents(
  log: EventLog,
  segments: Segments,
  filter: EventFilter,
  limit: number,
): Promise<EventPage> {
  const end = log.lastSeq;
  const looked = [...log.recent()].reverse();
  /** Newest first. */
  const found = looked.filter((event) => matches(filter, event)).slice(0, limit);
  let before = looked.at(-1)?.seq ?? end + 1;
  for (const first of segments.firsts.toReversed().slice(0, SEGMENTS_MAX)) {
    if (found.length >= limit) break;
    const older = (await segments.read(first)).filter((event) => event.seq < before).reverse();
    looked.push(...older);
    found.push(...older.filter((event) => matches(filter, event)).slice(0, limit - found.length));
    before = Math.min(before, first);
  }
  const from = found.length >= limit ? (found.at(-1)?.seq ?? before) : before;
  const there = looked.filter(({ seq }) => seq >= from && seq <= end).length;
  return { events: found.reverse(), next_after: end, missing: Math.max(0, end - from + 1 - there) };
}

/** Numbers that were given out since the oldest segment began, and whose events are no longer there. */
export async function missingEvents(log: EventLog, segments: Segments): Promise<number> {
  const end = log.lastSeq;
  const [oldest] = segments.firsts;
  const inMemory = log.recent().filter(({ seq }) => seq <= end);
  const from = Math.min(oldest ?? end + 1, inMemory[0]?.seq ?? end + 1);
  let before = inMemory[0]?.seq ?? end + 1;
  let there = inMemory.length;
  for (const first of segments.firsts.toReversed()) {
    there += (await segments.read(first)).filter(({ seq }) => seq < before && seq <= end).length;
    before = Math.min(before, first);
  }
  return Math.max(0, end - from + 1 - there);
}

// Reading events: a page of those that are asked for, one by its id, and those that come, for as long as somebody listens.
// By type or subject the indexes of the segments say where to look; else events are read in their order. A page costs what
// it examines, and that has a limit: one may hold fewer events than were asked for, and a cursor to go on from.

import type { JournalEvent } from "#contracts/journal";
import { timeSlicer } from "#lib/event-loop";
import { type KeyKind, keyHash } from "./events/keys.ts";
import { decodeRecord } from "./events/chained-event.ts";
import type { Journal } from "./journal.ts";

/** Some 100 ms of reading. */
const EXAMINED_MAX = 20_000;
/** What a listener that is behind gets in one go. */
const FOLLOWED_AT_ONCE = 500;

export interface Which {
  readonly type?: string | undefined;
  readonly subject?: string | undefined;
  /** A sequence number, included. */
  readonly untilSeq?: number | undefined;
  /** Milliseconds since 1970: events that did not happen later. */
  readonly untilMs?: number | undefined;
}

/** What a request asks for: its `until` is a sequence number, as text where it came in a query, or a time. */
export function whichOf({
  type,
  subject,
  until,
}: {
  readonly type?: string | undefined;
  readonly subject?: string | undefined;
  readonly until?: number | string | undefined;
}): Which {
  if (until === undefined) return { type, subject };
  if (/^\d+$/.test(String(until))) return { type, subject, untilSeq: Number(until) };
  return { type, subject, untilMs: Date.parse(String(until)) };
}

export interface Page {
  readonly events: readonly JournalEvent[];
  /** The last event that was looked at. */
  readonly examined: number;
  /** Whether there are events behind it that may be meant. */
  readonly more: boolean;
}

export async function readPage(journal: Journal, which: Which, after: number, limit: number): Promise<Page> {
  const last = lastOf(journal, which);
  const events: JournalEvent[] = [];
  let examined = after;
  let count = 0;
  for await (const { seq, event } of candidates(journal, which, after, last)) {
    examined = seq;
    count += 1;
    if (event !== undefined && isMeant(event, which)) events.push(event);
    if (events.length === limit || count === EXAMINED_MAX) return { events, examined, more: examined < last };
  }
  return { events, examined: Math.max(after, last), more: false };
}

/** The number behind which so many of the newest events lie that are asked for; what is examined for it has a limit. */
export async function beforeLast(journal: Journal, which: Which, count: number): Promise<number> {
  const { segments } = journal;
  const last = lastOf(journal, which);
  const key = keyOf(which);
  if (key === undefined || count === 0) return Math.max(0, last - count);
  let [found, examined] = [0, 0];
  for await (const seq of segments.findBackwards(key, last)) {
    const event = decodeRecord(await segments.record(seq))?.event;
    if (event !== undefined && isMeant(event, which)) found += 1;
    examined += 1;
    if (found === count || examined === EXAMINED_MAX) return seq - 1;
  }
  return 0;
}

/** All events that are asked for, some hundred at a time. */
export async function* readAll(
  journal: Journal,
  which: Which,
  after: number,
): AsyncGenerator<readonly JournalEvent[]> {
  for (let page: Page = { events: [], examined: after, more: true }; page.more;) {
    page = await readPage(journal, which, page.examined, FOLLOWED_AT_ONCE);
    yield page.events;
  }
}

/** Events as they are recorded, until the signal fires or the journal is closed. `refuse` throws when it is damaged. */
export async function* follow(
  journal: Journal,
  which: Which,
  after: number,
  { signal, refuse }: { readonly signal: AbortSignal; readonly refuse: () => void },
): AsyncGenerator<JournalEvent> {
  let seq = after;
  while (!signal.aborted && !journal.isClosed) {
    refuse();
    const page = await readPage(journal, which, seq, FOLLOWED_AT_ONCE);
    yield* page.events;
    seq = page.examined;
    if (!page.more) await journal.waitFor(seq, signal);
  }
}

export async function eventById(journal: Journal, id: string): Promise<JournalEvent | undefined> {
  const { segments, end } = journal;
  for await (const seq of segments.find(keyHash("id", id), 0, end.seq)) {
    const event = decodeRecord(await segments.record(seq))?.event;
    if (event?.id === id) return event;
  }
  return undefined;
}

function lastOf({ end }: Journal, { untilSeq = Infinity }: Which): number {
  return Math.min(untilSeq, end.seq);
}

function isMeant(event: JournalEvent, { type, subject, untilMs = Infinity }: Which): boolean {
  return (
    (type === undefined || event.type === type) &&
    (subject === undefined || event.subject === subject) &&
    Date.parse(event.at) <= untilMs
  );
}

interface Candidate {
  readonly seq: number;
  /** Undefined where a repair could not bring it back. */
  readonly event: JournalEvent | undefined;
}

async function* candidates(
  { segments }: Journal,
  which: Which,
  after: number,
  last: number,
): AsyncGenerator<Candidate> {
  const key = keyOf(which);
  const sliced = timeSlicer();
  const rested = async (): Promise<void> => {
    const rest = sliced();
    if (rest !== null) await rest;
  };
  if (key === undefined) {
    for await (const records of segments.records(after, last)) {
      for (const { seq, record } of records) {
        yield { seq, event: decodeRecord(record)?.event };
        await rested();
      }
    }
    return;
  }
  for await (const seq of segments.find(key, after, last)) {
    yield { seq, event: decodeRecord(await segments.record(seq))?.event };
    await rested();
  }
}

/** A subject has fewer events than a type. */
function keyOf({ type, subject }: Which): number | undefined {
  const [kind, value]: [KeyKind, string | undefined] =
    subject === undefined ? ["type", type] : ["subject", subject];
  return value === undefined ? undefined : keyHash(kind, value);
}

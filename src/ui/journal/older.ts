// Events before those that are shown. The journal is read forwards, so what is older is looked for in stretches before the
// first that is there, until some are found or the beginning is reached.

import type { JournalEvent } from "#contracts/journal";

/** What a page of the journal examines at most. */
export const STRETCH = 20_000;
/** Stretches of one click: a filter that nothing fits must not read a journal of millions. */
const STRETCHES_MAX = 10;
const PAGE = 1000;

export interface Older {
  readonly events: readonly JournalEvent[];
  /** Everything from this number on was looked at; 1 is the beginning. */
  readonly from: number;
}

/** Reads events `after` a number, excluded, up to `until`, included. */
export type ReadStretch = (range: {
  after: number;
  until: number;
  limit: number;
  cursor?: string;
}) => Promise<{ readonly events: readonly JournalEvent[]; readonly next_cursor?: string | undefined }>;

/** The newest of the events before `before`: at least one, where one is within reach. `unfiltered` pages need no search. */
export async function olderThan(before: number, unfiltered: boolean, read: ReadStretch): Promise<Older> {
  const size = unfiltered ? PAGE : STRETCH;
  let until = before - 1;
  for (let stretch = 0; stretch < STRETCHES_MAX && until >= 1; stretch += 1) {
    const after = Math.max(0, until - size);
    const events: JournalEvent[] = [];
    let cursor: string | undefined;
    do {
      const page = await read({ after, until, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      events.push(...page.events);
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    if (events.length > 0) return { events, from: after + 1 };
    until = after;
  }
  return { events: [], from: until + 1 };
}

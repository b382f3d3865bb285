// What the house recorded of one request: its events, looked for from the newest backwards. Ids grow at the end as a request is
// passed on (`…~1i`), so one that begins with the id belongs to it.

import type { ObservedEvent } from "#contracts/observe";

/** What one request of the list gives at most. */
const PAGE = 1000;
/** As far back as one search looks: what is older is found by the command line. */
const PAGES_MAX = 20;

export type ReadEvents = (range: {
  readonly after?: number;
  readonly limit: number;
}) => Promise<{ readonly events: readonly ObservedEvent[] }>;

export interface RequestLog {
  readonly events: readonly ObservedEvent[];
  /** Events that were looked at, and whether there are older ones that were not. */
  readonly searched: number;
  readonly more: boolean;
}

export async function eventsOfRequest(id: string, read: ReadEvents): Promise<RequestLog> {
  const found: ObservedEvent[] = [];
  let page = await read({ limit: PAGE });
  let searched = 0;
  for (let pages = 1; ; pages += 1) {
    searched += page.events.length;
    found.unshift(...page.events.filter((event) => isOf(id, event)));
    const first = page.events[0]?.seq ?? 1;
    if (page.events.length === 0 || first <= 1) return { events: found, searched, more: false };
    if (found.length > 0 || pages >= PAGES_MAX) return { events: found, searched, more: true };
    const after = Math.max(0, first - 1 - PAGE);
    // The stretch before this page, which ends where this page begins.
    const { events } = await read({ after, limit: Math.min(PAGE, first - 1 - after) });
    page = { events: events.filter(({ seq }) => seq < first) };
  }
}

/** The id as a person copied it, whole or its beginning. */
function isOf(id: string, { data }: ObservedEvent): boolean {
  const own = data["request_id"];
  return typeof own === "string" && own.startsWith(id);
}

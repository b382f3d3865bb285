// The life of one subject as its events tell it: days, and within a day what came how long after what.

import type { JournalEvent } from "#contracts/journal";

export interface Day {
  /** The day as the reader's own clock has it. */
  readonly day: string;
  readonly moments: readonly Moment[];
}

export interface Moment {
  readonly event: JournalEvent;
  /** Since the event before, where it is worth saying. */
  readonly after: string | undefined;
  /** The number of the event that this one follows from, where it is one of these. */
  readonly because: number | undefined;
}

const MINUTE_MS = 60_000;

/** Events in the order of the journal; `dayOf` gives the day of a time. */
export function lifeOf(events: readonly JournalEvent[], dayOf: (iso: string) => string): readonly Day[] {
  const seqs = new Map(events.map(({ id, seq }) => [id, seq]));
  const days: { day: string; moments: Moment[] }[] = [];
  let before: JournalEvent | undefined;
  for (const event of events) {
    const day = dayOf(event.at);
    if (days.at(-1)?.day !== day) days.push({ day, moments: [] });
    const gapMs = before === undefined ? 0 : Date.parse(event.at) - Date.parse(before.at);
    days.at(-1)?.moments.push({
      event,
      after: gapMs < MINUTE_MS ? undefined : duration(gapMs),
      because: event.causation_id === undefined ? undefined : seqs.get(event.causation_id),
    });
    before = event;
  }
  return days;
}

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [MINUTE_MS, "minute"],
  [1000, "second"],
];

/** "3 hours", in the largest unit of which there are two; "0 seconds" below one. */
export function duration(ms: number): string {
  const [size, name] = UNITS.find(([unit]) => ms >= 2 * unit) ?? [1000, "second"];
  const count = Math.round(ms / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

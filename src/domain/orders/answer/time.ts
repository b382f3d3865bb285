// When an order is: its first and last day, the moment it starts, its hours, weekdays and the name of its shift.

import {
  calendarDay,
  type CalendarDay,
  clockText,
  daysAfter,
  isBefore,
  minutesIn,
  momentText,
  shiftBetween,
  todayIn,
} from "../grammar/calendar.ts";
import type { Claim, Day, Of } from "../grammar/claim.ts";
import type { OrderSlots } from "../order-reading.ts";

type TimeSlots = Pick<OrderSlots, "start" | "end" | "shift" | "shift_name" | "days">;

export interface TimeAnswer {
  readonly slots: TimeSlots;
  readonly used: ReadonlySet<Claim>;
}

interface When {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly timezone: string | undefined;
  /** Where shifts run round the clock, "11-7" is a night. */
  readonly roundTheClock: boolean;
}

const DAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/** From eleven to seven where shifts run round the clock. */
const NIGHT_HOUR = 11 * 60;

export function timeOf(claims: readonly Claim[], { now, timezone, roundTheClock }: When): TimeAnswer {
  const used = new Set<Claim>();
  const use = <C extends Claim>(claim: C | undefined): C | undefined => {
    if (claim !== undefined) used.add(claim);
    return claim;
  };
  const today = todayIn(now, timezone);
  const dayOn = (day: Day | undefined): CalendarDay | undefined =>
    day === undefined ? undefined : calendarDay(day, today);
  const weekdays = use(firstOf(claims, "weekdays"));
  const shift = use(firstOf(claims, "shift"));
  const name = shift?.value.name ?? (isWeekend(weekdays) ? "weekend" : undefined);
  const hours = use(firstOf(claims, "hours"));
  const night = name === "night" || name === "3rd" || (roundTheClock && isNightStart(hours));
  const range = hours && shiftBetween(hours.value.from, hours.value.to, night);
  const clock = claims.find((claim): claim is Of<"clock"> => claim.kind === "clock");
  let from: CalendarDay | undefined;
  let until: CalendarDay | undefined;
  for (const claim of claims) {
    if (claim.kind !== "day" || claim.value.corrects === true || claim.value.lasts !== undefined) continue;
    const start = dayOn(claim.value.from);
    const end = lastDay(claim.value.until, start, today);
    // What is over is no order.
    if (start !== undefined && (from !== undefined || isBefore(start, daysAfter(today, -1)))) {
      // A second day behind "to" or "until" is the last one; any other is left unread.
      continue;
    }
    if (end !== undefined && until !== undefined) continue;
    from ??= start;
    until ??= end;
    used.add(claim);
  }
  const moved = claims.find(
    (claim): claim is Of<"day"> => claim.kind === "day" && claim.value.corrects === true,
  );
  const other = dayOn(moved?.value.from);
  if (moved !== undefined && other !== undefined) {
    used.add(moved);
    from = other;
  }
  from ??= dayOn(weekdays?.value.from);
  const lasting = claims.find(
    (claim): claim is Of<"day"> => claim.kind === "day" && claim.value.lasts !== undefined,
  );
  if (from !== undefined && until === undefined && lasting?.value.lasts !== undefined) {
    used.add(lasting);
    until = daysAfter(from, lasting.value.lasts - 1);
  }
  const minutes = range?.from ?? clock?.value.minutes;
  if (clock !== undefined && range === undefined) used.add(clock);
  // A time without a day is the next such time.
  if (from === undefined && clock !== undefined && range === undefined && weekdays === undefined)
    from = clock.value.minutes > minutesIn(now, timezone) ? today : daysAfter(today, 1);
  const slots: TimeSlots = {
    ...(from !== undefined && { start: momentText(from, minutes, timezone) }),
    ...(until !== undefined && { end: momentText(until, undefined, undefined) }),
    ...(range !== undefined && { shift: `${clockText(range.from)}-${clockText(range.to)}` }),
    ...(name !== undefined && { shift_name: name }),
    ...(weekdays !== undefined && { days: weekdays.value.days.map((day) => DAY_NAMES[day] ?? "") }),
  };
  return { slots, used };
}

/** The last day is the first such day that is not before the start. */
function lastDay(
  until: Day | undefined,
  start: CalendarDay | undefined,
  today: CalendarDay,
): CalendarDay | undefined {
  if (until === undefined) return undefined;
  const base = start === undefined ? today : daysAfter(start, -1);
  const found = calendarDay(until, until.kind === "weekday" || until.kind === "date" ? base : today);
  return found === undefined || (start !== undefined && isBefore(found, start)) ? undefined : found;
}

function firstOf<K extends "weekdays" | "shift" | "hours">(
  claims: readonly Claim[],
  kind: K,
): Of<K> | undefined {
  return claims.find((claim) => claim.kind === kind) as Of<K> | undefined;
}

function isWeekend(weekdays: Of<"weekdays"> | undefined): boolean {
  const days = weekdays?.value.days ?? [];
  return days.length === 2 && days.includes(0) && days.includes(6);
}

function isNightStart(hours: Of<"hours"> | undefined): boolean {
  return (
    hours !== undefined &&
    !hours.value.from.sure &&
    !hours.value.to.sure &&
    hours.value.from.minutes === NIGHT_HOUR
  );
}

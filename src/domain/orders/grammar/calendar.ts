// Days and hours as orders say them, worked out from a clock that the caller gives: which day "next Friday" is, what
// moment "Monday 6am" is in a time zone, which hours "7-330" are.

import type { Clock, Day } from "./claim.ts";

export interface CalendarDay {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

export function isDate(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/**
 * The day that is meant, seen from today. A date without a year is the next such day, a weekday the next one after
 * today; "next Friday" is the Friday of the week after this one, and weeks begin on Monday.
 */
export function calendarDay(day: Day, today: CalendarDay): CalendarDay | undefined {
  switch (day.kind) {
    case "ahead":
      return daysAfter(today, day.days);
    case "months ahead":
      return monthsAfter(today, day.months);
    case "weekday": {
      const ahead = (day.weekday - weekdayOf(today) + 7) % 7 || 7;
      const leftInWeek = (7 - weekdayOf(today)) % 7;
      const first = day.next === true && ahead <= leftInWeek ? ahead + 7 : ahead;
      return daysAfter(today, first + 7 * (day.weeks ?? 0));
    }
    case "week": {
      const monday = (8 - weekdayOf(today)) % 7 || 7;
      return daysAfter(today, day.ahead === 0 ? 0 : monday + 7 * (day.ahead - 1));
    }
    case "weekend": {
      const weekday = weekdayOf(today);
      // On a Sunday "this weekend" has begun.
      const saturday = weekday === 0 ? -1 : 6 - weekday;
      return daysAfter(today, (saturday < 0 && day.ahead === 0 ? 0 : saturday) + 7 * day.ahead);
    }
    case "month":
      return daysAfter({ year: today.year, month: today.month + day.ahead, day: 1 }, 0);
    case "month end":
      return daysAfter({ year: today.year, month: today.month + 1, day: 1 }, -1);
    case "week end":
      return daysAfter(today, ((5 - weekdayOf(today) + 7) % 7) + 7 * day.ahead);
    case "easter":
      return [today.year, today.year + 1]
        .map((year) => daysAfter(easterOf(year), day.plus))
        .find((date) => !isBefore(date, today));
    case "shifted": {
      // The day beside a holiday may be to come though the holiday is over.
      const found = calendarDay(day.day, daysAfter(today, -Math.max(day.days, 0)));
      return found === undefined ? undefined : daysAfter(found, day.days);
    }
    case "day of month":
      return dayOfMonth(day.day, today);
    case "nth weekday":
      return [today.year, today.year + 1]
        .map((year) => nthWeekday(year, day))
        .find((date) => !isBefore(date, today));
    case "date":
      break;
  }
  return day.year === undefined ? nextDate(day, today) : { year: day.year, month: day.month, day: day.day };
}

/** The same day of a later month, or its last one where that month is shorter. */
function monthsAfter({ year, month, day }: CalendarDay, months: number): CalendarDay {
  const first = daysAfter({ year, month: month + months, day: 1 }, 0);
  const last = daysAfter({ year: first.year, month: first.month + 1, day: 1 }, -1);
  return { ...first, day: Math.min(day, last.day) };
}

function nextDate(
  { month, day }: { readonly month: number; readonly day: number },
  today: CalendarDay,
): CalendarDay | undefined {
  // A leap day may be up to eight years off.
  for (let year = today.year; year <= today.year + 8; year++) {
    if (isDate(year, month, day) && !isBefore({ year, month, day }, today)) return { year, month, day };
  }
  return undefined;
}

function dayOfMonth(day: number, today: CalendarDay): CalendarDay | undefined {
  for (let ahead = 0; ahead <= 2; ahead++) {
    const { year, month } = daysAfter({ year: today.year, month: today.month + ahead, day: 1 }, 0);
    if (isDate(year, month, day) && !isBefore({ year, month, day }, today)) return { year, month, day };
  }
  return undefined;
}

function nthWeekday(
  year: number,
  { month, weekday, nth, plus = 0 }: { month: number; weekday: number; nth: number; plus?: number },
): CalendarDay {
  const first = { year, month, day: 1 };
  const offset = (weekday - weekdayOf(first) + 7) % 7;
  const day = 1 + offset + 7 * (nth - 1);
  return daysAfter({ year, month, day: isDate(year, month, day) ? day : day - 7 }, plus);
}

/** Easter Sunday of the Gregorian calendar, by the anonymous computus of Meeus, Jones and Butcher. */
function easterOf(year: number): CalendarDay {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const inCentury = year % 100;
  const leaps = Math.floor(century / 4);
  const skipped = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3);
  const epact = (19 * golden + century - leaps - skipped + 15) % 30;
  const shift = (32 + 2 * (century % 4) + 2 * Math.floor(inCentury / 4) - epact - (inCentury % 4)) % 7;
  const late = Math.floor((golden + 11 * epact + 22 * shift) / 451);
  const days = epact + shift - 7 * late + 114;
  return { year, month: Math.floor(days / 31), day: (days % 31) + 1 };
}

export function isBefore(left: CalendarDay, right: CalendarDay): boolean {
  return left.year !== right.year
    ? left.year < right.year
    : left.month !== right.month
      ? left.month < right.month
      : left.day < right.day;
}

/** 0 is Sunday. */
export function weekdayOf({ year, month, day }: CalendarDay): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay();
}

export function daysAfter(from: CalendarDay, days: number): CalendarDay {
  const date = new Date(Date.UTC(from.year, from.month - 1, from.day + days));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** Today in a time zone, in UTC when none is known. */
export function todayIn(now: number, timezone: string | undefined): CalendarDay {
  const local = new Date(timezone === undefined ? now : now + offsetMinutes(now, timezone) * 60_000);
  return { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() };
}

/** Minutes after midnight, now, in a time zone. */
export function minutesIn(now: number, timezone: string | undefined): number {
  const local = new Date(timezone === undefined ? now : now + offsetMinutes(now, timezone) * 60_000);
  return local.getUTCHours() * 60 + local.getUTCMinutes();
}

/**
 * RFC 3339: without a time of day the date alone ("2027-04-01"); with one, the offset of the zone on that day, or
 * "-00:00", which that format has for an unknown local offset.
 */
export function momentText(
  date: CalendarDay,
  minutes: number | undefined,
  timezone: string | undefined,
): string {
  const text = `${String(date.year).padStart(4, "0")}-${two(date.month)}-${two(date.day)}`;
  if (minutes === undefined) return text;
  const clock = `${text}T${clockText(minutes)}:00`;
  if (timezone === undefined) return `${clock}-00:00`;
  const local = Date.parse(`${clock}Z`);
  // The offset may change between the first guess and the moment itself, on two days of the year.
  const guess = offsetMinutes(local, timezone);
  const offset = offsetMinutes(local - guess * 60_000, timezone);
  const size = Math.abs(offset);
  return `${clock}${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** "06:00". */
export function clockText(minutes: number): string {
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

const DAY = 1440;
/** Shifts are not shorter or longer than that when nothing but two bare numbers says so. Minutes. */
const BARE_SHIFT_MIN = 180;
const BARE_SHIFT_MAX = 840;

/**
 * Hours from one clock to another in minutes after midnight, undefined where they make no shift. Of an hour without a
 * half of the day, the one that makes the shorter shift is meant; of two, those that make a working day: from five in
 * the morning to four in the afternoon, at night when `night` says so.
 */
export function shiftBetween(
  from: Clock,
  to: Clock,
  night: boolean,
): { from: number; to: number } | undefined {
  if (from.sure && to.sure) {
    // "10:00-06:00" is no shift of twenty hours.
    const long = lengthOf(from.minutes, to.minutes) > BARE_SHIFT_MAX;
    return long && to.minutes < 720 && from.minutes < 720
      ? { from: from.minutes, to: to.minutes + 720 }
      : { from: from.minutes, to: to.minutes };
  }
  if (to.sure) return { from: nearer(from.minutes, (one) => lengthOf(one, to.minutes)), to: to.minutes };
  if (from.sure) return { from: from.minutes, to: nearer(to.minutes, (one) => lengthOf(from.minutes, one)) };
  const start = startOfBare(from.minutes, night);
  const end = nearer(to.minutes, (one) => lengthOf(start, one));
  const length = lengthOf(start, end);
  return length < BARE_SHIFT_MIN || length > BARE_SHIFT_MAX ? undefined : { from: start, to: end };
}

function lengthOf(from: number, to: number): number {
  return (to - from + DAY) % DAY || DAY;
}

function nearer(minutes: number, length: (minutes: number) => number): number {
  const morning = minutes % 720;
  const evening = morning + 720;
  return length(morning) <= length(evening) ? morning : evening;
}

function startOfBare(minutes: number, night: boolean): number {
  const morning = minutes % 720;
  if (night) return morning >= 300 ? morning + 720 : morning;
  return morning >= 300 ? morning : morning + 720;
}

/** Zones in use are a few dozen; a formatter costs some 50 us to make and is kept. */
const FORMATTERS = new Map<string, Intl.DateTimeFormat>();
const FORMATTERS_MAX = 500;

/** Offsets by zone and quarter of an hour, at which they all change: a few moments are asked for again and again. */
const OFFSETS = new Map<string, number>();
const OFFSETS_MAX = 2000;
const QUARTER_MS = 900_000;

/** Minutes to add to UTC to get the local time of the zone at a moment. */
function offsetMinutes(utcMs: number, timezone: string): number {
  const key = `${timezone} ${Math.floor(utcMs / QUARTER_MS)}`;
  const before = OFFSETS.get(key);
  if (before !== undefined) return before;
  const offset = formattedOffset(utcMs, timezone);
  if (OFFSETS.size >= OFFSETS_MAX) OFFSETS.clear();
  OFFSETS.set(key, offset);
  return offset;
}

function formattedOffset(utcMs: number, timezone: string): number {
  let formatter = FORMATTERS.get(timezone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat("en-US", { timeZone: timezone, timeZoneName: "longOffset" });
    if (FORMATTERS.size < FORMATTERS_MAX) FORMATTERS.set(timezone, formatter);
  }
  const name = formatter.formatToParts(utcMs).find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  const size = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === "-" ? -size : size;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

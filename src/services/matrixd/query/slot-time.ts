// When an order starts and which hours it asks for, as coordinators type it: "Monday 6am", "Apr 1", "4/1", "tomorrow
// 5p-1a", "06:00-14:00". Readers find a mention and its place in the text; what it means in time zones and calendars
// is worked out apart, from a clock that the caller gives.

/** A piece of text that said something, end exclusive. */
export interface Found<T> {
  readonly value: T;
  readonly start: number;
  readonly end: number;
}

/** Minutes after midnight. A shift that ends at or before its start ends on the next day. */
export interface Shift {
  readonly from: number;
  readonly to: number;
}

export type Day =
  | { readonly kind: "date"; readonly year: number | undefined; readonly month: number; readonly day: number }
  | { readonly kind: "weekday"; readonly weekday: number; readonly next: boolean }
  | { readonly kind: "ahead"; readonly days: number };

interface CalendarDay {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

const CLOCK = String.raw`(\d{1,2})(?::([0-5]\d))?(?:\s?([ap])(?:\.?m)?\b\.?)?`;
const RANGE = new RegExp(
  String.raw`(?<![\d$./:-])${CLOCK}\s?(?:-|–|—|to|til|till|until)\s?${CLOCK}(?![\d/%-]|\.\d)`,
  "gi",
);
const MILITARY =
  /(?<![\d$./:-])([01]\d|2[0-3])(00|15|30|45)\s?(?:-|–|to)\s?([01]\d|2[0-4])(00|15|30|45)(?![\d/-])/g;
const MOMENT =
  /(?<![\d$./:-])(?:(\d{1,2})(?::([0-5]\d))?\s?([ap])\.?m?\b|([01]?\d|2[0-3]):([0-5]\d)(?!\d))/gi;
const NOON = /\b(noon|midnight)\b/i;

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTH = String.raw`(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`;
const YEAR = String.raw`(?:,?\s?((?:19|20)\d\d)\b)?`;
const ISO_DATE = /(?<!\d)((?:19|20)\d\d)-(\d{1,2})-(\d{1,2})(?!\d)/;
const SLASH_DATE = /(?<![\d$./-])(\d{1,2})\/(\d{1,2})(?:\/((?:19|20)?\d\d))?(?![\d/]|\s?(?:hr|hour))/g;
const MONTH_DAY = new RegExp(String.raw`\b${MONTH}\.?\s?(\d{1,2})(?:st|nd|rd|th)?(?![\d:])${YEAR}`, "i");
const DAY_MONTH = new RegExp(
  String.raw`(?<![\d$./:-])(\d{1,2})(?:st|nd|rd|th)?\s(?:of\s)?${MONTH}\b\.?${YEAR}`,
  "i",
);
const WEEKDAY =
  /\b(?:(next|this|on)\s)?(mon(?:day)?|tues?(?:day)?|wed(?:nesday)?|thu(?:rs?)?(?:day)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)s?\b(?!\s(?:harbor|valley|city|prairie|lakes))/i;
const AHEAD = /\b(day after tomorrow|tomorrow|tmrw|tonight|today)\b/i;

/** A range of hours: both ends with a clock ("06:00-14:00", "5p-1a", "7-3:30pm", "0600-1400"). */
export function findShift(text: string): Found<Shift> | undefined {
  for (const match of text.matchAll(RANGE)) {
    const [whole, fromHour = "", fromMinute, fromHalf, toHour = "", toMinute, toHalf] = match;
    // Two bare numbers are a range of anything: one side at least must look like a clock.
    const clocklike =
      fromHalf ?? toHalf ?? (fromMinute !== undefined && toMinute !== undefined ? ":" : undefined);
    if (clocklike === undefined) continue;
    const to = minutesOf(toHour, toMinute, toHalf);
    const from = minutesOf(fromHour, fromMinute, fromHalf ?? impliedHalf(fromHour, toHour, toHalf));
    if (from === undefined || to === undefined) continue;
    return found({ from, to }, match.index, whole.trimEnd());
  }
  const [military] = text.matchAll(MILITARY);
  if (military === undefined) return undefined;
  const [whole, fromHour, fromMinute, toHour, toMinute] = military;
  const value = {
    from: Number(fromHour) * 60 + Number(fromMinute),
    to: (Number(toHour) * 60 + Number(toMinute)) % 1440,
  };
  return found(value, military.index, whole);
}

/** One time of day in minutes after midnight: "6am", "14:30", "noon". */
export function findMoment(text: string): Found<number> | undefined {
  for (const match of text.matchAll(MOMENT)) {
    const [whole, hour, minute, half, plainHour, plainMinute] = match;
    const value = minutesOf(hour ?? plainHour ?? "", minute ?? plainMinute, half);
    if (value !== undefined) return found(value, match.index, whole);
  }
  const word = NOON.exec(text);
  return word === null ? undefined : found(word[0].toLowerCase() === "noon" ? 720 : 0, word.index, word[0]);
}

/** The first day that the text names, in whatever way. */
export function findDay(text: string): Found<Day> | undefined {
  const iso = ISO_DATE.exec(text);
  if (iso !== null) return dateFound(iso, iso[1], Number(iso[2]), Number(iso[3]));
  const named = MONTH_DAY.exec(text);
  if (named !== null) return dateFound(named, named[3], monthOf(named[1]), Number(named[2]));
  const turned = DAY_MONTH.exec(text);
  if (turned !== null) return dateFound(turned, turned[3], monthOf(turned[2]), Number(turned[1]));
  // "24/7" is no date; the next one may be.
  for (const slashed of text.matchAll(SLASH_DATE)) {
    const year = slashed[3]?.length === 2 ? `20${slashed[3]}` : slashed[3];
    const date = dateFound(slashed, year, Number(slashed[1]), Number(slashed[2]));
    if (date !== undefined) return date;
  }
  const ahead = AHEAD.exec(text);
  if (ahead !== null) {
    const word = ahead[0].toLowerCase();
    const days = word.startsWith("day after") ? 2 : word === "today" || word === "tonight" ? 0 : 1;
    return found({ kind: "ahead", days }, ahead.index, ahead[0]);
  }
  const weekday = WEEKDAY.exec(text);
  if (weekday === null) return undefined;
  const index = WEEKDAYS.indexOf((weekday[2] ?? "").slice(0, 3).toLowerCase());
  return found(
    { kind: "weekday", weekday: index, next: weekday[1]?.toLowerCase() === "next" },
    weekday.index,
    weekday[0],
  );
}

/**
 * The start in RFC 3339. Without a time of day the date alone ("2027-04-01", a full-date); with one, the offset of the
 * zone on that day, or "-00:00", which that format has for an unknown local offset. A date without a year is the
 * next such day, a weekday the next after today; "next Friday" is the Friday of the week after this one.
 */
export function startOf(
  day: Day,
  minutes: number | undefined,
  now: number,
  timezone: string | undefined,
): string | undefined {
  const date = calendarDay(day, today(now, timezone));
  if (date === undefined) return undefined;
  const text = `${String(date.year).padStart(4, "0")}-${two(date.month)}-${two(date.day)}`;
  if (minutes === undefined) return text;
  const clock = `${text}T${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:00`;
  if (timezone === undefined) return `${clock}-00:00`;
  const local = Date.parse(`${clock}Z`);
  // The offset may change between the first guess and the moment itself, on two days of the year.
  const guess = offsetMinutes(local, timezone);
  const offset = offsetMinutes(local - guess * 60_000, timezone);
  const size = Math.abs(offset);
  return `${clock}${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** "06:00-14:00". */
export function shiftText({ from, to }: Shift): string {
  const clock = (minutes: number): string => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return `${clock(from)}-${clock(to)}`;
}

function found<T>(value: T, start: number, whole: string): Found<T> {
  return { value, start, end: start + whole.length };
}

function dateFound(
  match: RegExpExecArray,
  year: string | undefined,
  month: number,
  day: number,
): Found<Day> | undefined {
  const known = year === undefined ? undefined : Number(year);
  // 29 February must be right for a year that is not given yet.
  return isDate(known ?? 2028, month, day)
    ? found({ kind: "date", year: known, month, day }, match.index, match[0])
    : undefined;
}

function isDate(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function monthOf(name: string | undefined): number {
  return MONTHS.indexOf((name ?? "").slice(0, 3).toLowerCase()) + 1;
}

function minutesOf(hour: string, minute: string | undefined, half: string | undefined): number | undefined {
  const hours = Number(hour);
  const minutes = Number(minute ?? 0);
  if (half === undefined)
    return hours < 24 ? hours * 60 + minutes : hours === 24 && minutes === 0 ? 0 : undefined;
  if (hours < 1 || hours > 12) return undefined;
  return ((hours % 12) + (half.toLowerCase() === "p" ? 12 : 0)) * 60 + minutes;
}

/** "7-3pm" is from seven in the morning, "1-5pm" from one in the afternoon: the shorter way round. */
function impliedHalf(fromHour: string, toHour: string, toHalf: string | undefined): string | undefined {
  const from = Number(fromHour);
  if (toHalf === undefined || from > 12) return undefined;
  const sameHalf = from % 12 < Number(toHour) % 12;
  const afternoon = toHalf.toLowerCase() === "p";
  return sameHalf === afternoon ? "p" : "a";
}

function calendarDay(day: Day, now: CalendarDay): CalendarDay | undefined {
  if (day.kind === "ahead") return daysAfter(now, day.days);
  if (day.kind === "weekday") {
    const today = new Date(Date.UTC(now.year, now.month - 1, now.day)).getUTCDay();
    const ahead = (day.weekday - today + 7) % 7 || 7;
    // Weeks begin on Monday: what is ahead of Sunday's end is in this week still.
    const leftInWeek = (7 - today) % 7;
    return daysAfter(now, day.next && ahead <= leftInWeek ? ahead + 7 : ahead);
  }
  if (day.year !== undefined) return { year: day.year, month: day.month, day: day.day };
  // A leap day may be up to eight years off.
  for (let year = now.year; year <= now.year + 8; year++) {
    const later = year > now.year || day.month > now.month || (day.month === now.month && day.day >= now.day);
    if (later && isDate(year, day.month, day.day)) return { year, month: day.month, day: day.day };
  }
  return undefined;
}

function daysAfter(from: CalendarDay, days: number): CalendarDay {
  const date = new Date(Date.UTC(from.year, from.month - 1, from.day + days));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

function today(now: number, timezone: string | undefined): CalendarDay {
  const local = new Date(timezone === undefined ? now : now + offsetMinutes(now, timezone) * 60_000);
  return { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() };
}

/** Zones in use are a few dozen; a formatter costs some 50 us to make and is kept. */
const FORMATTERS = new Map<string, Intl.DateTimeFormat>();
const FORMATTERS_MAX = 500;

/** Minutes to add to UTC to get the local time of the zone at a moment. */
function offsetMinutes(utcMs: number, timezone: string): number {
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

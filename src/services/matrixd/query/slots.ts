// What an order says besides its role: how many, where, when, which hours, what pay, from one line as coordinators
// type it ("Need 3 forklift operators in Springfield, IL Monday 6am"). Each reader takes its stretch of the text out
// of the way of the next, so that the 6 of "6am" is never a headcount. What is not said is left out; nothing is guessed
// but the most populous of several cities of one name, and the answer says so.

import { findPlace, type Places } from "./slot-place.ts";
import { findDay, findMoment, findShift, shiftText, startOf } from "./slot-time.ts";

export interface Slots {
  readonly headcount?: number;
  readonly city?: string;
  /** The text names a city of several states, and no state; this is the most populous. */
  readonly city_ambiguous?: true;
  /** Two-letter postal code. */
  readonly state?: string;
  /** Degrees north and east; with the time zone only for a city that the gazetteer has. */
  readonly lat?: number;
  readonly lon?: number;
  /** IANA zone name. */
  readonly timezone?: string;
  /** RFC 3339: a date when no time is said, "-00:00" when the zone is not known (see `startOf`). */
  readonly start?: string;
  /** Local hours, "06:00-14:00"; "17:00-01:00" ends on the next day. */
  readonly shift?: string;
  /** US dollars an hour; of a range the lower. */
  readonly pay?: number;
}

export interface SlotContext {
  /** Milliseconds since the epoch: what "tomorrow" and "Monday" are counted from. */
  readonly now: number;
  readonly places: Places;
}

export interface Order {
  readonly slots: Slots;
  /** The text without what the slots took: the role and the words around it. */
  readonly rest: string;
}

/** An order is a line or two: what stands beyond is not read. */
const TEXT_LENGTH_MAX = 4096;

const HEADCOUNT_MAX = 9999;

const HOURLY =
  /(?:\$\s?|@\s?\$?)?(?<![\d.])(\d{1,4}(?:\.\d{1,2})?)(?:\s?(?:-|–|to)\s?\$?\d{1,4}(?:\.\d{1,2})?)?\s?(?:usd|dollars|bucks)?\s?(?:\/|per|an?)\s?(?:hr|hour|h)\b/i;
const DOLLARS =
  /\$\s?(\d{1,6}(?:,\d{3})?(?:\.\d{1,2})?)(?!\d)(\s?k\b)?(?:\s?(?:-|–|to)\s?\$?\d{1,6}(?:\.\d{1,2})?)?(?:\s?(?:\/|per|an?)\s?(day|wk|week|mo|month|yr|year|shift)\b)?/i;
/** Dearer hours are sums for something else. */
const HOURLY_MAX = 1000;

const TIMES = /(?<![\w.$])(?:(\d{1,4})\s?[x×](?![\p{L}\d])|[x×]\s?(\d{1,4})(?![\p{L}\d.]))/iu;
const NUMBER = /(?<![\p{L}\p{N}.,$#/:-])(\d{1,4})(?![\p{L}\p{N}%]|[.,/:]\d|-\d)(?:\s(\p{L}+))?/gu;
const SPOKEN =
  /\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|a dozen|a couple(?: of)?)\b/i;
const SPOKEN_NUMBERS: Readonly<Record<string, number>> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  fifteen: 15,
  twenty: 20,
  "a dozen": 12,
  "a couple": 2,
  "a couple of": 2,
};
const SINGLE = /\b(?:need|needs|want|wants|find|find me|send|send me|get|looking for|short)\s(an?)\s/i;

/** A number before one of these measures something, and is no number of people. */
const UNITS =
  /^(?:months?|mos?|years?|yrs?|weeks?|wks?|days?|hours?|hrs?|h|minutes?|mins?|lbs?|pounds?|kg|miles?|mi|feet|ft|percent|am|pm|st|nd|rd|th|shift|dollars|usd|per)$/i;
/** A number after one of these names something: "class 2", "level 3", "zip 62701". */
const NAMERS =
  /\b(?:class|level|grade|tier|type|step|zip|dock|unit|suite|building|bldg|room|gate|line|route|hwy|highway|phone|order|po|job|no|within|at least age|age)\s?#?\s?$/i;

/** The slots of an order and what is left of its text. Linear in the text, of which the first 4,096 characters count. */
export function readOrder(text: string, { now, places }: SlotContext): Order {
  let rest = text.slice(0, TEXT_LENGTH_MAX);
  // Taken stretches turn into bars of the same length: places in the text stay what they were.
  const take = ({ start, end }: { readonly start: number; readonly end: number }): void => {
    rest = `${rest.slice(0, start)}${"|".repeat(end - start)}${rest.slice(end)}`;
  };
  const pay = findPay(rest);
  if (pay !== undefined) take(pay);
  const day = findDay(rest);
  if (day !== undefined) take(day);
  const shift = findShift(rest);
  if (shift !== undefined) take(shift);
  const moment = findMoment(rest);
  if (moment !== undefined) take(moment);
  const place = findPlace(rest, places);
  if (place !== undefined) take(place);
  const headcount = findHeadcount(rest);
  if (headcount !== undefined) take(headcount);

  const known = place?.known;
  const minutes = moment?.value ?? shift?.value.from;
  const start = day && startOf(day.value, minutes, now, known?.timezone);
  const slots: Slots = {
    ...(headcount && { headcount: headcount.value }),
    ...(place?.city !== undefined && { city: place.city }),
    ...(place?.ambiguous === true && { city_ambiguous: true }),
    ...(place?.state !== undefined && { state: place.state }),
    ...(known && { lat: known.lat, lon: known.lon, timezone: known.timezone }),
    ...(start !== undefined && { start }),
    ...(shift && { shift: shiftText(shift.value) }),
    ...(pay?.value !== undefined && { pay: pay.value }),
  };
  return { slots, rest };
}

export function readSlots(text: string, context: SlotContext): Slots {
  return readOrder(text, context).slots;
}

interface Piece<T> {
  readonly value: T;
  readonly start: number;
  readonly end: number;
}

/** Dollars an hour. Money by the day or the year is taken out of the text and means no pay by the hour. */
function findPay(text: string): Piece<number | undefined> | undefined {
  const hourly = HOURLY.exec(text);
  if (hourly !== null) {
    const value = Number(hourly[1]);
    return piece(value > 0 && value <= HOURLY_MAX ? value : undefined, hourly.index, hourly[0]);
  }
  const dollars = DOLLARS.exec(text);
  if (dollars === null) return undefined;
  const [whole, amount = "", thousands, unit] = dollars;
  const value = Number(amount.replace(",", ""));
  const isHourly = thousands === undefined && unit === undefined && value > 0 && value <= HOURLY_MAX;
  return piece(isHourly ? value : undefined, dollars.index, whole);
}

function findHeadcount(text: string): Piece<number> | undefined {
  const times = TIMES.exec(text);
  const count = Number(times?.[1] ?? times?.[2] ?? 0);
  if (times !== null && isHeadcount(count)) return piece(count, times.index, times[0]);
  for (const match of text.matchAll(NUMBER)) {
    const [, digits = "", unit = ""] = match;
    if (UNITS.test(unit) || NAMERS.test(text.slice(Math.max(0, match.index - 20), match.index))) continue;
    if (isHeadcount(Number(digits))) return piece(Number(digits), match.index, digits);
  }
  const spoken = SPOKEN.exec(text);
  const said = spoken === null ? undefined : SPOKEN_NUMBERS[spoken[0].toLowerCase()];
  if (spoken !== null && said !== undefined) return piece(said, spoken.index, spoken[0]);
  const single = SINGLE.exec(text);
  if (single === null) return undefined;
  const article = single[1] ?? "a";
  return piece(1, single.index + single[0].lastIndexOf(article), article);
}

function isHeadcount(count: number): boolean {
  return count >= 1 && count <= HEADCOUNT_MAX;
}

function piece<T>(value: T, start: number, whole: string): Piece<T> {
  return { value, start, end: start + whole.length };
}

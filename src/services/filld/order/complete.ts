// The order of a fill: what the caller gave, completed by what was read from the text, and what is taken to be so where
// neither says it. What a caller gives always goes first.

import type { Assumption, FillOrder } from "#contracts/fill";
import type { Searched } from "#contracts/matrix";
import { protectedTerms } from "#domain/law/protected-terms";
import { clockText, daysAfter, momentText } from "#domain/orders/grammar/calendar";

type Slots = Searched["query"]["slots"];
type Reading = Pick<Searched["query"], "role" | "slots">;

export interface Completed {
  readonly order: FillOrder;
  readonly assumed: Assumption[];
  /** Fields without which nobody can be proposed, in words of the contract. */
  readonly missing: string[];
}

/** The usual length of a shift. */
const SHIFT_HOURS_STANDARD = 8;
const HOUR_MS = 3_600_000;
const DAY_MINUTES = 1440;

/** Fields that a proposal needs: whom, where, when. */
const NEEDED = [
  "role",
  "city",
  "state",
  "start_at",
  "end_at",
] as const satisfies readonly (keyof FillOrder)[];

export function completed(given: FillOrder, { role, slots }: Reading): Completed {
  const assumed: Assumption[] = [];
  const samePlace = isSamePlace(given, slots);
  const order: FillOrder = dropUndefined({
    role: role.role ?? undefined,
    soc: given.role === undefined || given.role === role.role ? (role.soc ?? undefined) : undefined,
    headcount: slots.headcount,
    required_certs: slots.certifications,
    languages: slots.languages,
    max_miles: slots.miles,
    ...(samePlace
      ? {
          city: slots.city ?? slots.metro ?? slots.county,
          state: slots.state,
          postal_code: slots.postal_code,
          lat: slots.lat,
          lon: slots.lon,
          timezone: slots.timezone,
        }
      : {}),
    ...timesOf(slots),
    ...payOf(slots),
    ...given,
  });
  if (order.headcount === undefined) {
    order.headcount = 1;
    assumed.push({ field: "headcount", value: 1, why: "The order names no number." });
  }
  if (order.start_at !== undefined && order.end_at === undefined) {
    order.end_at = new Date(Date.parse(order.start_at) + SHIFT_HOURS_STANDARD * HOUR_MS).toISOString();
    assumed.push({
      field: "end_at",
      value: order.end_at,
      why: `The order names no end: a shift of ${SHIFT_HOURS_STANDARD} hours.`,
    });
  }
  if (slots.city_ambiguous === true && samePlace && given.state === undefined && slots.state !== undefined) {
    const why = `Several states have a ${slots.city}: the largest.`;
    assumed.push({ field: "state", value: slots.state, why });
  }
  return { order, assumed, missing: NEEDED.filter((field) => order[field] === undefined) };
}

/**
 * What a text wishes about who a person is stands in the order's notes: there the fill rules refuse it, and there a
 * coordinator who has settled it with the client takes it out.
 */
export function withWishes(given: FillOrder, text: string): FillOrder {
  const known = new Set(protectedTerms(given.notes ?? "").map(({ category }) => category));
  const wishes = protectedTerms(text).filter(({ category }) => !known.has(category));
  if (wishes.length === 0) return given;
  const sentences = new Set(wishes.map(({ sentence }) => sentence));
  return { ...given, notes: [given.notes ?? [], ...sentences].flat().join("\n").slice(0, NOTES_CHARS_MAX) };
}

/** As the contract has it; an order's text is shorter. */
const NOTES_CHARS_MAX = 10_000;

/** A place that the caller gave in part is completed from the text only when the text means the same one. */
function isSamePlace({ city, state }: FillOrder, slots: Slots): boolean {
  const same = (given: string | undefined, read: string | undefined): boolean =>
    given === undefined || (read !== undefined && given.toLowerCase() === read.toLowerCase());
  return same(city, slots.city) && same(state, slots.state);
}

/** Both ends in UTC, where the text says when; the zone must be known for that. */
function timesOf({ start, shift, timezone }: Slots): Pick<FillOrder, "start_at" | "end_at"> {
  if (start === undefined || timezone === undefined) return {};
  const [from, to] = (shift ?? "").split("-").map(minutesOf);
  const date = {
    year: Number(start.slice(0, 4)),
    month: Number(start.slice(5, 7)),
    day: Number(start.slice(8, 10)),
  };
  const startMinutes = start.includes("T") ? minutesOf(start.slice(11, 16)) : from;
  if (startMinutes === undefined) return {};
  const start_at = utc(momentText(date, startMinutes, timezone));
  if (to === undefined) return { start_at };
  const endDay = to <= startMinutes ? daysAfter(date, 1) : date;
  return { start_at, end_at: utc(momentText(endDay, to % DAY_MINUTES, timezone)) };
}

function utc(moment: string): string {
  return new Date(Date.parse(moment)).toISOString();
}

function minutesOf(clock: string): number | undefined {
  const parts = /^(\d{1,2}):(\d{2})$/.exec(clock);
  return parts === null ? undefined : Number(parts[1]) * 60 + Number(parts[2]);
}

/** Pay by the hour; a day's or a year's pay says nothing of it. */
function payOf({ pay, pay_unit }: Slots): Pick<FillOrder, "pay_rate"> {
  return pay !== undefined && (pay_unit ?? "hour") === "hour" ? { pay_rate: pay } : {};
}

function dropUndefined(order: { [K in keyof FillOrder]: FillOrder[K] | undefined }): FillOrder {
  return Object.fromEntries(Object.entries(order).filter(([, value]) => value !== undefined)) as FillOrder;
}

/**
 * The order in words, for the search and for what is learnt of it. The text as it came as long as nobody corrected it, so
 * that the same text finds what it taught.
 */
export function wordsOf(order: FillOrder, orderText: string | undefined, corrected: boolean): string {
  if (orderText !== undefined && !corrected) return orderText;
  const { headcount, role, city, state, start_at, end_at, timezone = "UTC" } = order;
  const local = (moment: string): string => {
    const parts = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      hourCycle: "h23",
      hour: "2-digit",
      minute: "2-digit",
    }).formatToParts(Date.parse(moment));
    const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value ?? 0);
    return clockText(part("hour") * 60 + part("minute"));
  };
  const place = [city, state].filter((part) => part !== undefined).join(", ");
  return [
    `Need ${headcount ?? 1} ${role ?? "people"}`,
    ...(place === "" ? [] : [`in ${place}`]),
    ...(start_at === undefined || end_at === undefined ? [] : [`${local(start_at)}-${local(end_at)}`]),
    ...(order.required_certs === undefined || order.required_certs.length === 0
      ? []
      : [`with ${order.required_certs.join(" and ")}`]),
  ].join(" ");
}

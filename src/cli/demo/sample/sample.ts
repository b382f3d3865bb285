// The sample that a newcomer starts with: workers and orders of a staffing office that does not exist, and their
// CSV. Rows are generated one at a time from a seeded stream, so a million of them need no more memory than one, and the
// first n rows are the same however many are generated. All people, clients, phones (555-01xx) and addresses
// (@example.com) are fictional.
//
// Rule of the first rows: workers 1 to 30 stand in turn at the six places of DEMO_PLACES, in five rounds. Those of the
// first three rounds are active, free today and hold every certification; in the fourth the first certification of
// an active worker has run out; in the fifth the worker is not to be hired. Orders 1 to 6 are for the same places in
// the coming days. So a sample of 18 workers or more has hits for the searches of the demo, and one of 30 also has a
// worker that a validator must refuse, for either reason.

import { assert } from "#lib/assert";
import { type Random, seeded } from "#lib/random";
import type { City } from "#domain/places";
import type { Role } from "#domain/roles";
import {
  cityPick,
  costsIn,
  dateOf,
  dayOf,
  DEMO_PLACES,
  near,
  offsetOn,
  payFor,
  rolePick,
  rounded,
} from "./draws.ts";
import {
  ANY_NOTES,
  CLIENT_PLACES,
  CLIENT_TRADES,
  DAY_SHIFTS,
  FAMILY_NOTES,
  FAMILY_SHIFTS,
  FIRST_NAMES,
  LAST_NAMES,
  OTHER_TRADES,
} from "./words.ts";

export interface SamplePlan {
  readonly seed: number;
  /** How many rows. */
  readonly count: number;
  /** "YYYY-MM-DD": certifications expire and orders start around this day. */
  readonly today: string;
}

/** Fields in the order of their columns. */
export interface Worker {
  /** "w-1", "w-2", ... */
  readonly worker_id: string;
  readonly name: string;
  readonly role: string;
  readonly soc_code: string;
  readonly city: string;
  readonly state: string;
  readonly lat: number;
  readonly lon: number;
  readonly timezone: string;
  /** "CNA License (exp 2027-03-01); BLS (exp 2026-08-15)", or empty. */
  readonly certifications: string;
  /** The earliest of these days, past ones included; null without certifications. */
  readonly cert_expires: string | null;
  /** USD an hour. */
  readonly pay_floor: number;
  readonly status: "active" | "on_assignment" | "inactive" | "do_not_hire";
  /** 0 to 1. */
  readonly reliability: number;
  readonly shifts_completed: number;
  readonly no_shows_90d: number;
  /** "+1-217-555-0142" */
  readonly phone: string;
  readonly email: string;
  readonly sms_consent: "granted" | "pending" | "revoked";
  readonly available_from: string;
}

/** Fields in the order of their columns. */
export interface Order {
  /** "o-1", "o-2", ... */
  readonly order_id: string;
  readonly client: string;
  readonly role: string;
  readonly soc_code: string;
  readonly city: string;
  readonly state: string;
  readonly lat: number;
  readonly lon: number;
  readonly timezone: string;
  readonly headcount: number;
  /** 0 when open or cancelled, `headcount` when filled, between them when partially filled. */
  readonly filled: number;
  readonly status: "open" | "filled" | "partially_filled" | "cancelled";
  /** Start of the first shift, RFC 3339 with the place's offset. */
  readonly start_at: string;
  /** End of the last shift. */
  readonly end_at: string;
  /** "22:00-06:00", local time of every day of the order. */
  readonly shift: string;
  /** USD an hour. */
  readonly pay_rate: number;
  readonly bill_rate: number;
  /** "CNA License; BLS", or empty. */
  readonly required_certs: string;
  readonly notes: string;
  /** RFC 3339 in UTC, before today. */
  readonly created_at: string;
}

const ROUNDS_FIT = 3;
const ROUND_EXPIRED = 3;
const ROUND_REFUSED = 4;
const ROUNDS = 5;

/** Certifications last up to three years from here, and the oldest ran out this long ago. */
const EXPIRED_DAYS_MAX = 150;
const VALID_DAYS_MAX = 1095;

// Workers and orders of one seed draw from streams of their own.
const WORKER_STREAM = 0x5747;
const ORDER_STREAM = 0x4f52;

function streamOf({ seed, count }: SamplePlan, salt: number): Random {
  assert(Number.isInteger(count) && count >= 0, `count is a whole number of rows, not ${count}`);
  assert(Number.isSafeInteger(seed), `seed is a whole number, not ${seed}`);
  return seeded(Math.imul(seed, 0x10001) ^ salt);
}

/** `count` workers, the same for the same arguments. */
export function* generateWorkers(sample: SamplePlan): Generator<Worker, void, undefined> {
  const random = streamOf(sample, WORKER_STREAM);
  const today = dayOf(sample.today);
  for (let index = 0; index < sample.count; index++) {
    const round = Math.floor(index / DEMO_PLACES.length);
    const place = round < ROUNDS ? DEMO_PLACES[index % DEMO_PLACES.length] : undefined;
    const drawn = workerOf(random, today, index + 1, place?.role ?? rolePick.pick(random), place?.city);
    yield place === undefined ? drawn : placedWorker(drawn, place.role, round, today);
  }
}

function workerOf(random: Random, today: number, number: number, role: Role, at?: City): Worker {
  const city = at ?? cityPick.pick(random);
  const point = near(random, city);
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  const expiries = role.certifications.flatMap((name, index) =>
    random.next() < (index === 0 ? 0.75 : 0.4) ? [{ name, day: expiryDay(random, today) }] : [],
  );
  const fate = random.next();
  const status =
    fate < 0.85 ? "active" : fate < 0.93 ? "on_assignment" : fate < 0.98 ? "inactive" : "do_not_hire";
  const reliability = rounded(1 - (status === "do_not_hire" ? 0.75 : 0.45) * random.next() ** 2, 3);
  const isNew = random.next() < 0.1;
  const consent = random.next();
  const availableFrom = today + (status === "on_assignment" ? 1 + random.below(60) : random.below(45) - 30);
  return {
    worker_id: `w-${number}`,
    name: `${first} ${last}`,
    role: role.name,
    soc_code: role.soc,
    city: city.city,
    state: city.state,
    ...point,
    timezone: city.timezone,
    ...certified(expiries),
    pay_floor: payFor(role, city.state, 0.8 * random.next() ** 1.5),
    status,
    reliability,
    shifts_completed: isNew ? 0 : 1 + Math.floor(random.next() ** 2 * 240),
    no_shows_90d: isNew ? 0 : missed(random, 1 - reliability),
    phone: `+1-${costsIn(city.state).areaCode}-555-01${String(random.below(100)).padStart(2, "0")}`,
    email: `${asciiOf(first)}.${asciiOf(last)}.${number}@example.com`,
    sms_consent: consent < 0.85 ? "granted" : consent < 0.95 ? "pending" : "revoked",
    available_from: dateOf(availableFrom),
  };
}

/** Applies the rule of the first rows to a drawn worker. */
function placedWorker(worker: Worker, role: Role, round: number, today: number): Worker {
  const months = 6 + 5 * round;
  const expiries = role.certifications.map((name, index) => ({
    name,
    day: round === ROUND_EXPIRED && index === 0 ? today - 20 : today + 30 * (months + index),
  }));
  return {
    ...worker,
    ...certified(expiries),
    status: round === ROUND_REFUSED ? "do_not_hire" : "active",
    no_shows_90d: round < ROUNDS_FIT ? 0 : worker.no_shows_90d,
    sms_consent: round < ROUNDS_FIT ? "granted" : worker.sms_consent,
    available_from: dateOf(today - 1 - round),
  };
}

/** One in ten has run out. */
function expiryDay(random: Random, today: number): number {
  return random.next() < 0.1
    ? today - 1 - random.below(EXPIRED_DAYS_MAX)
    : today + random.below(VALID_DAYS_MAX);
}

function certified(
  expiries: readonly { readonly name: string; readonly day: number }[],
): Pick<Worker, "certifications" | "cert_expires"> {
  return {
    certifications: expiries.map(({ name, day }) => `${name} (exp ${dateOf(day)})`).join("; "),
    cert_expires: expiries.length === 0 ? null : dateOf(Math.min(...expiries.map(({ day }) => day))),
  };
}

/** No-shows in the last quarter, at most three, likelier for the less reliable. */
function missed(random: Random, unreliability: number): number {
  let count = 0;
  while (count < 3 && random.next() < unreliability * 0.7) count += 1;
  return count;
}

function asciiOf(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z]/g, "");
}

/** `count` orders, the same for the same arguments. */
export function* generateOrders(sample: SamplePlan): Generator<Order, void, undefined> {
  const random = streamOf(sample, ORDER_STREAM);
  const today = dayOf(sample.today);
  for (let index = 0; index < sample.count; index++) {
    yield orderOf(random, today, index);
  }
}

function orderOf(random: Random, today: number, index: number): Order {
  const demo = DEMO_PLACES[index];
  const role = demo?.role ?? rolePick.pick(random);
  const city = demo?.city ?? cityPick.pick(random);
  const point = near(random, city);
  const startDay = today + (demo === undefined ? random.below(75) - 45 : 2 + index);
  const headcount = demo === undefined ? 1 + Math.floor(random.next() ** 3 * 24) : 3;
  const { status, filled } =
    demo === undefined
      ? progressOf(random, startDay < today, headcount)
      : { status: "open" as const, filled: 0 };
  const payRate = payFor(role, city.state, demo === undefined ? random.next() : 0.9);
  // The second of the day is drawn too, so that orders sort by when they came in.
  const createdDay = Math.min(startDay, today) - 1 - random.below(10);
  const createdAt = new Date((createdDay * 86_400 + random.below(86_400)) * 1000);
  return {
    order_id: `o-${index + 1}`,
    client: `${random.pick(CLIENT_PLACES)} ${random.pick(CLIENT_TRADES[role.family] ?? OTHER_TRADES)}`,
    role: role.name,
    soc_code: role.soc,
    city: city.city,
    state: city.state,
    ...point,
    timezone: city.timezone,
    headcount,
    filled,
    status,
    ...timesOf(random, role, startDay, city.timezone),
    pay_rate: payRate,
    bill_rate: rounded(payRate * (1.35 + 0.3 * random.next()), 2),
    required_certs: role.certifications
      .filter((_, at) => random.next() < (at === 0 ? (demo === undefined ? 0.7 : 1) : 0.25))
      .join("; "),
    notes: noteFor(random, role),
    created_at: createdAt.toISOString().replace(".000Z", "Z"),
  };
}

/** One order in four has no notes. */
function noteFor(random: Random, role: Role): string {
  return random.next() < 0.25 ? "" : random.pick([...ANY_NOTES, ...(FAMILY_NOTES[role.family] ?? [])]);
}

/** Past orders are mostly filled, coming ones mostly still to fill. */
function progressOf(random: Random, past: boolean, headcount: number): Pick<Order, "status" | "filled"> {
  const fate = random.next();
  const [open, filled, partial] = past ? [0.02, 0.76, 0.9] : [0.5, 0.7, 0.95];
  if (fate < open) return { status: "open", filled: 0 };
  if (fate < filled) return { status: "filled", filled: headcount };
  if (fate >= partial) return { status: "cancelled", filled: 0 };
  return headcount === 1
    ? { status: "open", filled: 0 }
    : { status: "partially_filled", filled: 1 + random.below(headcount - 1) };
}

/** Most orders are one shift, some a week, few some months of seasonal work. */
function timesOf(
  random: Random,
  role: Role,
  startDay: number,
  timezone: string,
): Pick<Order, "start_at" | "end_at" | "shift"> {
  const shift = random.pick(FAMILY_SHIFTS[role.family] ?? DAY_SHIFTS);
  const [from = "", to = ""] = shift.split("-");
  const length = random.next();
  const days = length < 0.55 ? 1 : length < 0.85 ? 2 + random.below(4) : 6 + random.below(85);
  const endDay = startDay + days - 1 + (to <= from ? 1 : 0);
  return {
    start_at: `${dateOf(startDay)}T${from}:00${offsetOn(startDay, timezone)}`,
    end_at: `${dateOf(endDay)}T${to}:00${offsetOn(endDay, timezone)}`,
    shift,
  };
}

type CsvValue = string | number | boolean | null;

/**
 * The rows as lines of CSV by RFC 4180, header first, each line with its CRLF, so that the lines joined are the file.
 * All rows have the first one's keys. A null is an empty field and an empty string is `""`, for readers that
 * distinguish them; no rows give no lines.
 */
export function* toCsv<Row extends { readonly [Key in keyof Row]: CsvValue }>(
  rows: Iterable<Row>,
): Generator<string, void, undefined> {
  let columns: string[] | undefined;
  for (const row of rows) {
    const values = new Map<string, CsvValue>(Object.entries(row));
    if (columns === undefined) {
      columns = [...values.keys()];
      yield lineOf(columns);
    }
    assert(values.size === columns.length, "the rows of one CSV have the same columns");
    yield lineOf(
      columns.map((column) => {
        const value = values.get(column);
        assert(value !== undefined, `a row has no ${column}`);
        return value;
      }),
    );
  }
}

function lineOf(values: readonly CsvValue[]): string {
  const line = values.map(fieldOf).join(",");
  // One null alone would be an empty line, which readers skip.
  return `${values.length === 1 && line === "" ? '""' : line}\r\n`;
}

function fieldOf(value: CsvValue): string {
  if (value === null) return "";
  if (typeof value === "number") assert(Number.isFinite(value), `${value} has no place in a CSV`);
  const text = String(value);
  return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// What the fill checks look at: the rows of the proposal with the worker that each names, and the facts of the order,
// worked out once. A row of a wrong form is told and has no worker; the others are checked all the same.

import type { Assignment, Block, Order, Policy } from "#contracts/validate";
import { todayIn, weekdayOf, type CalendarDay } from "#domain/orders/grammar/calendar";
import { certificatePhrases } from "#domain/orders/tables/certificates";
import { titleKeys } from "#domain/orders/text/words";
import { type Point, stateNamed } from "#domain/places";
import type { Knowledge, Occupation } from "../../knowledge.ts";
import { screeningName } from "../../roster/read-row.ts";
import type { Worker, WorkerLookup } from "../../roster/worker.ts";
import type { Wages } from "../../wages.ts";
import type { Tell } from "../check.ts";

/** Rows of a proposal; a longer one is no shift's. */
export const ROWS_MAX = 500;
export const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface FillRow {
  /** Fills first, then backups. */
  readonly index: number;
  readonly path: string;
  readonly backup: boolean;
  /** The field that names the worker, as it was written. */
  readonly idPath: string;
  readonly worker_id: string | undefined;
  /** The id that the person has once duplicates are merged: blocks, bookings and repetitions go by it. */
  readonly person: string | undefined;
  readonly name: string | undefined;
  readonly role: string | undefined;
  readonly pay_rate: number | undefined;
  readonly reason: string | undefined;
  readonly worker: Worker | undefined;
  /** What is wrong with the form of the row. */
  readonly defects: readonly Tell[];
}

export interface RequiredScreening {
  readonly name: string;
  readonly maxAgeDays: number | undefined;
}

export interface OrderFacts {
  readonly order: Order;
  readonly start: number;
  readonly end: number;
  /** Of the shift; undefined where the order spans more than one. */
  readonly hours: number | undefined;
  /** Days of the site, `YYYY-MM-DD`. */
  readonly startDay: string;
  readonly endDay: string;
  /** The last day on which anybody works: a shift until midnight is of the day before. */
  readonly lastDay: string;
  /** The Monday of the week in which the shift starts, as days since 1970. */
  readonly week: number;
  readonly state: string;
  readonly work: Occupation;
  readonly point: Point | undefined;
  readonly certificates: readonly string[];
  readonly screenings: readonly RequiredScreening[];
}

export interface FillSubject {
  readonly artifact: Readonly<Record<string, unknown>>;
  readonly rows: readonly FillRow[];
  /** What is wrong with the form of the whole. */
  readonly defects: readonly Tell[];
  readonly facts: OrderFacts | undefined;
  readonly policy: Policy;
  /** By person, as blocks are. */
  readonly assignments: ReadonlyMap<string, readonly Assignment[]>;
  /** Whether assignments were given at all. */
  readonly assignmentsKnown: boolean;
  readonly blocks: ReadonlyMap<string, readonly Block[]>;
  readonly lookup: WorkerLookup;
  readonly know: Knowledge;
  readonly wages: Wages;
  readonly now: number;
  /** Rows that have an error so far. */
  readonly hasError: (row: number) => boolean;
}

/** The hours of one shift; what is longer is a season or a week of shifts. */
const SHIFT_HOURS_MAX = 24;

export function orderFacts(order: Order, know: Knowledge): OrderFacts {
  const start = Date.parse(order.start_at);
  const end = Date.parse(order.end_at);
  const hours = (end - start) / HOUR_MS;
  const state = stateNamed(order.state) ?? order.state;
  const { lat, lon } = order;
  const here = typeof lat === "number" && typeof lon === "number" ? { lat, lon } : undefined;
  return {
    order,
    start,
    end,
    hours: hours > SHIFT_HOURS_MAX ? undefined : hours,
    startDay: dayText(todayIn(start, order.timezone)),
    endDay: dayText(todayIn(end, order.timezone)),
    lastDay: dayText(todayIn(Math.max(start, end - 1), order.timezone)),
    week: weekOf(start, order.timezone),
    state,
    work: know.occupation(order.role, order.soc_code ?? undefined),
    point: here ?? know.pointOf(order.city, order.state),
    // An empty one is what a list split at its commas leaves.
    certificates: [
      ...new Set((order.required_certs ?? []).filter((name) => name.trim() !== "").map(certificateName)),
    ],
    screenings: (order.required_screenings ?? []).map(({ name, max_age_days }) => ({
      name: screeningName(name),
      maxAgeDays: max_age_days ?? undefined,
    })),
  };
}

export function dayText({ year, month, day }: CalendarDay): string {
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/** The Monday of a moment's week in a zone, as days since 1970. */
export function weekOf(moment: number, timezone: string): number {
  const day = todayIn(moment, timezone);
  const days = Date.UTC(day.year, day.month - 1, day.day) / DAY_MS;
  return days - ((weekdayOf(day) + 6) % 7);
}

/** The canonical name of what an order asks for; the words themselves where the table has none. */
function certificateName(text: string): string {
  const keys = titleKeys(text);
  const [whole] = certificatePhrases().get(keys.join("")) ?? [];
  return whole ?? longestName(keys) ?? keys.join(" ");
}

function longestName(keys: readonly string[]): string | undefined {
  const phrases = certificatePhrases();
  for (let length = keys.length; length > 0; length -= 1)
    for (let from = 0; from + length <= keys.length; from += 1) {
      const [name] = phrases.get(keys.slice(from, from + length).join("")) ?? [];
      if (name !== undefined) return name;
    }
  return undefined;
}

/** Fields that may name the worker, the first one first. */
const ID_FIELDS = ["worker_id", "candidate_id", "id"] as const;

export function fillRows(artifact: Readonly<Record<string, unknown>>, lookup: WorkerLookup): FillRow[] {
  const rows: FillRow[] = [];
  for (const list of ["fills", "backups"] as const) {
    const given = artifact[list];
    if (!Array.isArray(given)) continue;
    for (const [at, value] of given.slice(0, ROWS_MAX).entries())
      rows.push(fillRow(value, `${list}[${at}]`, list === "backups", rows.length, lookup));
  }
  return rows;
}

function fillRow(
  value: unknown,
  path: string,
  backup: boolean,
  index: number,
  lookup: WorkerLookup,
): FillRow {
  const nothing = {
    worker_id: undefined,
    person: undefined,
    name: undefined,
    role: undefined,
    pay_rate: undefined,
  };
  const empty = { ...nothing, reason: undefined, worker: undefined };
  const at = { index, path, backup, idPath: `${path}.worker_id` };
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { ...at, ...empty, defects: [{ path, message: "must be an object", actual: typeOf(value) }] };
  const record = value as Readonly<Record<string, unknown>>;
  const field = ID_FIELDS.find((name) => record[name] !== undefined) ?? "worker_id";
  const idPath = `${path}.${field}`;
  const defects: Tell[] = [];
  const id = record[field];
  if (typeof id !== "string" || id === "")
    defects.push({
      path: idPath,
      message: id === undefined ? "is missing" : "must be a text that is not empty",
      actual: typeOf(id),
      ...(typeof id === "number" && Number.isSafeInteger(id)
        ? { fix: { path: idPath, value: String(id) } }
        : {}),
    });
  const text = (name: string): string | undefined => {
    const given = record[name];
    if (given === undefined || given === null || typeof given === "string") return given ?? undefined;
    defects.push({ path: `${path}.${name}`, message: "must be a text", actual: typeOf(given) });
    return undefined;
  };
  const worker = typeof id === "string" ? lookup.get(id) : undefined;
  const workerId = typeof id === "string" && id !== "" ? id : undefined;
  const [name, role, , reason] = ["name", "role", "shift_id", "reason"].map(text);
  return {
    index,
    path,
    backup,
    idPath,
    worker_id: workerId,
    person: workerId === undefined ? undefined : personOf(workerId, lookup, worker),
    name,
    role,
    pay_rate: payOf(record["pay_rate"], `${path}.pay_rate`, defects),
    reason,
    worker,
    defects,
  };
}

function payOf(given: unknown, path: string, defects: Tell[]): number | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given === "number" && Number.isFinite(given) && given >= 0) return given;
  const number = typeof given === "string" ? Number(given.replaceAll(/[$\s]|\/h(?:ou)?r$/g, "")) : Number.NaN;
  const plain = typeof given === "string" && given.trim() !== "" && Number.isFinite(number) && number >= 0;
  defects.push({
    path,
    message: "must be a finite number, dollars an hour",
    actual: typeof given === "object" ? typeOf(given) : given,
    ...(plain ? { fix: { path, value: number } } : {}),
  });
  return undefined;
}

export function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

/** Statuses of assignments that nobody works. */
const NOT_WORKED = /^(?:late_?)?cancel|^declined|^rejected|^withdrawn|^no_?show/i;

/** Merges of merges that are followed; no chain is longer in practice, and a ring must end. */
const MERGES_MAX = 8;

/** The id under which a person is known whose record may have been merged into another. */
export function personOf(id: string, lookup: WorkerLookup, worker = lookup.get(id)): string {
  let person = worker?.merged_into ?? id;
  if (person === id) return id;
  for (let step = 1; step < MERGES_MAX; step += 1) {
    const next = lookup.get(person)?.merged_into;
    if (next === undefined || next === person) break;
    person = next;
  }
  return person;
}

/** Assignments by person, without those that are cancelled and those of the order itself. */
export function assignmentsByPerson(
  assignments: readonly Assignment[],
  order: Order | undefined,
  lookup: WorkerLookup,
): Map<string, Assignment[]> {
  const worked = assignments.filter(
    ({ status, order_id }) =>
      !NOT_WORKED.test(status ?? "") && (order === undefined || order_id !== order.order_id),
  );
  return Map.groupBy(worked, ({ worker_id }) => personOf(worker_id, lookup));
}

// What the columns of a user's file are about, found by their names. The sample's own names come first in each list,
// so that a sample is a file like any other.

import type { FieldKind } from "#contracts/vector";
import { Fault } from "#rpc/fault";
import type { CorpusPlan } from "./corpus.ts";

const WORKER_NAMES = {
  id: ["worker_id", "employee_id", "emp_id", "candidate_id", "person_id", "associate_id", "staff_id", "id"],
  name: ["name", "full_name", "worker_name", "employee_name", "candidate_name"],
  first: ["first_name", "first", "given_name"],
  last: ["last_name", "last", "surname", "family_name"],
  role: ["role", "job_title", "title", "position", "job_role", "job", "occupation", "skill", "trade"],
  city: ["city", "home_city", "town", "worksite_city", "location_city"],
  state: ["state", "st", "home_state", "state_code", "worksite_state", "location_state"],
  status: ["status", "worker_status", "employment_status"],
  certifications: ["certifications", "certs", "licenses", "credentials", "skills"],
  pay_floor: ["pay_floor", "pay_rate", "rate", "hourly_rate", "min_pay", "wage"],
  reliability: ["reliability", "reliability_score"],
  available_from: ["available_from", "available", "available_date", "availability"],
  lat: ["lat", "latitude"],
  lon: ["lon", "lng", "long", "longitude"],
} as const satisfies Record<string, readonly string[]>;

const ORDER_NAMES = {
  role: ["role", "job_title", "title", "position", "job_role", "job", "occupation"],
  state: ["state", "st", "worksite_state", "state_code"],
  status: ["status", "order_status"],
  headcount: [
    "headcount",
    "openings",
    "positions",
    "quantity",
    "workers_needed",
    "workers_requested",
    "nbr_workers_requested",
  ],
  filled: ["filled", "filled_count", "placed"],
} as const satisfies Record<string, readonly string[]>;

type Found<K extends string> = Readonly<Partial<Record<K, string>>>;
export type WorkerColumns = Found<keyof typeof WORKER_NAMES>;
export type OrderColumns = Found<keyof typeof ORDER_NAMES>;

export function workerColumns(columns: readonly string[]): WorkerColumns {
  return found(WORKER_NAMES, columns);
}

export function orderColumns(columns: readonly string[]): OrderColumns {
  return found(ORDER_NAMES, columns);
}

function found<K extends string>(
  names: Readonly<Record<K, readonly string[]>>,
  columns: readonly string[],
): Found<K> {
  const byFolded = new Map(columns.map((column) => [folded(column), column]));
  const pairs = Object.entries<readonly string[]>(names).flatMap(([about, candidates]) => {
    const column = candidates.map((candidate) => byFolded.get(candidate)).find((one) => one !== undefined);
    return column === undefined ? [] : [[about, column] as const];
  });
  return Object.fromEntries(pairs) as Found<K>;
}

/** "Job Title", "job-title" and "JobTitle" are one name. */
function folded(column: string): string {
  return column
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_|_$/g, "");
}

/** Nobody reads a longer list. */
const COLUMNS_NAMED = 30;

/** The corpus over these columns. Throws `invalid`, naming what is missing, when one cannot be made. */
export function corpusOver(columns: readonly string[], file: string): CorpusPlan {
  const known = workerColumns(columns);
  const { id, role, city, state, certifications } = known;
  const missing = [
    ...(id === undefined ? [`a column that names each person (${WORKER_NAMES.id.join(", ")})`] : []),
    ...(role === undefined ? [`a column with the role (${WORKER_NAMES.role.join(", ")})`] : []),
  ];
  if (id === undefined || role === undefined) {
    const there = columns.slice(0, COLUMNS_NAMED).join(", ");
    throw new Fault(
      "invalid",
      `${file} has no ${missing.join(" and no ")}.\nIts columns are: ${there}. Rename what fits and run this again.`,
    );
  }
  const place = [city, state].flatMap((column) => (column === undefined ? [] : [`{${column}}`])).join(", ");
  const text = `{${role}}${place === "" ? "" : ` in ${place}`}${certifications === undefined ? "" : `; {${certifications}}`}`;
  const fields: Record<string, FieldKind> = {};
  const add = (column: string | undefined, kind: FieldKind): void => {
    if (column !== undefined) fields[column] = kind;
  };
  for (const column of [known.name, known.first, known.last, role, city, state, known.status, certifications])
    add(column, "keyword");
  for (const column of [known.pay_floor, known.reliability]) add(column, "number");
  add(known.available_from, "keyword");
  if (known.lat === "lat" && known.lon === "lon") fields["location"] = "geo";
  return { corpus: "workers", dataset: "workers", id, text, fields };
}

/** What the search cannot do with a file, in sentences: it reads these columns by these very names. */
export function corpusNotes(columns: readonly string[]): string[] {
  const { role, city, state, status, lat, lon } = workerColumns(columns);
  const notes: string[] = [];
  if (role !== undefined && role !== "role")
    notes.push(
      `${role} is taken as the role; name it role and people are ranked by it, not only found by its words.`,
    );
  if (city === undefined || state === undefined)
    notes.push("There is no city and state: who is near cannot be told.");
  else if (lat !== "lat" || lon !== "lon")
    notes.push(
      "There are no columns lat and lon: places count by their state and their words, without miles.",
    );
  if (status === undefined) notes.push("There is no status: everybody is searched, not only who is active.");
  return notes;
}

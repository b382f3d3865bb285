// Maps the columns of a user's file to what the demo needs.

import type { FieldKind } from "#contracts/vector";
import { type Columns, columnsNamed, ORDER_NAMES, WORKER_NAMES } from "#domain/columns";
import { Fault } from "#rpc/fault";
import type { CorpusPlan } from "../commands/corpus.ts";

export type WorkerColumns = Columns<keyof typeof WORKER_NAMES>;
export type OrderColumns = Columns<keyof typeof ORDER_NAMES>;

export function workerColumns(columns: readonly string[]): WorkerColumns {
  return columnsNamed(WORKER_NAMES, columns);
}

export function orderColumns(columns: readonly string[]): OrderColumns {
  return columnsNamed(ORDER_NAMES, columns);
}

/** A longer list is not read. */
const COLUMNS_NAMED = 30;

/** The corpus over these columns. Throws `invalid`, naming what is missing, when none can be built. */
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
  if (known.lat !== undefined && known.lon !== undefined) fields["location"] = "geo";
  return { corpus: "workers", dataset: "workers", id, text, fields };
}

/** What the search cannot do with a file, as messages. */
export function corpusNotes(columns: readonly string[]): string[] {
  const { city, state, status, lat, lon } = workerColumns(columns);
  const notes: string[] = [];
  if ((city === undefined || state === undefined) && (lat === undefined || lon === undefined))
    notes.push("There is no city and state column: distances are not known.");
  if (status === undefined)
    notes.push("There is no status column: all workers are searched, not only active ones.");
  return notes;
}

// What a result holds and its readers may not: told beside the rows, since a value that is cut by the next program
// looks right.

import type { Column, ColumnType, DuckdbTypeId } from "#adapters/duckdb";

/** The header of a stream that holds what `warnings` holds in a JSON result. */
export const WARNINGS_HEADER = "x-lakehouse-warnings";

const WARNINGS: Readonly<Partial<Record<DuckdbTypeId, string>>> = {
  TIMESTAMP_NS: "has nanoseconds; tables here, Spark and most clients keep microseconds",
  TIME_NS: "has nanoseconds; tables here and most clients keep microseconds",
  TIME: "is a TIME, which Spark cannot read from a table; cast it to VARCHAR for that",
};
/** More say nothing new, and a header has an end. */
const WARNINGS_MAX = 20;

export function warningsOf(columns: readonly Column[]): string[] {
  return columns
    .flatMap(({ name, type }) => [...new Set(idsOf(type))].map((id) => [name, WARNINGS[id]] as const))
    .flatMap(([name, warning]) => (warning === undefined ? [] : [`Column ${name.slice(0, 100)} ${warning}.`]))
    .slice(0, WARNINGS_MAX);
}

function idsOf(type: ColumnType): DuckdbTypeId[] {
  return [type.id, ...type.children.flatMap((child) => idsOf(child.type))];
}

/** JSON that may stand in a header: ASCII. */
export function headerJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

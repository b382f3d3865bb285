// What a manifest says of a data file's columns, by field id, from what the writer of the file says of them: counts,
// and the least and greatest value in DuckDB's text. Inside lists and maps only sizes are kept: DuckDB counts an empty
// list as a value.

import type { DataFile as OfferedFile } from "#contracts/catalog";
import { lowerBound, upperBound } from "../iceberg/manifest/bounds.ts";
import type { DataFile } from "../iceberg/manifest/manifest.ts";
import { allFields, type Primitive, type Schema } from "../iceberg/types/schema.ts";
import type { Value } from "../iceberg/types/values.ts";
import { parseValue } from "./values.ts";

type Metrics = Pick<
  DataFile,
  "column_sizes" | "value_counts" | "null_value_counts" | "nan_value_counts" | "lower_bounds" | "upper_bounds"
>;

export function metricsOf(schema: Schema, stats: OfferedFile["stats"]): Metrics {
  const sizes = new Map<number, number>();
  const values = new Map<number, number>();
  const nulls = new Map<number, number>();
  const lower = new Map<number, Uint8Array>();
  const upper = new Map<number, Uint8Array>();
  for (const { id, type, repeated } of allFields(schema)) {
    const column = stats[String(id)];
    if (column === undefined || typeof type !== "string") continue;
    if (column.bytes !== undefined) sizes.set(id, column.bytes);
    if (repeated) continue;
    if (column.values !== undefined) values.set(id, column.values);
    if (column.nulls !== undefined) nulls.set(id, column.nulls);
    const least = valueOf(type, column.min);
    const greatest = valueOf(type, column.max);
    const bound = greatest === undefined ? undefined : upperBound(type, greatest);
    if (least !== undefined) lower.set(id, lowerBound(type, least));
    if (bound !== undefined) upper.set(id, bound);
  }
  return {
    column_sizes: sizes,
    value_counts: values,
    null_value_counts: nulls,
    nan_value_counts: new Map(),
    lower_bounds: lower,
    upper_bounds: upper,
  };
}

function valueOf(type: Primitive, text: string | undefined): Value | undefined {
  return text === undefined ? undefined : parseValue(type, text);
}

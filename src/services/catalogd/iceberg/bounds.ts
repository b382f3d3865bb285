// Column statistics of a data file as a manifest keeps them: sizes, counts and bounds by field id, made from
// what DuckDB's `COPY ... RETURN_STATS` answers. A bound may be wider than the values but never narrower; one
// that cannot be given safely is left out, which costs pruning and nothing else.

import { quoteIdentifier } from "#lib/sql-text";
import { allFields, type Leaf, type Primitive, type Schema } from "./schema.ts";
import { parquetName } from "./duckdb-sql.ts";
import { encodeValue, parseValue, type Value } from "./values.ts";

/** The reference implementation's default, `truncate(16)`: code points of text, bytes of binary. */
export const BOUND_LENGTH = 16;

const SURROGATES_FROM = 0xd800;
const SURROGATES_TO = 0xdfff;
const CODE_POINT_MAX = 0x10ffff;

/** The greatest value of at most 16 code points or bytes that is not above `value`. */
export function truncateLower(type: Primitive, value: Value): Value {
  if (type === "string" && typeof value === "string") return firstCodePoints(value, BOUND_LENGTH);
  return value instanceof Uint8Array ? value.slice(0, BOUND_LENGTH) : value;
}

/** A value of at most 16 code points or bytes that is not below `value`; undefined when there is none. */
export function truncateUpper(type: Primitive, value: Value): Value | undefined {
  if (type === "string" && typeof value === "string") {
    const cut = firstCodePoints(value, BOUND_LENGTH);
    return cut.length === value.length ? value : incrementText(cut);
  }
  if (!(value instanceof Uint8Array) || value.length <= BOUND_LENGTH) return value;
  const cut = value.slice(0, BOUND_LENGTH);
  let last = cut.length - 1;
  while (last >= 0 && cut[last] === 0xff) last--;
  if (last < 0) return undefined;
  cut[last] = (cut[last] ?? 0) + 1;
  return cut.slice(0, last + 1);
}

export function firstCodePoints(text: string, count: number): string {
  let end = 0;
  for (let index = 0; index < count && end < text.length; index++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

/** The least text of the same length or shorter that is greater; surrogates are no code points and are stepped over. */
function incrementText(text: string): string | undefined {
  const points = Array.from(text, (char) => char.codePointAt(0) ?? 0);
  for (let last = points.length - 1; last >= 0; last--) {
    const next = (points[last] ?? 0) + 1;
    if (next > CODE_POINT_MAX) continue;
    const valid = next >= SURROGATES_FROM && next <= SURROGATES_TO ? SURROGATES_TO + 1 : next;
    return String.fromCodePoint(...points.slice(0, last), valid);
  }
  return undefined;
}

/** A column's statistics as `getRowObjectsJson()` of `COPY ... RETURN_STATS` gives them. */
export interface ColumnStatistics {
  /** The quoted path of the column in the file: `"a"`, `"a"."element"."b"`. */
  readonly key: string;
  readonly value: readonly { readonly key: string; readonly value: unknown }[];
}

/** The maps by field id that a manifest holds for a file. */
export interface Metrics {
  readonly column_sizes: ReadonlyMap<number, number>;
  readonly value_counts: ReadonlyMap<number, number>;
  readonly null_value_counts: ReadonlyMap<number, number>;
  readonly nan_value_counts: ReadonlyMap<number, number>;
  readonly lower_bounds: ReadonlyMap<number, Uint8Array>;
  readonly upper_bounds: ReadonlyMap<number, Uint8Array>;
}

/**
 * The metrics of one file. Columns are found by their names in the schema or by the compatible names that
 * `copyStatement` writes. Inside lists and maps only sizes are kept: DuckDB counts an empty list as a value.
 */
export function metricsFromStatistics(schema: Schema, statistics: readonly ColumnStatistics[]): Metrics {
  const byPath = new Map<string, Leaf>();
  for (const leaf of allFields(schema)) {
    const [column = "", ...rest] = leaf.path;
    byPath.set(pathKey([parquetName(column), ...rest]), leaf);
    byPath.set(pathKey(leaf.path), leaf);
  }
  const columnSizes = new Map<number, number>();
  const valueCounts = new Map<number, number>();
  const nullCounts = new Map<number, number>();
  const nanCounts = new Map<number, number>();
  const lower = new Map<number, Uint8Array>();
  const upper = new Map<number, Uint8Array>();
  for (const { key, value } of statistics) {
    const field = byPath.get(key);
    if (field === undefined || typeof field.type !== "string") continue;
    const id = field.id;
    const stats = new Map(value.map((entry) => [entry.key, entry.value]));
    setCount(columnSizes, id, stats.get("column_size_bytes"));
    if (field.repeated) continue;
    setCount(valueCounts, id, stats.get("num_values"));
    setCount(nullCounts, id, stats.get("null_count"));
    // DuckDB tells whether there are NaNs, not how many; only "none" is a count.
    if (String(stats.get("has_nan")) === "false") nanCounts.set(id, 0);
    const low = lowerBound(field.type, stats.get("min"));
    const high = upperBound(field.type, stats.get("max"));
    if (low !== undefined) lower.set(id, low);
    if (high !== undefined) upper.set(id, high);
  }
  return {
    column_sizes: columnSizes,
    value_counts: valueCounts,
    null_value_counts: nullCounts,
    nan_value_counts: nanCounts,
    lower_bounds: lower,
    upper_bounds: upper,
  };
}

function pathKey(path: readonly string[]): string {
  return path.map(quoteIdentifier).join(".");
}

function setCount(counts: Map<number, number>, id: number, value: unknown): void {
  const count = Number(value ?? NaN);
  if (Number.isSafeInteger(count) && count >= 0) counts.set(id, count);
}

/** Parquet's writers may merge the two zeros, so a zero bound is widened to cover both. */
function widenZero(value: Value, zero: number): Value {
  return value === 0 ? zero : value;
}

const isFloating = (type: Primitive): boolean => type === "float" || type === "double";

export function lowerBound(type: Primitive, text: unknown): Uint8Array | undefined {
  const value = typeof text === "string" ? parseValue(type, text) : undefined;
  if (value === undefined) return undefined;
  return encodeValue(type, isFloating(type) ? widenZero(value, -0) : truncateLower(type, value));
}

export function upperBound(type: Primitive, text: unknown): Uint8Array | undefined {
  const value = typeof text === "string" ? parseValue(type, text) : undefined;
  const bound = value === undefined ? undefined : truncateUpper(type, value);
  if (bound === undefined) return undefined;
  return encodeValue(type, isFloating(type) ? widenZero(bound, 0) : bound);
}

// Parquet as a source: its columns as they are. The file is read through once before anything of it is
// believed, because a damaged page shows only when it is unpacked.

import { DuckdbError } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { Fault } from "#rpc/fault";
import { exactCast } from "../inference/exact-cast.ts";
import { duckdbWord, refuseStrayTypes, wantedTypes } from "../inference/types.ts";
import type { Source, SourceColumn, Wishes, Workplace } from "../source/source.ts";

/** DuckDB reads longer ones as floats. */
const DECIMAL_DIGITS_MAX = 38;
const NANOSECONDS = "TIMESTAMP_NS";
const SAMPLES = 3;
const SAMPLE_CHARS_MAX = 200;

export async function parquetSource(path: string, wishes: Wishes, { db }: Workplace): Promise<Source> {
  const from = `read_parquet(${quoteLiteral(path)}, file_row_number = true)`;
  const rows = (sql: string): ReturnType<typeof db.rows> =>
    db.rows(sql).catch((error: unknown) => {
      if (!(error instanceof DuckdbError) || error.kind === "Out of Memory") throw error;
      const why = (error.message.split("\n")[0] ?? "").replaceAll(`'${path}'`, "").replaceAll(path, "");
      throw new Fault("rejected", `The Parquet file cannot be read: ${why.replaceAll(" :", ":")}`);
    });
  const described = (await rows(`DESCRIBE SELECT * EXCLUDE (file_row_number) FROM ${from}`)).map((row) => ({
    name: String(row["column_name"]),
    type: String(row["column_type"]),
  }));
  if (described.length === 0) throw new Fault("rejected", "The Parquet file has no columns.");
  const [long] = await rows(
    `SELECT name, precision FROM parquet_schema(${quoteLiteral(path)}) WHERE precision > ${DECIMAL_DIGITS_MAX}`,
  );
  if (long !== undefined)
    throw new Fault(
      "rejected",
      `The column "${String(long["name"])}" holds decimals of ${String(long["precision"])} digits, and no more than ${DECIMAL_DIGITS_MAX} can be kept: write it as text.`,
    );
  // Hashing every value unpacks every page.
  const [counted] = await rows(`SELECT count(*) AS n, bit_xor(hash(s)) AS h FROM ${from} s`);
  const samples = await rows(`SELECT * EXCLUDE (file_row_number) FROM ${from} LIMIT ${SAMPLES}`);
  const types = wantedTypes(wishes.types);
  const known = new Map(wishes.known.map((column) => [column.name.toLowerCase(), column]));
  const fine = await finerThanKept(described, from, rows);
  const columns = described.map(({ name, type }) =>
    column(name, type, known.get(name.toLowerCase()), wishes, types, samples),
  );
  refuseStrayTypes(
    types,
    columns.map((entry) => entry.name),
  );
  return {
    format: "parquet",
    columns,
    from: `(SELECT *, file_row_number + 1 AS line FROM ${from})`,
    rowsIn: Number(counted?.["n"] ?? 0),
    rawText: `to_json(struct_pack(${described.map(({ name }) => `${quoteIdentifier(name)} := ${quoteIdentifier(name)}`).join(", ")}))::VARCHAR`,
    recipe: () => ({ format: "ndjson" }),
    warnings: Array.from(
      fine,
      (name) => `"${name}": times finer than a microsecond were cut to it; no timestamp here keeps more.`,
    ),
  };
}

/** The columns of times of which some are finer than a microsecond. */
async function finerThanKept(
  described: readonly { readonly name: string; readonly type: string }[],
  from: string,
  rows: (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>,
): Promise<ReadonlySet<string>> {
  const times = described.filter(({ type }) => type === NANOSECONDS);
  if (times.length === 0) return new Set();
  const changed = times.map(({ name }, index) => {
    const value = quoteIdentifier(name);
    return `bool_or(CAST(CAST(${value} AS TIMESTAMP) AS ${NANOSECONDS}) <> ${value}) AS c${index}`;
  });
  const [found] = await rows(`SELECT ${changed.join(", ")} FROM ${from}`);
  return new Set(times.flatMap(({ name }, index) => (found?.[`c${index}`] === true ? [name] : [])));
}

function column(
  written: string,
  found: string,
  existing: { readonly name: string; readonly type: string } | undefined,
  wishes: Wishes,
  types: ReadonlyMap<string, string>,
  samples: readonly Readonly<Record<string, unknown>>[],
): SourceColumn {
  const raw = quoteIdentifier(written);
  const name = existing?.name ?? written;
  const wanted = types.get(name.toLowerCase());
  const held = existing === undefined ? undefined : duckdbWord(existing.type);
  const type = wanted ?? (wishes.quarantine ? (held ?? found) : found);
  const value = exactCast(raw, found, type);
  return {
    name,
    type,
    value,
    raw: `CAST(${raw} AS VARCHAR)`,
    misfit: type === found ? "false" : `(${raw} IS NOT NULL AND ${value} IS NULL)`,
    confidence: 1,
    samples: samples.flatMap((row) => textOf(row[written])),
    ...(wishes.quarantine && wishes.known.length > 0 && existing === undefined ? { unwanted: true } : {}),
  };
}

function textOf(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (value instanceof Date) return [value.toISOString()];
  const text =
    typeof value === "object"
      ? JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part))
      : String(value);
  return [text.slice(0, SAMPLE_CHARS_MAX)];
}

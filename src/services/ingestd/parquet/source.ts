// Parquet as a source: its columns as they are. The file is read through once before anything of it is
// believed, because a damaged page shows only when it is unpacked.

import { DuckdbError } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { Fault } from "#rpc/fault";
import { duckdbWord, exactCast, refuseStrayTypes, wantedTypes } from "../inference/types.ts";
import type { Source, SourceColumn, Wishes, Workplace } from "../source/source.ts";

const SAMPLES = 3;
const SAMPLE_CHARS_MAX = 200;

export async function parquetSource(path: string, wishes: Wishes, { db }: Workplace): Promise<Source> {
  const from = `read_parquet(${quoteLiteral(path)}, file_row_number = true)`;
  const rows = (sql: string): ReturnType<typeof db.rows> =>
    db.rows(sql).catch((error: unknown) => {
      if (!(error instanceof DuckdbError) || error.kind === "Out of Memory") throw error;
      throw new Fault("rejected", `The Parquet file cannot be read: ${error.message.split("\n")[0]}`);
    });
  const described = (await rows(`DESCRIBE SELECT * EXCLUDE (file_row_number) FROM ${from}`)).map((row) => ({
    name: String(row["column_name"]),
    type: String(row["column_type"]),
  }));
  if (described.length === 0) throw new Fault("rejected", "The Parquet file has no columns.");
  // Hashing every value unpacks every page.
  const [told] = await rows(`SELECT count(*) AS n, bit_xor(hash(s)) AS h FROM ${from} s`);
  const samples = await rows(`SELECT * EXCLUDE (file_row_number) FROM ${from} LIMIT ${SAMPLES}`);
  const types = wantedTypes(wishes.types);
  const known = new Map(wishes.known.map((column) => [column.name.toLowerCase(), column]));
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
    rowsIn: Number(told?.["n"] ?? 0),
    rawText: `to_json(struct_pack(${described.map(({ name }) => `${quoteIdentifier(name)} := ${quoteIdentifier(name)}`).join(", ")}))::VARCHAR`,
    recipe: () => ({ format: "ndjson" }),
    warnings: [],
  };
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

// Rows into Parquet data files, with everything a manifest says of them: field ids, counts, bounds, checksum.

import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Duckdb } from "#adapters/duckdb";
import { avroName } from "#lib/avro-name";
import { quoteLiteral } from "#lib/sql-text";
import { Fault } from "#rpc/fault";
import { chunksOf } from "../decode/files.ts";
import type { Prepared, WrittenFile } from "../source/shapes.ts";
import { icebergFields, idsByPath } from "./field-ids.ts";

/** Files of this size are what engines like to scan, and well below what one PUT takes. */
const FILE_BYTES = 128 * 1024 * 1024;

interface CopyRow {
  readonly filename: string;
  readonly count: string;
  readonly file_size_bytes: string;
  readonly column_statistics: readonly { key: string; value: readonly { key: string; value: string }[] }[];
}

/** Runs `query` (its columns are the prepared ones, by name) into files of their own folder. */
export async function writeParquet(
  db: Duckdb,
  query: string,
  to: string,
  prepared: Prepared,
): Promise<WrittenFile[]> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  const fieldIds = prepared.field_ids.replace(/^\s*FIELD_IDS\s*/i, "");
  const select = `SELECT ${prepared.select} FROM (${query})`;
  // The names that `select` gives them.
  const names = prepared.columns.map(({ name }) => avroName(name));
  const sql = `COPY (${select}) TO ${quoteLiteral(to)} (FORMAT parquet, COMPRESSION zstd, RETURN_STATS true, OVERWRITE_OR_IGNORE true, FILE_SIZE_BYTES ${FILE_BYTES}, FIELD_IDS ${fieldIds}, KV_METADATA {'iceberg.schema': ${quoteLiteral(prepared.iceberg_schema)}})`;
  const rows = (await db.rows(sql)).map((row) => plain(row) as CopyRow);
  const ids = idsByPath(
    names,
    prepared.columns.map(({ id }) => id),
    icebergFields(prepared.iceberg_schema),
  );
  const files: WrittenFile[] = [];
  for (const row of rows) {
    // A dataset without rows has no files.
    if (Number(row.count) === 0) continue;
    files.push({
      path: row.filename,
      rows: Number(row.count),
      bytes: Number(row.file_size_bytes),
      sha256: await sha256Of(row.filename),
      stats: statsOf(row, ids),
    });
  }
  const kept = new Set(files.map(({ path }) => path));
  for (const name of await readdir(to))
    if (!kept.has(join(to, name))) await rm(join(to, name), { force: true });
  return files;
}

function statsOf({ column_statistics }: CopyRow, ids: ReadonlyMap<string, number>): WrittenFile["stats"] {
  const stats: WrittenFile["stats"] = {};
  for (const { key, value } of column_statistics) {
    const id = ids.get(key);
    if (id === undefined) continue;
    const known = new Map(value.map((entry) => [entry.key, entry.value]));
    const count = (name: string): number | undefined => {
      const text = known.get(name);
      return text === undefined ? undefined : Number(text);
    };
    stats[String(id)] = withoutGaps({
      values: count("num_values"),
      nulls: count("null_count"),
      bytes: count("column_size_bytes"),
      min: known.get("min"),
      max: known.get("max"),
    });
  }
  return stats;
}

function withoutGaps(record: Record<string, string | number | undefined>): WrittenFile["stats"][string] {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

/** DuckDB reads a damaged file without a word, and these are about to be replaced. */
export async function checkFiles(
  files: readonly { readonly path: string; readonly sha256?: string | undefined }[],
): Promise<void> {
  for (const { path, sha256 } of files) {
    if (sha256 !== undefined && (await sha256Of(path)) !== sha256)
      throw new Fault(
        "rejected",
        "A data file of the dataset is damaged; docs/operating/recover.md says what to do.",
      );
  }
}

export async function sha256Of(path: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of chunksOf(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** DuckDB's maps come as lists of entries or as Map, its 64-bit integers as bigint; here they are plain. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map)
    return [...value].map(([key, entry]) => ({ key: plain(key), value: plain(entry) }));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, plain(entry)]));
  }
  return value;
}

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { FUNCTIONS, TABLE_FUNCTIONS } from "./functions.ts";

/** Read and refused: settings, variables, catalog, other SQL, log, sleep, and what trusts bytes. */
const REFUSED = [
  /^(__internal_|icu_|st_|has_.*_privilege$|inet_)/,
  /^pg_(?!typeof$|size_pretty$)/,
  /^(current_(setting|query|query_id|connection_id|transaction_id|schemas|role))$/,
  /^(getenv|getvariable|in_search_path|txid_current|nextval|currval|setseed|sleep_ms)$/,
  /^(write_log|parse_duckdb_log_message|json_(serialize_sql|deserialize_sql|serialize_plan)|get_block_size)$/,
  /^(combine|finalize|create_sort_key|remap_struct|constant_or_null|timetz_byte_comparable|stats|vector_type)$/,
  /^(cast_to_type|can_cast_implicitly|replace_type|make_type|get_type|alias|is_histogram_other_bin)$/,
  /^(variant_\w+|array_to_string_comma_default)$/,
  /^((obj|shobj|col)_description|format_type|format_pg_type|map_to_pg_oid)$/,
];

describe("the table of functions", () => {
  const folder = mkdtempSync(join(tmpdir(), "queryd-functions-"));
  let db: Duckdb;
  beforeAll(async () => {
    db = await openDuckdb({ memoryBytesMax: 256e6, threads: 1, tempDir: folder, tempBytesMax: 1e6 });
  });
  afterAll(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  const named = async (types: string): Promise<string[]> => {
    const rows = await db.rows(
      `SELECT DISTINCT lower(function_name) AS name FROM duckdb_functions() WHERE function_type IN (${types}) ORDER BY ALL`,
    );
    return rows.map((row) => String(row["name"]));
  };

  test("holds every function of this DuckDB that was not read and refused", async () => {
    const unread = (await named("'scalar', 'aggregate', 'macro'")).filter(
      (name) => !FUNCTIONS.has(name) && !REFUSED.some((pattern) => pattern.test(name)),
    );
    expect(unread).toEqual([]);
  });

  test("holds none that was refused, and none that is not there", async () => {
    const there = new Set(await named("'scalar', 'aggregate', 'macro'"));
    expect([...FUNCTIONS].filter((name) => REFUSED.some((pattern) => pattern.test(name)))).toEqual([]);
    expect([...FUNCTIONS].filter((name) => !there.has(name))).toEqual([]);
  });

  test("lets nothing stand after FROM that reads a file or the system", async () => {
    const there = new Set(await named("'table'"));
    expect([...TABLE_FUNCTIONS].filter((name) => !there.has(name))).toEqual([]);
    expect(
      [...TABLE_FUNCTIONS].filter((name) => /read|scan|parquet|duckdb|pragma|query|sql|log/.test(name)),
    ).toEqual([]);
  });
});

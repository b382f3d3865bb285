// A view that names its columns must say what `read_parquet` says with a schema, whatever the files are like, and so must
// one that finds them by their ids.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { readSchema } from "#adapters/duckdb-columns";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import type { View } from "./contract.ts";
import { viewByFieldId, viewByName } from "./views.ts";

let folder: string;
let db: Duckdb;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "queryd-views-"));
  db = await openDuckdb({ memoryBytesMax: 2 ** 28, threads: 1, tempDir: folder, tempBytesMax: 2 ** 28 });
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

type Columns = Readonly<Record<string, readonly [id: number, value: string]>>;
let written = 0;

async function file(columns: Columns): Promise<string> {
  written += 1;
  const path = join(folder, `${written}.parquet`);
  const names = Object.entries(columns);
  const select = names.map(([name, [, value]]) => `${value} AS ${quoteIdentifier(name)}`).join(", ");
  const ids = names.map(([name, [id]]) => `${quoteIdentifier(name)}: ${id}`).join(", ");
  await db.run(
    `COPY (SELECT ${select} FROM range(3)) TO ${quoteLiteral(path)} (FORMAT parquet, FIELD_IDS {${ids}})`,
  );
  return path;
}

const columnsOf = (columns: Readonly<Record<string, readonly [id: number, type: string]>>): View["columns"] =>
  Object.entries(columns).map(([name, [id, type]]) => ({ id, name, type }));

const WHOLE: Columns = { id: [1, "range"], name: [2, "'n' || range"], tags: [3, "{'a': [range]}"] };
const TAGS = "STRUCT(a BIGINT[])";

const cases: Readonly<Record<string, { files: Columns[]; columns: View["columns"]; named: boolean }>> = {
  "as it was written": {
    files: [WHOLE],
    columns: columnsOf({ id: [1, "BIGINT"], name: [2, "VARCHAR"], tags: [3, TAGS] }),
    named: true,
  },
  "renamed, in another order, without one": {
    files: [WHOLE, WHOLE],
    columns: columnsOf({ tags: [3, TAGS], 'a "b"': [1, "BIGINT"] }),
    named: true,
  },
  "named like another that was dropped": {
    files: [{ name: [2, "'old'"], new_name: [4, "'new'"] }],
    columns: columnsOf({ name: [4, "VARCHAR"] }),
    named: true,
  },
  widened: {
    files: [{ id: [1, "range::INTEGER"] }],
    columns: columnsOf({ id: [1, "BIGINT"] }),
    named: false,
  },
  "added later": {
    files: [WHOLE],
    columns: columnsOf({ id: [1, "BIGINT"], later: [9, "DATE"] }),
    named: false,
  },
  "added by the second file": {
    files: [{ id: [1, "range"] }, { id: [1, "range"], name: [2, "'x'"] }],
    columns: columnsOf({ id: [1, "BIGINT"], name: [2, "VARCHAR"] }),
    named: false,
  },
  "in another order in the second file": {
    files: [
      { id: [1, "range"], other: [2, "range * 2"] },
      { other: [2, "range * 2"], id: [1, "range"] },
    ],
    columns: columnsOf({ id: [1, "BIGINT"], other: [2, "BIGINT"] }),
    named: false,
  },
  "under another name in the second file": {
    files: [{ id: [1, "range"] }, { number: [1, "range"] }],
    columns: columnsOf({ id: [1, "BIGINT"] }),
    named: false,
  },
};

test.each(Object.entries(cases))("%s", async (_, { files, columns, named }) => {
  const paths = await Promise.all(files.map(file));
  const view: View = {
    name: "v",
    columns,
    masked: [],
    files: paths.map((path) => ({ path, key: path, bytes: 0 })),
  };
  const byName = await viewByName(db, view);
  expect(byName.includes("schema = ")).toBe(!named);
  const schema = readSchema(columns);
  const list = `[${paths.map(quoteLiteral).join(", ")}]`;
  const wanted = await db.rows(`SELECT * FROM read_parquet(${list}, schema = ${schema})`);
  const wantedTypes = columns.map(({ name, type }) => ({ column_name: name, column_type: type }));
  const describe = "SELECT column_name, column_type FROM (DESCRIBE v)";
  for (const statement of [byName, viewByFieldId(view)]) {
    await db.run(statement);
    const said = await db.rows("SELECT * FROM v");
    expect(said).toEqual(wanted);
    expect(said).toHaveLength(3 * files.length);
    expect(await db.rows(describe)).toEqual(wantedTypes);
    await db.run("DROP VIEW v");
  }

  const masked = { ...view, masked: columns.map(({ name }) => name) };
  for (const statement of [await viewByName(db, masked), viewByFieldId(masked)]) {
    await db.run(statement);
    const hidden = await db.rows("SELECT * FROM v");
    expect(hidden).toHaveLength(wanted.length);
    for (const row of hidden)
      for (const value of Object.values(row)) expect([null, "***"]).toContain(value as null);
    expect(await db.rows(describe)).toEqual(wantedTypes);
    await db.run("DROP VIEW v");
  }
});

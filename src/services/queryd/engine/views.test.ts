// A view that names its columns must say what `read_parquet` says with a schema, whatever the files are like.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { viewStatement } from "./views.ts";

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

const map = (columns: Readonly<Record<string, readonly [id: number, type: string]>>): string =>
  `MAP {${Object.entries(columns)
    .map(
      ([name, [id, type]]) =>
        `${id}: {name: ${quoteLiteral(name)}, type: ${quoteLiteral(type)}, default_value: NULL}`,
    )
    .join(", ")}}`;

const WHOLE: Columns = { id: [1, "range"], name: [2, "'n' || range"], tags: [3, "{'a': [range]}"] };
const TAGS = "STRUCT(a BIGINT[])";

const cases: Readonly<Record<string, { files: Columns[]; schema: string; named: boolean }>> = {
  "as it was written": {
    files: [WHOLE],
    schema: map({ id: [1, "BIGINT"], name: [2, "VARCHAR"], tags: [3, TAGS] }),
    named: true,
  },
  "renamed, in another order, without one": {
    files: [WHOLE, WHOLE],
    schema: map({ tags: [3, TAGS], 'a "b"': [1, "BIGINT"] }),
    named: true,
  },
  "named like another that was dropped": {
    files: [{ name: [2, "'old'"], new_name: [4, "'new'"] }],
    schema: map({ name: [4, "VARCHAR"] }),
    named: true,
  },
  widened: { files: [{ id: [1, "range::INTEGER"] }], schema: map({ id: [1, "BIGINT"] }), named: false },
  "added later": {
    files: [WHOLE],
    schema: map({ id: [1, "BIGINT"], later: [9, "DATE"] }),
    named: false,
  },
  "added by the second file": {
    files: [{ id: [1, "range"] }, { id: [1, "range"], name: [2, "'x'"] }],
    schema: map({ id: [1, "BIGINT"], name: [2, "VARCHAR"] }),
    named: false,
  },
  "in another order in the second file": {
    files: [
      { id: [1, "range"], other: [2, "range * 2"] },
      { other: [2, "range * 2"], id: [1, "range"] },
    ],
    schema: map({ id: [1, "BIGINT"], other: [2, "BIGINT"] }),
    named: false,
  },
  "under another name in the second file": {
    files: [{ id: [1, "range"] }, { number: [1, "range"] }],
    schema: map({ id: [1, "BIGINT"] }),
    named: false,
  },
};

test.each(Object.entries(cases))("%s", async (_, { files, schema, named }) => {
  const paths = await Promise.all(files.map(file));
  const view = {
    name: "v",
    read_schema: schema,
    masked: [],
    files: paths.map((path) => ({ path, key: path })),
  };
  const statement = await viewStatement(db, view);
  expect(statement.includes("schema = ")).toBe(!named);
  await db.run(statement);
  const list = `[${paths.map(quoteLiteral).join(", ")}]`;
  const said = await db.rows("SELECT * FROM v");
  expect(said).toEqual(await db.rows(`SELECT * FROM read_parquet(${list}, schema = ${schema})`));
  expect(said).toHaveLength(3 * files.length);
  const types = await db.rows("SELECT column_name, column_type FROM (DESCRIBE v)");
  expect(types).toEqual(
    await db.rows(
      `SELECT e.value.name AS column_name, e.value.type AS column_type FROM (SELECT unnest(map_entries(${schema})) AS e)`,
    ),
  );
  await db.run("DROP VIEW v");

  const masked = wantedNames(schema);
  await db.run(await viewStatement(db, { ...view, masked }));
  const hidden = await db.rows("SELECT * FROM v");
  expect(hidden).toHaveLength(said.length);
  for (const row of hidden)
    for (const value of Object.values(row)) expect([null, "***"]).toContain(value as null);
  expect(await db.rows("SELECT column_name, column_type FROM (DESCRIBE v)")).toEqual(types);
  await db.run("DROP VIEW v");
});

function wantedNames(schema: string): string[] {
  return [...schema.matchAll(/name: '([^']+)'/g)].map(([, name = ""]) => name);
}

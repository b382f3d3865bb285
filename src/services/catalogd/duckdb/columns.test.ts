import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import * as fc from "fast-check";

import { Fault, type FaultCode } from "#rpc/fault";

import { fieldIdsClause, readSchema } from "#adapters/duckdb-columns";
import { avroName } from "#lib/avro-name";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { columnsOf, schemaChanges, schemaOf, type WantedChanges } from "./columns.ts";
import { copyStatement } from "./copy.testing.ts";
import { duckdbType, typeFromDuckdb } from "./types.ts";
import { evolveSchema } from "../iceberg/types/evolve.ts";
import { allFields, checkSchema, freshIds, type Schema, type Type } from "../iceberg/types/schema.ts";

const folder = mkdtempSync(join(tmpdir(), "schema-"));
let db: DuckDBConnection;
beforeAll(async () => {
  db = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(() => {
  db.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

async function rowsOf(sql: string): Promise<unknown[]> {
  return (await db.runAndReadAll(sql)).getRowObjectsJson();
}

function codeOf(run: () => unknown): FaultCode | undefined {
  try {
    run();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.code;
    throw thrown;
  }
}

const int = (name: string): { name: string; type: string } => ({ name, type: "INTEGER" });

describe("types", () => {
  test.each([
    ["BIGINT", "long"],
    ["UTINYINT", "int"],
    ["USMALLINT", "int"],
    ["UINTEGER", "long"],
    ["UBIGINT", "decimal(20,0)"],
    ["HUGEINT", "decimal(38,0)"],
    ["DECIMAL(10,2)", "decimal(10,2)"],
    ["numeric( 5 , 1 )", "decimal(5,1)"],
    ["DECIMAL(7)", "decimal(7,0)"],
    ["TIMESTAMP WITH TIME ZONE", "timestamptz"],
    ["TIMESTAMP_NS", "timestamp"],
    ["VARCHAR(20)", "string"],
    ["INTERVAL", "string"],
    ["TIME WITH TIME ZONE", "string"],
    ["UHUGEINT", "string"],
    ["JSON", "string"],
    ["ENUM('a', 'b(,''c')", "string"],
    ["UNION(a INTEGER, b VARCHAR)", "string"],
    ["BLOB", "binary"],
  ])("%s is %s", (text, type) => {
    expect(typeFromDuckdb(text)).toBe(type);
  });

  test("nest, with quoted names", () => {
    const text = 'MAP(VARCHAR, STRUCT("a, (b" INTEGER[][3], "q""q" DECIMAL(4,1)))[]';
    expect(duckdbType(typeFromDuckdb(text))).toBe(
      'MAP(VARCHAR, STRUCT("a, (b" INTEGER[][], "q""q" DECIMAL(4,1)))[]',
    );
  });

  test("come back from what DuckDB itself says of them", async () => {
    const types = [
      "BOOLEAN",
      "INTEGER",
      "BIGINT",
      "FLOAT",
      "DOUBLE",
      "DATE",
      "TIME",
      "TIMESTAMP",
      "TIMESTAMP WITH TIME ZONE",
      "VARCHAR",
      "UUID",
      "BLOB",
    ];
    const all = [...types, "DECIMAL(38,9)", 'STRUCT("select" INTEGER, "A b" MAP(INTEGER, VARCHAR[]))[]'];
    for (const type of all) {
      const [row] = (await rowsOf(`DESCRIBE SELECT NULL::${type} AS c`)) as { column_type: string }[];
      const ours = typeFromDuckdb(row?.column_type ?? "");
      const [again] = (await rowsOf(`DESCRIBE SELECT NULL::${duckdbType(ours)} AS c`)) as {
        column_type: string;
      }[];
      expect(again?.column_type).toBe(row?.column_type ?? "");
    }
  });

  test("that make no sense are refused", () => {
    for (const text of [
      "",
      "DECIMAL(39,2)",
      "DECIMAL(4,5)",
      "MAP(INTEGER)",
      "STRUCT(a)",
      `INTEGER${"[]".repeat(50)}`,
    ]) {
      expect(codeOf(() => typeFromDuckdb(text))).toBe("invalid");
    }
  });
});

describe("a new schema", () => {
  test("numbers columns first and nested fields after them", () => {
    const schema = schemaOf([
      int("a"),
      { name: "b", type: "STRUCT(x INTEGER, y VARCHAR[])" },
      { name: "m", type: "MAP(VARCHAR, DATE)" },
    ]);
    expect(allFields(schema).map(({ id, path }) => `${id} ${path.join(".")}`)).toEqual([
      "1 a",
      "2 b",
      "4 b.x",
      "5 b.y",
      "6 b.y.element",
      "3 m",
      "7 m.key",
      "8 m.value",
    ]);
    checkSchema(schema);
  });

  test("refuses no columns, no names and names that SQL cannot tell apart", () => {
    expect(codeOf(() => schemaOf([]))).toBe("invalid");
    expect(codeOf(() => schemaOf([int("")]))).toBe("invalid");
    expect(codeOf(() => schemaOf([int("Rate"), int("rate")]))).toBe("conflict");
  });

  test("of another engine is renumbered from 1, keys included", () => {
    const sent: Schema = {
      type: "struct",
      "schema-id": 0,
      "identifier-field-ids": [0],
      fields: [
        { id: 0, name: "id", required: true, type: "long" },
        {
          id: 1,
          name: "l",
          required: false,
          type: { type: "list", "element-id": 2, element: "int", "element-required": false },
        },
      ],
    };
    const { schema, last } = freshIds(sent);
    expect(allFields(schema).map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(schema["identifier-field-ids"]).toEqual([1]);
    expect(last).toBe(3);
  });

  test("with ids used twice or types of other versions is refused", () => {
    const field = (id: number, type: Type): Schema["fields"][number] => ({
      id,
      name: `c${id}`,
      required: false,
      type,
    });
    const bad = (...fields: Schema["fields"]): FaultCode | undefined =>
      codeOf(() => checkSchema({ type: "struct", "schema-id": 0, fields }));
    expect(bad(field(1, "int"), { ...field(1, "int"), name: "again" })).toBe("invalid");
    expect(bad(field(1, "variant"))).toBe("invalid");
    expect(bad(field(1, "decimal(39,1)"))).toBe("invalid");
    expect(bad(field(1, "fixed[16]"), field(2, "decimal(9, 2)"))).toBeUndefined();
  });
});

describe("evolution", () => {
  const base = schemaOf([
    int("a"),
    { name: "b", type: "FLOAT" },
    { name: "c", type: "DECIMAL(10,2)" },
    { name: "s", type: "STRUCT(x INTEGER)" },
  ]);
  const last = 5;
  const evolve = (...wanted: WantedChanges[]): ReturnType<typeof evolveSchema> =>
    evolveSchema(base, wanted.flatMap(schemaChanges), last);
  const fieldOf = (schema: Schema, name: string): Schema["fields"][number] | undefined =>
    schema.fields.find((field) => field.name === name);

  test("never gives an id twice, not even that of a dropped column", () => {
    const { schema, lastColumnId } = evolve(
      { add: [{ name: "n", type: "STRUCT(p INTEGER)", doc: "new" }] },
      { drop: ["n"] },
      { add: [{ name: "n", type: "INTEGER" }] },
    );
    expect(fieldOf(schema, "n")).toEqual({ id: 8, name: "n", required: false, type: "int" });
    expect(lastColumnId).toBe(8);
  });

  test("renames by id and all at once, so that names can be swapped and moved on", () => {
    const { schema } = evolve({ rename: { a: "b", b: "a", c: "C" } });
    expect(schema.fields.map(({ id, name }) => `${id}${name}`)).toEqual(["1b", "2a", "3C", "4s"]);
  });

  test("widens what keeps every value, members included", () => {
    const { schema, lastColumnId } = evolve(
      { widen: { a: "BIGINT" } },
      { widen: { b: "DOUBLE" } },
      { widen: { c: "DECIMAL(20,2)" } },
      { widen: { s: "STRUCT(x BIGINT, y VARCHAR)" } },
      { doc: { a: "hours" } },
    );
    expect(fieldOf(schema, "a")).toMatchObject({ id: 1, type: "long", doc: "hours" });
    expect(fieldOf(schema, "b")?.type).toBe("double");
    expect(fieldOf(schema, "c")?.type).toBe("decimal(20,2)");
    expect(fieldOf(schema, "s")?.type).toMatchObject({
      fields: [
        { id: 5, type: "long" },
        { id: 6, name: "y", type: "string" },
      ],
    });
    expect(lastColumnId).toBe(6);
  });

  test.each<[FaultCode, WantedChanges]>([
    ["conflict", { widen: { a: "VARCHAR" } }],
    ["conflict", { widen: { a: "DOUBLE" } }],
    ["conflict", { widen: { c: "DECIMAL(20,3)" } }],
    ["conflict", { widen: { c: "DECIMAL(9,2)" } }],
    ["conflict", { widen: { s: "INTEGER" } }],
    ["conflict", { rename: { a: "B" } }],
    ["conflict", { add: [{ name: "A", type: "DATE" }] }],
    ["invalid", { rename: { a: "" } }],
    ["invalid", { add: [{ name: "d", type: "DECIMAL(50,2)" }] }],
    ["not_found", { drop: ["zz"] }],
    ["not_found", { rename: { zz: "y" } }],
  ])("answers %s to %o", (code, change) => {
    expect(codeOf(() => evolve(change))).toBe(code);
  });

  test("keeps the last column and the columns that identify rows", () => {
    const one = schemaOf([int("only")]);
    expect(codeOf(() => evolveSchema(one, schemaChanges({ drop: ["only"] }), 1))).toBe("conflict");
    const keyed = { ...base, "identifier-field-ids": [1] };
    expect(codeOf(() => evolveSchema(keyed, schemaChanges({ drop: ["a"] }), last))).toBe("conflict");
  });
});

describe("DuckDB", () => {
  test("takes any name but one with NUL", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "binary", minLength: 1, maxLength: 12 }).filter((s) => !s.includes("\0")),
        async (name) => {
          const read = await db.runAndReadAll(`SELECT ${quoteLiteral(name)} AS ${quoteIdentifier(name)}`);
          expect([read.columnNames(), ...read.getRowsJson()]).toEqual([[name], [name]]);
        },
      ),
      { numRuns: 50 },
    );
    const broken = schemaOf([int("ok")]);
    const fields = broken.fields.map((field) => ({ ...field, name: "a\0b" }));
    expect(codeOf(() => readSchema(columnsOf({ ...broken, fields })))).toBe("invalid");
  });

  test("writes our field ids at every depth", async () => {
    const schema = schemaOf([
      { name: 'it\'s "q" .d', type: "INTEGER" },
      { name: "role title", type: 'STRUCT("a b" INTEGER, "c""d" VARCHAR[])[]' },
      { name: "m", type: "MAP(VARCHAR, STRUCT(p DATE))" },
    ]);
    const path = join(folder, "ids.parquet");
    const from = `(SELECT 1 AS "it's ""q"" .d", [{'a b': 1, 'c"d': ['z']}] AS "role title", MAP {'k': {'p': DATE '2020-01-01'}} AS m)`;
    await db.run(copyStatement(schema, from, path));
    const written = (await rowsOf(
      `SELECT name, field_id FROM parquet_schema('${path}') WHERE field_id IS NOT NULL`,
    )) as {
      name: string;
      field_id: string;
    }[];
    const expected = allFields(schema).map(({ id, path: names }) => ({
      name: names.length === 1 ? avroName(names[0] ?? "") : (names.at(-1) ?? ""),
      field_id: String(id),
    }));
    expect(written).toEqual(expected);
    const [footer] = (await rowsOf(
      `SELECT decode(value) AS v FROM parquet_kv_metadata('${path}') WHERE decode(key) = 'iceberg.schema'`,
    )) as { v: string }[];
    expect(JSON.parse(footer?.v ?? "")).toEqual(schema as unknown as Record<string, unknown>);
    expect(
      await rowsOf(`SELECT * FROM read_parquet('${path}', schema = ${readSchema(columnsOf(schema))})`),
    ).toEqual([
      {
        'it\'s "q" .d': 1,
        "role title": [{ "a b": 1, 'c"d': ["z"] }],
        m: [{ key: "k", value: { p: "2020-01-01" } }],
      },
    ]);
  });

  test("reads old files through an evolved schema: renamed, widened, added, dropped", async () => {
    const old = schemaOf([
      int("a"),
      { name: "b", type: "FLOAT" },
      { name: "c", type: "DECIMAL(6,2)" },
      int("d"),
      { name: "l", type: "INTEGER[]" },
    ]);
    const path = join(folder, "old.parquet");
    await db.run(copyStatement(old, "(SELECT 7 AS a, 0.5 AS b, 1.25 AS c, 4 AS d, [1] AS l)", path));
    const { schema } = evolveSchema(
      old,
      [
        { rename: { a: "hours worked" } },
        { widen: { "hours worked": "BIGINT", b: "DOUBLE", c: "DECIMAL(20,2)", l: "BIGINT[]" } },
        { drop: ["d"], add: [{ name: "d", type: "VARCHAR" }] },
      ].flatMap(schemaChanges),
      6,
    );
    const clause = readSchema(columnsOf(schema));
    const sql = `SELECT *, typeof("hours worked") AS t FROM read_parquet(['${path}'], schema = ${clause})`;
    expect(await rowsOf(sql)).toEqual([
      { "hours worked": "7", b: 0.5, c: "1.25", l: ["1"], d: null, t: "BIGINT" },
    ]);
  });

  test("names the clauses as its parser wants them", () => {
    const schema = schemaOf([int("a b"), { name: "s", type: "STRUCT(x INTEGER)" }]);
    const columns = columnsOf(schema);
    expect(fieldIdsClause(columns, JSON.stringify(schema))).toBe(
      'FIELD_IDS {"a_x20b": 1, "s": {__duckdb_field_id: 2, "x": 3}}',
    );
    expect(readSchema(columns)).toBe(
      `MAP {1: {name: 'a b', type: 'INTEGER', default_value: NULL}, 2: {name: 's', type: 'STRUCT("x" INTEGER)', default_value: NULL}}`,
    );
  });

  test("stores names as Iceberg's own writer does", () => {
    expect(avroName("EMPLOYER NAME")).toBe("EMPLOYER_x20NAME");
    expect(avroName("2nd")).toBe("_2nd");
    expect(avroName("é")).toBe("_xE9");
    expect(avroName("plain_1")).toBe("plain_1");
  });
});

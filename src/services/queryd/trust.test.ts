// What one statement may cost others, and what is exact: engines that crash, values beyond a double, versions, zones.

import type { SnapshotId } from "#contracts/shapes";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { query } from "#contracts/query";
import type { Bytes, Service } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { type Lake, openLake } from "../../../test/lake/lake.ts";
import { queryd, type Queryd } from "./service.ts";

const MEBIBYTE = 1024 ** 2;
/** Runs until it is ended: no limit of DuckDB's own applies. */
const ENDLESS = "SELECT count(*) FROM range(1000000000000) a, range(1000) b WHERE a.range % 7 = b.range";

let lake: Lake;
let daemon: Queryd;
let service: Service<typeof query>;
let first: SnapshotId;
let second: SnapshotId;

beforeAll(async () => {
  lake = await openLake();
  first = await lake.append("workers", "SELECT range AS id, 'name ' || range AS name FROM range(100)");
  second = await lake.append("workers", "SELECT range + 100 AS id, 'late ' || range AS name FROM range(50)");
  await lake.append(
    "zones",
    "SELECT TIMESTAMPTZ '2026-01-01 02:00:00+00' AS moment, TIME '06:00:00' AS opens",
  );
  await lake.append("Odd", `SELECT 1::BIGINT AS "a ""b", [{'x': 1.5::DECIMAL(5, 2)}] AS nested`);
  daemon = queryd({
    catalog: lake.catalog,
    storage: lake.storage,
    settings: {
      cacheDir: join(lake.folder, "cache"),
      workersMax: 2,
      memoryBytesMax: 400 * MEBIBYTE,
    },
  });
  service = local(implement(query, "queryd", daemon.handlers, { checkOutputs: true }));
});
afterAll(async () => {
  await daemon.close();
  await lake.close();
});

const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const fault = await work.then(
    () => undefined,
    (thrown: Fault) => thrown,
  );
  if (fault === undefined) throw new Error("There was no fault.");
  return fault;
};
const rows = async (sql: string, more: object = {}): Promise<Record<string, unknown>[]> =>
  (await service.sql({ sql, ...more })).rows;

/** Until an engine runs a statement. */
const engineBusy = async (): Promise<number> => {
  for (;;) {
    const [pid] = daemon.stats().pids;
    if (pid !== undefined) return pid;
    await Bun.sleep(10);
  }
};

describe("a statement that ends its engine", () => {
  test("is rejected, and refused when it comes again; others are answered", async () => {
    await rows("SELECT 1");
    const statement = { sql: `${ENDLESS} -- crash` };
    const work = faultOf(service.sql(statement));
    await engineBusy();
    await Bun.sleep(300);
    for (const pid of daemon.stats().pids) process.kill(pid, "SIGSEGV");
    const fault = await work;
    expect(fault).toMatchObject({ code: "rejected" });
    expect(fault.message).toContain("crash");
    const before = daemon.stats().pids;
    const again = await faultOf(service.sql(statement));
    expect(again).toMatchObject({ code: "rejected" });
    expect(again.message).toMatch(/refused for 10 more minutes; change the statement\.$/);
    expect(await rows("SELECT count(*) AS n FROM workers")).toEqual([{ n: 150 }]);
    expect(daemon.stats().pids.length).toBeGreaterThanOrEqual(before.length);
  });

  test("by its memory likewise, whatever its parameters are for others", async () => {
    const sql = "SELECT len(range(?::BIGINT)) AS n";
    const eats = { sql, params: [500_000_000] };
    expect((await faultOf(service.sql(eats))).message).toContain("used more than");
    expect((await faultOf(service.sql(eats))).message).toContain("refused for");
    expect(await rows(sql, { params: [5] })).toEqual([{ n: 5 }]);
  });
});

/** As long as DuckDB's recursion needs to overflow its stack. */
const LISTS = "(repeat('[', 200000) || repeat(']', 200000))";
const OBJECTS = `(repeat('{"a":', 200000) || '1' || repeat('}', 200000))`;

describe("JSON of 200,000 levels", () => {
  const calls = [
    "json_structure(D)",
    "main.json_structure(D)",
    "json_structure(D::JSON)",
    "json_structure(CASE WHEN random() < 2 THEN D END)",
    "json_contains(D, '1')",
    "json_contains('1', D)",
    "json_merge_patch('{}', D)",
    "json_merge_patch(D, '{}')",
    "json_merge_patch('{}', '{}', D)",
    "from_json('1', D)",
    "from_json_strict('1', D)",
    "json_transform('1', D)",
    "json_transform_strict('1', D)",
    "json_group_structure(D::JSON)",
    "D::JSON::VARIANT",
  ];
  test.each(calls)("%s is refused, and its engine lives", async (call) => {
    await rows("SELECT 1");
    const pids = daemon.stats().pids;
    for (const deep of [LISTS, OBJECTS]) {
      const fault = await faultOf(
        service.sql({ sql: `SELECT length((${call.replace("D", deep)})::VARCHAR)` }),
      );
      expect(fault.code).toBe("invalid");
    }
    expect(daemon.stats().pids).toEqual(expect.arrayContaining(pids));
  });

  test.each([
    "json_valid(D)",
    "json_type(D)",
    "json_extract(D, '$[0]')",
    "D::JSON->0",
    "json_array_length(D)",
    "json_keys(D)",
    "from_json(D, '\"JSON\"')",
    "json_quote(D)",
  ])("%s takes it", async (call) => {
    expect(await rows(`SELECT count(${call.replace("D", LISTS)}) >= 0 AS yes`)).toEqual([{ yes: true }]);
  });

  test("wide texts are taken, and deep ones in strings", async () => {
    const wide = `(SELECT json_group_array(('{"a":1,"b":[1,{"c":[2]}]}')::JSON) FROM range(20000))`;
    expect(await rows(`SELECT json_structure(${wide})->'$[0]' AS s`)).toEqual([
      { s: { a: "UBIGINT", b: ["JSON"] } },
    ]);
    const text = `to_json(repeat('[', 5000))`;
    expect(await rows(`SELECT json_contains(json_array(${text}), ${text}) AS yes`)).toEqual([{ yes: true }]);
  });
});

describe("numbers are exact or refused", () => {
  const sql =
    "SELECT list(x) AS found FROM (VALUES (9007199254740991), (9007199254740992), (9007199254740993)) t(x)";

  test("literals and parameters beyond 2^53 find their own row", async () => {
    expect(await rows(`${sql} WHERE x = 9007199254740993`)).toEqual([{ found: ["9007199254740993"] }]);
    expect(await rows(`${sql} WHERE x = ?`, { params: [9007199254740992] })).toEqual([
      { found: ["9007199254740992"] },
    ]);
    expect(await rows(`${sql} WHERE x = ?::BIGINT`, { params: ["9007199254740993"] })).toEqual([
      { found: ["9007199254740993"] },
    ]);
    expect(await rows("SELECT typeof(?) AS t, ? AS v", { params: [2 ** 62, 2 ** 62] })).toEqual([
      { t: "BIGINT", v: "4611686018427387904" },
    ]);
  });

  test.each([
    "1e400",
    "-1e400",
    "1234567890123456789012345678901234567890",
    "0.1234567890123456789012345678901234567890",
  ])("%s is refused", async (literal) => {
    const fault = await faultOf(service.sql({ sql: `SELECT 'ä', ${literal} AS x` }));
    expect(fault.code).toBe("invalid");
    expect(fault.details?.[0]?.path).toMatch(/^sql:1:1[34]$/);
  });

  test.each([
    ["1e300", 1e300],
    ["12345678901234567890123456789012345678", "12345678901234567890123456789012345678"],
    ["1_000", 1000],
  ])("%s is taken", async (literal, value) => {
    expect(await rows(`SELECT ${literal} AS x`)).toEqual([{ x: value }]);
  });
});

describe("lists as parameters", () => {
  test("of one type are bound as such", async () => {
    const params = [[1, 2], [1, 2 ** 40], [0.5, 2], ["a", null], [true], [], [null]];
    const sql =
      "SELECT typeof($1) a, typeof($2) b, typeof($3) c, typeof($4) d, typeof($5) e, len($6) f, $7 g";
    expect(await rows(sql, { params })).toEqual([
      { a: "INTEGER[]", b: "BIGINT[]", c: "DOUBLE[]", d: "VARCHAR[]", e: "BOOLEAN[]", f: 0, g: [null] },
    ]);
    expect(await rows("SELECT count(*) AS n FROM workers WHERE id IN ?", { params: [[1, 2, 500]] })).toEqual([
      { n: 2 },
    ]);
  });

  test("of several are refused by name", async () => {
    const fault = await faultOf(service.sql({ sql: "SELECT ?, ?", params: [1, ["a", 1]] }));
    expect(fault).toMatchObject({ code: "invalid", details: [{ path: "params[1]" }] });
  });
});

describe("AT", () => {
  test("reads versions beside each other, and says which", async () => {
    const result = await service.sql({
      sql: `SELECT (SELECT count(*) FROM workers) AS now, (SELECT count(*) FROM workers AT (VERSION => ${first})) AS one,
        (SELECT count(*) FROM main.workers w AT (VERSION => '${second}') WHERE w.id > 0) AS two, count(*) AS joined
        FROM workers AS w AT (TIMESTAMP => '2999-01-01') JOIN workers v AT (VERSION => ${first}) USING (id)`,
    });
    expect(result.rows).toEqual([{ now: 150, one: 100, two: 149, joined: 100 }]);
    expect(result.snapshots).toEqual({
      workers: second,
      [`workers@${first}`]: first,
      [`workers@${second}`]: second,
      "workers@2999-01-01T00:00:00.000Z": second,
    });
  });

  test("keeps the table's name for its columns, and places in what follows", async () => {
    expect(
      await rows(`SELECT workers.name FROM workers AT (VERSION => ${first}) WHERE workers.id = 3`),
    ).toEqual([{ name: "name 3" }]);
    const sql = `SELECT 'ä' FROM "workers" AT (VERSION => ${first}) WHERE`;
    const fault = await faultOf(service.sql({ sql: `${sql} nope = 1` }));
    expect(fault.details?.[0]?.path).toBe(`sql:1:${sql.length + 2}`);
  });

  test("with a tag, and with nothing that is there", async () => {
    await lake.catalog.tag({ dataset: "workers", name: "before", snapshot_id: first });
    expect(await rows("SELECT count(*) AS n FROM workers AT (VERSION => 'before')")).toEqual([{ n: 100 }]);
    for (const at of ["VERSION => 7", "TIMESTAMP => '1999-01-01'", "VERSION => 'nope'"]) {
      const fault = await faultOf(service.sql({ sql: `SELECT 1 FROM workers AT (${at})` }));
      expect(fault.code).toBe("not_found");
    }
  });
});

describe("time_zone", () => {
  const sql =
    "SELECT strftime(moment, '%Y-%m-%d %H:%M') AS there, moment, extract(day FROM moment) AS day FROM zones";

  test("says in which zone days and hours are reckoned; instants stay UTC", async () => {
    expect(await rows(sql)).toEqual([{ there: "2026-01-01 02:00", moment: "2026-01-01T02:00:00Z", day: 1 }]);
    expect(await rows(sql, { time_zone: "America/Chicago" })).toEqual([
      { there: "2025-12-31 20:00", moment: "2026-01-01T02:00:00Z", day: 31 },
    ]);
  });

  test.each(["Mars/Base", "UTC'; SET x = 1; --", "'"])("%j is refused by name", async (zone) => {
    const fault = await faultOf(service.sql({ sql, time_zone: zone }));
    expect(fault).toMatchObject({ code: "invalid", details: [{ path: "time_zone" }] });
  });
});

describe("what tells of datasets", () => {
  const statements = [
    "FROM information_schema.tables",
    "FROM INFORMATION_SCHEMA.COLUMNS",
    'FROM "information_schema"."tables" t, "Information_Schema"."schemata" s',
    "FROM information_schema.views",
    "FROM information_schema.schemata",
    "FROM duckdb_tables()",
    "FROM duckdb_columns()",
    "SELECT t FROM duckdb_tables() t",
    "SHOW ALL TABLES",
    "DESCRIBE",
    "SUMMARIZE FROM duckdb_tables()",
    "DESCRIBE FROM information_schema.columns",
    "SELECT to_json(c) FROM information_schema.columns c, workers AT (VERSION => 'before')",
    "PIVOT (FROM information_schema.columns) ON table_name USING count(*) GROUP BY data_type",
    "EXPLAIN SELECT * FROM information_schema.tables, workers",
    "SELECT list(t) FROM information_schema.tables t, workers",
  ];
  test.each(statements)("%s names nothing of the instance", async (sql) => {
    await lake.catalog.tag({ dataset: "workers", name: "before", snapshot_id: first });
    const { rows: found, snapshots } = await service.sql({ sql, limit: 100_000 });
    const text = JSON.stringify(found);
    // A plan names its steps, among them how these tables are made; paths it does not.
    const names = sql.startsWith("EXPLAIN") ? [] : ["listed", "row counts", "pg_catalog", "at1", "system"];
    for (const inside of [lake.folder, "/tmp", ".parquet", ...names]) expect(text).not.toContain(inside);
    expect(Object.keys(snapshots).every((name) => name.startsWith("workers"))).toBe(true);
  });

  test("has every dataset with its rows and columns, in DuckDB's own shape", async () => {
    expect(
      await rows(
        "SELECT table_name, estimated_size, column_count FROM duckdb_tables() ORDER BY lower(table_name)",
      ),
    ).toEqual([
      { table_name: "Odd", estimated_size: 1, column_count: 2 },
      { table_name: "workers", estimated_size: 150, column_count: 2 },
      { table_name: "zones", estimated_size: 1, column_count: 2 },
    ]);
    expect(
      await rows(
        "SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_name = 'Odd' ORDER BY ordinal_position",
      ),
    ).toEqual([
      { column_name: 'a "b', data_type: "BIGINT", is_nullable: "YES" },
      { column_name: "nested", data_type: "STRUCT(x DECIMAL(5,2))[]", is_nullable: "YES" },
    ]);
  });

  test("follows the catalog", async () => {
    await lake.create("made_just_now", { id: "BIGINT" });
    const sql = "SELECT count(*) AS n FROM information_schema.tables WHERE table_name = 'made_just_now'";
    expect(await rows(sql)).toEqual([{ n: 1 }]);
    await lake.catalog.drop({ dataset: "made_just_now" });
    expect(await rows(sql)).toEqual([{ n: 0 }]);
  });
});

test("a PIVOT over the data leaves its instance as it was, however often it runs", async () => {
  for (let times = 0; times < 3; times += 1) {
    const sql = "PIVOT (SELECT id % 2 AS odd FROM workers) ON odd USING count(*)";
    expect(await rows(sql)).toEqual([{ "0": 75, "1": 75 }]);
    expect(await rows("SELECT count(*) AS n FROM workers")).toEqual([{ n: 150 }]);
  }
  const stream = await service.sqlStream({
    sql: "PIVOT (SELECT id % 3 AS k FROM workers) ON k USING count(*)",
  });
  expect(await new Response(stream.body as Bytes).text()).toBe('{"0":50,"1":50,"2":50}\n');
});

test("warnings tell of types that other programs do not hold, in a header where rows stream", async () => {
  const sql = "SELECT opens, TIMESTAMP_NS '2026-01-01 00:00:00.123456789' AS ns FROM zones";
  expect((await service.sql({ sql })).warnings).toEqual([
    "Column opens is a TIME, which Spark cannot read from a table; cast it to VARCHAR for that.",
    "Column ns has nanoseconds; tables here, Spark and most clients keep microseconds.",
  ]);
  const { headers, body } = await service.sqlStream({ sql: `SELECT opens AS "ö" FROM zones` });
  expect(JSON.parse(headers["x-lakehouse-warnings"] ?? "")[0]).toStartWith("Column ö is a TIME");
  expect(headers["x-lakehouse-warnings"]).toMatch(/^[\x20-\x7e]+$/);
  await (body as Bytes).cancel();
  expect((await service.sql({ sql: "SELECT 1 AS one" })).warnings).toEqual([]);
});

test.each([
  ["text/csv;q=0.1, application/x-ndjson", "application/x-ndjson"],
  ["application/x-ndjson;q=0.2, text/csv;q=0.9", "text/csv; charset=utf-8; header=present"],
  ["text/*", "text/csv; charset=utf-8; header=present"],
  ["*/*", "application/x-ndjson"],
])("a stream for %j is %s", async (accept, type) => {
  const { headers, body } = await service.sqlStream({ sql: "SELECT 1", accept });
  expect(headers["content-type"]).toBe(type);
  await (body as Bytes).cancel();
});

test("files without rows are read as no rows", async () => {
  await lake.append("none", "SELECT 1 AS id WHERE true");
  const name = "empty_file";
  await lake.appendEmpty(name, "SELECT 1 AS id, 'a' AS name");
  expect(await rows(`SELECT count(*) AS n, max(name) AS m FROM ${name}`)).toEqual([{ n: 0, m: null }]);
  const { columns } = await service.sql({ sql: `FROM ${name}` });
  expect(columns).toEqual([
    { name: "id", type: "INTEGER" },
    { name: "name", type: "VARCHAR" },
  ]);
  await lake.append(name, "SELECT 5 AS id, 'b' AS name");
  expect(await rows(`FROM ${name}`)).toEqual([{ id: 5, name: "b" }]);
});

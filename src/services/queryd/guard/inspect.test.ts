import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { Fault } from "#rpc/fault";
import { ESCAPES } from "./escapes.testing.ts";
import { inspect } from "./inspect.ts";
import { tokensOf } from "./tokens.ts";

const folder = mkdtempSync(join(tmpdir(), "queryd-inspect-"));
let db: Duckdb;
beforeAll(async () => {
  db = await openDuckdb({ memoryBytesMax: 256e6, threads: 1, tempDir: folder, tempBytesMax: 1e6 });
  await db.sandbox({ files: [] });
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

const faultOf = async (sql: string): Promise<Fault | "let through"> => {
  try {
    await inspect(db, sql);
    return "let through";
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
};

const readBy = async (sql: string): Promise<readonly string[]> =>
  (await inspect(db, sql)).inspection.tables.map((name) => name.toLowerCase()).sort();

describe("refuses", () => {
  test(`${ESCAPES.length} ways out`, async () => {
    expect(ESCAPES.length).toBeGreaterThanOrEqual(300);
    const outcomes: string[] = [];
    for (const sql of ESCAPES) {
      const fault = await faultOf(sql);
      if (fault === "let through" || fault.code !== "forbidden") outcomes.push(`${sql}: ${String(fault)}`);
    }
    expect(outcomes).toEqual([]);
  });

  test.each([
    ["", "holds no statement"],
    ["  -- nothing\n", "holds no statement"],
    ["SELECT 1\0; DROP TABLE x", "NUL"],
    ["EXPLAIN PIVOT workers ON city USING sum(pay)", "IN (value"],
    ["SELECT * FROM workers AT (VERSION => 1 + 1)", "AT takes a constant"],
    ["SELECT * FROM workers AT (TIMESTAMP => now())", "AT takes a constant"],
    ["SELECT * FROM workers AT (TIMESTAMP => 'soon')", "AT (TIMESTAMP"],
    ["SELECT 1e400", "larger than a DOUBLE"],
    ["SELECT -1e999", "larger than a DOUBLE"],
    ["SELECT 123456789012345678901234567890123456789.5", "38 digits"],
    ["SELECT 1234567890123456789012345678901234567890", "38 digits"],
    ["SELECT [1]::VARIANT", "VARIANT"],
    ["SELECT CAST([1] AS STRUCT(a VARIANT)[])", "VARIANT"],
    ["SELECT TRY_CAST('1' AS \"variant\")", "VARIANT"],
  ])("%j as invalid", async (sql, message) => {
    const fault = (await faultOf(sql)) as Fault;
    expect(fault.code).toBe("invalid");
    expect(fault.message).toContain(message);
  });

  test.each([
    ["SELEC 1", "sql:1:1"],
    ["SELECT 1,\n  FROM FROM x", "sql:2:8"],
    ["EXPLAIN   SELECT 'ä', 'ö' 'x' y z", "sql:1:27"],
    ["EXPLAIN\nANALYZE\nSELECT )", "sql:3:8"],
    ["SELECT '", "sql:1:8"],
  ])("%j with its place", async (sql, place) => {
    const fault = (await faultOf(sql)) as Fault;
    expect(fault.code).toBe("invalid");
    expect(fault.details).toEqual([{ path: place, message: fault.message }]);
  });
});

test.each([
  ["SELECT 'ä',\n cuont(*) FROM workers", "sql:2:2", "Did you mean count?"],
  ["EXPLAIN SELECT getenv('HOME')", "sql:1:16", "no function getenv"],
  ["SELECT * FROM workers, '/etc/passwd'", "sql:1:24", "/etc/passwd is not a dataset"],
])("says where it refuses %j", async (sql, path, words) => {
  const fault = (await faultOf(sql)) as Fault;
  expect(fault.message).toContain(words);
  expect(fault).toMatchObject({ code: "forbidden", details: [{ path }] });
});

describe("lets through", () => {
  test.each([
    "SELECT 1",
    "select * from workers;",
    "FROM workers",
    "TABLE workers",
    "VALUES (1, 'a'), (2, 'b')",
    "WITH a AS MATERIALIZED (FROM workers), b AS (FROM a) SELECT * FROM b JOIN a USING (id)",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) FROM r, workers",
    "EXPLAIN SELECT * FROM workers",
    "/* a /* b */ */ explain analyze FROM workers",
    "EXPLAIN (FORMAT json, ANALYZE) FROM workers",
    "DESCRIBE workers",
    "DESC SELECT 1 FROM workers",
    "SHOW workers",
    "SUMMARIZE workers",
    "SELECT * FROM main.workers",
    "PIVOT workers ON city IN ('Rome', 'Oslo') USING sum(pay) GROUP BY role",
    "UNPIVOT workers ON a, b INTO NAME n VALUE v",
    "FROM workers SELECT name.upper().lower(), unnest([1, 2]), {'a': 1}.a, [x * 2 for x in [1, 2] if x > 1]",
    "SELECT COLUMNS(c -> c LIKE 'a%'), * EXCLUDE (id) REPLACE (pay * 2 AS pay) FROM workers",
    "SELECT sum(pay) FILTER (WHERE pay > 1) OVER w, row_number() OVER () FROM workers WINDOW w AS (PARTITION BY role)",
    "SELECT CAST(a AS DECIMAL(10, 2)), a::STRUCT(b INT)[], TRY_CAST(a AS DATE), a COLLATE NOCASE FROM workers",
    "SELECT * FROM workers WHERE pay > ALL (SELECT pay FROM workers) OR EXISTS (SELECT 1 FROM workers)",
    "SELECT extract(year FROM d), d AT TIME ZONE 'UTC', d + INTERVAL 3 DAY, current_date, now() FROM workers",
    "SELECT DISTINCT ON (role) * FROM workers ORDER BY pay DESC NULLS LAST LIMIT 10 OFFSET 2",
    "SELECT * FROM workers USING SAMPLE 10 PERCENT (bernoulli)",
    "SELECT * FROM workers ASOF JOIN workers w USING (id)",
    "SELECT count(*) FROM workers GROUP BY GROUPING SETS ((role), (city), ())",
    "SELECT * FROM workers UNION BY NAME SELECT * FROM workers",
    "SELECT * FROM range(5), generate_series(1, 3) g(x), unnest([1]) u, workers",
    "SELECT j->>'a', json_extract(j, '$.b') FROM workers, json_each('[1]')",
    "SELECT * FROM workers WHERE id = ? AND name LIKE $2 ESCAPE '!'".replace("$2", "?"),
    "SELECT getenv, read_csv, query FROM workers",
    "SELECT 'SELECT getenv(1)', \"read_text\" FROM workers -- COPY workers TO 'x'",
  ])("%s", async (sql) => {
    await inspect(db, sql);
  });

  test("and says which datasets a statement reads, past its own WITHs", async () => {
    expect(await readBy("SELECT 1")).toEqual([]);
    expect(await readBy("FROM b, A, a, B")).toEqual(["a", "b"]);
    expect(await readBy("WITH x AS (FROM a) FROM x")).toEqual(["a"]);
    expect(await readBy("WITH X AS (FROM a) FROM x, main.x")).toEqual(["a", "x"]);
    expect(await readBy("WITH x AS (FROM x) FROM x")).toEqual(["x"]);
    expect(await readBy("WITH x AS (FROM y), y AS (FROM z) FROM x, y")).toEqual(["y", "z"]);
    expect(await readBy("WITH RECURSIVE x AS (FROM a UNION ALL FROM x) FROM x")).toEqual(["a"]);
    expect(await readBy("WITH RECURSIVE x AS (FROM x UNION ALL FROM x) FROM x")).toEqual(["x"]);
    expect(await readBy("SELECT (WITH i AS (FROM a) FROM i), (FROM i)")).toEqual(["a", "i"]);
    expect(await readBy("FROM workers$rejects")).toEqual(["workers$rejects"]);
    expect(await readBy("FROM duckdb_settings")).toEqual(["duckdb_settings"]);
    expect(await readBy("SUMMARIZE a")).toEqual(["a"]);
  });

  test("knows SHOW TABLES, which is for the catalog", async () => {
    expect((await inspect(db, "show tables;")).inspection).toEqual({
      kind: "show_tables",
      tables: [],
      versions: [],
      catalog: false,
      recursiveJson: false,
    });
    expect(await faultOf("EXPLAIN SHOW TABLES")).toMatchObject({ code: "invalid" });
  });
});

/** Pieces of statements, some of which must never be let through where they are code. */
const WORDS =
  "SELECT FROM WITH x AS ( ) , ; EXPLAIN ANALYZE (FORMAT json) /* */ -- ' \" $1 ? * 1 workers city getenv('HOME') read_text('/etc/passwd') range :: [ ] { } : lambda UNION ALL PIVOT ON IN USING count(*) GROUP BY AT (VERSION => TIMESTAMP => '2026-01-01' ) information_schema . tables duckdb_tables() histogram( 1e400 VARIANT \n \u00e4 $$ E'\\' main system";
const statements = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.array(fc.constantFrom(...WORDS.split(/ /)), { maxLength: 25 }).map((all) => all.join(" ")),
  fc
    .array(fc.constantFrom(...WORDS.split(/ /)), { maxLength: 8 })
    .map((all) => `PIVOT ${all.slice(0, 4).join(" ")} ON city ${all.slice(4).join(" ")} USING count(*)`),
);

test("never fails but with a fault, and lets no refused function through, whatever the text", async () => {
  await fc.assert(
    fc.asyncProperty(statements, async (sql) => {
      const fault = await faultOf(sql);
      if (fault === "let through") {
        const code = tokensOf(sql).map(({ kind, text }) => (kind === "string" ? "''" : text));
        // Behind a table, or a table and the star of its descendants, such a name is its alias, with names for its columns.
        const text = code.join(" ").replaceAll(/((?:from|pivot|,) [\w.]+) \* (?=getenv|read_text)/g, "$1 ");
        expect(text).not.toMatch(/(?:^|select|from|on|by|[,(*]) (?:getenv|read_text) \( ''/);
        return;
      }
      expect(["invalid", "forbidden"]).toContain(fault.code);
      for (const { path } of fault.details ?? []) expect(path).toMatch(/^sql:\d+:\d+$/);
    }),
    { numRuns: 2000 },
  );
});

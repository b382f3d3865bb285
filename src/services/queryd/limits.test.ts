// Statements that would take all time or memory there is, and streams that must not.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RecordBatchReader } from "apache-arrow";
import { query } from "#contracts/query";
import type { Bytes, Service } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { askParquet } from "./formats/parquet.testing.ts";
import { queryd, type Queryd } from "./service.ts";
import { type Lake, openLake } from "../../../test/lake/lake.ts";

const MEBIBYTE = 1024 ** 2;
const MEMORY_BYTES_MAX = 400 * MEBIBYTE;
const TIMEOUT_MS = 400;
/** Each would run for minutes or without end; a busy machine is given time to notice. */
const LATE_MS_MAX = 5000;

const many = (text: string, times: number, between = ""): string => Array(times).fill(text).join(between);
const nested = (open: string, close: string, times: number): string =>
  `${many(open, times)}1${many(close, times)}`;
const chain = Array.from({ length: 40 }, (_, index) => {
  const from = index === 0 ? "workers a" : `c${index - 1} a, c${index - 1} b`;
  return `c${index} AS NOT MATERIALIZED (SELECT a.* FROM ${from})`;
});

const ATTACKS: Readonly<Record<string, string>> = {
  "a long text": "SELECT repeat('a', 2000000000)",
  "a long text that is dropped": "SELECT length(repeat('a', 2000000000))",
  "a padded text": "SELECT lpad('x', 2000000000, 'y')",
  "a wide number": "SELECT printf('%1000000000d', 1)",
  "a wide format": "SELECT format('{:1000000000}', 1)",
  "a long bit string": "SELECT bitstring('1', 2000000000)",
  "a text that grows": "SELECT replace(repeat('a', 10000000), 'a', repeat('b', 1000))",
  "a text in pieces": "SELECT string_split(repeat('a,', 100000000), ',')",
  "a text of texts": "SELECT string_agg(repeat('x', 1000000)) FROM range(10000)",
  "a long list": "SELECT range(500000000)",
  "a list resized": "SELECT list_resize([1], 2000000000)",
  "a list of seconds":
    "SELECT generate_series(TIMESTAMP '0001-01-01', TIMESTAMP '9999-01-01', INTERVAL 1 SECOND)",
  "a list of rows": "SELECT list(range) FROM range(1000000000)",
  "lists in lists":
    "SELECT list_transform(range(100000), lambda x: list_sum(list_transform(range(100000), lambda y: x + y)))",
  "rows without end": "SELECT count(*) FROM range(1000000000000) a, range(10) b WHERE a.range % 7 = b.range",
  "a recursion without end":
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
  "a product of tables":
    "SELECT count(*) FROM workers a, workers b, workers c, workers d WHERE a.id + b.id = c.id * d.id",
  "a sort of everything": "SELECT * FROM range(1000000000) ORDER BY hash(range) LIMIT 5",
  "groups without number":
    "SELECT hash(range) h, count(*) FROM range(1000000000) GROUP BY ALL ORDER BY 2 LIMIT 1",
  "all distinct": "SELECT count(DISTINCT repeat('a', range::INT)) FROM range(100000)",
  "a wide window":
    "SELECT max(range) OVER (ORDER BY hash(range) ROWS 1000000 PRECEDING) FROM range(100000000) LIMIT 1",
  "an exact quantile": "SELECT quantile_cont(hash(range)::DOUBLE, 0.5) FROM range(500000000)",
  "an edit distance": "SELECT levenshtein(repeat('a', 100000), repeat('b', 100000))",
  "a join of all with all":
    "SELECT count(*) FROM range(100000000) a JOIN range(100000000) b ON a.range > b.range",
  "an offset without end": "SELECT * FROM range(100000000000) LIMIT 10 OFFSET 99999999999",
  "an explanation that runs": "EXPLAIN ANALYZE SELECT count(*) FROM range(100000000000)",
  "three hundred tables": `SELECT count(*) FROM ${many("workers", 300, ", ")}`,
  "WITHs that double": `WITH ${chain.join(", ")} SELECT count(*) FROM c39`,
  "twenty thousand columns": `SELECT ${many("id", 20_000, ",")} FROM workers`,
  "thirty thousand constants": `SELECT 1 IN (${many("1", 30_000, ",")})`,
  "brackets in brackets": `SELECT ${nested("(", ")", 30_000)}`,
  "a sum without end": `SELECT 1${many("+1", 30_000)}`,
  "not not not": `SELECT ${many("NOT ", 15_000)}true`,
  "cases in cases": `SELECT ${nested("CASE WHEN true THEN ", " END", 2500)}`,
  "calls in calls": `SELECT ${nested("coalesce(", ")", 5000)}`,
  "subqueries in subqueries": `SELECT * FROM ${many("(SELECT * FROM ", 3000)}workers${many(")", 3000)}`,
  "four thousand unions": many("SELECT 1", 4000, " UNION "),
  "comments in comments": `SELECT 1 ${many("/*", 20_000)}`,
  "a deep type": `SELECT CAST(NULL AS ${many("STRUCT(a ", 2000)}INT${many(")", 2000)})`,
  "a deep document": "SELECT repeat('[', 1000000)::JSON",
};

let lake: Lake;
let daemon: Queryd;
let service: Service<typeof query>;

beforeAll(async () => {
  lake = await openLake();
  await lake.append("workers", "SELECT range AS id, 'name ' || range AS name FROM range(5000)");
  daemon = queryd({
    catalog: lake.catalog,
    storage: lake.storage,
    settings: {
      cacheDir: join(lake.folder, "cache"),
      memoryBytesMax: MEMORY_BYTES_MAX,
      spillBytesMax: 64 * MEBIBYTE,
    },
  });
  service = local(implement(query, "queryd", daemon.handlers));
  await service.sql({ sql: "SELECT 1" });
});
afterAll(async () => {
  await daemon.close();
  await lake.close();
});

const CPU_MS_MAX = 200;

const residentBytes = (pid: number): number => {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  } catch {
    return 0;
  }
};

test.each(Object.entries(ATTACKS))("%s ends in time, and the next statement runs", async (_, sql) => {
  let mostBytes = 0;
  const watch = setInterval(() => {
    for (const pid of daemon.stats().pids) mostBytes = Math.max(mostBytes, residentBytes(pid));
  }, 10);
  const started = performance.now();
  const outcome = await service.sql({ sql, timeout_ms: TIMEOUT_MS, limit: 5 }).then(
    () => "done",
    (fault: Fault) => fault.code,
  );
  const tookMs = performance.now() - started;
  clearInterval(watch);
  expect(["done", "timeout", "rejected", "invalid"]).toContain(outcome);
  expect(tookMs).toBeLessThan(TIMEOUT_MS + LATE_MS_MAX);
  expect(mostBytes).toBeLessThan(MEMORY_BYTES_MAX * 2);
  const next = await service.sql({ sql: "SELECT count(*) AS n FROM workers" });
  expect(next.rows).toEqual([{ n: 5000 }]);
});

describe("a stream of a million rows", () => {
  const rowsOf = (rows: number): string =>
    `SELECT range AS id, 'name ' || range AS name, range / 7 AS part FROM range(${rows})`;
  /** What one statement may add to a process that has done the like before; the results have 36 to 1,000 MB. */
  const GROWTH_BYTES_MAX = 128 * MEBIBYTE;
  const ARROW = "application/vnd.apache.arrow.stream";
  const PARQUET = "application/vnd.apache.parquet";

  // An engine of its own, which nothing has made grow.
  let fresh: Queryd;
  let streaming: Service<typeof query>;
  beforeAll(() => {
    fresh = queryd({
      catalog: lake.catalog,
      storage: lake.storage,
      settings: { cacheDir: join(lake.folder, "cache"), workersMax: 1 },
    });
    streaming = local(implement(query, "queryd", fresh.handlers));
  });
  afterAll(() => fresh.close());

  const bytesThere = (): number => Math.max(...fresh.stats().pids.map(residentBytes));
  const counted = async (rows: number, accept: string, each: () => void): Promise<number> => {
    const { body } = await streaming.sqlStream({ sql: rowsOf(rows), accept, timeout_ms: 300_000 });
    let count = 0;
    if (accept === ARROW) {
      const bytes: AsyncIterable<Uint8Array> = body as Bytes;
      // oxlint-disable-next-line typescript/await-thenable -- of a stream it is a promise, whatever its types say
      for await (const batch of await RecordBatchReader.from(bytes)) {
        count += batch.numRows;
        each();
      }
      return count;
    }
    if (accept === PARQUET) {
      const pieces: Uint8Array[] = [];
      for await (const piece of body as Bytes) {
        pieces.push(piece);
        each();
      }
      const [found] = await askParquet(Buffer.concat(pieces), "SELECT count(*) AS n FROM t");
      return Number(found?.["n"]);
    }
    for await (const piece of body as Bytes) {
      for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) count += 1;
      each();
    }
    return accept === "text/csv" ? count - 1 : count;
  };

  test.each(["application/x-ndjson", "text/csv", ARROW, PARQUET])(
    "as %s holds memory flat, here and in the engine",
    async (accept) => {
      await counted(200_000, accept, () => undefined);
      const before = { here: residentBytes(process.pid), there: bytesThere() };
      const most = { ...before };
      const rows = await counted(1_000_000, accept, () => {
        most.here = Math.max(most.here, residentBytes(process.pid));
        most.there = Math.max(most.there, bytesThere());
      });
      expect(rows).toBe(1_000_000);
      expect(most.here - before.here).toBeLessThan(GROWTH_BYTES_MAX);
      expect(most.there - before.there).toBeLessThan(GROWTH_BYTES_MAX);
    },
  );

  test("is refused as a Parquet file that grows past what it may take of the disk", async () => {
    const small = queryd({
      catalog: lake.catalog,
      storage: lake.storage,
      settings: { cacheDir: join(lake.folder, "cache"), workersMax: 1, spillBytesMax: 4 * MEBIBYTE },
    });
    try {
      const one = local(implement(query, "queryd", small.handlers));
      const fault = await one
        .sqlStream({ sql: "SELECT random() AS x FROM range(1000000000000)", accept: PARQUET })
        .catch((thrown: unknown) => thrown);
      expect(fault).toMatchObject({ code: "rejected", message: expect.stringContaining("4 MiB") });
      expect((await one.sql({ sql: "SELECT 1 AS one" })).rows).toEqual([{ one: 1 }]);
    } finally {
      await small.close();
    }
  });

  test("waits for a reader who is slow", async () => {
    const { body } = await streaming.sqlStream({ sql: "SELECT repeat('x', 1000) AS x FROM range(1000000)" });
    const reader = (body as Bytes).getReader();
    await reader.read();
    const before = { here: residentBytes(process.pid), there: bytesThere() };
    await Bun.sleep(500);
    expect(residentBytes(process.pid) - before.here).toBeLessThan(GROWTH_BYTES_MAX);
    expect(bytesThere() - before.there).toBeLessThan(GROWTH_BYTES_MAX);
    await reader.cancel();
  });

  test("is cut by JSON at its limit, and what one result took is free for the next", async () => {
    await streaming.sql({ sql: rowsOf(1_000_000), limit: 1 });
    const before = bytesThere();
    for (let times = 0; times < 8; times += 1) {
      const result = await streaming.sql({ sql: rowsOf(1_000_000), limit: 100_000 });
      expect([result.row_count, result.truncated]).toEqual([100_000, true]);
    }
    // A result has 6 MB, and its parts are collected when it suits.
    expect(bytesThere() - before).toBeLessThan(2 * GROWTH_BYTES_MAX);
  });

  test("costs the serving process next to no time of its own", async () => {
    const before = process.cpuUsage();
    const result = await service.sql({ sql: rowsOf(1_000_000), limit: 20_000 });
    const { user, system } = process.cpuUsage(before);
    expect(result.row_count).toBe(20_000);
    // Passing a megabyte of text on takes some milliseconds, making it of a million rows about a second.
    expect((user + system) / 1000).toBeLessThan(CPU_MS_MAX);
  });
});

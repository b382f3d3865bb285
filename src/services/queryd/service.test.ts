import type { SnapshotId } from "#contracts/shapes";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type SqlResult, query } from "#contracts/query";
import type { Bytes, Service } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { listen, type Listener } from "#rpc/listen";
import { implement, type Implementation, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { askParquet } from "./formats/parquet.testing.ts";
import { ESCAPES } from "./guard/escapes.testing.ts";
import { queryd, type Queryd, type QuerySettings } from "./service.ts";
import { type Lake, type LakeOptions, openLake } from "../../../test/lake/lake.ts";

const MEBIBYTE = 1024 ** 2;
const PARQUET = "application/vnd.apache.parquet";

interface House {
  readonly lake: Lake;
  /** The snapshot of `workers`. */
  readonly snapshot: SnapshotId;
  readonly daemon: Queryd;
  readonly implementation: Implementation;
  close(): Promise<void>;
}

async function house(settings: Partial<QuerySettings> = {}, lakeOptions: LakeOptions = {}): Promise<House> {
  const lake = await openLake(lakeOptions);
  const snapshot = await lake.append(
    "workers",
    "SELECT range AS id, 'name ' || range AS name, (range * 1.25)::DECIMAL(10, 2) AS pay FROM range(5000)",
  );
  const daemon = queryd({
    catalog: lake.catalog,
    storage: lake.storage,
    settings: { cacheDir: join(lake.folder, "cache"), ...settings },
  });
  const implementation = implement(query, "queryd", daemon.handlers, { checkOutputs: true });
  return {
    lake,
    snapshot,
    daemon,
    implementation,
    close: async () => {
      await daemon.close();
      await lake.close();
    },
  };
}

const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  try {
    await work;
  } catch (thrown) {
    return thrown as Fault;
  }
  throw new Error("There was no fault.");
};

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await Bun.sleep(5);
};

const textOf = (body: Bytes | Uint8Array | null): Promise<string> => new Response(body as Bytes).text();

describe.each(["together", "apart"] as const)("queryd, %s", (topology) => {
  let own: House;
  let service: Service<typeof query>;
  let listener: Listener | undefined;

  beforeAll(async () => {
    own = await house();
    service = local(own.implementation) as Service<typeof query>;
    if (topology === "apart") {
      const unix = join(own.lake.folder, "queryd.sock");
      listener = listen({ origin: "queryd", at: { unix }, routes: routes(own.implementation) });
      service = remote(query, { unix }, { origin: "queryd" });
    }
  });
  afterAll(async () => {
    await listener?.stop(0);
    await own.close();
  });

  const rows = async (
    sql: string,
    params: Parameters<typeof service.sql>[0]["params"] = [],
  ): Promise<SqlResult["rows"]> => (await service.sql({ sql, params })).rows;

  test("gives columns, rows, times and the snapshot that was read", async () => {
    const result = await service.sql({ sql: "SELECT id, name, pay FROM workers ORDER BY id LIMIT 2" });
    expect(result).toMatchObject({
      columns: [
        { name: "id", type: "BIGINT" },
        { name: "name", type: "VARCHAR" },
        { name: "pay", type: "DECIMAL(10,2)" },
      ],
      rows: [
        { id: 0, name: "name 0", pay: "0.00" },
        { id: 1, name: "name 1", pay: "1.25" },
      ],
      row_count: 2,
      truncated: false,
      snapshots: { workers: own.snapshot },
    });
    expect(result.took_ms).toBeGreaterThan(0);
    expect(result.queue_ms).toBeGreaterThanOrEqual(0);
  });

  test("keeps to its limit", async () => {
    const result = await service.sql({ sql: "FROM workers", limit: 7 });
    expect([result.row_count, result.truncated]).toEqual([7, true]);
    expect((await service.sql({ sql: "FROM workers" })).row_count).toBe(1000);
  });

  test("takes parameters, by place", async () => {
    expect(await rows("SELECT name FROM workers WHERE id = ? AND name LIKE ?", [42, "name%"])).toEqual([
      { name: "name 42" },
    ]);
    expect(await rows("SELECT $2 AS b, $1 AS a", ["x", null])).toEqual([{ b: null, a: "x" }]);
    expect(
      await rows("SELECT ?::BIGINT AS big, ? AS half, ? AS yes, typeof(?) AS t", [2 ** 40, 0.5, true, 7]),
    ).toEqual([{ big: 2 ** 40, half: 0.5, yes: true, t: "INTEGER" }]);
    expect(await rows("SELECT count(*) AS n FROM workers WHERE id < ?", [3])).toEqual([{ n: 3 }]);
    expect(await rows("SELECT count(*) AS n FROM workers WHERE id < ?", [4])).toEqual([{ n: 4 }]);
    const fault = await faultOf(service.sql({ sql: "SELECT ?", params: [] }));
    expect(fault).toMatchObject({ code: "invalid", details: [{ path: "params" }] });
    // What a parameter says is a value, never SQL.
    expect(await rows("SELECT ? AS v", ["'; DROP TABLE workers; --"])).toEqual([
      { v: "'; DROP TABLE workers; --" },
    ]);
  });

  test("lists, describes, summarises and explains", async () => {
    expect(await rows("SHOW TABLES")).toContainEqual({ name: "workers" });
    expect((await rows("DESCRIBE workers")).map((row) => row["column_name"])).toEqual(["id", "name", "pay"]);
    expect((await rows("SUMMARIZE workers")).length).toBe(3);
    const plans = [
      ...(await rows("EXPLAIN FROM workers")),
      ...(await rows("EXPLAIN (ANALYZE, FORMAT json) FROM workers")),
    ];
    expect(plans.length).toBe(2);
    expect(JSON.stringify(plans)).not.toContain(own.lake.folder);
  });

  test("knows datasets in any case, and names the nearest when there is none", async () => {
    expect(await rows("SELECT count(*) AS n FROM WORKERS")).toEqual([{ n: 5000 }]);
    const fault = await faultOf(service.sql({ sql: "SELECT * FROM wrokers" }));
    expect(fault).toMatchObject({ code: "not_found" });
    expect(fault.message).toBe("There is no dataset wrokers. Did you mean workers?");
    expect((await faultOf(service.sql({ sql: "FROM duckdb_settings" }))).code).toBe("not_found");
  });

  test("reads the rejected rows of a dataset that has none, and of no other", async () => {
    expect(await rows('SELECT count(*) AS n FROM "WORKERS$rejects" WHERE line > 0')).toEqual([{ n: 0 }]);
    expect((await rows('DESCRIBE "workers$rejects"')).map((row) => row["column_name"])).toEqual([
      "line",
      "reason",
      "column",
      "raw",
      "source",
      "ingest_id",
    ]);
    expect((await faultOf(service.sql({ sql: 'FROM "wrokers$rejects"' }))).code).toBe("not_found");
    expect(
      (await faultOf(service.sql({ sql: 'FROM "workers$rejects"', at: { workers$rejects: 5 } }))).code,
    ).toBe("not_found");
  });

  test("reads a dataset without files, with its columns", async () => {
    const created = await own.lake.create("nothing_yet", {
      id: "BIGINT",
      tags: "VARCHAR[]",
      "odd \"name'": "DECIMAL(9,2)",
    });
    const result = await service.sql({ sql: "FROM nothing_yet" });
    expect(result.columns).toEqual([
      { name: "id", type: "BIGINT" },
      { name: "tags", type: "VARCHAR[]" },
      { name: "odd \"name'", type: "DECIMAL(9,2)" },
    ]);
    expect(result).toMatchObject({ rows: [], snapshots: { nothing_yet: created } });
    expect(await rows("SELECT count(*) AS n FROM workers LEFT JOIN nothing_yet USING (id)")).toEqual([
      { n: 5000 },
    ]);
  });

  test("reads a dataset as it was: by snapshot, and by time", async () => {
    const name = `orders_${topology}`;
    const first = await own.lake.append(name, "SELECT 1::BIGINT AS id");
    expect(await rows(`SELECT count(*) AS n FROM ${name}`)).toEqual([{ n: 1 }]);
    const second = await own.lake.append(name, "SELECT 2::BIGINT AS id");
    const sql = `SELECT list(id ORDER BY id) AS ids FROM ${name}`;
    const then = await service.sql({ sql, at: { [name]: first } });
    expect(then).toMatchObject({ rows: [{ ids: [1] }], snapshots: { [name]: first } });
    expect(await service.sql({ sql })).toMatchObject({
      rows: [{ ids: [1, 2] }],
      snapshots: { [name]: second },
    });
    const { snapshots } = await own.lake.catalog.snapshots({ dataset: name });
    const at = snapshots.find(({ snapshot_id: id }) => id === first)?.at ?? "";
    expect(await service.sql({ sql, at: { [name]: at } })).toMatchObject({ rows: [{ ids: [1] }] });
    expect((await faultOf(service.sql({ sql, at: { [name]: 7 } }))).code).toBe("not_found");
    const stray = await faultOf(service.sql({ sql: "SELECT 1", at: { workers: own.snapshot } }));
    expect(stray).toMatchObject({ code: "invalid", details: [{ path: "at.workers" }] });
  });

  test.each([
    ["SELECT idd FROM workers", "sql:1:8", "idd"],
    ["SELECT 'ä',\n  nope FROM workers", "sql:2:3", "nope"],
    ["EXPLAIN\n  SELECT x FROM workers", "sql:2:10", "x"],
    ["SELECT 'abc'::INTEGER", "sql:1:13", "abc"],
    ["SELECT 1 +", "sql:1:11", "syntax error"],
    ["SELECT error('as wanted')", "sql:1:1", "as wanted"],
  ])("says where a bad statement is bad: %j", async (sql, path, word) => {
    const fault = await faultOf(service.sql({ sql }));
    expect(fault.code).toBe("invalid");
    expect(fault.message).toContain(word);
    expect(fault.details?.[0]?.path).toBe(path);
  });

  test("refuses what is too long, in bytes", async () => {
    const fault = await faultOf(service.sql({ sql: `SELECT '${"ä".repeat(40_000)}'` }));
    expect(fault).toMatchObject({ code: "invalid", details: [{ path: "sql" }] });
  });

  test("streams NDJSON and CSV, not capped by a limit", async () => {
    const lines = await service.sqlStream({ sql: "SELECT id, name FROM workers ORDER BY id" });
    expect(lines.headers["content-type"]).toBe("application/x-ndjson");
    expect(lines.headers["x-lakehouse-snapshots"]).toBe(`{"workers":${own.snapshot}}`);
    const text = await textOf(lines.body);
    expect(text.split("\n").length).toBe(5001);
    expect(text).toEndWith('{"id":4999,"name":"name 4999"}\n');
    const cells = await service.sqlStream({
      sql: "SELECT id, name FROM workers LIMIT 1",
      accept: "text/csv",
    });
    expect(cells.headers["content-type"]).toStartWith("text/csv");
    expect(await textOf(cells.body)).toBe("id,name\n0,name 0\n");
    const none = await service.sqlStream({ sql: "SELECT id FROM workers WHERE false" });
    expect(await textOf(none.body)).toBe("");
  });

  /** The rows of a Parquet file, as another DuckDB reads them, in JSON. */
  const parquetRows = async (
    sql: string,
    params: Parameters<typeof service.sql>[0]["params"] = [],
  ): Promise<unknown[]> => {
    const { headers, body } = await service.sqlStream({ sql, params, limit: 1, accept: PARQUET });
    expect(headers["content-type"]).toBe(PARQUET);
    const file = await new Response(body as Bytes).arrayBuffer();
    const found = await askParquet(file, "SELECT to_json(t)::VARCHAR AS json FROM t");
    return found.map(({ json }) => JSON.parse(String(json)) as unknown);
  };

  test("streams a Parquet file with the values that NDJSON has, not capped by a limit", async () => {
    for (const [sql, params] of [
      [
        "SELECT id, name, pay::DOUBLE AS pay FROM workers WHERE id < ? ORDER BY id DESC -- all of them",
        [4000],
      ],
      [
        "SELECT sum(id)::BIGINT AS n, NULL AS none, id % 3 = 0 AS third FROM workers GROUP BY ALL ORDER BY ALL;",
      ],
      [
        "SELECT 1 AS a, 'two' AS a, ? AS a, [1, NULL, 3] AS list, {'x': 1, 'y': {'z': ['é']}} AS struct",
        ["東京"],
      ],
      ["SELECT ? AS whole, ? AS half, ? AS yes", [7, 0.5, true]],
      ["PIVOT (SELECT id % 2 AS odd FROM workers) ON odd USING count(*)"],
      ["DESCRIBE workers"],
      ["SHOW TABLES"],
      ["VALUES (1, 'a'), (2, NULL)"],
      ["WITH few AS (FROM workers LIMIT 3) SELECT name FROM few ORDER BY name"],
      ["SELECT id FROM workers WHERE false"],
    ] as const) {
      const lines = await textOf((await service.sqlStream({ sql, params: [...(params ?? [])] })).body);
      const expected = lines
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect<unknown[]>([sql, await parquetRows(sql, [...(params ?? [])])]).toEqual([sql, expected]);
    }
    const { headers, body } = await service.sqlStream({
      sql: "SELECT TIME '10:00' AS t FROM workers",
      accept: PARQUET,
    });
    expect(headers["x-lakehouse-snapshots"]).toBe(`{"workers":${own.snapshot}}`);
    expect(headers["x-lakehouse-warnings"]).toContain("Column t is a TIME");
    await (body as Bytes).cancel();
    expect(await rows("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("a Parquet file that fails has a status and a place, and leaves the engine as it was", async () => {
    const parquet = (sql: string, params: string[] = []): Promise<Fault> =>
      faultOf(service.sqlStream({ sql, params, accept: PARQUET }));
    expect(await parquet("SELECT\n  nope FROM workers")).toMatchObject({
      code: "invalid",
      details: [{ path: "sql:2:3" }],
    });
    const late = "SELECT CASE WHEN range = 900000 THEN error('late') ELSE range END AS v FROM range(1000000)";
    expect(await parquet(late)).toMatchObject({ code: "invalid", message: "late" });
    expect(await parquet("SELECT 170141183460469231731687303715884105727 AS h")).toMatchObject({
      code: "invalid",
      message: expect.stringContaining("DECIMAL(38,0)"),
    });
    expect(await parquet("SELECT ?", [])).toMatchObject({ code: "invalid", details: [{ path: "params" }] });
    expect(
      await parquet("PIVOT (SELECT id % 2 AS odd, error('no') AS e FROM workers) ON odd USING max(e)"),
    ).toMatchObject({
      code: "invalid",
    });
    expect(await parquet("EXPLAIN FROM workers")).toMatchObject({ code: "invalid" });
    expect(await parquet("COPY workers TO 'x.parquet'")).toMatchObject({ code: "forbidden" });
    expect(await parquet("SELECT 1) TO 'x.parquet'; --")).toMatchObject({ code: "invalid" });
    expect(await parquetRows("SELECT count(*)::INT AS n FROM workers")).toEqual([{ n: 5000 }]);
  });

  test("a stream that fails before its first row has a status, one that fails later is cut", async () => {
    const early = await faultOf(service.sqlStream({ sql: "SELECT error('now')" }));
    expect(early).toMatchObject({ code: "invalid", message: "now" });
    const late = await service.sqlStream({
      sql: "SELECT CASE WHEN range = 900000 THEN error('late') ELSE 'x' || range END AS v FROM range(1000000)",
    });
    const broken = await faultOf(textOf(late.body));
    if (topology === "together") expect(broken).toMatchObject({ code: "invalid", message: "late" });
    expect(await rows("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("a failure past the first rows of a JSON result is a fault, not a cut", async () => {
    const sql =
      "SELECT CASE WHEN range = 90000 THEN error('late') ELSE 'x' || range END AS v FROM range(95000)";
    expect(await faultOf(service.sql({ sql, limit: 100_000 }))).toMatchObject({
      code: "invalid",
      message: "late",
    });
  });
});

describe("queryd's engines", () => {
  let own: House;
  let service: Service<typeof query>;
  beforeAll(async () => {
    own = await house({ memoryBytesMax: 400 * MEBIBYTE, workersMax: 2 });
    service = local(own.implementation) as Service<typeof query>;
    await service.sql({ sql: "SELECT 1" });
  });
  afterAll(() => own.close());

  /** Runs until it is ended: no limit of DuckDB's own applies. */
  const ENDLESS = "SELECT count(*) FROM range(1000000000000) a, range(1000) b WHERE a.range % 7 = b.range";

  const goesOn = async (): Promise<void> => {
    expect((await service.sql({ sql: "SELECT count(*) AS n FROM workers" })).rows).toEqual([{ n: 5000 }]);
  };

  test(`refuse ${ESCAPES.length} escapes and go on`, async () => {
    const through: string[] = [];
    for (const sql of ESCAPES) {
      const fault = await faultOf(service.sql({ sql })).catch(() => undefined);
      if (fault?.code !== "forbidden") through.push(`${sql}: ${String(fault)}`);
    }
    expect(through).toEqual([]);
    await goesOn();
  });

  test("end a statement at its time, and run the next", async () => {
    // It would never end by itself.
    const fault = await faultOf(service.sql({ sql: ENDLESS, timeout_ms: 300 }));
    expect(fault.code).toBe("timeout");
    await goesOn();
  });

  test("stop when the caller disconnects", async () => {
    const gone = new AbortController();
    const work = service.sql({ sql: ENDLESS }, { signal: gone.signal });
    await until(() => own.daemon.stats().busy > 0);
    gone.abort();
    expect((await faultOf(work)).code).toBe("cancelled");
    await goesOn();
    const stream = await service.sqlStream({ sql: "SELECT * FROM range(1000000000000)" });
    const reader = (stream.body as Bytes).getReader();
    await reader.read();
    await reader.cancel();
    await goesOn();
    expect(own.daemon.stats().waiting).toBe(0);
  });

  test("do not wait for a reader who stopped reading", async () => {
    const stream = await service.sqlStream({ sql: "SELECT * FROM range(1000000000000)", timeout_ms: 300 });
    const reader = (stream.body as Bytes).getReader();
    await reader.read();
    await Bun.sleep(400);
    await Promise.all([goesOn(), goesOn(), goesOn()]);
    const cut = await faultOf(
      (async () => {
        for (let step = await reader.read(); !step.done; step = await reader.read()) continue;
      })(),
    );
    expect(cut.code).toBe("timeout");
  });

  test("are replaced when one is killed in mid-query", async () => {
    const work = faultOf(service.sql({ sql: ENDLESS }));
    await until(() => own.daemon.stats().busy > 0);
    // Longer than an engine counts as one that was dead before.
    await Bun.sleep(200);
    const before = own.daemon.stats().pids;
    for (const pid of before) process.kill(pid, "SIGKILL");
    const fault = await work;
    expect(fault).toMatchObject({ code: "unavailable" });
    expect(fault.message).toContain("ended");
    await goesOn();
    expect(own.daemon.stats().pids.some((pid) => before.includes(pid))).toBe(false);
  });

  test("are replaced when one is killed in mid-stream, and the stream does not look whole", async () => {
    const stream = await service.sqlStream({ sql: "SELECT * FROM range(1000000000000)" });
    const reader = (stream.body as Bytes).getReader();
    await reader.read();
    for (const pid of own.daemon.stats().pids) process.kill(pid, "SIGKILL");
    const cut = await faultOf(
      (async () => {
        for (let step = await reader.read(); !step.done; step = await reader.read()) continue;
      })(),
    );
    expect(cut.code).toBe("unavailable");
    await goesOn();
  });

  test("are killed when one eats too much memory", async () => {
    const fault = await faultOf(service.sql({ sql: "SELECT len(range(500000000))" }));
    expect(fault.code).toBe("rejected");
    expect(fault.message).toMatch(/^The query used more than \d+ MB; add a filter or a limit\.$/);
    await goesOn();
  });

  test("serve callers in turn", async () => {
    const order: string[] = [];
    const as = (id: string) => ({ caller: { id, scopes: ["read" as const] } });
    await until(() => own.daemon.stats().busy === 0);
    const over = new AbortController();
    const busy = [1, 2, 3].map(() =>
      service.sql({ sql: ENDLESS, timeout_ms: 120_000 }, { signal: over.signal }).catch(() => undefined),
    );
    await until(() => own.daemon.stats().busy === 3);
    const sql = "SELECT sum(hash(range)) FROM range(3000000)";
    const greedy = [1, 2, 3, 4, 5, 6].map(() =>
      service.sql({ sql }, as("greedy")).then(() => order.push("greedy")),
    );
    const modest = service.sql({ sql }, as("modest")).then((result) => {
      order.push("modest");
      return result;
    });
    await until(() => own.daemon.stats().waiting >= 7);
    over.abort();
    const result = (await Promise.all([modest, ...greedy, ...busy]))[0];
    expect(order.indexOf("modest")).toBeLessThan(5);
    expect(result.queue_ms).toBeGreaterThan(0);
  });

  test("are not waited for by more than there is room for", async () => {
    const all = Array.from({ length: 70 }, () =>
      service.sql({ sql: ENDLESS, timeout_ms: 700 }).then(undefined, (fault: Fault) => fault),
    );
    const codes = (await Promise.all(all)).map((fault) => (fault as Fault).code);
    // 64 of a caller wait; those that run when the others come are the engines' that stand ready then.
    const refused = codes.filter((code) => code === "unavailable").length;
    expect(refused).toBeGreaterThanOrEqual(70 - 3 - 64);
    expect(refused).toBeLessThanOrEqual(70 - 64);
    expect(codes.filter((code) => code === "timeout").length).toBe(70 - refused);
    await goesOn();
  });
});

describe("queryd's files", () => {
  test("come from storage once when they do not lie on this host", async () => {
    const own = await house({}, { objects: "remote" });
    const service = local(own.implementation) as Service<typeof query>;
    for (let times = 0; times < 3; times += 1) {
      expect((await service.sql({ sql: "SELECT sum(id) AS s FROM workers" })).rows).toEqual([
        { s: 12497500 },
      ]);
    }
    expect(own.lake.reads()).toBe(1);
    // The cache may be emptied under it.
    rmSync(join(own.lake.folder, "cache"), { recursive: true });
    const sql = "SELECT max(id) AS m FROM workers";
    for (const time_zone of ["UTC", "Asia/Tokyo"])
      expect((await service.sql({ sql, time_zone })).rows).toEqual([{ m: 4999 }]);
    expect(own.lake.reads()).toBe(2);
    await own.close();
  });

  test("are compared with their checksums before anything is read from them", async () => {
    const own = await house();
    const service = local(own.implementation) as Service<typeof query>;
    const { key, path } = await own.lake.file("workers", 0);
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.length / 3)] = (bytes[Math.floor(bytes.length / 3)] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const fault = await faultOf(service.sql({ sql: "SELECT count(*) FROM workers" }));
    expect(fault.code).toBe("internal");
    expect(fault.message).toBe(
      `Object ${key} of dataset workers is damaged: its checksum is wrong. Restore it.`,
    );
    rmSync(path);
    const missing = await faultOf(service.sql({ sql: "SELECT count(*) FROM workers" }));
    expect(missing).toMatchObject({ code: "internal" });
    expect(missing.message).toContain(`${key} is lost`);
    await own.close();
  });

  test("are read by nobody else: the sandbox lets no other path through, whatever the guard thinks", async () => {
    const own = await house();
    const service = local(own.implementation) as Service<typeof query>;
    await own.lake.append("secret", "SELECT 'hidden' AS word");
    const { path } = await own.lake.file("secret", 0);
    const fault = await faultOf(service.sql({ sql: `SELECT * FROM '${path}'` }));
    expect(fault.code).toBe("forbidden");
    await own.close();
  });
});

test("an idle house has no engines", async () => {
  const own = await house({ idleMs: 100 });
  const service = local(own.implementation) as Service<typeof query>;
  expect(own.daemon.stats().engines).toBe(0);
  await service.sql({ sql: "SELECT 1" });
  expect(own.daemon.stats().engines).toBe(1);
  await until(() => own.daemon.stats().engines === 0);
  await service.sql({ sql: "SELECT 1" });
  await own.close();
  expect((await faultOf(service.sql({ sql: "SELECT 1" }))).code).toBe("unavailable");
});

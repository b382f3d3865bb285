// The services behind the gateway, as a client meets them: the same suite in both topologies.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SqlResult } from "#contracts/query";
import type { Ingested } from "#contracts/ingest";
import type { Dataset } from "#contracts/catalog";
import { generateOrders, generateWorkers, toCsv } from "#cli/demo/sample/sample";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const today = "2026-11-21";
const workers = [...toCsv(generateWorkers({ seed: 7, count: 400, today }))].join("");
const orders = [...toCsv(generateOrders({ seed: 7, count: 60, today }))].join("");

describe.each([...TOPOLOGIES])("a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology);
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const put = (key: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    house.ask(`/v1/storage/${key}`, { method: "PUT", body, headers });
  const load = (
    dataset: string,
    body: string,
    query = "",
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    house.ask(`/v1/ingest?dataset=${dataset}${query}`, { method: "POST", body, headers });

  test("stores, reads, lists and removes objects", async () => {
    const stored = await put("a/b/ü c.txt", "hello world");
    expect(stored.status).toBe(201);
    const { etag, size } = (await stored.json()) as { etag: string; size: number };
    expect(size).toBe(11);
    const whole = await house.ask("/v1/storage/a/b/%C3%BC%20c.txt");
    expect([whole.status, await whole.text(), whole.headers.get("etag")]).toEqual([
      200,
      "hello world",
      `"${etag}"`,
    ]);
    const range = async (spec: string): Promise<unknown[]> => {
      const reply = await house.ask("/v1/storage/a/b/ü c.txt", { headers: { range: spec } });
      return [reply.status, await reply.text(), reply.headers.get("content-range")];
    };
    expect(await range("bytes=0-4")).toEqual([206, "hello", "bytes 0-4/11"]);
    expect(await range("bytes=-5")).toEqual([206, "world", "bytes 6-10/11"]);
    expect(await range("bytes=6-")).toEqual([206, "world", "bytes 6-10/11"]);
    expect((await range("bytes=50-60"))[0]).toBe(400);
    const head = await house.ask("/v1/storage/a/b/ü c.txt", { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "11"]);
    const same = await house.ask("/v1/storage/a/b/ü c.txt", { headers: { "if-none-match": `"${etag}"` } });
    expect([same.status, await same.text()]).toEqual([304, ""]);
    expect((await put("a/b/ü c.txt", "x", { "if-none-match": "*" })).status).toBe(409);
    expect((await put("a/b/ü c.txt", "x", { "if-match": '"other"' })).status).toBe(409);
    expect((await put("a/b/ü c.txt", "new", { "if-match": `"${etag}"` })).status).toBe(201);
    for (const name of ["a/1", "a/2", "a/3"]) await put(name, name);
    const page = await house.json<{ objects: { key: string }[]; prefixes: string[]; next_cursor: string }>(
      "/v1/storage?prefix=a/&delimiter=/&limit=2",
    );
    expect(page.objects.map(({ key }) => key)).toEqual(["a/1", "a/2"]);
    const rest = await house.json<typeof page>(
      `/v1/storage?prefix=a/&delimiter=/&limit=2&cursor=${page.next_cursor}`,
    );
    expect([rest.objects.map(({ key }) => key), rest.prefixes]).toEqual([["a/3"], ["a/b/"]]);
    expect((await house.ask("/v1/storage/a/1", { method: "DELETE" })).status).toBe(204);
    expect((await house.ask("/v1/storage/a/1", { method: "DELETE" })).status).toBe(204);
    expect(await codeOf(await house.ask("/v1/storage/a/1"))).toBe("not_found");
  });

  test.each(["a//b", "a%00b", "a%5Cb", "x".repeat(1025), "e%CC%81", "a%2F%2E%2E%2Fb", "%80"])(
    "refuses the key %s",
    async (key) => {
      const reply = await house.ask(`/v1/storage/${key}`, { method: "PUT", body: "x" });
      expect([reply.status, await codeOf(reply)]).toEqual([400, "invalid"]);
    },
  );

  test("sends large objects and ranges of them with their length, and never parts of two", async () => {
    const bytes = 3 * 1024 * 1024;
    const content = (n: number): string => String(n % 10).repeat(bytes);
    const etags = new Map<string | null, string>();
    const write = async (n: number): Promise<void> => {
      const { etag } = (await (await put("large", content(n))).json()) as { etag: string };
      etags.set(`"${etag}"`, String(n % 10));
    };
    await write(0);
    const read = async (first: number, last: number): Promise<void> => {
      const whole = last === bytes - 1 && first === 0;
      const headers: Record<string, string> = {
        "x-lakehouse-file": "take",
        ...(whole ? {} : { range: `bytes=${first}-${last}` }),
      };
      const reply = await house.ask("/v1/storage/large", { headers });
      const text = await reply.text();
      expect(reply.status).toBe(whole ? 200 : 206);
      expect(reply.headers.get("content-length")).toBe(String(last - first + 1));
      expect(reply.headers.get("x-lakehouse-file")).toBeNull();
      if (!whole) expect(reply.headers.get("content-range")).toBe(`bytes ${first}-${last}/${bytes}`);
      expect(text.length).toBe(last - first + 1);
      expect(text === text.slice(0, 1).repeat(text.length)).toBe(true);
      // Where the etag is not known yet, its PUT is not answered yet.
      const said = etags.get(reply.headers.get("etag"));
      if (said !== undefined) expect(text.startsWith(said)).toBe(true);
    };
    const reads = Array.from({ length: 24 }, (_, n) =>
      n % 2 === 0 ? read(0, bytes - 1) : read(1000 * n, bytes - 1 - n),
    );
    for (let n = 1; n < 8; n += 1) await write(n);
    await Promise.all(reads);
  });

  test("loads a file, reports the counts, and loads it once", async () => {
    const first = await load("workers", workers);
    const told = (await first.json()) as Ingested;
    expect(first.status, JSON.stringify(told)).toBe(201);
    expect([told.rows_in, told.rows_loaded, told.rows_quarantined, told.rows_deduped]).toEqual([
      400, 400, 0, 0,
    ]);
    const types = Object.fromEntries(told.columns.map(({ name, type }) => [name, type]));
    expect(types).toMatchObject({
      worker_id: "VARCHAR",
      lat: "DOUBLE",
      cert_expires: "DATE",
      shifts_completed: "BIGINT",
    });
    const again = await load("workers", workers);
    const replayed = (await again.json()) as Ingested;
    expect([again.status, again.headers.get("idempotent-replay")]).toEqual([200, "true"]);
    expect([replayed.replayed, replayed.rows_loaded, replayed.snapshot_id]).toEqual([
      true,
      400,
      told.snapshot_id,
    ]);
    expect((await load("orders", orders)).status).toBe(201);
    const dataset = await house.json<Dataset>("/v1/catalog/datasets/workers");
    expect([dataset.rows, dataset.files, dataset.snapshot_id]).toEqual([400, 1, told.snapshot_id]);
    const { datasets } = await house.json<{ datasets: Dataset[] }>("/v1/catalog/datasets");
    expect(datasets.map(({ name }) => name)).toEqual(["orders", "workers"]);
    const { snapshots } = await house.json<{ snapshots: object[] }>("/v1/catalog/datasets/workers/snapshots");
    expect(snapshots).toHaveLength(1);
  });

  test("takes a file out of a form", async () => {
    const form = new FormData();
    form.set("file", new File(["id,name\n1,Ada\n2,Bob\n"], "crew.csv"));
    const reply = await house.ask("/v1/ingest?dataset=formed", { method: "POST", body: form });
    expect([reply.status, await reply.json()]).toMatchObject([201, { rows_loaded: 2, bytes_in: 20 }]);
    const empty = await house.ask("/v1/ingest?dataset=formed", { method: "POST", body: new FormData() });
    expect([empty.status, await codeOf(empty)]).toEqual([400, "invalid"]);
  });

  test("reports progress as events", async () => {
    const reply = await load("tiny", "a,b\n1,2\n3,4\n", "", { accept: "text/event-stream" });
    const text = await reply.text();
    expect(text).toContain("event: progress");
    expect(text).toMatch(/event: done\ndata: .*"rows_loaded":2/);
  });

  test("puts rows that fail validation into a table", async () => {
    const told = (await (
      await load("ragged", "id,name\n1,ann\n2,bob,extra,more\n3,cy\n")
    ).json()) as Ingested;
    expect([told.rows_in, told.rows_loaded, told.rows_quarantined]).toEqual([3, 2, 1]);
    const { rows } = await house.json<SqlResult>("/v1/sql", {
      sql: 'select line, raw from "ragged$rejects"',
    });
    expect(rows).toHaveLength(1);
    expect(Number(rows[0]?.["line"])).toBe(3);
  });

  test("runs SQL over several datasets, with parameters, and as a stream", async () => {
    const joined = await house.json<SqlResult>("/v1/sql", {
      sql: "select count(*) as n from orders o join workers w on o.role = w.role and w.status = ?",
      params: ["active"],
    });
    expect(joined.columns).toEqual([{ name: "n", type: "BIGINT" }]);
    expect(Number(joined.rows[0]?.["n"])).toBeGreaterThan(0);
    const counted = await house.json<SqlResult>("/v1/sql", {
      sql: "select state, count(*) n from workers group by 1 order by 1",
    });
    expect(counted.rows.reduce((sum, row) => sum + Number(row["n"]), 0)).toBe(400);
    const limited = await house.json<SqlResult>("/v1/sql", { sql: "select * from workers", limit: 5 });
    expect([limited.row_count, limited.truncated]).toEqual([5, true]);
    const stream = async (accept: string): Promise<string[]> => {
      const body = JSON.stringify({ sql: "select worker_id, pay_floor from workers order by 1" });
      const reply = await house.ask("/v1/sql", { method: "POST", body, headers: { accept } });
      return (await reply.text()).trimEnd().split("\n");
    };
    expect(await stream("application/x-ndjson")).toHaveLength(400);
    const csv = await stream("text/csv");
    expect([csv.length, csv[0]?.trim()]).toEqual([401, "worker_id,pay_floor"]);
  });

  test.each([
    ["select * from nobody", 404, "not_found"],
    ["selec 1", 400, "invalid"],
    ["drop view workers", 403, "forbidden"],
    ["select * from read_csv('/etc/passwd')", 403, "forbidden"],
    ["select * from '/etc/passwd'", 403, "forbidden"],
    ["copy (select 1) to '/tmp/x'", 403, "forbidden"],
  ])("refuses %s", async (sql, status, code) => {
    const reply = await house.ask("/v1/sql", { method: "POST", body: JSON.stringify({ sql }) });
    expect([reply.status, await codeOf(reply)]).toEqual([status, code]);
  });

  test("runs SQL over what the catalog knows, over versions, in a zone, with lists", async () => {
    const { rows } = await house.json<SqlResult>("/v1/sql", {
      sql: "select table_name from information_schema.tables where table_name in ?",
      params: [["orders", "workers", "nobody"]],
    });
    expect(rows.map((row) => String(row["table_name"])).sort()).toEqual(["orders", "workers"]);
    const { snapshot_id: id } = await house.json<Dataset>("/v1/catalog/datasets/workers");
    const versions = await house.json<SqlResult>("/v1/sql", {
      sql: `select count(*) as n, current_timestamp::text like '%+05:30' as there from workers at (version => ${id})`,
      time_zone: "Asia/Kolkata",
    });
    expect(versions).toMatchObject({ rows: [{ n: 400, there: true }], snapshots: { [`workers@${id}`]: id } });
    const pivot = await house.json<SqlResult>("/v1/sql", {
      sql: "pivot (select status from workers) on status using count(*)",
    });
    expect(Object.values(pivot.rows[0] ?? {}).reduce((sum: number, n) => sum + Number(n), 0)).toBe(400);
  });

  test.each([
    ["text/csv;q=0.2, application/json", "application/json"],
    ["application/json;q=0.2, text/csv", "text/csv; charset=utf-8; header=present"],
    ["text/html, */*;q=0.1", "application/json"],
  ])("a client that accepts %s gets %s", async (accept, type) => {
    const body = JSON.stringify({ sql: "select time '06:00' as opens" });
    const reply = await house.ask("/v1/sql", { method: "POST", body, headers: { accept } });
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, type]);
    const text = await reply.text();
    expect(text + (reply.headers.get("x-lakehouse-warnings") ?? "")).toContain("which Spark cannot read");
  });

  test.each(["9007199254740993", "1e400", "[1, 9007199254740993]"])(
    "a parameter %s is refused and not changed",
    async (number) => {
      const body = `{"sql":"select ? as v","params":[${number}]}`;
      const reply = await house.ask("/v1/sql", { method: "POST", body });
      expect([reply.status, await codeOf(reply)]).toEqual([400, "invalid"]);
    },
  );

  test("reads a dataset as it was, and makes it so again", async () => {
    await load("history", "id\n1\n");
    const before = await house.json<Dataset>("/v1/catalog/datasets/history");
    await load("history", "id\n2\n3\n");
    const count = async (at?: unknown): Promise<number> => {
      const { rows } = await house.json<SqlResult>("/v1/sql", {
        sql: "select count(*) n from history",
        ...(at === undefined ? {} : { at: { history: at } }),
      });
      return Number(rows[0]?.["n"]);
    };
    expect([await count(), await count(before.snapshot_id)]).toEqual([3, 1]);
    await house.json(
      "/v1/catalog/datasets/history/tags",
      { name: "first", snapshot_id: before.snapshot_id },
      201,
    );
    expect(await count("first")).toBe(1);
    const schema = await house.ask("/v1/catalog/datasets/history/schema", {
      method: "PATCH",
      body: JSON.stringify({ rename: { id: "number" }, add: [{ name: "note", type: "VARCHAR" }] }),
    });
    expect(schema.status).toBe(200);
    const { rows } = await house.json<SqlResult>("/v1/sql", {
      sql: "select number, note from history order by 1",
    });
    expect(rows).toEqual([1, 2, 3].map((number) => ({ number, note: null })));
    await house.json("/v1/catalog/datasets/history/rollback", { snapshot_id: before.snapshot_id });
    expect(await count()).toBe(1);
    expect((await house.ask("/v1/catalog/datasets/history?purge=true", { method: "DELETE" })).status).toBe(
      204,
    );
    expect((await house.ask("/v1/catalog/datasets/history")).status).toBe(404);
  });

  test("embeds texts in their order, the same each time", async () => {
    interface Embedded {
      readonly dimension: number;
      readonly vectors: number[][];
    }
    const texts = ["forklift operator", "line cook", "forklift operator"];
    const { dimension, vectors } = await house.json<Embedded>("/v1/embed", { texts });
    expect([dimension, vectors.length]).toEqual([768, 3]);
    expect(vectors[0]).toEqual(vectors[2] ?? []);
    expect(vectors[0]).not.toEqual(vectors[1] ?? []);
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    const stats = await house.json<{ hits: number; entries: number }>("/v1/embed/stats");
    expect(stats.entries).toBeGreaterThan(0);
    const empty = await house.ask("/v1/embed", { method: "POST", body: '{"texts":["a"," "]}' });
    expect([empty.status, ((await empty.json()) as { error: { details: object[] } }).error.details]).toEqual([
      400,
      [{ path: "texts.1", message: "is empty" }],
    ]);
    const unknown = await house.ask("/v1/embed", { method: "POST", body: '{"texts":["a"],"model":"none"}' });
    expect(await codeOf(unknown)).toBe("not_found");
  });

  test("keeps vectors and finds the nearest", async () => {
    const create = (dimension: number): Promise<Response> =>
      house.ask("/v1/vectors/points", {
        method: "PUT",
        body: JSON.stringify({ dimension, metric: "euclidean", fields: { kind: "keyword", size: "number" } }),
      });
    expect([(await create(2)).status, (await create(2)).status, (await create(3)).status]).toEqual([
      201, 200, 409,
    ]);
    const items = [0, 1, 2, 3].map((n) => ({
      id: `p${n}`,
      vector: [n, 0],
      metadata: { kind: n % 2 === 0 ? "even" : "odd", size: n },
    }));
    await house.json("/v1/vectors/points/upsert", { items });
    interface Found {
      readonly hits: { id: string; distance: number; metadata: object }[];
    }
    const near = await house.json<Found>("/v1/vectors/points/search", { vector: [0.9, 0], k: 2 });
    expect(near.hits.map(({ id }) => id)).toEqual(["p1", "p0"]);
    expect(near.hits[0]?.distance).toBeCloseTo(0.1, 5);
    const even = await house.json<Found>("/v1/vectors/points/search", {
      vector: [0.9, 0],
      k: 4,
      filter: { kind: "even" },
    });
    expect(even.hits.map(({ id }) => id)).toEqual(["p0", "p2"]);
    const bad = await house.ask("/v1/vectors/points/upsert", {
      method: "POST",
      body: JSON.stringify({
        items: [
          { id: "ok", vector: [1, 1] },
          { id: "bad", vector: [1, 2, 3] },
        ],
      }),
    });
    expect(bad.status).toBe(400);
    expect(
      await house.json<{ items: object[] }>("/v1/vectors/points/fetch", { ids: ["ok", "p1"] }),
    ).toMatchObject({
      items: [{ id: "p1" }],
    });
    expect(
      await house.json<{ deleted: number }>("/v1/vectors/points/delete", { filter: { kind: "odd" } }),
    ).toMatchObject({ deleted: 2 });
    expect((await house.ask("/v1/vectors/points", { method: "DELETE" })).status).toBe(204);
    expect((await house.ask("/v1/vectors/points")).status).toBe(404);
  });
});

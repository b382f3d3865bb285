// Files that come in over HTTP, in both topologies: keys that are raced, forms, workbooks, upserts, and what another
// reader of the tables finds after them.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { icebergRead } from "icebird";
import type { Ingested } from "#contracts/ingest";
import type { SqlResult } from "#contracts/query";
import { workbookBytes } from "#services/ingestd/xlsx/workbook.testing";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const statuses = (replies: readonly Response[]): number[] =>
  replies.map(({ status }) => status).sort((a, b) => a - b);

describe.each([...TOPOLOGIES])("files into a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology);
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const post = (query: string, body: Bun.BodyInit, headers: Record<string, string> = {}): Promise<Response> =>
    house.ask(`/v1/ingest?${query}`, { method: "POST", body, headers });
  const load = async (query: string, body: Bun.BodyInit): Promise<Ingested> => {
    const reply = await post(query, body);
    const text = await reply.text();
    expect([200, 201], text).toContain(reply.status);
    return JSON.parse(text) as Ingested;
  };
  const rows = async (sql: string): Promise<unknown> =>
    (await house.json<SqlResult>("/v1/sql", { sql })).rows;

  test("an Idempotency-Key that is raced loads one file; the others are replays of it or in conflict", async () => {
    const race = (file: (n: number) => string, key: string): Promise<Response[]> =>
      Promise.all(
        Array.from({ length: 20 }, (_, n) => post(`dataset=${key}`, file(n), { "idempotency-key": key })),
      );
    const others = await race((n) => `n\n${n}\n`, "raced_files");
    expect(statuses(others)).toEqual([201, ...Array<number>(19).fill(409)]);
    expect(await rows("SELECT count(*)::INT AS n FROM raced_files")).toEqual([{ n: 1 }]);
    const same = await race(() => "n\n1\n2\n", "raced_bytes");
    expect(statuses(same)).toEqual([...Array<number>(19).fill(200), 201]);
    for (const reply of same) {
      const replayed = reply.status === 200;
      expect(reply.headers.get("idempotent-replay")).toBe(replayed ? "true" : null);
      expect(await reply.json()).toMatchObject({ replayed, rows_in: 2, rows_loaded: 2 });
    }
    expect(await rows("SELECT count(*)::INT AS n FROM raced_bytes")).toEqual([{ n: 2 }]);
  }, 240_000);

  test("what an answer offers works as it stands: integers that later have cents", async () => {
    await load("dataset=wages", "id,pay\n1,10\n2,12\n3,15\n");
    const later = "id,pay\n4,15.50\n5,16\n6,17\n";
    const { rows_quarantined, warnings } = await load("dataset=wages", later);
    expect(rows_quarantined).toBe(1);
    const [, snapshot, path = "", change = ""] =
      /rollback wages (\d+), then PATCH (\S+) (\{.*\}), and load/.exec(warnings.join()) ?? [];
    const send = async (method: string, to: string, body: string): Promise<void> => {
      const reply = await house.ask(to, { method, body });
      expect(reply.status, await reply.text()).toBe(200);
    };
    await send("POST", "/v1/catalog/datasets/wages/rollback", `{"snapshot_id":"${snapshot}"}`);
    await send("PATCH", path, change);
    expect(await load("dataset=wages", later)).toMatchObject({ rows_loaded: 3, warnings: [] });
    expect(
      await rows("SELECT id, pay, pay_whole AS whole FROM wages WHERE id IN (1, 4) ORDER BY id"),
    ).toEqual([
      { id: 1, pay: null, whole: 10 },
      { id: 4, pay: "15.50", whole: null },
    ]);
    const refused = await post("dataset=wages&contract=freeze", "id,amount\n7,15.50\n8,16.00\n9,17.00\n");
    expect([refused.status, await codeOf(refused)]).toEqual([422, "rejected"]);
  });

  test("a form of two files is refused, one of a file and its options is loaded", async () => {
    const form = new FormData();
    form.append("file", new File(["id,zip\n1,02139\n"], "a.csv"));
    form.append("types", JSON.stringify({ id: "string" }));
    const one = await post("dataset=formed", form);
    expect([one.status, ((await one.json()) as Ingested).columns.map(({ type }) => type)]).toEqual([
      201,
      ["VARCHAR", "VARCHAR"],
    ]);
    form.append("file", new File(["id,zip\n2,02140\n"], "b.csv"));
    const two = await post("dataset=formed", form);
    expect([two.status, await codeOf(two)]).toEqual([400, "invalid"]);
    expect(await rows("SELECT count(*)::INT AS n FROM formed")).toEqual([{ n: 1 }]);
  });

  test("options that are too long for a URL are a fault that says where they go", async () => {
    const types = (columns: number): string =>
      JSON.stringify(
        Object.fromEntries(Array.from({ length: columns }, (_, n) => [`column_${n}`, "string"])),
      );
    const header = Array.from({ length: 500 }, (_, n) => `column_${n}`).join(",");
    const body = `${header}\n${header.replaceAll("column_", "")}\n`;
    const fits = await post(`dataset=wide&types=${encodeURIComponent(types(500))}`, body);
    expect([fits.status, ((await fits.json()) as Ingested).columns.length]).toEqual([201, 500]);
    const long = await post(`dataset=wide&types=${encodeURIComponent(types(1200))}`, body);
    expect([long.status, await long.text()]).toEqual([413, expect.stringContaining("fields of a form")]);
  });

  test("a workbook is a table, and says which sheets it has", async () => {
    const sheet = (name: string, from: number) => ({
      name,
      rows: [["id", "day"], ...[0, 1, 2].map((n) => [from + n, { v: 46_082 + n, format: "yyyy-mm-dd" }])],
    });
    const book = new Blob([workbookBytes({ sheets: [sheet("East", 1), sheet("West", 5)] })]);
    const several = await post("dataset=booked", book);
    expect([several.status, await several.text()]).toEqual([400, expect.stringContaining("East")]);
    expect(await load("dataset=booked&sheet=West", book)).toMatchObject({ rows_in: 3, rows_loaded: 3 });
    expect(await load("dataset=booked&sheet=2", book)).toMatchObject({ replayed: true });
    expect(await rows("SELECT id, day FROM booked ORDER BY id LIMIT 1")).toEqual([
      { id: 5, day: "2026-03-01" },
    ]);
  });

  test("an upsert replaces rows by key in one snapshot, for SQL and for another reader", async () => {
    await load("dataset=stock", "id,v\n1,a\n2,b\n3,c\n");
    const first = await load("dataset=stock", "id,v\n8,h\n9,i\n");
    const answer = await load("dataset=stock&mode=upsert&key=id", "id,v,more\n2,x,new\n4,y,new\n2,z,new\n");
    expect(answer).toMatchObject({ rows_in: 3, rows_loaded: 2, rows_deduped: 1, rows_replaced: 1 });
    const wanted = ["1a", "2z", "3c", "4y", "8h", "9i"].join(" ");
    expect(await rows("SELECT string_agg(id || v, ' ' ORDER BY id) AS all_ FROM stock")).toEqual([
      { all_: wanted },
    ]);
    const then = await house.json<SqlResult>("/v1/sql", {
      sql: "SELECT count(*)::INT AS n FROM stock",
      at: { stock: first.snapshot_id },
    });
    expect(then.rows).toEqual([{ n: 5 }]);
    const folder = join(house.settings.data, "objects", "warehouse", "stock");
    const version = readFileSync(join(folder, "metadata", "version-hint.text"), "utf8");
    const read = (await icebergRead({
      tableUrl: pathToFileURL(folder).href,
      metadataFileName: `v${version}.metadata.json`,
    })) as Record<string, unknown>[];
    expect(
      read
        .map(({ id, v }) => `${String(id)}${String(v)}`)
        .sort()
        .join(" "),
    ).toBe(wanted);
  });
});

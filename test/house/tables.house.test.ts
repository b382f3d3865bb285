// Tables as others see them: with every daemon off, a reader that knows nothing of this code reads what the
// house wrote, from the files alone; and what the catalog promises about commits holds when many ask at once.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import avsc from "avsc";
import { icebergRead } from "icebird";
import type { Dataset } from "#contracts/catalog";
import type { Ingested } from "#contracts/ingest";
import type { SqlResult } from "#contracts/query";
import { codeOf, startHouse, type TestHouse } from "./house.ts";

const FIRST = "id,EMPLOYER NAME,started,pay\n1,Ann & Co,2026-01-05,12.50\n2,Büro,2026-02-06,13.25\n";
const SECOND = "id,EMPLOYER NAME,started,pay,note\n3,Cy,2026-03-07,14,late\n";

describe("tables", () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse("together");
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const load = async (dataset: string, body: string, query = ""): Promise<Ingested> => {
    const reply = await house.ask(`/v1/ingest?dataset=${dataset}${query}`, { method: "POST", body });
    const text = await reply.text();
    expect([200, 201], text).toContain(reply.status);
    return JSON.parse(text) as Ingested;
  };
  const patch = (dataset: string, body: object): Promise<Response> =>
    house.ask(`/v1/catalog/datasets/${dataset}/schema`, { method: "PATCH", body: JSON.stringify(body) });
  const folderOf = (dataset: string): string => join(house.settings.data, "objects", "warehouse", dataset);

  test("take rejected rows in once they fit", async () => {
    await load("crew", "id,name\n1,Ada\n");
    const first = await load("crew", "id,name,note\n2,Bob,\n3,Cleo,late\nlots,Di,\n", "&contract=quarantine");
    expect(first).toMatchObject({ rows_loaded: 1, rows_quarantined: 2 });
    expect((await patch("crew", { add: [{ name: "remark", type: "string" }] })).status).toBe(200);
    expect((await patch("crew", { rename: { remark: "note" } })).status).toBe(200);
    const replay = (): Promise<Response> =>
      house.ask("/v1/ingest/replay", {
        method: "POST",
        body: JSON.stringify({ dataset: "crew", ingest_id: first.ingest_id }),
      });
    const moved = await replay();
    expect([moved.status, await moved.json()]).toMatchObject([
      201,
      { rows_in: 2, rows_loaded: 1, rows_quarantined: 1 },
    ]);
    const again = await replay();
    expect([again.status, await again.json()]).toMatchObject([200, { rows_in: 1, rows_loaded: 0 }]);
    const sql = async (text: string): Promise<unknown> => {
      const reply = await house.ask("/v1/sql", { method: "POST", body: JSON.stringify({ sql: text }) });
      return ((await reply.json()) as SqlResult).rows;
    };
    expect(await sql("SELECT id, note FROM crew ORDER BY id")).toEqual([
      { id: 1, note: null },
      { id: 2, note: null },
      { id: 3, note: "late" },
    ]);
    expect(await sql('SELECT line, raw FROM "crew$rejects"')).toEqual([{ line: 4, raw: "lots,Di," }]);
  }, 240_000);

  test("are read from their files alone by another reader, also after a rename", async () => {
    await load("orders", FIRST);
    const grown = await load("orders", SECOND);
    expect(grown.schema_changes).toEqual(["add column note VARCHAR"]);
    expect((await patch("orders", { rename: { "EMPLOYER NAME": "employer" } })).status).toBe(200);
    house = await house.restart();
    const folder = folderOf("orders");
    const version = readFileSync(join(folder, "metadata", "version-hint.text"), "utf8");
    const rows = (await icebergRead({
      tableUrl: pathToFileURL(folder).href,
      metadataFileName: `v${version}.metadata.json`,
    })) as Record<string, unknown>[];
    const shown = rows
      .map((row) => ({
        ...row,
        id: Number(row["id"]),
        started: (row["started"] as Date).toISOString().slice(0, 10),
      }))
      .sort((a, b) => a.id - b.id);
    expect(shown).toEqual([
      { id: 1, employer: "Ann & Co", started: "2026-01-05", pay: 12.5, note: undefined },
      { id: 2, employer: "Büro", started: "2026-02-06", pay: 13.25, note: undefined },
      { id: 3, employer: "Cy", started: "2026-03-07", pay: 14, note: "late" },
    ] as never);
  }, 240_000);

  test("have manifests that another Avro library decodes", async () => {
    const metadata = join(folderOf("orders"), "metadata");
    const lists = readdirSync(metadata).filter((name) => name.startsWith("snap-"));
    expect(lists.length).toBe(2);
    for (const name of lists) {
      const records = await new Promise<{ manifest_path: string; added_rows_count: unknown }[]>(
        (resolve, reject) => {
          const found: never[] = [];
          avsc
            .createFileDecoder(join(metadata, name))
            .on("data", (record) => found.push(record as never))
            .on("end", () => resolve(found))
            .on("error", reject);
        },
      );
      expect(records.length).toBeGreaterThan(0);
      for (const { manifest_path: path } of records) expect(existsSync(new URL(path))).toBe(true);
    }
  });

  test("take appends from many at once, none of whom sees a conflict", async () => {
    await load("crowded", "number\n100\n");
    const loaded = await Promise.all(
      Array.from({ length: 12 }, (_, at) => load("crowded", `number\n${at + 101}\n`)),
    );
    expect(new Set(loaded.map(({ snapshot_id }) => snapshot_id)).size).toBe(12);
    const { rows } = await house.json<SqlResult>("/v1/sql", {
      sql: "select count(*) n, sum(number) s from crowded",
    });
    expect(rows).toEqual([{ n: 13, s: 1378 }] as never);
    const { rows: total, files } = await house.json<Dataset>("/v1/catalog/datasets/crowded");
    expect(total).toBe(13);
    // Small files are merged behind their writers.
    expect(files).toBeLessThanOrEqual(13);
  }, 240_000);

  test("take rows without a file, from many at once, and say what does not fit", async () => {
    await load("events", "id,name\n0,zero\n");
    const send = (body: unknown) =>
      house.ask("/v1/catalog/datasets/events/append", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const sent = await Promise.all(
      Array.from({ length: 20 }, (_, n) => send({ rows: [{ id: n + 1, name: `n${n + 1}` }] })),
    );
    expect(sent.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201));
    const { rows } = await house.json<SqlResult>("/v1/sql", {
      sql: "select count(*) n, sum(id) s from events where name = 'zero' or name = 'n' || id",
    });
    expect(rows).toEqual([{ n: 21, s: 210 }] as never);
    const misfit = await send({ rows: [{ id: 1.5 }] });
    expect([misfit.status, await codeOf(misfit)]).toEqual([422, "rejected"]);
    const maintained = await house.json<{ dry_run: boolean }>("/v1/catalog/datasets/events/maintain", {
      dry_run: true,
    });
    expect(maintained.dry_run).toBe(true);
  }, 240_000);

  test("change as they are allowed to, and say what does not fit", async () => {
    await load("shape", "a,b\n1,x\n");
    const frozen = await house.ask("/v1/ingest?dataset=shape&contract=freeze", {
      method: "POST",
      body: "a,b,c\n2,y,z\n",
    });
    expect([frozen.status, await codeOf(frozen)]).toEqual([422, "rejected"]);
    expect((await load("shape", "b,a\nz,3\n")).schema_changes).toEqual([]);
    const misfit = await house.ask("/v1/ingest?dataset=shape", {
      method: "POST",
      body: "a,b\nword,y\nother,z\n",
    });
    expect([misfit.status, await codeOf(misfit)]).toEqual([422, "rejected"]);
    expect((await patch("shape", { drop: ["nothing"] })).status).toBe(404);
    expect((await patch("shape", { widen: { a: "INTEGER" } })).status).toBe(409);
    expect((await patch("shape", { rename: { a: "B" } })).status).toBe(409);
    expect(
      (await patch("shape", { drop: ["b"], add: [{ name: "b", type: "DOUBLE", doc: "new" }] })).status,
    ).toBe(200);
    const { rows } = await house.json<SqlResult>("/v1/sql", { sql: "select * from shape order by a" });
    expect(rows).toEqual([
      { a: 1, b: null },
      { a: 3, b: null },
    ] as never);
  }, 240_000);

  test("are replaced, dropped, and made again under the same name", async () => {
    await load("again", "x\n1\n2\n");
    const replaced = await load("again", "x\n7\n", "&mode=replace");
    const before = await house.json<Dataset>("/v1/catalog/datasets/again");
    expect([before.rows, before.snapshot_id]).toEqual([1, replaced.snapshot_id]);
    expect((await house.ask("/v1/catalog/datasets/again", { method: "DELETE" })).status).toBe(204);
    expect(await codeOf(await house.ask("/v1/catalog/datasets/again"))).toBe("not_found");
    await load("again", "name\n5\n");
    const { columns, rows } = await house.json<Dataset>("/v1/catalog/datasets/again");
    expect([columns.map(({ name }) => name), rows]).toEqual([["name"], 1]);
    expect((await house.ask("/v1/catalog/datasets/again?purge=true", { method: "DELETE" })).status).toBe(204);
    const { objects } = await house.json<{ objects: object[] }>("/v1/storage?prefix=warehouse/again.1/");
    expect(objects).toEqual([]);
  }, 240_000);
});

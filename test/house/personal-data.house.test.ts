// Personal data: found when a file is loaded, told with the column, and masked for a key that may not see it. What does not
// mask refuses such a key, whatever its scope; which operations do is compared with all that are routed.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dataset } from "#contracts/catalog";
import { house as contracts } from "#contracts/house";
import { addKey } from "#edge/access/key-file";
import { type Contract, servedOps } from "#rpc/contract";
import { writePath } from "#rpc/path";
import { startOver, type TestHouse, TOPOLOGIES } from "./house.ts";

const CSV = [
  "worker_id,Full Name,email,cell_phone,city,notes",
  "1,Ann Lee,ann@example.com,2175550134,Aurora,likes nights",
  "2,Bo Diaz,bo@example.com,2175550135,Peoria,",
  "3,Cy Pérez,,2175550136,Aurora,call first",
].join("\n");

const MASKING = [
  "catalogd.dataset",
  "catalogd.datasets",
  "catalogd.snapshots",
  "embedd.embed",
  "queryd.sql",
  "queryd.sqlStream",
];

describe.each([...TOPOLOGIES])("personal data in a house %s", (topology) => {
  let house: TestHouse;
  let own = "";
  let masked = "";
  beforeAll(async () => {
    const data = mkdtempSync(join(tmpdir(), "house-"));
    const keys = join(data, "keys.json");
    own = await addKey(keys, { name: "own", scope: "admin" });
    masked = await addKey(keys, { name: "masked", scope: "admin", masked: true });
    house = await startOver(topology, data);
    const { status } = await as(own, "POST", "/v1/ingest?dataset=people", CSV);
    expect(status).toBe(201);
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const as = (key: string, method: string, path: string, body?: string): Promise<Response> =>
    house.ask(path, {
      method,
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body }),
    });
  const sql = async (key: string, text: string): Promise<unknown> => {
    const reply = await as(key, "POST", "/v1/sql", JSON.stringify({ sql: text }));
    const answer = (await reply.json()) as { rows?: unknown; error?: { code: string } };
    return answer.rows ?? answer.error?.code;
  };
  const kinds = async (): Promise<Record<string, string | undefined>> => {
    const { columns } = (await (await as(own, "GET", "/v1/catalog/datasets/people")).json()) as Dataset;
    return Object.fromEntries(columns.map(({ name, personal }) => [name, personal]));
  };

  test("is found when it is loaded, stays with a renamed column, and what a person says stays", async () => {
    const found = { "Full Name": "name", email: "email", cell_phone: "phone" };
    expect(await kinds()).toMatchObject({ ...found, worker_id: undefined, city: undefined });
    const change = { rename: { email: "mail" }, personal: { city: "name", cell_phone: "none" } };
    const path = "/v1/catalog/datasets/people/schema";
    expect((await as(own, "PATCH", path, JSON.stringify(change))).status).toBe(200);
    const more = CSV.replaceAll("email", "mail").replaceAll("2175550", "3125550");
    expect((await as(own, "POST", "/v1/ingest?dataset=people", more)).status).toBe(201);
    expect(await kinds()).toMatchObject({ mail: "email", city: "name", cell_phone: undefined });
    const unknown = await as(own, "PATCH", path, JSON.stringify({ personal: { nobody: "name" } }));
    expect(unknown.status).toBe(400);
    const back = { rename: { mail: "email" }, personal: { city: "none", cell_phone: "phone" } };
    expect((await as(own, "PATCH", path, JSON.stringify(back))).status).toBe(200);
  });

  test("is masked in SQL for a key that may not see it, however it is asked for", async () => {
    const all = (await sql(masked, "SELECT * FROM people ORDER BY worker_id")) as Record<string, unknown>[];
    expect(all).toHaveLength(6);
    for (const row of all) {
      expect(row).toMatchObject({ "Full Name": "***", cell_phone: null });
      expect([null, "***"]).toContain(row["email"] as string | null);
    }
    expect(JSON.stringify(all)).not.toMatch(/Ann|example\.com|5550/);
    expect(await sql(masked, "SELECT count(*) AS n FROM people WHERE email = 'ann@example.com'")).toEqual([
      { n: 0 },
    ]);
    const statements = [
      `SELECT upper("Full Name") AS a, email || '' AS b FROM people`,
      "SELECT min(email) AS a, string_agg(CAST(cell_phone AS VARCHAR)) AS b FROM people",
      "WITH p AS (FROM people) SELECT to_json(p) AS a FROM p",
      "SELECT * FROM people AT (VERSION => 'nothing')",
      "SUMMARIZE people",
    ];
    for (const text of statements)
      expect(JSON.stringify(await sql(masked, text)), text).not.toMatch(/Ann|ANN|example\.com|5550/);
    const lines = await house.ask("/v1/sql", {
      method: "POST",
      headers: { authorization: `Bearer ${masked}`, accept: "application/x-ndjson" },
      body: JSON.stringify({ sql: "SELECT * FROM people" }),
    });
    expect(await lines.text()).toMatch(/"\*\*\*"/);
    // The same statement by one who may see it, before and after.
    expect(JSON.stringify(await sql(own, "SELECT * FROM people ORDER BY worker_id"))).toContain("Ann Lee");
    expect(JSON.stringify(await sql(masked, "SELECT * FROM people ORDER BY worker_id"))).not.toContain("Ann");
  });

  test("rejected rows and the house's own texts are refused to such a key", async () => {
    const wrong =
      "worker_id,Full Name,email,cell_phone,city,notes\n4,Di Roe,di@example.com,x,Aurora,\n5,Ed Poe,ed@example.com,2175550139,Aurora,\n";
    const path = "/v1/ingest?dataset=people&contract=quarantine";
    expect((await as(own, "POST", path, wrong)).status).toBe(201);
    expect(await sql(own, 'SELECT count(*) AS n FROM "people$rejects"')).toEqual([{ n: 1 }]);
    expect(await sql(masked, 'SELECT * FROM "people$rejects"')).toBe("forbidden");
  });

  test("every operation that does not mask refuses such a key", async () => {
    const open: string[] = [];
    for (const [service, contract] of Object.entries(contracts) as [string, Contract][])
      for (const [name, operation] of servedOps(contract)) {
        if (operation.internal === true) continue;
        const fields = [...operation.path.matchAll(/\{(\w+)\+?\}/g)].map(([, field = ""]) => [
          field,
          "nobody",
        ]);
        const place = writePath(operation.path, Object.fromEntries(fields) as Record<string, string>);
        const hasBody = operation.method !== "GET" && operation.method !== "HEAD";
        const reply = await as(
          masked,
          operation.method,
          `${place}?stray=1`,
          hasBody ? '{"stray":1}' : undefined,
        );
        if (reply.status !== 403) open.push(`${service}.${name}`);
      }
    expect(open.sort()).toEqual(MASKING);
    for (const path of ["/_go/v1/sql", "/api/query", "/v1/chat/completions", "/mcp"])
      expect([path, (await as(masked, "POST", path, "{}")).status]).toEqual([path, 403]);
  });
});

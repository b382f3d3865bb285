// Truth through a whole house: two files claim things about the same people, a rule settles what it can, a person the rest,
// and SQL reads what holds.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Ingested } from "#contracts/ingest";
import type { SqlResult } from "#contracts/query";
import type { Belief, Imported } from "#contracts/truth";
import { startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const ROSTER = `worker_id,name,phone,pay,seen
1,Ann Lee,(217) 555-0134,18.50,2026-11-01
2,Bo Cruz,217-555-0135,,2026-11-02
3,Cy Dunn,217-555-0136,17,soon
,Nobody,217-555-0137,17,2026-11-02
`;
const PAYROLL = `worker_id,phone,pay
1,+1 217 555 0134,18.75
2,217-555-9999,16
`;

interface Entity {
  readonly as_of: string;
  readonly attributes: Record<string, Belief>;
}

describe.each(TOPOLOGIES)("truth, %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology);
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const load = async (dataset: string, body: string): Promise<Ingested> => {
    const reply = await house.ask(`/v1/ingest?dataset=${dataset}&mode=replace`, { method: "POST", body });
    return (await reply.json()) as Ingested;
  };
  const roster = {
    dataset: "roster",
    entity_key: "worker_id",
    entity_prefix: "worker:",
    mapping: { name: "name", phone: "phone", pay: "pay" },
    source: "roster",
    observed_at: "seen",
  };
  const entity = (id: number, query = ""): Promise<Entity> =>
    house.json(`/v1/truth/entities/worker:${id}${query}`);

  test("two files, a rule and a person make one table", async () => {
    await load("roster", ROSTER);
    await load("payroll", PAYROLL);
    const first = await house.json<Imported>("/v1/truth/import", roster);
    // A row without a key has no entity, and one whose time cannot be read was seen at no time.
    expect(first).toMatchObject({
      rows: 4,
      accepted: 5,
      duplicates: 0,
      empty: 1,
      skipped: 6,
      replayed: false,
    });
    const again = await house.json<Imported>("/v1/truth/import", roster);
    expect(again).toMatchObject({ accepted: 5, replayed: true });
    const payroll = {
      ...roster,
      dataset: "payroll",
      source: "payroll",
      observed_at: undefined,
      mapping: { phone: "phone", pay: "pay" },
    };
    const paid = await house.json<Imported>("/v1/truth/import", payroll);
    expect(paid).toMatchObject({ rows: 2, accepted: 4 });

    expect((await entity(1)).attributes["phone"]?.status).toBe("conflict");
    await house.json("/v1/truth/rules", { attribute: "phone", normaliser: "phone" }, 201);
    await house.json("/v1/truth/rules", { attribute: "pay", tolerance: 0.5, sources: ["payroll"] }, 201);
    const settled = await entity(1);
    expect(settled.attributes["phone"]).toMatchObject({ value: "+12175550134", status: "agreed" });
    expect(settled.attributes["pay"]).toMatchObject({ value: 18.75, status: "agreed" });

    const { conflicts } = await house.json<{ conflicts: { entity: string; attribute: string }[] }>(
      "/v1/truth/conflicts",
    );
    expect(conflicts.map(({ entity, attribute }) => [entity, attribute])).toEqual([["worker:2", "phone"]]);
    const decision = {
      entity: "worker:2",
      attribute: "phone",
      value: "217-555-0135",
      actor: "Dana",
      reason: "Called",
    };
    await house.json("/v1/truth/decisions", decision, 201);
    expect((await entity(2)).attributes["phone"]).toMatchObject({ value: "+12175550135", status: "decided" });
    // As it was before.
    const before = await entity(1, `?as_of=${settled.as_of}`);
    expect(before).toEqual(settled);

    const exported = await house.json<{ rows: number }>("/v1/truth/export", {});
    const { rows } = await house.json<SqlResult>("/v1/sql", {
      sql: "SELECT entity, attribute, value, status FROM truth ORDER BY entity, attribute",
    });
    expect(exported.rows).toBe(rows.length);
    expect(rows.map((row) => Object.values(row).join(" | "))).toEqual([
      "worker:1 | name | Ann Lee | agreed",
      "worker:1 | pay | 18.75 | agreed",
      "worker:1 | phone | +12175550134 | agreed",
      "worker:2 | name | Bo Cruz | agreed",
      "worker:2 | pay | 16 | agreed",
      "worker:2 | phone | +12175550135 | decided",
    ]);
  });

  test("an import that names what is not there says what is", async () => {
    const reply = await house.ask("/v1/truth/import", {
      method: "POST",
      body: JSON.stringify({ ...roster, mapping: { name: "nmae" }, observed_at: "sene" }),
    });
    const { error } = (await reply.json()) as {
      error: { code: string; details: { path: string; message: string }[] };
    };
    expect([reply.status, error.code]).toEqual([422, "rejected"]);
    expect(error.details.map(({ path }) => path)).toEqual(["mapping.name", "observed_at"]);
    expect(error.details[0]?.message).toContain("Did you mean name?");
    const none = await house.ask("/v1/truth/import", {
      method: "POST",
      body: JSON.stringify({ ...roster, dataset: "nothing" }),
    });
    expect(none.status).toBe(404);
  });

  test("progress goes out as events, and an import whose caller has gone leaves truth answering", async () => {
    const csv = ["id,a,b,c", ...Array.from({ length: 20_000 }, (_, at) => `${at},x${at},y,z`)].join("\n");
    await load("many", csv);
    const input = {
      dataset: "many",
      entity_key: "id",
      entity_prefix: "many:",
      mapping: { a: "a", b: "b", c: "c" },
      source: "many",
    };
    const init = { method: "POST", headers: { accept: "text/event-stream" }, body: JSON.stringify(input) };
    const cut = new AbortController();
    const begun = await fetch(`${house.url}/v1/truth/import`, { ...init, signal: cut.signal });
    cut.abort();
    await begun.body?.cancel().catch(() => undefined);
    const events = await (await house.ask("/v1/truth/import", init)).text();
    const last = JSON.parse(events.trim().split("\n\n").at(-1)?.split("data: ")[1] ?? "null") as Imported;
    expect(last.rows).toBe(20_000);
    expect(last.accepted + last.duplicates).toBe(60_000);
    expect((await house.json<Entity>("/v1/truth/entities/many:19999")).attributes["a"]?.value).toBe("x19999");
  });
});

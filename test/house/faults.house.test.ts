// Every fault that a contract lists for an operation is provoked here, over the wire. A code that the contract lists and
// this table does not, or the reverse, fails.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { request as httpRequest } from "node:http";
import { house as contracts } from "#contracts/house";
import { type Contract, servedOps } from "#rpc/contract";
import type { FaultCode } from "#rpc/fault";
import { FAULTS } from "#rpc/fault";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

interface Provocation {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const post = (path: string, body: unknown = {}): Provocation => ({ method: "POST", path, body });
const get = (path: string): Provocation => ({ method: "GET", path });
const erase = (path: string): Provocation => ({ method: "DELETE", path });

const SEARCH = { query_text: "cook", corpora: ["nobody"] };
const CORPUS = { dataset: "nobody", id: "id", text: "{id}" };

/** By operation and code. The fixture has a dataset `here`, an object `here`, an index `here` of 2 dimensions. */
const PROVOCATIONS: Readonly<Record<string, Partial<Record<FaultCode, Provocation>>>> = {
  "storaged.put": {
    conflict: { method: "PUT", path: "/v1/storage/here", body: "x", headers: { "if-none-match": "*" } },
    too_large: {
      method: "PUT",
      path: "/v1/storage/x",
      headers: { "content-length": String(257 * 1024 * 1024) },
    },
  },
  "storaged.get": { not_found: get("/v1/storage/nobody") },
  "storaged.head": { not_found: { method: "HEAD", path: "/v1/storage/nobody" } },
  "catalogd.dataset": { not_found: get("/v1/catalog/datasets/nobody") },
  "catalogd.drop": { not_found: erase("/v1/catalog/datasets/nobody") },
  "catalogd.snapshots": { not_found: get("/v1/catalog/datasets/nobody/snapshots") },
  "catalogd.rollback": { not_found: post("/v1/catalog/datasets/here/rollback", { snapshot_id: 5 }) },
  "catalogd.tag": {
    not_found: post("/v1/catalog/datasets/nobody/tags", { name: "a" }),
    conflict: post("/v1/catalog/datasets/here/tags", { name: "first" }),
  },
  "catalogd.schema": {
    not_found: { method: "PATCH", path: "/v1/catalog/datasets/here/schema", body: { drop: ["nobody"] } },
    conflict: {
      method: "PATCH",
      path: "/v1/catalog/datasets/here/schema",
      body: { add: [{ name: "id", type: "BIGINT" }] },
    },
  },
  "catalogd.append": {
    not_found: post("/v1/catalog/datasets/nobody/append", { rows: [{ id: 1 }] }),
    rejected: post("/v1/catalog/datasets/here/append", { rows: [{ id: "no number" }] }),
    conflict: {
      method: "POST",
      path: "/v1/catalog/datasets/here/append",
      body: { rows: [{ id: 8 }] },
      headers: { "idempotency-key": "appended" },
    },
  },
  "catalogd.maintain": { not_found: post("/v1/catalog/datasets/nobody/maintain") },
  "ingestd.ingest": {
    conflict: {
      method: "POST",
      path: "/v1/ingest?dataset=here",
      body: "id\n9\n",
      headers: { "idempotency-key": "once" },
    },
    rejected: { method: "POST", path: "/v1/ingest?dataset=here&contract=freeze", body: "id,more\n1,2\n" },
  },
  "ingestd.replay": { not_found: post("/v1/ingest/replay", { dataset: "nobody", ingest_id: "one" }) },
  "queryd.sql": {
    forbidden: post("/v1/sql", { sql: "drop table here" }),
    not_found: post("/v1/sql", { sql: "select * from nobody" }),
  },
  "queryd.sqlStream": {
    forbidden: { ...post("/v1/sql", { sql: "drop table here" }), headers: { accept: "text/csv" } },
    not_found: { ...post("/v1/sql", { sql: "select * from nobody" }), headers: { accept: "text/csv" } },
  },
  "embedd.embed": { not_found: post("/v1/embed", { texts: ["a"], model: "nobody" }) },
  "vectord.create": { conflict: { method: "PUT", path: "/v1/vectors/here", body: { dimension: 3 } } },
  "vectord.index": { not_found: get("/v1/vectors/nobody") },
  "vectord.drop": { not_found: erase("/v1/vectors/nobody") },
  "vectord.upsert": {
    not_found: post("/v1/vectors/nobody/upsert", { items: [{ id: "a", vector: [1, 2] }] }),
    conflict: post("/v1/vectors/here/upsert", { model: "another", items: [{ id: "a", vector: [1, 2] }] }),
  },
  "vectord.import": {
    not_found: { method: "POST", path: "/v1/vectors/nobody/import", body: "" },
    conflict: { method: "POST", path: "/v1/vectors/here/import?model=another", body: "" },
  },
  "vectord.repair": { not_found: post("/v1/vectors/nobody/repair") },
  "vectord.delete": { not_found: post("/v1/vectors/nobody/delete", { ids: ["a"] }) },
  "vectord.search": {
    not_found: post("/v1/vectors/nobody/search", { vector: [1, 2] }),
    conflict: post("/v1/vectors/here/search", { vector: [1, 2], model: "another" }),
  },
  "vectord.fetch": { not_found: post("/v1/vectors/nobody/fetch", { ids: ["a"] }) },
  "vectord.recall": { not_found: post("/v1/vectors/nobody/recall") },
  "vectord.snapshot": {
    not_found: post("/v1/vectors/nobody/snapshot"),
    conflict: post("/v1/vectors/here/snapshot", { name: "first" }),
  },
  "vectord.snapshots": { not_found: get("/v1/vectors/nobody/snapshots") },
  "vectord.dropSnapshot": { not_found: erase("/v1/vectors/here/snapshots/nobody") },
  "vectord.restore": { not_found: post("/v1/vectors/here/restore", { name: "nobody" }) },
  "matrixd.search": { not_found: post("/v1/matrix/search", SEARCH) },
  "matrixd.retrieve": { not_found: post("/v1/matrix/retrieve", SEARCH) },
  "matrixd.putCorpus": {
    not_found: { method: "PUT", path: "/v1/matrix/corpora/c", body: CORPUS },
  },
  "matrixd.corpus": { not_found: get("/v1/matrix/corpora/nobody") },
  "matrixd.corpusEvents": {
    not_found: { ...get("/v1/matrix/corpora/nobody"), headers: { accept: "text/event-stream" } },
  },
  "matrixd.dropCorpus": { not_found: erase("/v1/matrix/corpora/nobody") },
  "journald.append": {
    conflict: post("/v1/journal/events", { id: "here", type: "no_show", subject: "another" }),
    too_large: post("/v1/journal/events", {
      type: "no_show",
      subject: "s",
      data: { x: "x".repeat(300_000) },
    }),
  },
  "journald.event": { not_found: get("/v1/journal/events/nobody") },
};

/** Provoked elsewhere: what needs a broken neighbour, another call at the same moment, or gigabytes. */
const elsewhere = (name: string, code: FaultCode): boolean =>
  code === "upstream" ||
  (code === "conflict" &&
    ["vectord.drop", "vectord.dropSnapshot", "vectord.repair", "vectord.restore"].includes(name)) ||
  (name === "ingestd.ingest" && code === "too_large") ||
  (name === "catalogd.maintain" && code === "conflict") ||
  (name === "ingestd.replay" && code !== "not_found") ||
  (name === "journald.seal" && code === "conflict") ||
  (name.startsWith("queryd.sql") && code === "rejected");

test("the table has every code of every operation, and no other", () => {
  const listed = (Object.entries(contracts) as [string, Contract][]).flatMap(([service, contract]) =>
    servedOps(contract)
      .filter(([, operation]) => operation.internal !== true && operation.reply !== "events")
      .flatMap(([name, { errors }]) =>
        errors
          .filter((code) => !elsewhere(`${service}.${name}`, code))
          .map((code) => `${service}.${name} ${code}`),
      ),
  );
  const provoked = Object.entries(PROVOCATIONS)
    .filter(([name]) => !name.endsWith("Events"))
    .flatMap(([name, codes]) => Object.keys(codes).map((code) => `${name} ${code}`));
  expect(provoked.sort()).toEqual(listed.sort());
});

describe.each([...TOPOLOGIES])("a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology);
    const load = (dataset: string, body: string, headers = {}): Promise<Response> =>
      house.ask(`/v1/ingest?dataset=${dataset}`, { method: "POST", body, headers });
    expect((await load("here", "id\n1\n", { "idempotency-key": "once" })).status).toBe(201);
    await house.json("/v1/catalog/datasets/here/tags", { name: "first" }, 201);
    const appended = await house.ask("/v1/catalog/datasets/here/append", {
      method: "POST",
      body: '{"rows":[{"id":7}]}',
      headers: { "idempotency-key": "appended" },
    });
    expect(appended.status).toBe(201);
    expect((await load("here", "id\n2\n")).status).toBe(201);
    await house.ask("/v1/storage/here", { method: "PUT", body: "x" });
    await house.ask("/v1/vectors/here", { method: "PUT", body: '{"dimension":2,"model":"one"}' });
    await house.json("/v1/vectors/here/snapshot", { name: "first" }, 201);
    await house.json("/v1/journal/events", { id: "here", type: "no_show", subject: "one" }, 201);
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const cases = Object.entries(PROVOCATIONS).flatMap(([name, codes]) =>
    Object.entries(codes).map(([code, provocation]): [string, FaultCode, Provocation] => [
      name,
      code as FaultCode,
      provocation,
    ]),
  );
  test.each(cases)("%s gives %s", async (name, code, { method, path, body, headers = {} }) => {
    if (headers["content-length"] !== undefined) {
      // A body of that size is never sent: the length alone is enough for a refusal.
      expect(await statusOf(house.url + path, method, headers)).toBe(FAULTS[code].status);
      return;
    }
    const reply = await house.ask(path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    if (name.endsWith("Events")) {
      expect(await reply.text()).toContain(`"code":"${code}"`);
      return;
    }
    expect(reply.status).toBe(FAULTS[code].status);
    if (method !== "HEAD") expect(await codeOf(reply)).toBe(code);
  });
});

function statusOf(url: string, method: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, { method, headers }, (reply) => {
      resolve(reply.statusCode ?? 0);
      asked.destroy();
    });
    asked.on("error", reject);
    asked.write("x");
  });
}

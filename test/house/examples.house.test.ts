// Every example of the API page, sent as it stands, over a house with the demo's workers. What is sent is read from
// the description that the page reads.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { generateWorkers, toCsv } from "#cli/demo/sample/sample";
import { EXAMPLES } from "#contracts/examples";
import { startHouse, type TestHouse } from "./house.ts";

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly example?: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Record<string, { readonly example?: unknown }>;
  };
}

let house: TestHouse;
const operations = new Map<string, { method: string; path: string; operation: Operation }>();

beforeAll(async () => {
  house = await startHouse("together");
  const workers = [...toCsv(generateWorkers({ seed: 1, count: 200, today: "2026-11-21" }))];
  const loaded = await house.ask("/v1/ingest?dataset=workers", { method: "POST", body: workers.join("") });
  expect(loaded.status, await loaded.text()).toBe(201);
  const plan = { ...EXAMPLES.matrixd["putCorpus"], corpus: undefined };
  await house.ask("/v1/matrix/corpora/workers", { method: "PUT", body: JSON.stringify(plan) });
  while ((await house.json<{ status: string }>("/v1/matrix/corpora/workers")).status !== "ready")
    await Bun.sleep(20);
  const description = await house.json<{ paths: Record<string, Record<string, Operation>> }>("/openapi.json");
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(methods))
      operations.set(operation.operationId, { method: method.toUpperCase(), path, operation });
  }
});
afterAll(() => house.close());

test("each operation that needs something said has an example", () => {
  const silent = [...operations.values()]
    .filter(({ operation: { parameters = [], requestBody } }) => {
      const bare = parameters.some(({ required, example }) => required && example === undefined);
      const json = requestBody?.content["application/json"];
      return bare || (requestBody?.required === true && json !== undefined && json.example === undefined);
    })
    .map(({ operation }) => operation.operationId);
  // A snapshot's id, an ingest's, a run's, a block's and a trace's are known once there are some; versions are of an index with engine lance.
  expect(silent.sort()).toEqual([
    "catalogd.rollback",
    "distill.cancel",
    "distill.evidence",
    "distill.export",
    "distill.exportFile",
    "distill.report",
    "distill.run",
    "distill.trace",
    "filld.liftBlock",
    "ingestd.replay",
    "pathwayd.feedback",
    "pathwayd.history",
    "pathwayd.retire",
    "pathwayd.revise",
    "pathwayd.trace",
    "vectord.versions",
  ]);
});

/** What an import of the example's index takes in place of a file. */
const NDJSON = '{"id":"d","vector":[0,1,0],"metadata":{"role":"Line Cook"}}\n';

const named = Object.entries(EXAMPLES).flatMap(([service, examples]) =>
  Object.keys(examples).map((name) => `${service}.${name}`),
);

test.each(named)("%s runs as it stands", async (id) => {
  const found = operations.get(id);
  if (found === undefined) throw new Error(`${id} is not described`);
  const { method, path, operation } = found;
  const given = (operation.parameters ?? []).filter(({ example }) => example !== undefined);
  const query = new URLSearchParams();
  let target = path;
  for (const { name, in: place, example } of given) {
    if (place === "path") target = target.replace(`{${name}}`, String(example));
    else if (place === "query") query.set(name, String(example));
  }
  const json = operation.requestBody?.content["application/json"]?.example;
  const raw = operation.requestBody?.content["application/octet-stream"] !== undefined;
  const file = Bun.file(join(import.meta.dir, "../../docs/examples/people.csv"));
  const bytes = id === "vectord.import" ? NDJSON : await file.text();
  const body = raw ? bytes : json === undefined ? null : JSON.stringify(json);
  const reply = await house.ask(`${target}?${query.toString()}`, { method, body });
  expect([id, reply.ok, reply.ok ? "" : await reply.text()]).toEqual([id, true, ""]);
});

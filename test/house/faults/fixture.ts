// What the provocations need to be there, made over the wire.

import { expect } from "bun:test";
import type { TestHouse } from "../house.ts";
import { keyed, post, type Provocation, put } from "./provocation.ts";
import { RULE } from "./records.ts";
import { PLAYBOOK } from "./search.ts";

/** As many as observerd keeps. */
const RULES_MAX = 200;
/** As many as matrixd keeps of one playbook. */
const VERSIONS_MAX = 1000;

export function send(house: TestHouse, { method, path, body, headers = {} }: Provocation): Promise<Response> {
  const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
  return house.ask(path, { method, headers, ...sent });
}

/** Resolves with the id of the trace. */
export async function prepare(house: TestHouse): Promise<string> {
  const made = async (provocation: Provocation): Promise<Record<string, unknown>> => {
    const reply = await send(house, provocation);
    const text = await reply.text();
    expect([provocation.path, reply.ok, reply.ok ? "" : text]).toEqual([provocation.path, true, ""]);
    return (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
  };
  const load = (dataset: string, csv: string): Provocation => post(`/v1/ingest?dataset=${dataset}`, csv);

  await made(keyed("once", load("here", "id\n1\n")));
  await made(post("/v1/catalog/datasets/here/tags", { name: "first" }));
  await made(keyed("appended", post("/v1/catalog/datasets/here/append", { rows: [{ id: 7 }] })));
  await made(load("here", "id\n2\n"));
  await made(load("numbers", "value\n1\n"));
  await made(put("/v1/storage/here", "x"));
  await made(put("/v1/vectors/here", { dimension: 2, model: "one" }));
  await made(post("/v1/vectors/here/snapshot", { name: "first" }));
  await made(post("/v1/journal/events", { id: "here", type: "no_show", subject: "one" }));

  const order = { kind: "order", subject: "s", task: "t", content: "c" };
  const { trace_id } = await made(keyed("added", post("/v1/pathway/traces", order)));
  const trace = `/v1/pathway/traces/${String(trace_id)}`;
  await made(keyed("fed", post(`${trace}/feedback`, { result: "filled", score: 1 })));
  await made(post(`${trace}/retire`, { reason: "r" }));

  const rules = Array.from({ length: RULES_MAX }, (_, n) => put(`/v1/observer/rules/rule-${n}`, RULE));
  for (const rule of rules) await made(rule);
  await made(put("/v1/chat/budgets/local", { tokens_per_day: 1000 }));

  await made(load("workers", "worker_id,name,role,city,state\nw-1,Ana Diaz,Cook,Reno,NV\n"));
  const corpus = { dataset: "workers", id: "worker_id", text: "{role} in {city}, {state}" };
  await made(put("/v1/matrix/corpora/people", corpus));
  while ((await house.json<{ status: string }>("/v1/matrix/corpora/people")).status !== "ready")
    await Bun.sleep(20);
  const versions = Array.from({ length: VERSIONS_MAX }, (_, n) => ({ ...PLAYBOOK, score: n / VERSIONS_MAX }));
  const lines = versions.map((version) => JSON.stringify(version)).join("\n");
  expect(await made(post("/v1/matrix/playbooks/import", lines))).toMatchObject({ imported: VERSIONS_MAX });

  await made(post("/v1/fills", { fill_id: "here", order_text: "need a cook" }));
  await made(post("/v1/fills", { fill_id: "closed", order_text: "need a cook" }));
  await made(post("/v1/fills/closed/close", { version: 1, result: "lost" }));
  return String(trace_id);
}

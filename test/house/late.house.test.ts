// A search over several corpora while one of them does not respond: the services of a house started here, with an index
// between matrixd and vectord that never replies.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings } from "#config";
import type { House } from "#contracts/house";
import { createLog } from "#lib/log";
import { Fault } from "#rpc/fault";
import { local } from "#rpc/local";
import type { StartedService } from "#topology/parts/part";
import { PLAN, START_ORDER } from "#topology/plan";

const started: StartedService[] = [];
const silent = new Set<string>();
const data = mkdtempSync(join(tmpdir(), "late-"));
let house: House;

beforeAll(async () => {
  const { settings } = readSettings({ port: 0, log: "error", data });
  const log = createLog({ level: "error", readable: true, write: () => undefined });
  const services: Partial<House> = {};
  for (const name of START_ORDER) {
    const service = await PLAN[name].start({ settings, neighbours: { ...services }, log });
    started.push(service);
    Object.assign(services, { [name]: local(service.implementation) });
    if (name === "vectord") Object.assign(services, { vectord: withSilence(services as House) });
  }
  house = services as House;
  const csv = "worker_id,role,city,state\n1,Welder,Chicago,IL\n2,Line Cook,Denver,CO\n";
  await house.ingestd.ingest({ dataset: "workers", body: new Blob([csv]).stream() });
  for (const corpus of ["prompt", "late"]) {
    const text = "{role} in {city}, {state}";
    await house.matrixd.putCorpus({ corpus, dataset: "workers", id: "worker_id", text });
    for await (const step of house.matrixd.corpusEvents({ corpus })) void step;
  }
}, 240_000);

afterAll(async () => {
  for (const service of started.toReversed()) await service.close();
  rmSync(data, { recursive: true, force: true });
}, 240_000);

/** vectord, except that indexes of the corpora in `silent` take as long as they are allowed. */
function withSilence({ vectord }: House): House["vectord"] {
  const isSilent = ({ index }: { readonly index: string }): boolean =>
    [...silent].some((corpus) => index.startsWith(`corpus.${corpus}.`));
  const late = (signal: AbortSignal | undefined): Promise<never> =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new Fault("cancelled", "too late")));
    });
  return {
    ...vectord,
    searchTiers: (input, call) => (isSilent(input) ? late(call?.signal) : vectord.searchTiers(input, call)),
    fetch: (input, call) => (isSilent(input) ? late(call?.signal) : vectord.fetch(input, call)),
  };
}

const ask = (corpora: string[], deadline_ms: number) =>
  house.matrixd.search({ query_text: "2 welders in Chicago, IL", corpora, deadline_ms });

test("all corpora are searched while all reply", async () => {
  const { hits, degraded, query } = await ask(["prompt", "late", "prompt"], 60_000);
  expect([hits.length, degraded, query.role.role]).toEqual([4, false, "Welder"]);
});

test("a late one is named as degraded, and the others are searched", async () => {
  silent.add("late");
  const { hits, degraded, per_corpus } = await ask(["late", "prompt"], 2000);
  expect(hits.map(({ corpus }) => corpus)).toEqual(["prompt", "prompt"]);
  expect([degraded, per_corpus["late"]?.count, per_corpus["late"]?.plan]).toEqual([true, 0, "none"]);
  expect(per_corpus["late"]?.degraded).toMatch(/^timeout: /);
});

test("when none replies the search fails, and says why for each", async () => {
  silent.add("prompt");
  const fault = await ask(["late", "prompt"], 50).catch((thrown: unknown) => thrown as Fault);
  expect(fault).toBeInstanceOf(Fault);
  const { code, details = [] } = fault as Fault;
  expect([code, details.map(({ path }) => path).sort()]).toEqual(["upstream", ["late", "prompt"]]);
});

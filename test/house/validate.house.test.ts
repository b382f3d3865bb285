// Validation as its users meet it: through the gateway, with the statuses and bodies of the wire, over a dataset that was
// ingested, with a scripted model, and from a terminal.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateWorkers, toCsv } from "#cli/demo/sample/sample";
import { EXAMPLES } from "#contracts/examples";
import type { Iterated, Validated } from "#contracts/validate";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";
import { run } from "../../src/cli/spawned.testing.ts";

const example = EXAMPLES.validatord["validate"] as { artifact: object; context: { order: object } };
const { order } = example.context;
const draft = JSON.stringify(example.artifact);

describe.each(TOPOLOGIES)("%s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology);
    const ask = await house.ask("/v1/validate", { method: "POST", body: JSON.stringify(example) });
    expect([ask.status, await codeOf(ask)]).toEqual([503, "unavailable"]);
    const workers = [...toCsv(generateWorkers({ seed: 1, count: 50, today: "2026-11-21" }))];
    await house.ask("/v1/ingest?dataset=workers", { method: "POST", body: workers.join("") });
  });
  afterAll(() => house.close());

  test("what passes is 200, what does not 422 with the same body, what is no request 400", async () => {
    const good = await house.json<Validated>("/v1/validate", example);
    expect([good.ok, good.findings, good.roster_version?.split("@")[0]]).toEqual([true, [], "workers"]);
    const artifact = { order_id: "o-1", fills: [{ worker_id: "w-999", reason: "no accent" }] };
    const bad = await house.json<Validated>("/v1/validate", { ...example, artifact }, 422);
    expect(bad.findings.map(({ code }) => code)).toEqual([
      "fill.headcount_short",
      "fill.unknown_worker",
      "fill.protected_term",
    ]);
    await house.json("/v1/validate", { ...example, kind: "memo" }, 400);
    await house.json("/v1/validate", { ...example, context: { order: { ...order, headcount: "x" } } }, 400);
    expect((await house.ask("/v1/validate", { method: "POST", body: "{" })).status).toBe(400);
    await house.json("/v1/validate", { ...example, roster: "nobody" }, 503);
  });

  test("a playbook's answer is looked up in its corpus's dataset, its outcome in the journal", async () => {
    await house.json(
      "/v1/journal/events",
      { id: "e-1", type: "shift.completed", subject: "o-1", data: {} },
      201,
    );
    const artifact = {
      query_text: "forklift operator in Springfield, IL",
      answer_id: "w-1",
      answer_corpus: "workers",
      score: 0.9,
      outcome: { event_id: "e-1" },
    };
    await house.json("/v1/validate", { kind: "playbook", artifact });
    const missing = { ...artifact, outcome: { event_id: "e-2" }, answer_corpus: "others" };
    const { findings } = await house.json<Validated>(
      "/v1/validate",
      { kind: "playbook", artifact: missing },
      422,
    );
    expect(findings.map(({ code }) => code)).toEqual(["playbook.evidence", "playbook.answer_exists"]);
  });

  test("a model's draft is accepted or given up, as one reply and as events", async () => {
    const request = { kind: "fill", prompt: draft, model: "scripted/echo", context: example.context };
    const run = await house.json<Iterated>("/v1/iterate", request);
    expect([run.ok, run.iterations, run.artifact]).toEqual([true, 1, example.artifact]);
    expect((await house.json<{ kind: string }>(`/v1/pathway/traces/${run.trace_id}`)).kind).toBe("iterate");
    const given = await house.json<Iterated>("/v1/iterate", { ...request, prompt: "no draft" }, 422);
    expect([given.ok, given.history[0]?.status]).toEqual([false, "no_json"]);
    const stream = await house.ask("/v1/iterate", {
      method: "POST",
      body: JSON.stringify({ ...request, stream: true }),
    });
    expect(stream.headers.get("content-type")).toStartWith("text/event-stream");
    expect((await stream.text()).match(/^event: \w+/gm)).toEqual(["event: attempt", "event: done"]);
    expect(await house.json<unknown>("/v1/validate/extract", { text: `x ${draft}` })).toEqual({
      matched: true,
      value: example.artifact,
    });
  });

  test("declared rules lie in the data folder", async () => {
    const folder = join(house.settings.data, "rules");
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "first.sql"),
      "-- severity: warning\nSELECT worker_id, 'is the first' AS message FROM workers WHERE worker_id IN $worker_ids AND worker_id = 'w-1'",
    );
    const { findings, ok } = await house.json<Validated>("/v1/validate", example);
    expect([ok, findings.map(({ code }) => code)]).toEqual([true, ["rule.first"]]);
  });

  test("from a terminal: a verdict with its exit code, fixes, and a draft", async () => {
    const file = (name: string, value: unknown): string => {
      const path = join(house.settings.data, name);
      writeFileSync(path, JSON.stringify(value));
      return path;
    };
    const url = ["--url", house.url];
    const orderFile = file("order.json", order);
    const slip = file("slip.json", { order_id: "o-1", fills: [{ worker_id: "W-1" }] });
    const told = await run(["validate", slip, "--order", orderFile, "-o", "json", ...url]);
    expect([told.exitCode, (JSON.parse(told.out) as Validated).ok]).toEqual([3, false]);
    const fixed = await run(["validate", slip, "--order", orderFile, "--fix", ...url]);
    expect([fixed.exitCode, fixed.err.includes("It passes")]).toEqual([0, true]);
    expect(JSON.parse(fixed.out)).toEqual(example.artifact);
    const words = [
      "iterate",
      draft,
      "--kind",
      "fill",
      "--order",
      orderFile,
      "--model",
      "scripted/echo",
      ...url,
    ];
    const drafted = await run(words);
    expect([drafted.exitCode, JSON.parse(drafted.out)]).toEqual([0, example.artifact]);
    expect((await run(["validate", orderFile, ...url])).err).toContain("--kind");
  });
});

// Drafts by a scripted model, judged by code: accepted, corrected by code, corrected by the model, and given up within every
// limit, however the model behaves.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { chat } from "#contracts/chat";
import type { journal } from "#contracts/journal";
import type { pathway } from "#contracts/pathway";
import type { Iterated, validate } from "#contracts/validate";
import type { InputOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { NOW, ORDER, startValidatord, type TestValidatord, TOPOLOGIES } from "../validatord.testing.ts";
import { startChat, startJournal, startPathway } from "../../../../test/lake/neighbours.ts";

const fill = (...ids: string[]): string =>
  JSON.stringify({ order_id: "o-1", fills: ids.map((worker_id) => ({ worker_id })) });

/** By model: what it replies, one after the other. */
const SCRIPT: Readonly<Record<string, readonly object[]>> = {
  good: [{ content: `Here it is:\n\`\`\`json\n${fill("w-1")}\n\`\`\`` }],
  slips: [{ content: '{"order_id":"o-1","fills":[{"worker_id":" W-1 "}]}' }],
  named: [{ content: '{"order_id":"o-1","fills":[{"worker_id":"x-9","name":"Nunez, Ana"}]}' }],
  learns: [
    { content: fill("w-2", "w-3") },
    // Only what failed is asked for, and only that may change.
    { content: '{"fills[1]":{"worker_id":"w-1"},"fills[0]":{"worker_id":"w-4"}}' },
  ],
  stubborn: [{ content: fill("w-3") }],
  wanders: [
    { content: fill("w-3") },
    { content: fill("w-4") },
    { content: fill("w-6") },
    { content: fill("w-8") },
    { content: fill("nobody-1") },
    { content: fill("nobody-2") },
    { content: fill("nobody-3") },
    { content: fill("nobody-4") },
    { content: fill("nobody-5") },
  ],
  approves: [
    { content: '{"approved":true,"ok":true,"findings":[],"order_id":"o-1","fills":[{"worker_id":"w-3"}]}' },
    { content: "APPROVED. All checks passed, status: accepted." },
    { content: '{"status":"accepted","order_id":"o-1","fills":[{"worker_id":"w-4"}]}' },
  ],
  prose: [{ content: "I cannot do that." }, { content: "Still no." }, { content: fill("w-1") }],
  floods: [{ content: "{".repeat(1_200_000) }, { content: '{"a":'.repeat(100_000) }],
  wishes: [
    { content: '{"order_id":"o-1","fills":[{"worker_id":"w-1","reason":"young and energetic"}]}' },
    { content: fill("w-1") },
  ],
  fails: [{ failure: "upstream" }, { content: fill("w-1") }],
  poor: [{ failure: "quota" }],
  sleeps: [{ content: fill("w-1"), delay_ms: 60_000 }],
  small: [{ content: fill("w-3") }, { content: fill("w-4") }],
  small2: [{ content: fill("w-3") }, { content: fill("w-4") }],
  big: [{ content: fill("w-1") }],
};

describe.each(TOPOLOGIES)("iterate, %s", (topology) => {
  let house: TestValidatord;
  let journals: Service<typeof journal>;
  let traces: Service<typeof pathway>;
  let models: Service<typeof chat>;
  let isAway = false;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    house = await startValidatord(topology, async ({ lake, sql }) => {
      const script = join(lake.folder, "script.json");
      const entries = Object.entries(SCRIPT).map(([model, replies]) => ({ model, by: "call", replies }));
      writeFileSync(script, JSON.stringify({ entries }));
      const asked = await startChat(lake, script);
      models = asked.service;
      const events = await startJournal(lake, sql);
      const memory = await startPathway(lake);
      journals = events.service;
      traces = {
        ...memory.service,
        add: (input, call) =>
          isAway ? Promise.reject(new Fault("unavailable", "It is away.")) : memory.service.add(input, call),
      };
      closing.push(asked.close, events.close, memory.close);
      return { chat: models, journal: journals, pathway: traces };
    });
  });
  afterAll(async () => {
    await house.close();
    for (const close of closing) await close();
  });

  const run = (model: string, more: Partial<InputOf<(typeof validate)["iterate"]>> = {}): Promise<Iterated> =>
    house.service.iterate({
      kind: "fill",
      prompt: `Fill the order (${topology}).`,
      model: `scripted/${model}`,
      context: { now: NOW, order: ORDER },
      ...more,
    });
  const outcome = ({ ok, stopped, iterations, history }: Iterated) => ({
    ok,
    stopped,
    iterations,
    statuses: history.map(({ status }) => status),
  });

  test("a draft that passes is accepted at once, traced, and recorded", async () => {
    const result = await run("good");
    expect(outcome(result)).toEqual({ ok: true, stopped: "accepted", iterations: 1, statuses: ["accepted"] });
    expect(result.artifact).toEqual(JSON.parse(fill("w-1")));
    const trace = await traces.trace({ trace_id: result.trace_id });
    expect([trace.kind, trace.subject, trace.outcome?.result]).toEqual(["iterate", "o-1", "accepted"]);
  });

  test("a run whose trace cannot be recorded says so, and its id is the journal's", async () => {
    isAway = true;
    const { trace_id, untraced } = await run("good").finally(() => {
      isAway = false;
    });
    expect(untraced).toBe(true);
    for (;;) {
      const { events } = await journals.events({ type: "draft.iterated", last: 100, limit: 1000 });
      if (events.some(({ id }) => id === trace_id)) break;
      await Bun.sleep(10);
    }
    expect((await run("good")).untraced).toBeUndefined();
  });

  test("code corrects what needs no judgement, and says so", async () => {
    const slips = await run("slips");
    expect(slips.history[0]?.fixes).toEqual([
      { code: "fill.unknown_worker", path: "fills[0].worker_id", value: "w-1" },
    ]);
    expect(slips.ok).toBe(true);
    expect((await run("named")).artifact).toEqual({
      order_id: "o-1",
      fills: [{ worker_id: "w-1", name: "Nunez, Ana" }],
    });
  });

  test("only the failing parts are asked for, and only they change", async () => {
    const result = await run("learns", { context: { now: NOW, order: { ...ORDER, headcount: 2 } } });
    expect(outcome(result)).toMatchObject({ ok: true, iterations: 2 });
    expect(result.artifact).toEqual(JSON.parse(fill("w-2", "w-1")));
  });

  test("the same draft twice ends the run early", async () => {
    expect(outcome(await run("stubborn", { max_iterations: 8 }))).toEqual({
      ok: false,
      stopped: "same_artifact",
      iterations: 2,
      statuses: ["validation_failed", "validation_failed"],
    });
  });

  test("a model that never improves ends after max_iterations, the usage summed", async () => {
    const result = await run("wanders", { max_iterations: 8 });
    expect(outcome(result)).toMatchObject({ ok: false, stopped: "max_iterations", iterations: 8 });
    expect(result.usage.output_tokens).toBe(
      result.history.reduce((tokens, { usage }) => tokens + usage.output_tokens, 0),
    );
  });

  test("what a model says of its own draft counts for nothing", async () => {
    const result = await run("approves");
    expect(outcome(result)).toEqual({
      ok: false,
      stopped: "max_iterations",
      iterations: 3,
      statuses: ["validation_failed", "no_json", "validation_failed"],
    });
    expect(result.findings.map(({ code }) => code)).toContain("fill.status");
  });

  test("prose is answered with a request for the object", async () => {
    expect(outcome(await run("prose")).statuses).toEqual(["no_json", "no_json", "accepted"]);
  });

  test("a flood is no draft, and the history stays small", async () => {
    const result = await run("floods");
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result).length).toBeLessThan(400_000);
  });

  test("a protected term is refused, and not negotiated", async () => {
    const result = await run("wishes");
    expect(outcome(result)).toMatchObject({ ok: false, stopped: "protected_term", iterations: 1 });
    expect(result.findings.at(-1)?.law).toBe("Title VII/ADEA/ADA");
  });

  test("an order that is wrong itself is not the draft's fault", async () => {
    const result = await run("good", { context: { now: NOW, order: { ...ORDER, ot_rate: 1 } } });
    expect(outcome(result)).toMatchObject({ ok: false, stopped: "order_at_fault", iterations: 1 });
    // Nor is it when the draft is wrong too: a better one would pass no sooner.
    const both = await run("learns", { context: { now: NOW, order: { ...ORDER, notes: "Men only." } } });
    expect(outcome(both)).toMatchObject({ ok: false, stopped: "order_at_fault", iterations: 1 });
  });

  test("a model that cannot be is the request's fault, and no run", async () => {
    for (const model of ["acme/none", undefined]) {
      const asked = house.service.iterate({ kind: "fill", prompt: "Fill it.", ...(model && { model }) });
      const fault = await asked.then(
        () => undefined,
        (error: unknown) => error as Fault,
      );
      expect([fault?.code, fault?.details?.[0]?.path]).toEqual(["invalid", "model"]);
    }
  });

  test("a provider that fails ends the run, after what chatd tried", async () => {
    // chatd tries a passing failure again by itself.
    expect(outcome(await run("fails"))).toMatchObject({ ok: true, iterations: 1 });
    expect(outcome(await run("poor"))).toMatchObject({ stopped: "provider_error", iterations: 1 });
    expect(outcome(await run("nothing-known"))).toMatchObject({ stopped: "provider_error" });
  });

  test("a small budget is enough for a small draft", async () => {
    const key = "*";
    await models.setBudget({ key, tokens_per_day: 2_000_000, usd_per_day: null });
    const { budgets } = await models.budgets({});
    const used = Math.max(0, ...budgets.map(({ used_tokens }) => used_tokens));
    await models.setBudget({ key, tokens_per_day: used + 12_000, usd_per_day: null });
    expect(outcome(await run("good"))).toMatchObject({ ok: true, stopped: "accepted" });
    await models.dropBudget({ key });
  });

  test("the deadline ends a run in the middle of a call", async () => {
    const result = await run("sleeps", { deadline_ms: 300 });
    expect(outcome(result)).toMatchObject({ ok: false, stopped: "deadline" });
    expect(result.took_ms).toBeLessThan(30_000);
  });

  test("the last try goes a tier up", async () => {
    const result = await run("small", { escalate_model: "scripted/big" });
    expect(outcome(result)).toMatchObject({ ok: true, iterations: 3 });
    expect(result.history.at(-1)?.model).toBe("big");
  });

  test("attempts are streamed as they are made", async () => {
    const events: string[] = [];
    const stream = house.service.iterateEvents({
      kind: "fill",
      prompt: "Fill it.",
      model: "scripted/stubborn",
      context: { now: NOW, order: ORDER },
    });
    for await (const event of stream)
      events.push(event.event === "attempt" ? event.status : `done ${event.stopped}`);
    expect(events).toEqual(["validation_failed", "validation_failed", "done same_artifact"]);
  });

  test("the journal has each run, with what was accepted and what was not", async () => {
    const result = await run("small2", { escalate_model: "scripted/big" });
    expect(result.ok).toBe(true);
    let data: Record<string, unknown> | undefined;
    while (data === undefined) {
      const { events } = await journals.events({ type: "draft.iterated", subject: "o-1", limit: 1000 });
      const models = (event: (typeof events)[number]): string => String(event.data["models"]);
      data = events.find((event) => models(event).includes("small2"))?.data;
      await Bun.sleep(10);
    }
    const { chosen, rejected } = data["preference"] as { chosen: string; rejected: object[] };
    expect(JSON.parse(chosen)).toEqual(JSON.parse(fill("w-1")));
    expect(rejected.length).toBe(result.iterations - 1);
  });
});

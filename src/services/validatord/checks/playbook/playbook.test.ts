// Each check of a playbook: one that passes, one that fails, and one at the border.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { NOW, ORDER, startValidatord, type TestValidatord, TOPOLOGIES } from "../../validatord.testing.ts";
import { startJournal } from "../../../../../test/lake/neighbours.ts";
import { PLAYBOOK_CHECKS } from "./table.ts";

const PLAYBOOK = {
  query_text: "Need a forklift operator in Springfield, IL",
  answer_id: "w-1",
  answer_corpus: "workers",
  score: 0.7,
};

interface Case {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly told?: "error" | "warning";
}

const scored = (event_id: string, more: Record<string, unknown> = {}) => ({
  score: 1,
  outcome: { order_id: "o-1", event_id, result: "completed" },
  ...more,
});

const CASES: Readonly<Record<string, readonly Case[]>> = {
  "playbook.schema": [
    {},
    { set: { query_text: " " }, told: "error" },
    { set: { score: "0.5" }, told: "error" },
    { set: { score: Number.NaN }, told: "error" },
    { set: { score: 0 } },
    { set: { score: -0.01 }, told: "error" },
    { set: { score: 1.01 }, told: "error" },
    { set: { answer_corpus: undefined }, told: "error" },
    { set: { answer_corpus: undefined, corpus: "workers" } },
    { set: { recorded_at: "yesterday" }, told: "error" },
  ],
  "playbook.answer_exists": [
    {},
    { set: { answer_id: "w-404" }, told: "error" },
    { set: { answer_id: "w-3" }, told: "error" },
    { set: { answer_id: "w-4" }, told: "error" },
    // On an assignment is not gone.
    { set: { answer_id: "w-5" } },
  ],
  "playbook.role_gate": [
    {},
    { set: { answer_id: "w-6" }, told: "error" },
    { set: { role: "Line Cook" }, told: "error" },
    { set: { role: "fork lift driver" } },
    { set: { query_text: "somebody good" }, told: "error" },
    { set: { role: "Warehouse Associate" }, context: { policy: { gate: "adjacent" } }, told: "warning" },
    { set: { answer_id: "w-6" }, context: { policy: { gate: "off" } } },
  ],
  "playbook.evidence": [
    {},
    { set: { score: 0.79 } },
    { set: { score: 0.8 }, told: "error" },
    { set: scored("done-1") },
    { set: scored("no-such-event"), told: "error" },
    { set: scored("sent-1"), told: "error" },
    { set: scored("done-1", { answer_id: "w-2" }), told: "error" },
    { set: scored("done-1", { proposed_by: "ann", actor: "ben" }) },
    { set: scored("done-1", { proposed_by: "ann", actor: "ann" }), told: "error" },
    { set: scored("done-1", { proposed_by: "Ann ", actor: "ann" }), told: "error" },
    { set: scored("done-1", { proposed_by: "eve" }), told: "error" },
  ],
  "playbook.conflict": [
    {},
    { context: { blocks: [{ worker_id: "w-1", scope: "system" }] }, told: "error" },
    { context: { blocks: [{ worker_id: "w-2", scope: "system" }] } },
    {
      context: { order: ORDER, blocks: [{ worker_id: "w-1", scope: "client", client_id: "c-1" }] },
      told: "error",
    },
    { context: { order: ORDER, blocks: [{ worker_id: "w-1", scope: "client", client_id: "c-2" }] } },
  ],
  "playbook.stale": [
    { set: { recorded_at: "2025-12-04T18:00:00Z" } },
    { set: { recorded_at: "2025-12-04T17:59:59Z" }, told: "warning" },
    { set: { recorded_at: "2026-11-04T18:00:00Z", ttl_days: 30 } },
    { set: { recorded_at: "2026-11-04T17:00:00Z", ttl_days: 30 }, told: "warning" },
    { set: { exposures: 9, exposure_cap: 10 } },
    { set: { exposures: 10, exposure_cap: 10 }, told: "warning" },
  ],
};

test("every check of a playbook has cases that pass and cases that fail", () => {
  for (const { code } of PLAYBOOK_CHECKS) {
    const cases = CASES[code] ?? [];
    expect([code, cases.some(({ told }) => told === undefined)]).toEqual([code, true]);
    expect([code, cases.some(({ told }) => told !== undefined)]).toEqual([code, true]);
  }
});

describe.each(TOPOLOGIES)("a playbook, %s", (topology) => {
  let house: TestValidatord;
  let close: () => Promise<void>;
  beforeAll(async () => {
    house = await startValidatord(topology, async ({ lake, sql }) => {
      const { service, close: end } = await startJournal(lake, sql);
      close = end;
      const subject = "o-1";
      await service.append({
        events: [
          { id: "done-1", type: "shift.completed", subject, actor: "eve", data: { worker_id: "w-1" } },
          { id: "sent-1", type: "contact.sent", subject, data: {} },
        ],
      });
      return { journal: service };
    });
  });
  afterAll(async () => {
    await house.close();
    await close();
  });

  const all = Object.entries(CASES).flatMap(([code, cases]) =>
    cases.map((value, at) => [code, at, value] as const),
  );
  const sample = topology === "together" ? all : all.filter(([, at]) => at < 2);
  test.each(sample)("%s, case %d", async (code, _at, { set, context, told }) => {
    const { findings } = await house.service.validate({
      kind: "playbook",
      artifact: { ...PLAYBOOK, ...set },
      context: { now: NOW, ...context },
    });
    const own = findings.filter((found) => found.code === code);
    expect({ code, told: [...new Set(own.map(({ severity }) => severity))] }).toEqual({
      code,
      told: told === undefined ? [] : [told],
    });
  });

  test("a corpus that cannot be asked about is a fault, and no verdict", async () => {
    const asked = house.service.validate({
      kind: "playbook",
      artifact: { ...PLAYBOOK, answer_corpus: "orders" },
      context: { now: NOW },
    });
    const fault = await asked.catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ code: "unavailable", origin: "matrixd" });
  });
});

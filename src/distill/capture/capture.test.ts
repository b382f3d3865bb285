import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewEvent } from "#contracts/journal";
import { openTestJournal, type TestJournal } from "#services/journald/journal.testing";
import { runAll } from "../root.testing.ts";
import { capture } from "./capture.ts";
import type { Decisions } from "./decisions.ts";
import type { Corpora } from "./texts.ts";

let root: string;
let journal: TestJournal;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "distill-"));
  journal = await openTestJournal("local");
});
afterEach(async () => {
  await journal.close();
  rmSync(root, { recursive: true, force: true });
});

const TEACHER = { provider: "ollama", model: "qwen3:8b" };
const OUTCOME = {
  version: 4,
  worker_id: "W-1",
  status: "completed",
  score: 1,
  query_text: "2 welders in Reno",
};
const EVENTS: readonly NewEvent[] = [
  {
    type: "draft.iterated",
    subject: "order-1",
    at: "2026-11-29T10:00:00Z",
    data: {
      kind: "email",
      ok: true,
      stopped: "accepted",
      usage: { input_tokens: 1, output_tokens: 2 },
      teacher: TEACHER,
      preference: {
        prompt: "Write to ann@example.com about order 1",
        chosen: "Dear Ann, please come on Monday at six.",
        rejected: [
          {
            status: "validation_failed",
            draft: "come!!!",
            teacher: TEACHER,
            reasons: [{ code: "email.length", path: "body", message: "too short" }],
          },
        ],
      },
    },
  },
  {
    type: "order.received",
    subject: "fill-1",
    data: { version: 1, order_text: "2 welders in Reno", corpus: "workers" },
  },
  {
    type: "shortlist.proposed",
    subject: "fill-1",
    data: {
      version: 2,
      shortlist: [
        { worker_id: "W-1", score: 0.9 },
        { worker_id: "W-2", score: 0.8 },
      ],
      excluded: [],
    },
  },
  {
    type: "fill.proposed",
    subject: "fill-1",
    data: {
      version: 3,
      proposal: { ok: true, findings: [], by: "auto", at: "2026-11-29T10:00:00Z" },
      places: [],
    },
  },
  {
    type: "contact.drafted",
    subject: "fill-1",
    data: {
      version: 3,
      message_id: "message-1",
      worker_id: "W-1",
      channel: "sms",
      purpose: "offer",
      language: "en",
      to: "+1 312 555 0142",
      body: "Two welders in Reno. Call (312) 555-0142.",
      by: "template",
      ok: true,
      findings: [],
    },
  },
  { id: "outcome-1", type: "shift.completed", subject: "fill-1", data: OUTCOME },
  {
    type: "fill.learnt",
    subject: "fill-1",
    causation_id: "outcome-1",
    data: { worker_id: "W-1", playbook_id: "playbook-1", trace_id: "trace-1" },
  },
];

const logText = (log: string): string => readFileSync(join(root, `data/_kb/${log}.jsonl`), "utf8");

test("what the journal holds becomes evidence and training rows, without personal data", async () => {
  await journal.service.append({ events: [...EVENTS] });
  const captured = await capture(root, { journald: journal.service }, "full");
  expect(captured).toMatchObject({
    events: 7,
    lines: { iterate: 1, message: 1, journal: 1, fill: 1, search: 1, playbook: 1, pathway: 1 },
  });
  const logs = ["iterate", "message", "journal", "fill", "search", "playbook", "pathway"]
    .map(logText)
    .join("");
  expect(logs).toContain("[email]");
  expect(logs).toContain("[phone]");
  expect(logs).not.toMatch(/ann@example|555/);
  const [materialized, , sft, preference] = await runAll(root);
  expect(materialized).toMatchObject({ in: 7, out: 7 });
  expect(sft?.totals.out).toBeGreaterThanOrEqual(4);
  expect(preference?.totals.out).toBe(1);
});

test("a further capture takes what was recorded since, and a torn last line spoils no other", async () => {
  await journal.service.append({ events: EVENTS.slice(0, 2) });
  await capture(root, { journald: journal.service }, "full");
  appendFileSync(join(root, "data/_kb/iterate.jsonl"), '{"torn');
  await journal.service.append({
    events: [EVENTS[0] ?? EVENTS[1], ...EVENTS.slice(2)].flatMap((event) => event ?? []),
  });
  expect((await capture(root, { journald: journal.service }, "full")).events).toBe(6);
  expect((await capture(root, { journald: journal.service }, "full")).events).toBe(0);
  expect(logText("fill")).toContain("2 welders in Reno");
  const [materialized] = await runAll(root);
  expect(materialized).toMatchObject({ quarantined: 1 });
  expect(logText("iterate").split("\n")).toHaveLength(4);
});

test("metadata has no prompt, draft or message", async () => {
  await journal.service.append({ events: [...EVENTS] });
  await capture(root, { journald: journal.service }, "metadata");
  for (const log of ["iterate", "message", "fill", "search", "playbook", "pathway"])
    expect(logText(log), log).not.toMatch(/Dear Ann|come!!!|welders|too short/);
  const [materialized, , sft] = await runAll(root);
  expect(materialized).toMatchObject({ in: 7, out: 7 });
  expect(sft?.totals.out).toBe(0);
});

test("what a person corrected of a reading or a draft is a review, and what was rated a shift's outcome", async () => {
  const [, received, , , drafted] = EVENTS;
  await journal.service.append({
    events: [
      ...[received, drafted].flatMap((event) => event ?? []),
      {
        type: "order.corrected",
        subject: "fill-1",
        actor: "ann",
        data: {
          version: 2,
          before: { headcount: 3 },
          order: { headcount: 2 },
          missing: [],
          assumed: [],
          reason: "two",
        },
      },
      {
        type: "contact.drafted",
        subject: "fill-1",
        actor: "ann",
        data: { ...drafted?.data, by: "hand", body: "Please come." },
      },
      { type: "outcome.rated", subject: "fill-1", data: { version: 5, worker_id: "W-1", rating: 5 } },
    ],
  });
  const captured = await capture(root, { journald: journal.service }, "full");
  expect(captured.lines).toEqual({ message: 2, review: 2, journal: 1 });
  const reviews = logText("review")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  expect(reviews).toMatchObject([
    {
      prompt: "Read this order: 2 welders in Reno",
      draft: '{"headcount":3}',
      corrected: '{"headcount":2}',
      reviewer: "ann",
    },
    { draft: "Two welders in Reno. Call [phone].", corrected: "Please come.", draft_by: "house" },
  ]);
  const [, , sft, preference] = await runAll(root);
  expect(sft?.totals.out).toBeGreaterThanOrEqual(2);
  expect(preference?.totals.out).toBe(2);
});

test("hits and answers have the texts of their corpus, and decisions what the sources said", async () => {
  await journal.service.append({ events: [...EVENTS] });
  const corpora = {
    matrixd: {
      corpora: async () => ({
        corpora: [
          { name: "workers", dataset: "workers", id: "worker_id", text: "{role} in {city}", status: "ready" },
        ],
      }),
    },
    queryd: {
      sql: async ({ params }: { params?: unknown[] }) => ({
        rows: ((params?.[0] ?? []) as string[]).map((id) => ({ c0: id, c1: `Welder ${id}`, c2: "Reno" })),
      }),
    },
  } as unknown as Corpora;
  const decisions = [2, 1].map((n) => ({
    decision_id: `d-${n}`,
    entity: "worker:W-1",
    attribute: "phone",
    value: `+1 312 555 014${n}`,
    actor: "ann",
    reason: "He told us.",
    at: `2026-11-29T10:0${n}:00.000Z`,
  }));
  const voice = { source: "crm", value: "+1 312 555 0199", observed_at: "", confidence: 1 };
  const truthd = {
    decisions: async () => ({ decisions }),
    entity: async () => ({ attributes: { phone: { supporting: [], dissenting: [voice] } } }),
  } as unknown as Decisions;
  const from = { journald: journal.service, corpora, truthd };
  await capture(root, from, "full");
  expect(JSON.parse(logText("search"))).toMatchObject({
    hits: [{ id: "W-1", text: "Welder W-1 in Reno" }, { id: "W-2" }],
  });
  expect(JSON.parse(logText("playbook"))).toMatchObject({ answer_text: "Welder W-1 in Reno" });
  const told = logText("truth")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  expect(told).toMatchObject([
    { decision_id: "d-1", value: "[phone]", claims: [{ source: "crm", value: "[phone]" }] },
    { decision_id: "d-2" },
  ]);
  expect((await capture(root, from, "full")).lines).toEqual({});
  const [materialized, , , , , rag] = await runAll(root);
  expect(materialized).toMatchObject({ quarantined: 0 });
  expect(rag?.totals.out).toBe(1);
});

import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewEvent } from "#contracts/journal";
import { openTestJournal, type TestJournal } from "#services/journald/journal.testing";
import { runAll } from "../root.testing.ts";
import { capture } from "./capture.ts";

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
  const captured = await capture(root, journal.service, "full");
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
  await capture(root, journal.service, "full");
  appendFileSync(join(root, "data/_kb/iterate.jsonl"), '{"torn');
  await journal.service.append({
    events: [EVENTS[0] ?? EVENTS[1], ...EVENTS.slice(2)].flatMap((event) => event ?? []),
  });
  expect((await capture(root, journal.service, "full")).events).toBe(6);
  expect((await capture(root, journal.service, "full")).events).toBe(0);
  expect(logText("fill")).toContain("2 welders in Reno");
  const [materialized] = await runAll(root);
  expect(materialized).toMatchObject({ quarantined: 1 });
  expect(logText("iterate").split("\n")).toHaveLength(4);
});

test("metadata has no prompt, draft or message", async () => {
  await journal.service.append({ events: [...EVENTS] });
  await capture(root, journal.service, "metadata");
  for (const log of ["iterate", "message", "fill", "search", "playbook", "pathway"])
    expect(logText(log), log).not.toMatch(/Dear Ann|come!!!|welders/);
  const [materialized, , sft] = await runAll(root);
  expect(materialized).toMatchObject({ in: 7, out: 7 });
  expect(sft?.totals.out).toBe(0);
});

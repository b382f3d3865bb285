// What the fixture root's logs hold beside good lines: for each rule of the firewall rows that break it, near-duplicates, a
// text that stands in many rows, rows of one group in several logs, and lines that are no evidence. Each carries a word by
// which it is found in any file, so that a check needs to know nothing of how rows are chosen.

import { seeded } from "#lib/random";
import { sampleLogs } from "./sample-logs.ts";

export const MARKS = {
  verdict: "barredverdict",
  teacher: "barredteacher",
  personal: "barredpersonal",
  protected: "barredprotected",
} as const;

export const PERSONAL = ["ann@example.com", "(312) 555-0142", "123-45-6789", "sk-0123456789abcdefghij"];

export const NEAR_PAIRS = 40;
export const nearMark = (pair: number): string => `nearpair${pair}x`;

/** In few rows of many groups: on both sides of a split unless it is taken out. */
const SHARED_TEXT =
  "nobody had said that the gate of the north yard stays shut on public holidays of this county";

const DAY_AFTER = "2026-11-21T09:00:00Z";
/** The day of lines without one is that of their file. */
export const FILE_MOMENT = new Date("2026-11-22T23:30:00Z");

const TAUGHT = { provider: "ollama", model: "qwen3:8b" };
const FORBIDDEN = [
  { provider: "openai", model: "gpt-5" },
  { provider: "ollama", model: "qwen30" },
  { provider: "nobody", model: "qwen3" },
  {},
];

type Line = Readonly<Record<string, unknown>>;
export type Logs = Readonly<Record<string, readonly string[]>>;

export interface NoEvidence {
  readonly log: string;
  readonly text: string;
  readonly reason: string;
}

export const NO_EVIDENCE: readonly NoEvidence[] = [
  { log: "truth", text: '{"broken', reason: "not_json" },
  { log: "truth", text: "[1,2]", reason: "not_an_object" },
  { log: "chat", text: '{"schema":"chat.v9","call_id":"tomorrow"}', reason: "unknown_schema" },
  { log: "search", text: '{"search_id":7}', reason: "schema: search_id" },
  { log: "unheard_of", text: '{"a":1}', reason: "no_transform" },
];

/** `seed` changes the words and nothing else. */
export function fixtureLogs(goodLines: number, seed = 1): Logs {
  const random = seeded(seed + 1000);
  const words = (count: number): string =>
    Array.from({ length: count }, () => `term${random.below(90_000)}`).join(" ");
  const added: Record<string, Line[]> = {};
  const add = (log: string, line: Line): void => {
    (added[log] ??= []).push({ recorded_at: DAY_AFTER, ...line });
  };
  const barred = linesBarred(words);
  for (const { log, line } of [...barred, ...nearPairs(words), ...sharedTexts(words), ...grouped(words)])
    add(log, line);
  const { recorded_at: _, ...undated } = (sampleLogs(1, seed + 2)["truth"]?.[0] ?? {}) as Line;
  const logs: Record<string, string[]> = {};
  for (const [log, lines] of Object.entries(sampleLogs(goodLines, seed)))
    logs[log] = [...lines, ...(added[log] ?? [])].map((line) => JSON.stringify(line));
  logs["truth"]?.push(JSON.stringify({ ...undated, unheard_of: [0, "", false] }));
  logs["truth"]?.push(logs["truth"][0] ?? "");
  for (const { log, text } of NO_EVIDENCE) (logs[log] ??= []).push(text);
  return logs;
}

interface Planted {
  readonly log: string;
  readonly line: Line;
}

function linesBarred(words: (count: number) => string): Planted[] {
  let ids = 0;
  const id = (): string => `barred-${(ids += 1)}`;
  const found: Planted[] = [];
  const put = (log: string, line: Line): void => void found.push({ log, line });
  const iterate = (mark: string): Line => ({
    run_id: id(),
    kind: "email",
    prompt: words(16),
    ok: true,
    artifact: `${mark} ${words(16)}`,
    attempts: [
      { status: "validation_failed", draft: `${mark} ${words(16)}`, reasons: [{ code: "email.length" }] },
    ],
    ...TAUGHT,
  });
  const message = (text: string): Line => ({
    message_id: id(),
    channel: "sms",
    purpose: "offer",
    instruction: words(12),
    body: text,
    by: "template",
    ok: true,
  });
  const validation = (text: string): Line => ({
    validation_id: id(),
    kind: "email",
    ok: false,
    artifact: words(16),
    corrected: text,
    findings: [{ code: "email.length" }],
    made_by: "person",
  });
  const review = (text: string): Line => ({
    review_id: id(),
    prompt: words(14),
    draft: words(16),
    corrected: text,
    reviewer: "bob",
  });
  const pathway = (text: string): Line => ({
    pathway_id: id(),
    kind: "fill",
    subject: "acme",
    task: words(9),
    content: text,
    outcome: { result: "completed", score: 0.9 },
  });
  const fill = (text: string): Line => ({
    fill_id: id(),
    order_text: text,
    places: [{ worker_id: id() }],
    result: "completed",
    score: 1,
  });
  const replay = (text: string, ok: boolean, task: string): Line => ({
    schema: "replay_run.v1",
    run_id: id(),
    evidence_id: task,
    prompt_sha256: "b".repeat(64),
    provider: "scripted",
    model: "script",
    prompt: words(12),
    reply: text,
    verdict: { ok, findings: ok ? [] : [{ code: "email.length" }] },
  });

  const verdict = (): string => `${MARKS.verdict} ${words(16)}`;
  put("iterate", { ...iterate(MARKS.verdict), ok: false, artifact: null });
  put("message", { ...message(verdict()), ok: false, findings: [{ code: "email.length" }] });
  put("review", { ...review(verdict()), rating: 1 });
  put("review", {
    ...review(verdict()),
    corrected: undefined,
    draft: verdict(),
    reviewer_is_model: true,
    rating: 5,
    ...TAUGHT,
  });
  put("fill", { ...fill(verdict()), score: 0.2 });
  put("fill", { ...fill(verdict()), proposal: { ok: false, findings: [{ code: "fill.geo" }], by: "auto" } });
  put("pathway", { ...pathway(verdict()), outcome: { result: "lost", score: 0.1 } });

  for (const teacher of FORBIDDEN) {
    const text = (): string => `${MARKS.teacher} ${words(16)}`;
    const { provider: _p, model: _m, ...untaught } = iterate(MARKS.teacher);
    put("iterate", { ...untaught, ...teacher });
    put("message", { ...message(text()), by: "model", ...teacher });
    put("validation", { ...validation(text()), made_by: "model", ...teacher });
    put("review", { ...review(text()), draft_by: "model", ...teacher });
    put("pathway", { ...pathway(text()), made_by: "model", ...teacher });
    put("fill", { ...fill(text()), proposal: { ok: true, findings: [], by: "model" }, ...teacher });
    put("chat", {
      call_id: id(),
      messages: [{ role: "user", content: words(9) }],
      reply: text(),
      ...teacher,
    });
    if (teacher.provider === undefined) continue;
    const task = "c".repeat(63) + String(FORBIDDEN.indexOf(teacher));
    put("replay_runs", { ...replay(text(), true, task), ...teacher });
    put("replay_runs", replay(words(16), false, task));
    put("iterate", {
      ...iterate("fine"),
      attempts: [{ status: "validation_failed", draft: text(), reasons: [], ...teacher }],
    });
  }

  for (const secret of PERSONAL) {
    const text = (): string => `${MARKS.personal} ${words(8)} ${secret} ${words(8)}`;
    put("iterate", { ...iterate(MARKS.personal), artifact: text() });
    put("iterate", { ...iterate(MARKS.personal), prompt: text() });
    put("iterate", {
      ...iterate("fine"),
      attempts: [{ status: "validation_failed", draft: text(), reasons: [] }],
    });
    put("message", message(text()));
    put("validation", validation(text()));
    put("review", review(text()));
    put("review", { ...review(words(16)), draft: text(), prompt: `${MARKS.personal} ${secret}` });
    put("pathway", pathway(text()));
    put("fill", fill(text()));
    put("truth", { entity: id(), attribute: "city", value: "x", actor: "ann", reason: text(), claims: [] });
    put("playbook", {
      playbook_id: id(),
      query_text: text(),
      answer_id: id(),
      answer_text: words(9),
      result: "completed",
      score: 1,
    });
    put("search", {
      search_id: id(),
      query_text: text(),
      hits: [
        { id: id(), text: words(9) },
        { id: id(), text: words(9) },
      ].map((hit, at) => ({ ...hit, id: `${hit.id}-${at}` })),
      chosen: [],
    });
    const hit = id();
    put("search", {
      search_id: id(),
      query_text: words(9),
      hits: [
        { id: hit, text: text() },
        { id: id(), text: words(9) },
      ],
      chosen: [{ id: hit, score: 1 }],
    });
    const task = "d".repeat(63) + String(PERSONAL.indexOf(secret));
    put("replay_runs", replay(text(), true, task));
    put("replay_runs", replay(words(16), false, task));
  }

  for (const code of ["fill.protected_term", "email.tone"]) {
    const text = (): string => `${MARKS.protected} ${words(16)}`;
    put("iterate", {
      ...iterate("fine"),
      attempts: [{ status: "validation_failed", draft: text(), reasons: [{ code }] }],
    });
    put("iterate", { ...iterate(MARKS.protected), ok: false, artifact: null, stopped: "protected_term" });
    put("message", { ...message(text()), ok: false, findings: [{ code }] });
    put("validation", { ...validation(words(16)), artifact: text(), findings: [{ code }] });
    put("fill", { ...fill(text()), proposal: { ok: false, findings: [{ code }], by: "auto" } });
  }
  return found;
}

function nearPairs(words: (count: number) => string): Planted[] {
  return Array.from({ length: NEAR_PAIRS }, (_, pair) => {
    const instruction = words(12);
    const body = `${nearMark(pair)} ${words(160)}`.split(" ");
    return [body, body.map((word, at) => (at === 80 ? "otherwise" : word))].map((text, side) => ({
      log: "message",
      line: {
        message_id: `near-${pair}-${side}`,
        channel: "email",
        purpose: "offer",
        instruction,
        body: text.join(" "),
        by: "template",
        ok: true,
      },
    }));
  }).flat();
}

/** One text of sixteen rows: enough that some are held out, too few to be a template. */
function sharedTexts(words: (count: number) => string): Planted[] {
  return Array.from({ length: 16 }, (_, n) => ({
    log: "truth",
    line: {
      entity: `shared-${n}`,
      attribute: `yard ${n}`,
      value: words(1),
      actor: "ann",
      reason: `${words(6)} ${SHARED_TEXT} ${words(6)}`,
      claims: [],
    },
  }));
}

/** Rows of one entity, or one trace, in several logs. */
function grouped(words: (count: number) => string): Planted[] {
  return Array.from({ length: 12 }, (_, n) => [
    {
      log: "message",
      line: {
        message_id: `group-${n}`,
        entity: `order-${n}`,
        trace_id: `joined-${n}`,
        channel: "sms",
        purpose: "offer",
        body: words(16),
        by: "template",
        ok: true,
      },
    },
    {
      log: "validation",
      line: {
        validation_id: `group-${n}`,
        kind: "email",
        entity: `order-${n}`,
        ok: false,
        artifact: words(16),
        corrected: words(16),
        findings: [{ code: "email.length" }],
        made_by: "person",
      },
    },
    {
      log: "pathway",
      line: {
        pathway_id: `group-${n}`,
        trace_id: `joined-${n}`,
        kind: "fill",
        subject: "acme",
        task: words(9),
        content: words(16),
        outcome: { result: "completed", score: 0.9 },
      },
    },
  ]).flat();
}

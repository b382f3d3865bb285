// Rows that must train no model, made from a seed: the good lines of each source log with one thing done to them that bars
// them. Which one is written into the row as a word, so that a leak is found by looking for it in the files, with no
// knowledge of how rows are chosen. Personal data goes into any text of a line, whatever the member is called.

import { seeded, type Random } from "#lib/random";
import { sampleLogs } from "../../src/distill/accept/sample-logs.ts";

export const BARRED = "mustnotleak";

type Line = Record<string, unknown>;

const MEMBERS_KEPT = new Set([
  "schema",
  "recorded_at",
  "evidence_id",
  "prompt_sha256",
  "provider",
  "model",
  "role",
]);
/** Members whose value is one of few. */
const CLOSED = new Set(["channel", "by", "made_by", "draft_by", "type"]);

/** What bars a row wherever it is. */
function secretOf(random: Random): string {
  const digits = (n: number): string => Array.from({ length: n }, () => random.below(10)).join("");
  const area = `${2 + random.below(8)}${digits(2)}`;
  return random.pick([
    `(${area}) ${digits(3)}-${digits(4)}`,
    `(${area})${digits(3)}-${digits(4)}`,
    `${area}-${digits(3)}-${digits(4)}`,
    `${area}.${digits(3)}.${digits(4)}`,
    `${area} ${digits(3)} ${digits(4)}`,
    `+1 ${area} ${digits(3)} ${digits(4)}`,
    `+1${area}${digits(7)}`,
    `${area}${digits(7)}`,
    `+49 151 ${digits(4)} ${digits(4)}`,
    `+44 20 ${digits(4)} ${digits(4)}`,
    `${digits(3)}-${digits(2)}-${digits(4)}`,
    `ann.${digits(3)}@example.com`,
    `a+b_${digits(2)}@mail.example.co.uk`,
    `sk-${digits(20)}`,
    `ghp_${digits(36)}`,
    `AKIA${digits(16)}`,
    `Bearer ${digits(30)}`,
  ]);
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly name: string;
}

/** Every text of a line that may be any text. */
function textsOf(holder: Record<string, unknown>, found: Place[] = []): Place[] {
  for (const [name, value] of Object.entries(holder)) {
    if (MEMBERS_KEPT.has(name) || CLOSED.has(name)) continue;
    if (typeof value === "string") found.push({ holder, name });
    else if (typeof value === "object" && value !== null) textsOf(value as Record<string, unknown>, found);
  }
  return found;
}

const FORBIDDEN = [
  { provider: "openai", model: "gpt-5" },
  { provider: "anthropic", model: "claude" },
  { provider: "ollama", model: "gemma3" },
  { provider: "ollama", model: "qwen30" },
  { provider: "unheard_of", model: "qwen3" },
  { provider: undefined, model: undefined },
];

/** Members that hold what would be taught, by log; none for a log that has no row of its own in a training file. */
const TAUGHT: Readonly<Record<string, readonly string[]>> = {
  iterate: ["prompt", "artifact"],
  validation: ["artifact", "corrected"],
  fill: ["order_text"],
  message: ["instruction", "body"],
  pathway: ["task", "content"],
  review: ["prompt", "draft", "corrected"],
};

function marked(line: Line, members: readonly string[]): Line {
  const changed = { ...line };
  for (const name of members) changed[name] = `${BARRED} ${String(line[name])}`;
  return changed;
}

/** A model wrote it, whose terms forbid training or are not known. */
function byForbiddenTeacher(log: string, line: Line, random: Random): Line {
  const teacher = random.pick(FORBIDDEN);
  const { provider: _p, model: _m, response_id: _r, ...rest } = marked(line, TAUGHT[log] ?? []);
  const by: Readonly<Record<string, Line>> = {
    iterate: { attempts: [{ status: "validation_failed", draft: `${BARRED} draft`, reasons: [] }] },
    validation: { made_by: "model" },
    fill: { proposal: { ok: true, findings: [], by: "model" } },
    message: { by: "model" },
    pathway: { made_by: "model" },
    review: { draft_by: "model" },
  };
  return { ...rest, ...by[log], ...teacher };
}

/** It failed its checks, was rated badly, or did not work out. */
function byVerdict(log: string, line: Line, random: Random): Line {
  const code = random.pick(["email.length", "fill.geo", "rule.own"]);
  const findings = [{ code, severity: "error" }];
  const by: Readonly<Record<string, Line>> = {
    iterate: { ok: false, artifact: null },
    validation: { corrected: undefined, ok: false },
    fill:
      random.below(2) === 0 ? { score: 0.1 + random.next() * 0.3 } : { proposal: { ok: false, findings } },
    message: { ok: false, findings },
    pathway: { outcome: { result: "lost", score: random.next() * 0.49 } },
    review: { rating: 1 + random.below(2) },
  };
  return { ...marked(line, TAUGHT[log] ?? []), ...by[log] };
}

/** A rule about protected terms was broken. */
function byProtectedTerm(log: string, line: Line, random: Random): Line {
  const code = random.pick([
    "fill.protected_term",
    "email.protected_term",
    "email.tone",
    "rule.protected_term.age",
  ]);
  const findings = [{ code, severity: "error" }];
  const draft = { status: "validation_failed", draft: `${BARRED} draft`, reasons: findings };
  if (log === "iterate") return { ...line, attempts: [draft] };
  if (log === "validation") return { ...marked(line, ["artifact"]), findings };
  if (log === "message") return { ...marked(line, ["body"]), ok: random.below(2) === 0, findings };
  return { ...marked(line, ["order_text"]), proposal: { ok: random.below(2) === 0, findings, by: "auto" } };
}

const WITH_PROTECTED = ["iterate", "validation", "message", "fill"] as const;

const FROM_MS = Date.parse("2026-11-20T12:00:00Z");

export interface BarredLogs {
  readonly logs: Record<string, string[]>;
  readonly barred: number;
}

/** Lines of all logs, of which about one in five may be exported. */
export function barredLogs(rows: number, seed: number): BarredLogs {
  const random = seeded(seed);
  const good = sampleLogs(Math.ceil(rows / 12), seed);
  const logs: Record<string, string[]> = {};
  let barred = 0;
  for (const [log, lines] of Object.entries(good)) {
    logs[log] = lines.map((sample, n) => {
      // In few days: a partition for each day of years would be most of the work.
      const line: Line = { ...sample, recorded_at: new Date(FROM_MS + n * 10_000).toISOString() };
      const kind = random.below(5);
      if (kind === 0) return JSON.stringify(line);
      barred += 1;
      if (kind === 1 && TAUGHT[log] !== undefined)
        return JSON.stringify(byForbiddenTeacher(log, line, random));
      if (kind === 2 && TAUGHT[log] !== undefined) return JSON.stringify(byVerdict(log, line, random));
      if (kind === 3 && WITH_PROTECTED.some((name) => name === log))
        return JSON.stringify(byProtectedTerm(log, line, random));
      const copy = JSON.parse(JSON.stringify(line)) as Line;
      const { holder, name } = random.pick(textsOf(copy));
      holder[name] = `${String(holder[name])} ${BARRED} ${secretOf(random)}`;
      return JSON.stringify(copy);
    });
  }
  return { logs, barred };
}

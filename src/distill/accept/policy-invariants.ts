// Invariants of what stands beside the stages: baselines and drift, replay, redaction, the table of terms.

import { AUDIT_METRICS } from "#contracts/distill";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JournalEvent } from "#contracts/journal";
import { readBaselines } from "../audit/baselines.ts";
import { BASELINES_FILE, SOURCES_FOLDER } from "../root.ts";
import { replayRun } from "../replay/replay.ts";
import type { Metrics } from "../schemas/reports.ts";
import { TERMS } from "../score/terms.ts";
import { evidenceIn } from "./files-invariants.ts";
import type { Fixture } from "./fixture.ts";
import type { Invariant, Problems } from "./invariant.ts";
import { PERSONAL } from "./planted-logs.ts";
import { FINDING } from "./replay-house.ts";
import { copyRoot, filesBelow, jsonLines } from "./root-files.ts";

const metricsOf = (value: number): Metrics =>
  Object.fromEntries(AUDIT_METRICS.map((name) => [name, value])) as Metrics;

/** Seven lines as another program wrote them: spacing, unknown fields, CRLF, bytes that are no UTF-8, no last newline. */
function othersBaselines(): Buffer {
  const lines = Array.from({ length: 7 }, (_, n) => {
    const metrics = AUDIT_METRICS.map((name) => `"${name}": ${10 + n}`).join(", ");
    return `{"recorded_at":"2026-04-2${n}T00:00:00Z",  "git_commit":"abc","run_id":"${n}","unheard_of":[0,"",false],${metrics}}`;
  });
  return Buffer.concat([
    Buffer.from(lines.join("\r\n")),
    Buffer.from('\n{"torn":"'),
    Buffer.from([0xff, 0xfe]),
  ]);
}

async function baselinesLost({ parts, newFolder }: Fixture): Promise<Problems> {
  const root = newFolder();
  mkdirSync(join(root, SOURCES_FOLDER), { recursive: true });
  const before = othersBaselines();
  writeFileSync(join(root, BASELINES_FILE), before);
  await parts.appendBaseline(root, {
    recorded_at: "2026-11-29T00:00:00Z",
    git_commit: null,
    run_id: "8",
    ...metricsOf(20),
  });
  const after = readFileSync(join(root, BASELINES_FILE));
  const baselines = await readBaselines(root);
  const last = baselines.at(-1);
  return [
    ...(after.subarray(0, before.length).equals(before) ? [] : ["what another program wrote has changed"]),
    ...(baselines.length === 8 ? [] : [`${baselines.length} baselines are read, of 8`]),
    ...(last?.run_id === "8" && AUDIT_METRICS.every((name) => last[name] === 20)
      ? []
      : ["the added line reads otherwise"]),
  ];
}

function driftWrong({ parts: { driftOf } }: Fixture): Problems {
  const zero = { recorded_at: "", ...metricsOf(0) };
  const ten = { recorded_at: "", ...metricsOf(10) };
  const first = (metrics: number, against: readonly (typeof zero)[]) =>
    driftOf(metricsOf(metrics), against, null)[0];
  const cases: readonly (readonly [
    said: string,
    metrics: number,
    against: readonly (typeof zero)[],
    change: number | null,
    drifted: boolean,
  ])[] = [
    ["a baseline of 0 is new, and no drift", 5, [zero], null, false],
    ["0 against 0 is no change", 0, [zero], 0, false],
    ["within the threshold", 11, [ten], 0.1, false],
    ["above the threshold", 13, [ten], 0.3, true],
    ["below it by more than the threshold", 7, [ten], -0.3, true],
  ];
  return cases.flatMap(([said, metrics, against, change, drifted]) => {
    const found = first(metrics, against);
    return found?.last?.change === change && found.drifted === drifted
      ? []
      : [`${said}: ${found?.last?.change}, ${found?.drifted === true ? "drift" : "no drift"}`];
  });
}

/** An event of each kind that capture reads, with personal data and a key in every text of it. */
function eventsWithSecrets(): JournalEvent[] {
  const text = PERSONAL.join(" and ");
  const events: readonly (readonly [type: string, data: Record<string, unknown>])[] = [
    [
      "draft.iterated",
      {
        kind: "email",
        ok: true,
        usage: {},
        teacher: { provider: "ollama", model: "qwen3:8b" },
        preference: {
          prompt: text,
          chosen: text,
          rejected: [{ status: "validation_failed", draft: text, reasons: [] }],
        },
      },
    ],
    ["order.received", { order_text: text }],
    ["shortlist.proposed", { shortlist: [{ worker_id: "W-1", score: 1 }] }],
    [
      "contact.drafted",
      {
        message_id: "m-1",
        channel: "sms",
        purpose: "offer",
        subject: text,
        body: text,
        by: "template",
        ok: true,
        findings: [],
      },
    ],
    ["shift.completed", { worker_id: "W-1", status: "completed", score: 1, query_text: text, reason: text }],
    ["fill.learnt", { playbook_id: "p-1", trace_id: "t-1" }],
  ];
  return events.map(([type, data], at) => ({
    seq: at + 1,
    id: `event-${at}`,
    type,
    subject: "fill-1",
    actor: "ann",
    at: "2026-11-29T10:00:00.000Z",
    data,
    ...(type === "fill.learnt" ? { causation_id: `event-${at - 1}` } : {}),
    prev_hash: "",
    hash: "",
  })) as JournalEvent[];
}

async function unredacted({ parts, newFolder }: Fixture): Promise<Problems> {
  const root = newFolder();
  const events = eventsWithSecrets();
  const captured = await parts.capture(root, { journald: { events: async () => ({ events }) } }, "full");
  const files = filesBelow(root, SOURCES_FOLDER);
  const leaks = files.flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8");
    return PERSONAL.filter((secret) => text.includes(secret)).map((secret) => `${path} has ${secret}`);
  });
  const logs = Object.keys(captured.lines);
  return [...(logs.length >= 7 ? [] : [`only ${logs.join(", ")} were captured`]), ...leaks];
}

/** Enough for verdicts of both kinds. */
const REPLAYED = 8;

/** Recorded answers, and those of a script, are replayed twice: the same prompt and answer must get the same verdict. */
async function judgedOtherwise({ root, parts, newFolder }: Fixture): Promise<Problems> {
  const copy = newFolder();
  copyRoot(root, copy);
  const before = replayLines(copy).length;
  const clock = { now: () => Date.parse("2026-11-29T12:00:00Z") };
  for (const models of [[], ["scripted/any"]]) {
    for (const runId of ["replay-1", "replay-2"])
      await replayRun(
        { root: copy, runId: `${runId}-${models.length}`, clock, gitCommit: null },
        { models, limit: REPLAYED, kinds: ["fill"] },
        { house: parts.replayHouse },
      );
  }
  const lines = replayLines(copy).slice(before);
  const verdicts = new Map<string, string>();
  const problems =
    lines.length === REPLAYED * 4 ? [] : [`${lines.length} of ${REPLAYED * 4} replays are logged`];
  for (const { evidence_id, requested, prompt_sha256, reply, verdict } of lines) {
    const key = `${evidence_id} ${requested}`;
    const said = JSON.stringify([prompt_sha256, reply, verdict]);
    const first = verdicts.get(key);
    if (first !== undefined && first !== said)
      problems.push(`${evidence_id} was judged otherwise the second time`);
    verdicts.set(key, said);
  }
  const isBoth = [true, false].every((ok) => lines.some(({ verdict }) => verdict.ok === ok));
  return isBoth ? problems : [...problems, "all replays have one verdict"];
}

interface Replayed {
  readonly evidence_id: string;
  readonly requested: string;
  readonly prompt_sha256: string;
  readonly reply: string;
  readonly verdict: { readonly ok: boolean };
}

const replayLines = (root: string): Replayed[] =>
  jsonLines<Replayed>(join(root, SOURCES_FOLDER, "replay_runs.jsonl"));

function termsWrong({ root, parts: { termsOf } }: Fixture): Problems {
  const problems = TERMS.filter(
    ({ terms, source, date }) =>
      !/^(?:allowed|forbidden)$/.test(terms) || source === "" || Number.isNaN(Date.parse(date)),
  ).map(({ provider, model }) => `${provider} ${model} has no verdict, source or date`);
  for (const { provider, model, terms } of TERMS)
    if (model !== "*" && termsOf(provider, model) !== terms)
      problems.push(`${provider} ${model} is not ${terms}`);
  const unknown = [
    ["nobody", "qwen3"],
    ["ollama", "qwen30"],
    ["ollama", ""],
    ["", ""],
    ["openai", "gpt-99"],
  ] as const;
  for (const [provider, model] of unknown)
    if (termsOf(provider, model) !== "forbidden")
      problems.push(`${provider} ${model} is not in the table, and allowed`);
  for (const { teacher, evidence_id } of evidenceIn(root))
    if (teacher !== undefined && teacher.terms !== termsOf(teacher.provider, teacher.model))
      problems.push(`${evidence_id} has other terms than the table`);
  return problems;
}

export const POLICY_INVARIANTS: readonly Invariant[] = [
  {
    name: "baseline_round_trip",
    proves: "a baseline is added to what other programs wrote, whose bytes stay",
    check: baselinesLost,
    breach: {
      name: "an append that writes all lines as it reads them",
      plant: ({ parts }) => ({
        parts: {
          ...parts,
          appendBaseline: async (root, added) => {
            const lines = [...(await readBaselines(root)), added].map((each) => `${JSON.stringify(each)}\n`);
            writeFileSync(join(root, BASELINES_FILE), lines.join(""));
          },
        },
      }),
    },
  },
  {
    name: "drift_flags",
    proves: "a change beyond the threshold is drift, and a metric whose baseline is 0 is new",
    check: driftWrong,
    breach: {
      name: "a division by a baseline of 0",
      plant: ({ parts }) => ({
        parts: {
          ...parts,
          driftOf: (metrics, baselines, ...rest) =>
            parts
              .driftOf(metrics, baselines, ...rest)
              .map((each) =>
                each.last?.change === null
                  ? { ...each, last: { baseline: 0, change: Infinity }, drifted: true }
                  : each,
              ),
        },
      }),
    },
  },
  {
    name: "replay_determinism",
    proves: "the same prompt and the same answer get the same verdict, recorded and scripted ones",
    check: judgedOtherwise,
    breach: {
      name: "a verdict that depends on how often it was asked for",
      plant: ({ parts }) => {
        let asked = 0;
        const { validatord } = parts.replayHouse;
        const validate: typeof validatord.validate = async (...given) => {
          const verdict = await validatord.validate(...given);
          return { ...verdict, findings: (asked += 1) % 3 === 0 ? [FINDING] : [] };
        };
        return {
          parts: { ...parts, replayHouse: { ...parts.replayHouse, validatord: { ...validatord, validate } } },
        };
      },
    },
  },
  {
    name: "redaction",
    proves: "capture writes no e-mail address, telephone number, social security number or key into any log",
    check: unredacted,
    breach: {
      name: "a writer that puts back what was masked",
      plant: ({ parts }) => ({
        parts: {
          ...parts,
          capture: async (root, ...rest) => {
            const captured = await parts.capture(root, ...rest);
            const path = join(root, SOURCES_FOLDER, "message.jsonl");
            writeFileSync(path, readFileSync(path, "utf8").replaceAll("[email]", PERSONAL[0] ?? ""));
            return captured;
          },
        },
      }),
    },
  },
  {
    name: "terms_table",
    proves: "each row of the terms has source and date, and what is not in it is forbidden",
    check: termsWrong,
    breach: {
      name: "an unknown model allowed",
      plant: ({ parts }) => ({
        parts: {
          ...parts,
          termsOf: (provider, model) => (provider === "nobody" ? "allowed" : parts.termsOf(provider, model)),
        },
      }),
    },
  },
];

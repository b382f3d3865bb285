// The file of audit baselines, which two programs append to: each must leave the other's lines byte for byte as they are. Seeds are
// lines as an older program wrote them, with fields that this house does not know, other spacing, and bytes that are no UTF-8.

import { AUDIT_METRICS } from "#contracts/distill";
import type { Random } from "#lib/random";
import { compare, type Difference } from "../../diff/compare.ts";
import { askFiles } from "../older-files.ts";
import type { Outcome, Probe, ProbeContext } from "../probe.ts";

const CASES_MAX = 20;

export const audit: Probe = {
  name: "audit",
  summary: "Audit baselines appended to by both sides, byte by byte; with --root an older program's own file",
  writes: false,
  run: (context) => (context.root === undefined ? askedFor(context) : ofRoot(context, context.root)),
};

const NEW = baselineOf(7);

async function* ofRoot(
  { distill }: ProbeContext,
  root: NonNullable<ProbeContext["root"]>,
): AsyncGenerator<Outcome> {
  const about = { endpoint: "data/_kb/audit_baselines.jsonl", input: "the root's own file" };
  const before = await root.baselines();
  if (before === undefined) {
    yield {
      ...about,
      absent: "the root has no audit baselines",
      statuses: [0, 0],
      answered: false,
      differences: [],
    };
    return;
  }
  const here = await distill.appendBaseline(before, NEW);
  yield { ...about, statuses: [200, 200], answered: true, differences: kept(before, here, "here") };
}

async function* askedFor(context: ProbeContext): AsyncGenerator<Outcome> {
  const { dialect, random, count, left, distill } = context;
  const target = dialect === "go" ? "/v1/distill/baselines" : "/distill/baselines";
  const generated = Array.from({ length: Math.min(count, CASES_MAX) }, () => fileOf(random));
  const cases = [
    ...SEEDS,
    ...generated.map((before): readonly [undefined, Uint8Array] => [undefined, before]),
  ];
  for (const [seed, before] of cases) {
    const about = {
      endpoint: `POST ${target}`,
      ...(seed === undefined ? {} : { seed }),
      input: `${before.byteLength} bytes`,
    };
    const body = { before: Buffer.from(before).toString("base64"), baseline: NEW };
    const reply = await askFiles(left, dialect, target, body);
    if (typeof reply === "string") {
      yield { ...about, absent: reply, statuses: [0, 0], answered: false, differences: [] };
      return;
    }
    const there = Buffer.from(String(reply["after"]), "base64");
    const here = await distill.appendBaseline(before, NEW);
    const differences = [
      ...kept(before, there, "there"),
      ...kept(before, here, "here"),
      ...compare(lastLine(there), lastLine(here)).map((found) => ({ ...found, path: `added.${found.path}` })),
    ];
    yield { ...about, statuses: [200, 200], answered: true, differences };
  }
}

/** What stood there must still stand there; a line feed that was missing may have been added. */
function kept(before: Uint8Array, after: Uint8Array, side: string): Difference[] {
  const first = Buffer.from(after.subarray(0, before.byteLength));
  if (first.equals(Buffer.from(before))) return [];
  let at = 0;
  while (first[at] === before[at]) at += 1;
  return [
    {
      path: "lines before",
      kind: "body",
      explained: false,
      detail: `${side} byte ${at} of ${before.byteLength} was changed`,
    },
  ];
}

function lastLine(bytes: Uint8Array): unknown {
  const line = new TextDecoder().decode(bytes).trimEnd().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

function baselineOf(value: number): Record<string, unknown> {
  return {
    recorded_at: "2026-11-29T10:00:00.000Z",
    git_commit: "0123abc",
    run_id: `run-${value}`,
    ...Object.fromEntries(AUDIT_METRICS.map((metric, at) => [metric, value * at])),
  };
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const SEEDS: readonly (readonly [label: string, before: Uint8Array])[] = [
  ["no file", new Uint8Array(0)],
  ["a line of this house", bytesOf(`${JSON.stringify(baselineOf(1))}\n`)],
  ["a field that is not known", bytesOf(`${JSON.stringify({ ...baselineOf(2), p5_new: 1.5, note: "é" })}\n`)],
  [
    "other spacing and order",
    bytesOf('{ "run_id" : "r",  "p4_rag_rows": 1.0, "recorded_at": "2026-01-01" }\n'),
  ],
  ["no line feed at the end", bytesOf(JSON.stringify(baselineOf(3)))],
  ["carriage returns", bytesOf(`${JSON.stringify(baselineOf(4))}\r\n`)],
  ["bytes that are no UTF-8", Uint8Array.from([123, 0xff, 0xfe, 125, 10])],
];

function fileOf(random: Random): Uint8Array {
  const lines = Array.from({ length: random.below(5) }, () => {
    const line = JSON.stringify({ ...baselineOf(random.below(100)), [`x${random.below(3)}`]: random.next() });
    return random.pick([line, line.replaceAll(",", ", "), line.replaceAll(":", " :"), "", "not json"]);
  });
  return bytesOf(lines.join("\n") + random.pick(["\n", "", "\r\n"]));
}

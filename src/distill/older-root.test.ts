// A root that an older program left is continued: what is there keeps its bytes, the stages take what it has, and an audit
// compares with its baselines. The root is made from the documented names, with fields of its own and a spacing of its own.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { contentsOf } from "./accept/root-files.ts";
import { audit } from "./audit/audit.ts";
import { appendBaseline, driftOf, readBaselines } from "./audit/baselines.ts";
import { traceRow } from "./export/trace.ts";
import { runAll } from "./root.testing.ts";
import type { Evidence } from "./schemas/evidence.ts";
import type { Receipt } from "./schemas/reports.ts";

/** Spaces after colons and commas, as another program writes them. */
const spaced = (value: object): string => `${JSON.stringify(value, null, 1).replaceAll(/\n */g, " ")}\n`;

const REVIEWS = [0, 1, 2].map((n) => ({
  review_id: `r-${n}`,
  recorded_at: `2026-04-20T0${n}:00:00Z`,
  prompt: `Confirm the shift number ${n} with the worker by a short message.`,
  draft: `come to shift ${n} or else you will not be asked again by anyone here`,
  corrected: `Please come to your shift ${n} on Monday at six and reply with yes or no.`,
  reviewer: "bob",
  line_offset: 0,
  retries: 0,
  tag: "",
  is_test: false,
}));

const baselineOf = (n: number): object => ({
  recorded_at: `2026-04-2${n}T00:00:00Z`,
  git_commit: "0123abc",
  run_id: `older-${n}`,
  p2_evidence_rows: 3 + n,
  p2_evidence_skips: 0,
  p3_accepted: 3,
  p3_partial: 0,
  p3_rejected: 0,
  p3_human: 0,
  p4_rag_rows: 0,
  p4_sft_rows: 0,
  p4_pref_pairs: 3,
  p4_total_quarantined: 1,
  host: "older",
  ratio: 0,
});

const OLDER: Readonly<Record<string, string>> = {
  "data/_kb/review.jsonl": REVIEWS.map(spaced).join(""),
  "data/_kb/audit_baselines.jsonl": Array.from({ length: 7 }, (_, n) => spaced(baselineOf(n)))
    .join("")
    .trimEnd(),
  // Without line_offset: its 0 was left out.
  "data/evidence/2026/04/20/review.jsonl": spaced({
    kind: "review",
    evidence_id: "older-1",
    source: "review",
    score: 0,
  }),
  "data/scored-runs/2026/04/20/review.jsonl":
    '{"evidence_id":"older-1","category":"accepted","score":1.0,"reasons":[],"scorer_version":"0.3"}\n',
  "exports/sft/sft_export.jsonl":
    '{"messages": [{"role":"user","content":"a"},{"role":"assistant","content":"b"}], "score": 0.50}\n',
  "exports/quarantine/materialize.jsonl": spaced({
    reason: "bad line",
    stage: "materialize",
    source_file: "data/_kb/review.jsonl",
    line_offset: 0,
    raw: "{",
    replay: "distill materialize",
    seen: 0,
  }),
  "exports/quarantine/validator.jsonl": spaced({
    reason: "no input",
    stage: "validator",
    source_file: "data/_kb/review.jsonl",
    line_offset: 1,
    raw: "",
    replay: "",
  }),
  "reports/distillation/older-1/summary.json":
    '{"run_id": "older-1", "collect": {"records_in": 3, "records_out": 2}}\n',
};

let root: string;
let receipts: Receipt[];
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "distill-"));
  for (const [path, text] of Object.entries(OLDER)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  receipts = await runAll(root);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

test("every file that was there begins with the bytes it had", () => {
  for (const [path, text] of Object.entries(OLDER)) expect(textOf(path).startsWith(text), path).toBe(true);
  for (const path of [
    "data/_kb/review.jsonl",
    "exports/sft/sft_export.jsonl",
    "exports/quarantine/materialize.jsonl",
  ])
    expect(textOf(path)).toBe(OLDER[path] ?? "");
});

test("each source line is evidence after the older rows, the first one with its offset of 0", async () => {
  expect(receipts[0]).toMatchObject({ stage: "materialize", in: 3, out: 3, quarantined: 0 });
  const [older, ...rows] = textOf("data/evidence/2026/04/20/review.jsonl").trim().split("\n");
  expect(`${older}\n`).toBe(OLDER["data/evidence/2026/04/20/review.jsonl"] ?? "");
  expect(rows.map((row) => (JSON.parse(row) as Evidence).provenance.line_offset)).toEqual([0, 1, 2]);
  expect(rows[0]).toContain('"line_offset":0,');
  const sft = Object.keys(contentsOf(root)).find((path) => /exports\/sft\/.*\/sft\.jsonl$/.test(path)) ?? "";
  expect(await traceRow(root, sft, 0)).toMatchObject({ broken: [] });
});

test("a second run changes no byte", async () => {
  const before = contentsOf(root);
  for (const { in: rowsIn, out } of await runAll(root, undefined, "run-2"))
    expect([rowsIn, out]).toEqual([0, 0]);
  expect(contentsOf(root)).toEqual(before);
});

test("an audit passes, an eighth baseline is appended, and a metric whose baseline is 0 is new", async () => {
  const { checks, metrics } = await audit(root);
  expect(checks.filter(({ required, result }) => required && result !== "pass")).toEqual([]);
  const before = await readBaselines(root);
  expect(before).toHaveLength(7);
  const drift = driftOf(metrics, before, "0123abc");
  const of = (metric: string) => drift.find((each) => each.metric === metric);
  expect(metrics.p4_sft_rows).toBeGreaterThan(0);
  expect(of("p4_sft_rows")).toMatchObject({ last: { baseline: 0, change: null }, drifted: false });
  expect(of("p3_accepted")).toMatchObject({ last: { baseline: 3, change: 0 }, same_commit: { change: 0 } });
  expect(of("p2_evidence_rows")).toMatchObject({
    last: { baseline: 9, change: -0.6667 },
    median: { baseline: 6, change: -0.5 },
    drifted: true,
  });
  await appendBaseline(root, {
    recorded_at: "2026-11-29T00:00:00Z",
    git_commit: null,
    run_id: "run-2",
    ...metrics,
  });
  const text = textOf("data/_kb/audit_baselines.jsonl");
  expect(text.startsWith(`${OLDER["data/_kb/audit_baselines.jsonl"]}\n{"recorded_at":"2026-11-29`)).toBe(
    true,
  );
  expect(await readBaselines(root)).toHaveLength(8);
});

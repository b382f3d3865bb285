import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentsOf } from "../accept/root-files.ts";
import { sampleLogs } from "../accept/sample-logs.ts";
import { runAll, writeLogs } from "../root.testing.ts";
import { AUDIT_METRICS } from "#contracts/distill";
import type { Metrics } from "../schemas/reports.ts";
import { audit } from "./audit.ts";
import { appendBaseline, driftOf, readBaselines } from "./baselines.ts";

let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "distill-"));
  writeLogs(root, sampleLogs(12));
  await runAll(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const failed = async (): Promise<string[]> =>
  (await audit(root)).checks.filter(({ result }) => result === "fail").map(({ name }) => name);

function change(path: string, from: string | RegExp, to: string): void {
  const text = readFileSync(join(root, path), "utf8");
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  writeFileSync(join(root, path), changed);
}

/** The first file of a kind below a folder. */
function first(start: string, end: string): string {
  const found = Object.keys(contentsOf(root)).find((path) => path.startsWith(start) && path.endsWith(end));
  return found ?? "";
}

test("a root as the stages leave it passes all 15 required checks, after a second run too", async () => {
  const { ok, checks, metrics } = await audit(root);
  const required = checks.filter((check) => check.required);
  expect(required.map(({ result, reason }) => `${result}${reason}`)).toEqual(Array(15).fill("pass"));
  expect(ok).toBe(true);
  expect(metrics.p2_evidence_rows).toBe(144);
  expect(Object.keys(metrics)).toEqual([...AUDIT_METRICS]);
  await runAll(root, undefined, "run-2");
  expect((await audit(root)).ok).toBe(true);
});

const evidenceFile = (): string => first("data/evidence/", "/truth.jsonl");
const scoredFile = (): string => first("data/scored-runs/", "/truth.jsonl");

test.each<readonly [string, string, () => void]>([
  [
    "a row breaks its schema",
    "evidence fits its schema",
    () => change(evidenceFile(), '"line_offset":', '"x":'),
  ],
  [
    "a score breaks its schema",
    "scores fit their schema",
    () => change(scoredFile(), '"score":', '"points":'),
  ],
  [
    "a receipt breaks its schema",
    "receipts, summaries and quarantine fit their schemas",
    () => change("reports/distillation/run-1/score/receipt.json", '"in":', '"ins":'),
  ],
  [
    "the source is another",
    "each row follows from its source line",
    () => change("data/_kb/truth.jsonl", "word", "changed"),
  ],
  ["a row is gone", "counts of evidence add up", () => change(evidenceFile(), /^.*\n/, "")],
  [
    "a score was raised",
    "each score follows from its evidence",
    () => change(scoredFile(), '"score":0.9', '"score":1'),
  ],
  [
    "a row was added to an export",
    "no export has what it must not",
    () => appendFileSync(join(root, first("exports/sft/", "/sft.jsonl")), '{"messages":[]}\n'),
  ],
  [
    "a certificate lies",
    "certificates are true",
    () => change(first("exports/sft/", "/certificate.json"), '"overlap_8": 0', '"overlap_8": 1'),
  ],
  [
    "a summary lies",
    "summaries say what receipts say",
    () => change("reports/distillation/run-1/summary.json", '"records_in": 144', '"records_in": 1'),
  ],
  [
    "quarantine has what no receipt counts",
    "files and receipts have the same metrics",
    () => {
      mkdirSync(join(root, "exports/quarantine"), { recursive: true });
      writeFileSync(join(root, "exports/quarantine/export-sft.jsonl"), '{"a":1}\n{"a":2}\n');
    },
  ],
  [
    "a receipt counts otherwise",
    "summaries say what receipts say",
    () => change("reports/distillation/run-1/score/receipt.json", '"duplicates": 0', '"duplicates": 2'),
  ],
])("%s: the check fails", async (_, name, plant) => {
  plant();
  expect(await failed()).toContain(name);
});

/** A stage that goes on from a state which cannot be read says so; the audit of such a root is refused. */
const isWell = (): Promise<boolean> =>
  audit(root).then(
    ({ ok }) => ok,
    () => false,
  );

test("one bit is another in any file of the root: the audit fails", async () => {
  appendFileSync(
    join(root, "data/_kb/truth.jsonl"),
    '{"entity":"worker/W-1","attribute":7}\n{"never closed\n',
  );
  await runAll(root, undefined, "run-2");
  // An earlier export is as much of a root as the newest.
  await runAll(root, undefined, "run-3");
  expect(await isWell()).toBe(true);
  const missed: string[] = [];
  // Of partitions and exports one of each log and kind. Reports are held against each other by their counts, not by every byte.
  const kinds = new Map(
    Object.keys(contentsOf(root)).map((path) => [path.replaceAll(/\d+\/|-[0-9a-f]{12}\b/g, ""), path]),
  );
  // A partition whose hash does not fit there is scored again.
  kinds.delete("data/scored-runs/.score.json");
  for (const path of kinds.values()) {
    const bytes = readFileSync(join(root, path));
    if (bytes.length === 0) continue;
    const flipped = Buffer.from(bytes);
    const at = Math.floor(flipped.length / 2);
    flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at);
    writeFileSync(join(root, path), flipped);
    if (await isWell()) missed.push(path);
    writeFileSync(join(root, path), bytes);
  }
  expect(missed).toEqual([]);
  expect(await isWell()).toBe(true);
}, 120_000);

test("auditing writes nothing", async () => {
  const before = contentsOf(root);
  await audit(root);
  expect(contentsOf(root)).toEqual(before);
  expect(readdirSync(join(root, "reports/distillation"))).toEqual(["run-1"]);
});

const metricsOf = (value: number): Metrics =>
  Object.fromEntries(AUDIT_METRICS.map((name) => [name, value])) as Metrics;

test("baselines of another program stay byte for byte, and are compared with", async () => {
  const other = mkdtempSync(join(tmpdir(), "distill-"));
  try {
    const lines = Array.from(
      { length: 7 },
      (_, n) =>
        `{"recorded_at":"2026-04-2${n}T00:00:00Z", "git_commit":"abc","run_id":"${n}",  "unheard":[0,"",false],${AUDIT_METRICS.map((name) => `"${name}":${name === "p4_sft_rows" ? 0 : 10 + n}`).join(",")}}`,
    ).join("\r\n");
    const path = join(other, "data/_kb/audit_baselines.jsonl");
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, lines);
    expect(await readBaselines(other)).toHaveLength(7);
    await appendBaseline(other, {
      recorded_at: "2026-11-29T00:00:00Z",
      git_commit: "def",
      run_id: "8",
      ...metricsOf(20),
    });
    expect(readFileSync(path, "utf8").startsWith(`${lines}\n{"recorded_at":"2026-11-29`)).toBe(true);
    const baselines = await readBaselines(other);
    expect(baselines).toHaveLength(8);
    const drift = driftOf(metricsOf(30), baselines.slice(0, 7), "abc");
    expect(drift.find(({ metric }) => metric === "p4_sft_rows")).toMatchObject({
      last: { baseline: 0, change: null },
      drifted: false,
    });
    expect(drift[0]).toEqual({
      metric: "p2_evidence_rows",
      value: 30,
      last: { baseline: 16, change: 0.875 },
      median: { baseline: 13, change: 1.3077 },
      same_commit: { baseline: 16, change: 0.875 },
      drifted: true,
    });
    expect(driftOf(metricsOf(16), baselines.slice(0, 7), null, 0.5)[0]?.drifted).toBe(false);
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
});

// The audit: a table of checks by phase, each computed from what lies in the root. A phase that there is nothing of is
// skipped with its reason; a required check that fails, fails the audit.

import { AUDIT_METRICS } from "#contracts/distill";
import { jsonOr } from "#lib/json-or";
import { join } from "node:path";
import type { z } from "zod";
import { canonicalJson } from "#lib/canonical-json";
import { certify } from "../export/certify.ts";
import type { ExportKind } from "../export/candidates.ts";
import { type ScoredEvidence, scoredEvidence } from "../export/scored-evidence.ts";
import { verifyWritten } from "../export/verify-written.ts";
import { linesIfThere } from "../files/quarantine.ts";
import { evidenceOf } from "../materialize/evidence-of.ts";
import {
  entriesOf,
  EVIDENCE_FOLDER,
  LINES_SUFFIX,
  partitions,
  QUARANTINE_FOLDER,
  SCORED_FOLDER,
  SOURCES_FOLDER,
  sourceNames,
} from "../root.ts";
import { evidence, scoredRun } from "../schemas/evidence.ts";
import * as reports from "../schemas/reports.ts";
import { sha256Hex } from "../files/digest.ts";
import { scoreOf } from "../score/rule.ts";
import { scorerOf } from "../score/scorers.ts";
import { acceptanceFound } from "./acceptance.ts";
import { changedExports, changedQuarantine, changedSources } from "./recorded.ts";
import { exportFolder, metricsFromFiles, metricsFromReceipts } from "./metrics.ts";
import { replayProblems } from "./replays.ts";
import { newestReceipts, reportsIn } from "./reports.ts";

export interface AuditCheck {
  readonly phase: number;
  readonly name: string;
  readonly required: boolean;
  readonly result: "pass" | "fail" | "skip";
  readonly reason: string;
}

export interface Audit {
  readonly ok: boolean;
  readonly checks: readonly AuditCheck[];
  readonly metrics: reports.Metrics;
}

/** What a check found wrong; none is a pass. A string is why it was skipped. */
type Found = readonly string[] | string;

const PROBLEMS_SHOWN = 3;
const decoder = new TextDecoder();

export async function audit(root: string): Promise<Audit> {
  const receipts = await newestReceipts(root);
  const fromReceipts = metricsFromReceipts(receipts);
  const metrics = await metricsFromFiles(root, receipts);
  const sources: ScoredEvidence[] = [];
  for await (const source of scoredEvidence(root)) sources.push(source);
  const table: readonly (readonly [
    phase: number,
    name: string,
    required: boolean,
    run: () => Promise<Found>,
  ])[] = [
    [
      0,
      "there are source logs",
      true,
      async () => ((await sourceNames(root)).length === 0 ? ["there are none"] : []),
    ],
    [0, "source logs are what was read of them", true, () => changedSources(root)],
    [0, "the scorer is known", true, async () => unknownScorers(sources)],
    [1, "evidence fits its schema", true, () => misfits(root, EVIDENCE_FOLDER, evidence, "evidence.v1")],
    [1, "scores fit their schema", true, () => misfits(root, SCORED_FOLDER, scoredRun, "scored_run.v1")],
    [1, "receipts, summaries and quarantine fit their schemas", true, () => reportMisfits(root)],
    [2, "each row follows from its source line", true, () => underivable(root, sources)],
    [2, "counts of evidence add up", true, async () => unequal(metrics, fromReceipts, "p2_")],
    [3, "each score follows from its evidence", true, async () => rescored(sources)],
    [4, "no export has what it must not", true, () => leaks(root, receipts, sources)],
    [4, "certificates are true", true, () => untrue(root, receipts)],
    [4, "exports are what their manifests say", true, () => changedExports(root)],
    [4, "quarantine is what receipts have seen of it", true, () => changedQuarantine(root, receipts)],
    [5, "summaries say what receipts say", true, () => summaryMisfits(root)],
    [5, "files and receipts have the same metrics", true, async () => unequal(metrics, fromReceipts, "p")],
    [6, "acceptance", false, () => acceptanceFound(root)],
    [7, "the newest replay follows from its lines", false, () => replayProblems(root)],
  ];
  const checks: AuditCheck[] = [];
  for (const [phase, name, required, run] of table) {
    const found = await run();
    if (typeof found === "string") checks.push({ phase, name, required, result: "skip", reason: found });
    else {
      const reason =
        found.slice(0, PROBLEMS_SHOWN).join("; ") +
        (found.length > PROBLEMS_SHOWN ? ` and ${found.length - PROBLEMS_SHOWN} more` : "");
      checks.push({ phase, name, required, result: found.length === 0 ? "pass" : "fail", reason });
    }
  }
  return { ok: checks.every(({ required, result }) => !required || result === "pass"), checks, metrics };
}

function unknownScorers(sources: readonly ScoredEvidence[]): string[] {
  const versions = new Set(sources.flatMap(({ scored }) => scored?.scorer_version ?? []));
  return [...versions].flatMap((version) => {
    try {
      scorerOf(version);
      return [];
    } catch {
      return [`version ${version} is not known`];
    }
  });
}

/** Rows of a schema's own name that do not fit it; rows of other programs are none of it. */
async function misfits(root: string, folder: string, schema: z.ZodType, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const path of await partitions(root, folder)) {
    for await (const { bytes, offset } of linesIfThere(join(root, folder, path))) {
      const row = bytes === undefined ? undefined : jsonOr(decoder.decode(bytes));
      const isOurs = (row as { schema?: unknown } | undefined)?.schema === name;
      if (row === undefined || (isOurs && !schema.safeParse(row).success))
        found.push(`${folder}/${path} line ${offset}`);
    }
  }
  return found;
}

/** A report that names no schema is another program's, like rows of evidence. */
async function reportMisfits(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const { path, value } of await reportsIn(root)) {
    const schema = path.endsWith("summary.json") ? reports.runSummary : reports.receipt;
    const isOthers = typeof value === "object" && value !== null && !("schema" in value);
    if (!isOthers && !schema.safeParse(value).success) found.push(path);
  }
  for (const { name } of await entriesOf(join(root, QUARANTINE_FOLDER))) {
    if (!name.endsWith(LINES_SUFFIX)) continue;
    for await (const { bytes, offset } of linesIfThere(join(root, QUARANTINE_FOLDER, name))) {
      // An entry of a line that was too long is too long itself.
      if (bytes !== undefined && !reports.quarantined.safeParse(jsonOr(decoder.decode(bytes))).success)
        found.push(`${QUARANTINE_FOLDER}/${name} line ${offset}`);
    }
  }
  return found;
}

async function underivable(root: string, sources: readonly ScoredEvidence[]): Promise<string[]> {
  const found: string[] = [];
  const bySource = new Map<string, Map<number, ScoredEvidence>>();
  for (const source of sources) {
    const { source_file, line_offset } = source.evidence.provenance;
    const rows = bySource.get(source_file) ?? new Map<number, ScoredEvidence>();
    rows.set(line_offset, source);
    bySource.set(source_file, rows);
  }
  for (const [file, rows] of bySource) {
    for await (const { bytes, offset } of linesIfThere(join(root, file))) {
      const source = rows.get(offset);
      if (source === undefined || bytes === undefined) continue;
      rows.delete(offset);
      const made = evidenceOf(bytes, {
        source: file.slice(SOURCES_FOLDER.length + 1, -LINES_SUFFIX.length),
        sourceFile: file,
        lineOffset: offset,
        sourceSha256: sha256Hex(bytes),
        fallbackMoment: source.evidence.provenance.recorded_at,
      });
      if ("reason" in made || canonicalJson(made.evidence) !== canonicalJson(source.evidence))
        found.push(`${file} line ${offset}`);
    }
    for (const offset of rows.keys()) found.push(`${file} line ${offset} is gone`);
  }
  return found;
}

function rescored(sources: readonly ScoredEvidence[]): string[] {
  return sources.flatMap(({ evidence: row, scored }) => {
    if (scored === undefined) return [`${row.evidence_id} has no score`];
    try {
      const { category, score, reasons } = scoreOf(row, scorerOf(scored.scorer_version));
      const isSame =
        canonicalJson([category, score, reasons]) ===
        canonicalJson([scored.category, scored.score, scored.reasons]);
      return isSame ? [] : [row.evidence_id];
    } catch {
      return [`${row.evidence_id} has a scorer that is not known`];
    }
  });
}

const KINDS: readonly ExportKind[] = ["sft", "preference", "kto", "rag"];

async function leaks(
  root: string,
  receipts: ReadonlyMap<string, reports.Receipt>,
  sources: readonly ScoredEvidence[],
): Promise<Found> {
  const found: string[] = [];
  let exports = 0;
  for (const kind of KINDS) {
    const folder = exportFolder(receipts.get(`export-${kind}`));
    if (folder === undefined) continue;
    exports += 1;
    try {
      await verifyWritten(join(root, folder), kind, sources);
    } catch (error) {
      found.push(`${folder}: ${(error as Error).message}`);
    }
  }
  return exports === 0 ? ["nothing was exported"] : found;
}

async function untrue(root: string, receipts: ReadonlyMap<string, reports.Receipt>): Promise<string[]> {
  const found: string[] = [];
  for (const kind of KINDS) {
    const folder = exportFolder(receipts.get(`export-${kind}`));
    if (folder === undefined) continue;
    try {
      const text = await Bun.file(join(root, folder, "certificate.json")).text();
      const written = reports.certificate.parse(JSON.parse(text));
      // Files of others are not in the root; what was compared with them is computed by whoever has them.
      const again = await certify(join(root, folder), kind, [], "");
      const isSame =
        written.train.sha256 === again.train.sha256 &&
        written.holdout.sha256 === again.holdout.sha256 &&
        written.overlap_8 + written.overlap_13 + written.groups_on_both_sides === 0 &&
        again.overlap_8 + again.overlap_13 + again.groups_on_both_sides === 0;
      if (!isSame) found.push(folder);
    } catch (error) {
      found.push(`${folder}: ${(error as Error).message}`);
    }
  }
  return found;
}

async function summaryMisfits(root: string): Promise<string[]> {
  const found: string[] = [];
  const all = await reportsIn(root);
  for (const { path, value } of all) {
    const summary = path.endsWith("summary.json") ? reports.runSummary.safeParse(value).data : undefined;
    if (summary === undefined) continue;
    const folder = path.slice(0, -"summary.json".length);
    const receipts = all.flatMap((each) =>
      each.path.startsWith(folder) && each.path.endsWith("receipt.json")
        ? (reports.receipt.safeParse(each.value).data ?? [])
        : [],
    );
    const wrong = (
      [
        ["collect", "materialize"],
        ["score", "score"],
        ["export", "export-"],
      ] as const
    ).some(([name, stage]) => {
      const of = receipts.filter((each) => each.stage.startsWith(stage));
      const sum = (pick: (typeof COUNTS)[number]): number =>
        of.reduce((total, each) => total + each[pick], 0);
      const { records_in = 0, records_out = 0, duplicates = 0, quarantined = 0 } = summary[name] ?? {};
      return (
        canonicalJson([records_in, records_out, duplicates, quarantined]) !== canonicalJson(COUNTS.map(sum))
      );
    });
    found.push(
      ...receipts.filter((each) => !addUp(each) || !addUp(each.totals)).map(({ stage }) => folder + stage),
    );
    if (wrong) found.push(path);
  }
  return found;
}

const COUNTS = ["in", "out", "duplicates", "quarantined"] as const;

function addUp(counts: Readonly<Record<(typeof COUNTS)[number], number>>): boolean {
  return counts.in === counts.out + counts.duplicates + counts.quarantined;
}

function unequal(files: reports.Metrics, receipts: reports.Metrics, prefix: string): string[] {
  return AUDIT_METRICS.filter((name) => name.startsWith(prefix) && files[name] !== receipts[name]).map(
    (name) => `${name} is ${files[name]} in the files and ${receipts[name]} in the receipts`,
  );
}

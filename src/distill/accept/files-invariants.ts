// Invariants of what lies in a root: schemas, counts, first lines, provenance, quarantine.

import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { sha256Hex } from "../files/digest.ts";
import {
  EVIDENCE_FOLDER,
  QUARANTINE_FOLDER,
  REPORTS_FOLDER,
  SCORED_FOLDER,
  SOURCES_FOLDER,
} from "../root.ts";
import { type Evidence, evidence, scoredRun } from "../schemas/evidence.ts";
import * as reports from "../schemas/reports.ts";
import { run } from "./fixture.ts";
import type { Invariant, Problems } from "./invariant.ts";
import { NO_EVIDENCE } from "./planted-logs.ts";
import { copyRoot, exportFolders, filesBelow, jsonLines, linesOfFile } from "./root-files.ts";

export function evidenceIn(root: string): Evidence[] {
  return filesBelow(root, EVIDENCE_FOLDER)
    .filter((path) => path.endsWith(".jsonl"))
    .flatMap((path) => jsonLines<Evidence>(join(root, path)));
}

/** Replaces text in the first file of lines below `folder` that has it; a breach that changes nothing would prove nothing. */
export function replaceIn(root: string, folder: string, from: string | RegExp, to: string): void {
  for (const path of filesBelow(root, folder)) {
    if (!path.endsWith(".jsonl")) continue;
    const text = readFileSync(join(root, path), "latin1");
    const changed = text.replace(from, to);
    if (changed === text) continue;
    writeFileSync(join(root, path), changed, "latin1");
    return;
  }
  throw new Error(`no file below ${folder} has ${String(from)}`);
}

/** Which schema a file of the root must fit, line by line or as a whole. */
function schemaOf(path: string): z.ZodType | undefined {
  if (path.startsWith(EVIDENCE_FOLDER)) return evidence;
  if (path.startsWith(SCORED_FOLDER)) return scoredRun;
  if (path.startsWith(QUARANTINE_FOLDER)) return reports.quarantined;
  if (path.endsWith(".prov.jsonl")) return reports.provenanceLine;
  if (path.endsWith("/certificate.json")) return reports.certificate;
  if (path.endsWith("/manifest.json")) return reports.manifest;
  if (path.endsWith("/receipt.json")) return reports.receipt;
  return path.endsWith("/summary.json") ? reports.runSummary : undefined;
}

function misfits(root: string): Problems {
  return filesBelow(root, "").flatMap((path) => {
    const schema = path.split("/").at(-1)?.startsWith(".") === true ? undefined : schemaOf(path);
    if (schema === undefined) return [];
    const whole = join(root, path);
    const values = path.endsWith(".jsonl") ? jsonLines(whole) : [JSON.parse(readFileSync(whole, "utf8"))];
    return values.flatMap((value, at) => (schema.safeParse(value).success ? [] : [`${path} row ${at}`]));
  });
}

const RUN = `${REPORTS_FOLDER}/run-1`;

function unbalanced(root: string): Problems {
  const problems: string[] = [];
  const receipts = filesBelow(root, RUN)
    .filter((path) => path.endsWith("receipt.json"))
    .map((path) => reports.receipt.parse(JSON.parse(readFileSync(join(root, path), "utf8"))));
  for (const { stage, in: rowsIn, out, duplicates, quarantined } of receipts)
    if (rowsIn !== out + duplicates + quarantined) problems.push(`${stage}: ${rowsIn} in is not the sum`);
  const said = (stage: string): number => receipts.find((each) => each.stage === stage)?.totals.out ?? -1;
  const lines = (folder: string): number =>
    filesBelow(root, folder)
      .filter((path) => path.endsWith(".jsonl"))
      .reduce((all, path) => all + linesOfFile(join(root, path)).length, 0);
  const counted: Record<string, number> = {
    materialize: lines(EVIDENCE_FOLDER),
    score: lines(SCORED_FOLDER),
  };
  for (const { kind, target, folder } of exportFolders(root)) {
    if (target !== "trl" && kind !== "rag") continue;
    counted[`export-${kind}`] = ["", ".holdout"].reduce(
      (all, side) => all + linesOfFile(join(root, folder, `${kind}${side}.jsonl`)).length,
      0,
    );
  }
  for (const [stage, count] of Object.entries(counted))
    if (count !== said(stage)) problems.push(`${stage}: ${count} rows, ${said(stage)} in the receipt`);
  const rowsIn = receipts.find(({ stage }) => stage === "materialize")?.in;
  if (rowsIn !== lines(SOURCES_FOLDER)) problems.push(`${lines(SOURCES_FOLDER)} source lines, ${rowsIn} in`);
  return problems;
}

function lostFirstLines(root: string): Problems {
  const rows = filesBelow(root, EVIDENCE_FOLDER)
    .filter((path) => path.endsWith(".jsonl"))
    .flatMap((path) => linesOfFile(join(root, path)));
  const withEvidence = new Set(rows.map((row) => (JSON.parse(row) as Evidence).provenance.source_file));
  return [...withEvidence].flatMap((file) => {
    const first = rows.filter((row) => row.includes(`"source_file":"${file}","line_offset":0,`));
    return first.length === 1 ? [] : [`${file}: line 0 is in ${first.length} rows`];
  });
}

function unresolved(root: string): Problems {
  const problems: string[] = [];
  const ids = new Set(evidenceIn(root).map(({ evidence_id }) => evidence_id));
  const sources = new Map<string, string[]>();
  for (const { kind, folder } of exportFolders(root)) {
    for (const file of [`${kind}.jsonl`, `${kind}.holdout.jsonl`]) {
      const rows = linesOfFile(join(root, folder, file));
      const ways = jsonLines<reports.ProvenanceLine>(join(root, folder, `${file}.prov.jsonl`));
      if (rows.length !== ways.length)
        problems.push(`${folder}/${file}: ${rows.length} rows, ${ways.length} ways`);
      for (const [at, way] of ways.entries()) {
        const lines = sources.get(way.source_file) ?? linesOfFile(join(root, way.source_file));
        sources.set(way.source_file, lines);
        const ok =
          way.row_sha256 === sha256Hex(rows[at] ?? "") &&
          way.source_sha256 === sha256Hex(lines[way.line_offset] ?? "") &&
          ids.has(way.evidence_id);
        if (!ok) problems.push(`${folder}/${file} row ${at}`);
      }
    }
  }
  return problems;
}

interface Entry {
  readonly reason: string;
  readonly source_file: string;
  readonly line_offset: number;
  readonly raw: string;
  readonly replay: string;
}

const MATERIALIZE_QUARANTINE = `${QUARANTINE_FOLDER}/materialize.jsonl`;

export const FILES_INVARIANTS: readonly Invariant[] = [
  {
    name: "schema",
    proves: "every file of a root fits its published schema",
    check: ({ root }) => misfits(root),
    breach: {
      name: "a score written as text",
      plant: ({ root }) => replaceIn(root, SCORED_FOLDER, /"score":([\d.]+)/, '"score":"$1"'),
    },
  },
  {
    name: "counts_add_up",
    proves: "in = out + duplicates + quarantined, and receipts say what the files hold",
    check: ({ root }) => unbalanced(root),
    breach: {
      name: "a row of evidence is lost",
      plant: ({ root }) => replaceIn(root, EVIDENCE_FOLDER, /^.*\n/, ""),
    },
  },
  {
    name: "first_line_kept",
    proves: "line 0 of every source is evidence, and its 0 is written",
    check: ({ root }) => lostFirstLines(root),
    breach: {
      name: "a writer that leaves out what is 0",
      plant: ({ root }) => replaceIn(root, EVIDENCE_FOLDER, '"line_offset":0,', ""),
    },
  },
  {
    name: "quarantine",
    proves:
      "each line that is no evidence is kept with reason and bytes, and its command takes it once repaired",
    check: async (fixture) => {
      const { root, parts, newFolder } = fixture;
      const entries = jsonLines<Entry>(join(root, MATERIALIZE_QUARANTINE));
      const problems: string[] = NO_EVIDENCE.flatMap(({ log, text, reason }) => {
        const file = `${SOURCES_FOLDER}/${log}.jsonl`;
        const offset = linesOfFile(join(root, file)).indexOf(text);
        const there = entries.some(
          (entry) =>
            entry.source_file === file &&
            entry.line_offset === offset &&
            entry.raw === text &&
            entry.reason === reason,
        );
        return there ? [] : [`${file} line ${offset} (${reason}) is not in quarantine`];
      });
      if (process.platform !== "win32" && (statSync(join(root, MATERIALIZE_QUARANTINE)).mode & 0o077) !== 0)
        problems.push("others can read the quarantine");
      if (entries.some(({ replay }) => replay !== "lakehouse distill materialize"))
        problems.push("an entry does not name the command that takes it again");
      const repaired = newFolder();
      copyRoot(root, repaired);
      const good = linesOfFile(join(root, SOURCES_FOLDER, "truth.jsonl"))[1]?.replace(
        '"entity":"',
        '"entity":"re',
      );
      replaceIn(repaired, SOURCES_FOLDER, NO_EVIDENCE[0]?.text ?? "", good ?? "");
      await run(parts, repaired, { stages: ["materialize"], runId: "repaired" });
      const sha = sha256Hex(good ?? "");
      if (!evidenceIn(repaired).some(({ provenance }) => provenance.source_sha256 === sha))
        problems.push("a repaired line did not become evidence");
      return problems;
    },
    breach: {
      name: "an entry is dropped",
      plant: ({ root }) => replaceIn(root, QUARANTINE_FOLDER, /^.*"not_json".*\n/m, ""),
    },
  },
  {
    name: "provenance",
    proves: "every exported row leads to its evidence and to the bytes of its source line",
    check: ({ root }) => unresolved(root),
    breach: {
      name: "a source line is changed after the export",
      plant: ({ root }) => replaceIn(root, SOURCES_FOLDER, /"reason":"word\d+/g, '"reason":"another'),
    },
  },
];

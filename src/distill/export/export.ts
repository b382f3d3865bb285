// One export: a folder with the data file, its hold-out, a line of provenance for each row, the certificate and the manifest.
// The folder's name is the hash of everything the export follows from, so the same evidence under the same options is the
// same folder, and is not written twice. It is written under a hidden name, read back, and put in place as a whole.

import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { personalData } from "#domain/redact";
import { canonicalJson } from "#lib/canonical-json";
import { makeFolder, syncFolder } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { digestOf, fileSha256, sha256Hex } from "../files/digest.ts";
import { Quarantine } from "../files/quarantine.ts";
import { EVIDENCE_FOLDER, EXPORTS_FOLDER, partitions, SCORED_FOLDER } from "../root.ts";
import { NOTHING, type Run, type StageResult } from "../run.ts";
import { type FileDigest, type Manifest, manifest as manifestSchema } from "../schemas/reports.ts";
import { TERMS_SHA256 } from "../score/terms.ts";
import { SCORER_VERSION } from "../score/scorers.ts";
import { beirOf } from "./beir.ts";
import {
  type Candidate,
  type ExportKind,
  ktoCandidates,
  preferenceCandidates,
  ragCandidates,
  sftCandidates,
} from "./candidates.ts";
import { certify, textsOfFile } from "./certify.ts";
import { type ScoredEvidence, scoredEvidence } from "./scored-evidence.ts";
import { type Selected, type Selection, select } from "./select.ts";
import { datasetInfo, LATER_FORMS, type Target } from "./targets.ts";
import { verifyWritten } from "./verify-written.ts";

export interface ExportOptions {
  readonly kind: ExportKind;
  readonly target: Target;
  readonly holdoutPercent: number;
  readonly holdoutAfter?: string | undefined;
  /** Files of others that the training rows must not overlap. */
  readonly against: readonly string[];
}

/** KTO rows come from pairs and lie beside them. */
const FOLDERS: Readonly<Record<ExportKind, string>> = {
  sft: "sft",
  preference: "preference",
  kto: "preference",
  rag: "rag",
};

export async function exportRows(run: Run, options: ExportOptions): Promise<StageResult> {
  const { root } = run;
  const { kind, target, holdoutPercent, holdoutAfter, against } = options;
  const inputs: FileDigest[] = [];
  for (const folder of [EVIDENCE_FOLDER, SCORED_FOLDER]) {
    for (const path of await partitions(root, folder)) inputs.push(await digestOf(root, `${folder}/${path}`));
  }
  const inputsSha256 = sha256Hex(canonicalJson(inputs));
  const chosen = {
    holdout_percent: holdoutPercent,
    ...(holdoutAfter === undefined ? {} : { holdout_after: holdoutAfter }),
    against: await Promise.all(against.map((file) => fileSha256(file))),
  };
  const follows = { inputsSha256, chosen, TERMS_SHA256, SCORER_VERSION };
  const name = exportName(kind, target, LATER_FORMS[`${target} ${kind}`], follows);
  const folder = `${EXPORTS_FOLDER}/${FOLDERS[kind]}/${name}`;
  const there = await manifestIn(join(root, folder));
  if (there !== undefined)
    return result(await Quarantine.open(root, stageOf(kind)), folder, there, inputs, true);

  const sources: ScoredEvidence[] = [];
  for await (const source of scoredEvidence(root)) sources.push(source);
  const candidates = candidatesOf(kind, target, sources);
  const others = await Promise.all(against.map((file) => textsOfFile(file)));
  const selection = select(candidates, { holdoutPercent, holdoutAfter }, others);
  // First, because an export that is in place is not looked at again.
  const quarantine = await quarantined(root, kind, selection);
  run.step?.(`export-${kind}: quarantine is written`);
  const manifest = await write(run, folder, options, chosen, inputsSha256, sources, candidates, selection);
  return result(quarantine, folder, manifest, inputs, false);
}

/** What an export follows from, besides its kind and its form; the names are hashed with it. */
interface Follows {
  readonly inputsSha256: string;
  readonly chosen: Readonly<Record<string, unknown>>;
  readonly TERMS_SHA256: string;
  readonly SCORER_VERSION: string;
}

function exportName(kind: string, target: string, form: string | undefined, follows: Follows): string {
  const hash = sha256Hex(canonicalJson({ kind, target, form, ...follows })).slice(0, 12);
  return `${kind}-${target}-${hash}`;
}

/** The names that an export with this manifest may have: a form that came later is in the name of later ones alone. */
export function namesOf(manifest: Manifest): string[] {
  const { kind, target, options, inputs_sha256, terms_sha256, scorer_version } = manifest;
  return [undefined, LATER_FORMS[`${target} ${kind}`]].map((form) =>
    exportName(kind, target, form, {
      inputsSha256: inputs_sha256,
      chosen: options,
      TERMS_SHA256: terms_sha256,
      SCORER_VERSION: scorer_version,
    }),
  );
}

function stageOf(kind: ExportKind): string {
  return `export-${kind}`;
}

function candidatesOf(kind: ExportKind, target: Target, sources: readonly ScoredEvidence[]): Candidate[] {
  if (kind === "preference") return preferenceCandidates(sources, target);
  if (kind === "kto") return ktoCandidates(sources, target);
  return sources.flatMap((source) =>
    kind === "sft" ? sftCandidates(source, target) : ragCandidates(source),
  );
}

async function manifestIn(folder: string): Promise<Manifest | undefined> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Fault(
      "internal",
      "The manifest of an earlier export is damaged. Remove its folder and export again.",
    );
  }
}

async function write(
  run: Run,
  folder: string,
  { kind, target, against }: ExportOptions,
  chosen: Readonly<Record<string, unknown>>,
  inputsSha256: string,
  sources: readonly ScoredEvidence[],
  candidates: readonly Candidate[],
  selection: Selection,
): Promise<Manifest> {
  const { train, holdout, duplicates, barred, removed } = selection;
  const whole = join(run.root, folder);
  const hidden = join(whole, "..", `.${kind}-${target}.partial`);
  await makeFolder(join(whole, ".."));
  await rm(hidden, { recursive: true, force: true });
  await mkdir(hidden, { mode: 0o700 });
  try {
    const names: string[] = [];
    const put = async (name: string, text: string): Promise<void> => {
      await writeFile(join(hidden, name), text, { flush: true });
      names.push(name);
    };
    const putRows = async (name: string, rows: readonly Selected[]): Promise<void> => {
      const lines = rows.map(({ row }) => JSON.stringify(row));
      await put(name, lines.map((line) => `${line}\n`).join(""));
      await put(
        `${name}.prov.jsonl`,
        rows.map((row, at) => provenanceLine(row, at, lines[at] ?? "")).join(""),
      );
    };
    const file = `${kind}.jsonl`;
    await putRows(file, train);
    await putRows(`${kind}.holdout.jsonl`, holdout);
    if (kind === "rag") {
      const held = new Set(holdout.map(({ source }) => source.evidence.evidence_id));
      const beir = beirOf(sources, ({ evidence }) => held.has(evidence.evidence_id));
      await put("corpus.jsonl", beir.corpus);
      await put("queries.jsonl", beir.queries);
      await mkdir(join(hidden, "qrels"));
      await put("qrels/train.tsv", beir.train);
      await put("qrels/test.tsv", beir.test);
    } else if (target === "llamafactory") {
      await put("dataset_info.json", `${JSON.stringify(datasetInfo(kind, file), null, 2)}\n`);
    }
    await verifyWritten(hidden, kind, sources);
    const certificate = await certify(hidden, kind, against, `${folder}/${file}`);
    if (certificate.overlap_8 + certificate.overlap_13 + certificate.groups_on_both_sides > 0)
      throw new Error(`${folder}: training rows overlap the hold-out`);
    const withRemoved = {
      ...certificate,
      removed: removed.map(({ candidate, overlap }) => ({
        evidence_id: candidate.source.evidence.evidence_id,
        overlap,
      })),
    };
    await put("certificate.json", `${JSON.stringify(withRemoved, null, 2)}\n`);
    const leftOut: Record<string, number> = {};
    for (const { reason } of barred) leftOut[reason] = (leftOut[reason] ?? 0) + 1;
    if (removed.length > 0) leftOut["overlap"] = removed.length;
    const manifest: Manifest = {
      schema: "export.v1",
      kind,
      target,
      scorer_version: SCORER_VERSION,
      terms_sha256: TERMS_SHA256,
      rows: {
        in: candidates.length,
        train: train.length,
        holdout: holdout.length,
        duplicates,
        left_out: barred.length + removed.length,
      },
      left_out: leftOut,
      options: chosen,
      inputs_sha256: inputsSha256,
      files: await Promise.all(names.map((name) => digestOf(hidden, name))),
    };
    await writeFile(join(hidden, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
    run.step?.(`export-${kind}: files are under a hidden name`);
    await rename(hidden, whole);
    await syncFolder(join(whole, ".."));
    return manifest;
  } finally {
    await rm(hidden, { recursive: true, force: true });
  }
}

function provenanceLine({ source, group }: Selected, row: number, line: string): string {
  const { evidence, scored } = source;
  const { source_file, line_offset, source_sha256 } = evidence.provenance;
  return `${JSON.stringify({
    row,
    row_sha256: sha256Hex(line),
    evidence_id: evidence.evidence_id,
    source_file,
    line_offset,
    source_sha256,
    // Some program's ids are telephone numbers.
    group: personalData(group).length > 0 ? `sha256:${sha256Hex(group)}` : group,
    source_class: evidence.source_class,
    score: scored?.score ?? 0,
  })}\n`;
}

/** Rows that were left out, each with the evidence that it was of. */
async function quarantined(
  root: string,
  kind: ExportKind,
  { barred, removed }: Selection,
): Promise<Quarantine> {
  const quarantine = await Quarantine.open(root, stageOf(kind));
  const leftOut = [
    ...barred.map(({ source, reason }) => ({ source, reason })),
    ...removed.map(({ candidate, overlap }) => ({ source: candidate.source, reason: `overlap: ${overlap}` })),
  ];
  try {
    for (const { source, reason } of leftOut) {
      const bytes = new TextEncoder().encode(JSON.stringify(source.evidence));
      const line = { offset: source.offset, start: 0, length: bytes.length, bytes, ended: true };
      await quarantine.add(line, "", { reason, sourceFile: source.file, replay: "lakehouse distill export" });
    }
    await quarantine.publish();
  } finally {
    quarantine.discard();
  }
  return quarantine;
}

async function result(
  quarantine: Quarantine,
  folder: string,
  manifest: Manifest,
  inputs: readonly FileDigest[],
  isThere: boolean,
): Promise<StageResult> {
  const { in: rowsIn = 0, train = 0, holdout = 0, duplicates = 0, left_out: leftOut = 0 } = manifest.rows;
  const totals = { in: rowsIn, out: train + holdout, duplicates, quarantined: leftOut };
  return {
    counts: isThere ? NOTHING : totals,
    totals,
    detail: { train, holdout, ...manifest.left_out, quarantine_entries: quarantine.entries },
    notes: isThere ? [`${folder} is there already, of the same evidence`] : [`written to ${folder}`],
    inputs,
    outputs: manifest.files.map(({ path, ...rest }) => ({ path: `${folder}/${path}`, ...rest })),
  };
}

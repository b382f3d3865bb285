// `lakehouse distill`: what happened becomes files that train. The stages work on the files of a root alone and need no
// running house; `capture` reads the journal of one, `replay` asks its models, and its datasets follow each run.

import { join } from "node:path";
import { capture, sourcesOf } from "#distill/capture/capture";
import { certify } from "#distill/export/certify";
import { checkFile } from "#distill/export/check";
import { TARGETS } from "#distill/export/targets";
import { traceRow } from "#distill/export/trace";
import type { Receipt, Stage } from "#distill/schemas/reports";
import { HOLDOUT_PERCENT } from "#distill/stages";
import { CLIENT_ARGS, OUTPUT_ARG, settingsOf, wholeNumber } from "../args.ts";
import type { ArgsDef, ParsedArgs } from "../command.ts";
import { command, group } from "../command.ts";
import { connect } from "../connect.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { emit, type Field, formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { count, counted } from "../terminal/plain-text.ts";
import { say, write } from "../terminal/terminal.ts";
import { acceptCommand } from "./distill/accept.ts";
import { auditCommand } from "./distill/audit.ts";
import { replayCommand } from "./distill/replay.ts";
import {
  KINDS,
  performHere,
  refreshDatasets,
  ROOT_ARGS,
  rootOf,
  sayDatasets,
} from "./distill/run-on-root.ts";
import { datasetsCommand, runsCommand, watchCommand } from "./distill/runs.ts";

const EXPORT_ARGS = {
  kind: {
    type: "enum",
    options: [...KINDS],
    description: "One kind of export; all of them unless given",
  },
  target: {
    type: "enum",
    options: [...TARGETS],
    valueHint: "TRAINER",
    description: `The form of the rows: ${TARGETS.join(", ")}; trl unless given`,
  },
  holdout: {
    type: "string",
    valueHint: "PERCENT",
    description: `Groups that are held out, of a hundred; ${HOLDOUT_PERCENT} unless given`,
  },
  "holdout-after": {
    type: "string",
    valueHint: "TIME",
    description: "Also hold out what was recorded at or after this time",
  },
  against: {
    type: "string",
    valueHint: "FILE",
    description: "A file that training rows must not overlap, such as a benchmark (may be repeated)",
  },
} as const satisfies ArgsDef;

const RECEIPT_FIELDS: readonly Field<Receipt>[] = [
  { name: "stage", value: ({ stage }) => stage },
  ...(["in", "out", "duplicates", "quarantined"] as const).map((name): Field<Receipt> => ({
    name,
    align: "right",
    value: (receipt) => receipt[name],
    show: (receipt) => count(receipt[name]),
  })),
  {
    name: "out_in_all",
    align: "right",
    value: ({ totals }) => totals.out,
    show: ({ totals }) => count(totals.out),
  },
];

async function runAndShow(
  stages: readonly Stage[],
  args: ParsedArgs<typeof ROOT_ARGS> & Partial<ParsedArgs<typeof EXPORT_ARGS>>,
  against: readonly string[],
  scorerVersion?: string,
): Promise<void> {
  const after = args["holdout-after"];
  if (after !== undefined && Number.isNaN(Date.parse(after)))
    throw new UsageProblem(`--holdout-after is a time such as 2026-11-01T00:00:00Z, not ${after}.`);
  const { run, receipts } = await performHere(await rootOf(args), stages, {
    options: {
      kinds: args.kind === undefined ? KINDS : [args.kind],
      target: args.target ?? "trl",
      holdoutPercent: wholeNumber("--holdout", args.holdout, 0, 90) ?? HOLDOUT_PERCENT,
      holdoutAfter: after,
      against,
      scorerVersion,
    },
  });
  const datasets = await refreshDatasets(args);
  await emit(formatOf(args.output), {
    fields: RECEIPT_FIELDS,
    rows: receipts,
    json: { run_id: run.runId, receipts, datasets: typeof datasets === "string" ? null : datasets },
  });
  if (!isForPeople(formatOf(args.output))) return;
  for (const { stage, notes } of receipts) for (const note of notes) say(`${stage}: ${note}`);
  say(`The receipts are in reports/distillation/${run.runId}.`);
  sayDatasets(datasets);
}

const captureCommand = command({
  name: "distill capture",
  summary: "Write what a running house keeps into the source logs",
  details:
    "Telephone numbers, e-mail addresses, social security numbers and keys are replaced before anything is written. A further call takes what was recorded since.",
  args: {
    mode: {
      type: "enum",
      options: ["metadata", "full"],
      description:
        "full with prompts, drafts and messages, metadata without; what LAKEHOUSE_CAPTURE says unless given",
    },
    url: CLIENT_ARGS.url,
    ...ROOT_ARGS,
  },
  examples: ["lakehouse distill capture --mode full"],
  run: async (args) => {
    const settings = settingsOf({ data: args.data, url: args.url });
    const mode = args.mode ?? settings.capture;
    if (mode === "off")
      throw new UsageProblem("Capture is off. Say what may be kept: --mode metadata or --mode full.");
    const { house } = await connect(settings);
    const captured = await capture(await rootOf(args), sourcesOf(house), mode);
    if (!isForPeople(formatOf(args.output))) return write(jsonText(captured));
    const logs = Object.entries(captured.lines).map(([log, lines]) => `${log} ${count(lines)}`);
    say(`${counted(captured.events, "event")}: ${logs.length === 0 ? "no lines" : logs.join(", ")}.`);
  },
});

const materialize = command({
  name: "distill materialize",
  summary: "Turn the source logs into evidence",
  details:
    "Reads what was added to data/_kb since the last run. Lines that are no evidence go to exports/quarantine with the reason.",
  args: ROOT_ARGS,
  examples: ["lakehouse distill materialize", "lakehouse distill materialize --root ./kb"],
  run: (args) => runAndShow(["materialize"], args, []),
});

const score = command({
  name: "distill score",
  summary: "Score the evidence by rules",
  args: {
    ...ROOT_ARGS,
    scorer: {
      type: "string",
      valueHint: "VERSION",
      description: "The version of the rules; the newest unless given",
    },
  },
  examples: ["lakehouse distill score"],
  run: (args) => runAndShow(["score"], args, [], args.scorer),
});

const exportCommand = command({
  name: "distill export",
  summary: "Write SFT, preference, KTO and RAG files of what was scored",
  details:
    "Nothing rejected, nothing of a model whose terms forbid it or are not known, no personal data: no flag changes that. Each folder has a certificate that its training rows do not overlap its hold-out.",
  args: { ...EXPORT_ARGS, ...ROOT_ARGS },
  examples: [
    "lakehouse distill export --kind sft --target axolotl",
    "lakehouse distill export --against benchmark.jsonl",
  ],
  run: (args, given) => runAndShow(["export"], args, given.all("against")),
});

const run = command({
  name: "distill run",
  summary: "Materialize, score and export",
  args: { ...EXPORT_ARGS, ...ROOT_ARGS },
  examples: ["lakehouse distill run", "lakehouse distill run --target llamafactory --root ./kb"],
  run: (args, given) => runAndShow(["materialize", "score", "export"], args, given.all("against")),
});

const check = command({
  name: "distill check",
  summary: "Check that a trainer would take a file",
  args: {
    file: { type: "positional", description: "A file of JSON lines, of anyone's" },
    target: { type: "enum", options: [...TARGETS], required: true, description: "The trainer" },
    ...OUTPUT_ARG,
  },
  examples: ["lakehouse distill check train.jsonl --target trl"],
  run: async (args) => {
    if (!(await Bun.file(args.file).exists())) throw new UsageProblem(`There is no file ${args.file}.`);
    const checked = await checkFile(args.file, args.target);
    const ok = checked.problems.length === 0;
    if (!isForPeople(formatOf(args.output))) await write(jsonText({ ok, ...checked }));
    else if (ok) say(`${counted(checked.rows, `${checked.kind ?? ""} row`)}: ${args.target} takes the file.`);
    else for (const { line, problem } of checked.problems) say(`${args.file}:${line}: ${problem}`);
    return ok ? EXIT.ok : EXIT.failure;
  },
});

const trace = command({
  name: "distill trace",
  summary: "Show where a row of an export came from",
  args: {
    row: {
      type: "positional",
      valueHint: "FILE:ROW",
      description: "A file below the root and a row from 0: exports/sft/NAME/sft.jsonl:0",
    },
    ...ROOT_ARGS,
  },
  examples: ["lakehouse distill trace exports/sft/sft-trl-0f3a9c1b5d7e/sft.jsonl:0"],
  run: async (args) => {
    const [, file, row] = /^(.+):(\d+)$/.exec(args.row) ?? [];
    if (file === undefined || row === undefined)
      throw new UsageProblem(`FILE:ROW is a file and a row from 0, as sft.jsonl:0, not ${args.row}.`);
    const traced = await traceRow(await rootOf(args), file, Number(row));
    const ok = traced.broken.length === 0;
    if (!isForPeople(formatOf(args.output))) await write(jsonText({ ok, ...traced }));
    else {
      const { provenance, source_line: line } = traced;
      say(`row      ${args.row}, sha256 ${provenance.row_sha256}`);
      say(`evidence ${provenance.evidence_id}, ${provenance.source_class}, score ${provenance.score}`);
      say(
        `source   ${provenance.source_file} line ${provenance.line_offset} (from 0), sha256 ${provenance.source_sha256}`,
      );
      if (line !== null) say(`line     ${line}`);
      for (const problem of traced.broken) say(`broken   ${problem}`);
    }
    return ok ? EXIT.ok : EXIT.failure;
  },
});

const certifyCommand = command({
  name: "distill certify",
  summary: "Compute the contamination certificate of an export again",
  args: {
    file: { type: "positional", description: "The training file: exports/sft/NAME/sft.jsonl" },
    against: { type: "string", valueHint: "FILE", description: "A further file (may be repeated)" },
    ...ROOT_ARGS,
  },
  examples: ["lakehouse distill certify exports/sft/sft-trl-0f3a9c1b5d7e/sft.jsonl"],
  run: async (args, given) => {
    const inRoot = join(await rootOf(args), args.file);
    const path = (await Bun.file(inRoot).exists()) ? inRoot : args.file;
    const [, folder = ".", kind = ""] = /^(?:(.*)\/)?(\w+)\.jsonl$/.exec(path) ?? [];
    if (!(KINDS as readonly string[]).includes(kind) || !(await Bun.file(path).exists()))
      throw new UsageProblem(`${args.file} is no training file of an export, as sft.jsonl.`);
    const certificate = await certify(folder, kind, given.all("against"), args.file);
    const ok = certificate.overlap_8 + certificate.overlap_13 + certificate.groups_on_both_sides === 0;
    if (isForPeople(formatOf(args.output)))
      say(
        `${certificate.overlap_8} 8-grams and ${certificate.overlap_13} 13-grams on both sides, ${counted(certificate.groups_on_both_sides, "group")} on both sides.`,
      );
    else await write(jsonText({ ok, ...certificate }));
    return ok ? EXIT.ok : EXIT.failure;
  },
});

export const distill = group({
  name: "distill",
  summary: "Turn what happened into files that train, with proof",
  examples: [
    "lakehouse distill capture --mode full",
    "lakehouse distill run",
    "lakehouse distill check train.jsonl --target trl",
    "lakehouse distill trace exports/sft/NAME/sft.jsonl:0",
  ],
  commands: {
    capture: captureCommand,
    run,
    materialize,
    score,
    export: exportCommand,
    check,
    trace,
    certify: certifyCommand,
    audit: auditCommand,
    replay: replayCommand,
    runs: runsCommand,
    watch: watchCommand,
    datasets: datasetsCommand,
    accept: acceptCommand,
  },
  fallback: "run",
});

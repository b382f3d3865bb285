// `lakehouse distill audit`: checks by phase, the ten metrics, and their drift.

import type { AuditCheck } from "#distill/audit/audit";
import { type Compared, DRIFT_MAX } from "#distill/audit/baselines";
import { observeRoot } from "#distill/audit/report";
import { readAudit } from "#distill/runs/reads/runs";
import type { AuditReport } from "#distill/schemas/run-reports";
import { wholeNumber } from "../../args.ts";
import { command } from "../../command.ts";
import { EXIT, UsageProblem } from "../../failure.ts";
import { emit, type Field, formatOf, isForPeople, jsonText } from "../../terminal/output.ts";
import { count } from "../../terminal/plain-text.ts";
import { say, write } from "../../terminal/terminal.ts";
import { newRun, performHere, ROOT_ARGS, rootOf } from "./run-on-root.ts";

const PHASE_FIELDS: readonly Field<AuditCheck>[] = [
  { name: "phase", align: "right", value: ({ phase }) => phase },
  { name: "check", value: ({ name }) => name },
  { name: "required", value: ({ required }) => (required ? "yes" : "no") },
  { name: "result", value: ({ result }) => result },
  { name: "reason", value: ({ reason }) => reason },
];

const change = (compared: Compared | undefined): string => {
  if (compared === undefined) return "";
  if (compared.change === null) return "new";
  return `${compared.change > 0 ? "+" : ""}${(compared.change * 100).toFixed(1)} %`;
};

const DRIFT_FIELDS: readonly Field<AuditReport["drift"][number]>[] = [
  { name: "metric", value: ({ metric }) => metric },
  { name: "value", align: "right", value: ({ value }) => value, show: ({ value }) => count(value) },
  { name: "last", align: "right", value: ({ last }) => change(last) },
  { name: "median", align: "right", value: ({ median }) => change(median) },
  { name: "same_commit", align: "right", value: ({ same_commit }) => change(same_commit) },
  { name: "drifted", value: ({ drifted }) => (drifted ? "yes" : "") },
];

async function auditAfterStages(
  root: string,
  driftMax: number,
  appendBaseline: boolean,
): Promise<AuditReport> {
  const { run } = await performHere(root, ["materialize", "score", "export", "audit"], {
    plan: { driftMax, appendBaseline },
  });
  return readAudit(root, run.runId);
}

export const auditCommand = command({
  name: "distill audit",
  summary: "Compute everything again from the files, and compare with earlier audits",
  details: "Runs the stages first, unless --observe says to look at what is there.",
  args: {
    observe: { type: "boolean", description: "Run nothing and write nothing" },
    "append-baseline": {
      type: "boolean",
      description: "Add the ten metrics to data/_kb/audit_baselines.jsonl",
    },
    "fail-on-drift": { type: "boolean", description: "Exit with 1 when a metric drifted" },
    threshold: {
      type: "string",
      valueHint: "PERCENT",
      description: `Change of a metric that is drift; ${DRIFT_MAX * 100} unless given`,
    },
    ...ROOT_ARGS,
  },
  examples: [
    "lakehouse distill audit --append-baseline",
    "lakehouse distill audit --observe --fail-on-drift",
  ],
  run: async (args) => {
    const threshold = wholeNumber("--threshold", args.threshold, 0, 1_000_000) ?? DRIFT_MAX * 100;
    const root = await rootOf(args);
    if (args.observe === true && args["append-baseline"] === true)
      throw new UsageProblem("--observe writes nothing: leave --append-baseline out.");
    const found =
      args.observe === true
        ? await observeRoot(await newRun(root), { threshold: threshold / 100 })
        : await auditAfterStages(root, threshold / 100, args["append-baseline"] === true);
    const { drift } = found;
    const format = formatOf(args.output);
    if (isForPeople(format)) {
      await emit(format, { fields: PHASE_FIELDS, rows: found.checks });
      await emit(format, { fields: DRIFT_FIELDS, rows: drift });
      const required = found.checks.filter((each) => each.required);
      const passed = required.filter(({ result }) => result === "pass").length;
      say(`${passed} of ${required.length} required checks pass.`);
    } else await write(jsonText(found));
    const drifted = args["fail-on-drift"] === true && drift.some((each) => each.drifted);
    return found.ok && !drifted ? EXIT.ok : EXIT.failure;
  },
});

// `lakehouse distill accept`: the invariants of distillation over a root made for it, and the breaches they must find.

import { acceptAndReport } from "#distill/accept/report";
import type { Accepted, BreachFound } from "#distill/schemas/acceptance";
import { command } from "../../command.ts";
import { EXIT } from "../../failure.ts";
import { emit, type Field, formatOf, isForPeople, jsonText } from "../../terminal/output.ts";
import { say, write } from "../../terminal/terminal.ts";
import { newRun, ROOT_ARGS, rootOf } from "./run-on-root.ts";

const PROBLEMS_SHOWN = 2;
const shown = (problems: readonly string[]): string =>
  problems.slice(0, PROBLEMS_SHOWN).join("; ") +
  (problems.length > PROBLEMS_SHOWN ? ` and ${problems.length - PROBLEMS_SHOWN} more` : "");

const ACCEPTED_FIELDS: readonly Field<Accepted>[] = [
  { name: "invariant", value: ({ invariant }) => invariant },
  { name: "result", value: ({ result }) => result },
  { name: "proves", value: ({ proves }) => proves },
  { name: "problems", value: ({ problems }) => problems, show: ({ problems }) => shown(problems) },
];

const BREACH_FIELDS: readonly Field<BreachFound>[] = [
  { name: "invariant", value: ({ invariant }) => invariant },
  { name: "planted breach", value: ({ breach }) => breach },
  { name: "found", value: ({ found }) => found, show: ({ found }) => (found ? "yes" : "no") },
  { name: "by", value: ({ problems }) => problems, show: ({ problems }) => shown(problems.slice(0, 1)) },
];

export const acceptCommand = command({
  name: "distill accept",
  summary: "Check the invariants of distillation on a root that is made for it",
  details:
    "Builds a root of good and barred rows in a temporary folder, runs all stages on it, crashes them at each step, and checks what lies there. Nothing of your own root is read; the report lies in its reports/distillation, where an audit reads it.",
  args: {
    breaches: {
      type: "boolean",
      description: "Also plant a breach of each invariant, and check that it is found",
    },
    ...ROOT_ARGS,
  },
  examples: ["lakehouse distill accept", "lakehouse distill accept --breaches --json"],
  run: async (args) => {
    const report = await acceptAndReport(await newRun(await rootOf(args)), args.breaches === true);
    const { invariants, breaches = [] } = report;
    const passed = invariants.filter(({ result }) => result === "pass").length;
    const found = breaches.filter((each) => each.found).length;
    const ok = passed === invariants.length && found === breaches.length;
    const format = formatOf(args.output);
    if (!isForPeople(format)) await write(jsonText({ ok, passed, found, ...report }));
    else {
      await emit(format, { fields: ACCEPTED_FIELDS, rows: invariants });
      if (breaches.length > 0) await emit(format, { fields: BREACH_FIELDS, rows: breaches });
      say(`${passed} of ${invariants.length} invariants hold.`);
      if (breaches.length > 0) say(`${found} of ${breaches.length} planted breaches found.`);
    }
    return ok ? EXIT.ok : EXIT.failure;
  },
});

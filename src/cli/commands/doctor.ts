// `lakehouse doctor`: checks everything on this machine that a house needs, and says how to correct each failed check.
// Nothing is changed. The checks themselves are in doctor-checks.ts.

import { HOUSE_ARGS, OUTPUT_ARG, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { type Check, CHECKS, type Finding } from "../doctor-checks.ts";
import { EXIT } from "../failure.ts";
import { emit, type Field, formatOf, isForPeople } from "../terminal/output.ts";
import { counted } from "../terminal/plain-text.ts";
import { wrapped } from "../terminal/wrap.ts";
import { columnsOf, paintOut, say, stdoutIsTty, write } from "../terminal/terminal.ts";

type Line = Finding & { readonly check: string };

const FIELDS: readonly Field<Line>[] = [
  { name: "check", value: ({ check }) => check },
  { name: "status", value: ({ status }) => status },
  { name: "detail", value: ({ detail }) => detail },
  { name: "fix", value: ({ fix }) => fix },
];

const COLOURS = { ok: "green", warn: "yellow", fail: "red" } as const;

export const doctor = command({
  name: "doctor",
  summary: "Check that this machine can run a house",
  details: "Changes nothing. Exits with 1 when a required check fails.",
  args: { ...HOUSE_ARGS, ...OUTPUT_ARG },
  examples: [
    "lakehouse doctor",
    "lakehouse doctor --data /srv/lakehouse --port 8080",
    "lakehouse doctor -o json",
  ],
  run: async (args) => {
    const settings = settingsOf(args);
    const looked = Object.entries(CHECKS).map(async ([check, look]: [string, Check]): Promise<Line> => {
      const finding = await look(settings).catch((error: unknown): Finding => ({
        status: "fail",
        detail: `could not be looked at: ${(error as Error).message}`,
      }));
      return { check, ...finding };
    });
    const rows = await Promise.all(looked);
    const failed = rows.filter(({ status }) => status === "fail").length;
    const warned = rows.filter(({ status }) => status === "warn").length;
    const format = formatOf(args.output);
    if (isForPeople(format)) await write(`${rows.flatMap(linesOf).join("\n")}\n`);
    else await emit(format, { fields: FIELDS, rows, json: { ok: failed === 0, checks: rows } });
    if (isForPeople(format)) say(verdict(failed, warned));
    return failed === 0 ? EXIT.ok : EXIT.failure;
  },
});

const NAME_WIDTH = Math.max(...Object.keys(CHECKS).map((name) => name.length));
const MARGIN = 6 + NAME_WIDTH + 2;

/** Not a table: the advice is a sentence and must not be cut. */
function linesOf({ check, status, detail, fix }: Line): string[] {
  const width = (stdoutIsTty ? columnsOf(process.stdout) : 120) - MARGIN;
  const [first = "", ...rest] = [
    ...wrapped(detail, width),
    ...(fix === undefined ? [] : wrapped(`-> ${fix}`, width)),
  ];
  return [
    `${paintOut(COLOURS[status], status.padEnd(4))}  ${check.padEnd(NAME_WIDTH)}  ${first}`,
    ...rest.map((line) => " ".repeat(MARGIN) + line),
  ];
}

function verdict(failed: number, warned: number): string {
  if (failed > 0) return `${counted(failed, "check")} failed. Correct that before you start a house here.`;
  if (warned > 0) return `A house can run here. ${counted(warned, "thing")} could be better.`;
  return "All is well. Start with: lakehouse demo";
}

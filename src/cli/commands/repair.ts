// `lakehouse repair`: what of a data folder is damaged, and what can be made whole again. It looks first, and changes
// something only when it was told to.

import type { RepairLine } from "#topology/upkeep/repair";
import { DATA_ARG, OUTPUT_ARG, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { EXIT } from "../failure.ts";
import { logOf } from "../run-house.ts";
import { confirmed, YES_ARG } from "../terminal/confirm.ts";
import { emit, type Field, type Format, formatOf } from "../terminal/output.ts";
import { counted } from "../terminal/plain-text.ts";
import { createProgress } from "../terminal/progress.ts";
import { mayAsk, say } from "../terminal/terminal.ts";

const FIELDS: readonly Field<RepairLine>[] = [
  { name: "part", value: ({ part }) => part },
  { name: "name", value: ({ name }) => name },
  { name: "remedy", value: ({ remedy }) => remedy },
  { name: "done", value: ({ done }) => done, show: ({ done }) => (done ? "yes" : "no") },
  { name: "problem", value: ({ problem }) => problem },
  { name: "result", value: ({ result }) => result ?? null, show: ({ result }) => result ?? "" },
];

export const repair = command({
  name: "repair",
  summary: "Find what of a data folder is damaged, and mend what can be",
  details:
    "Stop the house first. Everything is read: the catalog is compared with the tables, tables with their objects, objects and indexes with their checksums.\n\nWhat follows from something else is made again: the catalog from the tables' own metadata, an index from the writes that verify, a corpus from its dataset. What follows from nothing else is listed with the remedy `restore`: bring it back with lakehouse restore. Damaged files are kept beside what replaces them.\n\nWithout --yes it shows what it found and asks; with --dry-run, and where nobody can be asked, it changes nothing. Exits with 1 when something is damaged still.",
  args: {
    ...DATA_ARG,
    "dry-run": { type: "boolean", description: "Only show what is damaged" },
    ...YES_ARG,
    ...OUTPUT_ARG,
  },
  examples: [
    "lakehouse repair --dry-run",
    "lakehouse repair --data /srv/lakehouse",
    "lakehouse repair --yes -o json",
  ],
  run: async (args) => {
    const settings = settingsOf({ data: args.data });
    const format = formatOf(args.output);
    const { repair: repairData } = await import("#topology/upkeep/repair");
    const log = logOf(settings, "error");
    const run = async (dryRun: boolean): Promise<readonly RepairLine[]> => {
      const progress = createProgress();
      try {
        progress.show("reading every table, object and index");
        return await repairData(settings, log, { dryRun });
      } finally {
        progress.end();
      }
    };
    let lines = args.yes === true ? [] : await run(true);
    const mendable = lines.filter(({ remedy }) => remedy === "repair").length;
    const asks = args.yes !== true && args["dry-run"] !== true && mendable > 0 && mayAsk;
    if (asks) await show(format, lines);
    if (args.yes === true || (asks && (await confirmed(`Repair ${counted(mendable, "thing")}?`, false)))) {
      lines = await run(false);
    }
    await show(format, lines);
    const open = lines.filter(({ done }) => !done).length;
    if (open === 0) return EXIT.ok;
    say(
      `${counted(open, "thing")} ${open === 1 ? "is" : "are"} damaged still.${mendable > 0 ? " Repair what can be with: lakehouse repair --yes" : ""}`,
    );
    return EXIT.failure;
  },
});

function show(format: Format, rows: readonly RepairLine[]): Promise<void> {
  return emit(format, { fields: FIELDS, rows, json: { damaged: rows }, empty: "Nothing is damaged." });
}

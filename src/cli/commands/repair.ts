// `lakehouse repair`: finds damage in a data folder and repairs what can be repaired. It checks first, and changes nothing
// without --yes or a confirmation.

import type { RepairLine } from "#topology/upkeep/repair";
import { DATA_ARG, OUTPUT_ARG } from "../args.ts";
import { command } from "../command.ts";
import { settingsOver } from "../data-folder.ts";
import { EXIT } from "../failure.ts";
import { logOf } from "../run-house.ts";
import { confirmed, YES_ARG } from "../terminal/confirm.ts";
import { emit, type Field, type Format, formatOf } from "../terminal/output.ts";
import { counted } from "../terminal/plain-text.ts";
import { createProgress } from "../terminal/progress.ts";
import { isInteractive, say } from "../terminal/terminal.ts";

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
  summary: "Find damage in a data folder, and repair what can be repaired",
  details:
    "Stop the house first. Everything is read: the catalog is compared with the tables, tables with their objects, objects and indexes with their checksums.\n\nDerived data is rebuilt: the catalog from the tables' own metadata, an index from the writes that verify, a corpus from its dataset. Data that cannot be derived is listed with the remedy `restore`: bring it back with lakehouse restore. Damaged files are kept beside their replacements.\n\nWithout --yes it shows the damage and asks for confirmation; with --dry-run, or without a terminal, it changes nothing. Exits with 1 while damage remains.",
  args: {
    ...DATA_ARG,
    "dry-run": { type: "boolean", description: "Only show the damage" },
    ...YES_ARG,
    ...OUTPUT_ARG,
  },
  examples: [
    "lakehouse repair --dry-run",
    "lakehouse repair --data /srv/lakehouse",
    "lakehouse repair --yes -o json",
  ],
  run: async (args) => {
    const settings = await settingsOver(args);
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
    const repairable = lines.filter(({ remedy }) => remedy === "repair").length;
    const interactive = args.yes !== true && args["dry-run"] !== true && repairable > 0 && isInteractive;
    if (interactive) await show(format, lines);
    if (
      args.yes === true ||
      (interactive && (await confirmed(`Repair ${counted(repairable, "part")}?`, false)))
    ) {
      lines = await run(false);
    }
    await show(format, lines);
    const open = lines.filter(({ done }) => !done).length;
    if (open === 0) return EXIT.ok;
    say(
      `${counted(open, "part")} ${open === 1 ? "is" : "are"} still damaged.${repairable > 0 ? " Repair with: lakehouse repair --yes" : ""}`,
    );
    return EXIT.failure;
  },
});

function show(format: Format, rows: readonly RepairLine[]): Promise<void> {
  return emit(format, { fields: FIELDS, rows, json: { damaged: rows }, empty: "Nothing is damaged." });
}

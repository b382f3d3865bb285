// `lakehouse restore`: creates a data folder from a backup, and verifies it.

import type { RestoreReport } from "#topology/upkeep/restore";
import { DATA_ARG, OUTPUT_ARG, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { requireFolder } from "../data-folder.ts";
import { quoted } from "../program.ts";
import { EXIT } from "../failure.ts";
import { logOf } from "../run-house.ts";
import { emit, type Field, formatOf } from "../terminal/output.ts";
import { count, moment, size } from "../terminal/plain-text.ts";
import { createProgress } from "../terminal/progress.ts";
import { say } from "../terminal/terminal.ts";

const FIELDS: readonly Field<RestoreReport>[] = [
  { name: "id", value: ({ id }) => id },
  { name: "at", value: ({ at }) => at, show: ({ at }) => moment(at) },
  { name: "files", align: "right", value: ({ files }) => files, show: ({ files }) => count(files) },
  { name: "bytes", align: "right", value: ({ bytes }) => bytes, show: ({ bytes }) => size(bytes) },
];

export const restore = command({
  name: "restore",
  summary: "Create a data folder from a backup",
  details:
    "Every file is compared with its checksum. Then the services are started over the folder, every table is compared with its objects and every object is read. Exits with 1 and lists the damage when there is any. A restore that was interrupted continues when it is run again; until it is complete, no house starts over the folder.",
  args: {
    source: {
      type: "positional",
      required: true,
      description: "The destination of `lakehouse backup`: a folder or s3://BUCKET/PREFIX",
    },
    ...DATA_ARG,
    at: { type: "string", valueHint: "ID", description: "The backup to restore; default the newest" },
    list: { type: "boolean", description: "List the backups, and restore none" },
    ...OUTPUT_ARG,
  },
  examples: [
    "lakehouse restore /mnt/backups/lakehouse --data /srv/lakehouse && lakehouse up --data /srv/lakehouse",
    "lakehouse restore s3://backups/lakehouse --list",
    "lakehouse restore /mnt/backups/lakehouse --at 2026-11-29T18-00-00-000Z --data /srv/again",
  ],
  run: async (args) => {
    const settings = settingsOf({ data: args.data });
    const format = formatOf(args.output);
    if (!args.source.startsWith("s3://")) {
      await requireFolder(args.source, "Name the destination of `lakehouse backup`.");
    }
    const { backupsAt, restore: restoreInto } = await import("#topology/upkeep/restore");
    if (args.list === true) {
      const ids = await backupsAt(settings, args.source);
      await emit(format, {
        fields: [{ name: "id", value: (id: string) => id }],
        rows: ids,
        json: ids,
        empty: `${args.source} has no backups.`,
      });
      return EXIT.ok;
    }
    const progress = createProgress();
    let report: RestoreReport;
    try {
      report = await restoreInto(settings, args.source, args.at, logOf(settings, "error"), (state) => {
        const { files, filesDone } = state;
        if (filesDone < files)
          progress.show(`${count(filesDone)} of ${count(files)} files`, filesDone / files);
        else progress.show("verifying every table and object");
      });
    } finally {
      progress.end();
    }
    const { findings, ...shown } = report;
    await emit(format, { fields: FIELDS, rows: [report], json: { ...shown, findings } });
    for (const { problem } of findings) say(`Damaged: ${problem}`);
    if (findings.length > 0) return EXIT.failure;
    say(`Restored and verified. Start it with: lakehouse up --data ${quoted(settings.data)}`);
    return EXIT.ok;
  },
});

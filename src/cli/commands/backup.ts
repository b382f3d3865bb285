// `lakehouse backup`: the state of a house at one moment, copied to a folder or a bucket. This process does the work on the
// data folder; a running house only holds its writes for a moment.

import type { BackupReport } from "#topology/upkeep/backup";
import { DATA_ARG, OUTPUT_ARG } from "../args.ts";
import { command } from "../command.ts";
import { settingsOver } from "../data-folder.ts";
import { EXIT } from "../failure.ts";
import { emit, type Field, formatOf } from "../terminal/output.ts";
import { count, moment, size } from "../terminal/plain-text.ts";
import { createProgress } from "../terminal/progress.ts";
import { say } from "../terminal/terminal.ts";

const FIELDS: readonly Field<BackupReport>[] = [
  { name: "id", value: ({ id }) => id },
  { name: "at", value: ({ at }) => at, show: ({ at }) => moment(at) },
  { name: "files", align: "right", value: ({ files }) => files, show: ({ files }) => count(files) },
  { name: "bytes", align: "right", value: ({ bytes }) => bytes, show: ({ bytes }) => size(bytes) },
  {
    name: "files_sent",
    align: "right",
    value: ({ filesSent }) => filesSent,
    show: ({ filesSent }) => count(filesSent),
  },
  {
    name: "bytes_sent",
    align: "right",
    value: ({ bytesSent }) => bytesSent,
    show: ({ bytesSent }) => size(bytesSent),
  },
];

export const backup = command({
  name: "backup",
  summary: "Back up a house, also while it runs",
  details:
    "The backup is consistent: writes are held for a fraction of a second while it is started, and continue while it is copied. Only files that the last backup to the same destination does not have are read and copied, and each file is stored once for all backups, so backups can be frequent.\n\nDEST is a folder, best on another disk, or s3://BUCKET/PREFIX, with the settings LAKEHOUSE_S3_ENDPOINT, LAKEHOUSE_S3_ACCESS_KEY, LAKEHOUSE_S3_SECRET_KEY and LAKEHOUSE_S3_REGION. It contains everything except caches, also the hashes of API keys: protect it like the data folder.\n\nExits with 1 when a file is damaged; all other files are backed up.",
  args: {
    dest: { type: "positional", required: true, description: "A folder, or s3://BUCKET/PREFIX" },
    ...DATA_ARG,
    ...OUTPUT_ARG,
  },
  examples: [
    "lakehouse backup /mnt/backups/lakehouse",
    "lakehouse backup s3://backups/lakehouse --data /srv/lakehouse",
  ],
  run: async (args) => {
    const settings = await settingsOver(args);
    const { backUp } = await import("#topology/upkeep/backup");
    const progress = createProgress();
    let report: BackupReport;
    try {
      report = await backUp(settings, args.dest, ({ files, filesDone, bytesSent }) =>
        progress.show(
          `${count(filesDone)} of ${count(files)} files, ${size(bytesSent)} sent`,
          filesDone / files,
        ),
      );
    } finally {
      progress.end();
    }
    const { id, damaged, ...rest } = report;
    await emit(formatOf(args.output), {
      fields: FIELDS,
      rows: [report],
      json: { id, ...renamed(rest), damaged },
    });
    if (damaged.length === 0) return EXIT.ok;
    for (const path of damaged) say(`Damaged: ${path} is not what its name says.`);
    say("Look at all of it with: lakehouse repair --dry-run");
    return EXIT.failure;
  },
});

function renamed({ at, files, bytes, filesSent, bytesSent }: Omit<BackupReport, "id" | "damaged">): object {
  return { at, files, bytes, files_sent: filesSent, bytes_sent: bytesSent };
}

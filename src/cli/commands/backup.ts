// `lakehouse backup`: the content of a house at one moment, kept in a folder or a bucket. The work is done by this process
// over the data folder; a house that runs is asked for nothing but to hold its writes for a moment.

import type { BackupReport } from "#topology/upkeep/backup";
import { DATA_ARG, OUTPUT_ARG, settingsOf } from "../args.ts";
import { command } from "../command.ts";
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
  summary: "Copy a house elsewhere, also while it runs",
  details:
    "The copy is of one moment: writes are held while it is caught, for a fraction of a second, and go on while it is sent. Only what the last backup to the same place did not have is read and sent, and contents are kept once for all of them, so backups may be made often.\n\nDEST is a folder, best on another disk, or s3://BUCKET/PREFIX, reached as LAKEHOUSE_S3_ENDPOINT, LAKEHOUSE_S3_ACCESS_KEY, LAKEHOUSE_S3_SECRET_KEY and LAKEHOUSE_S3_REGION say. It holds everything, the hashes of API keys too: keep it as safe as the house. Caches are not in it.\n\nExits with 1 when a file was found damaged; the rest is kept all the same.",
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
    const settings = settingsOf({ data: args.data });
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

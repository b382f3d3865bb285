// `lakehouse cutover replay`: a recording made again, against this house or an upstream of it, and compared.

import { basename } from "node:path";
import { readRecording } from "#cutover/record/read-recording";
import { replay } from "#cutover/record/replay";
import { replayMarkdown, replayReport } from "#cutover/record/replay-report";
import { REPORTS_FOLDER, writeReport } from "#cutover/report-files";
import { addressSide, houseSide } from "#cutover/side";
import { SURFACE_PREFIXES } from "#topology/fronts";
import { CLIENT_ARGS, DATA_ARG, REPORT_ARGS, settingsOf } from "../../args.ts";
import { command } from "../../command.ts";
import { connect } from "../../connect.ts";
import { EXIT, UsageProblem } from "../../failure.ts";
import { reportsFolder } from "../../reports-folder.ts";
import { watchInterrupt } from "../../terminal/interrupt.ts";
import { counted, duration } from "../../terminal/plain-text.ts";
import { createProgress } from "../../terminal/progress.ts";
import { say, write } from "../../terminal/terminal.ts";
import { rateOf } from "./spans.ts";

const AGAINST = ["native", "go", "rust"] as const;

export const replayCommand = command({
  name: "cutover replay",
  summary: "Make the calls of a recording again, and compare the replies",
  details:
    "Open loop: each call goes out when its time has come, scaled by --rate, whether or not earlier ones are answered. Calls that are not declared to read are left out unless --writes. With --compare the replies are compared by meaning with the recorded ones, and the exit code is 3 when one differs. The report goes to reports/cutover.",
  args: {
    file: { type: "positional", required: true, description: "From lakehouse cutover record" },
    against: {
      type: "enum",
      options: [...AGAINST],
      required: true,
      valueHint: "SIDE",
      description: "native, which is this house, or its upstream go or rust",
    },
    to: {
      type: "string",
      valueHint: "URL",
      description: "Another server that speaks --against, instead of the house",
    },
    rate: {
      type: "string",
      valueHint: "N",
      description: "How many times as fast, as in 2x; 1x unless given",
    },
    compare: { type: "boolean", description: "Compare each reply with the recorded one" },
    writes: { type: "boolean", description: "Also calls that may change something" },
    ...REPORT_ARGS,
    ...DATA_ARG,
    url: CLIENT_ARGS.url,
  },
  examples: ["lakehouse cutover replay calls.jsonl --against native --rate 2x --compare"],
  run: async (args) => {
    const against = AGAINST.find((one) => one === args.against);
    if (against === undefined) throw new UsageProblem(`--against is one of ${AGAINST.join(", ")}.`);
    const rate = rateOf("--rate", args.rate ?? "1x");
    const folder = await reportsFolder("--report", args.report ?? REPORTS_FOLDER);
    const settings = settingsOf({ data: args.data, url: args.url });
    const file = await readRecording(args.file);
    const interrupt = watchInterrupt();
    const progress = createProgress();
    try {
      const side =
        args.to === undefined
          ? houseSide({
              url: (await connect(settings)).url,
              key: settings.key,
              backend: against === "native" ? "native" : "upstream",
              name: against,
              prefixes: SURFACE_PREFIXES,
              waitsWhenBusy: false,
            })
          : addressSide(args.to);
      say(`${counted(file.calls, "call")} of ${file.recording.id} in ${duration(file.spanMs / rate)}.`);
      const replayed = await replay({
        calls: file.each(),
        side,
        against,
        rate,
        compare: args.compare ?? false,
        writes: args.writes ?? false,
        signal: interrupt.signal,
        progress: (sent, tMs) => progress.show(counted(sent, "call"), tMs / Math.max(1, file.spanMs)),
      });
      progress.end();
      const now = Date.now();
      const facts = {
        file: basename(args.file),
        against: side.name,
        rate,
        compare: args.compare ?? false,
        writes: args.writes ?? false,
        now,
      };
      const report = replayReport(file, replayed, facts);
      const markdown = replayMarkdown(report);
      const paths = await writeReport(folder, "replay", now, {
        markdown,
        json: report,
      });
      await write(args.json ? `${JSON.stringify(report, null, 2)}\n` : markdown);
      say(`${paths.markdown} and ${paths.json}`);
      if (replayed.ended === "interrupted") return EXIT.interrupted;
      return report.verdict === "different" ? EXIT.rejected : EXIT.ok;
    } finally {
      progress.end();
      interrupt.stop();
      await file.close();
    }
  },
});

// `lakehouse version`: versions, for a person or a bug report.

import { VERSION } from "#topology/version";
import { OUTPUT_ARG } from "../args.ts";
import { command } from "../command.ts";
import { jsonText } from "../terminal/output.ts";
import { write } from "../terminal/terminal.ts";

export const version = command({
  name: "version",
  summary: "Show the version",
  args: OUTPUT_ARG,
  examples: ["lakehouse version", "lakehouse version -o json"],
  run: async ({ output }) => {
    // Plain text in a pipe too, for VERSION=$(lakehouse version).
    const json = output === "json" || output === "jsonl";
    const facts = { version: VERSION, bun: Bun.version, platform: `${process.platform}-${process.arch}` };
    await write(json ? jsonText(facts) : `${VERSION}\n`);
  },
});

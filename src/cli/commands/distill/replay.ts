// `lakehouse distill replay`: may we change the model? The same evidence for each model, their verdicts in pairs.

import { join } from "node:path";
import { replayOptions } from "#contracts/distill";
import { reportsOf } from "#distill/runs/record";
import { KINDS as EVIDENCE_KINDS } from "#distill/schemas/evidence";
import { replayReport } from "#distill/schemas/run-reports";
import { CLIENT_ARGS, settingsOf, wholeNumber } from "../../args.ts";
import { command } from "../../command.ts";
import { connect } from "../../connect.ts";
import { UsageProblem } from "../../failure.ts";
import { formatOf, isForPeople } from "../../terminal/output.ts";
import { say, write } from "../../terminal/terminal.ts";
import { performHere, ROOT_ARGS, rootOf } from "./run-on-root.ts";

export const replayCommand = command({
  name: "distill replay",
  summary: "Ask models again what was asked before, check the answers, and compare",
  details:
    "For each piece of evidence: retrieve, bundle, ask, check, log to data/_kb/replay_runs.jsonl. Without --model the recorded answers are checked again. Two models or more are compared in pairs, with 95 % intervals and the evidence whose verdict flipped. A replay that was cut off, or stopped at --budget, goes on when it is called again the same way.",
  args: {
    model: {
      type: "string",
      valueHint: "MODEL",
      description: "A model as in lakehouse chat, such as ollama/qwen3:8b (may be repeated)",
    },
    limit: { type: "string", valueHint: "N", description: "Pieces of evidence; 100 unless given" },
    kind: {
      type: "enum",
      options: [...EVIDENCE_KINDS],
      description: "Only evidence of this kind",
    },
    evidence: { type: "string", valueHint: "ID", description: "Only this evidence (may be repeated)" },
    corpus: { type: "string", valueHint: "NAME", description: "Retrieve from this corpus first" },
    budget: { type: "string", valueHint: "USD", description: "No further call once they cost so much" },
    url: CLIENT_ARGS.url,
    ...ROOT_ARGS,
  },
  examples: [
    "lakehouse distill replay",
    "lakehouse distill replay --model ollama/qwen3:8b --model kimi/kimi-k2 --limit 200 --budget 2.5",
  ],
  run: async (args, given) => {
    const budget = args.budget === undefined ? undefined : Number(args.budget);
    if (budget !== undefined && !(budget >= 0))
      throw new UsageProblem(`--budget is US dollars, such as 2.5, not ${args.budget}.`);
    const ids = given.all("evidence");
    const wrong = ids.find((id) => !/^[0-9a-f]{64}$/.test(id));
    if (wrong !== undefined)
      throw new UsageProblem(
        `--evidence is the id of a row of evidence, 64 hexadecimal digits, not ${wrong}.`,
      );
    const { house } = await connect(settingsOf({ data: args.data, url: args.url }));
    const root = await rootOf(args);
    const { run, receipts } = await performHere(root, ["replay"], {
      house,
      plan: {
        replay: replayOptions.parse({
          models: given.all("model"),
          limit: wholeNumber("--limit", args.limit, 1, 10_000) ?? 100,
          ...(args.kind === undefined ? {} : { kinds: [args.kind] }),
          ...(ids.length === 0 ? {} : { evidence_ids: ids }),
          ...(args.corpus === undefined ? {} : { corpus: args.corpus }),
          ...(budget === undefined ? {} : { budget_usd: budget }),
        }),
      },
    });
    const folder = reportsOf(root, run.runId);
    const text = await Bun.file(join(folder, "replay.json")).text();
    if (!isForPeople(formatOf(args.output))) return write(text);
    await write(await Bun.file(join(folder, "replay.md")).text());
    const { evidence, left_out: leftOut } = replayReport.parse(JSON.parse(text));
    if (evidence === 0)
      say(
        `No evidence can be replayed${Object.keys(leftOut).length === 0 ? ": there is none yet. Run: lakehouse distill run" : ""}.`,
      );
    for (const { notes } of receipts) for (const note of notes) say(note);
    say(`The report is in reports/distillation/${run.runId}: replay.json and replay.md.`);
  },
});

// `lakehouse iterate`: lets a model draft, follows its attempts, and prints the draft that passed.

import type { House } from "#contracts/house";
import { ARTIFACT_KINDS, type Iterated } from "#contracts/validate";
import { CLIENT_ARGS, settingsOf, wholeNumber } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { jsonText } from "../terminal/output.ts";
import { counted, duration } from "../terminal/plain-text.ts";
import { say, write } from "../terminal/terminal.ts";
import { CONTEXT_ARGS, contextOf, KIND_ARG, line } from "./validate.ts";

type IterateInput = Parameters<House["validatord"]["iterateEvents"]>[0];

export const iterate = command({
  name: "iterate",
  summary: "Let a model draft, and have the draft checked and corrected until it passes",
  details:
    "Prints the draft on standard output, and what each attempt came to on standard error; with -o json the whole run. The verdict is that of the checks alone. The exit code is 3 when no draft passed.",
  many: true,
  args: {
    prompt: { type: "positional", description: "What to draft" },
    kind: { ...KIND_ARG, required: true },
    ...CONTEXT_ARGS,
    model: { type: "string", valueHint: "MODEL", description: "The model, as provider/name" },
    escalate: { type: "string", valueHint: "MODEL", description: "The model of the last try" },
    max: { type: "string", valueHint: "N", description: "Tries at most, up to 8; 3 unless given" },
    timeout: { type: "string", valueHint: "SECONDS", description: "Time for all tries; 120 unless given" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse iterate 'Propose w-12 and w-40, Ana as backup' --kind fill --order order.json",
    "lakehouse iterate 'Offer the shift to w-12 by text' --kind email --context context.json --model ollama/llama3.2",
  ],
  run: async (args, given) => {
    const kind = ARTIFACT_KINDS.find((known) => known === args.kind);
    if (kind === undefined)
      throw new UsageProblem("Which kind? Say --kind fill, --kind email or --kind playbook.");
    const most = wholeNumber("--max", args.max, 1, 8);
    const timeoutS = wholeNumber("--timeout", args.timeout, 1, 600);
    const input: IterateInput = {
      kind,
      prompt: given.words.join(" "),
      ...(await contextOf(args)),
      ...(args.roster === undefined ? {} : { roster: args.roster }),
      ...(args.model === undefined ? {} : { model: args.model }),
      ...(args.escalate === undefined ? {} : { escalate_model: args.escalate }),
      ...(most === undefined ? {} : { max_iterations: most }),
      ...(timeoutS === undefined ? {} : { deadline_ms: timeoutS * 1000 }),
    };
    const { house } = await connect(settingsOf(args));
    const { signal } = watchInterrupt();
    let run: Iterated | undefined;
    for await (const event of house.validatord.iterateEvents(input, { signal })) {
      if (event.event === "done") run = event;
      else {
        const { iteration, status, findings = [], fixes = [], error, ms } = event;
        say(
          `Attempt ${iteration}: ${status.replaceAll("_", " ")} in ${duration(ms)}${error === undefined ? "" : `. ${error}`}`,
        );
        for (const { path, value } of fixes) say(`  corrected: ${path} is ${JSON.stringify(value)}`);
        for (const finding of findings) say(`  ${line(finding)}`);
      }
    }
    if (run === undefined) return EXIT.failure;
    await write(jsonText(args.output === "json" ? run : run.artifact));
    const tokens = run.usage.input_tokens + run.usage.output_tokens;
    const end = run.ok ? "It passes" : `No draft passed (${run.stopped.replaceAll("_", " ")})`;
    say(
      `${end}, after ${counted(run.iterations, "attempt")} and ${counted(tokens, "token")}. Trace ${run.trace_id}.`,
    );
    return run.ok ? EXIT.ok : EXIT.rejected;
  },
});

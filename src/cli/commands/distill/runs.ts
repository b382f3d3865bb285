// `lakehouse distill runs`, `watch` and `datasets`: what a running house says of its runs.

import type { DistillRun } from "#contracts/distill";
import { RUN_STATUSES } from "#contracts/distill";
import { CLIENT_ARGS, settingsOf, wholeNumber } from "../../args.ts";
import { command } from "../../command.ts";
import { allPages, connect } from "../../connect.ts";
import { EXIT } from "../../failure.ts";
import { watchInterrupt } from "../../terminal/interrupt.ts";
import { emit, type Field, formatOf, isForPeople, jsonText } from "../../terminal/output.ts";
import { count, moment } from "../../terminal/plain-text.ts";
import { createProgress } from "../../terminal/progress.ts";
import { say, write } from "../../terminal/terminal.ts";
import { sayDatasets } from "./run-on-root.ts";

const HOUSE_ROOT_ARG = {
  root: {
    type: "string",
    valueHint: "NAME",
    description: "A root of the house: distill unless given, or a folder distill-NAME of its data folder",
  },
} as const;

const RUN_FIELDS: readonly Field<DistillRun>[] = [
  { name: "run_id", value: ({ run_id }) => run_id },
  { name: "status", value: ({ status }) => status },
  { name: "stages", value: ({ stages }) => stages.join(" ") },
  { name: "actor", value: ({ actor }) => actor },
  { name: "started_at", value: ({ started_at }) => started_at, show: (run) => moment(run.started_at) },
  {
    name: "ended_at",
    value: ({ ended_at }) => ended_at,
    show: ({ ended_at }) => (ended_at === undefined ? "" : moment(ended_at)),
  },
  { name: "problem", value: ({ problem }) => problem },
];

export const runsCommand = command({
  name: "distill runs",
  summary: "List the runs of a house's root, the newest first",
  details: "Those of the command line too. A run whose process died is told as failed, with what it left.",
  args: {
    status: { type: "enum", options: [...RUN_STATUSES], description: "Only these" },
    limit: { type: "string", valueHint: "N", description: "At most so many; 20 unless given" },
    ...HOUSE_ROOT_ARG,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse distill runs", "lakehouse distill runs --status failed --json"],
  run: async (args) => {
    const limit = wholeNumber("--limit", args.limit, 1, 10_000) ?? 20;
    const { distill } = (await connect(settingsOf(args))).house;
    const query = {
      ...(args.root === undefined ? {} : { root: args.root }),
      ...(args.status === undefined ? {} : { status: args.status }),
    };
    const runs = (
      await allPages(
        (cursor) => distill.runs({ ...query, limit: Math.min(limit, 1000), ...cursor }),
        (page) => page.runs,
      )
    ).slice(0, limit);
    await emit(formatOf(args.output), {
      fields: RUN_FIELDS,
      rows: runs,
      json: { runs },
      empty: "There are no runs yet. Start one with: lakehouse distill run",
    });
  },
});

export const watchCommand = command({
  name: "distill watch",
  summary: "Follow a run until it has ended",
  details: "The newest run unless one is named. Exits with 0 when it succeeded.",
  args: {
    run: { type: "positional", required: false, description: "The run's id" },
    ...HOUSE_ROOT_ARG,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse distill watch", "lakehouse distill watch 20261129T100000000Z-0f3a9c -o jsonl"],
  run: async (args) => {
    const { distill } = (await connect(settingsOf(args))).house;
    const root = args.root === undefined ? {} : { root: args.root };
    const runId = args.run ?? (await distill.runs({ ...root, limit: 1 })).runs[0]?.run_id;
    if (runId === undefined) {
      say("There are no runs yet. Start one with: lakehouse distill run");
      return EXIT.notFound;
    }
    const people = isForPeople(formatOf(args.output));
    const interrupt = watchInterrupt();
    const progress = createProgress();
    let last: DistillRun | undefined;
    try {
      for await (const state of distill.runEvents({ run_id: runId, ...root }, { signal: interrupt.signal })) {
        if (people) {
          for (const { stage, out, quarantined } of state.receipts.slice(last?.receipts.length ?? 0)) {
            progress.end();
            await write(`${stage}: ${count(out)} rows out, ${count(quarantined)} in quarantine\n`);
          }
          const { stage = "", done = 0, total } = state.progress ?? {};
          const of = total === undefined ? "" : ` of ${count(total)}`;
          if (state.status === "running")
            progress.show(`${stage}: ${count(done)}${of}`, total === undefined ? undefined : done / total);
        } else await write(`${JSON.stringify(state)}\n`);
        last = state;
      }
    } catch (error) {
      if (!interrupt.signal.aborted) throw error;
    } finally {
      progress.end();
      interrupt.stop();
    }
    if (people && last !== undefined)
      say(`The run ${runId} ${ENDS[last.status]}.${last.problem === undefined ? "" : ` ${last.problem}`}`);
    return last?.status === "succeeded" || interrupt.signal.aborted ? EXIT.ok : EXIT.failure;
  },
});

const ENDS = {
  running: "goes on",
  succeeded: "has succeeded",
  failed: "has failed",
  cancelled: "was cancelled",
} as const satisfies Record<DistillRun["status"], string>;

export const datasetsCommand = command({
  name: "distill datasets",
  summary: "Bring the datasets evidence, scored_runs and exports of a running house up to date",
  details: "The same happens at the end of each run on the house's own root.",
  args: CLIENT_ARGS,
  examples: ["lakehouse distill datasets"],
  run: async (args) => {
    const { distill } = (await connect(settingsOf(args))).house;
    const refreshed = await distill.refreshDatasets({});
    if (isForPeople(formatOf(args.output))) sayDatasets(refreshed);
    else await write(jsonText(refreshed));
  },
});

// `lakehouse corpus`: corpora, which are what is searched. A corpus is a dataset, the column that identifies a row, and the
// text that is embedded; `build` shows the progress and waits for the end.

import type { Corpus } from "#contracts/matrix";
import type { House } from "#contracts/house";
import { fieldKind, type FieldKind } from "#contracts/vector";
import { Fault } from "#rpc/fault";
import { CLIENT_ARGS, pair, settingsOf } from "../args.ts";
import { command, group } from "../command.ts";
import { confirmed, YES_ARG } from "../terminal/confirm.ts";
import { allPages, connect } from "../connect.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { emit, type Field, formatOf, isForPeople, jsonText, pairLines } from "../terminal/output.ts";
import { count, counted, duration, moment } from "../terminal/plain-text.ts";
import { createProgress } from "../terminal/progress.ts";
import { say, write } from "../terminal/terminal.ts";
import { tune } from "./corpus-tune.ts";

export type CorpusPlan = Parameters<House["matrixd"]["putCorpus"]>[0];

const LIST: readonly Field<Corpus>[] = [
  { name: "name", value: ({ name }) => name },
  { name: "dataset", value: ({ dataset }) => dataset },
  { name: "status", value: ({ status }) => status },
  { name: "rows", align: "right", value: ({ rows }) => rows, show: ({ rows }) => count(rows) },
  { name: "model", value: ({ model }) => model },
  { name: "engine", value: ({ engine }) => engine },
  { name: "updated_at", value: ({ updated_at }) => updated_at, show: ({ updated_at }) => moment(updated_at) },
];

const NAME_ARG = { name: { type: "positional", required: true, description: "The corpus" } } as const;

const ls = command({
  name: "corpus ls",
  summary: "List corpora",
  args: CLIENT_ARGS,
  examples: ["lakehouse corpus ls", "lakehouse corpus ls -o json"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const rows = await allPages(
      (cursor) => house.matrixd.corpora({ limit: 1000, ...cursor }),
      (page) => page.corpora,
    );
    const empty =
      "There are no corpora yet. Build one: lakehouse corpus build workers --dataset workers --id worker_id --text '{role} in {city}, {state}'";
    await emit(formatOf(args.output), { fields: LIST, rows, empty });
  },
});

const show = command({
  name: "corpus show",
  summary: "Show a corpus and its running build",
  args: { ...NAME_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse corpus show workers"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const corpus = await house.matrixd.corpus({ corpus: args.name });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(corpus));
    const { build } = corpus;
    const fields = Object.entries(corpus.fields).map(([name, kind]) => `${name}=${kind}`);
    await write(
      `${pairLines([
        ["Corpus", corpus.name],
        ["Dataset", `${corpus.dataset}, rows named by ${corpus.id}`],
        ["Text", corpus.text],
        ["Fields", fields.join(", ")],
        ["Model", `${corpus.model}, ${corpus.engine}`],
        ["Status", corpus.status],
        ["Rows", count(corpus.rows)],
        ["Snapshot", corpus.snapshot_id ?? "none yet"],
        ["Refresh", corpus.refresh === "on_snapshot" ? "whenever the dataset changes" : "on request"],
        ...(build === undefined
          ? []
          : [
              [
                "Build",
                build.error ?? `${build.phase}, ${count(build.done)} of ${count(build.total)}`,
              ] as const,
            ]),
      ]).join("\n")}\n`,
    );
  },
});

const build = command({
  name: "corpus build",
  summary: "Build a corpus over a dataset, or bring it up to date",
  details:
    "An existing corpus needs its name only. The text is what is embedded, with columns in braces. Fields are columns that hits return and filters use; a geo field is read from the columns lat and lon.",
  args: {
    ...NAME_ARG,
    dataset: { type: "string", alias: "d", valueHint: "NAME", description: "The dataset to build it from" },
    id: { type: "string", valueHint: "COLUMN", description: "The column that identifies a row" },
    text: {
      type: "string",
      valueHint: "TEMPLATE",
      description: "What is embedded: '{role} in {city}, {state}'",
    },
    field: {
      type: "string",
      valueHint: "COLUMN=KIND",
      description: `A field (may be repeated): ${fieldKind.options.join(", ")}`,
    },
    manual: { type: "boolean", description: "Do not rebuild when the dataset changes" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse corpus build workers --dataset workers --id worker_id --text '{role} in {city}, {state}' --field status=keyword --field location=geo",
    "lakehouse corpus build workers",
  ],
  run: async (args, given) => {
    const { house } = await connect(settingsOf(args));
    const fields = given.all("field").map((text) => fieldOf(text));
    const { dataset, id, text } = args;
    const plan: CorpusPlan =
      dataset === undefined && id === undefined && text === undefined && fields.length === 0
        ? await samePlan(house, args.name)
        : {
            corpus: args.name,
            dataset: required("--dataset", dataset),
            id: required("--id", id),
            text: required("--text", text),
            fields: Object.fromEntries(fields),
            ...(args.manual === true ? { refresh: "manual" as const } : {}),
          };
    const interrupt = watchInterrupt();
    const started = performance.now();
    const corpus = await buildCorpus(house, plan, interrupt.signal);
    interrupt.stop();
    if (!isForPeople(formatOf(args.output))) return write(jsonText(corpus));
    say(
      `${corpus.name}: ${counted(corpus.rows, "row")} of ${corpus.dataset} are searchable, after ${duration(performance.now() - started)}.`,
    );
  },
});

const rm = command({
  name: "corpus rm",
  summary: "Remove a corpus and its index; the dataset stays",
  args: { ...NAME_ARG, ...YES_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse corpus rm workers", "lakehouse corpus rm workers --yes"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const { rows, dataset } = await house.matrixd.corpus({ corpus: args.name });
    if (
      !(await confirmed(`Remove the corpus ${args.name} (${counted(rows, "row")} of ${dataset})?`, args.yes))
    ) {
      say("Nothing was removed.");
      return EXIT.failure;
    }
    await house.matrixd.dropCorpus({ corpus: args.name });
    say(`Removed the corpus ${args.name}. The dataset ${dataset} is unchanged.`);
    return EXIT.ok;
  },
});

export const corpus = group({
  name: "corpus",
  summary: "List, show, build, tune or remove corpora, which are what is searched",
  examples: ["lakehouse corpus ls", "lakehouse corpus show workers", "lakehouse corpus build workers"],
  commands: { ls, show, build, tune, rm },
  fallback: "ls",
});

function fieldOf(text: string): [name: string, kind: FieldKind] {
  const [name, kind] = pair("--field", text);
  const known = fieldKind.options.find((option) => option === kind);
  if (known === undefined)
    throw new UsageProblem(`--field ${name} is one of ${fieldKind.options.join(", ")}; not ${kind}.`);
  return [name, known];
}

function required(flag: string, value: string | undefined): string {
  if (value === undefined)
    throw new UsageProblem(`${flag} is missing: a new corpus needs --dataset, --id and --text.`);
  return value;
}

async function samePlan(house: House, name: string): Promise<CorpusPlan> {
  const { dataset, id, text, fields, meanings, model, engine, refresh } = await house.matrixd
    .corpus({ corpus: name })
    .catch((thrown: unknown) => {
      if (!(thrown instanceof Fault) || thrown.code !== "not_found") throw thrown;
      throw new Fault(
        "not_found",
        `There is no corpus ${name} yet. A new one needs --dataset, --id and --text.`,
      );
    });
  return { corpus: name, dataset, id, text, fields, meanings, model, engine, refresh };
}

/** Defines the corpus and follows its build to the end. Throws `upstream` when the build fails. */
export async function buildCorpus(
  house: Pick<House, "matrixd">,
  plan: CorpusPlan,
  signal: AbortSignal,
): Promise<Corpus> {
  const progress = createProgress();
  try {
    let last: Corpus = await house.matrixd.putCorpus(plan, { signal });
    if (last.status === "building" || last.build !== undefined) {
      for await (const step of house.matrixd.corpusEvents({ corpus: plan.corpus }, { signal })) {
        if (step.event === "done") {
          const { event: _, ...rest } = step;
          last = rest;
        } else {
          const part = step.total === 0 ? undefined : step.done / step.total;
          progress.show(
            `${plan.corpus}: ${step.phase}, ${count(step.done)} of ${counted(step.total, "row")}`,
            part,
          );
        }
      }
    }
    if (last.status !== "ready") {
      throw new Fault(
        "upstream",
        `The corpus ${plan.corpus} could not be built: ${last.build?.error ?? "its build ended early"}`,
      );
    }
    return last;
  } finally {
    progress.end();
  }
}

// `lakehouse parity`: the same generated questions to an older side and to this house, and a verdict for each endpoint.

import { logParity, type ParityRow, readParity } from "#cutover/parity/parity-log";
import { overall, parityMarkdown, type ParityReport } from "#cutover/parity/parity-report";
import { type Probe, PROBE_NAMES, type ProbeContext, type ProbeName } from "#cutover/parity/probe";
import { runProbe, type Verdict } from "#cutover/parity/run";
import { PROBES } from "#cutover/parity/table";
import type { DialectName } from "#cutover/ledger/ledger";
import { REPORTS_FOLDER, writeReport } from "#cutover/report-files";
import { addressSide, houseSide, type Side } from "#cutover/side";
import type { House } from "#contracts/house";
import { seeded } from "#lib/random";
import { Fault } from "#rpc/fault";
import { SURFACE_PREFIXES } from "#topology/fronts";
import { CLIENT_ARGS, DATA_ARG, OUTPUT_ARG, REPORT_ARG, settingsOf, wholeNumber } from "../args.ts";
import { type ArgsDef, command, group, type ParsedArgs } from "../command.ts";
import { connect } from "../connect.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { reportsFolder } from "../reports-folder.ts";
import { emit, type Field, formatOf } from "../terminal/output.ts";
import { counted, moment } from "../terminal/plain-text.ts";
import { createProgress } from "../terminal/progress.ts";
import { say, write } from "../terminal/terminal.ts";
import { distillationHere, olderRoot } from "./parity/distillation.ts";

const CASES_DEFAULT = 50;
const CASES_MAX = 100_000;
const SEED_MAX = 0xffff_ffff;

const ARGS = {
  dialect: {
    type: "enum",
    options: ["go", "rust"],
    valueHint: "DIALECT",
    description: "go or rust; each one that has an upstream unless given",
  },
  left: { type: "string", valueHint: "URL", description: "The older side, instead of the house's upstream" },
  right: {
    type: "string",
    valueHint: "URL",
    description: "With --left: what to compare with, instead of the house",
  },
  count: {
    type: "string",
    valueHint: "N",
    description: `Generated cases of each endpoint; ${CASES_DEFAULT} unless given`,
  },
  seed: { type: "string", valueHint: "N", description: "Of an earlier run: makes the same cases again" },
  model: {
    type: "string",
    valueHint: "NAME",
    description: "For embed: the model on both sides; the house's first unless given",
  },
  index: { type: "string", valueHint: "NAME", description: "For search: an index that both sides have" },
  worker: {
    type: "string",
    valueHint: "ID",
    description: "For validate: a worker that both rosters have; one of the house's unless given",
  },
  root: {
    type: "string",
    valueHint: "DIR",
    description: "For materializer and audit: a distillation root that the older program wrote",
  },
  json: { type: "boolean", description: "Print reports as JSON instead of Markdown" },
  ...REPORT_ARG,
  ...DATA_ARG,
  url: CLIENT_ARGS.url,
} as const satisfies ArgsDef;

type Args = ParsedArgs<typeof ARGS>;

interface Sides {
  readonly dialect: DialectName;
  readonly left: Side;
  readonly right: Side;
  readonly model: string | undefined;
  readonly worker: string;
}

/** Where the house cannot name one. */
const WORKER = "w-1";

/** One of the house's own; a house without a corpus has none to name. */
async function someWorker(house: House): Promise<string> {
  try {
    const { hits } = await house.matrixd.search({ query_text: "forklift operator", k: 1 });
    return hits[0]?.id ?? WORKER;
  } catch (thrown) {
    if (thrown instanceof Fault) return WORKER;
    throw thrown;
  }
}

async function sidesOf(args: Args, needsSides: boolean): Promise<Sides[]> {
  const { left, right, dialect: said } = args;
  if (right !== undefined && left === undefined) throw new UsageProblem("--right goes with --left.");
  const settings = settingsOf({ data: args.data, url: args.url });
  // A root and this house's own code are all there is to compare.
  if (!needsSides) {
    const nobody = addressSide("http://127.0.0.1:9");
    return [
      {
        dialect: said ?? "go",
        left: { ...nobody, name: args.root ?? "" },
        right: { ...nobody, name: "native" },
        model: undefined,
        worker: "",
      },
    ];
  }
  if (left !== undefined && right !== undefined) {
    return [
      {
        dialect: said ?? "go",
        left: addressSide(left),
        right: addressSide(right),
        model: args.model,
        worker: args.worker ?? WORKER,
      },
    ];
  }
  const { url, get, house } = await connect(settings);
  const of = (backend: "native" | "upstream", name: string): Side =>
    houseSide({ url, key: settings.key, backend, name, prefixes: SURFACE_PREFIXES });
  const model = args.model ?? (await house.embedd.models({})).models[0]?.name;
  const worker = args.worker ?? (await someWorker(house));
  const here = of("native", "native");
  if (left !== undefined)
    return [{ dialect: said ?? "go", left: addressSide(left), right: here, model, worker }];
  const { upstreams } = (await get("/v1/cutover/upstreams")) as {
    upstreams: { name: string; dialect: DialectName }[];
  };
  const chosen = upstreams.filter(({ dialect }) => said === undefined || dialect === said);
  if (chosen.length === 0) {
    throw new Fault(
      "conflict",
      `There is no upstream${said === undefined ? "" : ` of the ${said} dialect`} to compare with. Add one with: lakehouse cutover upstream add NAME URL --dialect ${said ?? "go"}, or name one with --left.`,
    );
  }
  return chosen.map(({ name, dialect }) => ({
    dialect,
    left: of("upstream", name),
    right: here,
    model,
    worker,
  }));
}

async function probeOne(probe: Probe, sides: Sides, args: Args, seed: number): Promise<ParityReport> {
  const progress = createProgress();
  const count = wholeNumber("--count", args.count, 0, CASES_MAX) ?? CASES_DEFAULT;
  const context: ProbeContext = {
    ...sides,
    random: seeded(seed),
    count,
    index: args.index,
    distill: distillationHere,
    root: args.root === undefined ? undefined : olderRoot(args.root),
  };
  try {
    const endpoints = await runProbe(probe, context, (cases) =>
      progress.show(`${probe.name}: ${counted(cases, "case")}`),
    );
    return {
      schema: "lakehouse.parity.v1",
      probe: probe.name,
      dialect: sides.dialect,
      left: sides.left.name,
      right: sides.right.name,
      seed,
      count,
      at: new Date().toISOString(),
      verdict: overall(endpoints),
      endpoints,
    };
  } finally {
    progress.end();
  }
}

async function runProbes(names: readonly ProbeName[], args: Args): Promise<number> {
  const seed = wholeNumber("--seed", args.seed, 0, SEED_MAX) ?? Math.floor(Math.random() * SEED_MAX);
  const folder = await reportsFolder("--report", args.report ?? REPORTS_FOLDER);
  const fromRoot =
    args.root !== undefined && names.every((name) => name === "materializer" || name === "audit");
  const verdicts: Verdict[] = [];
  say(`Seed ${seed}.`);
  for (const sides of await sidesOf(args, !fromRoot)) {
    for (const name of names) {
      const report = await probeOne(PROBES[name], sides, args, seed);
      const markdown = parityMarkdown(report);
      const { markdown: path } = await writeReport(
        folder,
        `${name}_${sides.dialect}`,
        Date.parse(report.at),
        { markdown, json: report },
      );
      await logParity(folder, report);
      await write(args.json === true ? `${JSON.stringify(report)}\n` : `${markdown}\n`);
      say(`${sides.dialect} ${name}: ${report.verdict}. ${path}`);
      verdicts.push(report.verdict);
    }
  }
  if (verdicts.includes("different")) return EXIT.rejected;
  return verdicts.every((verdict) => verdict === "not compared") ? EXIT.failure : EXIT.ok;
}

function probeCommand(name: ProbeName) {
  return command({
    name: `parity ${name}`,
    summary: PROBES[name].summary,
    details:
      "Known cases first, then generated ones; the seed is printed. Exit code 3 when an endpoint differs, 1 when nothing could be compared.",
    args: ARGS,
    examples: [`lakehouse parity ${name}`, `lakehouse parity ${name} --dialect rust --count 500 --seed 7`],
    run: (args) => runProbes([name], args),
  });
}

const all = command({
  name: "parity all",
  summary: "All probes that do not write",
  details: "storage writes to both sides, below a key of its own, and runs where it is named.",
  args: ARGS,
  examples: ["lakehouse parity", "lakehouse parity --left http://127.0.0.1:4110 --dialect go"],
  run: (args) =>
    runProbes(
      PROBE_NAMES.filter((name) => !PROBES[name].writes),
      args,
    ),
});

const FIELDS: readonly Field<ParityRow>[] = [
  { name: "endpoint", value: ({ endpoint }) => endpoint },
  { name: "probe", value: ({ probe }) => probe },
  { name: "dialect", value: ({ dialect }) => dialect },
  { name: "verdict", value: ({ verdict }) => verdict },
  { name: "cases", value: ({ cases }) => cases, align: "right" },
  { name: "same status", value: ({ statuses_same }) => statuses_same, align: "right" },
  { name: "same body", value: ({ bodies_same }) => bodies_same, align: "right" },
  { name: "there", value: ({ left }) => left },
  { name: "here", value: ({ right }) => right },
  { name: "seed", value: ({ seed }) => seed },
  { name: "at", value: ({ at }) => at, show: ({ at }) => moment(at) },
];

const log = command({
  name: "parity log",
  summary: "The newest verdict of each endpoint",
  args: { ...REPORT_ARG, ...OUTPUT_ARG },
  examples: ["lakehouse parity log"],
  run: async (args) => {
    const rows = await readParity(args.report ?? REPORTS_FOLDER);
    const empty = `Nothing was compared yet in ${args.report ?? REPORTS_FOLDER}.`;
    await emit(formatOf(args.output), { fields: FIELDS, rows, json: rows, empty });
  },
});

export const parity = group({
  name: "parity",
  summary: "Ask an older side and this house the same, and compare, endpoint by endpoint",
  examples: ["lakehouse parity", "lakehouse parity embed", "lakehouse parity log"],
  commands: {
    all,
    ...Object.fromEntries(PROBE_NAMES.map((name) => [name, probeCommand(name)])),
    log,
  },
  fallback: "all",
});

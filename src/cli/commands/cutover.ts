// `lakehouse cutover`: which system answers each route of the older dialects. The ledger is a file of the data folder, so these
// commands work without a running house; a running one holds to a change within a second, and judges the gates of a flip.

import { changeLedger, ledgerPath, readLedger } from "#cutover/ledger/ledger-file";
import type { Settings } from "#config";
import { type Flip, flipped, withoutUpstream, withUpstream } from "#cutover/ledger/changes";
import { settingsUpstreams, withSettings } from "#cutover/cutover";
import { admitFlip } from "#cutover/gates/admit";
import { limitsOf } from "#cutover/gates/limits";
import { dialectName, type State, STATES, type Upstream } from "#cutover/ledger/ledger";
import { type RouteStatus, statusOf } from "#cutover/ledger/status";
import { seeded } from "#lib/random";
import { CUTOVER_ROUTES } from "#topology/fronts";
import { readPidfile } from "#topology/pidfile";
import { DATA_ARG, OUTPUT_ARG, settingsOf } from "../args.ts";
import { command, group } from "../command.ts";
import { connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { emit, type Field, formatOf } from "../terminal/output.ts";
import { moment } from "../terminal/plain-text.ts";
import { say, write } from "../terminal/terminal.ts";
import { dual, reconcileCommand } from "./cutover/dual.ts";
import { record, recordings } from "./cutover/record.ts";
import { replayCommand } from "./cutover/replay.ts";

const ARGS = { ...DATA_ARG, ...OUTPUT_ARG } as const;
const WHY_ARGS = {
  why: { type: "string", valueHint: "TEXT", description: "The reason, kept with the change" },
  actor: { type: "string", valueHint: "NAME", description: "Who does it; `operator` unless given" },
  force: {
    type: "boolean",
    default: false,
    description: "Although gates of canary or primary do not hold; needs --why",
  },
} as const;

const FIELDS: readonly Field<RouteStatus>[] = [
  { name: "route", value: ({ route }) => route },
  { name: "tenant", value: ({ tenant }) => tenant },
  {
    name: "state",
    value: ({ state, percent, shadow }) =>
      `${state}${percent === undefined ? "" : ` ${percent} %`}${shadow === undefined ? "" : `, ${shadow} compared`}`,
  },
  { name: "since", value: ({ since }) => since, show: ({ since }) => (since === "" ? "" : moment(since)) },
  { name: "until", value: ({ until }) => until },
  { name: "actor", value: ({ actor }) => actor },
  { name: "reason", value: ({ reason }) => reason },
];

/** A running house judges by what it has compared; without one there is nothing to judge by. */
async function makeFlip(settings: Settings, flip: Flip, force: boolean): Promise<void> {
  const running = await readPidfile(settings.data);
  if (running?.url !== undefined || settings.url !== "") {
    const { send } = await connect(settings);
    const { route, to, percent, shadow, tenant, until, reason: why, actor } = flip;
    const body = { route, to, percent, shadow, tenant, until, why, actor, force };
    await send("POST", "/v1/cutover/flip", body);
    return;
  }
  await changeLedger(ledgerPath(settings.data), async (before) => {
    const now = Date.now();
    const after = flipped(before, flip, {
      now,
      id: `cutover-${crypto.randomUUID()}`,
      routes: CUTOVER_ROUTES,
      elsewhere: settingsUpstreams(settings).map(({ dialect }) => dialect),
    });
    await admitFlip({ ...flip, force }, [], withSettings(before, settings), now, seeded(now));
    return after;
  });
}

const status = command({
  name: "cutover status",
  summary: "Show which system answers each route of the older dialects",
  args: ARGS,
  examples: ["lakehouse cutover status", "lakehouse cutover status -o json"],
  run: async (args) => {
    const settings = settingsOf({ data: args.data });
    const ledger = withSettings(await readLedger(ledgerPath(settings.data)), settings);
    const rows = statusOf(ledger, Date.now());
    await emit(formatOf(args.output), {
      fields: FIELDS,
      rows,
      json: { routes: rows, upstreams: ledger.upstreams },
    });
  },
});

const flip = command({
  name: "cutover flip",
  summary: "Change which system answers a route, within a second and without a restart",
  details: `States: ${STATES.join(", ")}. A route is DIALECT:SERVICE.OPERATION, or DIALECT:* for all of a dialect, which takes the place of the states it covers.`,
  args: {
    route: { type: "positional", required: true, description: "go:matrix.search, rust:*, ..." },
    to: {
      type: "enum",
      options: [...STATES],
      required: true,
      valueHint: "STATE",
      description: "The new state",
    },
    percent: { type: "string", valueHint: "P", description: "With canary: how much this house answers" },
    shadow: {
      type: "enum",
      options: ["upstream"],
      valueHint: "SIDE",
      description: "With primary: what is asked the same behind this house, and compared",
    },
    tenant: { type: "string", valueHint: "KEY", description: "For the calls of one API key alone" },
    until: { type: "string", valueHint: "TIME", description: "RFC 3339; after that what was before holds" },
    ...WHY_ARGS,
    ...DATA_ARG,
  },
  examples: [
    "lakehouse cutover flip go:matrix.search --to canary --percent 5 --why 'gates hold'",
    "lakehouse cutover flip go:matrix.search --to primary --shadow upstream --why 'still compared'",
    "lakehouse cutover flip 'go:*' --to pass-through --why 'search is slow'",
  ],
  run: async (args) => {
    const to = STATES.find((state): state is State => state === args.to);
    if (to === undefined) throw new UsageProblem(`--to is one of ${STATES.join(", ")}.`);
    const percent = args.percent === undefined ? undefined : Number(args.percent);
    if (percent !== undefined && !(percent >= 0 && percent <= 100))
      throw new UsageProblem(`--percent is a number from 0 to 100, not ${args.percent}.`);
    const change = {
      route: args.route,
      to,
      percent,
      shadow: args.shadow === undefined ? undefined : ("upstream" as const),
      tenant: args.tenant,
      until: args.until,
      actor: args.actor ?? "operator",
      reason: args.why ?? "",
    };
    await makeFlip(settingsOf({ data: args.data }), change, args.force ?? false);
    say(`${args.route} is ${to}${percent === undefined ? "" : ` at ${percent} %`}.`);
  },
});

const native = command({
  name: "cutover native",
  summary: "Let this house answer all routes of a dialect: for a house that has no upstream",
  args: {
    dialect: { type: "positional", required: true, description: "go or rust" },
    ...WHY_ARGS,
    ...DATA_ARG,
  },
  examples: ["lakehouse cutover native go"],
  run: async (args) => {
    const change = {
      route: `${args.dialect}:*`,
      to: "primary" as const,
      actor: args.actor ?? "operator",
      reason: args.why ?? "no upstream",
    };
    await makeFlip(settingsOf({ data: args.data }), change, args.force ?? false);
    say(`This house answers ${args.dialect}:*.`);
  },
});

const add = command({
  name: "cutover upstream add",
  summary: "Name the older system that a dialect's calls go to; its routes then pass through",
  args: {
    name: { type: "positional", required: true, description: "A name for it" },
    url: { type: "positional", required: true, description: "Its address, a sub-path included" },
    dialect: {
      type: "enum",
      options: ["go", "rust"],
      required: true,
      valueHint: "DIALECT",
      description: "go or rust",
    },
    "key-file": { type: "string", valueHint: "FILE", description: "Holds the credential that it is sent" },
    ...DATA_ARG,
  },
  examples: ["lakehouse cutover upstream add go http://127.0.0.1:4110 --dialect go"],
  run: async (args) => {
    const given: Upstream = {
      name: args.name,
      url: args.url,
      dialect: dialectName.parse(args.dialect),
      ...(args["key-file"] === undefined ? {} : { key_file: args["key-file"] }),
    };
    await changeLedger(ledgerPath(settingsOf({ data: args.data }).data), (before) =>
      withUpstream(before, given),
    );
    say(`${args.dialect} calls go to ${args.url}.`);
  },
});

const rm = command({
  name: "cutover upstream rm",
  summary: "Forget an upstream",
  args: { name: { type: "positional", required: true, description: "The upstream" }, ...DATA_ARG },
  examples: ["lakehouse cutover upstream rm go"],
  run: async (args) => {
    await changeLedger(ledgerPath(settingsOf({ data: args.data }).data), (before) =>
      withoutUpstream(before, args.name),
    );
    say(`Removed the upstream ${args.name}.`);
  },
});

const upstreams = command({
  name: "cutover upstream ls",
  summary: "List upstreams",
  args: ARGS,
  examples: ["lakehouse cutover upstream ls"],
  run: async (args) => {
    const { upstreams: rows } = await readLedger(ledgerPath(settingsOf({ data: args.data }).data));
    await emit<Upstream>(formatOf(args.output), {
      fields: [
        { name: "name", value: ({ name }) => name },
        { name: "dialect", value: ({ dialect }) => dialect },
        { name: "url", value: ({ url }) => url },
        { name: "key_file", value: ({ key_file }) => key_file },
      ],
      rows,
      empty: "There are no upstreams.",
    });
  },
});

const gates = command({
  name: "cutover gates",
  summary: "Set what must hold before this house answers a route",
  args: {
    "diff-rate": {
      type: "string",
      valueHint: "SHARE",
      description: "Of compared calls that may differ; 0.001",
    },
    "p99-ratio": { type: "string", valueHint: "X", description: "p99 here against the upstream's; 1.1" },
    hours: { type: "string", valueHint: "N", description: "Hours of comparison at least; 1" },
    share: { type: "string", valueHint: "SHARE", description: "Of calls that shadow compares; 0.1" },
    ...DATA_ARG,
  },
  examples: ["lakehouse cutover gates --hours 24 --diff-rate 0.001"],
  run: async (args) => {
    const given = {
      diff_rate_max: numberOf("--diff-rate", args["diff-rate"]),
      p99_ratio_max: numberOf("--p99-ratio", args["p99-ratio"]),
      hours_min: numberOf("--hours", args.hours),
      compared_share: numberOf("--share", args.share),
    };
    const after = await changeLedger(ledgerPath(settingsOf({ data: args.data }).data), (before) => ({
      ...before,
      gates: { ...limitsOf(before.gates), ...defined(given) },
    }));
    const { diff_rate_max, p99_ratio_max, hours_min } = limitsOf(after.gates);
    say(
      `At most ${diff_rate_max * 100} % of calls differ, p99 at most ${p99_ratio_max} times that of the upstream, after ${hours_min} hours.`,
    );
  },
});

function numberOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new UsageProblem(`${flag} is a number, not ${text}.`);
  return value;
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

const report = command({
  name: "cutover report",
  summary: "What the running house has compared: differences, gates, latencies",
  details: "Markdown, or JSON with --json. Values of replies are not in it: they may be personal data.",
  args: {
    ...DATA_ARG,
    url: { type: "string", valueHint: "URL", description: "Address of the house (LAKEHOUSE_URL)" },
    json: { type: "boolean", default: false, description: "JSON instead of Markdown" },
  },
  examples: ["lakehouse cutover report > report.md", "lakehouse cutover report --json"],
  run: async (args) => {
    const { send } = await connect(settingsOf({ data: args.data, url: args.url }));
    const answer = await send("GET", `/v1/cutover/report${args.json ? "" : "?format=markdown"}`);
    await write(typeof answer === "string" ? answer : `${JSON.stringify(answer, null, 2)}\n`);
  },
});

const upstream = group({
  name: "cutover upstream",
  summary: "The older systems that dialects' calls go to",
  examples: ["lakehouse cutover upstream ls"],
  commands: { ls: upstreams, add, rm },
  fallback: "ls",
});

export const cutover = group({
  name: "cutover",
  summary: "Move callers from an older system, route by route",
  examples: [
    "lakehouse cutover status",
    "lakehouse cutover flip go:matrix.search --to primary --why 'gates hold'",
  ],
  commands: {
    status,
    flip,
    native,
    report,
    gates,
    upstream,
    record,
    recordings,
    replay: replayCommand,
    dual,
    reconcile: reconcileCommand,
  },
  fallback: "status",
});

// `lakehouse trace`: the memory of how things were done: recorded, searched, shown with its history, retired, and told how
// it went.

import type { PathwayEvent, PathwayHit, Trace } from "#contracts/pathway";
import { CLIENT_ARGS, jsonObject, settingsOf, wholeNumber } from "../args.ts";
import { command, group } from "../command.ts";
import { allPages, connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { emit, type Field, formatOf, isForPeople, jsonText, pairLines } from "../terminal/output.ts";
import { counted, moment } from "../terminal/plain-text.ts";
import { say, write } from "../terminal/terminal.ts";

const ID_ARG = { id: { type: "positional", required: true, description: "The trace" } } as const;
const ACTOR_ARG = { actor: { type: "string", valueHint: "NAME", description: "Who says so" } } as const;
const OF_ARGS = {
  kind: { type: "string", valueHint: "KIND", description: "Only traces of this kind" },
  subject: { type: "string", valueHint: "TEXT", description: "Only traces about this" },
} as const;
const AS_OF_ARG = {
  "as-of": { type: "string", valueHint: "TIME", description: "As it was known then, RFC 3339" },
} as const;
const RETIRED_ARG = {
  retired: { type: "boolean", description: "Retired traces too" },
} as const;
const HITS_MAX = 100;

const add = command({
  name: "trace add",
  summary: "Record how something was done",
  details:
    "A near-duplicate of a trace of the same kind and subject becomes a version of it, or is merged into it; the reply says which.",
  args: {
    content: { type: "positional", required: true, description: "How it was done" },
    kind: { type: "string", required: true, valueHint: "KIND", description: "What sort of memory it is" },
    subject: { type: "string", required: true, valueHint: "TEXT", description: "What it is about" },
    task: { type: "string", required: true, valueHint: "TEXT", description: "What was to be done" },
    step: { type: "string", valueHint: "TEXT", description: "One step of it; may be repeated" },
    result: { type: "string", valueHint: "WORD", description: "What came of it; with --score" },
    score: { type: "string", valueHint: "N", description: "How well it went, 0 to 1; with --result" },
    metadata: { type: "string", valueHint: "JSON", description: "More about it, as a JSON object" },
    ...ACTOR_ARG,
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse trace add 'Called before texting; both came.' --kind order --subject 'Harbor Foods' --task 'Fill a night shift' --result filled --score 1",
  ],
  run: async (args, given) => {
    const { house } = await connect(settingsOf(args));
    const { content, kind, subject, task, result, score, actor, metadata } = args;
    if ((result === undefined) !== (score === undefined))
      throw new UsageProblem("--result and --score belong together: --result filled --score 1");
    const written = await house.pathwayd.add({
      kind,
      subject,
      task,
      content,
      steps: [...given.all("step")],
      ...(result === undefined ? {} : { outcome: { result, score: scoreOf(score) } }),
      ...(metadata === undefined ? {} : { metadata: jsonObject("--metadata", metadata) }),
      ...(actor === undefined ? {} : { actor }),
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(written));
    const { trace_id, version, action } = written;
    const what = {
      add: "It is new",
      update: `It became version ${version} of one that was there`,
      merge: "It was merged into one that says the same",
      noop: "It was there already, word for word",
    }[action];
    say(`${trace_id}: ${what}.`);
  },
});

const HITS: readonly Field<PathwayHit>[] = [
  { name: "trace_id", value: (hit) => hit.trace_id },
  { name: "version", align: "right", value: (hit) => hit.version },
  { name: "score", align: "right", value: (hit) => hit.score, show: (hit) => hit.score.toFixed(2) },
  { name: "subject", value: (hit) => hit.subject },
  { name: "content", value: (hit) => hit.content },
  { name: "why", value: (hit) => hit.why },
];

const search = command({
  name: "trace search",
  summary: "Find traces by words and meaning; what worked and is recent comes first among equals",
  many: true,
  args: {
    query: { type: "positional", required: true, description: "What is looked for" },
    k: { type: "string", alias: "k", valueHint: "N", description: "How many hits; 10 unless given" },
    ...OF_ARGS,
    ...AS_OF_ARG,
    ...RETIRED_ARG,
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse trace search 'night shift at short notice'",
    "lakehouse trace search pallets --kind order -x",
  ],
  run: async (args, given) => {
    const { house } = await connect(settingsOf(args));
    const k = wholeNumber("-k", args.k, 1, HITS_MAX);
    const found = await house.pathwayd.search({
      query: given.words.join(" "),
      ...(k === undefined ? {} : { k }),
      ...ofArgs(args),
      ...(args["as-of"] === undefined ? {} : { as_of: args["as-of"] }),
      include_retired: args.retired,
    });
    await emit(formatOf(args.output), {
      fields: HITS,
      rows: found.hits,
      json: found,
      empty: "No trace fits.",
    });
    if (isForPeople(formatOf(args.output)) && found.degraded !== undefined) say(found.degraded);
  },
});

const show = command({
  name: "trace show",
  summary: "Show a trace: the newest version, a given one, or as it was known at a moment",
  args: {
    ...ID_ARG,
    version: { type: "string", valueHint: "N", description: "This version" },
    ...AS_OF_ARG,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse trace show ID", "lakehouse trace show ID --as-of 2026-11-29T08:00:00Z"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const version = wholeNumber("--version", args.version, 1, Number.MAX_SAFE_INTEGER);
    const trace = await house.pathwayd.trace({
      trace_id: args.id,
      ...(version === undefined ? {} : { version }),
      ...(args["as-of"] === undefined ? {} : { as_of: args["as-of"] }),
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(trace));
    for (const line of pairLines(pairsOf(trace))) say(line);
  },
});

const TRACES: readonly Field<Trace>[] = [
  { name: "trace_id", value: (trace) => trace.trace_id },
  { name: "version", align: "right", value: (trace) => trace.version },
  { name: "kind", value: (trace) => trace.kind },
  { name: "subject", value: (trace) => trace.subject },
  { name: "task", value: (trace) => trace.task },
  { name: "uses", align: "right", value: (trace) => trace.use_count },
  { name: "success", align: "right", value: (trace) => trace.success_rate, show: (trace) => rate(trace) },
  { name: "recorded", value: (trace) => trace.recorded_at, show: (trace) => moment(trace.recorded_at) },
];

const ls = command({
  name: "trace ls",
  summary: "List traces, the newest first",
  args: { ...OF_ARGS, ...RETIRED_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse trace ls", "lakehouse trace ls --subject 'Harbor Foods'"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const rows = await allPages(
      (cursor) =>
        house.pathwayd.traces({ limit: 200, include_retired: args.retired, ...ofArgs(args), ...cursor }),
      (page) => page.traces,
    );
    await emit(formatOf(args.output), { fields: TRACES, rows, empty: "There are no traces yet." });
  },
});

const EVENTS: readonly Field<PathwayEvent>[] = [
  { name: "at", value: ({ at }) => at, show: ({ at }) => moment(at) },
  { name: "event", value: ({ event }) => event },
  { name: "version", align: "right", value: ({ version }) => version },
  { name: "actor", value: ({ actor }) => actor ?? "" },
  { name: "result", value: ({ outcome, reason }) => outcome?.result ?? reason ?? "" },
  { name: "score", align: "right", value: ({ outcome }) => outcome?.score ?? "" },
];

const history = command({
  name: "trace history",
  summary: "List everything that happened to a trace, the oldest first",
  args: { ...ID_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse trace history ID"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const rows = await allPages(
      (cursor) => house.pathwayd.history({ trace_id: args.id, limit: 1000, ...cursor }),
      (page) => page.events,
    );
    await emit(formatOf(args.output), { fields: EVENTS, rows });
  },
});

const retire = command({
  name: "trace retire",
  summary: "Take a trace out of searches; it stays readable with its history",
  args: {
    ...ID_ARG,
    reason: { type: "string", required: true, valueHint: "TEXT", description: "Why" },
    ...ACTOR_ARG,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse trace retire ID --reason 'The client changed its gate.'"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const { id: trace_id, reason, actor } = args;
    const retired = await house.pathwayd.retire({
      trace_id,
      reason,
      ...(actor === undefined ? {} : { actor }),
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(retired));
    say(`${trace_id} is retired.`);
  },
});

const feedback = command({
  name: "trace feedback",
  summary: "Say how it went when a trace was used",
  args: {
    ...ID_ARG,
    result: { type: "string", required: true, valueHint: "WORD", description: "What came of it" },
    score: { type: "string", required: true, valueHint: "N", description: "How well it went, 0 to 1" },
    ...ACTOR_ARG,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse trace feedback ID --result filled --score 1"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const { id: trace_id, result, score, actor } = args;
    const told = await house.pathwayd.feedback({
      trace_id,
      result,
      score: scoreOf(score),
      ...(actor === undefined ? {} : { actor }),
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(told));
    say(`${trace_id} has ${counted(told.use_count, "use")}, success ${rate(told)}.`);
  },
});

function ofArgs({
  kind,
  subject,
}: {
  readonly kind: string | undefined;
  readonly subject: string | undefined;
}): {
  kind?: string;
  subject?: string;
} {
  return { ...(kind === undefined ? {} : { kind }), ...(subject === undefined ? {} : { subject }) };
}

function scoreOf(text: string | undefined): number {
  const score = Number(text);
  if (text === undefined || text.trim() === "" || !(score >= 0 && score <= 1))
    throw new UsageProblem(`--score is a number from 0 to 1, not ${text ?? "nothing"}.`);
  return score;
}

function rate({ success_rate }: { readonly success_rate: number | null }): string {
  return success_rate === null ? "" : `${Math.round(success_rate * 100)} %`;
}

function pairsOf(trace: Trace): [string, unknown][] {
  const { trace_id, version, kind, subject, task, steps, content, outcome, retired, use_count } = trace;
  return [
    ["trace", trace_id],
    ["version", version],
    ["kind", kind],
    ["subject", subject],
    ["task", task],
    ["content", content],
    ...steps.map((step, at): [string, unknown] => [`step ${at + 1}`, step]),
    ...(outcome === undefined
      ? []
      : [["outcome", `${outcome.result} (${outcome.score})`] as [string, unknown]]),
    ["uses", use_count],
    ["success", rate(trace)],
    ["recorded", moment(trace.recorded_at)],
    ...(retired === undefined ? [] : [["retired", retired.reason] as [string, unknown]]),
  ];
}

export const trace = group({
  name: "trace",
  summary: "Record, search and show how things were done",
  examples: ["lakehouse trace search 'night shift'", "lakehouse trace ls"],
  commands: { add, search, show, ls, history, retire, feedback },
  fallback: "ls",
});

// `lakehouse truth`: what several sources say of the same things. Shows what holds of an entity, lists what contradicts,
// takes decisions and rules, and imports datasets as sources.

import type { House } from "#contracts/house";
import type { Belief, Imported, TruthRule, TruthValue } from "#contracts/truth";
import { present } from "#lib/assert";
import { CLIENT_ARGS, pair, settingsOf, wholeNumber } from "../args.ts";
import { command, group } from "../command.ts";
import { connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { emit, type Field, formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { cellText, count, counted, duration, moment } from "../terminal/plain-text.ts";
import { createProgress } from "../terminal/progress.ts";
import { say, write } from "../terminal/terminal.ts";

type Voice = Belief["supporting"][number];

/** What holds of an attribute, as a row. */
interface Held extends Belief {
  readonly entity: string;
  readonly attribute: string;
}

type ImportInput = Parameters<House["truthd"]["importEvents"]>[0];

const BELIEF: readonly Field<Held>[] = [
  { name: "attribute", value: ({ attribute }) => attribute },
  { name: "value", value: ({ value }) => value },
  { name: "status", value: ({ status }) => status },
  { name: "confidence", align: "right", value: ({ confidence }) => confidence, show: percent },
  { name: "by", value: ({ rule, supporting }) => `${rule}: ${sourcesOf(supporting)}` },
  { name: "against", value: ({ dissenting }) => dissenting.map(spoken).join("; ") },
  { name: "since", value: ({ since }) => since, show: ({ since }) => moment(since) },
];

const CONFLICT: readonly Field<Held>[] = [
  { name: "entity", value: ({ entity }) => entity },
  { name: "attribute", value: ({ attribute }) => attribute },
  { name: "likeliest", value: ({ value }) => value },
  { name: "said by", value: ({ supporting }) => sourcesOf(supporting) },
  { name: "others say", value: ({ dissenting }) => dissenting.map(spoken).join("; ") },
  {
    name: "decided before",
    value: ({ reopened }) => (reopened === undefined ? "" : cellText(reopened.value)),
  },
];

const RULES: readonly Field<TruthRule>[] = [
  { name: "attribute", value: ({ attribute }) => attribute },
  { name: "sources", value: ({ sources = [] }) => sources.join(" > ") },
  {
    name: "majority",
    value: ({ majority = false }) => majority,
    show: ({ majority }) => (majority === true ? "yes" : ""),
  },
  { name: "half_life_days", align: "right", value: ({ half_life_days }) => half_life_days },
  { name: "tolerance", align: "right", value: ({ tolerance }) => tolerance },
  { name: "normaliser", value: ({ normaliser }) => normaliser },
];

function percent({ confidence }: Held): string {
  return `${Math.round(confidence * 100)} %`;
}

function sourcesOf(voices: readonly Voice[]): string {
  return [...new Set(voices.map(({ source }) => source))].join(", ");
}

function spoken({ source, value }: Voice): string {
  return `${source} ${cellText(value)}`;
}

const show = command({
  name: "truth show",
  summary: "Show what holds of an entity, and which sources say so",
  args: {
    entity: { type: "positional", description: "The entity, such as worker:w-001" },
    "as-of": {
      type: "string",
      valueHint: "TIME",
      description: "As it was believed at that time, RFC 3339: 2026-11-21T09:00:00Z",
    },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse truth show worker:w-001",
    "lakehouse truth show worker:w-001 --as-of 2026-11-01T00:00:00Z",
  ],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const asOf = args["as-of"];
    const found = await house.truthd.entity({
      entity: args.entity,
      ...(asOf === undefined ? {} : { as_of: timeOf("--as-of", asOf) }),
    });
    const rows = Object.entries(found.attributes).map(([attribute, belief]) => ({
      entity: found.entity,
      attribute,
      ...belief,
    }));
    const format = formatOf(args.output);
    await emit(format, { fields: BELIEF, rows, json: found });
    if (!isForPeople(format)) return;
    const open = rows.find(({ status }) => status === "conflict");
    if (open !== undefined) {
      say(
        `\nDecide what holds: lakehouse truth decide ${args.entity} ${open.attribute} VALUE --actor NAME --reason TEXT`,
      );
    }
  },
});

/** Pages of a list that a person reads. */
const PAGES_MAX = 100;
const SHOWN_DEFAULT = 100;

const conflicts = command({
  name: "truth conflicts",
  summary: "List what sources contradict each other about and nothing settles",
  args: {
    attribute: { type: "string", alias: "a", valueHint: "NAME", description: "Of this attribute only" },
    limit: { type: "string", alias: "n", valueHint: "N", description: "How many at most; 100 unless given" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse truth conflicts", "lakehouse truth conflicts --attribute phone -o csv"],
  run: async (args) => {
    const limit = wholeNumber("--limit", args.limit, 1, 100_000) ?? SHOWN_DEFAULT;
    const { house } = await connect(settingsOf(args));
    const rows: Held[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < PAGES_MAX && rows.length < limit; pages += 1) {
      const page = await house.truthd.conflicts({
        limit: Math.min(1000, limit - rows.length),
        cursor,
        ...(args.attribute === undefined ? {} : { attribute: args.attribute }),
      });
      rows.push(...page.conflicts);
      cursor = page.next_cursor;
      if (cursor === undefined) break;
    }
    const format = formatOf(args.output);
    await emit(format, {
      fields: CONFLICT,
      rows,
      json: rows,
      empty: "No source contradicts another, or rules and decisions settle it.",
    });
    if (isForPeople(format) && cursor !== undefined)
      say(`\nThere may be more: lakehouse truth conflicts --limit ${limit * 10}`);
  },
});

const decide = command({
  name: "truth decide",
  summary: "Decide what holds of an attribute",
  details:
    "The decision is kept until a source contradicts it by something that it observed afterwards. VALUE is text; with --number it is a number, with --none the entity has no value.",
  args: {
    entity: { type: "positional", description: "The entity" },
    attribute: { type: "positional", description: "The attribute" },
    value: { type: "positional", required: false, description: "What holds" },
    number: { type: "boolean", description: "VALUE is a number" },
    none: { type: "boolean", description: "There is no value" },
    actor: { type: "string", required: true, valueHint: "NAME", description: "The person who decides" },
    reason: { type: "string", required: true, valueHint: "TEXT", description: "Why" },
    ...CLIENT_ARGS,
  },
  examples: [
    'lakehouse truth decide worker:w-001 phone 217-555-0134 --actor Dana --reason "Called the number"',
  ],
  run: async (args) => {
    const value = decidedValue(args.value, args.number === true, args.none === true);
    const { house } = await connect(settingsOf(args));
    const { entity, attribute, actor, reason } = args;
    const decision = await house.truthd.decide({ entity, attribute, value, actor, reason });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(decision));
    say(`${entity}: ${attribute} is ${value === null ? "no value" : cellText(value)}, as ${actor} decided.`);
  },
});

function decidedValue(text: string | undefined, isNumber: boolean, isNone: boolean): TruthValue {
  if (isNone && text === undefined) return null;
  if (text === undefined || isNone) {
    throw new UsageProblem(
      "Give either VALUE or --none: lakehouse truth decide ENTITY ATTRIBUTE VALUE --actor NAME --reason TEXT",
    );
  }
  if (!isNumber) return text;
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number))
    throw new UsageProblem(`VALUE is a number with --number, not ${text}.`);
  return number;
}

const importRows = command({
  name: "truth import",
  summary: "Record the rows of a dataset as what a source says",
  details:
    "Each row claims, of the entity that --key names, a value for each attribute; empty cells claim nothing. The same import of the same data again records nothing. Without --map every column but the key is an attribute of its own name.",
  args: {
    dataset: { type: "positional", description: "The dataset" },
    key: {
      type: "string",
      required: true,
      valueHint: "COLUMN",
      description: "The column that names the entity",
    },
    source: { type: "string", required: true, valueHint: "NAME", description: "Who says so: crm, payroll" },
    prefix: { type: "string", valueHint: "TEXT", description: "Put before the key: worker:" },
    map: { type: "string", valueHint: "ATTRIBUTE=COLUMN", description: "An attribute (may be repeated)" },
    "observed-at": {
      type: "string",
      valueHint: "TIME|COLUMN",
      description: "When the source saw it so; when the data was loaded unless given",
    },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse truth import workers --key worker_id --prefix worker: --source roster",
    "lakehouse truth import payroll --key id --prefix worker: --source payroll --map phone=phone_no --observed-at updated",
  ],
  run: async (args, given) => {
    const { house } = await connect(settingsOf(args));
    const pairs = given.all("map").map((text) => pair("--map", text));
    const mapping = Object.fromEntries(
      pairs.length > 0 ? pairs : (await columnsOf(house, args.dataset)).filter(([name]) => name !== args.key),
    );
    const observedAt = args["observed-at"];
    const done = await importWithProgress(house, {
      dataset: args.dataset,
      entity_key: args.key,
      entity_prefix: args.prefix ?? "",
      mapping,
      source: args.source,
      ...(observedAt === undefined ? {} : { observed_at: observedAt }),
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(done));
    say(sentenceOf(done));
  },
});

async function columnsOf(house: House, dataset: string): Promise<[string, string][]> {
  const { columns } = await house.catalogd.dataset({ dataset });
  return columns.map(({ name }) => [name, name]);
}

async function importWithProgress(house: House, input: ImportInput): Promise<Imported> {
  const progress = createProgress();
  const interrupt = watchInterrupt();
  try {
    let done: Imported | undefined;
    for await (const step of house.truthd.importEvents(input, { signal: interrupt.signal })) {
      if (step.event === "done") {
        const { event: _event, ...imported } = step;
        done = imported;
      } else {
        const text = `${input.dataset}: ${count(step.claims)} claims of ${count(step.rows)} rows`;
        progress.show(text, step.rows_total === 0 ? undefined : step.rows / step.rows_total);
      }
    }
    return present(done, "the end of an import");
  } finally {
    interrupt.stop();
    progress.end();
  }
}

function sentenceOf({
  dataset,
  rows,
  accepted,
  duplicates,
  empty,
  skipped,
  replayed,
  took_ms,
}: Imported): string {
  if (replayed)
    return `This import of ${dataset} was done before: ${counted(accepted, "claim")} then, none now.`;
  const more = [
    ...(duplicates > 0 ? [`${count(duplicates)} were known`] : []),
    ...(empty > 0 ? [`${counted(empty, "cell")} empty`] : []),
    ...(skipped > 0 ? [`${counted(skipped, "cell")} without a key, a time or a short enough value`] : []),
  ];
  const rest = more.length === 0 ? "" : `; ${more.join(", ")}`;
  return `${counted(accepted, "claim")} of ${counted(rows, "row")} recorded in ${duration(took_ms)}${rest}.`;
}

const NORMALISERS = ["none", "text", "phone", "email", "name", "address"] as const;

const rules = command({
  name: "truth rules",
  summary: "List the rules, or say how contradictions about an attribute are settled",
  details:
    "The ranking of sources decides first, then the majority, then recency. A rule takes the place of the attribute's last one.",
  args: {
    attribute: { type: "positional", required: false, description: "The attribute a rule is for" },
    sources: { type: "string", valueHint: "A,B", description: "Sources from the most trusted one" },
    majority: { type: "boolean", description: "What more than half of the sources say holds" },
    "half-life": { type: "string", valueHint: "DAYS", description: "A claim counts half after so many days" },
    tolerance: { type: "string", valueHint: "N", description: "Numbers within so much of each other agree" },
    normaliser: {
      type: "enum",
      options: [...NORMALISERS],
      valueHint: "KIND",
      description: `How values are compared: ${NORMALISERS.join(", ")}`,
    },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse truth rules", "lakehouse truth rules phone --normaliser phone --sources payroll,crm"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const format = formatOf(args.output);
    if (args.attribute === undefined) {
      const { rules } = await house.truthd.rules({});
      const empty =
        "There are no rules yet: whatever differs is a conflict. Make one: lakehouse truth rules phone --normaliser phone";
      return emit(format, { fields: RULES, rows: rules, json: rules, empty });
    }
    const sources = args.sources?.split(",").filter((source) => source.trim() !== "");
    const halfLife = decimal("--half-life", args["half-life"]);
    const tolerance = decimal("--tolerance", args.tolerance);
    const rule = await house.truthd.putRule({
      attribute: args.attribute,
      ...(sources === undefined ? {} : { sources: sources.map((source) => source.trim()) }),
      ...(args.majority === true ? { majority: true } : {}),
      ...(halfLife === undefined ? {} : { half_life_days: halfLife }),
      ...(tolerance === undefined ? {} : { tolerance }),
      ...(args.normaliser === undefined ? {} : { normaliser: args.normaliser }),
    });
    if (!isForPeople(format)) return write(jsonText(rule));
    say(`Contradictions about ${rule.attribute} are settled that way from now on.`);
  },
});

function decimal(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || number < 0) {
    throw new UsageProblem(`${flag} is a number from 0, not ${text}.`);
  }
  return number;
}

function timeOf(flag: string, text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new UsageProblem(`${flag} is a time such as 2026-11-21T09:00:00Z, not ${text}.`);
  // What an answer says of its own time has more digits than a Date.
  return /^\d{4}-\d{2}-\d{2}T.+(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? text : new Date(ms).toISOString();
}

const exportTruth = command({
  name: "truth export",
  summary: "Write what holds as a dataset, for SQL",
  details:
    "A row for each entity and attribute. Afterwards, for example: lakehouse sql 'SELECT status, count(*) FROM truth GROUP BY 1'",
  args: {
    dataset: {
      type: "string",
      alias: "d",
      valueHint: "NAME",
      description: "The dataset; truth unless given",
    },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse truth export", "lakehouse truth export --dataset truth_monday"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const done = await house.truthd.export({
      dataset: args.dataset,
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(done));
    say(`${counted(done.rows, "row")} written to ${done.dataset} in ${duration(done.took_ms)}.`);
  },
});

export const truth = group({
  name: "truth",
  summary: "See what holds of what several sources say, and settle what they contradict each other about",
  examples: ["lakehouse truth worker:w-001", "lakehouse truth conflicts", "lakehouse truth rules"],
  commands: { show, conflicts, decide, import: importRows, rules, export: exportTruth },
  fallback: "conflicts",
  takesName: "show",
});

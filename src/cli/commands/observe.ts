// `lakehouse observe`: what happened in a house. Lists and follows events, shows what was dropped, and the alert rules.

import type { House } from "#contracts/house";
import { EVENT_LEVELS, type Alert, type ObservedEvent } from "#contracts/observe";
import { CLIENT_ARGS, settingsOf, wholeNumber } from "../args.ts";
import { command, group } from "../command.ts";
import { connect } from "../connect.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { emit, type Field, formatOf, isForPeople, jsonText, pairLines } from "../terminal/output.ts";
import { count, counted, moment, safe, size } from "../terminal/plain-text.ts";
import { say, write } from "../terminal/terminal.ts";

const EVENTS: readonly Field<ObservedEvent>[] = [
  { name: "at", value: ({ at }) => at, show: ({ at }) => moment(at) },
  { name: "level", value: ({ level }) => level },
  { name: "source", value: ({ source }) => source },
  { name: "kind", value: ({ kind }) => kind },
  { name: "subject", value: ({ subject }) => subject },
  { name: "data", value: ({ data }) => data },
];

const ALERTS: readonly Field<Alert>[] = [
  { name: "rule", value: ({ rule }) => rule },
  { name: "state", value: ({ state }) => state },
  { name: "measure", value: ({ measure }) => measure },
  { name: "of", value: ({ source, kind }) => [source, kind].filter((part) => part !== undefined).join(" ") },
  { name: "value", align: "right", value: ({ value }) => value },
  { name: "threshold", align: "right", value: ({ threshold }) => threshold },
  { name: "since", value: ({ since }) => since, show: ({ since }) => moment(since) },
];

const FILTER_ARGS = {
  source: {
    type: "string",
    alias: "s",
    valueHint: "NAME",
    description: "Of this source only: gateway, chatd",
  },
  kind: {
    type: "string",
    alias: "k",
    valueHint: "KIND",
    description: "Of this kind only: request, chat, alert",
  },
  level: {
    type: "enum",
    options: [...EVENT_LEVELS],
    valueHint: "LEVEL",
    description: "This level and those above it",
  },
} as const;

interface Filter {
  readonly source?: string | undefined;
  readonly kind?: string | undefined;
  readonly level?: ObservedEvent["level"] | undefined;
}

function filterOf({ source, kind, level }: Filter): Filter {
  return {
    ...(source === undefined ? {} : { source }),
    ...(kind === undefined ? {} : { kind }),
    ...(level === undefined ? {} : { level }),
  };
}

const events = command({
  name: "observe events",
  summary: "List the newest events",
  args: {
    ...FILTER_ARGS,
    limit: { type: "string", alias: "n", valueHint: "N", description: "How many; 50 unless given" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse observe events", "lakehouse observe events --level error -n 200"],
  run: async (args) => {
    const limit = wholeNumber("--limit", args.limit, 1, 1000) ?? 50;
    const { house } = await connect(settingsOf(args));
    const page = await house.observerd.events({ ...filterOf(args), limit });
    const empty = "No such events were recorded yet.";
    await emit(formatOf(args.output), { fields: EVENTS, rows: page.events, json: page, empty });
  },
});

const tail = command({
  name: "observe tail",
  summary: "Follow events as they come, until Ctrl-C",
  args: { ...FILTER_ARGS, ...CLIENT_ARGS },
  examples: ["lakehouse observe tail", "lakehouse observe tail --source gateway --level warn"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const forPeople = isForPeople(formatOf(args.output));
    const interrupt = watchInterrupt();
    try {
      await follow(house, filterOf(args), forPeople, interrupt.signal);
    } catch (error) {
      if (!interrupt.signal.aborted) throw error;
    } finally {
      interrupt.stop();
    }
  },
});

async function follow(house: House, filter: Filter, forPeople: boolean, signal: AbortSignal): Promise<void> {
  for await (const step of house.observerd.tail(filter, { signal })) {
    if (step.event === "begin") continue;
    if (step.event === "missed")
      say(`... ${counted(step.count, "event")} came faster than they could be shown ...`);
    else await write(forPeople ? `${lineOf(step)}\n` : `${JSON.stringify(step)}\n`);
  }
}

function lineOf({ at, level, source, kind, subject, data }: ObservedEvent): string {
  const what = [source, kind, subject].filter((part) => part !== undefined).join(" ");
  const facts = Object.entries(data).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return safe(`${at.slice(11, 23)} ${level.padEnd(5)} ${what} ${facts.join(" ")}`);
}

const stats = command({
  name: "observe stats",
  summary: "Show what was received, dropped, kept and exported",
  args: CLIENT_ARGS,
  examples: ["lakehouse observe stats"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const found = await house.observerd.stats({});
    if (!isForPeople(formatOf(args.output))) return write(jsonText(found));
    const { received, dropped, unwritten, by_source, memory, disk, exporters, alerts_firing } = found;
    await write(
      `${pairLines([
        ["Received", counted(received, "event")],
        ["Dropped", count(dropped)],
        ["In memory", `${counted(memory.events, "event")}, ${size(memory.bytes)}`],
        [
          "On disk",
          `${size(disk.bytes)} of ${size(disk.bytes_max)}${disk.problem === undefined ? "" : `. ${disk.problem}`}`,
        ],
        ...(unwritten > 0 ? [["Not written", count(unwritten)] as const] : []),
        ...(disk.damaged_lines > 0 ? [["Damaged on disk", count(disk.damaged_lines)] as const] : []),
        ["Alerts firing", count(alerts_firing)],
        ...Object.entries(by_source).map(
          ([source, { events, errors }]) =>
            [source, `${counted(events, "event")}, ${counted(errors, "error")}`] as const,
        ),
        ...exporters.map(
          ({ name, sent, dropped, last_error }) =>
            [
              `To ${name}`,
              `${count(sent)} sent, ${count(dropped)} dropped${last_error === undefined ? "" : `. ${last_error}`}`,
            ] as const,
        ),
      ]).join("\n")}\n`,
    );
  },
});

const alerts = command({
  name: "observe alerts",
  summary: "List alert rules and the state each is in",
  args: CLIENT_ARGS,
  examples: ["lakehouse observe alerts", "lakehouse observe alerts -o json"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const { rules } = await house.observerd.rules({});
    const empty =
      "There are no alert rules yet. Define one: PUT /v1/observer/rules/errors with " +
      '{"measure":"error_rate","source":"gateway","threshold":0.05}';
    await emit(formatOf(args.output), { fields: ALERTS, rows: rules, json: rules, empty });
  },
});

export const observe = group({
  name: "observe",
  summary: "See what happened in a house: events, what was dropped, alerts",
  examples: ["lakehouse observe", "lakehouse observe tail", "lakehouse observe alerts"],
  commands: { events, tail, stats, alerts },
  fallback: "events",
});

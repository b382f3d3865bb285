// `lakehouse health`: how full the queues of each service are, and how often its caches had what was asked for.

import type { HouseHealth, ServiceHealth } from "#edge/health";
import type { CacheFigures, QueueFigures } from "#lib/figures";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { emit, type Field, formatOf } from "../terminal/output.ts";
import { count, size } from "../terminal/plain-text.ts";

interface Line {
  readonly service: string;
  readonly kind: "queue" | "cache";
  readonly name: string;
  readonly used: number;
  readonly limit: number;
  readonly running?: number | undefined;
  /** What may run at once. */
  readonly atOnce?: number | undefined;
  readonly inBytes: boolean;
  /** Of what was asked for; undefined before anything was. */
  readonly hitRate?: number | undefined;
}

const amount = ({ inBytes }: Line, value: number): string => (inBytes ? size(value) : count(value));

const countOf = (value: number | undefined): string => (value === undefined ? "" : count(value));

const FIELDS: readonly Field<Line>[] = [
  { name: "service", value: ({ service }) => service },
  { name: "kind", value: ({ kind }) => kind },
  { name: "of", value: ({ name }) => name },
  { name: "used", align: "right", value: ({ used }) => used, show: (line) => amount(line, line.used) },
  { name: "limit", align: "right", value: ({ limit }) => limit, show: (line) => amount(line, line.limit) },
  {
    name: "running",
    align: "right",
    value: ({ running }) => running ?? null,
    show: ({ running }) => countOf(running),
  },
  {
    name: "at_once",
    align: "right",
    value: ({ atOnce }) => atOnce ?? null,
    show: ({ atOnce }) => countOf(atOnce),
  },
  {
    name: "hit_rate",
    align: "right",
    value: ({ hitRate }) => hitRate ?? null,
    show: ({ hitRate }) => (hitRate === undefined ? "" : `${Math.round(hitRate * 100)} %`),
  },
];

export const health = command({
  name: "health",
  summary: "Show the queues and the caches of each service: how full, and how often a cache helps",
  details:
    "A queue is waiting work against what it takes; beyond that callers are told to come back. Counts are since the start of a process. `lakehouse status` says whether each service is well.",
  args: CLIENT_ARGS,
  examples: ["lakehouse health", "lakehouse health -o json"],
  run: async (args) => {
    const connection = await connect(settingsOf(args));
    const house = (await connection.get("/v1/health")) as HouseHealth;
    await emit(formatOf(args.output), { fields: FIELDS, rows: linesOf(house) });
  },
});

function linesOf({ services, gateway }: HouseHealth): Line[] {
  const all: Readonly<Record<string, Pick<ServiceHealth, "queues" | "caches">>> = { gateway, ...services };
  return Object.entries(all).flatMap(([service, { queues = {}, caches = {} }]) => [
    ...Object.entries(queues).map(([name, queue]) => queueLine(service, name, queue)),
    ...Object.entries(caches).map(([name, cache]) => cacheLine(service, name, cache)),
  ]);
}

function queueLine(service: string, name: string, queue: QueueFigures): Line {
  const { waiting, waiting_max, running, running_max } = queue;
  return {
    service,
    kind: "queue",
    name,
    used: waiting,
    limit: waiting_max,
    inBytes: false,
    running,
    atOnce: running_max,
  };
}

function cacheLine(service: string, name: string, { used, max, unit, hits, misses }: CacheFigures): Line {
  return {
    service,
    kind: "cache",
    name,
    used,
    limit: max,
    inBytes: unit === "bytes",
    hitRate: hits + misses === 0 ? undefined : hits / (hits + misses),
  };
}

// `lakehouse status`: the health of a house, service by service.

import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { EXIT } from "../failure.ts";
import { emit, type Field, formatOf, isForPeople } from "../terminal/output.ts";
import { duration } from "../terminal/plain-text.ts";
import { say } from "../terminal/terminal.ts";
import type { HouseHealth } from "#edge/health";

interface Line {
  readonly part: string;
  readonly status: string;
  readonly latencyMs?: number;
  readonly detail: string;
}

const FIELDS: readonly Field<Line>[] = [
  { name: "part", value: ({ part }) => part },
  { name: "status", value: ({ status }) => status },
  {
    name: "latency_ms",
    align: "right",
    value: ({ latencyMs }) => latencyMs,
    show: ({ latencyMs }) => (latencyMs === undefined ? "" : duration(latencyMs)),
  },
  { name: "detail", value: ({ detail }) => detail },
];

export const status = command({
  name: "status",
  summary: "Show the health of a house and of each service",
  details: "Exits with 5 when no house runs, and with 1 when a part of it is not ok.",
  args: CLIENT_ARGS,
  examples: [
    "lakehouse status",
    "lakehouse status -o json",
    "lakehouse status --url https://lakehouse.example.com",
  ],
  run: async (args) => {
    const connection = await connect(settingsOf(args));
    const health = (await connection.get("/v1/health")) as HouseHealth;
    const format = formatOf(args.output);
    await emit(format, { fields: FIELDS, rows: linesOf(health), json: { url: connection.url, ...health } });
    if (isForPeople(format)) {
      say(
        `${connection.url}: ${health.status}, version ${health.version}, ${health.topology === "together" ? "one process" : "one process per service"}.`,
      );
    }
    return health.status === "ok" ? EXIT.ok : EXIT.failure;
  },
});

function linesOf(health: HouseHealth): Line[] {
  const store = health.probes.object_store as {
    status?: string;
    backend?: string;
    base_uri?: string;
    detail?: string;
  };
  return [
    ...Object.entries(health.services).map(([part, { status, latency_ms, detail = "" }]) => ({
      part,
      status,
      latencyMs: latency_ms,
      detail,
    })),
    {
      part: "objects",
      status: store.status ?? "down",
      detail: store.detail ?? `${store.backend}: ${store.base_uri}`,
    },
  ];
}

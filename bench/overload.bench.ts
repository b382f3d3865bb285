// What is left of a house that is asked for ten times what it can do. Its peak is found by a closed loop; then ten
// times that arrive as an open loop over thousands of connections, while somebody else asks for /health. What counts:
// answers beside the peak, what the others were told, and how late /health is.
//
// The generator shares the machine. Ten times a dear question (SQL) are easily offered, over more connections than
// the house lets wait. Ten times a cheap one are more than a second core can send, so there the house is pressed as
// hard as the generator can: every connection has a request waiting at all times, and `asked_per_second` is what
// arrived. What the generator takes from the house shows in the answers a second. It does not show in the answers
// for each second of the house's own CPU time, which count in what refusing costs, and what thousands of connections
// cost beside a few: those are held against the peak. What the connections alone cost shows in `bare_ratio`, which is
// the same of a server that does nothing. Beside /health another such server is asked: as late as
// that is the machine.

import { assert, present } from "#lib/assert";
import { csvOf, roster } from "./data/roster.ts";
import { runLoad } from "./load/load-run.ts";
import { type LoadRequest, type LoadResult, measure } from "./load/load.ts";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { handedFile } from "./servers/handed-file.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";
import { type ServerProcess, startServer } from "./servers/server-process.ts";

const TIMES = 10;
const GOODPUT_SHARE_MIN = 0.9;
const HEALTH_MS_MAX = 50;
/** One look every 10 ms, by a few who do not wait for each other. */
const HEALTH_PER_SECOND = 100;
const HEALTH_CLIENTS = 8;
const WORKERS = 200;

interface Question {
  readonly name: string;
  readonly requests: readonly LoadRequest[];
  /** As many as find the peak. */
  readonly clients: number;
  /** Connections of the overload: requests that can wait at once. */
  readonly crowd: number;
}

const QUESTIONS: readonly Question[] = [
  {
    name: "embed, cached",
    requests: ["forklift operator in Dallas, TX", "line cook, Friday banquet", "welder, second shift"].map(
      (text) => ({ path: "/v1/embed", body: JSON.stringify({ texts: [text] }) }),
    ),
    clients: 32,
    crowd: 1000,
  },
  {
    name: "sql",
    requests: [
      {
        path: "/v1/sql",
        body: JSON.stringify({ sql: "select state, count(*) as workers from workers group by state" }),
      },
    ],
    clients: 16,
    crowd: 4000,
  },
];

export const bench: Bench = {
  name: "overload",
  summary: `${TIMES} times what the house can answer, over up to 4,000 connections, with /health asked beside it`,
  rows,
};

async function rows(settings: Settings): Promise<Row[]> {
  const found: Row[] = [];
  const file = handedFile(["idle"]);
  const idle = await startServer(import.meta.resolve("./servers/bare-replies.ts"), file.path);
  for (const topology of ["together", "apart"] as const) {
    const house = await startHouse({ apart: topology === "apart" });
    try {
      await house.call("POST", "/v1/ingest?dataset=workers", csvOf(roster(WORKERS)));
      for (const question of QUESTIONS) {
        found.push(...(await press(house, idle, topology, question, settings)));
      }
    } finally {
      await house.stop();
    }
  }
  await idle.stop();
  file.remove();
  return found;
}

interface Pressed {
  readonly load: LoadResult;
  readonly healthP99Ms: number;
  readonly idleP99Ms: number;
}

async function press(
  house: HouseProcess,
  idle: ServerProcess,
  topology: string,
  { name, requests, clients, crowd }: Question,
  { seconds, rounds }: Settings,
): Promise<Row[]> {
  let peakPerSecond = 0;
  const pids = (): number[] => house.pids();
  const peak = async (): Promise<Pressed> => {
    const load = sound(
      await measure({ target: { url: house.url }, clients, seconds, bodies: requests, pids: pids() }),
    );
    peakPerSecond = load.per_second;
    return { load, healthP99Ms: 0, idleP99Ms: 0 };
  };
  const overload = async (): Promise<Pressed> => {
    assert(peakPerSecond > 0, "the peak is found first");
    const look = (url: string): Promise<LoadResult> =>
      runLoad({
        target: { url },
        clients: HEALTH_CLIENTS,
        seconds,
        rate: HEALTH_PER_SECOND,
        bodies: [{ path: "/health" }],
      });
    const [load, health, beside] = await Promise.all([
      measure({
        target: { url: house.url },
        clients: crowd,
        seconds,
        rate: peakPerSecond * TIMES,
        timeoutMs: 2000,
        bodies: requests,
        pids: pids(),
      }),
      look(house.url),
      look(idle.url),
    ]);
    const strange = Object.keys(load.statuses).filter((status) => status !== "200" && status !== "503");
    assert(strange.length === 0, `a reply was neither an answer nor a refusal: ${strange.join(", ")}`);
    const lost = Object.entries(load.failures).filter(([why]) => why !== "not_sent" && why !== "timeout");
    assert(lost.length === 0, `a connection was lost: ${JSON.stringify(lost)}`);
    return { load, healthP99Ms: sound(health).p99_ms, idleP99Ms: sound(beside).p99_ms };
  };
  const bare = (connections: number) => async (): Promise<Pressed> => {
    const plan = { target: { url: idle.url }, clients: connections, seconds, pids: [idle.pid] };
    const load = sound(await measure({ ...plan, bodies: [{ path: "/health" }] }));
    return { load, healthP99Ms: 0, idleP99Ms: 0 };
  };
  const results = await inTurns(rounds, { peak, overload, bareFew: bare(clients), bareCrowd: bare(crowd) });
  const asked = ({ load }: Pressed): number => (load.requests + (load.statuses["503"] ?? 0)) / load.seconds;
  const refused = ({ load }: Pressed): number => (load.statuses["503"] ?? 0) / load.seconds;
  const perCpuSecond = ({ load }: Pressed): number => {
    const replies = load.requests + (load.statuses["503"] ?? 0);
    const cpuUs = present(load.server_cpu_us_per_request, "CPU time, from /proc,") * replies;
    return (load.requests * 1e6) / cpuUs;
  };
  const compared = (of: (pressed: Pressed) => number) => ({
    subject: spreadOf(results.overload.map(of)),
    reference: { name: "the peak", figure: medianOf(results.peak.map(of)) },
    ratio: ratioOf(results.overload, results.peak, of),
  });
  const bar = { of: "ratio", is: ">=", limit: GOODPUT_SHARE_MIN } as const;
  return [
    {
      name: `${name}, ${topology}: answers`,
      unit: "answers/s",
      ...compared(({ load }) => load.per_second),
      bar,
      figures: {
        asked_per_second: medianOf(results.overload.map(asked)),
        refused_per_second: medianOf(results.overload.map(refused)),
        load_cpu_us_per_request: medianOf(results.overload.map(({ load }) => load.load_cpu_us_per_request)),
      },
    },
    {
      name: `${name}, ${topology}: answers for its CPU`,
      unit: "answers/CPU second",
      ...compared(perCpuSecond),
      bar,
      figures: { bare_ratio: ratioOf(results.bareCrowd, results.bareFew, perCpuSecond).median },
    },
    {
      name: `${name}, ${topology}: /health p99`,
      unit: "ms",
      subject: spreadOf(results.overload.map(({ healthP99Ms }) => healthP99Ms)),
      reference: {
        name: "an idle server",
        figure: medianOf(results.overload.map(({ idleP99Ms }) => idleP99Ms)),
      },
      ratio: ratioOf(
        results.overload.map(({ healthP99Ms }) => healthP99Ms),
        results.overload.map(({ idleP99Ms }) => idleP99Ms),
        (ms) => ms,
      ),
      bar: { of: "figure", is: "<=", limit: HEALTH_MS_MAX },
      figures: {},
    },
  ];
}

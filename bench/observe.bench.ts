// What reporting costs those who report. An event offered to a recorder that is dead, hangs, or takes it, in microseconds of the
// caller; and the main path of a house apart, a list of datasets over HTTP by 8 clients, while its recorder hangs (stopped
// by a signal), against the same while it runs.

import { readFileSync } from "node:fs";
import { observing, type Observer } from "#topology/observing";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const EVENTS = 200_000;
const EVENT_US_MAX = 5;
const CLIENTS = 8;
/** A daemon that hangs is restarted after two liveness probes of 2 s. */
const ROUND_MS = 1500;
const RATIO_MAX = 1.05;

export const bench: Bench = {
  name: "observe",
  summary: "What an event costs its sender, and the main path of a house whose recorder hangs",
  rows,
};

async function rows({ rounds }: Settings): Promise<Row[]> {
  return [await offers(rounds), await mainPath(rounds)];
}

const RECORDERS: Readonly<Record<string, Observer["recordBatch"]>> = {
  running: () => Promise.resolve({ dropped: 0 }),
  dead: () => Promise.reject(new Error("ECONNREFUSED")),
  hanging: () => new Promise<never>(() => undefined),
};

async function offers(rounds: number): Promise<Row> {
  const took: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, recordBatch] of Object.entries(RECORDERS)) {
      const { observe, close } = observing({ recordBatch });
      const started = performance.now();
      for (let at = 0; at < EVENTS; at += 1) {
        observe({ source: "bench", kind: "offer", data: { at, took_ms: 1.5 } });
        // As between requests: what was offered may go out.
        if (at % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      (took[name] ??= []).push(((performance.now() - started) * 1000) / EVENTS);
      await close();
    }
  }
  return {
    name: "an event, to its sender",
    unit: "us",
    subject: spreadOf(Object.values(took).flat()),
    reference: null,
    ratio: null,
    bar: { of: "figure", is: "<=", limit: EVENT_US_MAX },
    figures: Object.fromEntries(
      Object.entries(took).map(([name, figures]) => [`${name}_us`, medianOf(figures)]),
    ),
  };
}

async function mainPath(rounds: number): Promise<Row> {
  const house = await startHouse({ apart: true });
  try {
    await p99Ms(house);
    const { hanging, running } = await inTurns(rounds, {
      running: () => p99Ms(house),
      hanging: async () => {
        const pid = observerPid(house);
        process.kill(pid, "SIGSTOP");
        try {
          return await p99Ms(house);
        } finally {
          process.kill(pid, "SIGCONT");
        }
      },
    });
    return {
      name: "p99 of requests while the recorder hangs",
      unit: "ms",
      subject: spreadOf(hanging),
      reference: { name: "while it runs", figure: medianOf(running) },
      ratio: ratioOf(hanging, running, (ms) => ms),
      bar: { of: "ratio", is: "<=", limit: RATIO_MAX },
      figures: {},
    };
  } finally {
    await house.stop();
  }
}

function observerPid(house: HouseProcess): number {
  const pid = house.pids().find((pid) => {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes("serve") && words.includes("observerd");
  });
  if (pid === undefined) throw new Error("The house has no observerd.");
  return pid;
}

async function p99Ms({ url }: HouseProcess): Promise<number> {
  const took: number[] = [];
  const until = performance.now() + ROUND_MS;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const started = performance.now();
      await (await fetch(`${url}/v1/catalog/datasets`)).arrayBuffer();
      took.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return took.sort((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? Number.NaN;
}

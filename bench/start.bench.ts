// How long it takes from the command to the first reply, with a new data folder, and what the house
// holds in memory when idle.

import { assert } from "#lib/assert";
import { memoryOf } from "./load/processes.ts";
import { medianOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { startHouse } from "./servers/house.ts";

/** After its first reply a house still finishes its start; then it is idle. */
const SETTLE_MS = 2000;
const MIB = 1024 * 1024;

interface Start {
  readonly startMs: number;
  readonly rssMib: number;
  readonly pssMib: number;
  readonly processes: number;
}

export const bench: Bench = {
  name: "start",
  summary: "lakehouse up: from the command to the first reply, and what it holds when idle",
  rows: async (settings) => [...(await rows(settings, false)), ...(await rows(settings, true))],
};

async function startOnce(apart: boolean): Promise<Start> {
  const house = await startHouse({ apart });
  try {
    await Bun.sleep(SETTLE_MS);
    const pids = house.pids();
    const memory = memoryOf(pids);
    assert(memory !== null, "memory is read from /proc");
    const { rssBytes, pssBytes } = memory;
    return { startMs: house.startMs, rssMib: rssBytes / MIB, pssMib: pssBytes / MIB, processes: pids.length };
  } finally {
    await house.stop();
  }
}

async function rows({ rounds }: Settings, apart: boolean): Promise<Row[]> {
  const starts: Start[] = [];
  // The first one reads the sources from the disk and does not count.
  for (let round = 0; round <= rounds; round += 1) starts.push(await startOnce(apart));
  starts.shift();
  const together = apart ? "apart" : "together";
  const common = { reference: null, ratio: null };
  const started: Row = {
    name: `start to serving, ${together}`,
    unit: "ms",
    subject: spreadOf(starts.map(({ startMs }) => startMs)),
    bar: { of: "figure", is: "<=", limit: 2000 },
    figures: { processes: medianOf(starts.map(({ processes }) => processes)) },
    ...common,
  };
  if (apart) return [started];
  const memory: Row = {
    name: "idle memory, together",
    unit: "MiB resident",
    subject: spreadOf(starts.map(({ rssMib }) => rssMib)),
    bar: { of: "figure", is: "<=", limit: 150 },
    figures: { proportional_mib: medianOf(starts.map(({ pssMib }) => pssMib)) },
    ...common,
  };
  return [started, memory];
}

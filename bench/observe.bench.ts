// What reporting costs those who report. An event offered to a recorder that is dead, hangs, or takes it, in microseconds of the
// caller; and the main path of a house apart, cached embeddings and a list of datasets over HTTP, while its recorder is dead,
// hangs, is slow or finds its disk full, against the same while nothing is wrong with it.

import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { observing, type Observer } from "#topology/observing";
import { canMount, fill, FILLER, mountDisk } from "../test/fault/space.ts";
import { type LoadRequest, type LoadResult, measure } from "./load/load.ts";
import { cpuRow, tailRow } from "./report/figures.ts";
import { inTurns, medianOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const EVENTS = 200_000;
const EVENT_US_MAX = 5;
const CLIENTS = 4;
const RATIO_MAX = 1.05;
const DISK_MIB = 8;
/** A tenth of its time is left to one that is slow. */
const SLOW_STOPPED_MS = 90;
const SLOW_RUNNING_MS = 10;
/** Its supervisor waits longer before each further start. */
const RESTART_MS_MAX = 30_000;
const REQUESTS: readonly LoadRequest[] = [
  { path: "/v1/catalog/datasets" },
  { path: "/v1/embed", body: JSON.stringify({ texts: ["forklift operator in Dallas, TX; OSHA 10"] }) },
];

export const bench: Bench = {
  name: "observe",
  summary:
    "what an event costs its sender, and the main path of a house whose recorder is down, hung, slow or full",
  rows,
};

async function rows(settings: Settings): Promise<Row[]> {
  return [await offers(settings.rounds), ...(await mainPath(settings))];
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

const STATES = ["healthy", "down", "hung", "slow", "full"] as const;
type State = (typeof STATES)[number];

async function mainPath({ seconds, rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: true });
  const disk = canMount() ? mountDisk(DISK_MIB) : undefined;
  if (disk === undefined) process.stderr.write("observe: without a full disk: nothing can be mounted here\n");
  const load = async (): Promise<LoadResult> =>
    sound(
      await measure({
        target: { url: house.url },
        clients: CLIENTS,
        seconds,
        bodies: REQUESTS,
        // What the recorder itself costs, or saves by being dead, is not theirs.
        pids: ["gateway", "catalogd", "embedd"].map((name) => pidOf(house, name)),
      }),
    );
  try {
    if (disk !== undefined) await recordInto(house, disk.disk);
    const runs: Readonly<Record<State, () => Promise<LoadResult>>> = {
      healthy: load,
      down: () => whileDown(house, load),
      hung: () => whileStopped(pidOf(house, "observerd"), load),
      slow: () => whileSlow(pidOf(house, "observerd"), load),
      full: () => whileFull(disk?.disk, load),
    };
    const states = STATES.filter((state) => state !== "full" || disk !== undefined);
    const results = await inTurns(
      rounds,
      Object.fromEntries(states.map((state) => [state, runs[state]])) as typeof runs,
    );
    return states
      .filter((state) => state !== "healthy")
      .flatMap((state) => {
        const compared = {
          subject: results[state],
          reference: results.healthy,
          referenceName: "healthy",
          bar: { of: "ratio", is: "<=", limit: RATIO_MAX },
        } as const;
        return [
          tailRow({ name: `p99 of requests, recorder ${state}`, ...compared }),
          cpuRow({ name: `CPU of requests, recorder ${state}`, ...compared }),
        ];
      });
  } finally {
    await house.stop();
    disk?.unmount();
  }
}

/** The recorder writes to this disk from its next start on, which is now. */
async function recordInto(house: HouseProcess, disk: string): Promise<void> {
  const folder = join(house.data, "observer");
  rmSync(folder, { recursive: true, force: true });
  symlinkSync(disk, folder);
  process.kill(pidOf(house, "observerd"), "SIGKILL");
  await recording(house);
}

/** Its supervisor would start it again, so that one stands still meanwhile. */
async function whileDown<T>(house: HouseProcess, work: () => Promise<T>): Promise<T> {
  const supervisor = house.pids()[0];
  if (supervisor === undefined) throw new Error("The house has ended.");
  try {
    return await whileStopped(supervisor, () => {
      process.kill(pidOf(house, "observerd"), "SIGKILL");
      return work();
    });
  } finally {
    await recording(house);
  }
}

async function whileStopped<T>(pid: number, work: () => Promise<T>): Promise<T> {
  process.kill(pid, "SIGSTOP");
  try {
    return await work();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

/** It stands still for most of the time. */
async function whileSlow<T>(pid: number, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const turns = (async () => {
    while (!over.signal.aborted) {
      process.kill(pid, "SIGSTOP");
      await Bun.sleep(SLOW_STOPPED_MS);
      process.kill(pid, "SIGCONT");
      await Bun.sleep(SLOW_RUNNING_MS);
    }
  })();
  try {
    return await work();
  } finally {
    over.abort();
    await turns;
  }
}

async function whileFull<T>(disk: string | undefined, work: () => Promise<T>): Promise<T> {
  if (disk === undefined) throw new Error("There is no disk to fill.");
  fill(disk, 0);
  try {
    return await work();
  } finally {
    rmSync(join(disk, FILLER));
  }
}

/** Resolves when the recorder answers again. */
async function recording({ url }: HouseProcess): Promise<void> {
  const until = performance.now() + RESTART_MS_MAX;
  while (performance.now() < until) {
    const { ok } = await fetch(`${url}/v1/observer/stats`);
    if (ok) return;
    await Bun.sleep(50);
  }
  throw new Error("The recorder did not come back.");
}

function pidOf(house: HouseProcess, daemon: string): number {
  const pid = house.pids().find((pid) => {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes("serve") && words.includes(daemon);
  });
  if (pid === undefined) throw new Error(`The house has no ${daemon}.`);
  return pid;
}

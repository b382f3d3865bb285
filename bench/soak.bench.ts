// Memory over many requests: a house under a mixed load that brings nothing that stays (load/soak-visits.ts), and for each
// of its processes the slope of its resident memory over the requests. The first half of the time is warm-up: code is
// compiled, caches fill, the allocator finds its size; what still rises in the second half leaks. Workers that come
// and go (engines, loaders, builders) are told by what all of a kind hold together, and by how many there are.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { present } from "#lib/assert";
import { seeded } from "#lib/random";
import { memoryOf } from "./load/processes.ts";
import { createTally, type Tally } from "./load/soak-tally.ts";
import { type Visitor, visitor } from "./load/soak-visitor.ts";
import { furnish, type Visit, VISITS } from "./load/soak-visits.ts";
import { medianOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { type Point, slopeOf } from "./report/slope.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const CLIENTS = 6;
const SLOPE_MIB_MAX = 1;
const PER_REQUESTS = 10_000;
const MIB = 1024 * 1024;
/** Of a soak; more say nothing more, and a fit takes the square of them. */
const SAMPLES_MAX = 600;
const SAMPLE_MS_MIN = 500;
const WARM_SHARE = 0.5;
/**
 * What is fitted is cut into so many. One sample is much like the one before it, and so many of them would make a chance
 * of some seconds look certain; medians of windows hardly know of each other. A worker seen less often did one job.
 */
const WINDOWS = 24;
/** Small enough to be full long before the warm-up ends. */
const ENVIRONMENT = { LAKEHOUSE_EMBED_CACHE_MIB: "2", LAKEHOUSE_LOG: "error" };

export const bench: Bench = {
  name: "soak",
  summary: `memory of the house over a mixed load of ${CLIENTS} clients`,
  rows: async (settings) => {
    const rows: Row[] = [];
    for (const topology of settings.topologies) rows.push(...(await soak(topology, settings)));
    return rows;
  },
};

/** What the processes held at one moment, by their names. */
interface Sample {
  readonly requests: number;
  readonly mib: ReadonlyMap<string, number>;
  /** How many processes have that name. */
  readonly counts: ReadonlyMap<string, number>;
}

async function soak(topology: string, { minutes }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: topology === "apart", environment: ENVIRONMENT });
  try {
    const tally = createTally();
    const endsAt = performance.now() + minutes * 60_000;
    await furnish(
      visitor({ url: house.url, name: "first", random: seeded(1), tally, visit: () => "furnish" }),
    );
    const samples: Sample[] = [];
    const everyMs = Math.max(SAMPLE_MS_MIN, (minutes * 60_000) / SAMPLES_MAX);
    await Promise.all([
      ...Array.from({ length: CLIENTS }, (_, place) => client(house, tally, place, endsAt)),
      watch(house, tally, everyMs, endsAt, samples),
    ]);
    for (const [key, { count, first }] of tally.unexpected)
      process.stderr.write(`${topology}, unexpected, ${count} times: ${key}: ${first}\n`);
    return rowsOf(topology, samples, tally);
  } finally {
    await house.stop();
  }
}

async function client(house: HouseProcess, tally: Tally, place: number, endsAt: number): Promise<void> {
  const random = seeded(place + 100);
  let visit: Visit | undefined;
  const name = `c${place}`;
  const me: Visitor = visitor({ url: house.url, name, random, tally, visit: () => visit?.name ?? "" });
  while (performance.now() < endsAt) {
    visit = drawn(random.next());
    await visit.run(me);
  }
}

const WEIGHTS = VISITS.reduce((sum, { weight }) => sum + weight, 0);

function drawn(share: number): Visit {
  let left = share * WEIGHTS;
  return present(
    VISITS.find(({ weight }) => (left -= weight) < 0),
    "a visit",
  );
}

/** Looks at every process of the house until the end. */
async function watch(
  house: HouseProcess,
  tally: Tally,
  everyMs: number,
  endsAt: number,
  samples: Sample[],
): Promise<void> {
  while (performance.now() < endsAt) {
    samples.push(sampleOf(house, tally));
    await Bun.sleep(everyMs);
  }
}

function sampleOf(house: HouseProcess, { requests }: Tally): Sample {
  const mib = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const pid of house.pids()) {
    const name = nameOf(pid);
    const memory = memoryOf([pid]);
    // It ended while we looked.
    if (name === undefined || memory === null) continue;
    mib.set(name, (mib.get(name) ?? 0) + memory.rssBytes / MIB);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return { requests, mib, counts };
}

/** `house` for the one that was started, a daemon's own name, and for a worker that of its entry. */
function nameOf(pid: number): string | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    const entry = words.findIndex((word) => word.endsWith(".ts"));
    const name = basename(words[entry] ?? "", ".ts");
    if (name !== "main") return name === "" ? undefined : name;
    return words[entry + 1] === "serve" ? words[entry + 2] : "house";
  } catch {
    return undefined;
  }
}

function mediansOf(points: readonly Point[]): Point[] {
  return Array.from({ length: WINDOWS }, (_, window) => {
    const start = Math.floor((window * points.length) / WINDOWS);
    const inside = points.slice(start, Math.floor(((window + 1) * points.length) / WINDOWS));
    return { x: medianOf(inside.map(({ x }) => x)), y: medianOf(inside.map(({ y }) => y)) };
  });
}

function rowsOf(topology: string, samples: readonly Sample[], tally: Tally): Row[] {
  const fitted = samples.slice(Math.floor(samples.length * WARM_SHARE));
  const last = fitted.at(-1);
  const names = new Set(fitted.flatMap(({ mib }) => [...mib.keys()]));
  const memory = [...names].sort().flatMap((name): Row[] => {
    const points = fitted.flatMap(({ requests, mib }): Point[] => {
      const y = mib.get(name);
      return y === undefined ? [] : [{ x: requests / PER_REQUESTS, y }];
    });
    if (points.length < WINDOWS) return [];
    const medians = mediansOf(points);
    const row: Row = {
      name: `${topology}, ${name}`,
      unit: `MiB/${PER_REQUESTS} requests`,
      subject: slopeOf(medians),
      reference: null,
      ratio: null,
      bar: { of: "figure", is: "<=", limit: SLOPE_MIB_MAX },
      figures: {
        first_mib: samples.find(({ mib }) => mib.has(name))?.mib.get(name) ?? 0,
        middle_mib: points[0]?.y ?? 0,
        last_mib: points.at(-1)?.y ?? 0,
        // Less than the whole says that it flattens.
        slope_of_last_half: slopeOf(medians.slice(WINDOWS / 2)).median,
        processes: last?.counts.get(name) ?? 0,
      },
    };
    return [row];
  });
  const unexpected = [...tally.unexpected.values()].reduce((sum, { count }) => sum + count, 0);
  const answers: Row = {
    name: `${topology}, answers that should not have come`,
    unit: "answers",
    subject: { median: unexpected, low: unexpected, high: unexpected },
    reference: null,
    ratio: null,
    bar: { of: "figure", is: "<=", limit: 0 },
    figures: {
      ...Object.fromEntries(
        [...tally.unexpected].map(([key, { count }]) => [key.replaceAll(/\W+/g, "_"), count]),
      ),
      requests: tally.requests,
      p99_ms: tally.p99Ms(),
    },
  };
  return [...memory, answers];
}

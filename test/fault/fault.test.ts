// The share of the fault bench that every test run carries: some seconds of each part. The long runs are
// `bun test/fault/run.ts`, whose first lines list them.

import { describe, expect, test } from "bun:test";
import type { Disk } from "#lib/disk";
import { simulateCatalog } from "./catalog-simulation.ts";
import { HISTORIES, HISTORY_NAMES, runHistories } from "./histories.ts";
import { oneByteChunks } from "./chunks.ts";
import { DEATHS, killRounds } from "./kill.ts";
import { killFills } from "./fills.ts";
import { simulateLog } from "./log-simulation.ts";
import { KIND_NAMES, KINDS, mutate } from "./mutations.ts";
import { racedKeys, twoOwners } from "./owners.ts";
import { faults } from "./run.ts";
import { canMount, withFullDisk } from "./space.ts";
import { hasStrace, type Injection, sweep } from "./syscalls.ts";
import { WRITER_NAMES } from "./writers.ts";

const LONG_MS = 600_000;
/** The long runs draw another one each time. */
const seed = 1;

describe("histories", () => {
  const SEEDS = { commits: 200, drops: 150, log: 500 } as const;

  test.each(HISTORY_NAMES.map((name) => [name, SEEDS[name]] as const))(
    "%s: %d seeds lose nothing and show nothing twice or torn",
    async (name, seeds) => {
      const { failed, acknowledged, crashes } = await runHistories(name, 0, seeds);
      expect(
        failed &&
          `bun test/fault/run.ts trace --from ${failed.seed} --only ${name}: ${failed.outcome.violations.join("; ")}`,
      ).toBeUndefined();
      expect(acknowledged).toBeGreaterThan(seeds);
      expect(crashes).toBeGreaterThan(seeds / 10);
    },
    LONG_MS,
  );

  test.each(HISTORY_NAMES.map((name) => [name]))("%s: a seed is a history, twice the same", async (name) => {
    let steps = 0;
    for (let n = 0; n < 20; n += 1) {
      const [first, second] = [await HISTORIES[name](n), await HISTORIES[name](n)];
      expect(second.trace).toEqual(first.trace);
      steps += first.trace.length;
    }
    expect(steps).toBeGreaterThan(20 * 10);
  });

  test("a swap that does not look who was first is found", async () => {
    const careless = (sql: string): string => sql.replace(" and version = $5", " and $5 = $5");
    let found = 0;
    for (let n = 0; n < 60; n += 1) {
      const { violations } = await simulateCatalog(n, "commits", careless);
      if (violations.length > 0) found += 1;
    }
    expect(found).toBeGreaterThan(0);
  });

  test(
    "the log lives through a kill and a power cut before each of its steps",
    async () => {
      for (let seed = 0; seed < 2; seed += 1) {
        for (let at = 1; ; at += 1) {
          let steps = 0;
          for (const power of [false, true]) {
            const outcome = await simulateLog(seed, { crash: { at, power } });
            expect(outcome.violations, `seed ${seed}, step ${at}, power ${power}`).toEqual([]);
            steps = outcome.crashes === 0 ? 0 : outcome.steps;
          }
          if (steps === 0) break;
        }
      }
    },
    LONG_MS,
  );

  const noFlush = async (file: ReturnType<Disk["open"]>): ReturnType<Disk["open"]> => ({
    ...(await file),
    sync: () => Promise.resolve(),
  });
  const CARELESS: readonly (readonly [what: string, plant: (disk: Disk) => Disk])[] = [
    ["a file that is not flushed", (disk) => ({ ...disk, open: (path) => noFlush(disk.open(path)) })],
    ["a folder that is not flushed", (disk) => ({ ...disk, syncFolder: () => Promise.resolve() })],
    ["a new file that is not flushed", (disk) => ({ ...disk, create: (path) => noFlush(disk.create(path)) })],
  ];
  test.each(CARELESS)("%s is found", async (_, plant) => {
    let found = 0;
    for (let n = 0; n < 300; n += 1) {
      const { violations } = await simulateLog(n, { plant });
      if (violations.length > 0) found += 1;
    }
    expect(found).toBeGreaterThan(0);
  });
});

/** A moment of each kind for each writer; the bench takes them all. */
const MOMENTS: readonly (readonly [calls: string, injection: Injection, stride: number])[] = [
  ["fsync", "signal=SIGKILL", 15],
  ["rename,renameat,renameat2", "signal=SIGKILL", 8],
  ["pwrite64", "signal=SIGKILL", 31],
  ["fsync", "error=EIO", 17],
];

describe("bodies in chunks of one byte", () => {
  test(
    "arrive whole, while /health answers",
    async () => {
      const { wrong, chunks, health } = await oneByteChunks(200_000, false);
      expect(wrong).toEqual([]);
      expect(chunks).toBeGreaterThan(900_000);
      expect(health).toBeGreaterThan(10);
    },
    LONG_MS,
  );
});

describe.skipIf(!hasStrace)("system calls (needs strace: apt-get install strace)", () => {
  test.each(WRITER_NAMES.map((name) => [name]))(
    "%s dies or fails at them and loses nothing",
    async (writer) => {
      let touched = 0;
      for (const [at, [calls, injection, stride]] of MOMENTS.entries()) {
        const from = 1 + ((seed + at) % 3);
        const { wrong, raw, killed, faults } = await sweep(writer, calls, injection, stride, from);
        expect(wrong).toEqual([]);
        expect(raw).toEqual([]);
        touched += killed + faults;
      }
      expect(touched).toBeGreaterThan(0);
    },
    LONG_MS,
  );
});

describe.skipIf(!canMount())("a disk that fills up (needs the right to mount)", () => {
  test.each(WRITER_NAMES.map((name) => [name]))(
    "%s says so, loses nothing, and goes on when there is room",
    async (writer) => {
      const { before, said, clear, wrong } = await withFullDisk(writer);
      expect(wrong).toEqual([]);
      expect(before).toBeGreaterThan(0);
      expect(clear, said).toBe(true);
      expect(said).toMatch(/disk is full|ENOSPC|no space/i);
    },
    LONG_MS,
  );
});

describe("damage", () => {
  test.each(KIND_NAMES.map((name) => [name]))(
    "to %s kills nobody and is found where a checksum vouches",
    async (kind) => {
      const mutations = kind === "parquet" ? 8 : 60;
      const { found, harmless, silent, examples, bugs } = await mutate(kind, seed, mutations);
      expect(bugs, `seed ${seed}`).toEqual([]);
      expect(found + harmless + silent).toBe(mutations);
      if (KINDS[kind].checksummed) expect(examples, `seed ${seed}`).toEqual([]);
    },
    LONG_MS,
  );
});

describe.skipIf(process.platform !== "linux")("kill -9 of a house under load (needs /proc)", () => {
  test.each(DEATHS.map((death) => [death]))(
    "%s: what was acknowledged is there, once and whole",
    async (death) => {
      const { acknowledged, wrong } = await killRounds(seed, 1, death);
      expect(wrong, `seed ${seed}`).toEqual([]);
      expect(acknowledged).toBeGreaterThan(0);
    },
    LONG_MS,
  );
});

describe.skipIf(process.platform !== "linux")("kill -9 among fifty proposals (needs /proc)", () => {
  test.each([["together"], ["apart"]] as const)(
    "%s: nobody is booked twice, nothing acknowledged is gone, and fills, events and datasets agree",
    async (death) => {
      const { acknowledged, wrong } = await killFills(seed, 1, death);
      expect(wrong, `seed ${seed}`).toEqual([]);
      expect(acknowledged).toBeGreaterThan(0);
    },
    LONG_MS,
  );
});

test("the command refuses a part it does not have", async () => {
  expect(await faults("nothing")).toBe(2);
});

describe("owners of one folder", () => {
  test.each([
    ["up", "serve vectord", "path"],
    ["serve storaged", "up --apart", "path"],
  ] as const)(
    "%s, then %s by %s: refused, and nothing is lost",
    async (first, second, way) => {
      expect(await twoOwners(first, second, way)).toEqual([]);
    },
    LONG_MS,
  );

  test(
    "keys that commands change at once all count",
    async () => {
      expect((await racedKeys(3, false)).wrong).toEqual([]);
    },
    LONG_MS,
  );
});

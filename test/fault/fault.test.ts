// The share of the fault bench that every test run carries: some seconds of each part. The long runs are
// `bun test/fault/run.ts`, whose first lines list them.

import { describe, expect, test } from "bun:test";
import { DEATHS, killRounds } from "./kill.ts";
import { KIND_NAMES, KINDS, mutate } from "./mutations.ts";
import { faults } from "./run.ts";
import { simulate, simulateMany } from "./simulation.ts";
import { canMount, withFullDisk } from "./space.ts";
import { hasStrace, type Injection, sweep } from "./syscalls.ts";
import { WRITER_NAMES } from "./writers.ts";

const LONG_MS = 60_000;
/** The long runs draw another one each time. */
const seed = 1;

describe("histories of the catalog", () => {
  const SEEDS = 1000;
  const DROP_SEEDS = 500;

  test.each([0, SEEDS])(
    "%d and a thousand more: nothing acknowledged is lost, nothing is there twice",
    async (from) => {
      const { failed, acknowledged, crashes, tookMs } = await simulateMany(from, SEEDS, "commits");
      expect(
        failed &&
          `bun test/fault/run.ts trace --from ${failed.seed} --only commits: ${failed.outcome.violations.join("; ")}`,
      ).toBeUndefined();
      expect(acknowledged).toBeGreaterThan(SEEDS);
      expect(crashes).toBeGreaterThan(SEEDS / 10);
      console.info(`${Math.round((SEEDS / tookMs) * 1000)} histories/s`);
    },
    LONG_MS,
  );

  test(
    "a table that is dropped and made anew meanwhile is no exception",
    async () => {
      const { failed } = await simulateMany(0, DROP_SEEDS, "drops");
      expect(
        failed &&
          `bun test/fault/run.ts trace --from ${failed.seed} --only drops: ${failed.outcome.violations.join("; ")}`,
      ).toBeUndefined();
    },
    LONG_MS,
  );

  test("a seed is a history: twice the same", async () => {
    for (let n = 0; n < 20; n += 1) {
      const [first, second] = [await simulate(n, "commits"), await simulate(n, "commits")];
      expect(second.trace).toEqual(first.trace);
      expect(first.trace.length).toBeGreaterThan(10);
    }
  });

  test("a swap that does not look who was first is found", async () => {
    const careless = (sql: string): string => sql.replace(" and version = $5", " and $5 = $5");
    let found = 0;
    for (let n = 0; n < 40; n += 1) {
      const { violations } = await simulate(n, "commits", careless);
      if (violations.length > 0) found += 1;
    }
    expect(found).toBeGreaterThan(0);
  });
});

/** A moment of each kind for each writer; the bench takes them all. */
const MOMENTS: readonly (readonly [calls: string, injection: Injection, stride: number])[] = [
  ["fsync", "signal=SIGKILL", 9],
  ["rename,renameat,renameat2", "signal=SIGKILL", 5],
  ["pwrite64", "signal=SIGKILL", 21],
  ["fsync", "error=EIO", 11],
];

describe.skipIf(!hasStrace)("system calls (needs strace: apt-get install strace)", () => {
  test.each(WRITER_NAMES.map((name) => [name]))(
    "%s dies or fails at them and loses nothing",
    async (writer) => {
      let touched = 0;
      for (const [at, [calls, injection, stride]] of MOMENTS.entries()) {
        const from = 1 + ((seed + at) % 3);
        const { wrong, killed, faults } = await sweep(writer, calls, injection, stride, from);
        expect(wrong).toEqual([]);
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
      const { before, said, wrong } = await withFullDisk(writer);
      expect(wrong).toEqual([]);
      expect(before).toBeGreaterThan(0);
      expect(said).toMatch(/disk is full|ENOSPC|no space/i);
    },
    LONG_MS,
  );
});

describe("damage", () => {
  test.each(KIND_NAMES.map((name) => [name]))(
    "to %s kills nobody and is found where a checksum vouches",
    async (kind) => {
      const mutations = kind === "parquet" ? 16 : 200;
      const { found, harmless, silent, examples, bugs } = await mutate(kind, seed, mutations);
      expect(bugs, `seed ${seed}`).toEqual([]);
      expect(found + harmless + silent).toBe(mutations);
      if (KINDS[kind].sealed) expect(examples, `seed ${seed}`).toEqual([]);
    },
    LONG_MS,
  );
});

describe.skipIf(process.platform !== "linux")("kill -9 of a house under load (needs /proc)", () => {
  test.each(DEATHS.map((death) => [death]))(
    "%s: what was acknowledged is there, once and whole",
    async (death) => {
      const { acknowledged, wrong } = await killRounds(seed, 2, death);
      expect(wrong, `seed ${seed}`).toEqual([]);
      expect(acknowledged).toBeGreaterThan(20);
    },
    LONG_MS,
  );
});

test("the command refuses a part it does not have", async () => {
  expect(await faults("nothing")).toBe(2);
});

// Acceptance as a stage of a run: all invariants hold, and each finds the breach that is planted for it.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replayOptions } from "#contracts/distill";
import { present } from "#lib/assert";
import { acceptanceFound, brokenIn } from "../audit/acceptance.ts";
import { CLOCK } from "../root.testing.ts";
import { type Acceptance, acceptance } from "../schemas/acceptance.ts";
import { performRun } from "../runs/perform.ts";
import { readRecord } from "../runs/record.ts";

/** Seconds on a quiet machine; its writes are flushed, and wait for those of others. */
const BUILT_MS_MAX = 300_000;

let root: string;
let report: Acceptance;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "distill-"));
  const seen: number[] = [];
  const run = {
    root,
    runId: "accepted",
    clock: CLOCK,
    gitCommit: null,
    onProgress: (done: number) => void seen.push(done),
  };
  const options = { kinds: [], target: "trl" as const, holdoutPercent: 10, against: [] };
  await performRun(
    run,
    {
      stages: ["accept"],
      options,
      captureMode: "off",
      appendBaseline: false,
      breaches: true,
      replay: replayOptions.parse({}),
    },
    { house: undefined },
  );
  expect(seen).toEqual(Array.from({ length: 44 }, (_, at) => at + 1));
  expect(await readRecord(root, "accepted")).toMatchObject({ status: "succeeded", stages: ["accept"] });
  report = acceptance.parse(
    JSON.parse(readFileSync(join(root, "reports/distillation/accepted/acceptance.json"), "utf8")),
  );
}, BUILT_MS_MAX);
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("22 of 22 invariants hold, each under a name of its own", () => {
  expect(
    report.invariants.flatMap(({ invariant, problems }) =>
      problems.map((problem) => `${invariant}: ${problem}`),
    ),
  ).toEqual([]);
  expect(new Set(report.invariants.map(({ invariant }) => invariant)).size).toBe(22);
});

test("22 of 22 planted breaches are found", () => {
  expect(report.breaches?.filter(({ found }) => !found)).toEqual([]);
  expect(report.breaches).toHaveLength(22);
});

test("an audit reads the newest report, and says what it found broken", async () => {
  expect(await acceptanceFound(root)).toEqual([]);
  const later = join(root, "reports/distillation/later");
  mkdirSync(later);
  const [first, ...rest] = report.invariants;
  const missed = present(report.breaches?.[0], "a breach");
  const write = (changed: object): void =>
    writeFileSync(
      join(later, "acceptance.json"),
      JSON.stringify({ ...report, ended_at: "2026-11-30T00:00:00Z", ...changed }),
    );
  write({ invariants: [{ ...first, result: "fail" }, ...rest] });
  expect(await acceptanceFound(root)).toEqual(["schema"]);
  expect(brokenIn({ ...report, breaches: [{ ...missed, found: false }] })).toEqual([
    `not found: ${missed.breach}`,
  ]);
  write({ scorer_version: "0" });
  expect(await acceptanceFound(root)).toContain("other rules");
  expect(await acceptanceFound(join(root, "nothing"))).toContain("no acceptance");
});

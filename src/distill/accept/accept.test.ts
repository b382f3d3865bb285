// Acceptance as its command runs it: all invariants hold, and each finds the breach that is planted for it.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acceptanceFound } from "../audit/acceptance.ts";
import { CLOCK } from "../root.testing.ts";
import { type Acceptance, acceptance } from "../schemas/acceptance.ts";
import { acceptAndReport } from "./report.ts";

/** Seconds on a quiet machine; its writes are flushed, and wait for those of others. */
const BUILT_MS_MAX = 300_000;

let root: string;
let report: Acceptance;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "distill-"));
  report = await acceptAndReport({ root, runId: "accepted", clock: CLOCK, gitCommit: null }, true);
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
  const path = join(root, "reports/distillation/accepted/acceptance.json");
  expect(acceptance.parse(JSON.parse(readFileSync(path, "utf8")))).toEqual(report);
  expect(await acceptanceFound(root)).toEqual([]);
  const later = join(root, "reports/distillation/later");
  mkdirSync(later);
  const [first, ...rest] = report.invariants;
  const write = (changed: object): void =>
    writeFileSync(
      join(later, "acceptance.json"),
      JSON.stringify({ ...report, ended_at: "2026-11-30T00:00:00Z", ...changed }),
    );
  write({ invariants: [{ ...first, result: "fail" }, ...rest] });
  expect(await acceptanceFound(root)).toEqual(["schema"]);
  write({ scorer_version: "0" });
  expect(await acceptanceFound(root)).toContain("other rules");
  expect(await acceptanceFound(join(root, "nothing"))).toContain("no acceptance");
});

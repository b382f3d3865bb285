import { expect, test } from "bun:test";
import { type Audit, changeText, metricWords, phasesOf } from "./phases.ts";

const check = (phase: number, result: "pass" | "fail" | "skip"): Audit["checks"][number] => ({
  phase,
  name: "a check",
  required: true,
  result,
  reason: "",
});

test("an audit has all eight phases, each as its worst check", () => {
  const phases = phasesOf([
    check(0, "pass"),
    check(1, "pass"),
    check(1, "fail"),
    check(2, "skip"),
    check(2, "pass"),
  ]);
  expect(phases.map(({ result }) => result)).toEqual([
    "pass",
    "fail",
    "pass",
    "skip",
    "skip",
    "skip",
    "skip",
    "skip",
  ]);
  expect(phases.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("a change is told as a share of what was before, and as none where nothing was", () => {
  expect(changeText(undefined)).toBe("");
  expect(changeText({ baseline: 40, change: 0.125 })).toBe("+12.5 % of 40");
  expect(changeText({ baseline: 4000, change: -0.5 })).toBe("-50 % of 4,000");
  expect(changeText({ baseline: 0, change: null })).toBe("from 0");
  expect([metricWords("p3_accepted"), metricWords("p9_new_one")]).toEqual(["Accepted", "p9 new one"]);
});

import { describe, expect, test } from "bun:test";
import { ConfigProblems } from "#config";
import { Fault, FAULT_CODES } from "#rpc/fault";
import { EXIT, failureOf, UsageProblem } from "./failure.ts";

describe("exit codes", () => {
  test("follow from the fault's code", () => {
    const byCode = Object.fromEntries(
      FAULT_CODES.map((code) => [code, failureOf(new Fault(code, "x")).exitCode]),
    );
    expect(byCode).toEqual({
      invalid: 2,
      unauthorized: 1,
      forbidden: 1,
      not_found: 4,
      conflict: 1,
      too_large: 1,
      rejected: 3,
      rate_limited: 1,
      cancelled: 130,
      internal: 1,
      upstream: 5,
      unavailable: 5,
      timeout: 1,
    });
  });

  test("are 2 for a wrong command line and a wrong configuration, 1 for a bug", () => {
    expect(failureOf(new UsageProblem("x")).exitCode).toBe(EXIT.usage);
    expect(failureOf(new ConfigProblems(["a", "b"])).exitCode).toBe(EXIT.usage);
    expect(failureOf(new TypeError("x is not a function")).exitCode).toBe(EXIT.failure);
    expect(failureOf("thrown text").exitCode).toBe(EXIT.failure);
  });
});

describe("lines", () => {
  test.each([
    ["There is no block b-1. GET /v1/fill-blocks lists them.", "lakehouse fill blocks lists them."],
    [
      "d has no tag x. GET /v1/catalog/datasets/d$rejects/snapshots lists them.",
      "lakehouse datasets d$rejects lists",
    ],
    [
      "There are more than 10; list them with GET /v1/catalog/datasets, or so.",
      "with lakehouse datasets, or",
    ],
    ["i has no snapshot. GET /v1/vectors/i.j/snapshots lists them.", "lakehouse vectors snapshots i.j lists"],
  ])("name a command where a message names a call: %p", (message, said) => {
    expect(failureOf(new Fault("not_found", message)).lines[0]).toContain(said);
  });

  test("name every problem of the configuration", () => {
    const { lines } = failureOf(
      new ConfigProblems(["--port=x: expected a number", "LAKEHOUSE_LOG=y: no such level"]),
    );
    expect(lines.join("\n")).toContain("--port=x: expected a number");
    expect(lines.join("\n")).toContain("LAKEHOUSE_LOG=y: no such level");
  });

  test("show tabs of a foreign message as spaces", () => {
    const { lines } = failureOf(new Fault("invalid", "No function matches.\n\tabs(x)"));
    expect(lines).toEqual(["No function matches.", "    abs(x)"]);
  });

  test("hold a fault's details once, and not more than a few", () => {
    const details = Array.from({ length: 9 }, (_, at) => ({
      path: `items.${at}`,
      message: `is wrong ${at}`,
    }));
    const { lines } = failureOf(new Fault("invalid", "items.0 is wrong 0", { details }));
    expect(lines[0]).toBe("items.0 is wrong 0");
    expect(lines.filter((line) => line.includes("is wrong 0"))).toHaveLength(1);
    expect(lines).toContain("  items.1: is wrong 1");
    expect(lines.at(-1)).toBe("  and 3 more");
  });

  test("never hold a stack", () => {
    const bug = new TypeError("undefined is not an object");
    for (const thrown of [bug, new Fault("internal", "Something went wrong.", { cause: bug })]) {
      expect(failureOf(thrown).lines.join("\n")).not.toMatch(/\n\s+at |\.ts:\d/);
    }
  });

  test("say what to do when a key is missing", () => {
    expect(failureOf(new Fault("unauthorized", "An API key is needed.")).lines.join("\n")).toContain(
      "LAKEHOUSE_KEY",
    );
  });
});

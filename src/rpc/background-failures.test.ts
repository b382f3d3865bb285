import { expect, test } from "bun:test";
import { createLog } from "#lib/log";
import { BackgroundFailures } from "./background-failures.ts";

test("each failure is counted by its work and logged with what it failed on; frequent work is only counted", () => {
  const lines: string[] = [];
  const log = createLog({ level: "info", readable: false, write: (line) => lines.push(line) });
  const failures = new BackgroundFailures(log);
  failures.note("build", new Error("no room"), { corpus: "people" });
  failures.note("build", new Error("no room"), { corpus: "people" });
  failures.count("refresh");
  expect(failures.counts).toEqual({ build: 2, refresh: 1 });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('"corpus":"people"');
});

// Roots for tests.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runStages } from "./stages.ts";
import type { Receipt, Stage } from "./schemas/reports.ts";

export const CLOCK = { now: () => Date.parse("2026-11-29T12:00:00Z") };

export function textOf(lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

export function writeLogs(root: string, logs: Readonly<Record<string, readonly object[]>>): void {
  mkdirSync(join(root, "data/_kb"), { recursive: true });
  for (const [name, lines] of Object.entries(logs))
    writeFileSync(join(root, `data/_kb/${name}.jsonl`), textOf(lines));
}

export function runAll(
  root: string,
  stages: readonly Stage[] = ["materialize", "score", "export"],
  runId = "run-1",
): Promise<Receipt[]> {
  return runStages(
    { root, runId, clock: CLOCK, gitCommit: null },
    { stages, kinds: ["sft", "preference", "kto", "rag"], target: "trl", holdoutPercent: 10, against: [] },
  );
}

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { evidenceOf } from "../materialize/evidence-of.ts";
import { TRANSFORMS } from "../transforms/table.ts";

const DOCUMENT = readFileSync(join(import.meta.dir, "../../../docs/wire/distill.md"), "utf8");
const [, samples = ""] = /```jsonl\n([\s\S]*?)```/.exec(DOCUMENT) ?? [];

test("the document has a sample of each log, and each becomes evidence", () => {
  const lines = samples
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { log: string; line: object });
  expect(lines.map(({ log }) => log).sort()).toEqual(Object.keys(TRANSFORMS).sort());
  for (const { log, line } of lines) {
    const made = evidenceOf(new TextEncoder().encode(JSON.stringify(line)), {
      source: log,
      sourceFile: `data/_kb/${log}.jsonl`,
      lineOffset: 0,
      sourceSha256: "0".repeat(64),
      fallbackMoment: "2026-11-29T00:00:00Z",
    });
    expect(made, log).toHaveProperty("evidence");
  }
});

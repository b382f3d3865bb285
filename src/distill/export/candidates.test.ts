import { expect, test } from "bun:test";
import { sampleLogs } from "../accept/sample-logs.ts";
import { evidenceOf } from "../materialize/evidence-of.ts";
import { preferenceCandidates } from "./candidates.ts";
import type { ScoredEvidence } from "./scored-evidence.ts";

test("a task that is replayed again and again makes a bounded number of pairs, each once", () => {
  const { replay_runs: lines = [] } = sampleLogs(400);
  const sources = lines.flatMap((line, offset): ScoredEvidence[] => {
    const made = evidenceOf(new TextEncoder().encode(JSON.stringify(line)), {
      source: "replay_runs",
      sourceFile: "data/_kb/replay_runs.jsonl",
      lineOffset: offset,
      sourceSha256: "0".repeat(64),
      fallbackMoment: "2026-11-29T00:00:00Z",
    });
    return "reason" in made
      ? []
      : [{ evidence: made.evidence, scored: undefined, file: "data/evidence", offset }];
  });
  expect(sources).toHaveLength(400);
  expect(preferenceCandidates(sources, "trl")).toHaveLength(64);
  const [passed, failed] = sources;
  const same = [passed, failed, passed, failed].flatMap((source) => source ?? []);
  expect(preferenceCandidates(same, "trl")).toHaveLength(1);
});

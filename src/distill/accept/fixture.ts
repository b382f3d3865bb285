// The root that acceptance looks at, built from the planted logs by the stages that are under test, and what they may be
// exchanged for: a breach changes the root, or one of the parts, and never a check.

import { mkdirSync, mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendBaseline, driftOf } from "../audit/baselines.ts";
import { capture } from "../capture/capture.ts";
import { TARGETS } from "../export/targets.ts";
import type { ReplayDeps } from "../replay/replay.ts";
import { SOURCES_FOLDER } from "../root.ts";
import type { Run } from "../run.ts";
import type { Receipt } from "../schemas/reports.ts";
import { termsOf } from "../score/terms.ts";
import { HOLDOUT_PERCENT, type RunOptions, runStages } from "../stages.ts";
import { contentsOf, copyRoot } from "./root-files.ts";
import { fixtureLogs, FILE_MOMENT, type Logs } from "./planted-logs.ts";
import { REPLAY_HOUSE } from "./replay-house.ts";
import { runElsewhere } from "./run-elsewhere.ts";

export interface Parts {
  readonly runStages: typeof runStages;
  readonly runElsewhere: typeof runElsewhere;
  readonly appendBaseline: typeof appendBaseline;
  readonly driftOf: typeof driftOf;
  readonly capture: typeof capture;
  readonly termsOf: typeof termsOf;
  /** What replays call. */
  readonly replayHouse: ReplayDeps["house"];
}

export interface Fixture {
  /** After a run, and exports for every target. */
  readonly root: string;
  /** What the run alone left, by path. */
  readonly plain: Record<string, string>;
  /** The root as it was after each step of that run, by the step's name. */
  readonly crashed: ReadonlyMap<string, string>;
  /** The names of those steps. */
  readonly steps: readonly string[];
  readonly parts: Parts;
  /** A folder of its own, which is not there yet. */
  readonly newFolder: () => string;
}

const GOOD_LINES = 10;
/** Steps that all four exports go through alike; the first one's stand for them. */
const REPEATED = /^export-(?:preference|kto|rag): (?!files are under)/;
/** Any time: no file but the reports depends on it. */
const NOW_MS = Date.parse("2026-11-29T12:00:00Z");

export const ALL_STAGES: RunOptions = {
  stages: ["materialize", "score", "export"],
  kinds: ["sft", "preference", "kto", "rag"],
  target: "trl",
  holdoutPercent: HOLDOUT_PERCENT,
  against: [],
};

export function writeLogs(root: string, logs: Logs): void {
  mkdirSync(join(root, SOURCES_FOLDER), { recursive: true });
  for (const [name, lines] of Object.entries(logs)) {
    const path = join(root, SOURCES_FOLDER, `${name}.jsonl`);
    writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
    utimesSync(path, FILE_MOMENT, FILE_MOMENT);
  }
}

/** A run of the whole on a root, by the parts of a fixture. */
export function run(
  { runStages: stages }: Pick<Parts, "runStages">,
  root: string,
  options: Partial<RunOptions> &
    Pick<Run, "step"> & { readonly nowMs?: number; readonly runId?: string } = {},
): Promise<Receipt[]> {
  const { step, nowMs = NOW_MS, runId = "run-1", ...chosen } = options;
  const clock = { now: () => nowMs };
  const started: Run = { root, runId, clock, gitCommit: null, ...(step === undefined ? {} : { step }) };
  return stages(started, { ...ALL_STAGES, ...chosen });
}

const PARTS: Parts = {
  runStages,
  runElsewhere,
  appendBaseline,
  driftOf,
  capture,
  termsOf,
  replayHouse: REPLAY_HOUSE,
};

export async function withFixture<T>(work: (fixture: Fixture) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "distill-accept-"));
  let folders = 0;
  const newFolder = (): string => join(folder, String((folders += 1)));
  try {
    const root = newFolder();
    writeLogs(root, fixtureLogs(GOOD_LINES));
    const crashed = new Map<string, string>();
    await run(PARTS, root, {
      step: (name) => {
        if (crashed.has(name) || REPEATED.test(name)) return;
        const copy = newFolder();
        copyRoot(root, copy);
        crashed.set(name, copy);
      },
    });
    const plain = contentsOf(root);
    for (const target of TARGETS) {
      if (target !== "trl")
        await run(PARTS, root, {
          stages: ["export"],
          kinds: ["sft", "preference", "kto"],
          target,
          runId: `run-${target}`,
        });
    }
    return await work({ root, plain, crashed, steps: [...crashed.keys()], parts: PARTS, newFolder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same fixture over a copy of its root, for a breach to be planted in. */
export function copied(fixture: Fixture): Fixture {
  const root = fixture.newFolder();
  copyRoot(fixture.root, root);
  return { ...fixture, root };
}

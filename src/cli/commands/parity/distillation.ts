// This house's distillation for a probe: over a root of its own in the temporary folder, which is removed; and a root that an
// older program wrote, which is read and not touched.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Distillation, Files, OlderRoot } from "#cutover/parity/probe";
import { appendBaseline, type Baseline } from "#distill/audit/baselines";
import {
  BASELINES_FILE,
  EVIDENCE_FOLDER,
  LINES_SUFFIX,
  partitions,
  SOURCES_FOLDER,
  sourceNames,
} from "#distill/root";
import { newRunId } from "#distill/run";
import { HOLDOUT_PERCENT, runStages } from "#distill/stages";
import { systemClock } from "#lib/clock";
import { makeFolder, writeDurably } from "#lib/durable";
import { UsageProblem } from "../../failure.ts";

async function withRoot<T>(work: (root: string) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "lakehouse-parity-"));
  try {
    return await work(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

export const distillationHere: Distillation = {
  materialize: (sources) =>
    withRoot(async (root) => {
      await makeFolder(join(root, SOURCES_FOLDER));
      for (const [name, bytes] of sources) await writeDurably(join(root, SOURCES_FOLDER, name), bytes);
      await runStages(
        { root, runId: newRunId(systemClock), clock: systemClock, gitCommit: null },
        {
          stages: ["materialize"],
          kinds: [],
          target: "native",
          holdoutPercent: HOLDOUT_PERCENT,
          against: [],
        },
      );
      return evidenceOf(root);
    }),
  appendBaseline: (before, baseline) =>
    withRoot(async (root) => {
      await makeFolder(join(root, SOURCES_FOLDER));
      if (before.byteLength > 0) await writeDurably(join(root, BASELINES_FILE), before);
      await appendBaseline(root, baseline as unknown as Baseline);
      return readFile(join(root, BASELINES_FILE));
    }),
};

async function evidenceOf(root: string): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  for (const partition of await partitions(root, EVIDENCE_FOLDER)) {
    files.set(partition, await readFile(join(root, EVIDENCE_FOLDER, partition)));
  }
  return files;
}

export function olderRoot(root: string): OlderRoot {
  const read = (path: string): Promise<Uint8Array> =>
    readFile(join(root, path)).catch((error: unknown) => {
      throw new UsageProblem(`--root ${root}: ${path} cannot be read (${(error as Error).message}).`);
    });
  return {
    sources: async () => {
      const files = new Map<string, Uint8Array>();
      for (const name of await sourceNames(root)) {
        const file = `${name}${LINES_SUFFIX}`;
        files.set(file, await read(join(SOURCES_FOLDER, file)));
      }
      return files;
    },
    evidence: () => evidenceOf(root),
    baselines: () =>
      readFile(join(root, BASELINES_FILE)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }),
  };
}

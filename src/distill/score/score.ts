// Evidence becomes scored runs, partition by partition: a scored partition follows from its evidence and the version of the
// scorer alone, so one whose evidence has not changed is left as it is, and any other is written as a whole.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder } from "#lib/durable";
import { digestOf, sha256Hex } from "../files/digest.ts";
import { GrowingFile } from "../files/growing-file.ts";
import { linesIfThere, Quarantine } from "../files/quarantine.ts";
import { readState, writeState } from "../files/state-file.ts";
import { EVIDENCE_FOLDER, partitions, SCORED_FOLDER } from "../root.ts";
import { NOTHING, type Run, type StageCounts, type StageResult } from "../run.ts";
import { evidence } from "../schemas/evidence.ts";
import type { FileDigest } from "../schemas/reports.ts";
import { sha256 } from "../schemas/shapes.ts";
import { whileCopied } from "../stillness.ts";
import { scoreOf } from "./rule.ts";
import { scorerOf, SCORER_VERSION } from "./scorers.ts";

const counts = z.object({ in: z.int(), out: z.int(), duplicates: z.int(), quarantined: z.int() });
const scoreState = z.object({
  schema: z.literal("score_state.v1"),
  partitions: z.record(
    z.string(),
    z.object({
      evidence_sha256: sha256,
      scorer_version: z.string(),
      /** Bytes of an older program that the partition begins with. */
      base: z.int(),
      counts,
      categories: z.record(z.string(), z.int()),
    }),
  ),
});

const utf8 = new TextDecoder("utf-8", { fatal: true });

export async function score(run: Run, version = SCORER_VERSION): Promise<StageResult> {
  const { root } = run;
  const scorer = scorerOf(version);
  const statePath = join(root, SCORED_FOLDER, ".score.json");
  const state = (await readState(statePath, scoreState)) ?? {
    schema: "score_state.v1" as const,
    partitions: {},
  };
  const quarantine = await Quarantine.open(root, "score");
  const all = { ...NOTHING };
  const inputs: FileDigest[] = [];
  const outputs: FileDigest[] = [];
  const paths = await partitions(root, EVIDENCE_FOLDER);
  try {
    for (const [at, path] of paths.entries()) {
      run.onProgress?.(at, paths.length);
      const from = `${EVIDENCE_FOLDER}/${path}`;
      const digest = await digestOf(root, from);
      inputs.push(digest);
      const before = state.partitions[path];
      if (before?.evidence_sha256 === digest.sha256 && before.scorer_version === version) continue;
      await whileCopied(root);
      const target = join(root, SCORED_FOLDER, path);
      const base = before?.base ?? (await sizeOf(target));
      if (before === undefined) {
        // Where this stage's rows begin is on the disk before there are any.
        state.partitions[path] = {
          evidence_sha256: sha256Hex(""),
          scorer_version: version,
          base,
          counts: { ...NOTHING },
          categories: {},
        };
        await writeState(statePath, state);
      }
      const file = new GrowingFile(target, { keptBytes: base });
      const found = { in: 0, out: 0, duplicates: 0, quarantined: 0 };
      const categories: Record<string, number> = {};
      const ids = new Set<string>();
      try {
        await makeFolder(join(root, SCORED_FOLDER));
        await file.open();
        for await (const line of linesIfThere(join(root, from))) {
          if (line.length === 0) continue;
          found.in += 1;
          const row = evidenceIn(line.bytes);
          if (row === undefined) {
            found.quarantined += 1;
            await quarantine.add(line, join(root, from), {
              reason: line.bytes === undefined ? "line_too_long" : "not_evidence.v1",
              sourceFile: from,
              replay: "lakehouse distill score",
            });
            continue;
          }
          if (ids.has(row.evidence_id)) {
            found.duplicates += 1;
            continue;
          }
          ids.add(row.evidence_id);
          const { category, score: points, reasons } = scoreOf(row, scorer);
          found.out += 1;
          categories[category] = (categories[category] ?? 0) + 1;
          file.append(
            `${JSON.stringify({
              schema: "scored_run.v1",
              evidence_id: row.evidence_id,
              category,
              score: points,
              reasons,
              scorer_version: version,
            })}\n`,
          );
        }
        await quarantine.publish();
        run.step?.("score: rows are in a temporary file");
        await file.publish();
        run.step?.("score: rows are in place");
      } finally {
        file.discard();
      }
      state.partitions[path] = {
        evidence_sha256: digest.sha256,
        scorer_version: version,
        base,
        counts: found,
        categories,
      };
      await writeState(statePath, state);
      outputs.push(await digestOf(root, `${SCORED_FOLDER}/${path}`));
      add(all, found, before?.scorer_version === version ? before.counts : NOTHING);
    }
  } finally {
    quarantine.discard();
  }
  for (const [path, { base }] of Object.entries(state.partitions)) {
    // Evidence of a source that was rewritten may be gone with its whole day.
    if (paths.includes(path)) continue;
    if (base === 0) await rm(join(root, SCORED_FOLDER, path), { force: true });
    delete state.partitions[path];
    await writeState(statePath, state);
  }
  const scored = Object.values(state.partitions);
  const totals = { ...NOTHING };
  const detail: Record<string, number> = {
    accepted: 0,
    partially_accepted: 0,
    rejected: 0,
    needs_human_review: 0,
  };
  for (const { counts: each, categories } of scored) {
    totals.in += each.in;
    totals.out += each.out;
    totals.duplicates += each.duplicates;
    totals.quarantined += each.quarantined;
    for (const [name, count] of Object.entries(categories)) detail[name] = (detail[name] ?? 0) + count;
  }
  return {
    counts: all,
    totals,
    detail: { ...detail, quarantine_entries: quarantine.entries },
    notes: [],
    inputs,
    outputs,
  };
}

/** A partition that grew is scored as a whole again: rows that were there before are none of this run. */
function add(all: Mutable<StageCounts>, found: StageCounts, before: StageCounts): void {
  const isGrown =
    found.in >= before.in &&
    found.out >= before.out &&
    found.quarantined >= before.quarantined &&
    found.duplicates >= before.duplicates;
  const { in: rowsIn, out, duplicates, quarantined } = isGrown ? before : NOTHING;
  all.in += found.in - rowsIn;
  all.out += found.out - out;
  all.duplicates += found.duplicates - duplicates;
  all.quarantined += found.quarantined - quarantined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function evidenceIn(bytes: Uint8Array | undefined): z.infer<typeof evidence> | undefined {
  if (bytes === undefined) return undefined;
  try {
    return evidence.safeParse(JSON.parse(utf8.decode(bytes))).data;
  } catch {
    return undefined;
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = Bun.file(path);
  return (await file.exists()) ? file.size : 0;
}

// Source logs become evidence. Each source is read on from where the last run ended; its rows go into day partitions, what
// is no evidence into quarantine. A source is committed as a whole: its partitions are put in place one by one, each with
// all its rows, and what was read is written last, so that a process that is killed anywhere is made up for by the next run,
// which writes the same bytes.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#rpc/fault";
import { digestOf } from "../files/digest.ts";
import { FileShrank, type Line, linesInPieces } from "../files/lines.ts";
import { Quarantine } from "../files/quarantine.ts";
import { SeenHashes } from "../files/seen-hashes.ts";
import { LINES_SUFFIX, SOURCES_FOLDER, sourceNames } from "../root.ts";
import type { FileDigest } from "../schemas/reports.ts";
import { NOTHING, type Run, type StageCounts, type StageResult } from "../run.ts";
import { evidenceOf, type LinePlace, type Made } from "./evidence-of.ts";
import { Partitions } from "./partitions.ts";
import { EMPTY_SHA256, PrefixHash } from "./prefix-hash.ts";
import { type MaterializeState, readSources, type SourceState, writeSources } from "./source-state.ts";

const REPLAY = "lakehouse distill materialize";
/** Lines between two reports of progress: some tens of milliseconds. */
const LINES_A_STEP = 2000;
const SHA256_BYTES = 32;

export async function materialize(run: Run): Promise<StageResult> {
  const { root } = run;
  const state = await readSources(root);
  const quarantine = await Quarantine.open(root, "materialize");
  let counts = NOTHING;
  let undated = 0;
  const notes: string[] = [];
  const outputs = new Set<string>();
  const names = await sourceNames(root);
  try {
    for (const source of names) {
      const read = await readSource(run, source, state, quarantine);
      counts = sum(counts, read.counts);
      undated += read.undated;
      for (const path of read.outputs) outputs.add(path);
      if (read.rewritten)
        notes.push(`${source}${LINES_SUFFIX} was rewritten in place: all of it was read again`);
    }
  } finally {
    quarantine.discard();
  }
  if (names.length === 0)
    notes.push(
      "there is no source log yet: while the house runs, lakehouse distill capture writes what it keeps into them",
    );
  for (const source of Object.keys(state.sources)) {
    if (!names.includes(source)) notes.push(`${source}${LINES_SUFFIX} is gone; its evidence was kept`);
  }
  if (undated > 0)
    notes.push(
      `${undated} lines have no recorded_at and stand under the day on which their file was written`,
    );
  return {
    counts,
    totals: Object.values(state.sources).reduce((all, each) => sum(all, each.counts), NOTHING),
    detail: { undated, quarantine_entries: quarantine.entries },
    notes,
    inputs: names.flatMap((name) => inputOf(sourcePath(name), state.sources[name])),
    outputs: await digestsOf(root, [...outputs].sort()),
  };
}

/** Exactly what was read: a log may have grown since. */
function inputOf(path: string, read: SourceState | undefined): FileDigest[] {
  return read === undefined ? [] : [{ path, sha256: read.sha256, bytes: read.bytes }];
}

async function digestsOf(root: string, paths: readonly string[]): Promise<FileDigest[]> {
  const digests: FileDigest[] = [];
  for (const path of paths) digests.push(await digestOf(root, path));
  return digests;
}

interface SourceRead {
  readonly counts: StageCounts;
  readonly undated: number;
  readonly outputs: readonly string[];
  readonly rewritten: boolean;
}

const UNCHANGED: SourceRead = { counts: NOTHING, undated: 0, outputs: [], rewritten: false };

async function readSource(
  run: Run,
  source: string,
  state: MaterializeState,
  quarantine: Quarantine,
): Promise<SourceRead> {
  const { size, mtime } = await stat(join(run.root, sourcePath(source)));
  const before = state.sources[source];
  const task = { run, source, size, quarantine, state };
  const fresh: Task = {
    ...task,
    before: undefined,
    fallbackMoment: `${mtime.toISOString().slice(0, 10)}T00:00:00.000Z`,
  };
  try {
    if (before !== undefined && size >= before.bytes) {
      const read = await readLines({ ...task, before, fallbackMoment: before.fallback_moment });
      if (read !== "rewritten") return read;
    }
    const read = await readLines(fresh);
    return { ...(read === "rewritten" ? UNCHANGED : read), rewritten: before !== undefined };
  } catch (error) {
    if (error instanceof FileShrank)
      throw new Fault(
        "conflict",
        `${source}${LINES_SUFFIX} became shorter while it was read; nothing of it was taken. Run the stage again when nobody rewrites it.`,
      );
    throw error;
  }
}

interface Task {
  readonly run: Run;
  readonly source: string;
  readonly size: number;
  readonly quarantine: Quarantine;
  readonly state: MaterializeState;
  /** What was read before; undefined to read all of it. */
  readonly before: SourceState | undefined;
  readonly fallbackMoment: string;
}

async function readLines(task: Task): Promise<SourceRead | "rewritten"> {
  const { run, source, size, quarantine, state, before, fallbackMoment } = task;
  const sourceFile = sourcePath(source);
  const path = join(run.root, sourceFile);
  const prefix = new PrefixHash(before?.bytes ?? 0);
  const seen = new SeenHashes();
  const writers = new Partitions(run.root, source, state.sources[source], before === undefined);
  const counts = { in: 0, out: 0, duplicates: 0, quarantined: 0 };
  const digest = new Uint8Array(SHA256_BYTES);
  let undated = 0;
  let compared = before === undefined;
  let ended = true;
  /** Whether what was read before is still there: told once all of it went by. */
  const isRewritten = (): boolean => {
    if (compared || before === undefined) return false;
    compared = true;
    return prefix.ofPrefix() !== before.sha256;
  };
  try {
    for await (const lines of linesInPieces(path, size, (bytes) => prefix.update(bytes))) {
      for (const line of lines) {
        const stop = line.start + line.length;
        if (line.bytes !== undefined) Bun.SHA256.hash(line.bytes, digest);
        const lineHash = line.bytes === undefined ? undefined : digest;
        const isBlank = line.length === 0 || (line.length === 1 && line.bytes?.[0] === 13);
        if (before !== undefined && line.start < before.bytes) {
          // A line that had no end when it was read goes on now: it is another line.
          if (stop > before.bytes) return "rewritten";
          if (!isBlank && lineHash !== undefined) seen.add(lineHash);
          continue;
        }
        if (isRewritten()) return "rewritten";
        ({ ended } = line);
        if (isBlank) continue;
        counts.in += 1;
        if (counts.in % LINES_A_STEP === 0) run.onProgress?.(counts.in);
        if (lineHash !== undefined && !seen.add(lineHash)) {
          counts.duplicates += 1;
          continue;
        }
        const made = madeOf(line, lineHash, { source, sourceFile, fallbackMoment });
        if ("reason" in made) {
          counts.quarantined += 1;
          await quarantine.add(line, path, { reason: made.reason, sourceFile, replay: REPLAY });
          continue;
        }
        const { evidence } = made;
        if (made.undated) undated += 1;
        counts.out += 1;
        const writer =
          writers.ready(evidence.provenance.recorded_at) ??
          (await writers.open(evidence.provenance.recorded_at));
        writer.add(evidence.evidence_id, `${JSON.stringify(evidence)}\n`);
      }
    }
    if (isRewritten()) return "rewritten";
    if (before !== undefined && counts.in === 0 && size === before.bytes) return UNCHANGED;
    await quarantine.publish();
    run.step?.("materialize: quarantine is written");
    const published = await writers.publish(async (partitions) => {
      // Where this stage's rows begin in each partition is on the disk before any of them is.
      state.sources[source] = {
        ...(state.sources[source] ?? {
          bytes: 0,
          sha256: EMPTY_SHA256,
          ended: true,
          fallback_moment: fallbackMoment,
          counts: NOTHING,
        }),
        partitions,
      };
      await writeSources(run.root, state);
      run.step?.("materialize: rows are in temporary files");
    });
    run.step?.("materialize: rows are in place");
    state.sources[source] = {
      bytes: size,
      sha256: prefix.ofAll(),
      ended,
      fallback_moment: fallbackMoment,
      counts: sum(before?.counts ?? NOTHING, counts),
      partitions: published.partitions,
    };
    await writeSources(run.root, state);
    return { counts, undated, outputs: published.outputs, rewritten: false };
  } finally {
    writers.discard();
  }
}

function madeOf(
  { bytes, offset }: Line,
  hash: Uint8Array | undefined,
  place: Pick<LinePlace, "source" | "sourceFile" | "fallbackMoment">,
): Made {
  if (bytes === undefined || hash === undefined) return { reason: "line_too_long" };
  return evidenceOf(bytes, { ...place, lineOffset: offset, sourceSha256: hash.toHex() });
}

function sourcePath(source: string): string {
  return `${SOURCES_FOLDER}/${source}${LINES_SUFFIX}`;
}

function sum(a: StageCounts, b: StageCounts): StageCounts {
  return {
    in: a.in + b.in,
    out: a.out + b.out,
    duplicates: a.duplicates + b.duplicates,
    quarantined: a.quarantined + b.quarantined,
  };
}

// The day partitions that one source's rows go into. A partition may begin with rows of an older program, which stay as they
// are; this stage's rows follow, and what of them is not committed is written over.

import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { GrowingFile } from "../files/growing-file.ts";
import { linesIfThere } from "../files/quarantine.ts";
import { EVIDENCE_FOLDER, partitionOf } from "../root.ts";
import { whileCopied } from "../stillness.ts";
import type { SourceState } from "./source-state.ts";

type Placed = SourceState["partitions"];

/** Rows of all partitions that are held in memory before they are written. */
const BUFFERED_CHARS_MAX = 16 * 1024 * 1024;

const PUBLISHED_AT_ONCE = 32;

interface Writer {
  readonly path: string;
  readonly base: number;
  /** Rows of before, and of now. */
  rows: number;
  readonly add: (evidenceId: string, line: string) => void;
  readonly file: GrowingFile;
}

export class Partitions {
  readonly #root: string;
  readonly #source: string;
  readonly #before: SourceState | undefined;
  readonly #isWhole: boolean;
  readonly #writers = new Map<string, Writer>();
  #buffered = 0;
  /** The writer of the last moment's day: lines of a log mostly follow each other in time. */
  #last: { readonly day: string; readonly writer: Writer } | undefined;

  /** `isWhole`: the source is read from its beginning, so what this stage wrote of it before goes. */
  constructor(root: string, source: string, before: SourceState | undefined, isWhole: boolean) {
    this.#root = root;
    this.#source = source;
    this.#before = before;
    this.#isWhole = isWhole;
  }

  /** The writer of a moment's day when it is open; `recordedAt` is in UTC. */
  ready(recordedAt: string): Writer | undefined {
    const day = recordedAt.slice(0, 10);
    if (this.#last?.day === day) return this.#last.writer;
    const writer = this.#writers.get(partitionOf(recordedAt, this.#source));
    if (writer !== undefined) this.#last = { day, writer };
    return writer;
  }

  async open(recordedAt: string): Promise<Writer> {
    const fromBase = this.#isWhole;
    const path = partitionOf(recordedAt, this.#source);
    const whole = join(this.#root, EVIDENCE_FOLDER, path);
    const placed = this.#before?.partitions[path];
    const base = placed?.base ?? (await sizeIfThere(whole));
    const there = placed === undefined && base > 0 ? await evidenceIds(whole) : undefined;
    const keptBytes = fromBase || placed === undefined ? base : placed.bytes;
    const file = new GrowingFile(whole, { keptBytes });
    await file.open();
    const writer: Writer = {
      path,
      base,
      rows: fromBase ? 0 : (placed?.rows ?? 0),
      file,
      add: (evidenceId, line) => {
        writer.rows += 1;
        if (there?.has(evidenceId) === true) return;
        file.append(line);
        this.#buffered += line.length;
        if (this.#buffered < BUFFERED_CHARS_MAX) return;
        for (const each of this.#writers.values()) each.file.flush();
        this.#buffered = 0;
      },
    };
    this.#writers.set(path, writer);
    return writer;
  }

  /**
   * Puts all partitions in place. `intend` writes down where this stage's rows begin, before there are any. Partitions of
   * before that got no row of a source that was read as a whole keep what is not this stage's.
   */
  async publish(
    intend: (partitions: Placed) => Promise<void>,
  ): Promise<{ readonly partitions: Placed; readonly outputs: string[] }> {
    const before = this.#before?.partitions ?? {};
    const intended: Placed = { ...before };
    for (const { path, base } of this.#writers.values()) intended[path] ??= { base, bytes: base, rows: 0 };
    await intend(intended);
    const partitions: Placed = this.#isWhole ? {} : { ...before };
    for (const [path, { base }] of Object.entries(before)) {
      if (!this.#isWhole || this.#writers.has(path)) continue;
      const whole = join(this.#root, EVIDENCE_FOLDER, path);
      if (base === 0) await rm(whole, { force: true });
      else await truncated(whole, base);
    }
    // Side by side: a disk flushes many files in hardly more time than one.
    const writers = [...this.#writers.values()];
    for (let at = 0; at < writers.length; at += PUBLISHED_AT_ONCE) {
      const some = writers.slice(at, at + PUBLISHED_AT_ONCE);
      await whileCopied(this.#root);
      await Promise.all(some.map(({ file }) => file.publish()));
      for (const { path, base, rows, file } of some)
        partitions[path] = { base, bytes: await sizeIfThere(file.path), rows };
    }
    return { partitions, outputs: [...this.#writers.keys()].map((path) => `${EVIDENCE_FOLDER}/${path}`) };
  }

  discard(): void {
    for (const { file } of this.#writers.values()) file.discard();
    this.#writers.clear();
  }
}

async function truncated(path: string, bytes: number): Promise<void> {
  const file = new GrowingFile(path, { keptBytes: bytes });
  await file.open();
  await file.publish();
}

async function sizeIfThere(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

/** Rows that an earlier run of this stage left, whose memory is gone. */
async function evidenceIds(path: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const decoder = new TextDecoder();
  for await (const { bytes } of linesIfThere(path)) {
    const id =
      bytes === undefined ? undefined : /"evidence_id":"([0-9a-f]{64})"/.exec(decoder.decode(bytes))?.[1];
    if (id !== undefined) ids.add(id);
  }
  return ids;
}

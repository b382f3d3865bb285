// A snapshot is the state of an index at one sequence, as sealed files that a manifest names with their hashes:
//
//   manifest          no payload; its tail is the Manifest below
//   rows-<n>-<gen>    the vectors of chunk n, f32 little-endian, row after row
//   table-<gen>       lines of JSON, each a list of [row, id, metadata, metadata bytes, Euclidean length]
//   graph-<number>    a graph (build.ts); optional, since it can be built from the rows
//
// Writing never disturbs the one before: new names, then the manifest in one rename. Chunks that have not
// changed since the last snapshot are named again and not written again. Rows may be written meanwhile: a live
// row never changes, and those that die are pinned, so what the table names is what the chunks hold.

import { readdir, rename, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type FileChecksum,
  type ChecksummedFile,
  readChecksummed,
  verifyChecksummed,
  writeChecksummed,
} from "#adapters/checksummed-file";
import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";
import type { Bitmap } from "../rows/bitmap.ts";
import { yieldToEventLoop, timeSlicer } from "#lib/event-loop";
import type { Rows, TableEntry } from "../rows/rows.ts";
import type { IndexShape } from "../rows/shape.ts";

export interface Artefact {
  readonly file: string;
  readonly bytes: number;
  readonly hash: string;
}

export interface Manifest {
  /** Counts snapshots of this index. */
  readonly generation: number;
  /** Everything up to this sequence is in it. */
  readonly sequence: number;
  readonly count: number;
  /** One past the highest row. */
  readonly end: number;
  readonly chunks: readonly Artefact[];
  readonly table: Artefact;
  readonly graph: Artefact | null;
  /** Milliseconds since the Unix epoch. */
  readonly taken_at: number;
}

/** What is written for one sequence, taken at one moment. */
export interface Captured {
  readonly sequence: number;
  readonly end: number;
  /** Rows that lived then. They are pinned, so that what they hold can be written bit by bit. */
  readonly live: Bitmap;
  readonly versions: readonly number[];
  readonly graph: { readonly name: string; readonly seal: FileChecksum } | null;
}

const MANIFEST = "manifest";
/** Names of the files that a manifest may name. */
export const ARTEFACT_NAME = /^(rows-\d+-\d+|table-\d+|graph-\d+)$/;
/** Rows in a line of the table: a step of about 2 ms to write or to parse. */
const ROWS_A_LINE = 500;

export function capture(rows: Rows, sequence: number, graph: Captured["graph"]): Captured {
  return {
    sequence,
    end: rows.end,
    live: rows.live.clone(),
    versions: rows.chunks.map((chunk) => chunk.version),
    graph,
  };
}

/**
 * Writes a snapshot. `last` is the one before and `lastVersions` its chunks' versions: what is equal is shared.
 * On any failure the one before stays and the new files go.
 */
export async function writeSnapshot(
  dir: string,
  rows: Rows,
  captured: Captured,
  last: { readonly manifest: Manifest; readonly versions: readonly number[] } | null,
  clock: Clock,
): Promise<Manifest> {
  // A manifest whose folder could not be flushed may stand though its writing failed: its names are taken.
  const generation = Math.max(last?.manifest.generation ?? 0, standing(dir)?.generation ?? 0) + 1;
  const written: string[] = [];
  const write = async (
    file: string,
    parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<Artefact> => {
    written.push(file);
    return artefact(file, await writeChecksummed(join(dir, file), parts));
  };
  try {
    const chunks: Artefact[] = [];
    for (let i = 0; i * rows.chunkRows < captured.end; i++) {
      const used = Math.min(rows.chunkRows, captured.end - i * rows.chunkRows);
      const before = last?.manifest.chunks[i];
      const same = before !== undefined && last?.versions[i] === captured.versions[i];
      chunks.push(same ? before : await write(`rows-${i}-${generation}`, [chunkBytes(rows, i, used)]));
    }
    const table = await write(`table-${generation}`, tableLines(rows, captured));
    const manifest: Manifest = {
      generation,
      sequence: captured.sequence,
      count: captured.live.count(),
      end: captured.end,
      chunks,
      table,
      graph: captured.graph === null ? null : artefact(captured.graph.name, captured.graph.seal),
      taken_at: clock.now(),
    };
    await writeManifest(dir, manifest);
    return manifest;
  } catch (error) {
    // What a manifest in place names stays, whether or not the disk said that it is there for good.
    if (standing(dir)?.generation === generation) throw error;
    for (const file of written) await rm(join(dir, file), { force: true }).catch(() => undefined);
    throw error;
  }
}

/** From here on the folder is the snapshot that the manifest names. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  await writeChecksummed(join(dir, MANIFEST), [], manifest);
}

export function filesOf({ chunks, table, graph }: Manifest): Artefact[] {
  return [...chunks, table, ...(graph === null ? [] : [graph])];
}

function artefact(file: string, seal: FileChecksum): Artefact {
  return { file, bytes: seal.payloadBytes, hash: seal.hash };
}

function chunkBytes(rows: Rows, index: number, used: number): Uint8Array {
  const { vectors } = rows.chunk(index * rows.chunkRows);
  return new Uint8Array(vectors.buffer, 0, used * rows.shape.dimension * 4);
}

async function* tableLines(rows: Rows, { live }: Captured): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const all = live.toRows();
  for (let at = 0; at < all.length; at += ROWS_A_LINE) {
    const line = Array.from(all.subarray(at, at + ROWS_A_LINE), (row) => rows.entry(row));
    yield encoder.encode(`${JSON.stringify(line)}\n`);
    await yieldToEventLoop();
  }
}

/**
 * Lets the memory of whole chunks go whose rows a snapshot holds: they are mapped from its files from here on.
 * A chunk that has taken rows since, or that has room for more, stays in memory until the next snapshot.
 */
export async function mapWritten(
  dir: string,
  rows: Rows,
  manifest: Manifest,
  versions: readonly number[],
): Promise<void> {
  const stepped = timeSlicer();
  for (const [i, { file }] of manifest.chunks.entries()) {
    const chunk = rows.chunks[i];
    const whole = (i + 1) * rows.chunkRows <= manifest.end;
    if (chunk === undefined || chunk.version !== versions[i] || !whole) continue;
    if (chunk.file === file) continue;
    rows.mapChunk(i, mapped(join(dir, file), rows), file);
    const rest = stepped();
    if (rest !== null) await rest;
  }
}

/** The vectors of a whole chunk as they lie in a verified file. Private: what is written to them never reaches the file. */
function mapped(path: string, rows: Rows): Float32Array<ArrayBuffer> {
  const bytes = Bun.mmap(path, { shared: false });
  return new Float32Array(bytes.buffer, 0, rows.chunkRows * rows.shape.dimension);
}

/** The manifest that a restart would read; null when there is none, or none that verifies. */
function standing(dir: string): Manifest | null {
  try {
    return readChecksummed(join(dir, MANIFEST)).tail as Manifest;
  } catch {
    return null;
  }
}

/** The manifest of a folder, verified; null when there is none. A damaged one is put aside, and is a Fault `internal`. */
export async function readManifest(dir: string, clock: Clock): Promise<Manifest | null> {
  const path = join(dir, MANIFEST);
  if (!existsSync(path)) return null;
  return orQuarantine(path, clock, () => readChecksummed(path).tail as Manifest);
}

/** Reads the rows that a manifest names into an empty `rows`. Damage puts the file aside and is a Fault `internal` that names it. */
export async function readRows(
  dir: string,
  manifest: Manifest,
  shape: IndexShape,
  rows: Rows,
  clock: Clock,
): Promise<void> {
  rows.restoreChunks(manifest.end);
  for (const [i, chunk] of manifest.chunks.entries()) {
    const used = Math.min(rows.chunkRows, manifest.end - i * rows.chunkRows);
    const whole = used === rows.chunkRows;
    const into = whole ? undefined : (): Uint8Array => chunkBytes(rows, i, used);
    const { payloadBytes } = await readArtefact(dir, chunk, clock, into);
    if (payloadBytes !== used * rows.shape.dimension * 4)
      throw new Fault("internal", `${chunk.file} has another size than the index.`);
    if (whole) rows.mapChunk(i, mapped(join(dir, chunk.file), rows), chunk.file);
  }
  let table = new Uint8Array();
  await readArtefact(dir, manifest.table, clock, (bytes) => (table = new Uint8Array(bytes)));
  const decoder = new TextDecoder();
  const stepped = timeSlicer();
  for (let at = 0; at < table.length;) {
    const end = table.indexOf(10, at);
    const line = JSON.parse(decoder.decode(table.subarray(at, end))) as TableEntry[];
    for (const entry of line) rows.restore(entry);
    at = end + 1;
    const rest = stepped();
    if (rest !== null) await rest;
  }
  if (rows.count !== manifest.count) {
    throw new Fault(
      "internal",
      `${join(dir, manifest.table.file)} does not hold the ${manifest.count} rows of the manifest.`,
    );
  }
}

/** A graph file that the manifest names, verified; null when there is none or it is damaged, in which case it is put aside. */
export async function readGraph(
  dir: string,
  manifest: Manifest | null,
  clock: Clock,
): Promise<ChecksummedFile | null> {
  if (manifest === null || manifest.graph === null) return null;
  try {
    return await readArtefact(dir, manifest.graph, clock);
  } catch (error) {
    // The rows are the truth and are whole; the graph is built from them again.
    if (error instanceof Fault && error.code === "internal") return null;
    throw error;
  }
}

async function readArtefact(
  dir: string,
  { file, hash }: Artefact,
  clock: Clock,
  into?: (payloadBytes: number) => Uint8Array,
): Promise<ChecksummedFile> {
  const path = join(dir, file);
  return orQuarantine(path, clock, async () => {
    const sealed = await verifyChecksummed(path, into);
    if (sealed.hash !== hash)
      throw new Fault("internal", `${path} is whole, but not the file that the manifest names.`);
    return sealed;
  });
}

/** Runs a read; a file found damaged is renamed, so that it is looked at by people and not opened again. */
async function orQuarantine<T>(path: string, clock: Clock, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const aside = `${path}.damaged-${clock.now()}`;
    const moved = await rename(path, aside).then(
      () => true,
      () => false,
    );
    if (!(error instanceof Fault)) throw error;
    const kept = moved ? ` It is kept as ${aside}.` : "";
    throw new Fault(error.code, `${error.message}${kept}`, { cause: error });
  }
}

/** Removes files that neither the manifests nor `keep` name; what is still being written is never among them. */
export async function sweep(
  dir: string,
  manifests: readonly Manifest[],
  keep: ReadonlySet<string>,
): Promise<void> {
  const named = new Set(keep);
  const last = standing(dir);
  for (const manifest of [...manifests, ...(last === null ? [] : [last])])
    for (const { file } of filesOf(manifest)) named.add(file);
  for (const name of await readdir(dir)) {
    if (ARTEFACT_NAME.test(name) && !named.has(name)) await rm(join(dir, name), { force: true });
  }
}

// A snapshot is the state of an index at one sequence, as checksummed files that a manifest names with their hashes:
//
//   manifest          no payload; its tail is the Manifest below
//   rows-<n>-<gen>    the vectors of chunk n, f32 little-endian, row after row
//   table-<gen>       lines of JSON, each a list of [row, id, metadata, metadata bytes, Euclidean length]; its tail is
//                     the manifest as far as it describes the state, from which a lost manifest is made again
//   graph-<number>    a graph (graph/worker.ts), of all rows or of a partition; optional, since it can be built from the rows
//
// Writing never disturbs the one before: new names, then the manifest in one rename. Chunks that have not
// changed since the last snapshot are named again and not written again. Rows may be written meanwhile: a live
// row never changes, and those that are removed are pinned, so what the table names is what the chunks hold.
// Reading changes nothing: a file that does not verify stays where it is, and salvage.ts reads past it.

import { readdir, rm, stat } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type FileChecksum,
  type ChecksummedFile,
  damaged,
  readChecksummed,
  verifyChecksummed,
  writeChecksummed,
} from "#adapters/checksummed-file";
import type { Clock } from "#lib/clock";
import { timeSlicer, yieldToEventLoop } from "#lib/event-loop";
import type { Bitmap } from "../rows/bitmap.ts";
import type { Scalar } from "../rows/filter.ts";
import type { Rows, TableEntry } from "../rows/rows.ts";
import type { Efforts } from "../search/recall-keeper.ts";

export interface Artefact {
  readonly file: string;
  readonly bytes: number;
  readonly hash: string;
  /** xxHash64 of each block of rows, so that damage costs a repair the rows of a block and not of the file. */
  readonly blocks?: readonly string[];
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
  /** Graphs of single values of the field by which the index is partitioned; absent where there are none. */
  readonly partitions?: readonly { readonly value: Scalar; readonly graph: Artefact }[];
  /** What its graph was found to need (search/recall-keeper.ts), where that was measured. */
  readonly efforts?: Efforts;
  /** Milliseconds since the Unix epoch. */
  readonly taken_at: number;
}

/** What the table says of its snapshot: the same for the same state, so that equal tables are equal files. */
type TableTail = Omit<Manifest, "table" | "generation" | "taken_at" | "efforts">;

/** What is written for one sequence, taken at one moment. */
export interface Captured {
  readonly sequence: number;
  readonly end: number;
  /** Rows that lived then. They are pinned, so that what they hold can be written bit by bit. */
  readonly live: Bitmap;
  readonly versions: readonly number[];
  readonly graph: GraphFile | null;
  readonly partitions: readonly (GraphFile & { readonly value: Scalar })[];
  readonly efforts: Efforts | undefined;
}

interface GraphFile {
  readonly name: string;
  readonly checksum: FileChecksum;
}

const MANIFEST = "manifest";
const TABLE_NAME = /^table-(\d+)$/;
/** Names of the files that a manifest may name. */
export const ARTEFACT_NAME = /^(rows-\d+-\d+|table-\d+|graph-\d+)$/;
/** A flipped byte costs so many rows of a repair; a manifest has 64 hashes for a chunk of 4 MiB. */
const ROW_BLOCK_BYTES = 64 * 1024;
/** Rows in a line of the table: a step of about 2 ms to write or to parse. */
const ROWS_A_LINE = 500;

export function capture(
  rows: Rows,
  sequence: number,
  graph: GraphFile | null,
  partitions: Captured["partitions"] = [],
  efforts?: Efforts,
): Captured {
  return {
    sequence,
    end: rows.end,
    live: rows.live.clone(),
    versions: rows.chunks.map((chunk) => chunk.version),
    graph,
    partitions,
    efforts,
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
    tail: unknown = null,
  ): Promise<Artefact> => {
    written.push(file);
    return artefact(file, await writeChecksummed(join(dir, file), parts, tail));
  };
  try {
    const chunks: Artefact[] = [];
    for (let i = 0; i * rows.chunkRows < captured.end; i++) {
      const used = Math.min(rows.chunkRows, captured.end - i * rows.chunkRows);
      const before = last?.manifest.chunks[i];
      const same = before !== undefined && last?.versions[i] === captured.versions[i];
      if (same) {
        chunks.push(before);
        continue;
      }
      const blocks: string[] = [];
      const bytes = blocksOf(chunkBytes(rows, i, used), blocks);
      chunks.push({ ...(await write(`rows-${i}-${generation}`, bytes)), blocks });
    }
    const described: TableTail = {
      sequence: captured.sequence,
      count: captured.live.count(),
      end: captured.end,
      chunks,
      graph: captured.graph === null ? null : artefact(captured.graph.name, captured.graph.checksum),
      ...(captured.partitions.length === 0 ? {} : { partitions: captured.partitions.map(partitionOf) }),
    };
    const table = await write(`table-${generation}`, tableLines(rows, captured), described);
    const { efforts } = captured;
    const known = efforts === undefined ? {} : { efforts };
    const manifest: Manifest = { ...described, ...known, generation, table, taken_at: clock.now() };
    await writeManifest(dir, manifest);
    return manifest;
  } catch (error) {
    // What a manifest in place names stays, whether or not the disk said that it is there for good.
    if (standing(dir)?.generation === generation) throw error;
    for (const file of written) await rm(join(dir, file), { force: true }).catch(() => undefined);
    throw error;
  }
}

/** From here on the folder holds the snapshot that the manifest names. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  await writeChecksummed(join(dir, MANIFEST), [], manifest);
}

export function filesOf(manifest: Manifest): Artefact[] {
  return [...manifest.chunks, manifest.table, ...graphsOf(manifest)];
}

/** They are caches: without one of them the snapshot is whole. */
export function graphsOf({ graph, partitions = [] }: Manifest): Artefact[] {
  return [...(graph === null ? [] : [graph]), ...partitions.map((partition) => partition.graph)];
}

function partitionOf({ value, name, checksum }: Captured["partitions"][number]): {
  value: Scalar;
  graph: Artefact;
} {
  return { value, graph: artefact(name, checksum) };
}

function artefact(file: string, { payloadBytes, hash }: FileChecksum): Artefact {
  return { file, bytes: payloadBytes, hash };
}

/** Hashes each block as it is written. */
function* blocksOf(bytes: Uint8Array, hashes: string[]): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += ROW_BLOCK_BYTES) {
    const block = bytes.subarray(at, at + ROW_BLOCK_BYTES);
    hashes.push(hashOf(block));
    yield block;
  }
}

function hashOf(block: Uint8Array): string {
  return Bun.hash.xxHash64(block).toString(16);
}

/** The rows of a damaged chunk that lie in blocks which verify, put into its memory; none where there are no such blocks. */
export async function readBlocks(
  dir: string,
  manifest: Manifest,
  rows: Rows,
  index: number,
): Promise<ReadonlySet<number>> {
  const chunk = manifest.chunks[index];
  const readable = new Set<number>();
  if (chunk?.blocks === undefined || !existsSync(join(dir, chunk.file))) return readable;
  const used = Math.min(rows.chunkRows, manifest.end - index * rows.chunkRows);
  const rowBytes = rows.shape.dimension * 4;
  const bytes = new Uint8Array(used * rowBytes);
  const stored = new Uint8Array(await Bun.file(join(dir, chunk.file)).arrayBuffer());
  bytes.set(stored.subarray(0, bytes.length));
  const whole = chunk.blocks.map((hash, n) => {
    const from = n * ROW_BLOCK_BYTES;
    return hashOf(bytes.subarray(from, from + ROW_BLOCK_BYTES)) === hash;
  });
  for (let slot = 0; slot < used; slot += 1) {
    const first = Math.floor((slot * rowBytes) / ROW_BLOCK_BYTES);
    const last = Math.floor(((slot + 1) * rowBytes - 1) / ROW_BLOCK_BYTES);
    if (whole.slice(first, last + 1).every(Boolean)) readable.add(index * rows.chunkRows + slot);
  }
  rows.holdChunk(index, bytes);
  return readable;
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
 * Frees the memory of whole chunks whose rows a snapshot holds: they are mapped from its files from here on.
 * A chunk that has taken rows since, or that has room for more, stays in memory until the next snapshot.
 */
export async function mapWritten(
  dir: string,
  rows: Rows,
  manifest: Manifest,
  versions: readonly number[],
): Promise<void> {
  const sliced = timeSlicer();
  for (const [i, { file }] of manifest.chunks.entries()) {
    const chunk = rows.chunks[i];
    const whole = (i + 1) * rows.chunkRows <= manifest.end;
    if (chunk === undefined || chunk.version !== versions[i] || !whole) continue;
    if (chunk.file === file) continue;
    rows.mapChunk(i, mapped(join(dir, file), rows), file);
    const pause = sliced();
    if (pause !== null) await pause;
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

/** The manifest of a folder, verified; null when there is none. A damaged one is a Fault `internal`. */
export function readManifest(dir: string): Manifest | null {
  const path = join(dir, MANIFEST);
  return existsSync(path) ? (readChecksummed(path).tail as Manifest) : null;
}

/** The newest snapshot whose table verifies, whatever the manifest says; null when no table does. */
export async function manifestOfTables(dir: string): Promise<Manifest | null> {
  const generations = (await readdir(dir)).flatMap((name) => TABLE_NAME.exec(name)?.[1] ?? []).map(Number);
  for (const generation of generations.sort((a, b) => b - a)) {
    const file = `table-${generation}`;
    try {
      const verified = await verifyChecksummed(join(dir, file));
      const { mtimeMs } = await stat(join(dir, file));
      const table = artefact(file, verified);
      if (verified.tail !== null)
        return { ...(verified.tail as TableTail), generation, table, taken_at: Math.round(mtimeMs) };
    } catch {
      // The one before it may still be whole.
    }
  }
  return null;
}

/** Reads the rows that a manifest names into an empty `rows`. Damage is a Fault `internal` that names the file. */
export async function readRows(dir: string, manifest: Manifest, rows: Rows): Promise<void> {
  rows.restoreChunks(manifest.end);
  for (const i of manifest.chunks.keys()) await readChunk(dir, manifest, rows, i);
  await readTable(dir, manifest, rows, () => true);
  if (rows.count !== manifest.count)
    throw damaged(manifest.table.file, `it does not hold the ${manifest.count} rows of the manifest`);
}

/** Reads the vectors of one chunk, or maps their file when it is a whole one. */
export async function readChunk(dir: string, manifest: Manifest, rows: Rows, index: number): Promise<void> {
  const chunk = manifest.chunks[index];
  if (chunk === undefined) return;
  const used = Math.min(rows.chunkRows, manifest.end - index * rows.chunkRows);
  const whole = used === rows.chunkRows;
  const into = whole ? undefined : (): Uint8Array => chunkBytes(rows, index, used);
  const { payloadBytes } = await readArtefact(dir, chunk, into);
  if (payloadBytes !== used * rows.shape.dimension * 4)
    throw damaged(chunk.file, "it has another size than the index");
  if (whole) rows.mapChunk(index, mapped(join(dir, chunk.file), rows), chunk.file);
}

/** Gives the rows that pass `wanted` their ids and metadata. */
export async function readTable(
  dir: string,
  manifest: Manifest,
  rows: Rows,
  wanted: (row: number) => boolean,
): Promise<void> {
  let table = new Uint8Array();
  await readArtefact(dir, manifest.table, (bytes) => (table = new Uint8Array(bytes)));
  const decoder = new TextDecoder();
  const sliced = timeSlicer();
  for (let at = 0; at < table.length;) {
    const end = table.indexOf(10, at);
    const line = JSON.parse(decoder.decode(table.subarray(at, end))) as TableEntry[];
    for (const entry of line) if (wanted(entry[0])) rows.restore(entry);
    at = end + 1;
    const pause = sliced();
    if (pause !== null) await pause;
  }
}

/** Verifies a file that a manifest names. Throws Fault `internal` when it is damaged or another file. */
export async function readArtefact(
  dir: string,
  { file, hash }: Artefact,
  into?: (payloadBytes: number) => Uint8Array,
): Promise<ChecksummedFile> {
  const verified = await verifyChecksummed(join(dir, file), into);
  if (verified.hash !== hash) throw damaged(file, "it is whole, but not the file that the manifest names");
  return verified;
}

/**
 * Removes the files of snapshots that neither the manifests nor `kept` name; what is still being written is never among
 * them. `kept` is asked after the folder was read: what a build began meanwhile is in its answer, or was not there yet.
 */
export async function removeGarbage(
  dir: string,
  manifests: readonly Manifest[],
  kept: () => Iterable<string> = () => [],
): Promise<void> {
  const found = (await readdir(dir)).filter((name) => ARTEFACT_NAME.test(name));
  const named = new Set(kept());
  const last = standing(dir);
  for (const manifest of [...manifests, ...(last === null ? [] : [last])])
    for (const { file } of filesOf(manifest)) named.add(file);
  for (const name of found) if (!named.has(name)) await rm(join(dir, name), { force: true });
}

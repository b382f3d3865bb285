// A snapshot is the state of an index at one sequence, as sealed files that a manifest names with their hashes:
//
//   manifest          no payload; its tail is the Manifest below
//   rows-<n>-<gen>    the vectors of chunk n, f32 little-endian, row after row
//   table-<gen>       lines of JSON, each a list of [row, id, metadata, metadata bytes]
//   graph-<number>    a graph (build.ts); optional, since it can be built from the rows
//
// Writing never disturbs the one before: new names, then the manifest in one rename. Chunks that have not
// changed since the last snapshot are named again and not written again. Rows may be written meanwhile: a live
// row never changes, and those that die are pinned, so what the table names is what the chunks hold.

import { readdir, rename, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Seal, readSealed, writeSealed } from "#adapters/hnsw-file";
import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";
import type { Rows } from "./rows.ts";
import { breathe } from "./scan.ts";
import type { IndexShape, Metadata } from "./shape.ts";

interface Artefact {
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
  readonly table: readonly (readonly [row: number, id: string, metadata: Metadata, metadataBytes: number])[];
  readonly versions: readonly number[];
  readonly graph: { readonly name: string; readonly seal: Seal } | null;
}

const MANIFEST = "manifest";
/** Rows in a line of the table: a step of about 2 ms to write or to parse. */
const ROWS_A_LINE = 500;

export function capture(rows: Rows, sequence: number, graph: Captured["graph"]): Captured {
  return {
    sequence,
    end: rows.end,
    table: rows.table(),
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
    return artefact(file, await writeSealed(join(dir, file), parts));
  };
  try {
    const chunks: Artefact[] = [];
    for (let i = 0; i * rows.chunkRows < captured.end; i++) {
      const used = Math.min(rows.chunkRows, captured.end - i * rows.chunkRows);
      const before = last?.manifest.chunks[i];
      const same = before !== undefined && last?.versions[i] === captured.versions[i];
      chunks.push(same ? before : await write(`rows-${i}-${generation}`, [chunkBytes(rows, i, used)]));
    }
    const table = await write(`table-${generation}`, tableLines(captured));
    const manifest: Manifest = {
      generation,
      sequence: captured.sequence,
      count: captured.table.length,
      end: captured.end,
      chunks,
      table,
      graph: captured.graph === null ? null : artefact(captured.graph.name, captured.graph.seal),
      taken_at: clock.now(),
    };
    await writeSealed(join(dir, MANIFEST), [], manifest);
    return manifest;
  } catch (error) {
    // What a manifest in place names stays, whether or not the disk said that it is there for good.
    if (standing(dir)?.generation === generation) throw error;
    for (const file of written) await rm(join(dir, file), { force: true }).catch(() => undefined);
    throw error;
  }
}

function artefact(file: string, seal: Seal): Artefact {
  return { file, bytes: seal.payloadBytes, hash: seal.hash };
}

function chunkBytes(rows: Rows, index: number, used: number): Uint8Array {
  const { vectors } = rows.chunk(index * rows.chunkRows);
  return new Uint8Array(vectors.buffer, 0, used * rows.shape.dimension * 4);
}

async function* tableLines({ table }: Captured): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for (let at = 0; at < table.length; at += ROWS_A_LINE) {
    yield encoder.encode(`${JSON.stringify(table.slice(at, at + ROWS_A_LINE))}\n`);
    await breathe();
  }
}

/** The manifest that a restart would read; null when there is none, or none that verifies. */
function standing(dir: string): Manifest | null {
  try {
    return readSealed(join(dir, MANIFEST)).tail as Manifest;
  } catch {
    return null;
  }
}

/** The manifest of a folder, verified; null when there is none. A damaged one is put aside, and is a Fault `internal`. */
export async function readManifest(dir: string, clock: Clock): Promise<Manifest | null> {
  const path = join(dir, MANIFEST);
  if (!existsSync(path)) return null;
  return orQuarantine(path, clock, () => readSealed(path).tail as Manifest);
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
    await readArtefact(dir, chunk, clock, (bytes) => {
      const target = chunkBytes(rows, i, used);
      if (bytes !== target.length)
        throw new Fault("internal", `${chunk.file} has another size than the index.`);
      return target;
    });
  }
  let table = new Uint8Array();
  await readArtefact(dir, manifest.table, clock, (bytes) => (table = new Uint8Array(bytes)));
  const decoder = new TextDecoder();
  for (let at = 0; at < table.length;) {
    const end = table.indexOf(10, at);
    const line = JSON.parse(decoder.decode(table.subarray(at, end))) as Captured["table"];
    for (const [row, id, metadata, metadataBytes] of line) rows.restore(row, id, metadata, metadataBytes);
    at = end + 1;
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
): Promise<ReturnType<typeof readSealed> | null> {
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
): Promise<ReturnType<typeof readSealed>> {
  const path = join(dir, file);
  return orQuarantine(path, clock, () => {
    const sealed = readSealed(path, into);
    if (sealed.hash !== hash)
      throw new Fault("internal", `${path} is whole, but not the file that the manifest names.`);
    return sealed;
  });
}

/** Runs a read; a file found damaged is renamed, so that it is looked at by people and not opened again. */
async function orQuarantine<T>(path: string, clock: Clock, read: () => T): Promise<T> {
  try {
    return read();
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

/** Removes files that neither the manifest nor `keep` names; what is still being written is never among them. */
export async function sweep(
  dir: string,
  manifest: Manifest | null,
  keep: ReadonlySet<string>,
): Promise<void> {
  const named = new Set(keep);
  for (const kept of [manifest, standing(dir)]) {
    if (kept === null) continue;
    for (const { file } of [...kept.chunks, kept.table]) named.add(file);
    if (kept.graph !== null) named.add(kept.graph.file);
  }
  for (const name of await readdir(dir)) {
    if (/^(rows-\d+-\d+|table-\d+|graph-\d+)$/.test(name) && !named.has(name))
      await rm(join(dir, name), { force: true });
  }
}

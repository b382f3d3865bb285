// The folder of one index: how it comes into being whole, and how it is opened. It holds the shape, the last snapshot
// (snapshots/snapshot.ts), the log behind it (#adapters/wal) and the log's head. Opening reads and verifies all of them;
// what is damaged or missing fails it with a Fault `internal` that names the file, and is left as it is. Only a graph
// is a cache: a damaged one is set aside and built again.

import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type ChecksummedFile,
  diskFault,
  readChecksummed,
  writeChecksummed,
} from "#adapters/checksummed-file";
import type { Clock } from "#lib/clock";
import { assert } from "#lib/assert";
import { nodeDisk } from "#lib/disk";
import { makeFolder, syncFolder, TEMPORARY_SUFFIX } from "#lib/durable";
import { yieldToEventLoop } from "#lib/event-loop";
import { createLog as newLog, type Log as Logger } from "#lib/log";
import { Fault } from "#rpc/fault";
import type { EngineIndex } from "./engine.ts";
import { Failures } from "./failures.ts";
import { incomingIn } from "./folders.ts";
import { GraphCache, GraphNumbers } from "./graph/graph-cache.ts";
import { Partitions } from "./graph/partitions.ts";
import { type LanceBucket, newTable, openLance } from "./lance/open.ts";
import type { LancePool } from "./lance/pool.ts";
import { newState, writeState } from "./lance/state.ts";
import { Rows } from "./rows/rows.ts";
import { checkShape, type IndexShape, parseShape, sameShape, shapeText } from "./rows/shape.ts";
import {
  type Artefact,
  type Manifest,
  readArtefact,
  readManifest,
  readRows,
  removeGarbage,
} from "./snapshots/snapshot.ts";
import { VectorIndex } from "./vector-index.ts";
import { applyRecord, type RowObserver } from "./wal/apply.ts";
import { createHead, hasHead } from "#adapters/wal/head";
import { Log } from "#adapters/wal/log";
import { createLog } from "#adapters/wal/recovery";

/** The processes and the bucket that tables of the lance engine need. */
export interface LanceOptions {
  readonly pool: LancePool;
  readonly bucket?: LanceBucket | undefined;
}

export interface OpenOptions {
  readonly dir: string;
  readonly clock: Clock;
  /** Creates the index when its folder is missing or empty. Throws `conflict` when it is there with another shape. */
  readonly shape?: IndexShape;
  /** Standard error unless given. */
  readonly log?: Logger;
  /** Needed for an index with that engine. */
  readonly lance?: LanceOptions;
}

const SHAPE_FILE = "shape.json";

/** The shape of the index in a folder. Throws Fault `internal` when its file is damaged or missing. */
export function readShape(dir: string): IndexShape {
  return parseShape(readChecksummed(join(dir, SHAPE_FILE)).tail as string);
}

export async function writeShape(dir: string, shape: IndexShape): Promise<void> {
  await writeChecksummed(join(dir, SHAPE_FILE), [], shapeText(shape));
}

/** Makes the folder of a new index beside its place and moves it there: it is whole or not there. */
export async function createFolder(
  dir: string,
  shape: IndexShape,
  { clock, lance }: Pick<OpenOptions, "clock" | "lance">,
): Promise<void> {
  checkShape(shape);
  const incoming = incomingIn(dirname(dir));
  try {
    await makeFolder(incoming);
    await writeShape(incoming, shape);
    await createLog(nodeDisk, incoming, 0);
    if (shape.engine === "lance")
      await writeState(incoming, newState(newTable(lance?.bucket), 0, clock.now()));
    await rename(incoming, dir);
    await syncFolder(dirname(dir));
  } catch (error) {
    await rm(incoming, { recursive: true, force: true });
    throw diskFault(error, dir);
  }
}

/** Gives a folder of a version that kept no head of the log one that proves nothing about its end. */
export async function adoptFolder(dir: string): Promise<void> {
  if (!(await hasHead(nodeDisk, dir))) await createHead(nodeDisk, dir, 0);
}

export async function openIndex(options: OpenOptions): Promise<EngineIndex> {
  const { dir, shape: wanted, clock } = options;
  if (wanted !== undefined && (await isMissingOrEmpty(dir))) await createFolder(dir, wanted, options);
  const shape = readShape(dir);
  if (shape.engine !== "lance") return openHnsw(options);
  const { lance, log = newLog({ level: "warn", readable: false }) } = options;
  assert(lance !== undefined, "an index with engine lance is opened with its processes");
  await removeUnfinished(dir);
  return openLance({ dir, shape, clock, failures: new Failures(log), ...lance });
}

/** An index with engine hnsw. */
export async function openHnsw(options: OpenOptions): Promise<VectorIndex> {
  const { dir, shape: wanted, clock, log } = options;
  if (wanted !== undefined && (await isMissingOrEmpty(dir))) await createFolder(dir, wanted, options);
  const shape = readShape(dir);
  if (wanted !== undefined && !sameShape(shape, wanted)) {
    const message = "The index exists with another shape. Delete it first, or give the shape it has.";
    throw new Fault("conflict", message);
  }
  const failures = new Failures(log ?? newLog({ level: "warn", readable: false }));
  await removeUnfinished(dir);
  const manifest = readManifest(dir);
  const rows = new Rows(shape);
  if (manifest !== null) await readRows(dir, manifest, rows);
  const versions = rows.chunks.map((chunk) => chunk.version);
  const numbers = new GraphNumbers(await highestGraph(dir));
  const graph = new GraphCache(dir, rows, clock, numbers);
  const { partition_by: field } = shape;
  const partitions = field === undefined ? null : new Partitions(field, dir, rows, clock, numbers);
  const observer: RowObserver = partitions === null ? graph : observers(graph, partitions);
  try {
    if (manifest !== null) await attachGraphs(dir, manifest, graph, partitions, clock, failures);
    // Each of these takes milliseconds at 100,000 rows.
    await yieldToEventLoop();
    rows.restored();
    await yieldToEventLoop();
    rows.live.forEach((row) => {
      if (!graph.has(row)) graph.added(row);
    });
    partitions?.start();
    const replay = async ({ record }: { readonly record: Uint8Array }): Promise<void> => {
      await applyRecord(rows, record, observer);
    };
    const wal = await Log.open({ dir, after: manifest?.sequence ?? 0, replay });
    await removeGarbage(dir, manifest === null ? [] : [manifest]);
    const last = manifest === null ? null : { manifest, versions };
    return new VectorIndex({ shape, dir, clock, rows, graph, partitions, observer, wal, last, failures });
  } catch (error) {
    // No build may start for an index that did not open.
    await Promise.all([graph.close(), partitions?.close()]);
    throw error;
  }
}

async function isMissingOrEmpty(dir: string): Promise<boolean> {
  return !existsSync(dir) || (await readdir(dir)).length === 0;
}

/** Maps the snapshot's graphs. One that does not verify is set aside; it is built again from the rows. */
async function attachGraphs(
  dir: string,
  manifest: Manifest,
  whole: GraphCache,
  partitions: Partitions | null,
  clock: Clock,
  failures: Failures,
): Promise<void> {
  const attach = async (
    graph: Artefact,
    take: (path: string, verified: ChecksummedFile) => Promise<void>,
  ): Promise<void> => {
    const path = join(dir, graph.file);
    try {
      await take(path, await readArtefact(dir, graph));
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "internal") throw error;
      failures.failed("graph file", error);
      if (existsSync(path)) await rename(path, `${path}.damaged-${clock.now()}`);
    }
  };
  if (manifest.graph !== null) await attach(manifest.graph, (path, verified) => whole.attach(path, verified));
  if (partitions === null) return;
  for (const { value, graph } of manifest.partitions ?? [])
    await attach(graph, (path, verified) => partitions.attach(value, path, verified));
}

function observers(...all: readonly RowObserver[]): RowObserver {
  return {
    added: (row) => all.forEach((each) => each.added(row)),
    removed: (row) => all.forEach((each) => each.removed(row)),
  };
}

/** Removes what a process left that ended while it wrote: none of it was in use. */
async function removeUnfinished(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const unfinished = name.endsWith(".tmp") || name.endsWith(TEMPORARY_SUFFIX) || /^job-\d+$/.test(name);
    if (unfinished) await rm(join(dir, name), { force: true });
  }
}

async function highestGraph(dir: string): Promise<number> {
  const numbers = (await readdir(dir)).map((name) => Number(/^graph-(\d+)/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

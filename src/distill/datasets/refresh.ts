// The datasets `evidence`, `scored_runs` and `exports`: what the files of the house's root say, as rows for SQL. They follow
// from the files and may be dropped: they are made again.
//
// Only partitions that changed since they were last written are loaded, each row in place of the one of its id. Where the
// dataset then has more rows than the files, rows of a source that was rewritten are left over, and all of it is replaced. What
// was written is kept in a file beside the evidence, and counts only while the dataset has the rows that it says.

import { join } from "node:path";
import { z } from "zod";
import type { House } from "#contracts/house";
import type { CallInit } from "#rpc/call";
import { Fault, toFault } from "#rpc/fault";
import { type ScoredEvidence, scoredPartition } from "../export/scored-evidence.ts";
import { digestOf } from "../files/digest.ts";
import { readState, writeState } from "../files/state-file.ts";
import { EVIDENCE_FOLDER, partitions, SCORED_FOLDER } from "../root.ts";
import { exportFolders, exportIn } from "../runs/reads/exports.ts";
import { evidenceRow, exportRow, type Row, scoredRow, type TableName, TABLES } from "./tables.ts";

export type DatasetHouse = Pick<House, "ingestd" | "catalogd">;
export type Refreshed = Readonly<Record<TableName, number>>;

/** A million rows take minutes. */
const LOAD_MS = 3_600_000;
/** NDJSON of one piece of the stream. */
const PIECE_CHARS = 256 * 1024;

const refreshState = z.object({
  schema: z.literal("dataset_state.v1"),
  /** By dataset and partition: the hash of what its rows were made from, and how many they are. */
  tables: z.record(z.string(), z.record(z.string(), z.object({ sha256: z.string(), rows: z.int() }))),
});
type Parts = Readonly<Record<string, { readonly sha256: string; readonly rows: number }>>;

/** A part of a table: rows that follow from files with one hash. */
interface Part {
  readonly name: string;
  readonly sha256: string;
  readonly rows: () => AsyncGenerator<Row>;
}

/** Gives the rows that were written. The caller holds the root. */
export async function refreshDatasets(root: string, house: DatasetHouse, call: CallInit): Promise<Refreshed> {
  const path = join(root, EVIDENCE_FOLDER, ".datasets.json");
  const state = (await readState(path, refreshState)) ?? {
    schema: "dataset_state.v1" as const,
    tables: {},
  };
  const written: Record<TableName, number> = { evidence: 0, scored_runs: 0, exports: 0 };
  const parts = await partsOf(root);
  // The call's own time limit holds, and it is not passed on: each load has its own.
  const passed: CallInit = { caller: call.caller, signal: call.signal, timeoutMs: LOAD_MS };
  for (const name of Object.keys(TABLES) as TableName[]) {
    const { rows, now } = await refreshTable(name, parts[name], state.tables[name] ?? {}, house, passed);
    written[name] = rows;
    state.tables[name] = { ...now };
    await writeState(path, state);
  }
  return written;
}

async function refreshTable(
  name: TableName,
  parts: readonly Part[],
  before: Parts,
  house: DatasetHouse,
  call: CallInit,
): Promise<{ readonly rows: number; readonly now: Parts }> {
  const there = await rowsThere(name, house, call);
  const known = there === sumOf(before) ? before : {};
  const changed = parts.filter((part) => known[part.name]?.sha256 !== part.sha256);
  const isGone = Object.keys(known).some((kept) => !parts.some((part) => part.name === kept));
  if (changed.length === 0 && !isGone) return { rows: 0, now: known };
  const isKnown = Object.keys(known).length > 0;
  if (isKnown && !isGone) {
    const loaded = await load(name, changed, "upsert", house, call);
    const now = { ...known, ...loaded };
    if ((await rowsThere(name, house, call)) === sumOf(now)) return { rows: sumOf(loaded), now };
  }
  const now = await load(name, parts, "replace", house, call);
  const [rows, expected] = [await rowsThere(name, house, call), sumOf(now)];
  if (rows !== expected)
    throw new Fault(
      "conflict",
      `The dataset ${name} has ${rows} rows where the files have ${expected}: it is being changed by others. It may be dropped, and is then made again.`,
    );
  return { rows: expected, now };
}

function sumOf(parts: Parts): number {
  return Object.values(parts).reduce((all, { rows }) => all + rows, 0);
}

async function rowsThere(name: TableName, { catalogd }: DatasetHouse, call: CallInit): Promise<number> {
  try {
    return (await catalogd.dataset({ dataset: name }, { caller: call.caller, signal: call.signal })).rows;
  } catch (error) {
    // Before the first write there is none.
    if (toFault(error).code === "not_found") return 0;
    throw error;
  }
}

/** Gives the parts with the rows that each has. */
async function load(
  name: TableName,
  parts: readonly Part[],
  mode: "replace" | "upsert",
  { ingestd, catalogd }: DatasetHouse,
  call: CallInit,
): Promise<Parts> {
  const { key, types } = TABLES[name];
  const counts: Record<string, { sha256: string; rows: number }> = {};
  async function* lines(): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder();
    let piece = "";
    for (const part of parts) {
      let rows = 0;
      for await (const row of part.rows()) {
        rows += 1;
        piece += `${JSON.stringify(row)}\n`;
        if (piece.length < PIECE_CHARS) continue;
        yield encoder.encode(piece);
        piece = "";
      }
      counts[part.name] = { sha256: part.sha256, rows };
    }
    if (piece !== "") yield encoder.encode(piece);
  }
  const pieces = lines();
  const first = await pieces.next();
  if (first.done === true) {
    // A table without rows has no file to be made from.
    if (mode === "replace" && (await rowsThere(name, { ingestd, catalogd }, call)) > 0)
      await catalogd.drop({ dataset: name }, { caller: call.caller, signal: call.signal });
    return counts;
  }
  async function* body(): AsyncGenerator<Uint8Array> {
    yield first.value as Uint8Array;
    yield* pieces;
  }
  const { rows_quarantined } = await ingestd.ingest(
    {
      dataset: name,
      mode,
      ...(mode === "upsert" ? { key: [key] } : {}),
      format: "ndjson",
      types: { ...types },
      source: "distill",
      body: streamOf(body()),
    },
    call,
  );
  if (rows_quarantined > 0) throw new Error(`${rows_quarantined} rows of ${name} were rejected`);
  return counts;
}

function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => {
      await pieces.return(undefined);
    },
  });
}

async function partsOf(root: string): Promise<Readonly<Record<TableName, readonly Part[]>>> {
  const evidence: Part[] = [];
  const scored: Part[] = [];
  const scoredPaths = new Set(await partitions(root, SCORED_FOLDER));
  for (const path of await partitions(root, EVIDENCE_FOLDER)) {
    const { sha256 } = await digestOf(root, `${EVIDENCE_FOLDER}/${path}`);
    evidence.push({ name: path, sha256, rows: () => rowsIn(root, path, evidenceRow) });
    if (!scoredPaths.has(path)) continue;
    const scores = await digestOf(root, `${SCORED_FOLDER}/${path}`);
    scored.push({ name: path, sha256: scores.sha256, rows: () => rowsIn(root, path, scoredRow) });
  }
  const exported: Part[] = [];
  for (const folder of (await exportFolders(root)).sort()) {
    const found = await exportIn(root, folder);
    if (found === undefined) continue;
    const { sha256 } = await digestOf(root, `${folder}/manifest.json`);
    exported.push({
      name: found.name,
      sha256,
      rows: async function* () {
        yield exportRow(found);
      },
    });
  }
  return { evidence, scored_runs: scored, exports: exported };
}

async function* rowsIn(
  root: string,
  path: string,
  rowOf: (source: ScoredEvidence) => Row | undefined,
): AsyncGenerator<Row> {
  for await (const source of scoredPartition(root, path)) {
    const row = rowOf(source);
    if (row !== undefined) yield row;
  }
}

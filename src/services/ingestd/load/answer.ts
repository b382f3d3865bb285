// What an ingest answers and what its snapshot keeps of that: counts, warnings, and the same answer once more
// for a file that was loaded before.

import { createHash } from "node:crypto";
import type { Ingested } from "#contracts/ingest";
import { present } from "#lib/assert";
import type { Call } from "#rpc/call";
import { type Content, contentSummary, type Snapshot, SUMMARY } from "./dedupe.ts";
import { datasetOf, type Neighbours } from "./publish.ts";
import type { Table } from "../source/shapes.ts";
import type { Spooled } from "../receive/spool.ts";

/** Warnings that one answer carries: after these everybody has stopped reading. */
const WARNINGS_MAX = 50;

export type Answer = Omit<Ingested, "took_ms">;
export type Counts = Pick<Ingested, "rows_in" | "rows_loaded" | "rows_quarantined" | "rows_deduped">;

/** The same file into the same dataset has the same id, so that what a crash left half done is not done twice. */
export function ingestIdOf(dataset: string, commitId: string): string {
  return createHash("sha256").update(`${dataset}\n${commitId}`).digest("hex").slice(0, 16);
}

export interface SummaryInput {
  readonly content: Content;
  readonly source: string | undefined;
  readonly file: Spooled;
  readonly ingestId: string;
  readonly loadId: string;
  readonly counts: Counts;
}

export function summaryOf({ content, source, file, ingestId, loadId, counts }: SummaryInput) {
  return {
    ...contentSummary(content),
    [SUMMARY.ingestId]: ingestId,
    [SUMMARY.loadId]: loadId,
    [SUMMARY.rowsIn]: String(counts.rows_in),
    [SUMMARY.rowsLoaded]: String(counts.rows_loaded),
    [SUMMARY.rowsQuarantined]: String(counts.rows_quarantined),
    [SUMMARY.rowsDeduped]: String(counts.rows_deduped),
    [SUMMARY.bytesIn]: String(file.bytes),
    ...(source === undefined ? {} : { [SUMMARY.source]: source }),
  };
}

export function warningsOf(table: Table, dataset: string, { rows_in, rows_quarantined }: Counts): string[] {
  const warnings = table.warnings.slice(0, WARNINGS_MAX);
  if (table.warnings.length > WARNINGS_MAX)
    warnings.push(`${table.warnings.length - WARNINGS_MAX} more warnings are left out.`);
  if (rows_quarantined > 0) {
    const counted = `${rows_quarantined.toLocaleString("en")} of ${rows_in.toLocaleString("en")} rows did not fit`;
    warnings.unshift(`${counted} and are in ${dataset}$rejects: SELECT * FROM "${dataset}$rejects"`);
  }
  return warnings;
}

/** As catalogd computes it: SHA-256 over names and types, in order. */
export function fingerprintOf(columns: readonly { name: string; type: string }[]): string {
  const hash = createHash("sha256");
  for (const { name, type } of columns) hash.update(`${JSON.stringify(name)}:${type}\n`);
  return hash.digest("hex");
}

/** The first answer once more, as far as its snapshot keeps it. */
export async function replayedAnswer(
  { catalog: service }: Neighbours,
  dataset: string,
  file: Spooled,
  snapshot: Pick<Snapshot, "snapshot_id" | "summary">,
  call: Call,
): Promise<Omit<Answer, "dry_run">> {
  const { columns, fingerprint } = present(
    await datasetOf(service, dataset, call),
    "the dataset of a snapshot",
  );
  const { summary } = snapshot;
  const count = (name: string): number => Number(summary[name] ?? 0);
  return {
    dataset,
    snapshot_id: snapshot.snapshot_id,
    ingest_id: summary[SUMMARY.ingestId] ?? "",
    rows_in: count(SUMMARY.rowsIn),
    rows_loaded: count(SUMMARY.rowsLoaded),
    rows_quarantined: count(SUMMARY.rowsQuarantined),
    rows_deduped: count(SUMMARY.rowsDeduped),
    ...(summary[SUMMARY.rowsReplaced] === undefined ? {} : { rows_replaced: count(SUMMARY.rowsReplaced) }),
    bytes_in: file.bytes,
    fingerprint,
    columns: columns.map(({ name, type, nullable }) => ({
      name,
      type,
      nullable,
      confidence: 1,
      samples: [],
    })),
    schema_changes: [],
    warnings: ["This file is in the dataset already: nothing was loaded again."],
    replayed: true,
  };
}

// Whether a file was loaded before, in two ways: by its bytes (the commit's id) and by its Idempotency-Key (the
// snapshots' summaries). What was loaded counts while the table still has it: after a rollback, or once something
// else replaced it, the same file is loaded again. The snapshots are the durable record; loads that are still in
// progress are kept apart by `load/reservations.ts`.

import { createHash } from "node:crypto";
import type { catalog } from "#contracts/catalog";
import type { CallInit } from "#rpc/call";
import type { OutputOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";

export type Snapshot = OutputOf<typeof catalog.snapshots>["snapshots"][number];

/** What an ingest leaves in its snapshot's summary. */
export const SUMMARY = {
  sha256: "lakehouse.content-sha256",
  idempotencyKey: "lakehouse.idempotency-key",
  /** The load that committed it: two that raced under one id tell so whose it is. */
  loadId: "lakehouse.load-id",
  mode: "lakehouse.mode",
  /** Of an upsert: the columns that name a row. */
  keyColumns: "lakehouse.key-columns",
  /** Of a workbook: the sheet that was loaded. */
  sheet: "lakehouse.sheet",
  ingestId: "lakehouse.ingest-id",
  rowsIn: "lakehouse.rows-in",
  rowsLoaded: "lakehouse.rows-loaded",
  rowsQuarantined: "lakehouse.rows-quarantined",
  rowsDeduped: "lakehouse.rows-deduped",
  rowsReplaced: "lakehouse.rows-replaced",
  bytesIn: "lakehouse.bytes-in",
  source: "lakehouse.source",
  /** By field id: whether the day comes first in a column's dates. */
  dayFirst: "lakehouse.day-first",
  /** Of rejects: how their lines are read again, and the field ids of the columns they were to go to. */
  recipe: "lakehouse.reading",
  columns: "lakehouse.reading-columns",
  /** Of rows that were rejected first: the ingest they are from, their digest, and which of them were loaded. */
  replayOf: "lakehouse.reload-of",
  replayDigest: "lakehouse.reload-digest",
  replayRows: "lakehouse.reload-rows",
} as const;

/** Snapshots that are looked through for a key: keys older than that are forgotten. */
const SNAPSHOTS_MAX = 1000;

export type Mode = "append" | "replace" | "upsert";

export interface Content {
  readonly dataset: string;
  readonly mode: Mode;
  readonly sha256: string;
  /** Columns that name a row, of an upsert. */
  readonly keyColumns: readonly string[];
  readonly idempotencyKey: string | undefined;
  /** The sheet of a workbook: as requested, by name or number, and its name once the workbook was read. */
  readonly sheet: { readonly requested?: string; readonly name?: string };
}

export type Earlier =
  | { readonly replayed: Snapshot }
  /** New; to be committed under this id. */
  | { readonly commitId: string };

export async function earlier(
  service: Service<typeof catalog>,
  content: Content,
  call: CallInit,
): Promise<Earlier> {
  const { dataset, idempotencyKey } = content;
  const plainId = contentId(content);
  const { snapshot } = await service.committed({ dataset, commit_id: plainId }, call);
  if (snapshot === null && idempotencyKey === undefined) return { commitId: plainId };
  const snapshots = await snapshotsOf(service, dataset, call);
  const keyed =
    idempotencyKey === undefined
      ? undefined
      : snapshots.find(({ summary }) => summary[SUMMARY.idempotencyKey] === idempotencyKey);
  if (keyed !== undefined) {
    if (!isSameFile(content, keyed)) throw keyTaken();
    if (isSameSheet(content, keyed)) return { replayed: keyed };
    if (content.sheet.name !== undefined) throw keyTaken();
  }
  const loaded = stillThere(content, snapshots);
  if (loaded !== undefined) return { replayed: loaded };
  if (snapshot === null) return { commitId: plainId };
  const current = snapshots.find((candidate) => candidate.current);
  return { commitId: `${plainId}:after-${current?.snapshot_id ?? "nothing"}` };
}

function keyTaken(): Fault {
  return new Fault(
    "conflict",
    "The Idempotency-Key was used for another file, mode or sheet: take a new key for a new load.",
  );
}

/** What a load is: the same one twice has the same id. */
function contentId({ sha256, mode, keyColumns, sheet }: Content): string {
  const parts = [`sha256:${sha256}:${mode}`];
  // Digests, whatever columns and sheets are called: a commit's id has an end.
  if (keyColumns.length > 0) parts.push(digestOf(keyColumnsText(keyColumns)));
  if (sheet.name !== undefined) parts.push(digestOf(sheet.name));
  return parts.join(":");
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** As a summary keeps them; empty for none. */
function keyColumnsText(keyColumns: readonly string[]): string {
  return keyColumns.length === 0 ? "" : JSON.stringify(keyColumns.map((name) => name.toLowerCase()));
}

/** What the summary of a snapshot says of the file it was loaded from. */
export function contentSummary({ sha256, mode, idempotencyKey, keyColumns, sheet }: Content) {
  return {
    [SUMMARY.sha256]: sha256,
    [SUMMARY.mode]: mode,
    ...(idempotencyKey === undefined ? {} : { [SUMMARY.idempotencyKey]: idempotencyKey }),
    ...(keyColumns.length === 0 ? {} : { [SUMMARY.keyColumns]: keyColumnsText(keyColumns) }),
    ...(sheet.name === undefined ? {} : { [SUMMARY.sheet]: sheet.name }),
  };
}

function isSameFile({ sha256, mode, keyColumns }: Content, { summary }: Snapshot): boolean {
  return (
    summary[SUMMARY.sha256] === sha256 &&
    summary[SUMMARY.mode] === mode &&
    (summary[SUMMARY.keyColumns] ?? "") === keyColumnsText(keyColumns)
  );
}

/** Before the workbook was read, the one sheet that a load may mean by naming none is taken to be the same. */
function isSameSheet({ sheet }: Content, { summary }: Snapshot): boolean {
  const loaded = summary[SUMMARY.sheet];
  return loaded === (sheet.name ?? sheet.requested ?? loaded);
}

/**
 * The snapshot whose effect the table still has. Rows that were appended are there until something replaces them
 * all. A replacement and an upsert say what the table is to hold, so they count only while nothing came after them.
 */
function stillThere(content: Content, snapshots: readonly Snapshot[]): Snapshot | undefined {
  const isOfContent = (snapshot: Snapshot): boolean =>
    isSameFile(content, snapshot) && snapshot.summary[SUMMARY.sheet] === content.sheet.name;
  if (content.mode === "append") return liveOf(snapshots).find(isOfContent);
  return snapshots.find((snapshot) => snapshot.current && isOfContent(snapshot));
}

/** Snapshots whose rows are in the table now: from the current one back to the one that replaced everything. */
export function liveOf(snapshots: readonly Snapshot[]): Snapshot[] {
  const byId = new Map(snapshots.map((snapshot) => [snapshot.snapshot_id, snapshot]));
  const live: Snapshot[] = [];
  let at = snapshots.find(({ current }) => current);
  while (at !== undefined) {
    live.push(at);
    const replacesAll = at.operation === "overwrite" || at.operation === "delete";
    if (replacesAll && at.summary[SUMMARY.mode] !== "upsert") break;
    at = at.parent_id === null ? undefined : byId.get(at.parent_id);
  }
  return live;
}

export async function snapshotsOf(
  service: Service<typeof catalog>,
  dataset: string,
  call: CallInit,
): Promise<Snapshot[]> {
  try {
    return (await service.snapshots({ dataset, limit: SNAPSHOTS_MAX }, call)).snapshots;
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return [];
    throw error;
  }
}

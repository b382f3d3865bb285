// Has this been loaded before? Two answers: the same bytes, by the commit's id, and the same Idempotency-Key,
// by the snapshots' summaries. What was loaded counts as long as it is still there: after a rollback, or once
// something else replaced it, the same file is new again.

import type { catalog } from "#contracts/catalog";
import type { CallInit } from "#rpc/call";
import type { OutputOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";

export type Snapshot = OutputOf<typeof catalog.snapshots>["snapshots"][number];

/** What an ingest leaves in its snapshot's summary. */
export const SUMMARY = {
  sha256: "lakehouse.content-sha256",
  key: "lakehouse.idempotency-key",
  mode: "lakehouse.mode",
  ingestId: "lakehouse.ingest-id",
  rowsIn: "lakehouse.rows-in",
  rowsLoaded: "lakehouse.rows-loaded",
  rowsQuarantined: "lakehouse.rows-quarantined",
  rowsDeduped: "lakehouse.rows-deduped",
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

export interface Content {
  readonly dataset: string;
  readonly mode: "append" | "replace";
  readonly sha256: string;
  readonly key: string | undefined;
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
  const { dataset, mode, sha256, key } = content;
  const plainId = `sha256:${sha256}:${mode}`;
  const { snapshot } = await service.committed({ dataset, commit_id: plainId }, call);
  if (snapshot === null && key === undefined) return { commitId: plainId };
  const snapshots = await snapshotsOf(service, dataset, call);
  const keyed = key === undefined ? undefined : snapshots.find(({ summary }) => summary[SUMMARY.key] === key);
  if (
    keyed !== undefined &&
    (keyed.summary[SUMMARY.sha256] !== sha256 || keyed.summary[SUMMARY.mode] !== mode)
  ) {
    throw new Fault(
      "conflict",
      "The Idempotency-Key was used for another file or mode: take a new key for a new file.",
    );
  }
  const live = liveOf(snapshots);
  const same = live.find(
    ({ summary }) => summary[SUMMARY.sha256] === sha256 && summary[SUMMARY.mode] === mode,
  );
  const loaded = keyed ?? same;
  if (loaded !== undefined) return { replayed: loaded };
  if (snapshot === null) return { commitId: plainId };
  const current = snapshots.find((candidate) => candidate.current);
  return { commitId: `${plainId}:after-${current?.snapshot_id ?? "nothing"}` };
}

/** Snapshots whose rows are in the table now: from the current one back to the one that replaced everything. */
export function liveOf(snapshots: readonly Snapshot[]): Snapshot[] {
  const byId = new Map(snapshots.map((snapshot) => [snapshot.snapshot_id, snapshot]));
  const live: Snapshot[] = [];
  let at = snapshots.find(({ current }) => current);
  while (at !== undefined) {
    live.push(at);
    if (at.operation === "overwrite" || at.operation === "delete") break;
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

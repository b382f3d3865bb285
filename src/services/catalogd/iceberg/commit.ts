// Commits that make a snapshot, as pure functions: old metadata and files in; new metadata and the bytes of
// new manifests and of the manifest list out. Nothing is read or written here, so a commit that lost a race
// is simply computed again on the metadata that won, with the same manifests: they hold no sequence number,
// the list does. tables/tables.ts writes what comes out, and tables/pointers.ts makes it current.

import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";

import { type Long } from "./types/long.ts";
import { describeManifest, encodeManifestList, type ManifestFile } from "./manifest/manifest-list.ts";
import {
  CONTENT,
  type DataFile,
  encodeManifest,
  type Manifest,
  type ManifestEntry,
  STATUS,
} from "./manifest/manifest.ts";
import {
  currentSchema,
  MAIN,
  refOf,
  type Snapshot,
  snapshotOf,
  specById,
  type TableMetadata,
} from "./metadata/metadata.ts";
import { partitionTypes } from "./types/partition.ts";
import { addSnapshot, setRef } from "./metadata/snapshots.ts";
import { type Operation, summarizeSnapshot } from "./metadata/summary.ts";

export interface CommitInput {
  /** The new snapshot's id, which the table must not have yet. */
  readonly snapshotId: Long;
  /** Where the n-th new manifest will be stored, counting from 0; a different place for each commit. */
  readonly manifestPath: (n: number, bytes: Uint8Array) => string;
  readonly listPath: (bytes: Uint8Array) => string;
  readonly nowMs: number;
  /** The manifests of the branch's present snapshot, decoded from its list; none for the first. */
  readonly previousManifests: readonly ManifestFile[];
  /** Notes for the snapshot's summary, such as an idempotency key. */
  readonly summary?: Readonly<Record<string, string>>;
  /** The branch to commit to, `main` unless said otherwise. */
  readonly branch?: string;
}

interface StoredBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface Commit {
  readonly metadata: TableMetadata;
  readonly snapshot: Snapshot;
  /** To be stored before the list, and the list before the metadata. */
  readonly manifests: readonly StoredBytes[];
  readonly list: StoredBytes;
  /** The rows of the list, for a catalog that keeps them at hand. */
  readonly listed: readonly ManifestFile[];
}

/** Adds data files of the default partition spec. The manifests in `opened` are merged into one of each spec. */
export function append(
  metadata: TableMetadata,
  input: CommitInput & {
    readonly files: readonly DataFile[];
    readonly opened?: ReadonlyMap<string, Manifest>;
  },
): Commit {
  assert(
    input.files.every((file) => file.content === CONTENT.data),
    "an append takes data files alone",
  );
  return change(metadata, {
    ...input,
    operation: "append",
    added: input.files,
    removed: new Set(),
    opened: input.opened ?? new Map(),
    merge: true,
  });
}

export interface ChangeInput extends CommitInput {
  readonly operation: Operation;
  /** Data files and delete files to add, of the default partition spec. */
  readonly added: readonly DataFile[];
  /** Paths of the files that leave the table. */
  readonly removed: ReadonlySet<string>;
  /**
   * The manifests by path, decoded with their rows of the list, in which removed files are looked for. Those
   * that list none of them, and those not given here, are kept as they are.
   */
  readonly opened: ReadonlyMap<string, Manifest>;
  /** Rewrites all opened manifests into one of each spec and kind, even those that lose no file. */
  readonly merge?: boolean;
}

/**
 * Adds and removes files in one snapshot: overwrite, delete, row-level delete, compaction. Throws `conflict`
 * when a file to be removed is in none of the opened manifests, because another commit removed it first.
 */
export function change(metadata: TableMetadata, input: ChangeInput): Commit {
  const { snapshotId, removed, opened, previousManifests, merge = false } = input;
  const schema = currentSchema(metadata);
  const spec = specById(metadata, metadata["default-spec-id"]);
  const fresh: Manifest[] = (["data", "deletes"] as const).flatMap((content) => {
    const files = input.added.filter((file) => (file.content === CONTENT.data) === (content === "data"));
    if (files.length === 0) return [];
    const entries = files.map((data_file): ManifestEntry => ({
      status: STATUS.added,
      snapshot_id: snapshotId,
      sequence_number: null,
      file_sequence_number: null,
      data_file,
    }));
    return [{ content, schema, spec, entries }];
  });

  const kept: ManifestFile[] = [];
  const rewritten: Manifest[] = [];
  const gone: DataFile[] = [];
  for (const listed of previousManifests) {
    const manifest = opened.get(listed.manifest_path);
    const hit =
      manifest?.entries.some((entry) => isLive(entry) && removed.has(entry.data_file.file_path)) ?? false;
    if (manifest === undefined || !(hit || merge)) {
      // A manifest without live files tells what its own snapshot deleted; later snapshots do without it.
      if (listed.added_files_count + listed.existing_files_count > 0) kept.push(listed);
      continue;
    }
    const entries = manifest.entries.filter(isLive).map((entry): ManifestEntry => {
      if (!removed.has(entry.data_file.file_path)) return { ...entry, status: STATUS.existing };
      gone.push(entry.data_file);
      return { ...entry, status: STATUS.deleted, snapshot_id: snapshotId };
    });
    if (entries.length > 0) rewritten.push({ ...manifest, entries });
  }
  if (gone.length < removed.size) {
    const found = new Set(gone.map((file) => file.file_path));
    const missing = [...removed].find((path) => !found.has(path));
    throw new Fault(
      "conflict",
      `The file ${missing} is no longer in the table: read the table again and retry.`,
    );
  }
  return commitManifests(metadata, input, {
    fresh: [...fresh, ...(merge ? mergeAlike(rewritten) : rewritten)],
    kept,
    removed: gone,
  });
}

/** Replaces the content of the table (or branch) with `files`. All previous manifests must be opened. */
export function replaceAll(
  metadata: TableMetadata,
  input: CommitInput & {
    readonly files: readonly DataFile[];
    readonly opened: ReadonlyMap<string, Manifest>;
  },
): Commit {
  const removed = new Set<string>();
  for (const { manifest_path } of input.previousManifests) {
    const manifest = input.opened.get(manifest_path);
    assert(manifest !== undefined, `the manifest ${manifest_path} is opened`);
    for (const entry of manifest.entries) if (isLive(entry)) removed.add(entry.data_file.file_path);
  }
  const operation = input.files.length === 0 ? "delete" : "overwrite";
  return change(metadata, { ...input, operation, added: input.files, removed });
}

export function isLive(entry: ManifestEntry): boolean {
  return entry.status !== STATUS.deleted;
}

/**
 * One manifest for all of a spec and kind, under the newest of their schemas. Where a source column was
 * widened or dropped since, its values have another type and stay apart.
 */
function mergeAlike(manifests: readonly Manifest[]): Manifest[] {
  const groups = Map.groupBy(manifests, ({ content, spec, schema }) =>
    [content, spec["spec-id"], ...partitionTypes(spec, schema)].join(" "),
  );
  return [...groups.values()].flatMap((group) => {
    const newest = group.reduce<Manifest | undefined>(
      (best, next) =>
        best === undefined || next.schema["schema-id"] > best.schema["schema-id"] ? next : best,
      undefined,
    );
    return newest === undefined
      ? []
      : [{ ...newest, entries: group.flatMap((manifest) => manifest.entries) }];
  });
}

function commitManifests(
  metadata: TableMetadata,
  input: CommitInput & { readonly operation: Operation; readonly added: readonly DataFile[] },
  {
    fresh,
    kept,
    removed,
  }: {
    readonly fresh: readonly Manifest[];
    readonly kept: readonly ManifestFile[];
    readonly removed: readonly DataFile[];
  },
): Commit {
  const { snapshotId, nowMs, branch = MAIN } = input;
  if (branch !== MAIN && refOf(metadata, branch) === undefined) {
    throw new Fault("not_found", `There is no branch "${branch}": create it first.`);
  }
  if (refOf(metadata, branch)?.type === "tag") {
    throw new Fault("conflict", `"${branch}" is a tag and does not move: commit to a branch.`);
  }
  const parent = snapshotOf(metadata, branch);
  assert(
    parent !== undefined || input.previousManifests.length === 0,
    "a first snapshot has no manifests before it",
  );
  const sequenceNumber = metadata["last-sequence-number"] + 1;
  const manifests = fresh.map((manifest, n) => {
    const bytes = encodeManifest(manifest);
    return { path: input.manifestPath(n, bytes), bytes };
  });
  const described = fresh.map((manifest, n) => {
    const stored = manifests[n];
    assert(stored !== undefined, "every new manifest has bytes");
    return describeManifest({
      ...manifest,
      path: stored.path,
      length: stored.bytes.length,
      snapshotId,
      sequenceNumber,
    });
  });
  const listed = [...described, ...kept];
  const parentSnapshotId = parent?.["snapshot-id"];
  const list = encodeManifestList(listed, { snapshotId, parentSnapshotId, sequenceNumber });
  const listPath = input.listPath(list);
  const snapshot: Snapshot = {
    "snapshot-id": snapshotId,
    ...(parentSnapshotId === undefined ? {} : { "parent-snapshot-id": parentSnapshotId }),
    "sequence-number": sequenceNumber,
    // Readers expect the log of snapshots in order, whatever the clocks of two hosts say.
    "timestamp-ms": Math.max(nowMs, metadata["last-updated-ms"]),
    "manifest-list": listPath,
    summary: summarizeSnapshot({
      operation: input.operation,
      added: input.added,
      removed,
      manifests: listed,
      parent,
      notes: input.summary ?? {},
    }),
    "schema-id": metadata["current-schema-id"],
  };
  const ref = { ...refOf(metadata, branch), "snapshot-id": snapshotId, type: "branch" as const };
  return {
    metadata: setRef(addSnapshot(metadata, snapshot), branch, ref, nowMs),
    snapshot,
    manifests,
    list: { path: listPath, bytes: list },
    listed,
  };
}

import { describe, expect, test } from "bun:test";

import { Fault, type FaultCode } from "#rpc/fault";

import { append, change, type Commit, type CommitInput, replaceAll } from "./commit.ts";
import { newSchema } from "./types/columns.ts";
import { evolveSchema } from "./types/evolve.ts";
import { decodeManifestList, type ManifestFile } from "./manifest/manifest-list.ts";
import { decodeManifest, type DataFile, type Manifest, STATUS } from "./manifest/manifest.ts";
import { createMetadata, parseMetadata, printMetadata, type TableMetadata } from "./metadata/metadata.ts";
import { rollback, setRef } from "./metadata/snapshots.ts";
import { setSchema } from "./metadata/table-changes.ts";

const schema = newSchema([
  { name: "id", type: "long" },
  { name: "name", type: "string" },
]);

function fileOf(path: string, rows = 10, more: Partial<DataFile> = {}): DataFile {
  return {
    content: 0,
    file_path: path,
    file_format: "PARQUET",
    partition: [],
    record_count: rows,
    file_size_in_bytes: rows * 100,
    column_sizes: null,
    value_counts: null,
    null_value_counts: null,
    nan_value_counts: null,
    lower_bounds: null,
    upper_bounds: null,
    key_metadata: null,
    split_offsets: null,
    equality_ids: null,
    sort_order_id: null,
    referenced_data_file: null,
    ...more,
  };
}

/** A place that keeps what commits write, as an object store would, and reads it back. */
class Store {
  readonly #objects = new Map<string, Uint8Array>();
  metadata: TableMetadata;
  #next = 100;

  constructor(
    metadata = createMetadata({ uuid: "u", location: "s3://b/t", schema, properties: {}, nowMs: 1000 }),
  ) {
    this.metadata = metadata;
  }

  list(branch = "main"): ManifestFile[] {
    const id = this.metadata.refs[branch]?.["snapshot-id"];
    const snapshot = this.metadata.snapshots.find((candidate) => candidate["snapshot-id"] === id);
    return snapshot === undefined ? [] : decodeManifestList(this.read(snapshot["manifest-list"]));
  }

  open(branch?: string): Map<string, Manifest> {
    return new Map(
      this.list(branch).map((row) => [row.manifest_path, decodeManifest(this.read(row.manifest_path), row)]),
    );
  }

  input(branch?: string): CommitInput {
    const snapshotId = this.#next++;
    return {
      snapshotId,
      manifestPath: (n) => `s3://b/t/metadata/${snapshotId}-m${n}.avro`,
      listPath: () => `s3://b/t/metadata/snap-${snapshotId}.avro`,
      nowMs: snapshotId * 1000,
      previousManifests: this.list(branch),
      ...(branch === undefined ? {} : { branch }),
    };
  }

  save(commit: Commit): Commit {
    for (const { path, bytes } of [...commit.manifests, commit.list]) {
      expect(this.#objects.has(path)).toBe(false);
      this.#objects.set(path, bytes);
    }
    this.metadata = parseMetadata(printMetadata(commit.metadata));
    expect(this.metadata).toEqual(commit.metadata);
    return commit;
  }

  read(path: string): Uint8Array {
    const bytes = this.#objects.get(path);
    if (bytes === undefined) throw new Error(`${path} was not written`);
    return bytes;
  }

  /** Path, status, sequence and snapshot of all entries that are listed now. */
  entries(branch?: string): string[] {
    return [...this.open(branch).values()]
      .flatMap((manifest) => manifest.entries)
      .map(
        (e) =>
          `${e.data_file.file_path} ${e.status} ${e.sequence_number}/${e.file_sequence_number} ${e.snapshot_id}`,
      );
  }
}

function codeOf(run: () => unknown): FaultCode | undefined {
  try {
    run();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.code;
    throw thrown;
  }
}

describe("an append", () => {
  test("adds a manifest, a snapshot and its numbers, and keeps the rest", () => {
    const store = new Store();
    store.save(
      append(store.metadata, {
        ...store.input(),
        files: [fileOf("a"), fileOf("b", 5)],
        summary: { "ingest.key": "k1", operation: "mine" },
      }),
    );
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("c", 1)] }));
    expect(store.entries()).toEqual(["c 1 2/2 101", "a 1 1/1 100", "b 1 1/1 100"]);
    expect(store.metadata).toMatchObject({
      "current-snapshot-id": 101,
      "last-sequence-number": 2,
      "last-updated-ms": 101_000,
      refs: { main: { "snapshot-id": 101, type: "branch" } },
    });
    expect(store.metadata.snapshots).toMatchObject([
      {
        "snapshot-id": 100,
        "sequence-number": 1,
        "schema-id": 0,
        summary: {
          "ingest.key": "k1",
          operation: "append",
          "added-data-files": "2",
          "added-records": "15",
          "added-files-size": "1500",
          "changed-partition-count": "1",
          "total-data-files": "2",
          "total-records": "15",
          "total-files-size": "1500",
          "total-delete-files": "0",
          "total-position-deletes": "0",
          "total-equality-deletes": "0",
        },
      },
      {
        "snapshot-id": 101,
        "parent-snapshot-id": 100,
        summary: { "total-data-files": "3", "total-records": "16", "total-files-size": "1600" },
      },
    ]);
    expect("parent-snapshot-id" in (store.metadata.snapshots[0] ?? {})).toBe(false);
    expect(store.metadata["snapshot-log"].map((entry) => entry["snapshot-id"])).toEqual([100, 101]);
  });

  test("that lost a race is computed again with the same manifest bytes", () => {
    const store = new Store();
    const mine = { ...store.input(), files: [fileOf("mine")] };
    const lost = append(store.metadata, mine);
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("theirs")] }));
    const again = store.save(append(store.metadata, { ...mine, previousManifests: store.list() }));
    expect(again.manifests).toEqual(lost.manifests);
    expect(store.entries()).toEqual(["mine 1 2/2 100", "theirs 1 1/1 101"]);
  });

  test("of nothing makes a snapshot that lists what was there", () => {
    const store = new Store();
    store.save(append(store.metadata, { ...store.input(), files: [] }));
    expect(store.list()).toEqual([]);
    expect(store.metadata.snapshots[0]?.summary).toMatchObject({
      operation: "append",
      "total-records": "0",
      "changed-partition-count": "0",
    });
  });

  test("after a rollback builds on what is current, with a new sequence number", () => {
    const store = new Store();
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("a")] }));
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("b")] }));
    store.metadata = rollback(store.metadata, 100, 200_000);
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("c", 1)] }));
    expect(store.entries()).toEqual(["c 1 3/3 102", "a 1 1/1 100"]);
    expect(store.metadata.snapshots.at(-1)).toMatchObject({
      "parent-snapshot-id": 100,
      "sequence-number": 3,
      summary: { "total-records": "11", "total-files-size": "1100" },
    });
  });

  test("goes to a branch without moving main", () => {
    const store = new Store();
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("a")] }));
    expect(codeOf(() => append(store.metadata, { ...store.input(), branch: "audit", files: [] }))).toBe(
      "not_found",
    );
    store.metadata = setRef(
      store.metadata,
      "audit",
      { "snapshot-id": 100, type: "branch", "min-snapshots-to-keep": 3 },
      1,
    );
    store.save(append(store.metadata, { ...store.input("audit"), files: [fileOf("b")] }));
    expect(store.metadata["current-snapshot-id"]).toBe(100);
    expect(store.metadata.refs["audit"]).toEqual({
      "snapshot-id": 102,
      type: "branch",
      "min-snapshots-to-keep": 3,
    });
    expect(store.metadata["snapshot-log"]).toHaveLength(1);
    expect(store.entries()).toEqual(["a 1 1/1 100"]);
    expect(store.entries("audit")).toEqual(["b 1 2/2 102", "a 1 1/1 100"]);
    store.metadata = setRef(store.metadata, "t", { "snapshot-id": 100, type: "tag" }, 1);
    expect(codeOf(() => append(store.metadata, { ...store.input("t"), files: [] }))).toBe("conflict");
  });

  test("refuses a snapshot id that is taken", () => {
    const store = new Store();
    const input = store.input();
    store.save(append(store.metadata, { ...input, files: [fileOf("a")] }));
    expect(
      codeOf(() => append(store.metadata, { ...input, previousManifests: store.list(), files: [] })),
    ).toBe("conflict");
  });

  test("counts records right on top of a writer that kept no totals", () => {
    const store = new Store();
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("a")] }));
    const bare = store.metadata.snapshots.map((snapshot) => ({
      ...snapshot,
      summary: { operation: "append" },
    }));
    const next = append({ ...store.metadata, snapshots: bare }, { ...store.input(), files: [fileOf("b")] });
    expect(next.snapshot.summary).toMatchObject({ "total-records": "20", "total-data-files": "2" });
    expect("total-files-size" in next.snapshot.summary).toBe(false);
  });

  test("stores the schema of its day in its manifest", () => {
    const store = new Store();
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("a")] }));
    const evolved = evolveSchema(schema, [{ change: "rename", names: { name: "label" } }], 2);
    store.metadata = setSchema(store.metadata, evolved.schema, evolved.lastColumnId, 1);
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("b")] }));
    const schemas = [...store.open().values()].map(
      (manifest) => `${manifest.schema["schema-id"]} ${manifest.schema.fields[1]?.name}`,
    );
    expect(schemas).toEqual(["1 label", "0 name"]);
  });
});

describe("a change", () => {
  function filled(): Store {
    const store = new Store();
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("a"), fileOf("b", 5)] }));
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("c", 1)] }));
    return store;
  }

  test("marks what leaves as deleted, once, and keeps the ages of what stays", () => {
    const store = filled();
    const before = store.list();
    store.save(
      change(store.metadata, {
        ...store.input(),
        operation: "overwrite",
        added: [fileOf("d", 2)],
        removed: new Set(["a"]),
        opened: store.open(),
      }),
    );
    expect(store.entries()).toEqual(["d 1 3/3 102", "a 2 1/1 102", "b 0 1/1 100", "c 1 2/2 101"]);
    expect(store.list().at(-1)).toEqual(before[0] as ManifestFile);
    expect(store.list().find((row) => row.deleted_files_count === 1)).toMatchObject({
      min_sequence_number: 1,
      sequence_number: 3,
      existing_files_count: 1,
      deleted_rows_count: 10,
    });
    expect(store.metadata.snapshots.at(-1)?.summary).toEqual({
      operation: "overwrite",
      "added-data-files": "1",
      "added-records": "2",
      "added-files-size": "200",
      "deleted-data-files": "1",
      "deleted-records": "10",
      "removed-files-size": "1000",
      "changed-partition-count": "1",
      "total-data-files": "3",
      "total-records": "8",
      "total-files-size": "800",
      "total-delete-files": "0",
      "total-position-deletes": "0",
      "total-equality-deletes": "0",
    });
    store.save(
      change(store.metadata, {
        ...store.input(),
        operation: "delete",
        added: [],
        removed: new Set(["b"]),
        opened: store.open(),
      }),
    );
    expect(store.entries()).toEqual(["b 2 1/1 103", "d 1 3/3 102", "c 1 2/2 101"]);
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("e")] }));
    expect(store.entries()).toEqual(["e 1 5/5 104", "d 1 3/3 102", "c 1 2/2 101"]);
  });

  test("that removes what another commit removed is a conflict", () => {
    const store = filled();
    store.save(
      change(store.metadata, {
        ...store.input(),
        operation: "delete",
        added: [],
        removed: new Set(["a"]),
        opened: store.open(),
      }),
    );
    const twice = (): unknown =>
      change(store.metadata, {
        ...store.input(),
        operation: "delete",
        added: [],
        removed: new Set(["a", "b"]),
        opened: store.open(),
      });
    expect(codeOf(twice)).toBe("conflict");
  });

  test("replaces everything, and every old entry is deleted", () => {
    const store = filled();
    store.save(
      replaceAll(store.metadata, { ...store.input(), files: [fileOf("n", 3)], opened: store.open() }),
    );
    expect(store.entries().filter((entry) => !entry.includes(` ${STATUS.deleted} `))).toEqual([
      "n 1 3/3 102",
    ]);
    expect(store.entries()).toHaveLength(4);
    expect(store.metadata.snapshots.at(-1)?.summary).toMatchObject({
      operation: "overwrite",
      "deleted-data-files": "3",
      "total-records": "3",
      "total-files-size": "300",
    });
    store.save(replaceAll(store.metadata, { ...store.input(), files: [], opened: store.open() }));
    expect(store.metadata.snapshots.at(-1)?.summary).toMatchObject({
      operation: "delete",
      "total-records": "0",
      "total-data-files": "0",
    });
    expect(store.entries()).toEqual(["n 2 3/3 103"]);
  });

  test("adds delete files in a manifest of their own kind", () => {
    const store = filled();
    const deletes = fileOf("d1", 2, { content: 1, referenced_data_file: "a" });
    store.save(
      change(store.metadata, {
        ...store.input(),
        operation: "delete",
        added: [deletes],
        removed: new Set(),
        opened: new Map(),
      }),
    );
    expect(store.list()[0]).toMatchObject({ content: 1, added_files_count: 1 });
    expect([...store.open().values()][0]).toMatchObject({
      content: "deletes",
      entries: [{ data_file: { content: 1, referenced_data_file: "a" } }],
    });
    expect(store.metadata.snapshots.at(-1)?.summary).toMatchObject({
      "added-delete-files": "1",
      "added-position-delete-files": "1",
      "added-position-deletes": "2",
      "total-delete-files": "1",
      "total-position-deletes": "2",
      "total-records": "16",
    });
  });

  test("merges many manifests into one and changes no row", () => {
    const store = new Store();
    for (let n = 0; n < 20; n++)
      store.save(append(store.metadata, { ...store.input(), files: [fileOf(`f${n}`, 1)] }));
    expect(store.list()).toHaveLength(20);
    store.save(
      change(store.metadata, {
        ...store.input(),
        operation: "replace",
        added: [],
        removed: new Set(),
        opened: store.open(),
        merge: true,
      }),
    );
    expect(store.list()).toHaveLength(1);
    expect(store.list()[0]).toMatchObject({
      existing_files_count: 20,
      min_sequence_number: 1,
      sequence_number: 21,
    });
    expect(store.entries().toSorted().at(0)).toBe("f0 0 1/1 100");
    expect(store.metadata.snapshots.at(-1)?.summary).toMatchObject({
      operation: "replace",
      "total-records": "20",
    });
  });

  test("keeps manifests apart whose partition values have different types", () => {
    const numbered = newSchema([{ name: "n", type: "int" }]);
    const spec = { fields: [{ "source-id": 1, name: "n", transform: "identity" }] };
    const store = new Store(
      createMetadata({
        uuid: "u",
        location: "s3://b/t",
        schema: numbered,
        spec,
        properties: {},
        nowMs: 1000,
      }),
    );
    store.save(append(store.metadata, { ...store.input(), files: [fileOf("a", 1, { partition: [1] })] }));
    const evolved = evolveSchema(numbered, [{ change: "widen", name: "n", type: "long" }], 1);
    store.metadata = setSchema(store.metadata, evolved.schema, evolved.lastColumnId, 1);
    const wide = [fileOf("b", 1, { partition: [2n ** 60n] }), fileOf("c", 1, { partition: [3] })];
    for (const file of wide) store.save(append(store.metadata, { ...store.input(), files: [file] }));
    const merged = { operation: "replace" as const, added: [], removed: new Set<string>(), merge: true };
    store.save(change(store.metadata, { ...store.input(), ...merged, opened: store.open() }));
    expect(
      [...store.open().values()].map(({ entries }) => entries.map((entry) => entry.data_file.partition[0])),
    ).toEqual([[3, 2n ** 60n], [1]]);
  });

  test("keeps partition tuples through rewriting, and counts the partitions it touches", () => {
    const store = new Store(
      createMetadata({
        uuid: "u",
        location: "s3://b/t",
        schema,
        spec: { fields: [{ "source-id": 2, name: "name", transform: "identity" }] },
        properties: {},
        nowMs: 1000,
      }),
    );
    const files = [
      fileOf("a", 1, { partition: ["x"] }),
      fileOf("b", 1, { partition: ["x"] }),
      fileOf("c", 1, { partition: [null] }),
    ];
    const { snapshot } = store.save(append(store.metadata, { ...store.input(), files }));
    expect(snapshot.summary["changed-partition-count"]).toBe("2");
    store.save(
      change(store.metadata, {
        ...store.input(),
        operation: "delete",
        added: [],
        removed: new Set(["a"]),
        opened: store.open(),
      }),
    );
    expect([...store.open().values()][0]?.entries.map((entry) => entry.data_file.partition)).toEqual([
      ["x"],
      ["x"],
      [null],
    ]);
    expect(store.list()[0]?.partitions).toEqual([
      {
        contains_null: true,
        contains_nan: false,
        lower_bound: new Uint8Array([120]),
        upper_bound: new Uint8Array([120]),
      },
    ]);
  });
});

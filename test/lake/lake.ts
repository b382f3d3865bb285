// A lake for tests of services that stand on one: a real storaged and a real catalogd over a temporary folder, called in
// process, and DuckDB to write data files into it. Objects lie on disk, or, as `remote`, where no local path
// leads to them, as on another host.

import type { SnapshotId } from "#contracts/shapes";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { diskObjects } from "#adapters/objects/disk/disk";
import { memoryObjects } from "#adapters/objects/memory";
import type { Objects } from "#adapters/objects/objects";
import { sqliteState } from "#adapters/state";
import { catalog } from "#contracts/catalog";
import { storage } from "#contracts/storage";
import { present } from "#lib/assert";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import type { Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { catalogd } from "#services/catalogd/service";
import { storaged } from "#services/storaged/service";

export interface Lake {
  readonly folder: string;
  /** Finished files below it may be handed to storaged by their path. */
  readonly spoolDir: string;
  readonly catalog: Service<typeof catalog>;
  readonly storage: Service<typeof storage>;
  /** Adds the rows of a SELECT to a dataset as one more file and snapshot; the snapshot's id. */
  append(name: string, select: string): Promise<SnapshotId>;
  /** Adds a file that has the columns of a SELECT and no rows. */
  appendEmpty(name: string, select: string): Promise<SnapshotId>;
  /** Creates a dataset with columns and no rows; the snapshot's id. */
  create(name: string, columns: Readonly<Record<string, string>>): Promise<SnapshotId>;
  /** Key and local path of the n-th data file of a dataset. */
  file(name: string, index: number): Promise<{ key: string; path: string }>;
  /** How often an object under a data folder was read through storaged. */
  reads(): number;
  close(): Promise<void>;
}

export interface LakeOptions {
  readonly objects?: "local" | "remote";
  /** The catalog's clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

export async function openLake({ objects = "local", now = Date.now }: LakeOptions = {}): Promise<Lake> {
  const folder = mkdtempSync(join(tmpdir(), "lake-test-"));
  const spoolDir = join(folder, "spool");
  mkdirSync(spoolDir);
  let reads = 0;
  const store = objects === "local" ? await diskObjects(join(folder, "objects")) : memoryObjects();
  const backend: Objects = {
    ...store,
    get: (key, range) => {
      if (key.includes("/data/")) reads += 1;
      return store.get(key, range);
    },
  };
  const storageService = local(
    implement(storage, "storaged", (await storaged({ objects: backend, adoptFrom: spoolDir })).handlers, {
      checkOutputs: true,
    }),
  );
  const tables = await catalogd({
    storage: storageService,
    state: sqliteState(join(folder, "catalog.sqlite")),
    clock: { now },
  });
  const catalogService = local(implement(catalog, "catalogd", tables.handlers, { checkOutputs: true }));
  let writer: Promise<Duckdb> | undefined;
  let written = 0;

  const commit = async (
    name: string,
    columns: { name: string; type: string }[],
    rowsOf: ((file: string, ids: readonly number[]) => Promise<number>) | undefined,
  ): Promise<SnapshotId> => {
    const prepared = await catalogService.prepare({ dataset: name, columns, mode: "append" });
    written += 1;
    const file = join(spoolDir, `${written}.parquet`);
    const rows =
      (await rowsOf?.(
        file,
        prepared.columns.map(({ id }) => id),
      )) ?? 0;
    const bytes = rowsOf === undefined ? undefined : readFileSync(file);
    const files = [];
    if (bytes !== undefined) {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const key = `${prepared.prefix}${written}-${sha256}.parquet`;
      await storageService.put({ key, body: new Blob([bytes]).stream() });
      files.push({ key, rows, bytes: bytes.byteLength, sha256, stats: {} });
    }
    const { snapshot_id } = await catalogService.commit({
      dataset: name,
      mode: "append",
      columns: prepared.columns,
      files,
      commit_id: `test-${written}`,
    });
    return snapshot_id;
  };

  const append = async (name: string, select: string): Promise<SnapshotId> => {
    writer ??= openDuckdb({
      memoryBytesMax: 512 * 1024 * 1024,
      threads: 1,
      tempDir: join(folder, "spill"),
      tempBytesMax: 1024 ** 3,
    });
    const db = await writer;
    const columns = (await db.rows(`DESCRIBE ${select}`)).map((row) => ({
      name: String(row["column_name"]),
      type: String(row["column_type"]),
    }));
    return commit(name, columns, async (file, ids) => {
      const fields = columns.map((column, index) => `${quoteIdentifier(column.name)}: ${ids[index]}`);
      const [copied] = await db.rows(
        `COPY (${select}) TO ${quoteLiteral(file)} (FORMAT parquet, RETURN_STATS true, FIELD_IDS {${fields.join(", ")}})`,
      );
      return Number(copied?.["count"]);
    });
  };

  return {
    folder,
    spoolDir,
    catalog: catalogService,
    storage: storageService,
    append,
    appendEmpty: (name, select) => append(name, `SELECT * FROM (${select}) WHERE false`),
    create: (name, columns) =>
      commit(
        name,
        Object.entries(columns).map(([column, type]) => ({ name: column, type })),
        undefined,
      ),
    file: async (name, index) => {
      const { files } = await catalogService.scan({ dataset: name });
      const { key } = present(files[index], `file ${index} of ${name}`);
      return { key, path: present(backend.path(key), `a local path of ${key}`) };
    },
    reads: () => reads,
    close: async () => {
      (await writer)?.close();
      await tables.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// A lake for ingestd's tests: an object store in a folder and a catalog in memory that keep the contracts as
// far as an ingest can tell, and DuckDB to read back what was loaded.

import { readSchema } from "#adapters/duckdb-columns";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { catalog, type DataFile, type Dataset } from "#contracts/catalog";
import { ingest } from "#contracts/ingest";
import { storage } from "#contracts/storage";
import type { Bytes, Handlers, InputOf, OutputOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { ingestd } from "./service.ts";

type Column = Dataset["columns"][number];
type Snapshot = OutputOf<typeof catalog.snapshots>["snapshots"][number];

interface Table {
  readonly columns: Column[];
  readonly snapshots: (Snapshot & { readonly live: readonly DataFile[]; readonly commitId: string })[];
  current: number;
}

export interface TestLake {
  readonly folder: string;
  readonly spoolDir: string;
  readonly ingest: Service<typeof ingest>;
  readonly catalog: Service<typeof catalog>;
  /** Every fault that the catalog is to answer its next commit with. */
  readonly refusals: Fault[];
  /** What the next commit to a dataset is answered with. */
  readonly refusalsOf: Map<string, Fault>;
  readonly bugs: unknown[];
  load(
    dataset: string,
    file: string | Uint8Array,
    more?: Partial<Omit<InputOf<typeof ingest.ingest>, "body" | "dataset">>,
  ): Promise<OutputOf<typeof ingest.ingest>>;
  /** Rows of a dataset, which SQL names `t`. */
  rows(dataset: string, sql?: string): Promise<Record<string, unknown>[]>;
  /** The same over several datasets, by the names that SQL gives them; a dataset that is not there has no rows. */
  query(sql: string, datasets: Readonly<Record<string, string>>): Promise<Record<string, unknown>[]>;
  keys(): string[];
  /** Another ingestd over the same lake, as on another machine. */
  another(): Promise<Service<typeof ingest>>;
  close(): Promise<void>;
}

export function bodyOf(bytes: string | Uint8Array): Bytes {
  return new Blob([typeof bytes === "string" ? bytes : Uint8Array.from(bytes)]).stream();
}

/** `apart` puts a socket between the tests and ingestd, as between daemons. */
export async function testLake({ apart = false }: { apart?: boolean } = {}): Promise<TestLake> {
  const folder = mkdtempSync(join(tmpdir(), "ingestd-test-"));
  const spoolDir = join(folder, "spool");
  const objects = join(folder, "objects");
  const bugs: unknown[] = [];
  const refusals: Fault[] = [];
  const refusalsOf = new Map<string, Fault>();
  const tables = new Map<string, Table>();
  const keys = new Set<string>();
  const onBug = (bug: unknown): void => {
    bugs.push(bug);
  };
  const offered = local(implement(storage, "storaged", storageHandlers(objects, keys), { onBug }));
  const known = local(
    implement(catalog, "catalogd", catalogHandlers(tables, refusals, refusalsOf), { onBug }),
  );
  const { handlers, close } = await ingestd({ catalog: known, storage: offered, settings: { spoolDir } });
  const implementation = implement(ingest, "ingestd", handlers, { onBug, checkOutputs: true });
  const unix = join(folder, "ingestd.sock");
  const listener = apart
    ? listen({ origin: "ingestd", at: { unix }, routes: routes(implementation) })
    : undefined;
  const service = apart ? remote(ingest, { unix }, { origin: "ingestd" }) : local(implementation);
  let reader: Promise<Duckdb> | undefined;
  const closers = [close];
  const query = async (sql: string, datasets: Readonly<Record<string, string>>) => {
    reader ??= openDuckdb({ memoryBytesMax: 2 ** 28, threads: 1, tempDir: folder, tempBytesMax: 2 ** 30 });
    const db = await reader;
    for (const [name, dataset] of Object.entries(datasets)) {
      if (!tables.has(dataset)) continue;
      const { files, columns } = await known.scan({ dataset });
      const paths = files.map(({ key }) => quoteLiteral(join(objects, key))).join(", ");
      const none = columns.map((column) => `CAST(NULL AS ${column.type}) AS ${quoteIdentifier(column.name)}`);
      const from =
        files.length === 0
          ? `(SELECT ${none.join(", ")}) WHERE false`
          : `read_parquet([${paths}], schema = ${readSchema(columns)})`;
      await db.rows(`CREATE OR REPLACE TEMP VIEW ${name} AS SELECT * FROM ${from}`);
    }
    return db.rows(sql);
  };

  return {
    folder,
    spoolDir,
    ingest: service,
    catalog: known,
    refusals,
    refusalsOf,
    bugs,
    load: (dataset, file, more = {}) => service.ingest({ dataset, body: bodyOf(file), ...more }),
    rows: (dataset, sql = "SELECT * FROM t") => query(sql, { t: dataset }),
    query,
    keys: () => [...keys].sort(),
    another: async () => {
      const settings = { spoolDir: join(folder, `spool-${closers.length}`) };
      const other = await ingestd({ catalog: known, storage: offered, settings });
      closers.push(other.close);
      return local(implement(ingest, "ingestd", other.handlers, { onBug, checkOutputs: true }));
    },
    close: async () => {
      await listener?.stop(1000);
      for (const end of closers) await end();
      (await reader)?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function unused(): never {
  throw new Fault("unavailable", "The lake of the tests does not do this.");
}

function storageHandlers(objects: string, keys: Set<string>): Handlers<typeof storage> {
  let located = 0;
  return {
    put: async ({ key, body }) => {
      const path = join(objects, key);
      mkdirSync(dirname(path), { recursive: true });
      const bytes = await new Response(body).bytes();
      writeFileSync(path, bytes);
      keys.add(key);
      return { key, size: bytes.byteLength, etag: "etag" };
    },
    remove: ({ key }) => {
      rmSync(join(objects, key), { force: true });
      keys.delete(key);
      return null;
    },
    // Every other file is taken over, so that both ways are gone.
    adopt: ({ key, path }) => {
      if (keys.size % 2 === 0) return { adopted: null };
      const to = join(objects, key);
      mkdirSync(dirname(to), { recursive: true });
      renameSync(path, to);
      keys.add(key);
      return { adopted: { key, size: 0, etag: "etag" } };
    },
    // Every other object lies elsewhere.
    locate: ({ key }) => {
      located += 1;
      const path = join(objects, key);
      return { key, size: 0, etag: "etag", ...(located % 2 === 0 ? {} : { path }) };
    },
    get: ({ key }) => ({ status: 200, headers: {}, body: new Uint8Array(readFileSync(join(objects, key))) }),
    head: unused,
    list: unused,
    verify: unused,
    renewChecksums: unused,
    probe: unused,
  };
}

/** Stands for a type in the schema's JSON; nested ones only matter to statistics. */
const ICEBERG: Readonly<Record<string, string>> = { VARCHAR: "string", BIGINT: "long", INTEGER: "int" };

function catalogHandlers(
  tables: Map<string, Table>,
  refusals: Fault[],
  refusalsOf: Map<string, Fault>,
): Handlers<typeof catalog> {
  let lastSnapshot = 0;
  const tableOf = (name: string): Table => {
    const table = tables.get(name);
    if (table === undefined) throw new Fault("not_found", `There is no dataset ${name}.`);
    return table;
  };
  const currentOf = (table: Table) => table.snapshots.find(({ snapshot_id: id }) => id === table.current);
  const described = (name: string, table: Table): Dataset => {
    const live = currentOf(table)?.live ?? [];
    return {
      name,
      rows: live.reduce((sum, { rows }) => sum + rows, 0),
      bytes: live.reduce((sum, { bytes }) => sum + bytes, 0),
      files: live.length,
      snapshot_id: table.current,
      fingerprint: `of ${table.columns.length} columns`,
      columns: table.columns,
      updated_at: "2026-11-21T00:00:00Z",
    };
  };
  const told = (table: Table, snapshot: Table["snapshots"][number]): Snapshot => {
    const { live, commitId, ...rest } = snapshot;
    void [live, commitId];
    return { ...rest, current: rest.snapshot_id === table.current };
  };

  return {
    datasets: () => ({ datasets: [...tables].map(([name, table]) => described(name, table)) }),
    dataset: ({ dataset }) => described(dataset, tableOf(dataset)),
    snapshots: ({ dataset }) => {
      const table = tableOf(dataset);
      return { snapshots: table.snapshots.toReversed().map((snapshot) => told(table, snapshot)) };
    },
    rollback: ({ dataset, snapshot_id }) => {
      const table = tableOf(dataset);
      table.current = Number(snapshot_id);
      return described(dataset, table);
    },
    prepare: ({ dataset, columns, contract }) => {
      const table = tables.get(dataset);
      const schema = [...(table?.columns ?? [])];
      const changes: string[] = [];
      const written = columns.map(({ name, type }) => {
        const existing = schema.find((column) => column.name.toLowerCase() === name.toLowerCase());
        if (
          existing !== undefined &&
          existing.type !== type &&
          existing.type !== "VARCHAR" &&
          existing.type !== "DOUBLE"
        ) {
          throw new Fault("rejected", `${name} is ${existing.type} in the dataset and ${type} in the file.`);
        }
        if (existing !== undefined) return existing;
        const added = { id: schema.length + 1, name, type, nullable: true };
        schema.push(added);
        if (table !== undefined) changes.push(`add column ${name} ${type}`);
        return added;
      });
      if (contract === "freeze" && changes.length > 0)
        throw new Fault("rejected", `The dataset is frozen: ${changes.join(", ")}.`);
      return {
        prefix: `warehouse/${dataset}/data/`,
        columns: written,
        iceberg_schema: JSON.stringify({
          type: "struct",
          fields: schema.map(({ id, name, type }) => ({
            id,
            name,
            required: false,
            type: ICEBERG[type] ?? "string",
          })),
        }),
        schema_changes: changes,
        warnings: [],
      };
    },
    commit: (input) => {
      const {
        dataset,
        mode,
        columns,
        files,
        remove = [],
        commit_id,
        if_snapshot_id,
        unless_summary,
        summary,
      } = input;
      const refusal = refusalsOf.get(dataset) ?? refusals.pop();
      refusalsOf.delete(dataset);
      if (refusal !== undefined) throw refusal;
      const table = tables.get(dataset) ?? { columns: [], snapshots: [], current: 0 };
      if (if_snapshot_id !== undefined && (if_snapshot_id ?? 0) !== table.current)
        throw new Fault("conflict", `${dataset} was changed meanwhile.`);
      const before =
        table.snapshots.findLast(({ commitId }) => commitId === commit_id) ??
        (unless_summary === undefined
          ? undefined
          : table.snapshots.findLast((snapshot) =>
              Object.entries(unless_summary).every(([name, value]) => snapshot.summary[name] === value),
            ));
      if (before !== undefined)
        return { snapshot_id: before.snapshot_id, replayed: true, dataset: described(dataset, table) };
      for (const { key, sha256, bytes } of files) {
        if (!key.endsWith(`${sha256}.parquet`) || bytes <= 0)
          throw new Fault("conflict", `${key} is no data file.`);
      }
      for (const column of columns)
        if (!table.columns.some(({ id }) => id === column.id)) table.columns.push(column);
      const gone = new Set(remove);
      const kept =
        mode === "append" ? (currentOf(table)?.live ?? []).filter(({ key }) => !gone.has(key)) : [];
      const id = ++lastSnapshot;
      table.snapshots.push({
        snapshot_id: id,
        parent_id: table.current === 0 ? null : table.current,
        at: "2026-11-21T00:00:00Z",
        operation: mode === "append" && remove.length === 0 ? "append" : "overwrite",
        rows: files.reduce((sum, { rows }) => sum + rows, 0),
        files: files.length,
        summary,
        tags: [],
        current: true,
        live: [...kept, ...files],
        commitId: commit_id,
      });
      table.current = id;
      tables.set(dataset, table);
      return { snapshot_id: id, replayed: false, dataset: described(dataset, table) };
    },
    committed: ({ dataset, commit_id }) => {
      const table = tables.get(dataset);
      const found = table?.snapshots.findLast(({ commitId }) => commitId === commit_id);
      return { snapshot: table === undefined || found === undefined ? null : told(table, found) };
    },
    scan: ({ dataset }) => {
      const table = tableOf(dataset);
      const live = currentOf(table)?.live ?? [];
      return {
        snapshot_id: table.current,
        columns: table.columns,
        files: live.map(({ key, bytes, rows, sha256 }) => ({ key, bytes, rows, sha256 })),
      };
    },
    drop: unused,
    tag: unused,
    schema: unused,
    append: unused,
    maintain: unused,
  };
}

/** The names of the files in a folder of the tests' data; none where it does not stand. */
export function sharedFiles(folder: string): string[] {
  try {
    return readdirSync(join(import.meta.dir, "../../../..", "shared/data", folder)).sort();
  } catch {
    return [];
  }
}

/** A file of the tests' data, or undefined where it does not stand. */
export function sharedFile(name: string): Uint8Array | undefined {
  try {
    return readFileSync(join(import.meta.dir, "../../../..", "shared/data", name));
  } catch {
    return undefined;
  }
}

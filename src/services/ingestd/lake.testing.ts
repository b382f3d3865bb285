// ingestd over a real lake for its tests: what a test wants to refuse of the catalog's commits, a store that lies near by and
// elsewhere by turns, and DuckDB to read back what was loaded.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { readSchema } from "#adapters/duckdb-columns";
import type { catalog } from "#contracts/catalog";
import { ingest } from "#contracts/ingest";
import type { storage } from "#contracts/storage";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import type { Bytes, InputOf, OutputOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { openLake } from "../../../test/lake/lake.ts";
import { ingestd } from "./service.ts";

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
  const lake = await openLake();
  const { folder, spoolDir } = lake;
  const objects = join(folder, "objects");
  const bugs: unknown[] = [];
  const onBug = (bug: unknown): void => {
    bugs.push(bug);
  };
  const refusals: Fault[] = [];
  const refusalsOf = new Map<string, Fault>();
  const known = refusing(lake.catalog, refusals, refusalsOf);
  const offered = byTurns(lake.storage);
  const { handlers, close } = await ingestd({ catalog: known, storage: offered, settings: { spoolDir } });
  const implementation = implement(ingest, "ingestd", handlers, { onBug, checkOutputs: true });
  const unix = join(folder, "ingestd.sock");
  const listener = apart
    ? listen({ origin: "ingestd", at: { unix }, routes: routes(implementation) })
    : undefined;
  const service = apart ? remote(ingest, { unix }, { origin: "ingestd" }) : local(implementation);
  let reader: Promise<Duckdb> | undefined;
  const closers = [close];
  const columnsAndPaths = async (dataset: string) => {
    try {
      const { files, columns } = await known.scan({ dataset });
      return { columns, paths: files.map(({ key }) => quoteLiteral(join(objects, key))) };
    } catch (error) {
      if (error instanceof Fault && error.code === "not_found") return undefined;
      throw error;
    }
  };
  const query = async (sql: string, datasets: Readonly<Record<string, string>>) => {
    reader ??= openDuckdb({ memoryBytesMax: 2 ** 28, threads: 1, tempDir: folder, tempBytesMax: 2 ** 30 });
    const db = await reader;
    for (const [name, dataset] of Object.entries(datasets)) {
      const found = await columnsAndPaths(dataset);
      if (found === undefined) continue;
      const { columns, paths } = found;
      const none = columns.map((column) => `CAST(NULL AS ${column.type}) AS ${quoteIdentifier(column.name)}`);
      const from =
        paths.length === 0
          ? `(SELECT ${none.join(", ")}) WHERE false`
          : `read_parquet([${paths.join(", ")}], schema = ${readSchema(columns)})`;
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
    keys: () =>
      readdirSync(objects, { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".parquet"))
        .sort(),
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
      await lake.close();
    },
  };
}

/** A catalog that answers commits with faults while it is told to. */
function refusing(
  service: Service<typeof catalog>,
  refusals: Fault[],
  refusalsOf: Map<string, Fault>,
): Service<typeof catalog> {
  return {
    ...service,
    commit: async (input, call) => {
      const refusal = refusalsOf.get(input.dataset) ?? refusals.pop();
      refusalsOf.delete(input.dataset);
      if (refusal !== undefined) throw refusal;
      return service.commit(input, call);
    },
  };
}

/** A store that takes over every other file and hands out every other path, as one on another host hands out none. */
function byTurns(service: Service<typeof storage>): Service<typeof storage> {
  let adopted = 0;
  let located = 0;
  return {
    ...service,
    adopt: async (input, call) => {
      adopted += 1;
      return adopted % 2 === 0 ? { adopted: null } : service.adopt(input, call);
    },
    locate: async (input, call) => {
      located += 1;
      const { path, ...rest } = await service.locate(input, call);
      return located % 2 === 0 || path === undefined ? rest : { ...rest, path };
    },
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

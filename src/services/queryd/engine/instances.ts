// The engine's databases. Which files a sandboxed DuckDB may read is settled when it is sandboxed, so there is one
// instance for each set of views; opening one takes about 15 ms, so the last few stay open, each with the
// statements it was last asked, planned. Files are compared with their checksums before DuckDB sees them: it
// reads a damaged Parquet file without a word.

import { LRUCache } from "lru-cache";
import { type Duckdb, DuckdbError, type DuckdbStatement, openDuckdb } from "#adapters/duckdb";
import { quoteLiteral } from "#lib/sql-text";
import { Fault } from "#rpc/fault";
import { unreadable } from "./fault.ts";
import type { EngineSettings, ListedDataset, View } from "./contract.ts";
import { catalogStatements } from "./dataset-catalog.ts";
import { viewStatement } from "./views.ts";

/** An idle instance holds about 4 MiB and a thread. */
const INSTANCES_MAX = 8;
/** Planned statements of one instance: some hundred KiB each. */
const STATEMENTS_MAX = 32;
/** How much of a file is hashed between looks at whether anybody still waits. */
const HASH_STEP_BYTES = 4 * 1024 * 1024;

/** What EXPLAIN ANALYZE tells of each step. Left out is `EXTRA_INFO`, which names files of this host. */
const PROFILE = [
  "OPERATOR_NAME",
  "OPERATOR_TYPE",
  "OPERATOR_CARDINALITY",
  "OPERATOR_TIMING",
  "LATENCY",
  "ROWS_RETURNED",
];

export interface Instance {
  readonly db: Duckdb;
  readonly paths: readonly string[];
  /** Names of its views, in lower case; behind their schema where it is not `main`. */
  readonly views: ReadonlySet<string>;
  readonly statements: LRUCache<string, DuckdbStatement>;
  /** It has the macros of json-depth.ts. */
  jsonBounded: boolean;
  /** How many PIVOTs left the types of their columns behind. */
  pivots: number;
}

/** What a database is opened for. */
export interface Opening {
  readonly views: readonly View[];
  readonly time_zone: string;
  readonly listed?: readonly ListedDataset[] | undefined;
}

export type Instances = LRUCache<string, Instance>;

export function instances(): Instances {
  return new LRUCache({
    max: INSTANCES_MAX,
    dispose: ({ db, statements }) => {
      statements.clear();
      db.close();
    },
  });
}

export async function openInstance(
  { views, time_zone: timeZone, listed }: Opening,
  settings: EngineSettings & { readonly tempDir: string },
  signal: AbortSignal,
): Promise<Instance> {
  for (const { name, files } of views) {
    for (const file of files) if (file.sha256 !== undefined) await verify(name, file, file.sha256, signal);
  }
  const paths = views.flatMap(({ files }) => files.map(({ path }) => path));
  const db = await openDuckdb(settings);
  try {
    await setTimeZone(db, timeZone);
    if (listed !== undefined) await db.run(catalogStatements(listed).join(";\n"));
    for (const each of views) {
      if (each.schema !== undefined) await db.run(`CREATE SCHEMA IF NOT EXISTS ${each.schema}`);
      await db.run(await viewStatement(db, each));
    }
    const profile = JSON.stringify(Object.fromEntries(PROFILE.map((name) => [name, "true"])));
    // Setting what a profile holds turns profiling on for every statement; EXPLAIN ANALYZE does not need it.
    await db.run(`SET custom_profiling_settings = ${quoteLiteral(profile)}; PRAGMA disable_profiling`);
    await db.sandbox(paths);
  } catch (thrown) {
    db.close();
    throw openFault(thrown);
  }
  return {
    db,
    paths,
    views: new Set(views.map((each) => viewName(each).toLowerCase())),
    jsonBounded: false,
    pivots: 0,
    statements: new LRUCache({ max: STATEMENTS_MAX, dispose: (statement) => statement.close() }),
  };
}

export function viewName({ schema, name }: Pick<View, "schema" | "name">): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

async function setTimeZone(db: Duckdb, timeZone: string): Promise<void> {
  try {
    await db.run(`SET TimeZone = ${quoteLiteral(timeZone)}`);
  } catch (thrown) {
    if (!(thrown instanceof DuckdbError)) throw thrown;
    const message = "is not a time zone; give an IANA name such as America/Chicago or UTC";
    throw new Fault("invalid", `time_zone: ${message}`, { details: [{ path: "time_zone", message }] });
  }
}

async function verify(
  dataset: string,
  file: View["files"][number],
  sha256: string,
  signal: AbortSignal,
): Promise<void> {
  const hash = new Bun.CryptoHasher("sha256");
  const bytes = Bun.file(file.path);
  if (!(await bytes.exists())) throw unreadable(undefined);
  try {
    for (let from = 0; from < bytes.size; from += HASH_STEP_BYTES) {
      signal.throwIfAborted();
      hash.update(await bytes.slice(from, from + HASH_STEP_BYTES).arrayBuffer());
    }
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw new Fault("unavailable", `A data file of ${dataset} could not be read; ask again.`, {
      cause: thrown,
    });
  }
  if (hash.digest("hex") === sha256) return;
  throw new Fault(
    "internal",
    `Object ${file.key} of dataset ${dataset} is damaged: its checksum is wrong. Restore it.`,
  );
}

function openFault(thrown: unknown): unknown {
  return thrown instanceof DuckdbError && thrown.kind === "IO" ? unreadable(thrown) : thrown;
}

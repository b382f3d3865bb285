// queryd: SQL over the datasets. This process never loads DuckDB: engines do, which are child processes that can be
// ended (engine/pool.ts). A statement is guarded, pinned to snapshots and run (executor.ts); a JSON result stays the
// text that the engine wrote, a stream passes through as it comes.

import type { catalog } from "#contracts/catalog";
import type { query, SqlResult } from "#contracts/query";
import { SQL_BYTES_MAX } from "#contracts/query";
import type { storage } from "#contracts/storage";
import type { CacheFigures } from "#lib/figures";
import { type Bytes, Encoded, type Handlers, type Service } from "#rpc/contract";
import { preferred } from "#rpc/accept";
import { Fault } from "#rpc/fault";
import type { Format } from "./formats/text.ts";
import { headerJson, WARNINGS_HEADER } from "./formats/warnings.ts";
import { objectCache } from "./object-cache.ts";
import { type CancellationScope, cancellationScope } from "./cancellation-scope.ts";
import { enginePool, type PoolStats } from "./engine/pool.ts";
import { type Execution, type Executor, executor, type SqlRequest } from "./executor.ts";
import { resultStream } from "./result-stream.ts";
import { snapshots } from "./snapshots.ts";

export interface QuerySettings {
  /** Where objects from other hosts are kept; this service's alone. */
  readonly cacheDir: string;
  readonly cacheBytesMax?: number;
  /** Memory that one engine may use before it is killed. */
  readonly memoryBytesMax?: number;
  /** Bytes that one engine may spill to disk. */
  readonly spillBytesMax?: number;
  /** Statements that run at once for as long as they need; beside them one more, in slices. */
  readonly workersMax?: number;
  /** Milliseconds of a slice. */
  readonly sliceMs?: number;
  /** Threads of one engine. */
  readonly threads?: number;
  /** Milliseconds after which an unused engine is ended. */
  readonly idleMs?: number;
  readonly statementsMax?: number;
}

/** A type and not an interface, so that it is a record of figures too. */
type QuerydStats = PoolStats & { readonly caches: Readonly<Record<string, CacheFigures>> };

export interface Queryd {
  readonly handlers: Handlers<typeof query>;
  stats(): QuerydStats;
  close(): Promise<void>;
}

const GIBIBYTE = 1024 ** 3;
const CACHE_BYTES_MAX = 10 * GIBIBYTE;
const MEMORY_BYTES_MAX = GIBIBYTE;
const SPILL_BYTES_MAX = 4 * GIBIBYTE;
const WORKERS_MAX = 2;
/** Most statements of a person have ended by then. */
const SLICE_MS = 500;
const THREADS = 2;
/** Long enough for a person who reads a result and writes the next statement. */
const IDLE_MS = 5 * 60_000;
const STATEMENTS_MAX = 10_000;
/** DuckDB's part of an engine's memory: Bun, the result's text and what DuckDB does not count need the rest. */
const DUCKDB_SHARE = 0.6;

export function queryd(deps: {
  catalog: Service<typeof catalog>;
  storage: Service<typeof storage>;
  settings: QuerySettings;
}): Queryd {
  const { settings } = deps;
  const memoryBytesMax = settings.memoryBytesMax ?? MEMORY_BYTES_MAX;
  const pool = enginePool({
    workersMax: settings.workersMax ?? WORKERS_MAX,
    processBytesMax: memoryBytesMax,
    memoryBytesMax: Math.floor(memoryBytesMax * DUCKDB_SHARE),
    tempBytesMax: settings.spillBytesMax ?? SPILL_BYTES_MAX,
    sliceMs: settings.sliceMs ?? SLICE_MS,
    threads: settings.threads ?? THREADS,
    idleMs: settings.idleMs ?? IDLE_MS,
    statementsMax: settings.statementsMax ?? STATEMENTS_MAX,
  });
  const cache = objectCache(deps.storage, settings.cacheDir, settings.cacheBytesMax ?? CACHE_BYTES_MAX);
  const executing = executor(pool, snapshots(deps.catalog, deps.storage, cache), memoryBytesMax);

  const handlers: Handlers<typeof query> = {
    sql: async (input, call) => {
      checkRequest(input);
      const started = performance.now();
      const scope = cancellationScope(call, input.timeout_ms);
      try {
        const execution = await executing.execute(input, scope, "restartable", (engine, statement, init) =>
          engine.run({ ...statement, limit: input.limit }, init),
        );
        const text = await readResult(executing, execution, scope);
        return resultOf(text, execution, performance.now() - started);
      } finally {
        scope.close();
      }
    },
    sqlStream: async (input, call) => {
      checkRequest(input);
      const scope = cancellationScope(call, input.timeout_ms);
      try {
        const format = formatOf(input.accept);
        const execution = await executing.execute(input, scope, "whole", (engine, statement, init) =>
          engine.stream({ ...statement, format }, init),
        );
        const { raw, snapshots } = execution;
        const warnings = raw.headers[WARNINGS_HEADER];
        return {
          status: 200,
          headers: {
            "content-type": raw.headers["content-type"] ?? "application/octet-stream",
            "x-lakehouse-snapshots": headerJson(snapshots),
            ...(warnings === undefined ? {} : { [WARNINGS_HEADER]: warnings }),
          },
          body: resultStream(executing, execution, scope),
        };
      } catch (thrown) {
        scope.close();
        throw thrown;
      }
    },
  };
  const stats = (): QuerydStats => ({ ...pool.stats(), caches: { "statements checked": executing.figures } });
  return { handlers, stats, close: pool.close };
}

/** What the contract's schema does not say: it counts characters, and takes any list. */
function checkRequest({ sql, params }: SqlRequest): void {
  const bytes = Buffer.byteLength(sql);
  if (bytes > SQL_BYTES_MAX) throw invalid("sql", `has ${bytes} bytes; ${SQL_BYTES_MAX} are taken`);
  params.forEach((param, index) => {
    if (!Array.isArray(param)) return;
    const types = new Set(param.filter((item) => item !== null).map((item) => typeof item));
    if (types.size > 1)
      throw invalid(
        `params[${index}]`,
        `mixes values of types ${[...types].sort().join(" and ")}; a list has values of one type`,
      );
  });
}

function invalid(path: string, message: string): Fault {
  return new Fault("invalid", `${path}: ${message}`, { details: [{ path, message }] });
}

async function readResult(
  executing: Executor,
  { raw, lease, identity }: Execution,
  scope: CancellationScope,
): Promise<string> {
  try {
    const text = await scope.race(new Response(raw.body as Bytes).text());
    lease.end();
    return text;
  } catch (thrown) {
    throw await executing.failed(thrown, lease, scope, identity);
  }
}

/** The engine's object, with what only this process knows added before its closing bracket. */
function resultOf(text: string, { queueMs, snapshots }: Execution, tookMs: number): Encoded<SqlResult> {
  const own = `"took_ms":${tookMs.toFixed(3)},"queue_ms":${queueMs.toFixed(3)},"snapshots":${JSON.stringify(snapshots)}`;
  const json = `${text.slice(0, -1)},${own}}`;
  return new Encoded(
    () => json,
    () => JSON.parse(json) as SqlResult,
  );
}

const FORMAT_OF: Readonly<Record<string, Format>> = {
  "application/x-ndjson": "ndjson",
  "text/csv": "csv",
  "application/vnd.apache.arrow.stream": "arrow",
  "application/vnd.apache.parquet": "parquet",
};

function formatOf(accept: string): Format {
  return FORMAT_OF[preferred(accept, Object.keys(FORMAT_OF)) ?? ""] ?? "ndjson";
}

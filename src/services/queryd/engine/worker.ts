// The engine: a process of its own that holds DuckDB, so that whatever a statement does, the serving process
// only has to end it. One statement at a time: what comes while one is running is a bug of the caller's.

import { LRUCache } from "lru-cache";
import {
  type Column,
  type Duckdb,
  DuckdbError,
  type DuckdbStatement,
  type DuckdbStream,
} from "#adapters/duckdb";
import { onAbort } from "#lib/abort";
import { assert, present } from "#lib/assert";
import type { Call } from "#rpc/call";
import type { Handlers, ParsedOf } from "#rpc/contract";
import { Fault, toFault } from "#rpc/fault";
import { streamOf } from "#rpc/input/input";
import { csv, jsonResult, ndjson, type Next, type RowFormat } from "../formats/text.ts";
import type { engine } from "./contract.ts";
import { engineFault } from "./fault.ts";
import { headerJson, warningsOf, WARNINGS_HEADER } from "../formats/warnings.ts";
import { frame, lastFrame } from "./frames.ts";
import { type Guarded, inspect } from "../guard/inspect.ts";
import { type Instance, type InstanceSettings, settle, viewName } from "./instance.ts";
import { Instances } from "./instances.ts";
import { JSON_DEPTH_MACROS } from "./json-depth.ts";
import { type Explained, parquetFile } from "./parquet-file.ts";
import { type Running, running } from "./running-statement.ts";
import type { Statement } from "../guard/statement-text.ts";
import { checkParams, checkPivotParams } from "./statement-params.ts";

/** Statements that were guarded, by their text: a repeated one is not parsed again. */
const INSPECTIONS_MAX = 1000;
const INSPECTIONS_BYTES_MAX = 4 * 1024 * 1024;

const CONTENT_TYPES = {
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8; header=present",
  arrow: "application/vnd.apache.arrow.stream",
  parquet: "application/vnd.apache.parquet",
} as const;

type WriteStream = (stream: DuckdbStream, next: Next) => AsyncGenerator<string | Uint8Array>;

const WRITERS: Readonly<Record<RowFormat, () => WriteStream | Promise<WriteStream>>> = {
  ndjson: () => ndjson,
  csv: () => csv,
  // Arrow's library is loaded by the first statement that wants it: most engines never need it.
  arrow: async () => (await import("../formats/arrow.ts")).arrow,
};

type StatementRequest = Omit<ParsedOf<typeof engine.run>, "limit">;

interface Pieces {
  readonly columns: readonly Column[];
  readonly pieces: AsyncGenerator<string | Uint8Array>;
}

/** Each leaves the types of its columns in its instance; then the instance is opened again. */
const PIVOTS_MAX = 100;

export function engineHandlers(scratch: Duckdb, settings: InstanceSettings): Handlers<typeof engine> {
  const instances = new Instances(settings);
  const inspections = new LRUCache<string, Guarded>({
    max: INSPECTIONS_MAX,
    maxSize: INSPECTIONS_BYTES_MAX,
    sizeCalculation: (_, sql) => sql.length + 200,
  });
  let current: Running | undefined;
  let turnsOver = 0;

  /** Runs `work` as the engine's one statement. A stream goes on after `work` is done, until `finished`. */
  const alone = async <T>(
    turn: number,
    call: Call,
    db: () => Duckdb | undefined,
    work: (run: Running, finished: () => void) => Promise<T>,
    streams = false,
  ): Promise<T> => {
    if (turn <= turnsOver) throw new Fault("cancelled", "The query was stopped.");
    assert(current === undefined, "an engine runs one statement at a time");
    const run = running(db);
    current = run;
    const finished = (): void => {
      if (current === run) current = undefined;
    };
    // A connection may be cut long after its reply; what runs then is another statement.
    onAbort(call.signal, () => {
      if (current === run) void run.stop();
    });
    try {
      const done = await work(run, finished);
      if (!streams) finished();
      return done;
    } catch (thrown) {
      finished();
      throw thrown;
    }
  };

  const inspected = async (sql: string): Promise<Guarded> => {
    const known = inspections.get(sql);
    if (known !== undefined) return known;
    const guarded = await inspect(scratch, sql).catch((thrown: unknown) => {
      throw engineFault(thrown, { prefix: "", body: sql, source: sql }, settings.memoryBytesMax);
    });
    inspections.set(sql, guarded);
    return guarded;
  };

  /** Guards a statement and makes its instance ready for it; what then fails is told by `explained`. */
  const admitted = async (
    run: Running,
    instance: Instance,
    sql: string,
  ): Promise<{ guarded: Guarded; explained: Explained }> => {
    const guarded = await run.step(() => inspected(sql));
    const { statement, inspection } = guarded;
    const read = [
      ...inspection.tables,
      ...inspection.versions.map(({ schema, table }) => viewName({ schema, name: table })),
    ];
    const unopened = read.find((table) => !instance.views.has(table.toLowerCase()));
    assert(
      unopened === undefined && inspection.kind === "rows",
      "the serving process opened what the statement reads",
    );
    const explained: Explained = (work, of = statement) =>
      run.step(work).catch((thrown: unknown) => {
        throw engineFault(thrown, of, settings.memoryBytesMax, instance.paths);
      });
    await explained(() => settle(instance));
    if (inspection.recursiveJson && !instance.jsonBounded) {
      await explained(() => instance.db.run(JSON_DEPTH_MACROS));
      instance.jsonBounded = true;
    }
    return { guarded, explained };
  };

  const started = async (
    run: Running,
    instance: Instance,
    request: StatementRequest,
  ): Promise<[DuckdbStream, Next]> => {
    const { guarded, explained } = await admitted(run, instance, request.sql);
    const { statement } = guarded;
    const prepared = guarded.pivots
      ? await pivoted(instance, statement.body, explained)
      : await explained(() => planned(instance, statement));
    checkParams(prepared, request.params);
    const stream = await explained(() => prepared.stream(request.params));
    const next: Next = async () => {
      try {
        return await run.step(() => stream.next());
      } catch (thrown) {
        const unexplained = thrown instanceof DuckdbError && thrown.kind === "Stream" && !run.signal.aborted;
        const why = unexplained ? await run.step(() => prepared.failure(request.params)) : undefined;
        throw engineFault(why ?? thrown, statement, settings.memoryBytesMax, instance.paths);
      }
    };
    return [stream, next];
  };

  const rowPieces = async (
    run: Running,
    instance: Instance,
    request: StatementRequest,
    format: RowFormat,
  ): Promise<Pieces> => {
    const write = await WRITERS[format]();
    const [stream, next] = await started(run, instance, request);
    // A failure before the first rows still has a status of its own.
    const first = await next();
    let given = false;
    const rest: Next = () => {
      if (given) return next();
      given = true;
      return Promise.resolve(first);
    };
    return { columns: stream.columns, pieces: write(stream, rest) };
  };

  const parquetPieces = async (
    run: Running,
    instance: Instance,
    { sql, params }: StatementRequest,
  ): Promise<Pieces> => {
    const { guarded, explained } = await admitted(run, instance, sql);
    // Once for its columns, once for the file.
    if (guarded.pivots) instance.pivots += 2;
    const { tempDir: folder, tempBytesMax: bytesMax } = settings;
    const { statement } = guarded;
    return parquetFile({ db: instance.db, statement, params, run, explained, folder, bytesMax });
  };

  /** Runs `work` on the instance that has the statement's views, opened for it where it is not there. */
  const onInstance = <T>(
    { turn, key, opening }: StatementRequest,
    call: Call,
    work: (run: Running, instance: Instance, finished: () => void) => Promise<T>,
    streams = false,
  ): Promise<T> => {
    const known = instances.get(key);
    let instance = known === undefined || known.pivots >= PIVOTS_MAX ? undefined : known;
    if (instance === undefined && opening === undefined)
      throw new Fault("not_found", `No views are open under ${key}.`);
    return alone(
      turn,
      call,
      () => instance?.db,
      async (run, finished) => {
        instance ??= await run.step(() => instances.open(key, present(opening, "views"), run.signal));
        return work(run, instance, finished);
      },
      streams,
    );
  };

  return {
    inspect: async ({ turn, sql }, call) => {
      const { inspection } = await alone(
        turn,
        call,
        () => scratch,
        (run) => run.step(() => inspected(sql)),
      );
      const { kind, tables, versions, catalog } = inspection;
      return { kind, tables: [...tables], versions: [...versions], catalog };
    },
    run: (request, call) =>
      onInstance(request, call, async (run, instance) => {
        const [stream, next] = await started(run, instance, request);
        const body = await jsonResult(stream, next, request.limit);
        return { status: 200, headers: { "content-type": "application/json" }, body };
      }),
    stream: (request, call) =>
      onInstance(
        request,
        call,
        async (run, instance, finished) => {
          const { format } = request;
          const { columns, pieces } =
            format === "parquet"
              ? await parquetPieces(run, instance, request)
              : await rowPieces(run, instance, request, format);
          const start = await pieces.next();
          const body = streamOf(bytesOf(start, pieces, finished));
          const warnings = warningsOf(columns);
          const headers = {
            "content-type": CONTENT_TYPES[format],
            ...(warnings.length === 0 ? {} : { [WARNINGS_HEADER]: headerJson(warnings) }),
          };
          return { status: 200, headers, body };
        },
        true,
      ),
    stop: async ({ turn }) => {
      turnsOver = Math.max(turnsOver, turn);
      await current?.stop();
      current = undefined;
      return null;
    },
  };
}

/** Pieces in frames, text as UTF-8, then the last frame, which says whether that was all. */
async function* bytesOf(
  start: IteratorResult<string | Uint8Array, unknown>,
  pieces: AsyncGenerator<string | Uint8Array>,
  finished: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    for (let step = start; step.done !== true; step = await pieces.next()) {
      const { value } = step;
      // An empty frame would say that this was all.
      if (value.length > 0) yield frame(value);
    }
    yield lastFrame(undefined);
  } catch (thrown) {
    yield lastFrame(toFault(thrown));
  } finally {
    finished();
  }
}

/**
 * A PIVOT that takes its columns from the data is several statements to DuckDB: some that make a type of the values of a
 * column, and the SELECT itself, which names those types.
 */
async function pivoted(instance: Instance, body: string, explained: Explained): Promise<DuckdbStatement> {
  const statements = await explained(() => instance.db.statements(body));
  instance.pivots += 1;
  for (let index = 0; index < statements.count - 1; index += 1) {
    const made = await explained(() => statements.prepare(index));
    assert(made.kind === "CREATE", "a PIVOT makes types and nothing else");
    checkPivotParams(made);
    await explained(() => made.stream());
    made.close();
  }
  const prepared = await explained(() => statements.prepare(statements.count - 1));
  assert(prepared.kind === "SELECT", "a PIVOT ends in a SELECT");
  return prepared;
}

/** The statement as DuckDB will run it, from the instance's last few. */
async function planned(
  { db, statements }: Instance,
  { prefix, body, source }: Statement,
): Promise<DuckdbStatement> {
  const kept = statements.get(source);
  if (kept !== undefined) return kept;
  const prepared = await db.prepare(prefix + body);
  assert(prepared.kind === "SELECT" || prepared.kind === "EXPLAIN", "the guard lets nothing else through");
  statements.set(source, prepared);
  return prepared;
}

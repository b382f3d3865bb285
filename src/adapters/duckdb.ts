// DuckDB, and the one place that imports its binding. An instance is an in-memory database with limits, one
// connection and, once sandboxed, no way to any file but those it was given. Only child processes open one:
// neither `memory_limit` nor `interrupt()` holds for every statement, so it runs in a process
// that can be killed. Values come as the binding gives them; `ColumnType` says how to read them.

import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBArrayType,
  type DuckDBConnection,
  DuckDBDecimalType,
  DuckDBInstance,
  DuckDBListType,
  DuckDBMapType,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionType,
  type DuckDBValue,
  HUGEINT,
  INTEGER,
  type JS,
  LIST,
  ResultReturnType,
  SQLNULL,
  StatementType,
  VARCHAR,
} from "@duckdb/node-api";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";

export interface DuckdbSettings {
  /** Bytes of DuckDB's own buffers. Some functions allocate past it: the process needs a limit of its own. */
  readonly memoryBytesMax: number;
  readonly threads: number;
  /** Where it spills; any statement of the instance can read what lies there. */
  readonly tempDir: string;
  /** DuckDB's own default is 90 % of the disk. */
  readonly tempBytesMax: number;
  /** A database file; without one the database lives in memory. */
  readonly path?: string;
}

/** What may stand for `?` and `$1` in a statement; a list holds values of one type, and NULLs. */
export type DuckdbParam = DuckdbScalar | Uint8Array | readonly DuckdbScalar[];
type DuckdbScalar = string | number | bigint | boolean | null;

export type DuckdbTypeId = keyof typeof DuckDBTypeId;

/** A type as a tree: lists have one child, maps two, structs and unions one for each member. */
export interface ColumnType {
  readonly id: DuckdbTypeId;
  /** As DuckDB writes it: `DECIMAL(10,2)`, `STRUCT(a BIGINT)`. */
  readonly text: string;
  readonly alias?: string;
  /** Of a DECIMAL. */
  readonly decimal?: { readonly precision: number; readonly scale: number };
  /** Of an ARRAY: how many items each has. */
  readonly length?: number;
  /** Of a STRUCT whose members have no names, as `row(1, 2)` makes it; its children are called `0`, `1`, ... */
  readonly unnamed?: true;
  readonly children: readonly { readonly name: string; readonly type: ColumnType }[];
}

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** Up to 2,048 rows. The entries of a struct's value are named `0`, `1`, ... in the order of its type's children. */
export interface Chunk {
  readonly rows: number;
  /** Calls `visit` for each value of a column, in row order; null is NULL. */
  each(column: number, visit: (value: DuckDBValue, row: number) => void): void;
}

export interface DuckdbStream {
  readonly columns: readonly Column[];
  /**
   * The next rows, or null after the last ones. A failure in mid-stream is a `DuckdbError` of kind `Stream`, which
   * does not say why: `DuckdbStatement.failure` does. Running anything else on the connection fails the stream.
   */
  next(): Promise<Chunk | null>;
}

export interface DuckdbStatement {
  /** `SELECT`, `EXPLAIN`, `COPY`, ... */
  readonly kind: string;
  readonly paramCount: number;
  stream(params?: readonly DuckdbParam[]): Promise<DuckdbStream>;
  /** Runs the statement whole to learn how it fails; undefined if it does not, this time. */
  failure(params?: readonly DuckdbParam[]): Promise<DuckdbError | undefined>;
  close(): void;
}

export interface DuckdbStatements {
  readonly count: number;
  /** The n-th, from 0, once those before it were run. */
  prepare(index: number): Promise<DuckdbStatement>;
}

/** What DuckDB says of a statement that failed. */
export class DuckdbError extends Error {
  override readonly name = "DuckdbError";
  /** DuckDB's exception type: `Parser`, `Binder`, `Conversion`, `INTERRUPT`, `Out of Memory`, ... */
  readonly kind: string;
  /** Where in the statement it went wrong: a byte, but for kind `Parser` a character. */
  readonly position: number | undefined;

  constructor(kind: string, message: string, position: number | undefined, cause: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.position = position;
  }
}

/** What a closed-in instance can still reach. */
export type Sandbox = { readonly files: readonly string[] } | { readonly folder: string };

export interface Duckdb {
  /** Runs statements, however many, and drops the result of the last one. */
  run(sql: string, params?: readonly DuckdbParam[]): Promise<void>;
  /** All rows of the last statement as objects: integers up to 32 bits as numbers, longer ones as bigints. */
  rows(sql: string, params?: readonly DuckdbParam[]): Promise<Record<string, JS>[]>;
  /** Rows as they are made, with flat memory. */
  stream(sql: string, params?: readonly DuckdbParam[]): Promise<DuckdbStream>;
  /** One statement, bound and planned; faster than `stream` from the second time on. */
  prepare(sql: string): Promise<DuckdbStatement>;
  /** The statements that DuckDB makes of a text: a PIVOT without its values is more than one. */
  statements(sql: string): Promise<DuckdbStatements>;
  /**
   * Closes the instance in for good: these files, or whatever is in a folder, the temp folder and nothing else; no setting
   * changes any more.
   */
  sandbox(within: Sandbox): Promise<void>;
  /** Makes whatever runs fail with kind `INTERRUPT`, soon or never: some functions do not look. */
  interrupt(): void;
  close(): void;
}

/** A worker streams what it reads and has little to spill; what it has lies in its own folder. */
const WORKER_SPILL_BYTES_MAX = 1024 ** 3;

/** For a worker that reads files beside what serves: one thread, so that users' queries and loads have the other cores. */
export function openWorkerDuckdb(folder: string, memoryBytesMax: number): Promise<Duckdb> {
  return openDuckdb({ memoryBytesMax, threads: 1, tempDir: folder, tempBytesMax: WORKER_SPILL_BYTES_MAX });
}

/** Opens an instance. Its failures, and those of everything it does, are `DuckdbError`. */
export async function openDuckdb(settings: DuckdbSettings): Promise<Duckdb> {
  const instance = await calling(() =>
    DuckDBInstance.create(settings.path ?? ":memory:", {
      threads: String(settings.threads),
      memory_limit: bytesText(settings.memoryBytesMax),
      temp_directory: settings.tempDir,
      max_temp_directory_size: bytesText(settings.tempBytesMax),
      // Nothing is fetched from the network, whatever a statement needs.
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      allow_community_extensions: "false",
      allow_persistent_secrets: "false",
      // The system keeps files in memory already; a second copy would count against the limit.
      enable_external_file_cache: "false",
      errors_as_json: "true",
    }),
  );
  const connection = await calling(() => instance.connect());
  await calling(() => connection.run("SET TimeZone = 'UTC'; SET parquet_metadata_cache = true"));
  return database(instance, connection);
}

function database(instance: DuckDBInstance, connection: DuckDBConnection): Duckdb {
  const whole = (sql: string, params: readonly DuckdbParam[] | undefined): Promise<DuckDBResult> =>
    calling(async () => {
      if (params === undefined) return connection.run(sql);
      const prepared = await connection.prepare(sql);
      bind(prepared, params);
      return prepared.run();
    });
  const run = async (sql: string, params?: readonly DuckdbParam[]): Promise<void> => {
    await whole(sql, params);
  };
  const prepare = async (sql: string): Promise<DuckdbStatement> =>
    statementOf(await calling(() => connection.prepare(sql)));
  return {
    run,
    rows: async (sql, params) => {
      const result = await whole(sql, params);
      return calling(() => result.getRowObjectsJS());
    },
    stream: async (sql, params) => {
      if (params !== undefined) return (await prepare(sql)).stream(params);
      return streamOf(await calling(() => connection.stream(sql)));
    },
    prepare,
    statements: async (sql) => {
      const extracted = await calling(() => connection.extractStatements(sql));
      return {
        count: extracted.count,
        prepare: async (index) => statementOf(await calling(() => extracted.prepare(index))),
      };
    },
    sandbox: (within) => {
      const allowed =
        "folder" in within
          ? `allowed_directories = [${quoteLiteral(within.folder)}]`
          : `allowed_paths = [${within.files.map(quoteLiteral).join(", ")}]`;
      return run(`SET ${allowed}; SET enable_external_access = false; SET lock_configuration = true`);
    },
    interrupt: () => connection.interrupt(),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function statementOf(prepared: DuckDBPreparedStatement): DuckdbStatement {
  return {
    kind: StatementType[prepared.statementType] ?? "INVALID",
    paramCount: prepared.parameterCount,
    stream: async (params = []) => {
      const result = await calling(() => {
        bind(prepared, params);
        return prepared.stream();
      });
      return streamOf(result);
    },
    failure: async (params = []) => {
      try {
        await calling(() => {
          bind(prepared, params);
          return prepared.run();
        });
        return undefined;
      } catch (thrown) {
        return thrown instanceof DuckdbError ? thrown : toDuckdbError(thrown);
      }
    },
    close: () => prepared.destroySync(),
  };
}

function bind(prepared: DuckDBPreparedStatement, params: readonly DuckdbParam[]): void {
  prepared.clearBindings();
  params.forEach((param, index) => bindParam(prepared, index + 1, param));
}

const INT32_MAX = 2 ** 31 - 1;
const INT64_END = 2 ** 63;

/** Whole numbers are bound as integers: as DOUBLE they would turn the column they are compared with into one. */
function bindParam(prepared: DuckDBPreparedStatement, index: number, param: DuckdbParam): void {
  if (isList(param)) prepared.bindList(index, listItems(param), LIST(listItemType(param)));
  else if (param === null) prepared.bindNull(index);
  else if (typeof param === "string") prepared.bindVarchar(index, param);
  else if (typeof param === "boolean") prepared.bindBoolean(index, param);
  else if (typeof param === "bigint") prepared.bindHugeInt(index, param);
  else if (typeof param !== "number") prepared.bindBlob(index, param);
  else if (!isInt64(param)) prepared.bindDouble(index, param);
  else if (Math.abs(param) <= INT32_MAX) prepared.bindInteger(index, param);
  else prepared.bindBigInt(index, BigInt(param));
}

function isInt64(number: number): boolean {
  return Number.isInteger(number) && Math.abs(number) < INT64_END;
}

function isList(param: DuckdbParam): param is readonly DuckdbScalar[] {
  return Array.isArray(param);
}

/** The type that holds every item as it is. */
function listItemType(items: readonly DuckdbScalar[]): DuckDBType {
  const some = items.filter((item) => item !== null);
  const numbers = some.filter((item) => typeof item === "number" || typeof item === "bigint");
  if (some.length === 0) return SQLNULL;
  if (some.every((item) => typeof item === "string")) return VARCHAR;
  if (some.every((item) => typeof item === "boolean")) return BOOLEAN;
  if (numbers.length < some.length) {
    throw new DuckdbError("Parameter", "A list has values of one type", undefined, undefined);
  }
  if (numbers.some((item) => typeof item === "bigint")) return HUGEINT;
  const integers = numbers.every((item) => isInt64(Number(item)));
  if (!integers) return DOUBLE;
  return numbers.every((item) => Math.abs(Number(item)) <= INT32_MAX) ? INTEGER : BIGINT;
}

function listItems(items: readonly DuckdbScalar[]): DuckDBValue[] {
  const type = listItemType(items);
  if (type === BIGINT || type === HUGEINT) {
    return items.map((item) => (item === null ? null : BigInt(item as number | bigint)));
  }
  return [...items];
}

function streamOf(result: DuckDBResult): DuckdbStream {
  const types = result.columnTypes();
  return {
    columns: result
      .columnNames()
      .map((name, index) => ({ name, type: columnType(types[index] as DuckDBType) })),
    next: async () => {
      const chunk = await calling(() => result.fetchChunk());
      if (chunk === null || chunk.rowCount === 0) {
        // DuckDB's C interface ends a stream that failed as one that is done. Only the result's kind tells them
        // apart: it turns invalid.
        if (result.returnType !== ResultReturnType.INVALID) return null;
        throw new DuckdbError("Stream", "The statement failed after its first rows.", undefined, undefined);
      }
      return {
        rows: chunk.rowCount,
        each: (column, visit) => {
          const vector = chunk.getColumnVector(column);
          nameByPosition(vector.type);
          for (let row = 0; row < chunk.rowCount; row += 1) visit(vector.getItem(row), row);
        },
      };
    },
  };
}

/**
 * The binding makes objects of structs, in which members of one name, or named `__proto__`, lose all values but one. What
 * it takes the names from is this type.
 */
function nameByPosition(type: DuckDBType): void {
  if (type instanceof DuckDBStructType) {
    (type as { entryNames: readonly string[] }).entryNames = type.entryTypes.map((_, index) => String(index));
  }
  for (const [, child] of childrenOf(type)) nameByPosition(child);
}

function columnType(type: DuckDBType): ColumnType {
  const { alias } = type;
  const unnamed =
    type instanceof DuckDBStructType && type.entryCount > 0 && type.entryNames.every((name) => name === "");
  return {
    id: DuckDBTypeId[type.typeId] as DuckdbTypeId,
    text: typeText(type),
    ...(unnamed ? { unnamed } : {}),
    ...(alias === undefined ? {} : { alias }),
    ...(type instanceof DuckDBDecimalType ? { decimal: { precision: type.width, scale: type.scale } } : {}),
    ...(type instanceof DuckDBArrayType ? { length: type.length } : {}),
    children: childrenOf(type).map(([name, child], index) => ({
      name: unnamed ? String(index) : name,
      type: columnType(child),
    })),
  };
}

/** As DuckDB writes it: the binding gives members without a name an empty one. */
function typeText(type: DuckDBType): string {
  if (type.alias !== undefined) return type.toString();
  if (type instanceof DuckDBListType) return `${typeText(type.valueType)}[]`;
  if (type instanceof DuckDBArrayType) return `${typeText(type.valueType)}[${type.length}]`;
  if (type instanceof DuckDBMapType) return `MAP(${typeText(type.keyType)}, ${typeText(type.valueType)})`;
  if (type instanceof DuckDBStructType) {
    const members = zip(type.entryNames, type.entryTypes).map(([name, member]) =>
      name === "" ? typeText(member) : `${quoteIdentifier(name)} ${typeText(member)}`,
    );
    return `STRUCT(${members.join(", ")})`;
  }
  return type.toString();
}

function childrenOf(type: DuckDBType): [name: string, type: DuckDBType][] {
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) return [["element", type.valueType]];
  if (type instanceof DuckDBMapType) {
    return [
      ["key", type.keyType],
      ["value", type.valueType],
    ];
  }
  if (type instanceof DuckDBStructType) return zip(type.entryNames, type.entryTypes);
  if (type instanceof DuckDBUnionType) return zip(type.memberTags, type.memberTypes);
  return [];
}

function zip(names: readonly string[], types: readonly DuckDBType[]): [string, DuckDBType][] {
  return names.map((name, index) => [name, types[index] as DuckDBType]);
}

/** Runs a call of the binding; what it throws becomes a `DuckdbError`. */
async function calling<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw toDuckdbError(thrown);
  }
}

/** `errors_as_json` makes a message one JSON object, sometimes after a prefix. */
function toDuckdbError(thrown: unknown): DuckdbError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  try {
    const error = JSON.parse(text.slice(text.indexOf("{"))) as Record<string, string>;
    const position = error["position"] === undefined ? undefined : Number(error["position"]);
    return new DuckdbError(
      error["exception_type"] ?? "Unknown",
      error["exception_message"] ?? text,
      position,
      thrown,
    );
  } catch {
    return new DuckdbError(/^([A-Z][\w ]*?) Error:/.exec(text)?.[1] ?? "Unknown", text, undefined, thrown);
  }
}

/** DuckDB reads `B` as bytes and takes no fraction of one. */
function bytesText(bytes: number): string {
  return `${Math.floor(bytes)}B`;
}

// One file at a time, from bytes to Parquet: the loader child's side of the loader contract. What was read
// stays until the next file, so that writing can start as soon as the catalog has given its field ids.

import { join } from "node:path";
import { type Duckdb, DuckdbError } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { assert, present } from "#lib/assert";
import type { Handlers } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { csvSource } from "./csv-source.ts";
import { decode, diskFault, readHead, unpack } from "./decode.ts";
import { binaryFormat, textFormat } from "./format.ts";
import { jsonSource } from "./json-source.ts";
import type { loader, Prepared, ReadInput, Table } from "./loader.ts";
import { parquetSource } from "./parquet-source.ts";
import { writeParquet } from "./parquet-files.ts";
import { Progress } from "./progress.ts";
import { readingText } from "./reading.ts";
import { RejectLog } from "./reject-log.ts";
import { packLoaded, remain, reread } from "./rereading.ts";
import type { Source, SourceColumn } from "./source.ts";
import { exactCast } from "./types.ts";

const VALUE_CHARS_MAX = 100;

interface Job {
  readonly folder: string;
  readonly source: Source;
  readonly rejects: RejectLog;
}

/** The handlers of a loader over one DuckDB instance. */
export function loading(db: Duckdb): Handlers<typeof loader> {
  let job: Job | undefined;
  return {
    read: (input) => {
      const progress = new Progress<{ rows: number; bytes: number; bytes_total: number }>();
      const work = async (): Promise<Table> => {
        await job?.rejects.close();
        job = undefined;
        const rejects = new RejectLog(join(input.folder, "rejects.csv"));
        const source = await open(db, input, rejects, (rows, bytes, bytesTotal) =>
          progress.note({ rows, bytes, bytes_total: bytesTotal }),
        );
        job = { folder: input.folder, source, rejects };
        return tableOf(source);
      };
      return (async function* () {
        for await (const told of progress.during(work().catch(explain))) {
          yield "note" in told ? { event: "progress" as const, ...told.note } : told.result;
        }
      })();
    },
    write: async (input) => {
      const { source, rejects, folder } = present(job, "a file that was read");
      const before = rejects.rows;
      const files = await write(db, source, rejects, join(folder, "data"), input).catch(explain);
      if (files === undefined)
        return { written: false, rows_in: 0, rows_rejected: 0, examples: [], files: [] };
      const loaded = files.reduce((total, { rows }) => total + rows, 0);
      const rowsIn = source.rowsIn ?? loaded;
      assert(rejects.rows >= before, "rejects are only added to");
      assert(
        rowsIn === loaded + rejects.rows,
        `${rowsIn} rows came in, ${loaded} are loaded and ${rejects.rows} rejected`,
      );
      return {
        written: true,
        rows_in: rowsIn,
        rows_rejected: rejects.rows,
        examples: [...rejects.examples],
        files,
        ...(rejects.lines === undefined ? {} : { loaded: packLoaded(rowsIn, rejects.lines) }),
      };
    },
    reread: async (input) => {
      await job?.rejects.close();
      job = undefined;
      const rejects = new RejectLog(join(input.folder, "rejects.csv"), true);
      const work = { db, folder: input.folder, rejects, onProgress: () => undefined };
      const { source, rows, bytes, digest } = await reread(input, work).catch(explain);
      if (source === undefined) return { table: null, rows, bytes, digest };
      assert(source.rowsIn === rows, "every rejected row is read again");
      job = { folder: input.folder, source, rejects };
      return { table: tableOf(source), rows, bytes, digest };
    },
    remain: async (input) => ({ files: await remain(db, input).catch(explain) }),
    reject: async ({ source, ingest_id, ...prepared }) => {
      const { rejects, folder } = present(job, "a file that was read");
      const select = `SELECT line, reason, "column", raw, ${quoteLiteral(source)} AS source, ${quoteLiteral(ingest_id)} AS ingest_id FROM ${await rejects.table()}`;
      const files = await writeParquet(db, select, join(folder, "rejects"), prepared).catch(explain);
      assert(
        files.reduce((total, { rows }) => total + rows, 0) === rejects.rows,
        "every rejected row is in its table",
      );
      return { files };
    },
  };
}

async function open(
  db: Duckdb,
  input: ReadInput,
  rejects: RejectLog,
  onProgress: (rows: number, bytes: number, bytesTotal: number) => void,
): Promise<Source> {
  const { folder, types, known, quarantine, careful } = input;
  const wishes = { types, known, quarantine, careful };
  const work = { db, folder, rejects, onProgress };
  const { path, name } = await unpack(input.path, join(folder, "unpacked"));
  const binary = binaryFormat(await readHead(path));
  if (binary === "parquet") {
    if (input.format !== "auto" && input.format !== "parquet")
      throw new Fault("invalid", `format=${input.format}, but the file is Parquet.`);
    return parquetSource(path, wishes, work);
  }
  if (input.format === "parquet")
    throw new Fault("invalid", "format=parquet, but the file does not start like one.");
  const decoded = await decode(path, join(folder, "decoded"), input.plain && name === null);
  if (decoded.bytes === 0) throw new Fault("invalid", "The file is empty: there is nothing to load.");
  const packed =
    name === null ? decoded : { ...decoded, evidence: [`unpacked with ${name}`, ...decoded.evidence] };
  const head = (await readHead(decoded.path)).toString();
  const format = input.format === "auto" ? textFormat(head) : input.format;
  return format === "csv" ? csvSource(packed, wishes, work) : jsonSource(packed, format, wishes, work);
}

function tableOf({ format, columns, dialect, warnings, rowsIn, ...source }: Source): Table {
  const kept = source.reading?.();
  const reading = kept === undefined ? undefined : readingText(kept);
  const wanted = columns.filter(({ unwanted }) => unwanted !== true);
  if (wanted.length === 0)
    throw new Fault("rejected", "The file shares no column with the dataset: nothing of it could be loaded.");
  return {
    event: "table",
    format,
    rows: rowsIn ?? null,
    columns: wanted.map(({ name, type, confidence, samples }) => ({
      name,
      type,
      confidence,
      samples: [...samples],
    })),
    ...(dialect === undefined ? {} : { dialect }),
    warnings: [...warnings],
    ...(reading === undefined ? {} : { reading }),
  };
}

/** Undefined when a quick source met what it did not foresee. */
async function write(
  db: Duckdb,
  source: Source,
  rejects: RejectLog,
  to: string,
  prepared: Prepared,
): ReturnType<typeof writeQuick> {
  const plan = planOf(source, prepared);
  return source.countRows === undefined
    ? writeCareful(db, source, rejects, to, prepared, plan)
    : writeQuick(db, source, to, prepared, plan);
}

interface PlannedColumn {
  readonly name: string;
  readonly source: SourceColumn | undefined;
  /** DuckDB's type in the file. */
  readonly target: string;
}

function planOf(source: Source, prepared: Prepared): PlannedColumn[] {
  const columns = new Map(source.columns.map((column) => [column.name.toLowerCase(), column]));
  return prepared.columns.map(({ name, type }) => ({
    name,
    source: columns.get(name.toLowerCase()),
    target: type,
  }));
}

async function writeQuick(
  db: Duckdb,
  source: Source,
  to: string,
  prepared: Prepared,
  plan: readonly PlannedColumn[],
): Promise<Awaited<ReturnType<typeof writeParquet>> | undefined> {
  const values = plan.map(({ name, source: column, target }) => {
    const value =
      column === undefined
        ? `CAST(NULL AS ${target})`
        : strictCast(column.strict ?? column.value, column.type, target);
    return `${value} AS ${quoteIdentifier(name)}`;
  });
  const counting = present(source.countRows, "a count")();
  const writing = writeParquet(db, `SELECT ${values.join(", ")} FROM ${source.from}`, to, prepared);
  const [counted, written] = await Promise.allSettled([counting, writing]);
  if (counted.status === "rejected") throw counted.reason;
  if (written.status === "rejected") {
    if (isForeseen(written.reason)) return undefined;
    throw written.reason;
  }
  const rows = written.value.reduce((total, file) => total + file.rows, 0);
  return rows === counted.value ? written.value : undefined;
}

/** What DuckDB says when a row or a value is not what the samples promised. */
function isForeseen(error: unknown): boolean {
  return error instanceof DuckdbError && ["Invalid Input", "Conversion", "Out of Range"].includes(error.kind);
}

async function writeCareful(
  db: Duckdb,
  source: Source,
  rejects: RejectLog,
  to: string,
  prepared: Prepared,
  plan: readonly PlannedColumn[],
): Promise<Awaited<ReturnType<typeof writeParquet>>> {
  const misfits = [
    ...plan.flatMap(({ source: column, target }) => (column === undefined ? [] : misfitOf(column, target))),
    ...source.columns
      .filter(({ unwanted }) => unwanted === true)
      .map((column) => ({
        column,
        condition: `${column.raw} IS NOT NULL`,
        why: "the dataset has no such column",
      })),
  ];
  const before = rejects.rows;
  if (misfits.length > 0) await logMisfits(db, source, rejects, misfits);
  const values = plan.map(({ name, source: column, target }) => {
    const value =
      column === undefined ? `CAST(NULL AS ${target})` : exactCast(column.value, column.type, target);
    return `${value} AS ${quoteIdentifier(name)}`;
  });
  const where =
    rejects.rows === before ? "" : ` WHERE NOT (${misfits.map(({ condition }) => condition).join(" OR ")})`;
  return writeParquet(db, `SELECT ${values.join(", ")} FROM ${source.from}${where}`, to, prepared);
}

interface Misfit {
  readonly column: SourceColumn;
  readonly condition: string;
  readonly why: string;
}

function misfitOf(column: SourceColumn, target: string): Misfit[] {
  const why = `is no ${target}`;
  const narrowed =
    column.type === target
      ? undefined
      : `((${column.value}) IS NOT NULL AND ${exactCast(column.value, column.type, target)} IS NULL)`;
  const conditions = [column.misfit, narrowed].filter(
    (condition) => condition !== undefined && condition !== "false",
  );
  return conditions.length === 0
    ? []
    : [{ column, condition: `coalesce(${conditions.join(" OR ")}, false)`, why }];
}

/** The value in the type of the file, or an error. */
function strictCast(value: string, from: string, to: string): string {
  if (from === to) return value;
  return `CASE WHEN (${value}) IS NOT NULL THEN coalesce(${exactCast(`(${value})`, from, to)}, error('misfit')) END`;
}

/** Puts every row with a value that does not fit into the log, with the first such value and its raw text. */
async function logMisfits(
  db: Duckdb,
  source: Source,
  rejects: RejectLog,
  misfits: readonly Misfit[],
): Promise<void> {
  const pick = (then: (misfit: Misfit, index: number) => string): string =>
    `CASE ${misfits.map((misfit, index) => `WHEN ${misfit.condition} THEN ${then(misfit, index)}`).join(" ")} END`;
  const { rawText } = source;
  const raw = typeof rawText === "string" ? rawText : "NULL";
  const sql = `SELECT * FROM (SELECT line, ${pick((_, index) => String(index))} AS which, ${pick(({ column }) => `left(${column.raw}, ${VALUE_CHARS_MAX})`)} AS value, ${raw} AS raw FROM ${source.from}) WHERE which IS NOT NULL ORDER BY line`;
  const again = typeof rawText === "string" ? undefined : rawText();
  const rows = await db.stream(sql);
  try {
    for (let chunk = await rows.next(); chunk !== null; chunk = await rows.next()) {
      const texts = ["", "", "", ""].map((_, column) => {
        const values: string[] = [];
        chunk?.each(column, (value) => values.push(value === null ? "" : String(value)));
        return values;
      });
      for (let row = 0; row < chunk.rows; row += 1) {
        const [line, which, value, told] = texts.map((values) => values[row] ?? "");
        const misfit = present(misfits[Number(which)], "a misfit's column");
        const { name } = misfit.column;
        await rejects.add({
          line: Number(line),
          reason: `"${name}": "${value}" ${misfit.why}`,
          column: name,
          raw: again === undefined ? (told ?? "") : await rawOf(again, Number(line)),
        });
      }
    }
  } finally {
    await again?.return(undefined);
  }
}

/** Moves on to a line; both go forward only. */
async function rawOf(rows: AsyncGenerator<{ line: number; raw: string }>, line: number): Promise<string> {
  for (;;) {
    const step = await rows.next();
    assert(step.done !== true, `line ${line} is in the file`);
    if (step.value.line === line) return step.value.raw;
  }
}

/** DuckDB's limits in words of ours; everything else as it was. */
function explain(error: unknown): never {
  if (error instanceof DuckdbError) {
    if (error.kind === "Out of Memory") {
      throw new Fault(
        "too_large",
        "The file needs more memory than an ingest may have: send it in smaller parts.",
        { cause: error },
      );
    }
    if (error.kind === "IO" && /no space|disk/i.test(error.message)) {
      throw new Fault("unavailable", "The disk is full: free some space and send the file again.", {
        cause: error,
      });
    }
  }
  throw diskFault(error) ?? error;
}

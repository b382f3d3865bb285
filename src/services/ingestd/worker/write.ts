// A source into Parquet. Of a careful source the rows that do not fit are selected first and go to the rejects
// log; a quick one is written at once with checks in the statement, and given up at the first surprise. A sifted one is
// both: its odd rows are like those of a careful source, all others like those of a quick one.

import { type Duckdb, DuckdbError } from "#adapters/duckdb";
import { quoteIdentifier } from "#lib/sql-text";
import { assert, present } from "#lib/assert";
import { exactCast } from "../inference/exact-cast.ts";
import { writeParquet } from "../parquet/files.ts";
import { lastOfEachKey } from "../upsert/last-of-each-key.ts";
import { columnsInGroups, isSmall, isWide } from "./columns-in-groups.ts";
import type { RejectLog } from "../source/reject-log.ts";
import { type DecimalsFound, type Prepared } from "../source/shapes.ts";
import { Decimals } from "../drift/decimals.ts";
import type { RawRow, Sifted, Source, SourceColumn } from "../source/source.ts";

const VALUE_CHARS_MAX = 100;
/** More than 99 % of a column fit, or the others are no mistakes. */
const FITTING_EACH_MIN = 99;

interface Written {
  readonly files: Awaited<ReturnType<typeof writeParquet>>;
  /** Rows that a later row of the same key took the place of. */
  readonly deduped: number;
  readonly decimals: readonly DecimalsFound[];
}

/** Undefined when a quick or sifted source met what it did not foresee. `keyColumns` name a row of an upsert. */
export async function write(
  db: Duckdb,
  source: Source,
  rejects: RejectLog,
  to: string,
  prepared: Prepared,
  keyColumns: readonly string[],
): Promise<Written | undefined> {
  const plan = planOf(source, prepared);
  if (source.countRows === undefined && source.sifted === undefined)
    return writeCareful(db, source, rejects, to, prepared, plan, keyColumns);
  assert(keyColumns.length === 0, "an upsert is read carefully");
  if (source.sifted !== undefined) return writeSifted(db, source, source.sifted, rejects, to, prepared, plan);
  const files = await writeQuick(db, source, to, prepared, plan);
  return files === undefined ? undefined : { files, deduped: 0, decimals: [] };
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
  const ended = new AbortController();
  const counting = present(source.countRows, "a count")(ended.signal);
  const writing = writeParquet(db, strictQuery(source, plan), to, prepared).catch((error: unknown) => {
    ended.abort();
    throw error;
  });
  const [counted, written] = await Promise.allSettled([counting, writing]);
  if (counted.status === "rejected") throw counted.reason;
  if (written.status === "rejected") {
    if (isForeseen(written.reason)) return undefined;
    throw written.reason;
  }
  const rows = written.value.reduce((total, file) => total + file.rows, 0);
  return rows === counted.value ? written.value : undefined;
}

async function writeSifted(
  db: Duckdb,
  source: Source,
  { isOdd, from, misfits: counts }: Sifted,
  rejects: RejectLog,
  to: string,
  prepared: Prepared,
  plan: readonly PlannedColumn[],
): Promise<Written | undefined> {
  const odd: Source = { ...source, from };
  const misfits = misfitsOf(plan);
  const decimals = new Decimals();
  if (misfits.length > 0) await logMisfits(db, odd, rejects, misfits, decimals);
  const rest = `${strictQuery(source, plan)} WHERE CASE WHEN ${isOdd} THEN false ELSE true END`;
  const fitting = `${checkedQuery(odd, plan)}${whereFitting(misfits)}`;
  try {
    const files = await writeParquet(db, `${rest} UNION ALL ${fitting}`, to, prepared);
    const loaded = files.reduce((total, { rows }) => total + rows, 0);
    const isWhole = loaded + rejects.rows === source.rowsIn;
    if (!isWhole || !areMistakes(counts, files, prepared)) return undefined;
    return { files, deduped: 0, decimals: decimals.found };
  } catch (error) {
    if (isForeseen(error)) return undefined;
    throw error;
  }
}

/** Whether so few values do not fit, beside those that were loaded, that they are mistakes. */
function areMistakes(misfits: Sifted["misfits"], files: Written["files"], { columns }: Prepared): boolean {
  return columns.every(({ id, name }) => {
    const count = misfits.get(name) ?? 0;
    if (count === 0) return true;
    const filled = files.map(({ stats }) => stats[id]).map((of) => (of?.values ?? 0) - (of?.nulls ?? 0));
    return filled.reduce((sum, values) => sum + values, 0) > count * FITTING_EACH_MIN;
  });
}

/** All rows, or an error for the first value that does not fit. */
function strictQuery(source: Source, plan: readonly PlannedColumn[]): string {
  const values = plan.map(({ name, source: column, target }) => {
    const value =
      column === undefined
        ? `CAST(NULL AS ${target})`
        : strictCast(column.strict ?? column.value, column.type, target);
    return `${value} AS ${quoteIdentifier(name)}`;
  });
  return `SELECT ${values.join(", ")} FROM ${source.from}`;
}

/** What DuckDB says when a row or a value is not what the samples promised: anything but that it lacks room. */
function isForeseen(error: unknown): boolean {
  return error instanceof DuckdbError && error.kind !== "Out of Memory" && error.kind !== "IO";
}

async function writeCareful(
  db: Duckdb,
  source: Source,
  rejects: RejectLog,
  to: string,
  prepared: Prepared,
  plan: readonly PlannedColumn[],
  keyColumns: readonly string[],
): Promise<Written> {
  if (source.certain === true && keyColumns.length === 0) {
    try {
      return {
        files: await writeParquet(db, strictQuery(source, plan), to, prepared),
        deduped: 0,
        decimals: [],
      };
    } catch (error) {
      // Some value has the look of its kind and is none: 30 February. Then all such rows are looked for.
      if (!isForeseen(error) && !isWide(source)) throw error;
    }
  }
  if (!isWide(source) && !isSmall(source)) return writeChecked(db, source, rejects, to, prepared, keyColumns);
  const inGroups = await columnsInGroups(db, source);
  try {
    return await writeChecked(db, inGroups.source, rejects, to, prepared, keyColumns);
  } finally {
    await inGroups.drop();
  }
}

async function writeChecked(
  db: Duckdb,
  source: Source,
  rejects: RejectLog,
  to: string,
  prepared: Prepared,
  keyColumns: readonly string[],
): Promise<Written> {
  const plan = planOf(source, prepared);
  const misfits = [
    ...misfitsOf(plan),
    ...keyColumns.map((name) => noKey(plan, name)),
    ...source.columns
      .filter(({ unwanted }) => unwanted === true)
      .map((column) => ({
        column,
        condition: `${column.raw} IS NOT NULL`,
        why: "the dataset has no such column",
      })),
  ];
  const before = rejects.rows;
  const decimals = new Decimals();
  if (misfits.length > 0) await logMisfits(db, source, rejects, misfits, decimals);
  const where = rejects.rows === before ? "" : whereFitting(misfits);
  const query = `${checkedQuery(source, plan)}${where}`;
  if (keyColumns.length === 0)
    return { files: await writeParquet(db, query, to, prepared), deduped: 0, decimals: decimals.found };
  const names = plan.map(({ name }) => name);
  const files = await writeParquet(db, lastOfEachKey(query, names, keyColumns), to, prepared);
  const [counted] = await db.rows(`SELECT count(*) AS n FROM ${source.from}${where}`);
  const deduped = Number(counted?.["n"]) - files.reduce((total, { rows }) => total + rows, 0);
  return { files, deduped, decimals: decimals.found };
}

/** The values; NULL for one that does not fit. */
function checkedQuery(source: Source, plan: readonly PlannedColumn[]): string {
  const values = plan.map(({ name, source: column, target }) => {
    const value =
      column === undefined ? `CAST(NULL AS ${target})` : exactCast(column.value, column.type, target);
    return `${value} AS ${quoteIdentifier(name)}`;
  });
  return `SELECT ${values.join(", ")} FROM ${source.from}`;
}

function whereFitting(misfits: readonly Misfit[]): string {
  if (misfits.length === 0) return "";
  return ` WHERE NOT (${misfits.map(({ condition }) => condition).join(" OR ")})`;
}

function misfitsOf(plan: readonly PlannedColumn[]): Misfit[] {
  return plan.flatMap(({ source: column, target }) => (column === undefined ? [] : misfitOf(column, target)));
}

/** A row of an upsert needs a value in each column that names it. */
function noKey(plan: readonly PlannedColumn[], name: string): Misfit {
  const planned = plan.find((column) => column.name.toLowerCase() === name.toLowerCase());
  const { source, target } = present(planned, `column ${name}`);
  const column = present(source, `column ${name} of the file`);
  return {
    column,
    condition: `${exactCast(column.value, column.type, target)} IS NULL`,
    why: "is empty, and it names the row",
  };
}

interface Misfit {
  readonly column: SourceColumn;
  readonly condition: string;
  readonly why: string;
  /** The type that the value is not of. */
  readonly target?: string;
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
    : [{ column, condition: `coalesce(${conditions.join(" OR ")}, false)`, why, target }];
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
  decimals: Decimals,
): Promise<void> {
  const pick = (then: (misfit: Misfit, index: number) => string): string =>
    `CASE ${misfits.map((misfit, index) => `WHEN ${misfit.condition} THEN ${then(misfit, index)}`).join(" ")} END`;
  const { rawText } = source;
  const [raw, order] = typeof rawText === "string" ? [rawText, "line"] : ["place", "place"];
  const again = typeof rawText === "string" ? undefined : rawText();
  // A few places are sorted here for less than DuckDB takes to plan it.
  const few = again !== undefined && isSmall(source);
  const sql = `SELECT line, which, value, raw FROM (SELECT line, ${order}, ${pick((_, index) => String(index))} AS which, ${pick(({ column }) => `left(${column.raw}, ${VALUE_CHARS_MAX})`)} AS value, ${raw} AS raw FROM ${source.from}) WHERE which IS NOT NULL${few ? "" : ` ORDER BY ${order}`}`;
  const found = few ? inOrder(foundBy(db, sql)) : foundBy(db, sql);
  try {
    for await (const { line, which, value, raw: text } of found) {
      const misfit = present(misfits[which], "a misfit's column");
      const { name } = misfit.column;
      decimals.see(name, misfit.target, value, line);
      await rejects.add({
        line,
        reason: `"${name}": "${value}" ${misfit.why}`,
        column: name,
        raw: again === undefined ? text : await rawOf(again, Number(text)),
      });
    }
  } finally {
    await again?.return(undefined);
  }
}

interface FoundMisfit {
  readonly line: number;
  /** The first of the misfits that it is. */
  readonly which: number;
  readonly value: string;
  /** The row's text, or its place. */
  readonly raw: string;
}

async function* foundBy(db: Duckdb, sql: string): AsyncGenerator<FoundMisfit> {
  const rows = await db.stream(sql);
  for (let chunk = await rows.next(); chunk !== null; chunk = await rows.next()) {
    const texts = ["", "", "", ""].map((_, column) => {
      const values: string[] = [];
      chunk?.each(column, (value) => values.push(value === null ? "" : String(value)));
      return values;
    });
    for (let row = 0; row < chunk.rows; row += 1) {
      const [line, which, value = "", raw = ""] = texts.map((values) => values[row]);
      yield { line: Number(line), which: Number(which), value, raw };
    }
  }
}

/** By their places. */
async function* inOrder(found: AsyncGenerator<FoundMisfit>): AsyncGenerator<FoundMisfit> {
  const all = await Array.fromAsync(found);
  yield* all.sort((one, other) => Number(one.raw) - Number(other.raw));
}

/** Moves on to a row; both go forward only. */
async function rawOf(rows: AsyncGenerator<RawRow>, place: number): Promise<string> {
  for (;;) {
    const step = await rows.next();
    assert(step.done !== true, `the row at ${place} is in the file`);
    if (step.value.place === place) return step.value.raw;
  }
}

// A result as a Parquet file on its way out: DuckDB writes it into the engine's own temp folder, where a sandboxed
// instance may write, and it is read from there piece by piece, so neither process ever holds it. The file has no name
// any more when its first bytes leave: what ends the engine leaves nothing behind.

import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Column, type Duckdb, DuckdbError, type DuckdbParam } from "#adapters/duckdb";
import { Fault } from "#rpc/fault";
import { columnsStatement, copyStatement } from "../formats/parquet.ts";
import type { Statement } from "../guard/statement-text.ts";
import type { Running } from "./running-statement.ts";
import { checkParams, checkPivotParams } from "./statement-params.ts";

/** Of one frame on its way to the serving process. */
const PIECE_BYTES = 256 * 1024;
/** How often the growing file is measured; a disk writes some hundred MiB in that time. */
const MEASURED_EVERY_MS = 200;

export interface ParquetFile {
  readonly columns: readonly Column[];
  readonly pieces: AsyncGenerator<Uint8Array>;
}

/** Does a step of the statement; a failure is told with its place in `statement`, unless given the one that was sent. */
export type Explained = <T>(work: () => Promise<T>, statement?: Statement) => Promise<T>;

export interface ParquetTask {
  readonly db: Duckdb;
  readonly statement: Statement;
  readonly params: readonly DuckdbParam[];
  readonly run: Running;
  readonly explained: Explained;
  readonly folder: string;
  /** What a file may take of the disk: as much as a statement may spill. */
  readonly bytesMax: number;
}

export async function parquetFile(task: ParquetTask): Promise<ParquetFile> {
  const { db, statement, explained, folder, bytesMax } = task;
  if (statement.prefix !== "") {
    throw new Fault("invalid", "What EXPLAIN says is no table for a Parquet file; ask for JSON.");
  }
  const path = join(folder, "result.parquet");
  const columns = await runAll(task, columnsStatement(statement));
  const growth = watched(path, bytesMax, () => db.interrupt());
  try {
    const copy = copyStatement(statement, columns, path);
    await runAll({ ...task, explained: (work) => explained(work, copy).catch(growth.explain) }, copy);
    const file = await open(path);
    return { columns, pieces: piecesOf(file, task.run) };
  } finally {
    growth.end();
    await rm(path, { force: true });
  }
}

/**
 * Runs what DuckDB makes of a text, a PIVOT being several statements in a transaction; gives the columns of a SELECT.
 */
async function runAll(
  { db, params, explained }: ParquetTask,
  statement: Statement,
): Promise<readonly Column[]> {
  const step = <T>(work: () => Promise<T>): Promise<T> => explained(work, statement);
  const statements = await step(() => db.statements(statement.prefix + statement.body));
  let columns: readonly Column[] = [];
  try {
    for (let index = 0; index < statements.count; index += 1) {
      const prepared = await step(() => statements.prepare(index));
      if (prepared.kind === "CREATE") checkPivotParams(prepared);
      if (prepared.kind === "SELECT") {
        checkParams(prepared, params);
        const stream = await step(() => prepared.stream(params));
        await step(() => stream.next());
        ({ columns } = stream);
      } else {
        await step(async () => {
          const failure = await prepared.failure(prepared.paramCount === 0 ? [] : params);
          if (failure !== undefined) throw failure;
        });
      }
      prepared.close();
    }
  } catch (thrown) {
    // Of one statement alone there is no transaction to end, which is the failure that is meant to be ignored here.
    if (statements.count > 1) await db.run("ROLLBACK").catch(() => undefined);
    throw thrown;
  }
  return columns;
}

interface Growth {
  /** Fails with what ended the writing: the file itself, where it was that. */
  explain(thrown: unknown): never;
  end(): void;
}

/** Ends the statement once its file is larger than it may be. */
function watched(path: string, bytesMax: number, interrupt: () => void): Growth {
  let over = false;
  const timer = setInterval(() => {
    void stat(path).then(
      ({ size }) => {
        over ||= size > bytesMax;
        if (over) interrupt();
      },
      // It is not there before the first rows are.
      () => undefined,
    );
  }, MEASURED_EVERY_MS);
  return {
    explain: (thrown) => {
      const mebibytes = Math.round(bytesMax / 1024 / 1024);
      if (over) {
        throw new Fault(
          "rejected",
          `The Parquet file is larger than ${mebibytes} MiB; add a filter, or ask for an Arrow stream, which has no limit.`,
        );
      }
      const { cause } = thrown as { cause?: unknown };
      if (cause instanceof DuckdbError && cause.message.includes(path)) {
        throw new Fault("unavailable", "The Parquet file could not be written; try again later.", { cause });
      }
      throw thrown;
    },
    end: () => clearInterval(timer),
  };
}

async function* piecesOf(file: FileHandle, run: Running): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await run.step(() =>
        file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES),
      );
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

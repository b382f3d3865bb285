// Small state that must be right: rows in SQLite, in one file. Statements use `$1`, `$2`, ... and only SQL that
// SQLite and Postgres both have, so that a shared database can take its place.

import { Database } from "bun:sqlite";
import { basename } from "node:path";
import { Fault } from "#rpc/fault";

export type StateValue = string | number | bigint | boolean | Uint8Array | null;
export type StateRow = Readonly<Record<string, unknown>>;

export interface State {
  /** The rows of a SELECT. */
  all(sql: string, values?: readonly StateValue[]): Promise<StateRow[]>;
  /** How many rows a statement changed. Durable when it resolves. */
  run(sql: string, values?: readonly StateValue[]): Promise<number>;
  close(): Promise<void>;
}

/** How long a statement waits for another process that writes. */
const BUSY_MS_MAX = 5000;

/** Throws `internal`, naming the file, when it is damaged or no database. */
export function sqliteState(file: string): State {
  const database = openDatabase(file);
  return {
    all: (sql, values = []) =>
      told(file, () => database.query(numbered(sql)).all(...bound(values)) as StateRow[]),
    run: (sql, values = []) => told(file, () => database.query(numbered(sql)).run(...bound(values)).changes),
    close: () => {
      database.close();
      return Promise.resolve();
    },
  };
}

function openDatabase(file: string): Database {
  try {
    const database = new Database(file, { create: true, strict: true, safeIntegers: false });
    database.run("PRAGMA journal_mode = WAL");
    // In WAL mode only FULL makes each commit survive a power cut.
    database.run("PRAGMA synchronous = FULL");
    database.run(`PRAGMA busy_timeout = ${BUSY_MS_MAX}`);
    return database;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Fault(
      "internal",
      `${file} cannot be opened as a database: ${why}. docs/operating/recover.md says what to do.`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Copies a database as it is at one moment, also while another process writes to it, into a new file. Throws `internal`
 * when it is damaged.
 */
export function copyDatabase(file: string, copy: string): void {
  const database = new Database(file, { readonly: true });
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_MS_MAX}`);
    database.query("VACUUM INTO ?").run(copy);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Fault("internal", `${basename(file)} cannot be copied: ${why}. lakehouse repair says what is wrong.`, {
      cause: error,
    });
  } finally {
    database.close();
  }
}

/** Whether every page of a database is what it should be; else what SQLite says is wrong. */
export function databaseProblem(file: string): string | undefined {
  try {
    const database = new Database(file, { readonly: true });
    try {
      const rows = database.query("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
      const [first] = rows;
      return first?.integrity_check === "ok" ? undefined : (first?.integrity_check ?? "nothing could be read");
    } finally {
      database.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What a disk or another writer does is a fault that says so; a wrong statement stays a bug. */
async function told<T>(file: string, work: () => T): Promise<T> {
  try {
    return work();
  } catch (error) {
    const { code = "" } = error as { code?: string };
    const cause = { cause: error };
    if (code.startsWith("SQLITE_FULL")) {
      throw new Fault("unavailable", "The disk is full. Free some room and send this again.", cause);
    }
    if (code.startsWith("SQLITE_BUSY")) {
      throw new Fault("unavailable", `${file} is being written to by another process. Try again.`, cause);
    }
    if (/^SQLITE_(IOERR|READONLY|CANTOPEN)/.test(code)) {
      throw new Fault("unavailable", `The disk failed under ${file}. Mend it and try again.`, cause);
    }
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
      throw new Fault("internal", `${file} is damaged. Restore it from a backup.`, cause);
    }
    throw error;
  }
}

/** Postgres writes `$1`, SQLite `?1`. */
function numbered(sql: string): string {
  return sql.replaceAll(/\$(\d+)/g, "?$1");
}

function bound(values: readonly StateValue[]): (string | number | bigint | Uint8Array | null)[] {
  return values.map((value) => (typeof value === "boolean" ? Number(value) : value));
}

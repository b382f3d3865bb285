// Small state that must be right: rows in SQLite, in one file. Statements use `$1`, `$2`, ... and only SQL that
// SQLite and Postgres both have, so that a shared database can take its place.
//
// A database is checked when it is opened: its pages must be consistent, and it must count at least as many commits as were
// acknowledged (commit-counter.ts). One that fails is not opened, and is left unchanged.

import { constants, Database } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { diskFull, Fault, isDiskFull } from "#rpc/fault";
import { CommitCounter, type Count, counterPath, readCount, resetCount } from "./commit-counter.ts";
import { isWitnessed } from "./witness.ts";

export type StateValue = string | number | bigint | boolean | Uint8Array | null;
export type StateRow = Readonly<Record<string, unknown>>;

export interface Statement {
  readonly sql: string;
  readonly values?: readonly StateValue[];
}

/** A database that another process owns, as it was when each statement began. */
export interface StateReader {
  /** The rows of a SELECT. */
  all(sql: string, values?: readonly StateValue[]): Promise<StateRow[]>;
  close(): Promise<void>;
}

export interface State extends StateReader {
  /** The number of rows a statement changed. Durable when it resolves. */
  run(sql: string, values?: readonly StateValue[]): Promise<number>;
  /** Several statements, all or none: the number of rows that each changed. Durable when it resolves. */
  transact(statements: readonly Statement[]): Promise<number[]>;
}

/** How long a statement waits for another process that writes. */
const BUSY_MS_MAX = 5000;
/** 1 MiB of log: what is in the log and not yet in the database stays small. */
const CHECKPOINT_PAGES = 256;
const IN_MEMORY = ":memory:";

/**
 * Throws `internal`, naming the file, when it is damaged, is no database, or has lost commits. `witnessed` is what stands or
 * falls with it: its folder, where that is its own.
 */
export function sqliteState(file: string, witnessed = file): State {
  if (file === IN_MEMORY) return stateOver(openDatabase(file), file, undefined);
  const counter = counterPath(file);
  const acknowledged = readCount(counter);
  const before = inspect(file);
  refuseLoss(file, before, acknowledged);
  if (before === undefined && acknowledged === undefined && isWitnessed(witnessed)) throw lost(file);
  const database = openDatabase(file);
  try {
    const count = countIn(database);
    if (acknowledged?.id !== count.id || acknowledged.commits !== count.commits) resetCount(counter, count);
    return stateOver(database, file, new CommitCounter(counter, count, witnessed));
  } catch (error) {
    database.close();
    throw unusable(file, error);
  }
}

function stateOver(database: Database, file: string, counter: CommitCounter | undefined): State {
  const change = (statements: readonly Statement[]): number[] =>
    statements.map(({ sql, values = [] }) => database.query(numbered(sql)).run(...bound(values)).changes);
  const counted = database.transaction((statements: readonly Statement[]): [number[], number] => {
    const changes = change(statements);
    // A transaction that changed no row has nothing to make durable.
    if (changes.every((changed) => changed === 0)) return [changes, 0];
    const row = database.query("update commit_counter set commits = commits + 1 returning commits").get();
    return [changes, (row as Count).commits];
  });
  const uncounted = database.transaction(change);
  const transact = (statements: readonly Statement[]): Promise<number[]> =>
    asFaults(file, async () => {
      if (counter === undefined) return uncounted.immediate(statements);
      const [changes, commits] = counted.immediate(statements);
      await counter.raise(commits);
      return changes;
    });
  return {
    all: (sql, values = []) =>
      asFaults(file, () => database.query(numbered(sql)).all(...bound(values)) as StateRow[]),
    run: async (sql, values = []) => (await transact([{ sql, values }]))[0] ?? 0,
    transact,
    close: async () => {
      database.close();
      await counter?.close();
    },
  };
}

/** Reads a database that its owner has opened, and so checked. Throws `internal`, naming the file, when it cannot be read. */
export function readState(file: string): StateReader {
  let database: Database;
  try {
    database = new Database(file, { readonly: true, strict: true });
    database.run(`PRAGMA busy_timeout = ${BUSY_MS_MAX}`);
  } catch (error) {
    throw unusable(file, error);
  }
  return {
    all: (sql, values = []) =>
      asFaults(file, () => database.query(numbered(sql)).all(...bound(values)) as StateRow[]),
    close: async () => database.close(),
  };
}

/** What is in the file, read without changing it; undefined when there is no database. */
function inspect(file: string): Count | "uncounted" | undefined {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return undefined;
  let database: Database | undefined;
  try {
    // A process that was killed while it created the file left a journal that must be rolled back before anything can be
    // read, and a reader may not do that.
    const hasJournal = existsSync(`${file}-journal`);
    database = new Database(
      file,
      hasJournal ? { readwrite: true, strict: true } : { readonly: true, strict: true },
    );
    database.run(`PRAGMA busy_timeout = ${BUSY_MS_MAX}`);
    const [fault] = database.query("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
    if (fault?.integrity_check !== "ok") throw new Error(fault?.integrity_check);
    const counted = database.query("select 1 from sqlite_schema where name = 'commit_counter'").get();
    if (counted === null) return "uncounted";
    return (database.query("select id, commits from commit_counter").get() as Count | null) ?? "uncounted";
  } catch (error) {
    throw unusable(file, error);
  } finally {
    database?.close();
  }
}

const REBUILD =
  "Put the newest copy back, with its files, or make it again with: lakehouse repair. docs/operating/recover.md says more.";

function lost(file: string): Fault {
  return new Fault(
    "internal",
    `${basename(file)} is missing or empty, as is the counter of its changes, and changes of it were acknowledged. ${REBUILD}`,
  );
}

function refuseLoss(
  file: string,
  found: Count | "uncounted" | undefined,
  acknowledged: Count | undefined,
): void {
  if (acknowledged === undefined || acknowledged.commits === 0) return;
  const name = basename(file);
  if (found === undefined) {
    throw new Fault(
      "internal",
      `${name} is missing or empty, and ${acknowledged.commits} changes of it were acknowledged. ${REBUILD}`,
    );
  }
  if (found === "uncounted" || found.id !== acknowledged.id) {
    throw new Fault("internal", `${name} is not the database that was here before. ${REBUILD}`);
  }
  if (found.commits < acknowledged.commits) {
    const lost = acknowledged.commits - found.commits;
    throw new Fault(
      "internal",
      `${name} has lost the last ${lost} of its ${acknowledged.commits} acknowledged changes. ${REBUILD}`,
    );
  }
}

/** The database's own count, initialised when it has none. */
function countIn(database: Database): Count {
  database.run("create table if not exists commit_counter (id text primary key, commits integer not null)");
  const found = database.query("select id, commits from commit_counter").get() as Count | null;
  if (found !== null) return found;
  const made: Count = { id: crypto.randomUUID(), commits: 0 };
  database.query("insert into commit_counter (id, commits) values (?1, ?2)").run(made.id, made.commits);
  return made;
}

function openDatabase(file: string): Database {
  try {
    const database = new Database(file, { create: true, strict: true, safeIntegers: false });
    // The log and its index stay when the database is closed: creating them takes space, and the service must start, and
    // serve what it has, on a full disk.
    database.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
    database.run("PRAGMA journal_mode = WAL");
    // In WAL mode only FULL makes each commit survive a power cut.
    database.run("PRAGMA synchronous = FULL");
    database.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.run(`PRAGMA busy_timeout = ${BUSY_MS_MAX}`);
    return database;
  } catch (error) {
    throw unusable(file, error);
  }
}

/** Damage, unless the disk has no room: then it opens when there is some. */
function unusable(file: string, error: unknown): Fault {
  if (isDiskFull(error)) return diskFull(error);
  const why = error instanceof Error ? error.message : String(error);
  return new Fault(
    "internal",
    `${basename(file)} cannot be used: ${why}. Put a copy back or make it again with: lakehouse repair. docs/operating/recover.md says more.`,
    { cause: error },
  );
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
    throw unusable(file, error);
  } finally {
    database.close();
  }
}

/** Failures of the disk and conflicts with other writers become faults; a wrong statement stays a bug. */
async function asFaults<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  const name = basename(file);
  try {
    return await work();
  } catch (error) {
    if (isDiskFull(error)) throw diskFull(error);
    const { code = "" } = error as { code?: string };
    const cause = { cause: error };
    if (code.startsWith("SQLITE_BUSY")) {
      throw new Fault("unavailable", `${name} is being written to by another process. Try again.`, cause);
    }
    if (/^SQLITE_(IOERR|READONLY|CANTOPEN)/.test(code) || /^E(IO|ROFS|ACCES|PERM)$/.test(code)) {
      throw new Fault("unavailable", `The disk failed under ${name}. Repair it and try again.`, cause);
    }
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
      throw new Fault("internal", `${name} is damaged. Restore it from a backup.`, cause);
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

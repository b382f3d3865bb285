// One database of an engine: what it takes to open it, closed in to the files of its views. Which files a sandboxed DuckDB
// may read is settled when it is sandboxed, and opening one takes some 15 ms of processor time, since DuckDB registers
// thousands of functions. So an instance over small files reads copies in a folder of its own, all of which it may read: with
// other copies and other views it is as good as a new one.

import { LRUCache } from "lru-cache";
import { type Duckdb, DuckdbError, type DuckdbStatement, openDuckdb } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { Fault } from "#rpc/fault";
import type { EngineSettings, Opening, View } from "./contract.ts";
import { areSmall, FileCopies, pathsOf, verifyFiles } from "./data-files.ts";
import { catalogStatements } from "./dataset-catalog.ts";
import { unreadable } from "./fault.ts";
import { viewByFieldId, viewByName } from "./views.ts";

/** Planned statements of one instance: some hundred KiB each. */
const STATEMENTS_MAX = 32;
/** Statements over one set of small files after which its views are made to be asked often, at the price of some ten. */
const ASKED_OFTEN = 10;
/** Sets of views of one instance, one after the other: what DuckDB keeps of one, it keeps no longer than that. */
const MOVES_MAX = 1000;

/** What EXPLAIN ANALYZE shows of each step. Left out is `EXTRA_INFO`, which names files of this host. */
const PROFILE = [
  "OPERATOR_NAME",
  "OPERATOR_TYPE",
  "OPERATOR_CARDINALITY",
  "OPERATOR_TIMING",
  "LATENCY",
  "ROWS_RETURNED",
];

export interface InstanceSettings extends EngineSettings {
  readonly tempDir: string;
  /** Where instances have the folders of their copies. */
  readonly copiesDir: string;
}

export interface Instance {
  readonly db: Duckdb;
  readonly timeZone: string;
  /** Undefined where it reads data files where they lie. */
  readonly copies: FileCopies | undefined;
  readonly statements: LRUCache<string, DuckdbStatement>;
  /** The views, over the files that it reads. */
  opened: readonly View[];
  paths: readonly string[];
  /** Names of the views, in lower case; behind their schema where it is not `main`. */
  views: ReadonlySet<string>;
  /** Statements that its views were asked, until they are made to be asked often. */
  asked: number;
  moves: number;
  /** It has the macros of json-depth.ts. */
  jsonBounded: boolean;
  /** How many PIVOTs left the types of their columns behind. */
  pivots: number;
}

/** Whether the instance of such views can be given others later. */
export function isMovable({ views, listed }: Opening): boolean {
  return listed === undefined && views.every(({ schema }) => schema === undefined) && areSmall(views);
}

export function canMove(
  { copies, timeZone, pivots, moves }: Instance,
  { time_zone: wanted }: Opening,
): boolean {
  return copies !== undefined && timeZone === wanted && pivots === 0 && moves < MOVES_MAX;
}

export async function openInstance(
  opening: Opening,
  settings: InstanceSettings,
  signal: AbortSignal,
): Promise<Instance> {
  const { views: given, time_zone: timeZone, listed } = opening;
  const copies = isMovable(opening) ? new FileCopies(settings.copiesDir) : undefined;
  let db: Duckdb | undefined;
  try {
    if (copies === undefined) await verifyFiles(given, signal);
    const views = copies === undefined ? given : await copies.of(given, signal);
    const paths = pathsOf(views);
    db = await openDuckdb(settings);
    await setTimeZone(db, timeZone);
    if (listed !== undefined) await db.run(catalogStatements(listed).join(";\n"));
    for (const view of views) {
      if (view.schema !== undefined) await db.run(`CREATE SCHEMA IF NOT EXISTS ${view.schema}`);
      await db.run(copies === undefined ? await viewByName(db, view) : viewByFieldId(view));
    }
    const profile = JSON.stringify(Object.fromEntries(PROFILE.map((name) => [name, "true"])));
    // Setting what a profile holds turns profiling on for every statement; EXPLAIN ANALYZE does not need it.
    await db.run(`SET custom_profiling_settings = ${quoteLiteral(profile)}; PRAGMA disable_profiling`);
    await db.sandbox(copies === undefined ? { files: paths } : { folder: copies.folder });
    return {
      db,
      timeZone,
      copies,
      statements: new LRUCache({ max: STATEMENTS_MAX, dispose: (statement) => statement.close() }),
      opened: views,
      paths,
      views: namesOf(views),
      asked: 0,
      moves: 0,
      jsonBounded: false,
      pivots: 0,
    };
  } catch (thrown) {
    db?.close();
    copies?.close();
    throw openFault(thrown);
  }
}

/** Gives an instance other views in place of those that it has; it is closed when that fails. */
export async function moveInstance(
  instance: Instance,
  { views: given }: Opening,
  signal: AbortSignal,
): Promise<void> {
  const { db, statements, copies } = instance;
  try {
    statements.clear();
    const drops = instance.opened.map(({ name }) => `DROP VIEW ${quoteIdentifier(name)}`);
    const views = (await copies?.of(given, signal)) ?? [];
    await db.run([...drops, ...views.map((view) => viewByFieldId(view))].join("; "));
    await copies?.remove(instance.paths);
    instance.opened = views;
    instance.paths = pathsOf(views);
    instance.views = namesOf(views);
    instance.asked = 0;
    instance.moves += 1;
  } catch (thrown) {
    closeInstance(instance);
    throw openFault(thrown);
  }
}

/** Views that are asked again and again are made to cost little each time. */
export async function settle(instance: Instance): Promise<void> {
  const { db, copies, opened, statements } = instance;
  if (copies === undefined || instance.asked > ASKED_OFTEN) return;
  instance.asked += 1;
  if (instance.asked <= ASKED_OFTEN) return;
  statements.clear();
  for (const view of opened) {
    const named = await viewByName(db, view);
    await db.run(`DROP VIEW ${quoteIdentifier(view.name)}; ${named}`);
  }
}

export function closeInstance({ db, statements, copies }: Instance): void {
  statements.clear();
  db.close();
  copies?.close();
}

export function viewName({ schema, name }: Pick<View, "schema" | "name">): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

function namesOf(views: readonly View[]): Set<string> {
  return new Set(views.map((view) => viewName(view).toLowerCase()));
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

function openFault(thrown: unknown): unknown {
  return thrown instanceof DuckdbError && thrown.kind === "IO" ? unreadable(thrown) : thrown;
}

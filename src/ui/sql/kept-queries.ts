// Saved statements and the history, kept in this browser: they hold what a person typed, and the house keeps no such list.

import { createStore } from "../parts/store.ts";

export interface Run {
  readonly sql: string;
  /** RFC 3339. */
  readonly at: string;
  readonly took_ms: number;
  /** Undefined for one that failed. */
  readonly rows?: number;
}

export interface SavedQuery {
  readonly name: string;
  readonly sql: string;
}

/** More than a person looks through; the oldest go first. */
const RUNS_MAX = 100;
const SAVED_MAX = 200;

/** The same statement again moves to the top. */
export function withRun(runs: readonly Run[], run: Run): readonly Run[] {
  return [run, ...runs.filter(({ sql }) => sql !== run.sql)].slice(0, RUNS_MAX);
}

/** A name stands for one statement: saving under it again replaces it. */
export function withSaved(saved: readonly SavedQuery[], query: SavedQuery): readonly SavedQuery[] {
  const others = saved.filter(({ name }) => name !== query.name);
  return [...others, query].sort((a, b) => a.name.localeCompare(b.name)).slice(0, SAVED_MAX);
}

const RUNS_KEY = "lakehouse.sql.history";
const SAVED_KEY = "lakehouse.sql.saved";

function read<T>(key: string, isOne: (value: unknown) => value is T): readonly T[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(value) ? value.filter(isOne) : [];
  } catch {
    // Written by another version of the console, or cut: the list begins again.
    return [];
  }
}

function hasSql(value: unknown): value is { sql: string } {
  return typeof value === "object" && value !== null && "sql" in value && typeof value.sql === "string";
}

const isRun = (value: unknown): value is Run => hasSql(value) && "at" in value && "took_ms" in value;
const isSaved = (value: unknown): value is SavedQuery =>
  hasSql(value) && "name" in value && typeof value.name === "string";

export const runs = createStore(read(RUNS_KEY, isRun));
export const savedQueries = createStore(read(SAVED_KEY, isSaved));

/** Undefined where it was kept; otherwise why not. */
function keep(key: string, list: readonly unknown[]): string | undefined {
  try {
    localStorage.setItem(key, JSON.stringify(list));
    return undefined;
  } catch {
    return "This browser has no room to keep more statements. Remove some, or copy the link instead.";
  }
}

export function recordRun(run: Run): void {
  runs.set(withRun(runs.value(), run));
  // A history that is full of long statements is shortened rather than no longer written.
  if (keep(RUNS_KEY, runs.value()) !== undefined) keep(RUNS_KEY, runs.value().slice(0, 10));
}

export function forgetRuns(): void {
  runs.set([]);
  localStorage.removeItem(RUNS_KEY);
}

export function saveQuery(query: SavedQuery): string | undefined {
  const next = withSaved(savedQueries.value(), query);
  const refused = keep(SAVED_KEY, next);
  if (refused === undefined) savedQueries.set(next);
  return refused;
}

export function removeQuery(name: string): void {
  const next = savedQueries.value().filter((one) => one.name !== name);
  savedQueries.set(next);
  keep(SAVED_KEY, next);
}

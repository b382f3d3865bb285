// What the console reads from a statement itself: where its parameters are, which datasets it names, where a fault is.

import type { Detail } from "../wire/wire-fault.ts";

/** Texts, quoted names and comments, in which a `?` is no parameter and a word no dataset. */
const SKIPPED = /'(?:[^']|'')*'|\$(\w*)\$[^]*?\$\1\$|--[^\n]*|\/\*[^]*?\*\//g;

function withoutTexts(sql: string): string {
  return sql.replaceAll(SKIPPED, (text) => " ".repeat(text.length));
}

/** How many values the statement wants: its `?`, or the highest of `$1`, `$2`. */
export function parameterCount(sql: string): number {
  const bare = withoutTexts(sql).replaceAll(/"(?:[^"]|"")*"/g, " ");
  const numbers = [...bare.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number));
  return Math.min(1000, numbers.length > 0 ? Math.max(...numbers) : (bare.match(/\?/g)?.length ?? 0));
}

export type Parameter = string | number | boolean | null | readonly (string | number | boolean | null)[];

/** A value as it is typed: a number, true, false, null, a JSON list, or a text; quotes keep a number a text. */
export function parameterOf(typed: string): Parameter {
  const text = typed.trim();
  if (/^".*"$/s.test(text) || /^\[.*\]$/s.test(text) || /^(true|false|null)$/.test(text)) {
    try {
      return JSON.parse(text) as Parameter;
    } catch {
      return typed;
    }
  }
  const isExact = /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) && String(Number(text)) === text;
  return isExact ? Number(text) : typed;
}

/** A name where SQL expects a table: after FROM, JOIN and their like, or after a comma among tables. */
const TABLE =
  /(?:\b(?:from|join|describe|summarize|pivot|unpivot|table)\s+|,\s*)(?:"((?:[^"]|"")*)"|([\p{L}_][\p{L}\p{N}_$]*))/giu;

/** Datasets that the statement reads, as they are spelt in the catalog. */
export function datasetsIn(sql: string, names: readonly string[]): readonly string[] {
  const words = new Set(
    [...withoutTexts(sql).matchAll(TABLE)].map(([, quoted, word]) =>
      (quoted?.replaceAll('""', '"') ?? word ?? "").toLowerCase(),
    ),
  );
  return names.filter((name) => words.has(name.toLowerCase()));
}

/** The place of a fault in the text, from `sql:<line>:<column>`; undefined where it is not known. */
export function placeOf(details: readonly Detail[], sql: string): number | undefined {
  for (const { path } of details) {
    const [, line, column] = /^sql:(\d+):(\d+)$/.exec(path) ?? [];
    if (line === undefined || column === undefined) continue;
    const before = sql.split("\n").slice(0, Number(line) - 1);
    const start = before.reduce((sum, text) => sum + text.length + 1, 0);
    return Math.min(sql.length, start + Number(column) - 1);
  }
  return undefined;
}

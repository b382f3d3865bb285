// Types by the words that people, Iceberg and DuckDB have for them. Everything ends as DuckDB's text. Only
// known words pass, because the text becomes part of a statement.

import { Fault } from "#rpc/fault";

const WORDS: Readonly<Record<string, string>> = {
  boolean: "BOOLEAN",
  bool: "BOOLEAN",
  tinyint: "INTEGER",
  smallint: "INTEGER",
  int: "INTEGER",
  integer: "INTEGER",
  long: "BIGINT",
  bigint: "BIGINT",
  hugeint: "DECIMAL(38,0)",
  float: "FLOAT",
  real: "FLOAT",
  double: "DOUBLE",
  number: "DOUBLE",
  decimal: "DECIMAL(18,3)",
  numeric: "DECIMAL(18,3)",
  money: "DECIMAL(18,2)",
  string: "VARCHAR",
  text: "VARCHAR",
  varchar: "VARCHAR",
  char: "VARCHAR",
  date: "DATE",
  time: "TIME",
  datetime: "TIMESTAMP",
  timestamp: "TIMESTAMP",
  timestamptz: "TIMESTAMP WITH TIME ZONE",
  "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
  uuid: "UUID",
  binary: "BLOB",
  blob: "BLOB",
};

/** DuckDB's text of a type word; undefined for what is none of ours, nested types among them. */
export function duckdbWord(text: string): string | undefined {
  const word = text.trim().toLowerCase();
  const decimal = /^(?:decimal|numeric)\s*\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$/.exec(word);
  if (decimal !== null) {
    const [precision, scale] = [Number(decimal[1]), Number(decimal[2])];
    return precision >= 1 && precision <= 38 && scale <= precision
      ? `DECIMAL(${precision},${scale})`
      : undefined;
  }
  if (/^fixed\[\d+\]$/.test(word)) return "BLOB";
  return WORDS[/^(?:varchar|char)\s*\(\s*\d+\s*\)$/.test(word) ? "varchar" : word];
}

/** The type that the caller wants a column to have. Throws `invalid` with the words that are known. */
export function wantedType(column: string, text: string): string {
  const type = duckdbWord(text);
  if (type !== undefined) return type;
  throw new Fault(
    "invalid",
    `types: "${text}" for column "${column}" is not a type that can be asked for. Use one of ${Object.keys(WORDS).join(", ")} or decimal(P,S).`,
  );
}

/** The types that were asked for, by column name in small letters. Throws `invalid` for what is no type. */
export function wantedTypes(types: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(types).map(([name, type]) => [name.toLowerCase(), wantedType(name, type)]));
}

/** Throws `invalid` when a type was asked for a column that is not there. */
export function refuseStrayTypes(wanted: ReadonlyMap<string, string>, columns: readonly string[]): void {
  const names = new Set(columns.map((name) => name.toLowerCase()));
  const stray = [...wanted.keys()].find((name) => !names.has(name));
  if (stray === undefined) return;
  throw new Fault(
    "invalid",
    `types names "${stray}", and the file has no such column. It has ${columns.slice(0, COLUMNS_NAMED_MAX).join(", ")}.`,
  );
}

/** Columns that one message names. */
const COLUMNS_NAMED_MAX = 50;

// A look at some values of each column that was written, for the personal data that they may be.

import type { PersonalKind } from "#contracts/catalog";
import type { Duckdb } from "#adapters/duckdb";
import { avroName } from "#lib/avro-name";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { personalKinds } from "../inference/personal-data.ts";

/** Rows from the head of the first file: what is judged is what a column is, not each of its values. */
const ROWS = 500;
/** Values of all columns together: fewer rows of a very wide table. */
const VALUES_MAX = 50_000;
/** Types whose values may be names, addresses or numbers of people. */
const TYPES = new Set(["VARCHAR", "BIGINT", "INTEGER", "HUGEINT"]);

/** By the name of a column; `columns` are those that the files were written with. */
export async function personalIn(
  db: Duckdb,
  files: readonly { readonly path: string }[],
  columns: readonly { readonly name: string; readonly type: string }[],
): Promise<Record<string, PersonalKind>> {
  const [first] = files;
  const looked = columns.filter(({ type }) => TYPES.has(type));
  if (first === undefined || looked.length === 0) return {};
  const count = Math.min(ROWS, Math.ceil(VALUES_MAX / looked.length));
  const selected = looked.map(({ name }) => quoteIdentifier(avroName(name))).join(", ");
  const from = `read_parquet(${quoteLiteral(first.path)}, hive_partitioning = false)`;
  const values = looked.map((): string[] => []);
  const rows = await db.stream(`SELECT ${selected} FROM ${from} LIMIT ${count}`);
  for (let chunk = await rows.next(); chunk !== null; chunk = await rows.next()) {
    for (const [n, texts] of values.entries())
      chunk.each(n, (value) => {
        if (value !== null && value !== "") texts.push(String(value));
      });
  }
  return Object.fromEntries(personalKinds(looked.map(({ name }, n) => ({ name, values: values[n] ?? [] }))));
}

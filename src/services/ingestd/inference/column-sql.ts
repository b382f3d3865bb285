// A typed column as SQL over its text: its value, whether a value does not fit, and the value or an error. The patterns
// are the same as in JavaScript, so both sides agree on what fits.

import { quoteLiteral } from "#lib/sql-text";
import type { Typing } from "./infer.ts";
import { type Kind, QUICK_BYTES_MAX } from "./kinds.ts";
import { exactCast } from "./types.ts";

const WIDE_DECIMAL = "DECIMAL(38,18)";

/** A column's value in SQL: NULL for NULL and for what does not fit. `raw` is the text column, quoted. */
export function valueSql({ type, kinds, nothing, spaced }: Typing, raw: string): string {
  if (type === "VARCHAR") return raw;
  const text = spaced ? `trim(${raw})` : raw;
  const tries = kinds.map((kind) => {
    // A float between text and decimal would change the last digits of long ones.
    const wide = kind.name === "decimal" && type.startsWith("DECIMAL");
    const value = wide ? `TRY_CAST(${text} AS ${WIDE_DECIMAL})` : kind.sql(text);
    const quick = wide ? "" : quickWhen(kind, text, value);
    const guarded = `CASE ${quick}WHEN ${matches(kind, text)} THEN ${value} END`;
    return exactCast(guarded, wide ? WIDE_DECIMAL : kind.type, type);
  });
  // Types that no kind gives are left to DuckDB's own cast; a number that it would round is not.
  if (!/INT$|^INTEGER$|^DECIMAL|^DATE$|^TIMESTAMP/.test(type)) tries.push(`TRY_CAST(${text} AS ${type})`);
  if (tries.length === 0) tries.push(`TRY_CAST(NULL AS ${type})`);
  const value = tries.length === 1 ? tries.join("") : `coalesce(${tries.join(", ")})`;
  return nothing.length === 0 ? value : `CASE WHEN ${isNothing(text, nothing)} THEN NULL ELSE ${value} END`;
}

/** Whether a value does not fit its column, in SQL. */
export function misfitSql(typing: Typing, raw: string): string {
  if (typing.type === "VARCHAR") return "false";
  const text = typing.spaced ? `trim(${raw})` : raw;
  const something = typing.nothing.length === 0 ? "" : ` AND NOT ${isNothing(text, typing.nothing)}`;
  return `(${raw} IS NOT NULL${something} AND ${valueSql(typing, raw)} IS NULL)`;
}

/**
 * The value, or an error for anything that was not foreseen: what `valueSql` gives where `misfitSql` is never
 * true, at the price of one cast.
 */
export function strictSql(typing: Typing, raw: string): string {
  if (typing.empty)
    return `CASE WHEN ${raw} IS NULL THEN CAST(NULL AS ${typing.type}) ELSE error('misfit') END`;
  if (typing.type === "VARCHAR") return raw;
  const [kind] = typing.kinds;
  if (typing.kinds.length !== 1 || kind === undefined || kind.type !== typing.type || typing.spaced) {
    return `coalesce(${valueSql(typing, raw)}, CASE WHEN ${misfitSql(typing, raw)} THEN error('misfit') END)`;
  }
  const value = kind.sql(raw);
  const quick = quickWhen(kind, raw, value);
  const nothing = typing.nothing.length === 0 ? "" : `WHEN ${isNothing(raw, typing.nothing)} THEN NULL `;
  return `CASE WHEN ${raw} IS NULL THEN NULL ${quick}${nothing}WHEN ${matches(kind, raw)} AND ${value} IS NOT NULL THEN ${value} ELSE error('misfit') END`;
}

/** The branch that most values take. */
function quickWhen({ canonical, quick }: Kind, raw: string, value: string): string {
  if (canonical === true) return `WHEN CAST(${value} AS VARCHAR) = ${raw} THEN ${value} `;
  if (quick === undefined) return "";
  return `WHEN strlen(${raw}) <= ${QUICK_BYTES_MAX} AND regexp_full_match(${raw}, ${quoteLiteral(quick)}) THEN ${value} `;
}

function matches(kind: Kind, text: string): string {
  return `regexp_full_match(${text}, ${quoteLiteral(kind.pattern)}, 'i')`;
}

function isNothing(text: string, words: readonly string[]): string {
  return `(${text} IN (${words.map(quoteLiteral).join(", ")}))`;
}

// A typed column as SQL over its text: its value, whether a value does not fit, and the value or an error. The patterns
// are the same as in JavaScript, so both sides agree on what fits.

import { quoteLiteral } from "#lib/sql-text";
import type { Typing } from "./infer.ts";
import { type Kind, QUICK_BYTES_MAX } from "./kinds.ts";
import { exactCast } from "./exact-cast.ts";

const WIDE_DECIMAL = "DECIMAL(38,18)";
/** What JavaScript's `trim` takes off: DuckDB's alone takes spaces only. */
const SPACES =
  " \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

/** A column's value in SQL: NULL for NULL and for what does not fit. `raw` is the text column, quoted. */
export function valueSql({ type, kinds, nothing, spaced, latest, asked }: Typing, raw: string): string {
  if (type === "VARCHAR") return raw;
  const text = spaced ? trimmed(raw) : raw;
  const tries = kinds.map((kind) => {
    // A float between text and decimal would change the last digits of long ones.
    if (PLAIN_DECIMALS.has(kind.name) && type.startsWith("DECIMAL") && kind.type !== type)
      return decimalSql(kind, text, type);
    const value = kind.sql(text, latest);
    const guarded = `CASE ${quickWhen(kind, text, value)}WHEN ${matches(kind, text)} THEN ${value} END`;
    return exactCast(guarded, kind.type, type);
  });
  // A type that the caller names is left to DuckDB's own cast at last; a number that it would round is not.
  if (asked === true && !/INT$|^INTEGER$|^DECIMAL|^DATE$|^TIMESTAMP/.test(type))
    tries.push(`TRY_CAST(${text} AS ${type})`);
  if (tries.length === 0) tries.push(`TRY_CAST(NULL AS ${type})`);
  const value = tries.length === 1 ? tries.join("") : `coalesce(${tries.join(", ")})`;
  return nothing.length === 0 ? value : `CASE WHEN ${isNothing(text, nothing)} THEN NULL ELSE ${value} END`;
}

/** Kinds that are read as decimals straight from their text. */
const PLAIN_DECIMALS: ReadonlySet<string> = new Set(["decimal", "decimal, any exponent", "exact decimal"]);

/** A plain decimal in a DECIMAL type, from its text; NULL where digits would be lost. */
function decimalSql(kind: Kind, text: string, type: string): string {
  const scale = Number(/,([0-9]+)/.exec(type)?.[1] ?? 0);
  const exact = `CASE WHEN regexp_full_match(${text}, '[+-]?[0-9]*(?:[.][0-9]{0,${scale}}0*)?') AND ${matchesPattern(kind, text)} THEN TRY_CAST(${text} AS ${type}) END`;
  if (kind.name === "exact decimal") return exact;
  const wide = `CASE WHEN regexp_full_match(${text}, '[+-]?[0-9]*[.]?[0-9]*e[+-]?[0-9]{1,2}', 'i') THEN TRY_CAST(${text} AS ${WIDE_DECIMAL}) END`;
  return `coalesce(${exact}, ${exactCast(wide, WIDE_DECIMAL, type)})`;
}

/** Whether a value does not fit its column, in SQL. */
export function misfitSql(typing: Typing, raw: string): string {
  if (typing.type === "VARCHAR") return "false";
  const text = typing.spaced ? trimmed(raw) : raw;
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
  const value = kind.sql(raw, typing.latest);
  const quick = quickWhen(kind, raw, value);
  const nothing = typing.nothing.length === 0 ? "" : `WHEN ${isNothing(raw, typing.nothing)} THEN NULL `;
  return `CASE WHEN ${raw} IS NULL THEN NULL ${quick}${nothing}WHEN ${matches(kind, raw)} AND ${value} IS NOT NULL THEN ${value} ELSE error('misfit') END`;
}

/** As `strictSql`, for a column whose every value was seen to look like its kind: then only the cast can fail. */
export function certainSql(typing: Typing, raw: string): string {
  const { type, kinds, nothing, latest, empty, spaced } = typing;
  const [kind] = kinds;
  if (empty || type === "VARCHAR" || kinds.length !== 1 || kind === undefined || kind.type !== type)
    return strictSql(typing, raw);
  const text = spaced ? trimmed(raw) : raw;
  const gap = nothing.length === 0 ? `${raw} IS NULL` : `${raw} IS NULL OR ${isNothing(text, nothing)}`;
  const value = kind.sql(text, latest);
  const misfit = `CASE WHEN ${gap} THEN NULL ELSE error('misfit') END`;
  return nothing.length === 0
    ? `coalesce(${value}, ${misfit})`
    : `CASE WHEN ${gap} THEN NULL ELSE coalesce(${value}, error('misfit')) END`;
}

/** The branch that most values take. */
function quickWhen({ canonical, quick }: Kind, raw: string, value: string): string {
  if (canonical === true) return `WHEN CAST(${value} AS VARCHAR) = ${raw} THEN ${value} `;
  if (quick === undefined) return "";
  return `WHEN strlen(${raw}) <= ${QUICK_BYTES_MAX} AND regexp_full_match(${raw}, ${quoteLiteral(quick)}) THEN ${value} `;
}

function matchesPattern({ pattern }: Kind, text: string): string {
  return `regexp_full_match(${text}, ${quoteLiteral(pattern)}, 'i')`;
}

function matches(kind: Kind, text: string): string {
  const pattern = matchesPattern(kind, text);
  return kind.guard === undefined ? pattern : `${pattern} AND ${kind.guard(text)}`;
}

function trimmed(raw: string): string {
  return `trim(${raw}, ${quoteLiteral(SPACES)})`;
}

function isNothing(text: string, words: readonly string[]): string {
  return `(${text} IN (${words.map(quoteLiteral).join(", ")}))`;
}

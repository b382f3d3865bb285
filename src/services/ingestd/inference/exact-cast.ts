// A value of one type as one of another, or NULL where it would not be the same value: DuckDB's own casts round, drop the
// time of day, take 007 for 7 and 5 for true. What a cast keeps is known by casting it back.

/** Whole numbers, up to their digits; a text of digits with a zero before them is a name. */
const WHOLE = "-?(?:0|[1-9][0-9]*)";
const INTEGERS = /INT$|INTEGER$/;
const FLOATS = /^DOUBLE$|^FLOAT$/;
const DECIMALS = /^DECIMAL/;
const DAYS_AND_TIMES = /^DATE$|^TIME/;
const ZONED = "TIMESTAMP WITH TIME ZONE";
/** A double gives back so many digits as they were written. */
const DOUBLE_DIGITS = 15;

/** Of the text of a number as programs write it, in whatever type it is to be. */
const TEXTS: readonly [type: RegExp, fits: (text: string, type: string) => string][] = [
  [INTEGERS, (text) => `regexp_full_match(${text}, '${WHOLE}')`],
  [DECIMALS, (text, type) => `regexp_full_match(${text}, '${WHOLE}(?:[.][0-9]{1,${scaleOf(type)}}0*)?')`],
  [
    FLOATS,
    (text) =>
      `(regexp_full_match(${text}, '${WHOLE}(?:[.][0-9]+)?') AND length(ltrim(translate(${text}, '-.', ''), '0')) <= ${DOUBLE_DIGITS} OR CAST(TRY_CAST(${text} AS DOUBLE) AS VARCHAR) = ${text})`,
  ],
  [/^BOOLEAN$/, (text) => `lower(${text}) IN ('true', 'false')`],
  [/^DATE$/, (text) => `regexp_full_match(${text}, '[0-9]{4}-[0-9]{2}-[0-9]{2}')`],
  [/^TIMESTAMP$/, (text) => `regexp_full_match(${text}, '[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9:.]+)?')`],
];

/** A value in another type, or NULL where it is no value of that type or would be another one. */
export function exactCast(value: string, from: string, to: string): string {
  if (from === to) return value;
  const cast = `TRY_CAST(${value} AS ${to})`;
  if (to === "VARCHAR") return cast;
  if (from === "VARCHAR") {
    const fits = TEXTS.find(([type]) => type.test(to))?.[1];
    return fits === undefined ? cast : `CASE WHEN ${fits(value, to)} THEN ${cast} END`;
  }
  if (!isSameKind(from, to)) return `CAST(NULL AS ${to})`;
  return isKept(from, to) ? cast : `CASE WHEN TRY_CAST(${cast} AS ${from}) = ${value} THEN ${cast} END`;
}

const scaleOf = (type: string): number => Number(/,\s*([0-9]+)/.exec(type)?.[1] ?? 0);

const isNumber = (type: string): boolean => INTEGERS.test(type) || FLOATS.test(type) || DECIMALS.test(type);

/** True is no number, a number no day, and a time in a zone is none without. */
function isSameKind(from: string, to: string): boolean {
  if (isNumber(from) || from === "BOOLEAN") return isNumber(from) === isNumber(to) && to !== "BOOLEAN";
  if (isNumber(to) || to === "BOOLEAN") return false;
  return !(from === ZONED && DAYS_AND_TIMES.test(to));
}

/** Whether every value that a cast gives is the one that it was given. */
function isKept(from: string, to: string): boolean {
  // Shorter floats are what such a column keeps of any number.
  if (to === "FLOAT") return true;
  if (to === "DOUBLE") return from === "FLOAT" || /^U?(?:TINY|SMALL)INT$|^U?INTEGER$/.test(from);
  // Whoever reads finer times says that they are cut.
  if (from === "TIMESTAMP_NS" && to === "TIMESTAMP") return true;
  return from === "DATE" || (INTEGERS.test(from) && (INTEGERS.test(to) || DECIMALS.test(to)));
}

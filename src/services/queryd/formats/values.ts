// How a value of each DuckDB type is written: as JSON, and as the plain text of a CSV cell. Nothing is lost on
// the way: integers beyond 2^53 and decimals are strings, times are RFC 3339 (with Z where they have a zone,
// else without), blobs base64 (RFC 4648), intervals ISO 8601, NaN and infinities words.

import { civilFromDays } from "#lib/civil-date";
import type { ColumnType, DuckdbTypeId } from "#adapters/duckdb";
import { assert } from "#lib/assert";

/** Writes a value that is not NULL. */
type Write = (value: unknown) => string;

export interface Writer {
  readonly json: Write;
  readonly plain: Write;
}

/** A writer for a column's type. */
export function writerOf(type: ColumnType): Writer {
  if (type.alias === "JSON") return { json: jsonDocument, plain: String };
  return WRITERS[type.id](type);
}

type MakeWriter = (type: ColumnType) => Writer;

const asItIs: MakeWriter = () => ({ json: String, plain: String });
const whole: MakeWriter = () => ({ json: (value) => integer(value as bigint), plain: String });
const text: MakeWriter = () => ({ json: (value) => stringText(value as string), plain: String });
/** Decimals, UUIDs, bit strings, times with an offset: the binding's own text is the one we want. */
const ownText: MakeWriter = () => quoted(String);
const anyText: MakeWriter = () => ({ json: (value) => stringText(String(value)), plain: String });
const bytes: MakeWriter = () => quoted((value) => bytesText((value as { bytes: Uint8Array }).bytes));

const WRITERS: Readonly<Record<DuckdbTypeId, MakeWriter>> = {
  BOOLEAN: asItIs,
  TINYINT: asItIs,
  SMALLINT: asItIs,
  INTEGER: asItIs,
  UTINYINT: asItIs,
  USMALLINT: asItIs,
  UINTEGER: asItIs,
  BIGINT: whole,
  UBIGINT: whole,
  HUGEINT: whole,
  UHUGEINT: whole,
  BIGNUM: whole,
  INTEGER_LITERAL: whole,
  DECIMAL: ownText,
  DOUBLE: () => ({ json: (value) => float(String(value)), plain: String }),
  FLOAT: () => ({
    json: (value) => float(shortest(value as number)),
    plain: (value) => shortest(value as number),
  }),
  VARCHAR: text,
  STRING_LITERAL: text,
  ENUM: text,
  UUID: ownText,
  BIT: ownText,
  BLOB: bytes,
  GEOMETRY: bytes,
  DATE: () => quoted((value) => dateText((value as { days: number }).days)),
  TIME: () => quoted((value) => timeText((value as { micros: bigint }).micros * 1000n)),
  TIME_NS: () => quoted((value) => timeText((value as { nanos: bigint }).nanos)),
  TIME_TZ: ownText,
  TIMESTAMP: () => quoted((value) => timestampText((value as { micros: bigint }).micros, MICROS, "")),
  TIMESTAMP_TZ: () => quoted((value) => timestampText((value as { micros: bigint }).micros, MICROS, "Z")),
  TIMESTAMP_S: () => quoted((value) => timestampText((value as { seconds: bigint }).seconds, SECONDS, "")),
  TIMESTAMP_MS: () => quoted((value) => timestampText((value as { millis: bigint }).millis, MILLIS, "")),
  TIMESTAMP_NS: () => quoted((value) => timestampText((value as { nanos: bigint }).nanos, NANOS, "")),
  INTERVAL: () => quoted((value) => intervalText(value as Interval)),
  LIST: (type) => nested(listWriter(type)),
  ARRAY: (type) => nested(listWriter(type)),
  STRUCT: (type) => nested(structWriter(type)),
  MAP: (type) => nested(mapWriter(type)),
  UNION: unionWriter,
  VARIANT: anyText,
  SQLNULL: anyText,
  ANY: anyText,
  INVALID: anyText,
};

/** Text that is a string in JSON; it never needs escaping. */
function quoted(plain: Write): Writer {
  return { json: (value) => `"${plain(value)}"`, plain };
}

const NEEDS_ESCAPE = /["\\\p{Cc}\p{Cs}]/u;

/** Most texts need no escaping, and looking is cheaper than `JSON.stringify`. */
function stringText(value: string): string {
  return NEEDS_ESCAPE.test(value) ? JSON.stringify(value) : `"${value}"`;
}

/** JSON in JSON, and the same text in a cell. */
function nested(json: Write): Writer {
  return { json, plain: json };
}

/** A document that DuckDB takes for JSON; what JSON itself does not allow (`NaN`) stays a string. */
function jsonDocument(value: unknown): string {
  const text = String(value);
  try {
    const document: unknown = JSON.parse(text);
    // A line of NDJSON is one line.
    return /[\r\n]/.test(text) ? JSON.stringify(document) : text;
  } catch {
    return JSON.stringify(text);
  }
}

function integer(value: bigint): string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? String(number) : `"${value}"`;
}

function float(text: string): string {
  return text === "NaN" || text.endsWith("Infinity") ? `"${text}"` : text;
}

/** The fewest digits that give the same 32-bit float again: nine always do. */
function shortest(value: number): string {
  if (Number.isFinite(value)) {
    for (let digits = 6; digits < 9; digits += 1) {
      const candidate = Number(value.toPrecision(digits));
      if (Math.fround(candidate) === value) return String(candidate);
    }
    return String(Number(value.toPrecision(9)));
  }
  return String(value);
}

interface Unit {
  readonly perSecond: number;
  readonly digits: number;
}
const SECONDS: Unit = { perSecond: 1, digits: 0 };
const MILLIS: Unit = { perSecond: 1000, digits: 3 };
const MICROS: Unit = { perSecond: 1_000_000, digits: 6 };
const NANOS: Unit = { perSecond: 1_000_000_000, digits: 9 };

/** DuckDB's infinite times and dates: the largest integers of their width. */
const INT64_MAX = 2n ** 63n - 1n;
const INT32_MAX = 2 ** 31 - 1;

const DAY_S = 86_400;

function timestampText(value: bigint, unit: Unit, zone: string): string {
  if (value === INT64_MAX) return "infinity";
  if (value === -INT64_MAX) return "-infinity";
  const [seconds, fraction] = split(value, unit.perSecond);
  const days = Math.floor(seconds / DAY_S);
  const digits = fraction === 0 ? "" : fractionText(String(fraction).padStart(unit.digits, "0"));
  return `${dateText(days)}T${clockText(seconds - days * DAY_S)}${digits}${zone}`;
}

/** Whole seconds, rounded down, and what is left of the last one. Numbers do it faster where they are exact. */
function split(value: bigint, perSecond: number): [seconds: number, fraction: number] {
  const number = Number(value);
  if (Number.isSafeInteger(number)) {
    const seconds = Math.floor(number / perSecond);
    return [seconds, number - seconds * perSecond];
  }
  const per = BigInt(perSecond);
  const fraction = ((value % per) + per) % per;
  return [Number((value - fraction) / per), Number(fraction)];
}

/** Thousandths where they are enough, else millionths or what there is. */
function fractionText(digits: string): string {
  if (digits.length > 3 && digits.slice(3) === "0".repeat(digits.length - 3)) return `.${digits.slice(0, 3)}`;
  if (digits.length > 6 && digits.endsWith("000")) return `.${digits.slice(0, 6)}`;
  return `.${digits}`;
}

function clockText(secondOfDay: number): string {
  const two = (number: number): string => (number < 10 ? `0${number}` : String(number));
  return `${two(Math.floor(secondOfDay / 3600))}:${two(Math.floor(secondOfDay / 60) % 60)}:${two(secondOfDay % 60)}`;
}

function timeText(nanos: bigint): string {
  const [seconds, fraction] = split(nanos, NANOS.perSecond);
  return clockText(seconds) + (fraction === 0 ? "" : fractionText(String(fraction).padStart(9, "0")));
}

/**
 * Days since 1970-01-01 as a date of the proleptic Gregorian calendar; years past four digits get a sign, as
 * in ISO 8601.
 */
export function dateText(days: number): string {
  if (days === INT32_MAX) return "infinity";
  if (days === -INT32_MAX) return "-infinity";
  const { year, month, day } = civilFromDays(days);
  return `${yearText(year)}-${month < 10 ? "0" : ""}${month}-${day < 10 ? "0" : ""}${day}`;
}

function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, "0");
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
}

interface Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

/** `P1Y2M3DT4H5M6.5S`; each part carries its own sign, as DuckDB keeps them apart. */
function intervalText({ months, days, micros }: Interval): string {
  const part = (count: number, letter: string): string => (count === 0 ? "" : `${count}${letter}`);
  const date = part(Math.trunc(months / 12), "Y") + part(months % 12, "M") + part(days, "D");
  const sign = micros < 0n ? "-" : "";
  const [seconds, fraction] = split(micros < 0n ? -micros : micros, MICROS.perSecond);
  const signed = (count: number, letter: string): string => (count === 0 ? "" : `${sign}${count}${letter}`);
  const digits = fraction === 0 ? "" : fractionText(String(fraction).padStart(6, "0"));
  const second = seconds % 60;
  const time =
    signed(Math.floor(seconds / 3600), "H") +
    signed(Math.floor(seconds / 60) % 60, "M") +
    (second === 0 && fraction === 0 ? "" : `${sign}${second}${digits}S`);
  if (date === "" && time === "") return "PT0S";
  return time === "" ? `P${date}` : `P${date}T${time}`;
}

function bytesText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function listWriter(type: ColumnType): Write {
  const { json } = childWriter(type, 0);
  return (value) => `[${(value as { items: readonly unknown[] }).items.map(orNull(json)).join(",")}]`;
}

/** An object; members without names are a list. */
function structWriter(type: ColumnType): Write {
  const members = type.children.map(({ name, type: member }) => ({
    start: type.unnamed === true ? "" : `${JSON.stringify(name)}:`,
    write: orNull(writerOf(member).json),
  }));
  const [open, close] = type.unnamed === true ? ["[", "]"] : ["{", "}"];
  return (value) => {
    const entries = (value as { entries: Readonly<Record<number, unknown>> }).entries;
    return `${open}${members.map(({ start, write }, index) => start + write(entries[index])).join(",")}${close}`;
  };
}

/** An object where keys are plain values, else a list of `{"key", "value"}`. */
function mapWriter(type: ColumnType): Write {
  const key = childWriter(type, 0);
  const value = orNull(childWriter(type, 1).json);
  const plainKeys = type.children[0]?.type.children.length === 0;
  return (map) => {
    const entries = (map as { entries: readonly { key: unknown; value: unknown }[] }).entries;
    if (!plainKeys) {
      return `[${entries.map((entry) => `{"key":${key.json(entry.key)},"value":${value(entry.value)}}`).join(",")}]`;
    }
    return `{${entries.map((entry) => `${JSON.stringify(key.plain(entry.key))}:${value(entry.value)}`).join(",")}}`;
  };
}

/** The member that is there, without its tag. */
function unionWriter(type: ColumnType): Writer {
  const members = new Map(type.children.map(({ name, type: member }) => [name, writerOf(member)]));
  const write = (how: keyof Writer, value: unknown): string => {
    const { tag, value: inner } = value as { tag: string; value: unknown };
    const member = members.get(tag);
    assert(member !== undefined, `union member ${tag} has a type`);
    if (inner === null) return how === "json" ? "null" : "";
    return member[how](inner);
  };
  return { json: (value) => write("json", value), plain: (value) => write("plain", value) };
}

function childWriter(type: ColumnType, index: number): Writer {
  const child = type.children[index];
  assert(child !== undefined, `${type.text} has a child type`);
  return writerOf(child.type);
}

function orNull(write: Write): Write {
  return (value) => (value === null || value === undefined ? "null" : write(value));
}

// Dates, times and timestamps between DuckDB's text and Iceberg's numbers: days or microseconds from
// 1970-01-01, in the proleptic Gregorian calendar. Written out because `Date` stops at milliseconds. Text that DuckDB prints and Iceberg has no number for
// (infinity, years before Christ) reads as undefined.

import { civilFromDays, daysFromCivil } from "#lib/civil-date";

import { type Long, toLong } from "./long.ts";

const DAY_MICROS = 86_400_000_000n;

export function parseDate(text: string): number | undefined {
  const match = /^(\d{4,7})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  return daysFromCivil(Number(match[1]), Number(match[2]), Number(match[3]));
}

function parseMicros(text: string): bigint | undefined {
  const match = /^(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6})\d*)?$/.exec(text);
  if (match === null) return undefined;
  const seconds = (Number(match[1]) * 60 + Number(match[2])) * 60 + Number(match[3]);
  return BigInt(seconds) * 1_000_000n + BigInt((match[4] ?? "").padEnd(6, "0"));
}

export function parseTime(text: string): Long | undefined {
  const micros = parseMicros(text);
  return micros === undefined ? undefined : toLong(micros);
}

/** Reads `2020-01-02 03:04:05.678901`, with an offset such as `+00` or `-03:30` where the type has a zone. */
export function parseTimestamp(text: string): Long | undefined {
  const match = /^(\S+)[ T]([\d:.]+)(?:([+-])(\d{2})(?::(\d{2}))?|Z)?$/.exec(text);
  if (match === null) return undefined;
  const days = parseDate(match[1] ?? "");
  const micros = parseMicros(match[2] ?? "");
  if (days === undefined || micros === undefined) return undefined;
  const offset = BigInt(Number(match[4] ?? 0) * 60 + Number(match[5] ?? 0)) * 60_000_000n;
  const local = BigInt(days) * DAY_MICROS + micros;
  return toLong(match[3] === "-" ? local + offset : local - offset);
}

const two = (value: number): string => String(value).padStart(2, "0");

export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  // DuckDB counts no year 0: it prints the year before 1 as 1 BC.
  const shown = `${String(year > 0 ? year : 1 - year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  return year > 0 ? shown : `${shown} (BC)`;
}

export function formatTime(micros: Long): string {
  const value = BigInt(micros);
  const seconds = Number(value / 1_000_000n);
  const rest = String(value % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "");
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return rest === "" ? clock : `${clock}.${rest}`;
}

export function formatTimestamp(micros: Long): string {
  const value = BigInt(micros);
  const clock = ((value % DAY_MICROS) + DAY_MICROS) % DAY_MICROS;
  return `${formatDate(Number((value - clock) / DAY_MICROS))} ${formatTime(toLong(clock))}`;
}

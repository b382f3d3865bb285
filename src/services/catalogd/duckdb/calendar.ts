// Dates, times and timestamps from DuckDB's text to Iceberg's numbers: days or microseconds from 1970-01-01, in the
// proleptic Gregorian calendar. Written out because `Date` stops at milliseconds. Text that DuckDB prints and Iceberg
// has no number for (infinity, years before Christ) reads as undefined.

import { daysFromCivil } from "#lib/civil-date";

import { type Long, toLong } from "../iceberg/types/long.ts";

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

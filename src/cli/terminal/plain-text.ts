// Formats numbers, sizes, durations and untrusted text for a line or a cell.

const GROUPED = new Intl.NumberFormat("en-US");

/** `5,000` */
export function count(value: number): string {
  return GROUPED.format(value);
}

/** `1 row`, `5,000 rows` */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${value === 1 ? noun : `${noun}s`}`;
}

const UNITS = ["KiB", "MiB", "GiB", "TiB"] as const;

/** `812 B`, `1.1 MiB` */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = "B";
  for (const larger of UNITS) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** `8 ms`, `1.4 s`, `2 min 5 s` */
export function duration(ms: number): string {
  if (ms < 999.5) return `${ms < 10 ? Math.max(0, Number(ms.toFixed(1))) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `2026-11-21 14:03`, of a time in RFC 3339, in UTC as it came. */
export function moment(timestamp: string): string {
  return timestamp.slice(0, 16).replace("T", " ");
}

// Control characters, and those that turn the direction of writing.
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Untrusted text made safe for a terminal: an escape sequence in a file must not reach it. */
export function safe(text: string): string {
  return text.replaceAll(
    UNPRINTABLE,
    (character) => NAMED[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Any value as the text of one cell: NULL for null, empty for undefined. */
export function cellText(value: unknown): string {
  if (value === undefined) return "";
  if (value === null) return "NULL";
  if (typeof value === "string") return safe(value);
  return typeof value === "object" ? safe(JSON.stringify(value)) : String(value);
}

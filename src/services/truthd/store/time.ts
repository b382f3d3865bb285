// Times of recording: microseconds since 1970, so that several of one millisecond differ, and as text RFC 3339 in UTC with
// six digits. Times of observation have milliseconds.

const RFC3339 = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Undefined for text that is no date or time of ISO 8601. Without a zone it is UTC. */
export function microsOf(text: string): number | undefined {
  const read = readTime(text);
  return read === undefined ? undefined : read.secondsMs * 1000 + Number(read.fraction.slice(0, 6));
}

/** Exact in any year, which microseconds are not. */
export function millisOf(text: string): number | undefined {
  const read = readTime(text);
  return read === undefined ? undefined : read.secondsMs + Number(read.fraction.slice(0, 3));
}

/** A whole second, in milliseconds, and the digits behind it. */
function readTime(text: string): { readonly secondsMs: number; readonly fraction: string } | undefined {
  const [, date, time = "00:00", fraction = "", zone = "Z"] = RFC3339.exec(text.trim()) ?? [];
  if (date === undefined) return undefined;
  const secondsMs = Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}${zone.toUpperCase()}`);
  return Number.isNaN(secondsMs) ? undefined : { secondsMs, fraction: `${fraction.slice(1)}000000` };
}

export function recordedText(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1e6) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(micros % 1e6).padStart(6, "0")}Z`;
}

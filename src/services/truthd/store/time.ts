// Times of recording: microseconds since 1970, so that several of one millisecond differ, and as text RFC 3339 in UTC with
// six digits. Times of observation have milliseconds.

const RFC3339 = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Undefined for text that is no date or time of ISO 8601. Without a zone it is UTC. */
export function microsOf(text: string): number | undefined {
  const [, date, time = "00:00", fraction = "", zone = "Z"] = RFC3339.exec(text.trim()) ?? [];
  if (date === undefined) return undefined;
  const seconds = Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}${zone.toUpperCase()}`);
  if (Number.isNaN(seconds)) return undefined;
  return seconds * 1000 + Number(`${fraction.slice(1)}000000`.slice(0, 6));
}

export function millisOf(text: string): number | undefined {
  const micros = microsOf(text);
  return micros === undefined ? undefined : Math.floor(micros / 1000);
}

export function recordedText(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1e6) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(micros % 1e6).padStart(6, "0")}Z`;
}

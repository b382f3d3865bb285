// Times, money and counts as a coordinator reads them. Times are those of the shift's own place.

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

export function money(dollars: number): string {
  return `$${dollars.toFixed(2).replace(/\.00$/, "")}`;
}

function partsOf(iso: string, zone: string | undefined, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat("en-US", {
    ...options,
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(new Date(iso));
}

const DAY = { weekday: "short", month: "short", day: "numeric" } as const;
const TIME = { hour: "numeric", minute: "2-digit" } as const;

/** "Mon, Nov 30, 6:00 AM–2:00 PM CST"; the second day is named where the shift ends on another. */
export function shiftTime(start: string, end: string | undefined, zone: string | undefined): string {
  const day = partsOf(start, zone, DAY);
  if (end === undefined) return `${day}, ${partsOf(start, zone, { ...TIME, timeZoneName: "short" })}`;
  const endDay = partsOf(end, zone, DAY);
  const until = partsOf(end, zone, { ...TIME, timeZoneName: "short" });
  const long = Date.parse(end) - Date.parse(start) > 86_400_000;
  return `${day}, ${partsOf(start, zone, TIME)}–${endDay !== day && long ? `${endDay}, ` : ""}${until}`;
}

export function dayOf(iso: string, zone: string | undefined): string {
  return partsOf(iso, zone, DAY);
}

export function timeOf(iso: string): string {
  return partsOf(iso, undefined, TIME);
}

/** "Nov 30, 6:00:12 AM": of what happened, on the reader's clock. */
export function momentOf(iso: string): string {
  return Number.isNaN(Date.parse(iso))
    ? iso
    : partsOf(iso, undefined, { month: "short", day: "numeric", ...TIME, second: "2-digit" });
}

const BYTE_UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

/** "8.2 MB", in powers of 1,024. */
export function bytesText(bytes: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const size = bytes / 1024 ** power;
  return `${power === 0 || size >= 100 ? Math.round(size) : Number(size.toFixed(1))} ${BYTE_UNITS[power] ?? ""}`;
}

/** "12 ms", "1.3 s". */
export function msText(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toFixed(ms >= 10_000 ? 0 : 1))} s`;
  return `${ms >= 10 ? Math.round(ms) : Number(ms.toFixed(1))} ms`;
}

/** "in 5 h", "2 d ago". */
export function fromNow(iso: string, nowMs: number): string {
  const minutes = Math.round((Date.parse(iso) - nowMs) / 60_000);
  const size = Math.abs(minutes);
  const amount =
    size < 90
      ? `${size} min`
      : size < 48 * 60
        ? `${Math.round(size / 60)} h`
        : `${Math.round(size / 1440)} d`;
  return minutes >= 0 ? `in ${amount}` : `${amount} ago`;
}

/** The `datetime-local` value of a moment in a zone. */
export function localIn(iso: string, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(new Date(iso));
  const value = (type: string): string => parts.find((part) => part.type === type)?.value ?? "";
  return `${value("year")}-${value("month")}-${value("day")}T${value("hour")}:${value("minute")}`;
}

/**
 * The moment that a clock in the zone shows so. Of an hour that the clock shows twice, the first; one that it leaves out is
 * moved on by as much as the clock is.
 */
export function momentIn(local: string, zone: string): string {
  const wanted = Date.parse(`${local}Z`);
  const offsetAt = (moment: number): number =>
    Date.parse(`${localIn(new Date(moment).toISOString(), zone)}Z`) - moment;
  const guess = wanted - offsetAt(wanted);
  const before = wanted - offsetAt(guess - 86_400_000);
  const after = wanted - offsetAt(guess + 86_400_000);
  const earlier = Math.min(before, after);
  const right = [earlier, Math.max(before, after)].find(
    (moment) => localIn(new Date(moment).toISOString(), zone) === local,
  );
  return new Date(right ?? before).toISOString();
}

// Dates as Excel counts them: days since the end of 1899 (or since 1904, on old Macs), the time of day as a fraction.
// Day 60 is the 29th of February 1900, which there was not; days before it are counted from one day later.
// Format: ECMA-376 part 1, 18.17.4.

const DAY_MS = 86_400_000;
const EPOCH_1900_MS = Date.UTC(1899, 11, 30);
const DAYS_TO_1904 = 1462;
/** The 31st of December 9999. */
const SERIAL_MAX = 2_958_466;

export type DateKind = "date" | "datetime" | "time" | "elapsed";

/** The date, the time or both as ISO 8601; undefined for what is no date, which Excel shows as a row of #. */
export function dateText(serial: number, kind: DateKind, since1904: boolean): string | undefined {
  if (!(serial >= 0) || serial >= SERIAL_MAX) return undefined;
  if (kind === "elapsed" || (kind === "time" && serial < 1)) return clockText(Math.round(serial * DAY_MS), 2);
  const counted = since1904 ? serial + DAYS_TO_1904 : serial;
  const ms = Math.round(counted * DAY_MS);
  const [day, clockMs] = [Math.floor(ms / DAY_MS), ms % DAY_MS];
  const date = dayText(day);
  // A date that has a time of day has it however it is shown.
  return kind === "date" && clockMs === 0 ? date : `${date} ${clockText(clockMs, 2)}`;
}

function dayText(day: number): string {
  // As Excel shows them; no calendar has them.
  if (day === 0) return "1900-01-00";
  if (day === 60) return "1900-02-29";
  const ms = EPOCH_1900_MS + (day < 60 ? day + 1 : day) * DAY_MS;
  return new Date(ms).toISOString().slice(0, 10);
}

function clockText(ms: number, hourDigits: number): string {
  const two = (value: number, digits = 2): string => String(Math.floor(value)).padStart(digits, "0");
  const fraction = ms % 1000 === 0 ? "" : `.${two(ms % 1000, 3)}`;
  return `${two(ms / 3_600_000, hourDigits)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}${fraction}`;
}

// Days as people write and mean them: "8 May, 2023", "2023-05-08", and "yesterday", "last Friday", "two weeks ago" counted
// from a day. What is meant becomes words ("7 may 2023 sunday") that a question about that day or month shares.

const DAY_MS = 86_400_000;

const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

const MONTH = MONTHS.map((name) => `${name.slice(0, 3)}(?:${name.slice(3)})?`).join("|");
const ISO = /\b(\d{4})-(\d{2})-(\d{2})(?!\d)/;
const DAY_FIRST = new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)? (?:of )?(${MONTH})\\.?,? (\\d{4})\\b`, "i");
const MONTH_FIRST = new RegExp(`\\b(${MONTH})\\.? (\\d{1,2})(?:st|nd|rd|th)?,? (\\d{4})\\b`, "i");

const RELATIVE = new RegExp(
  [
    "\\b(yesterday|today|tonight|tomorrow|this morning|last night)\\b",
    `\\b(a|an|\\d{1,2}|${NUMBERS.slice(1).join("|")}|a few|a couple of) (day|week|month|year)s? (ago)\\b`,
    `\\b(last|next|this|this past) (week|weekend|month|year|${WEEKDAYS.join("|")}|mon|tues?|wed|thurs?|fri|sat|sun)\\b`,
  ].join("|"),
  "gi",
);
/** Of one text: what follows says no more about when it was. */
const RELATIVES_MAX = 8;

/** The first day written in one of the texts, in milliseconds since the epoch. */
export function dayIn(texts: readonly string[]): number | undefined {
  for (const text of texts) {
    const iso = ISO.exec(text);
    if (iso !== null) return utc(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]));
    const [, day, month = "", year] = DAY_FIRST.exec(text) ?? [];
    if (day !== undefined) return utc(Number(year), monthOf(month), Number(day));
    const [, name = "", date, yearAfter] = MONTH_FIRST.exec(text) ?? [];
    if (date !== undefined) return utc(Number(yearAfter), monthOf(name), Number(date));
  }
  return undefined;
}

function utc(year: number, month: number, day: number): number {
  return Date.UTC(year, month, day);
}

function monthOf(name: string): number {
  return MONTHS.findIndex((month) => month.startsWith(name.slice(0, 3).toLowerCase()));
}

/** "7 may 2023 sunday" */
export function dayWords(at: number): string {
  const date = new Date(at);
  return `${date.getUTCDate()} ${monthWords(date)} ${WEEKDAYS[date.getUTCDay()] ?? ""}`;
}

function monthWords(date: Date): string {
  return `${MONTHS[date.getUTCMonth()] ?? ""} ${date.getUTCFullYear()}`;
}

/** What a text says of days and months by counting from the day on which it was said. */
export function relativeDays(text: string, said: number): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(RELATIVE)) {
    const [, day, many, unit, ago, which, span] = match;
    if (day !== undefined) found.push(dayWords(said + offsetOf(day) * DAY_MS));
    else if (ago !== undefined) found.push(before(said, countOf(many ?? ""), unit ?? ""));
    else found.push(near(said, (which ?? "").toLowerCase(), (span ?? "").toLowerCase()));
    if (found.length === RELATIVES_MAX) break;
  }
  return found.filter((words) => words !== "");
}

function offsetOf(day: string): number {
  const word = day.toLowerCase();
  if (word === "tomorrow") return 1;
  return word === "yesterday" || word === "last night" ? -1 : 0;
}

function countOf(many: string): number {
  const word = many.toLowerCase();
  if (word === "a" || word === "an") return 1;
  if (word === "a few") return 3;
  if (word === "a couple of") return 2;
  const number = NUMBERS.indexOf(word);
  return number === -1 ? Number(word) : number;
}

/** A week's and a month's distance are no day, and say a month. */
function before(said: number, count: number, unit: string): string {
  if (unit.toLowerCase() === "day") return dayWords(said - count * DAY_MS);
  return farther(said, unit.toLowerCase(), -count);
}

function farther(said: number, unit: string, count: number): string {
  const date = new Date(said);
  if (unit.startsWith("week")) return monthWords(new Date(said + count * 7 * DAY_MS));
  if (unit === "month")
    return monthWords(new Date(utc(date.getUTCFullYear(), date.getUTCMonth() + count, 1)));
  return String(date.getUTCFullYear() + count);
}

function near(said: number, which: string, span: string): string {
  const direction = which === "next" ? 1 : which === "last" || which === "this past" ? -1 : 0;
  const weekday = WEEKDAYS.findIndex((name) => name.startsWith(span.slice(0, 3)));
  if (weekday === -1 || span.startsWith("week") || span === "month") return farther(said, span, direction);
  const today = new Date(said).getUTCDay();
  const ahead = (weekday - today + 7) % 7;
  const days = direction === -1 ? (ahead === 0 ? -7 : ahead - 7) : ahead === 0 && direction === 1 ? 7 : ahead;
  return dayWords(said + days * DAY_MS);
}

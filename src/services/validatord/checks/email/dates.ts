// Dates in a message, each of them: a sentence may name several, with and without a year, in English and Spanish. What has no
// year is meant near the shift. A fraction ("1/2 hour"), a street and a floor are no dates.

import { folded } from "#domain/orders/text/words";

const MONTHS: readonly RegExp[] = [
  /^(?:jan|ene)/,
  /^feb/,
  /^mar/,
  /^(?:apr|abr)/,
  /^may/,
  /^jun/,
  /^jul/,
  /^(?:aug|ago)/,
  /^(?:sep|set)/,
  /^oct/,
  /^nov/,
  /^(?:dec|dic)/,
];
const MONTH =
  "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|enero|ene|febrero|marzo|abril|abr|mayo|junio|julio|agosto|ago|septiembre|setiembre|octubre|noviembre|diciembre|dic)";
const FORMS: readonly { readonly pattern: RegExp; readonly order: "ymd" | "mdy" | "dmy" | "d" }[] = [
  { pattern: /(?<![\d-])(20\d{2})-(\d{1,2})-(\d{1,2})(?!\d)/gu, order: "ymd" },
  {
    pattern:
      /(?<![\d/.$])(\d{1,2})\/(\d{1,2})(?:\/(20\d{2}|\d{2}))?(?![\d/%]|[.:]\d|\s*(?:hours?|hrs?|miles?|inch|in\b|cups?|price|off|time|pay))/gu,
    order: "mdy",
  },
  // Without its year "6-2" is a shift.
  { pattern: /(?<![\d/.$-])(\d{1,2})-(\d{1,2})-(20\d{2}|\d{2})(?![\d-])/gu, order: "mdy" },
  {
    pattern: new RegExp(
      String.raw`(?<!\p{L})(${MONTH})\.?\s+(\d{1,2})(?!\d|:|\s?[ap]\b|\s?[ap]m)(?:st|nd|rd|th)?(?:,?\s+(20\d{2})(?!\d))?`,
      "gu",
    ),
    order: "mdy",
  },
  {
    pattern: new RegExp(
      String.raw`(?<![\d:/])(\d{1,2})(?:st|nd|rd|th)?\s+(?:de\s+|of\s+)?(${MONTH})(?!\p{L})\.?(?:,?\s+(?:de\s+|del\s+)?(20\d{2})(?!\d))?`,
      "gu",
    ),
    order: "dmy",
  },
  { pattern: /\bthe\s+(\d{1,2})(?:st|nd|rd|th)\b(?=\s*(?:$|[,.;:)(]|at\b|from\b|@|\d))/gu, order: "d" },
];
/** A day without its year is looked for so many days around the shift; others ("24/7", "9/11") are no days. */
const NEAR_DAYS = 60;
const DAY_MS = 86_400_000;

/** `YYYY-MM-DD`, in the order of their forms. */
export function datesIn(text: string, startDay: string): string[] {
  const plain = folded(text);
  const start = Date.parse(startDay);
  const found = new Set<string>();
  for (const { pattern, order } of FORMS) {
    for (const match of (order === "ymd" || order === "mdy" ? text.toLowerCase() : plain).matchAll(pattern)) {
      const [, first = "", second = "", third = ""] = match;
      const [year, month, day] =
        order === "ymd"
          ? [first, second, third]
          : order === "mdy"
            ? [third, first, second]
            : order === "dmy"
              ? [third, second, first]
              : ["", "", first];
      const date = dateNear(year, month, Number(day), start);
      if (date !== undefined) found.add(date);
    }
  }
  return [...found];
}

function dateNear(year: string, month: string, day: number, start: number): string | undefined {
  const at = new Date(start);
  const years = year === "" ? [-1, 0, 1].map((more) => at.getUTCFullYear() + more) : [fullYear(year)];
  const named = month === "" ? undefined : monthOf(month);
  if (month !== "" && named === undefined) return undefined;
  const candidates = years
    .flatMap((own) => (named === undefined ? MONTHS.map((_, index) => [own, index]) : [[own, named]]))
    .map(([own = 0, index = 0]) => new Date(Date.UTC(own, index, day)))
    .filter((date) => date.getUTCDate() === day);
  const distance = (date: Date): number => Math.abs(date.getTime() - start);
  const [nearest] = candidates.sort((left, right) => distance(left) - distance(right));
  if (nearest === undefined) return undefined;
  if (year === "" && distance(nearest) > NEAR_DAYS * DAY_MS) return undefined;
  return nearest.toISOString().slice(0, 10);
}

function fullYear(year: string): number {
  return year.length === 2 ? 2000 + Number(year) : Number(year);
}

function monthOf(month: string): number | undefined {
  if (/^\d+$/.test(month)) return Number(month) >= 1 && Number(month) <= 12 ? Number(month) - 1 : undefined;
  const index = MONTHS.findIndex((pattern) => pattern.test(month));
  return index < 0 ? undefined : index;
}

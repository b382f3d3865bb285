// The parts of patterns that are longer than a token: amounts, clocks and days, each with the ways people write them.

import type { Token } from "../text/tokens.ts";
import type { Clock, Day } from "./claim.ts";
import { isDate } from "./calendar.ts";
import type { Match, Parsed, Part, Scope } from "./pattern.ts";

/** What a named part of a pattern read. */
export function amountIn(match: Match, name: string): number | undefined {
  return match.part(name) as number | undefined;
}

export function clockIn(match: Match, name: string): Clock | undefined {
  return match.part(name) as Clock | undefined;
}

export function dayIn(match: Match, name: string): Day | undefined {
  return match.part(name) as Day | undefined;
}

function at({ tokens }: Scope, place: number): Token | undefined {
  return tokens[place];
}

function meaning({ meanings }: Scope, place: number, kind: string): string | undefined {
  return meanings[place]?.get(kind);
}

function isWord(scope: Scope, place: number, ...words: readonly string[]): boolean {
  return words.includes(at(scope, place)?.word ?? "");
}

/** "on this coming Monday": no more words stand before a day. */
const DETERMINERS_MAX = 3;

const WHOLE = /^(?:\d{1,4}|\d,\d{3})$/;

/** A number of things in digits or in words, up to 9,999: "4", "twenty five", "a dozen", "half a dozen". */
export const amount: Part = {
  first: ["#number", "number", "=half", "=a", "=media"],
  parse: (scope, place) => {
    const token = at(scope, place);
    if (token === undefined) return [];
    if (token.kind === "number") {
      return WHOLE.test(token.text) && token.value > 0 ? [{ to: place + 1, value: token.value }] : [];
    }
    if (token.word === "half" && isWord(scope, place + 1, "a") && isWord(scope, place + 2, "dozen"))
      return [{ to: place + 3, value: 6 }];
    if (token.word === "media" && isWord(scope, place + 1, "docena")) return [{ to: place + 2, value: 6 }];
    if (token.word === "a" || token.word === "un" || token.word === "una") {
      const value = isWord(scope, place + 1, "dozen", "docena", "couple", "pair", "par")
        ? Number(meaning(scope, place + 1, "number"))
        : undefined;
      if (value !== undefined) return [{ to: place + (isWord(scope, place + 2, "of", "de") ? 3 : 2), value }];
      if (token.word === "a") return [];
    }
    const value = meaning(scope, place, "number");
    if (value === undefined) return [];
    const ones = Number(meaning(scope, place + 1, "number"));
    const tens = Number(value);
    if (tens >= 20 && tens < 100 && ones >= 1 && ones <= 9) return [{ to: place + 2, value: tens + ones }];
    // "one dozen", "two dozen".
    if (isWord(scope, place + 1, "dozen", "docena", "docenas")) return [{ to: place + 2, value: tens * 12 }];
    if (isWord(scope, place + 1, "of", "de") && isWord(scope, place, "couple", "pair", "par"))
      return [{ to: place + 2, value: tens }];
    return [{ to: place + 1, value: tens }];
  },
};

/** A time of day: "6", "6am", "6:30 p.m.", "0700", "330", "noon", "6 de la mañana", "7 in the morning". */
export const clock: Part = {
  first: ["#number", "noon"],
  parse: (scope, place) => {
    const noon = meaning(scope, place, "noon");
    if (noon !== undefined)
      return [{ to: place + 1, value: { minutes: Number(noon), sure: true } satisfies Clock }];
    const read = hourAt(scope, place);
    if (read === undefined) return [];
    const half = halfAt(scope, read.to);
    if (half !== undefined) {
      const minutes = inHalf(read.minutes, half.value);
      return minutes === undefined ? [] : [{ to: half.to, value: { minutes, sure: true } satisfies Clock }];
    }
    if (read.dotted) return [];
    const to = isWord(scope, read.to, "oclock", "hrs", "hours", "h") && read.compact ? read.to + 1 : read.to;
    const end = isWord(scope, read.to, "oclock") ? read.to + 1 : to;
    const bare = end === place + 1 && /^\d{1,2}$/.test(at(scope, place)?.text ?? "");
    return [
      {
        to: end,
        value: { minutes: read.minutes, sure: read.sure, ...(bare ? { bare } : {}) } satisfies Clock,
      },
    ];
  },
};

interface Hour {
  readonly minutes: number;
  readonly to: number;
  /** Said so that only one moment of the day can be meant. */
  readonly sure: boolean;
  readonly compact: boolean;
  readonly dotted: boolean;
}

function hourAt(scope: Scope, place: number): Hour | undefined {
  const token = at(scope, place);
  if (token?.kind !== "number") return undefined;
  const { text } = token;
  const dotted = /^(\d{1,2})\.([0-5]\d)$/.exec(text);
  if (dotted !== null) return hour(Number(dotted[1]), Number(dotted[2]), place + 1, { dotted: true });
  if (/^\d{1,2}$/.test(text)) {
    const colon = at(scope, place + 1);
    const minutes = at(scope, place + 2);
    if (colon?.word === ":" && colon.glued && minutes?.glued === true && /^[0-5]\d$/.test(minutes.text)) {
      const long = text.length === 2 && text.startsWith("0");
      return hour(Number(text), Number(minutes.text), place + 3, { sure: long || Number(text) > 12 });
    }
    return hour(Number(text), 0, place + 1, { sure: Number(text) > 12 });
  }
  const compact = /^(\d{1,2})([0-5]\d)$/.exec(text);
  if (compact === null) return undefined;
  const sure = text.startsWith("0") || Number(compact[1]) > 12;
  return hour(Number(compact[1]), Number(compact[2]), place + 1, { sure, compact: true });
}

function hour(hours: number, minutes: number, to: number, form: Partial<Hour>): Hour | undefined {
  if (hours > 24 || (hours === 24 && minutes > 0)) return undefined;
  return { minutes: (hours % 24) * 60 + minutes, to, sure: false, compact: false, dotted: false, ...form };
}

function halfAt(scope: Scope, place: number): { to: number; value: "a" | "p" } | undefined {
  const token = at(scope, place);
  if (token === undefined) return undefined;
  const { word, glued } = token;
  if (word === "am" || word === "pm") return { to: place + 1, value: word === "am" ? "a" : "p" };
  // A letter alone is a half of the day only right behind the number: "5a", but "5 a day".
  if ((word === "a" || word === "p") && (glued || isWord(scope, place + 1, "."))) {
    const dotted = isWord(scope, place + 1, ".") && isWord(scope, place + 2, "m");
    if (dotted) return { to: place + (isWord(scope, place + 3, ".") ? 4 : 3), value: word };
    return glued ? { to: place + 1, value: word } : undefined;
  }
  // "6 de la mañana", "7 in the morning", "10 at night".
  const lead =
    isWord(scope, place, "de", "in") && isWord(scope, place + 1, "la", "the")
      ? 2
      : isWord(scope, place, "at")
        ? 1
        : 0;
  if (lead === 0) return undefined;
  if (isWord(scope, place + lead, "manana", "morning", "madrugada"))
    return { to: place + lead + 1, value: "a" };
  if (isWord(scope, place + lead, "tarde", "noche", "afternoon", "evening", "night"))
    return { to: place + lead + 1, value: "p" };
  return undefined;
}

function inHalf(minutes: number, half: "a" | "p"): number | undefined {
  if (minutes >= 13 * 60 || minutes < 0) return undefined;
  const morning = minutes % 720;
  return half === "p" ? morning + 720 : morning;
}

/** A day in any of its ways; see the tests for the list. */
export const day: Part = {
  first: [
    "#number",
    "weekday",
    "month",
    "ahead",
    "next",
    "this",
    "week",
    "weekend",
    "holiday",
    "number",
    "=in",
    "=en",
    "=a",
    "=the",
    "=el",
    "=la",
    "=day",
    "=pasado",
    "=manana",
    "=esta",
    "=end",
    "=fin",
    "=beginning",
    "=black",
    "=new",
    "=labor",
    "=memorial",
    "=veterans",
    "=mlk",
    "=presidents",
    "=july",
    "=first",
    "=dia",
  ],
  parse: (scope, place) => {
    const found = [
      ...relative(scope, place),
      ...calendar(scope, place),
      ...weekday(scope, place),
      ...holiday(scope, place),
    ];
    return found.length < 2 ? found : found.sort((left, right) => right.to - left.to);
  },
};

function said(to: number, value: Day): Parsed[] {
  return [{ to, value }];
}

function dateOf(month: number, date: number, year: number | undefined, to: number): Parsed[] {
  if (!isDate(year ?? 2028, month, date)) return [];
  return said(to, { kind: "date", month, day: date, ...(year === undefined ? {} : { year }) });
}

/** "12/5", "12/5/26", "2026-12-05", "Dec 5th, 2026", "5 Dec", "5 de diciembre", "the 5th". */
function calendar(scope: Scope, place: number): Parsed[] {
  const token = at(scope, place);
  if (token === undefined) return [];
  if (token.kind === "number") return [...numeric(scope, place, token), ...dayThenMonth(scope, place, token)];
  if (token.word === "the" || token.word === "el" || token.word === "dia") {
    const number = at(scope, place + 1);
    if (number?.kind !== "number") return [];
    const month = dayThenMonth(scope, place + 1, number);
    if (month.length > 0) return month;
    const ordinal = ordinalEnd(scope, place + 2);
    const wanted = token.word === "the" ? ordinal !== undefined : true;
    return wanted && /^\d{1,2}$/.test(number.text) && number.value >= 1 && number.value <= 31
      ? said(ordinal ?? place + 2, { kind: "day of month", day: number.value })
      : [];
  }
  const month = meaning(scope, place, "month");
  if (month === undefined) return [];
  const point = isWord(scope, place + 1, ".") ? 1 : 0;
  const number = at(scope, place + 1 + point);
  if (number?.kind !== "number" || !/^\d{1,2}$/.test(number.text)) return [];
  const after = ordinalEnd(scope, place + 2 + point) ?? place + 2 + point;
  // "May 5:30" is no fifth of May.
  if (isWord(scope, after, ":") && at(scope, after)?.glued === true) return [];
  const year = yearAt(scope, after);
  return dateOf(Number(month), number.value, year?.value, year?.to ?? after);
}

function numeric(scope: Scope, place: number, token: Token): Parsed[] {
  const mark = at(scope, place + 1);
  const second = at(scope, place + 2);
  if (mark === undefined || !mark.glued || second?.kind !== "number" || !second.glued) return [];
  if (/^(?:19|20)\d\d$/.test(token.text) && mark.word === "-") {
    const third = at(scope, place + 4);
    const dashed = isWord(scope, place + 3, "-") && third?.kind === "number";
    return dashed ? dateOf(second.value, third.value, token.value, place + 5) : [];
  }
  if (
    (mark.word !== "/" && mark.word !== "-") ||
    !/^\d{1,2}$/.test(token.text) ||
    !/^\d{1,2}$/.test(second.text)
  )
    return [];
  const third = at(scope, place + 4);
  const more = isWord(scope, place + 3, mark.word) && third?.kind === "number" && third.glued;
  if (more) {
    const year = /^\d\d$/.test(third.text)
      ? 2000 + third.value
      : /^(?:19|20)\d\d$/.test(third.text)
        ? third.value
        : 0;
    return year === 0 ? [] : dateOf(token.value, second.value, year, place + 5);
  }
  // "12-5" is hours, or anything.
  return mark.word === "-" ? [] : dateOf(token.value, second.value, undefined, place + 3);
}

function dayThenMonth(scope: Scope, place: number, token: Token): Parsed[] {
  if (!/^\d{1,2}$/.test(token.text)) return [];
  let to = ordinalEnd(scope, place + 1) ?? place + 1;
  if (isWord(scope, to, "of", "de")) to++;
  const month = meaning(scope, to, "month");
  // "5 mar" may be Tuesday the other way round, and "2 sep" a headcount of nothing: the month must be whole.
  if (month === undefined || (at(scope, to)?.word.length ?? 0) < 3) return [];
  to = isWord(scope, to + 1, ".") && at(scope, to + 2)?.kind === "number" ? to + 2 : to + 1;
  const year = yearAt(scope, isWord(scope, to, "de", "del") ? to + 1 : to);
  return dateOf(Number(month), token.value, year?.value, year?.to ?? to);
}

function ordinalEnd(scope: Scope, place: number): number | undefined {
  return isWord(scope, place, "st", "nd", "rd", "th") && at(scope, place)?.glued === true
    ? place + 1
    : undefined;
}

function yearAt(scope: Scope, place: number): { to: number; value: number } | undefined {
  const comma = isWord(scope, place, ",") ? 1 : 0;
  const token = at(scope, place + comma);
  return token?.kind === "number" && /^20\d\d$/.test(token.text)
    ? { to: place + comma + 1, value: token.value }
    : undefined;
}

/** "Monday", "next Tue", "el próximo lunes", "Monday the 30th", "Mon 11/30", "a week from Monday", "Monday week". */
function weekday(scope: Scope, place: number): Parsed[] {
  const away = weeksFrom(scope, place);
  if (away !== undefined) {
    return day.parse(scope, away.to).flatMap(({ to, value }) => {
      const from = value as Day;
      if (from.kind === "weekday") return said(to, { ...from, weeks: away.weeks });
      if (from.kind === "ahead") return said(to, { kind: "ahead", days: from.days + 7 * away.weeks });
      return [];
    });
  }
  let to = place;
  let next = false;
  while (to < place + DETERMINERS_MAX && isWord(scope, to, "the", "el", "este", "esta", "this", "on")) to++;
  if (meaning(scope, to, "next") !== undefined) {
    next = isWord(scope, to, "next", "nxt", "following", "siguiente");
    to++;
  }
  const name = meaning(scope, to, "weekday");
  if (name === undefined) return [];
  to++;
  if (isWord(scope, to, ".") && at(scope, to)?.glued === true && (at(scope, to - 1)?.word.length ?? 9) < 5)
    to++;
  if (meaning(scope, to, "next") !== undefined && isWord(scope, to, "proximo", "siguiente", "next")) {
    next = !isWord(scope, to, "proximo");
    to++;
  }
  // What follows may say the same day as a date, which is surer.
  const comma = isWord(scope, to, ",") ? 1 : 0;
  const found = calendar(scope, to + comma);
  if (found.length > 0) return found;
  const value = { kind: "weekday", weekday: Number(name), ...(next ? { next } : {}) } as const;
  if (isWord(scope, to, "week") && !isWord(scope, to + 1, "of"))
    return [...said(to + 1, { ...value, weeks: 1 }), ...said(to, value)];
  return said(to, value);
}

/** "a week from", "two weeks after", "in a week from". */
function weeksFrom(scope: Scope, place: number): { to: number; weeks: number } | undefined {
  const lead = isWord(scope, place, "a", "one", "una")
    ? { to: place + 1, value: 1 }
    : amount.parse(scope, place)[0];
  if (lead === undefined || meaning(scope, lead.to, "week") === undefined) return undefined;
  return isWord(scope, lead.to + 1, "from", "after", "desde")
    ? { to: lead.to + 2, weeks: Number(lead.value) }
    : undefined;
}

/** "today", "day after tomorrow", "pasado mañana", "in 3 days", "next week", "this weekend", "end of the month". */
function relative(scope: Scope, place: number): Parsed[] {
  const ahead = meaning(scope, place, "ahead");
  if (ahead !== undefined) return said(place + 1, { kind: "ahead", days: Number(ahead) });
  if (isWord(scope, place, "the") && isWord(scope, place + 1, "day")) return relative(scope, place + 1);
  if (
    isWord(scope, place, "day") &&
    isWord(scope, place + 1, "after") &&
    meaning(scope, place + 2, "ahead") === "1"
  )
    return said(place + 3, { kind: "ahead", days: 2 });
  if (isWord(scope, place, "pasado") && isWord(scope, place + 1, "manana"))
    return said(place + 2, { kind: "ahead", days: 2 });
  if (isWord(scope, place, "manana")) return said(place + 1, { kind: "ahead", days: 1 });
  if (isWord(scope, place, "esta") && isWord(scope, place + 1, "noche"))
    return said(place + 2, { kind: "ahead", days: 0 });
  if (isWord(scope, place, "in", "en")) return inSome(scope, place + 1);
  return [...endOf(scope, place), ...weekOf(scope, place)];
}

function inSome(scope: Scope, place: number): Parsed[] {
  const count = isWord(scope, place, "a", "un", "una")
    ? { to: place + 1, value: 1 }
    : amount.parse(scope, place)[0];
  if (count === undefined) return [];
  const number = Number(count.value);
  if (meaning(scope, count.to, "day") !== undefined)
    return said(count.to + 1, { kind: "ahead", days: number });
  if (meaning(scope, count.to, "week") !== undefined)
    return said(count.to + 1, { kind: "ahead", days: 7 * number });
  return [];
}

function endOf(scope: Scope, place: number): Parsed[] {
  const fin = isWord(scope, place, "fin") && isWord(scope, place + 1, "de");
  if (fin && isWord(scope, place + 2, "semana")) return said(place + 3, { kind: "weekend", ahead: 0 });
  if (!fin && !(isWord(scope, place, "end") && isWord(scope, place + 1, "of"))) return [];
  const article = isWord(scope, place + 2, "the", "this") ? 1 : 0;
  return isWord(scope, place + 2 + article, "month", "mes")
    ? said(place + 3 + article, { kind: "month end" })
    : [];
}

function weekOf(scope: Scope, place: number): Parsed[] {
  let to = place;
  while (
    to < place + DETERMINERS_MAX &&
    isWord(scope, to, "the", "el", "la", "este", "esta", "this", "starting")
  )
    to++;
  const next = meaning(scope, to, "next") !== undefined ? 1 : 0;
  to += next;
  if (isWord(scope, to, "fin") && isWord(scope, to + 1, "de") && isWord(scope, to + 2, "semana")) {
    const later = isWord(scope, to + 3, "proximo", "siguiente") ? 1 : 0;
    return said(to + 3 + later, { kind: "weekend", ahead: Math.max(next, later) });
  }
  const determined = to > place;
  if (meaning(scope, to, "weekend") !== undefined) return said(to + 1, { kind: "weekend", ahead: next });
  if (isWord(scope, to, "week", "wk", "semana")) {
    // "week of Dec 7", "week of the 7th".
    if (isWord(scope, to + 1, "of", "del", "de")) return day.parse(scope, to + 2).slice(0, 1);
    if (isWord(scope, to + 1, "que") && isWord(scope, to + 2, "viene"))
      return said(to + 3, { kind: "week", ahead: 1 });
    if (isWord(scope, to + 1, "proxima", "entrante", "siguiente"))
      return said(to + 2, { kind: "week", ahead: 1 });
    if (isWord(scope, to + 1, "after") && isWord(scope, to + 2, "next"))
      return said(to + 3, { kind: "week", ahead: 2 });
    return determined ? said(to + 1, { kind: "week", ahead: next }) : [];
  }
  if (isWord(scope, to, "month", "mes") && next === 1) return said(to + 1, { kind: "month", ahead: 1 });
  return [];
}

const FIXED: Readonly<Record<string, readonly [month: number, day: number]>> = {
  "christmas eve": [12, 24],
  "xmas eve": [12, 24],
  "christmas day": [12, 25],
  christmas: [12, 25],
  xmas: [12, 25],
  navidad: [12, 25],
  "new years eve": [12, 31],
  "new year eve": [12, 31],
  "new years day": [1, 1],
  "new years": [1, 1],
  "new year": [1, 1],
  halloween: [10, 31],
  "independence day": [7, 4],
  "veterans day": [11, 11],
  "valentines day": [2, 14],
  valentines: [2, 14],
};
/** Month, weekday, which one of the month (5: the last), days after it. */
const FLOATING: Readonly<
  Record<string, readonly [month: number, weekday: number, nth: number, plus: number]>
> = {
  "thanksgiving day": [11, 4, 4, 0],
  thanksgiving: [11, 4, 4, 0],
  "black friday": [11, 4, 4, 1],
  "labor day": [9, 1, 1, 0],
  "memorial day": [5, 1, 5, 0],
  "mlk day": [1, 1, 3, 0],
  "presidents day": [2, 1, 3, 0],
};
const HOLIDAY_WORDS_MAX = 3;
const HOLIDAY_FIRSTS: ReadonlySet<string> = new Set(
  [...Object.keys(FIXED), ...Object.keys(FLOATING)].map((name) => name.split(" ")[0] ?? ""),
);

function holiday(scope: Scope, place: number): Parsed[] {
  if (!HOLIDAY_FIRSTS.has(at(scope, place)?.word ?? "")) return [];
  const words: string[] = [];
  for (let to = place; to < place + HOLIDAY_WORDS_MAX && at(scope, to)?.kind === "word"; to++)
    words.push(at(scope, to)?.word ?? "");
  for (; words.length > 0; words.pop()) {
    const name = words.join(" ");
    const to = place + words.length;
    const fixed = Object.hasOwn(FIXED, name) ? FIXED[name] : undefined;
    if (fixed !== undefined) return dateOf(fixed[0], fixed[1], undefined, to);
    const floating = Object.hasOwn(FLOATING, name) ? FLOATING[name] : undefined;
    if (floating !== undefined) {
      const [month, weekdayNumber, nth, plus] = floating;
      return said(to, { kind: "nth weekday", month, weekday: weekdayNumber, nth, plus });
    }
  }
  return [];
}

// A day in the ways people say one: dates, weekdays, days from today, weeks and their ends, holidays.

import { isDate } from "../calendar.ts";
import type { Day } from "../claim.ts";
import type { Match, Parsed, Part, Scope } from "../pattern.ts";
import type { Token } from "../../text/tokens.ts";
import { amount } from "./amount.ts";
import { HOLIDAY_FIRSTS, holidayAt } from "./holiday.ts";
import { at, isWord, meaning } from "./look.ts";

/** What a named part of a pattern read. */
export function dayIn(match: Match, name: string): Day | undefined {
  return match.part(name) as Day | undefined;
}

/** "on this coming Monday": no more words stand before a day. */
const DETERMINERS_MAX = 3;

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
    "=early",
    "=start",
    "=mid",
    "=middle",
    "=principios",
    "=inicios",
    "=mediados",
    "=eve",
    "=eow",
    "=eom",
    "nthday",
    "=dia",
    ...HOLIDAY_FIRSTS,
  ],
  parse: (scope, place) => {
    const found = [
      ...relative(scope, place),
      ...calendar(scope, place),
      ...weekday(scope, place),
      ...holiday(scope, place),
      ...nthOfMonth(scope, place),
    ];
    return found.length < 2 ? found : found.sort((left, right) => right.to - left.to);
  },
};

function said(to: number, value: Day): Parsed[] {
  return [{ to, value }];
}

function dateOf(month: number, date: number, year: number | undefined, to: number): Parsed[] {
  // "30/11/2026": the day first, where no month can be meant.
  if (month > 12 && date <= 12) return dateOf(date, month, year, to);
  if (!isDate(year ?? 2028, month, date)) return [];
  return said(to, { kind: "date", month, day: date, ...(year === undefined ? {} : { year }) });
}

/** "Christmas Eve", "the day after Thanksgiving", "the weekend after Christmas" counts from the holiday. */
function holiday(scope: Scope, place: number): Parsed[] {
  const the = isWord(scope, place, "the") ? 1 : 0;
  const lead = place + the;
  if (isWord(scope, lead, "day", "dia") && isWord(scope, lead + 1, "after", "before", "despues", "antes")) {
    const of = isWord(scope, lead + 2, "de") ? 1 : 0;
    const found = holidayAt(scope, lead + 2 + of);
    const ahead = isWord(scope, lead + 1, "after", "despues") ? 1 : -1;
    return found === undefined ? [] : said(found.to, { kind: "shifted", day: found.value, days: ahead });
  }
  if (isWord(scope, place, "eve") && isWord(scope, place + 1, "of")) {
    const found = holidayAt(scope, place + 2);
    return found === undefined ? [] : said(found.to, { kind: "shifted", day: found.value, days: -1 });
  }
  const found = holidayAt(scope, place);
  if (found === undefined) return [];
  const days = found.value.kind === "nth weekday" ? WEEKEND_DAYS[found.value.weekday] : undefined;
  if (days !== undefined && meaning(scope, found.to, "weekend") !== undefined)
    return said(found.to + 1, { kind: "shifted", day: found.value, days });
  const year = found.value.kind === "date" ? yearAt(scope, found.to) : undefined;
  return year !== undefined && found.value.kind === "date"
    ? said(year.to, { ...found.value, year: year.value })
    : said(found.to, found.value);
}

/** "Labor Day weekend": from a holiday on that weekday to the Saturday of its weekend. */
const WEEKEND_DAYS: Readonly<Record<number, number>> = { 0: -1, 1: -2, 4: 2 };

/** "the first", "first of the month", "the fifteenth of December", "December first", "first Monday in January". */
function nthOfMonth(scope: Scope, place: number): Parsed[] {
  const the = isWord(scope, place, "the", "el", "la") ? 1 : 0;
  const named = nthAt(scope, place + the);
  const token = at(scope, place + the);
  const digits = token?.kind === "number" ? ordinalEnd(scope, place + the + 1) : undefined;
  const number = named === undefined ? (digits === undefined ? undefined : token?.value) : named.value;
  if (number === undefined || number < 1 || number > 31) return [];
  const end = digits ?? named?.to ?? place + the + 1;
  const weekdayName = meaning(scope, end, "weekday");
  if (weekdayName !== undefined && number <= 5 && isWord(scope, end + 1, "of", "in", "de")) {
    const month = meaning(scope, end + 2, "month");
    return month === undefined
      ? []
      : said(end + 3, {
          kind: "nth weekday",
          month: Number(month),
          weekday: Number(weekdayName),
          nth: number,
        });
  }
  // "the second week of December".
  if (number <= 4 && isWord(scope, end, "week", "semana") && isWord(scope, end + 1, "of", "in", "de")) {
    const month = meaning(scope, end + 2, "month");
    return month === undefined ? [] : dateOf(Number(month), 7 * number - 6, undefined, end + 3);
  }
  const of = isWord(scope, end, "of", "de", "del") ? 1 : 0;
  const article = isWord(scope, end + of, "the", "next", "this") ? 1 : 0;
  if (of === 1 && isWord(scope, end + of + article, "month", "mes"))
    return said(end + of + article + 1, { kind: "day of month", day: number });
  const month = meaning(scope, end + of, "month");
  if (month !== undefined && named !== undefined && (at(scope, end + of)?.word.length ?? 0) >= 3) {
    const year = yearAt(scope, end + of + 1);
    return dateOf(Number(month), number, year?.value, year?.to ?? end + of + 1);
  }
  // "the second shift", "the third cook" count something else.
  const next = at(scope, end);
  const closed = next === undefined || next.kind === "mark" || meaning(scope, end, "prep") !== undefined;
  return the === 1 && named !== undefined && closed ? said(end, { kind: "day of month", day: number }) : [];
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
  const the = isWord(scope, place + 1 + point, "the") ? 1 : 0;
  const named = nthAt(scope, place + 1 + point + the);
  if (named !== undefined) return dateOf(Number(month), named.value, undefined, named.to);
  // "Dec-01", "Dec/1".
  const mark = at(scope, place + 1);
  if (point === 0 && mark?.glued === true && (mark.word === "-" || mark.word === "/")) {
    const date = at(scope, place + 2);
    return date?.glued === true && /^\d{1,2}$/.test(date.text)
      ? dateOf(Number(month), date.value, undefined, place + 3)
      : [];
  }
  const number = at(scope, place + 1 + point);
  if (number?.kind !== "number" || !/^\d{1,2}$/.test(number.text)) return [];
  const after = ordinalEnd(scope, place + 2 + point) ?? place + 2 + point;
  // "May 5:30" is no fifth of May.
  if (isWord(scope, after, ":") && at(scope, after)?.glued === true) return [];
  const year = yearAt(scope, after);
  return dateOf(Number(month), number.value, year?.value, year?.to ?? after);
}

/** "third", "twenty first", "thirty-first". */
function nthAt(scope: Scope, place: number): { to: number; value: number } | undefined {
  const named = meaning(scope, place, "nthday");
  if (named !== undefined) return { to: place + 1, value: Number(named) };
  const tens = Number(meaning(scope, place, "number"));
  if (tens !== 20 && tens !== 30) return undefined;
  const hyphen = isWord(scope, place + 1, "-") ? 1 : 0;
  const ones = Number(meaning(scope, place + 1 + hyphen, "nthday"));
  return ones >= 1 && ones <= 9 ? { to: place + 2 + hyphen, value: tens + ones } : undefined;
}

function numeric(scope: Scope, place: number, token: Token): Parsed[] {
  const mark = at(scope, place + 1);
  const second = at(scope, place + 2);
  if (mark === undefined || !mark.glued || second?.kind !== "number" || !second.glued) return [];
  if (/^(?:19|20)\d\d$/.test(token.text) && (mark.word === "-" || mark.word === "/" || mark.word === ".")) {
    const third = at(scope, place + 4);
    const dashed = isWord(scope, place + 3, mark.word) && third?.kind === "number";
    return dashed ? dateOf(second.value, third.value, token.value, place + 5) : [];
  }
  if (mark.word === "." && /^\d{1,2}$/.test(token.text)) {
    // "12.07.2026".
    const year = at(scope, place + 4);
    const dotted = isWord(scope, place + 3, ".") && year?.glued === true && /^20\d\d$/.test(year.text);
    return dotted ? dateOf(token.value, second.value, year.value, place + 5) : [];
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
  const mark = at(scope, to);
  // "01-Dec-2026", "5/dic".
  const marked =
    mark?.glued === true && (mark.word === "-" || mark.word === "/") && at(scope, to + 1)?.glued === true;
  if (marked || isWord(scope, to, "of", "de")) to++;
  const month = meaning(scope, to, "month");
  // "5 mar" may be Tuesday the other way round, and "2 sep" a headcount of nothing: the month must be whole.
  if (month === undefined || (at(scope, to)?.word.length ?? 0) < 3) return [];
  const ends = isWord(scope, to + 1, ".") || (marked && isWord(scope, to + 1, "-", "/"));
  to = ends && at(scope, to + 2)?.kind === "number" ? to + 2 : to + 1;
  const year = yearAt(scope, isWord(scope, to, "de", "del") ? to + 1 : to);
  return dateOf(Number(month), token.value, year?.value, year?.to ?? to);
}

function ordinalEnd(scope: Scope, place: number): number | undefined {
  return isWord(scope, place, "st", "nd", "rd", "th", "o", "ro", "do", "to") &&
    at(scope, place)?.glued === true
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
    // "Monday next week".
    if (next && isWord(scope, to, "week", "wk"))
      return said(to + 1, { kind: "weekday", weekday: Number(name), next });
  }
  // What follows may say the same day as a date, which is surer.
  const comma = isWord(scope, to, ",") || isWord(scope, to, "(") ? 1 : 0;
  const found = [...calendar(scope, to + comma), ...nthOfMonth(scope, to + comma)];
  if (found.length > 0) return found;
  const value = { kind: "weekday", weekday: Number(name), ...(next ? { next } : {}) } as const;
  const date = dateBehind(scope, to);
  if (date !== undefined) return [...said(to + 1, { kind: "day of month", day: date }), ...said(to, value)];
  if (isWord(scope, to, "week") && !isWord(scope, to + 1, "of"))
    return [...said(to + 1, { ...value, weeks: 1 }), ...said(to, value)];
  return said(to, value);
}

/** "lunes 30", "Friday 18": a number that is no hour, and counts nobody. */
function dateBehind(scope: Scope, place: number): number | undefined {
  const token = at(scope, place);
  if (token === undefined || !LATE_DATE.test(token.text)) return undefined;
  const after = at(scope, place + 1);
  if (after === undefined) return token.value;
  const ends =
    after.kind === "mark"
      ? !(after.glued && "-:/.".includes(after.word))
      : after.kind === "word" && meaning(scope, place + 1, "prep") !== undefined;
  return ends ? token.value : undefined;
}

const LATE_DATE = /^(?:1[3-9]|2\d|3[01])$/;

/** "a week from", "two weeks after", "in a week from". */
function weeksFrom(scope: Scope, place: number): { to: number; weeks: number } | undefined {
  const lead = isWord(scope, place, "week", "wk")
    ? { to: place, value: 1 }
    : isWord(scope, place, "a", "one", "una") && !isWord(scope, place + 1, "couple", "dozen", "pair")
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
  if (isWord(scope, place, "esta", "this") && isWord(scope, place + 1, ...PARTS_OF_TODAY))
    return said(place + 2, { kind: "ahead", days: 0 });
  if (isWord(scope, place, "eow")) return said(place + 1, { kind: "week end", ahead: 0 });
  if (isWord(scope, place, "eom")) return said(place + 1, { kind: "month end" });
  if (isWord(scope, place, "in", "en")) return inSome(scope, place + 1);
  const later = inSome(scope, place).filter(({ to }) => isWord(scope, to, "from", "later", "out"));
  if (later.length > 0)
    return later.map(({ to, value }) => ({
      to: to + (isWord(scope, to + 1, "now", "today") ? 2 : 1),
      value,
    }));
  return [...endOf(scope, place), ...partOfMonth(scope, place), ...weekOf(scope, place)];
}

const PARTS_OF_TODAY = ["noche", "tarde", "manana", "morning", "afternoon", "evening"];

/** "early January", "mid-January", "principios de enero": the day that is nearest to what is meant. */
function partOfMonth(scope: Scope, place: number): Parsed[] {
  const date = PARTS_OF_MONTH[at(scope, place)?.word ?? ""];
  // "start January 4" is no start of January.
  if (date === undefined || (isWord(scope, place, "start", "beginning") && !isWord(scope, place + 1, "of")))
    return [];
  let to = place + 1;
  while (to <= place + 2 && isWord(scope, to, "-", "of", "part", "de", "in")) to++;
  const month = meaning(scope, to, "month");
  return month === undefined ? [] : dateOf(Number(month), date, undefined, to + 1);
}

const PARTS_OF_MONTH: Readonly<Record<string, number>> = {
  early: 1,
  beginning: 1,
  start: 1,
  principios: 1,
  inicios: 1,
  mid: 15,
  middle: 15,
  mediados: 15,
};

function inSome(scope: Scope, place: number): Parsed[] {
  const count =
    amount.parse(scope, place)[0] ??
    (isWord(scope, place, "a", "un", "una") ? { to: place + 1, value: 1 } : undefined);
  if (count === undefined) return [];
  const number = Number(count.value);
  if (meaning(scope, count.to, "day") !== undefined)
    return said(count.to + 1, { kind: "ahead", days: number });
  if (meaning(scope, count.to, "week") !== undefined)
    return said(count.to + 1, { kind: "ahead", days: 7 * number });
  return meaning(scope, count.to, "monthword") !== undefined && number <= MONTHS_AHEAD_MAX
    ? said(count.to + 1, { kind: "months ahead", months: number })
    : [];
}

/** No order is placed longer ahead. */
const MONTHS_AHEAD_MAX = 24;

function endOf(scope: Scope, place: number): Parsed[] {
  const fin = isWord(scope, place, "fin") && isWord(scope, place + 1, "de");
  if (fin && isWord(scope, place + 2, "semana")) return said(place + 3, { kind: "weekend", ahead: 0 });
  if (!fin && !(isWord(scope, place, "end") && isWord(scope, place + 1, "of"))) return [];
  const article = isWord(scope, place + 2, "the", "this") ? 1 : 0;
  const end = place + 2 + article;
  if (isWord(scope, end, "month", "mes")) return said(end + 1, { kind: "month end" });
  const month = meaning(scope, end, "month");
  if (month !== undefined)
    return said(end + 1, {
      kind: "shifted",
      day: { kind: "date", month: (Number(month) % 12) + 1, day: 1 },
      days: -1,
    });
  const next = isWord(scope, end, "next") ? 1 : 0;
  return isWord(scope, end + next, "week", "wk")
    ? said(end + next + 1, { kind: "week end", ahead: next })
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
  if (meaning(scope, to, "weekend") !== undefined) {
    // "the weekend of the 12th".
    const of = isWord(scope, to + 1, "of", "del") ? day.parse(scope, to + 2).slice(0, 1) : [];
    return of.length > 0 ? of : said(to + 1, { kind: "weekend", ahead: next });
  }
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

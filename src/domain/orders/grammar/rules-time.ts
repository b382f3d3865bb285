// When: days, spans of days, weekdays, hours, moments and named shifts.

import type { Token } from "../text/tokens.ts";
import type { Clock, Day, Of } from "./claim.ts";
import { amountIn } from "./parts/amount.ts";
import { clockIn } from "./parts/clock.ts";
import { dayIn } from "./parts/day.ts";
import { type Match, rule, type Rule } from "./pattern.ts";
import { shiftBetween } from "./calendar.ts";

/** A length in days or weeks is one of an assignment: more are years of work. */
const LASTING_MAX = 60;

function lasting(match: Match): { lasts: number } | undefined {
  const count = amountIn(match, "n");
  const perUnit = match.token("unit")?.word.startsWith("d") === true ? 1 : DAYS_PER_WEEK;
  return count === undefined || count < 1 || count > LASTING_MAX ? undefined : { lasts: count * perUnit };
}

const DAYS_PER_WEEK = 7;

/** Words for another day than the one that was said, and how far before it they stand. */
const MOVING: ReadonlySet<string> = new Set(
  "move moved moving push pushed reschedule rescheduled postpone postponed delay delayed switch switched bump bumped change changed mover cambiar cambia cambien posponer".split(
    " ",
  ),
);
const MOVED_REACH = 14;
/** "change it to run from Dec 3 to Dec 8" has both days. */
const SPANNING: ReadonlySet<string> = new Set([
  "to",
  "run",
  "be",
  "cover",
  "include",
  "shift",
  "shifts",
  "hours",
]);

type ShiftName = Of<"shift">["value"]["name"];

const TO = "-|to|til|till|until|thru|through|a|al|hasta";

/** What may not stand right behind two bare numbers if they are hours. */
const MEASURED = new Set(["measure", "yearword", "monthword", "people", "mile", "minutes"]);

/** Words that stand before hours and before nothing else that two numbers may be. */
const HOURS_LEAD = new Set([
  "from",
  "hours",
  "hrs",
  "shift",
  "shifts",
  "turno",
  "horario",
  "works",
  "schedule",
  "time",
  "times",
  "de",
  "between",
]);

function hours(match: Match): { from: Clock; to: Clock; weight: number } | undefined {
  const from = clockIn(match, "from");
  const to = clockIn(match, "to");
  if (from === undefined || to === undefined || shiftBetween(from, to, false) === undefined) return undefined;
  const { tokens, lexicon, starts } = match.scope;
  const before = tokens[match.from - 1];
  // "909-555-0111", "2026-12-09".
  if (before?.word === "-" && before.glued && tokens[match.from]?.glued === true) return undefined;
  if (
    tokens[match.to]?.word === "-" &&
    tokens[match.to]?.glued === true &&
    tokens[match.to + 1]?.kind === "number"
  )
    return undefined;
  const length = match.to - match.from;
  if (!(from.bare === true && to.bare === true) && (from.sure || to.sure))
    return { from, to, weight: 9 + 0.5 * (length - 3) };
  if (from.bare === true && to.bare === true && shortBare(from, to)) return undefined;
  // Two bare numbers are hours unless they are a range of people, years, miles or dollars.
  const after = tokens[match.to];
  const meanings = after === undefined ? undefined : lexicon.meaningsOf(after.word);
  // "830-5 in Omaha" measures no inches.
  if (
    after !== undefined &&
    after.word !== "in" &&
    [...MEASURED].some((kind) => meanings?.has(kind) === true)
  )
    return undefined;
  if (after?.word === "%" || after?.word === "$" || (after?.word === "/" && after.glued)) return undefined;
  if (before?.word === "$" || (before?.glued === false && before.word === "#")) return undefined;
  const led = HOURS_LEAD.has(before?.word ?? "") || HOURS_LEAD.has(tokens[match.from]?.word ?? "");
  // "called 9:15 - 1 dishwasher": what a dash with blanks parts, and as many as the role says.
  const end = starts("role", match.to);
  const parted = tokens[match.to - 2]?.word === "-" && tokens[match.to - 2]?.glued === false;
  const count = tokens[match.to - 1];
  if (!led && parted && to.bare === true && end !== undefined && count?.kind === "number")
    if (count.value > 1 === isPlural(tokens[end - 1])) return undefined;
  // "2-3 servers" are people, "6-2 servers" and "6-10 server" are hours.
  const people =
    starts("role", match.to) !== undefined &&
    from.bare === true &&
    to.bare === true &&
    to.minutes > from.minutes &&
    isPlural(tokens[(starts("role", match.to) ?? 0) - 1]);
  if (people && !led) return undefined;
  return { from, to, weight: from.bare === true && to.bare === true ? (led ? 7 : 5) : 8 };
}

function isPlural(token: Token | undefined): boolean {
  return token !== undefined && token.kind === "word" && token.key !== token.word;
}

/** "18-20" is two hours of nobody's shift. */
function shortBare(from: Clock, to: Clock): boolean {
  const { from: start, to: end } = shiftBetween(from, to, false) ?? { from: 0, to: 0 };
  return (end - start + 1440) % 1440 < 180;
}

const YEAR = /^(?:19|20)\d\d$/;

function clockOf(match: Match): Clock | undefined {
  return clockIn(match, "at");
}

function sureClock(match: Match): (Clock & { weight?: number }) | undefined {
  const clock = clockOf(match);
  const only = match.to === match.from + 1 ? (match.scope.tokens[match.from]?.text ?? "") : "";
  if (isCodePart(match)) return undefined;
  return clock?.sure === true && clock.bare !== true && !YEAR.test(only) ? clock : undefined;
}

/** "W-2218": digits behind a letter and a mark are a number of something. */
function isCodePart({ scope: { tokens }, from }: Match): boolean {
  const [letters, mark, digits] = [tokens[from - 2], tokens[from - 1], tokens[from]];
  const joined = mark?.glued === true && digits?.glued === true && "-_#/".includes(mark.word);
  return joined && letters?.kind === "word" && letters.word.length <= 4;
}

/** "at 6", "starting 7": a number that a word for a time leads to. */
function ledClock(match: Match): (Clock & { weight?: number }) | undefined {
  const clock = clockOf(match);
  if (clock === undefined) return undefined;
  if (clock.sure) return { ...clock, weight: 5 };
  const { tokens, lexicon, starts } = match.scope;
  const after = tokens[match.to];
  const meanings = after === undefined ? undefined : lexicon.meaningsOf(after.word);
  if (clock.minutes >= 24 * 60 || starts("role", match.to) !== undefined) return undefined;
  if (
    [
      "measure",
      "yearword",
      "monthword",
      "people",
      "mile",
      "minutes",
      "day",
      "week",
      "dollars",
      "hourword",
      "month",
      "number",
    ].some((kind) => meanings?.has(kind) === true)
  )
    return undefined;
  if (after?.kind === "mark" && after.glued && "/$%-".includes(after.word)) return undefined;
  // Of an hour without its half, working hours are meant.
  const minutes = clock.minutes < 300 ? clock.minutes + 720 : clock.minutes;
  return { minutes, sure: true, weight: 3 };
}

/** "5 to close": what closes does so at night. */
function untilClose(match: Match): Clock | undefined {
  const clock = clockOf(match);
  if (clock === undefined || clock.sure) return clock;
  return { minutes: clock.minutes < LATE_START ? clock.minutes + 720 : clock.minutes, sure: true };
}

const LATE_START = 8 * 60;

/** Longer ways of saying a day are surer, so that "a week from Monday" is not "from Monday". */
function weightOf(match: Match): number {
  return 3.5 + 0.8 * (match.to - match.from - 1);
}

/** Tokens of a day that is counted from another one. */
const COUNTED_DAY_MIN = 4;

function oneDay(match: Match): { from: Day; weight: number } | undefined {
  const from = dayIn(match, "d");
  // "2 weeks from today" is no length and "from today".
  const counted =
    (from?.kind === "weekday" && from.weeks !== undefined) ||
    (from?.kind === "ahead" && match.to - match.from >= COUNTED_DAY_MIN);
  if (from === undefined) return undefined;
  // "2027/01/05" is one date, and no year before "01/05".
  const whole = from.kind === "date" && from.year !== undefined;
  return { from, weight: weightOf(match) + (counted ? 4 : 0) + (whole ? 2 : 0) };
}

function span(match: Match): { from?: Day; until?: Day; weight: number } | undefined {
  const from = dayIn(match, "from");
  const until = dayIn(match, "to");
  return from === undefined || until === undefined
    ? undefined
    : { from, until, weight: 5.5 + weightOf(match) };
}

/** "Dec 5-9", "12/5-9": the second day has the first one's month. */
function shortSpan(match: Match): { from?: Day; until?: Day; weight: number } | undefined {
  const from = dayIn(match, "from");
  const last = match.token("last");
  if (from?.kind !== "date" || last === undefined || last.value <= from.day) return undefined;
  return { from, until: { ...from, day: last.value }, weight: 4 + weightOf(match) };
}

/** "del 7 al 11 de diciembre", "7th-11th of December": the first day has the last one's month. */
function backSpan(match: Match): { from?: Day; until?: Day; weight: number } | undefined {
  const first = match.token("first");
  const until = dayIn(match, "to");
  if (until?.kind !== "date" || first === undefined || first.value >= until.day) return undefined;
  // "7-11/12" is rather hours, or anything.
  const named = match.scope.tokens
    .slice(match.from, match.to)
    .some(({ word }) => match.scope.lexicon.has(word, "month"));
  return named ? { from: { ...until, day: first.value }, until, weight: 6 + weightOf(match) } : undefined;
}

function days(list: readonly number[], from?: Day) {
  return () => ({ days: list, ...(from === undefined ? {} : { from }) });
}

function weekdayRange(match: Match): { days: number[]; weight: number } | undefined {
  const from = Number(match.meaning("from", "weekday"));
  const to = Number(match.meaning("to", "weekday"));
  if (Number.isNaN(from) || Number.isNaN(to)) return undefined;
  const list: number[] = [];
  for (let day = from; ; day = (day + 1) % 7) {
    list.push(day);
    if (day === to || list.length === 7) break;
  }
  return { days: list, weight: 12 };
}

/** "Mon, Wed and Fri", "mon wed fri", "M/W/F": two weekdays without a mark between them may be a slip. */
function weekdayList(match: Match): { days: number[]; from: Day; weight: number } | undefined {
  const list: number[] = [];
  let marks = 0;
  for (let at = match.from; at < match.to; at++) {
    const { word, kind } = match.scope.tokens[at] as Token;
    const value = match.scope.meanings[at]?.get("weekday");
    if (value !== undefined && !list.includes(Number(value))) list.push(Number(value));
    if (kind === "mark" || JOINS.has(word)) marks++;
  }
  const [first] = list;
  if (first === undefined || (list.length === 2 && marks === 0)) return undefined;
  // More than a shorter list and a day beside it.
  return { days: list, from: { kind: "weekday", weekday: first }, weight: 8.5 + 4.4 * (list.length - 2) };
}

const JOINS: ReadonlySet<string> = new Set(["and", "y", "or", "e"]);

function oneWeekday(match: Match): { days: number[]; from: Day } | undefined {
  const weekday = Number(match.meaning("one", "weekday"));
  return Number.isNaN(weekday) ? undefined : { days: [weekday], from: { kind: "weekday", weekday } };
}

const LETTER_DAYS: Readonly<Record<string, number>> = {
  su: 0,
  m: 1,
  mo: 1,
  t: 2,
  tu: 2,
  w: 3,
  we: 3,
  th: 4,
  r: 4,
  f: 5,
  fr: 5,
  sa: 6,
  s: 6,
};

/** "M/W/F", "T-Th", "M-Sat": weekdays by their letters; a dash spans those between, a stroke lists. */
function letterDays(match: Match): { days: number[]; weight: number } | undefined {
  const own = match.scope.tokens.slice(match.from, match.to);
  const list = own
    .filter(({ kind }) => kind === "word")
    .map(({ word }) => LETTER_DAYS[word] ?? Number(match.scope.lexicon.meaningsOf(word)?.get("weekday")));
  const [first, last] = [list[0], list.at(-1)];
  if (first === undefined || last === undefined || list.some(Number.isNaN) || first === last)
    return undefined;
  const spanned = own.some(({ word }) => word === "-");
  if (!spanned) return { days: list, weight: 4 + list.length };
  const days = [first];
  for (let day = (first + 1) % 7; days.length < 7 && days.at(-1) !== last; day = (day + 1) % 7)
    days.push(day);
  return { days, weight: 6 };
}

const WORKDAYS = [1, 2, 3, 4, 5];
const ALL_DAYS = [0, 1, 2, 3, 4, 5, 6];

/** "2nd shift", "shift 3": the ordinal names the shift. */
function ordinalShift(match: Match): { name: ShiftName } | undefined {
  const value = match.meaning("nth", "ordinal") ?? match.token("nth")?.text;
  // "Shift 2:00 PM - 10:30 PM", "shift 3-11" say when.
  const next = match.scope.tokens[match.to];
  const follows = match.scope.tokens[match.to + 1];
  if (next !== undefined && match.token("nth")?.kind === "number") {
    const parted = next.word === "-" || next.word === "to" || next.word === "a";
    if (HALVES.has(next.word) || (next.word === ":" && next.glued) || (parted && follows?.kind === "number"))
      return undefined;
  }
  return value === "1"
    ? { name: "1st" }
    : value === "2"
      ? { name: "2nd" }
      : value === "3"
        ? { name: "3rd" }
        : undefined;
}

function partShift(match: Match): { name: ShiftName } | undefined {
  const value = match.meaning("part", "daypart") ?? match.meaning("part", "shiftname");
  return value === undefined ? undefined : { name: value as ShiftName };
}

/** "nights", "days": plural names of shifts; "days" after a number or "some" counts them. */
function namedShift(match: Match): { name: ShiftName; weight?: number } | undefined {
  const value = match.meaning("name", "shiftname");
  const word = match.token("name")?.word;
  if (value === undefined) return undefined;
  const before = match.scope.tokens[match.from - 1];
  const ranged = ["-", "to", ":", "a"].includes(match.scope.tokens[match.from - 2]?.word ?? "");
  const counting =
    (before?.kind === "number" && !ranged) || match.scope.lexicon.has(before?.word ?? "", "number");
  if ((word === "days" || word === "nights" || word === "weekends" || word === "noches") && counting)
    return undefined;
  if (
    word === "days" &&
    ["business", "working", "few", "all", "week", "buenos", "per", "work", "these", "several"].includes(
      before?.word ?? "",
    )
  )
    return undefined;
  if (word === "noches" && before?.word === "buenas") return undefined;
  return { name: value as ShiftName, weight: 2.5 };
}

/** "Dec 5, 6 and 7", "Dec 5/6": days behind a month by its name. */
function namedSpan(match: Match): { from?: Day; until?: Day; weight: number } | undefined {
  const [first, last] = [match.token("first")?.value ?? 0, match.token("last")?.value ?? 0];
  const from = { kind: "date", month: Number(match.meaning("month", "month")), day: first } as const;
  return last > first ? { from, until: { ...from, day: last }, weight: 6 + weightOf(match) } : undefined;
}

/** "7a7p", "7a 7p": two times that say their halves need nothing between them. */
function halvedHours(match: Match): { from: Clock; to: Clock; weight: number } | undefined {
  const halves = match.scope.tokens.slice(match.from, match.to).filter(({ word }) => HALVES.has(word));
  return halves.length === 2 ? hours(match) : undefined;
}

const JOIN = ",|/|+|&? and|&|y|or?";
const LETTERS = "m|mo|t|tu|w|we|th|r|f|fr|sa|su|<weekday>";

const HALVES: ReadonlySet<string> = new Set(["a", "p", "am", "pm"]);

export const TIME_RULES: readonly Rule[] = [
  rule("day", 3.5, "d:<day>", oneDay),
  rule("day", 9, `from|de? from:<day> ${TO} to:<day>`, span),
  // "move Monday's order to Tuesday": the day that holds.
  rule("day", 6, "to|until|till|for|a|al|para el|la|this|next? to:<day>", (match) => {
    const { tokens } = match.scope;
    const before = tokens.slice(Math.max(0, match.from - MOVED_REACH), match.from);
    const moved = before.findIndex(({ word }) => MOVING.has(word));
    const day = dayIn(match, "to");
    if (day === undefined || moved < 0) return undefined;
    const said = before.slice(moved).some((_, at) => {
      const own = match.from - before.length + moved + at;
      return (
        match.scope.starts("day", own) !== undefined || match.scope.meanings[own]?.has("weekday") === true
      );
    });
    return said ? { from: day, corrects: true } : undefined;
  }),
  // "reschedule the welders from Dec 3 to Dec 8".
  rule("day", 18, "from|del|de <day> to|al|a|para to:<day>", (match) => {
    const before = match.scope.tokens.slice(Math.max(0, match.from - MOVED_REACH), match.from);
    const moved = before.findIndex(({ word }) => MOVING.has(word));
    const day = dayIn(match, "to");
    const spans = before.slice(moved).some(({ word }) => SPANNING.has(word));
    return day === undefined || moved < 0 || spans ? undefined : { from: day, corrects: true };
  }),
  // "for 3 days starting Monday": the last day follows from the first.
  rule("day", 5.4, "for|por|durante|during the|next? n:<amount> unit:days|dias|weeks|week|semanas", lasting),
  rule("day", 9, "between from:<day> and to:<day>", span),
  rule(
    "day",
    4.5,
    "thru|through|until|till|til|hasta|ending|ends|end|last date|day|on|by? :|=|the? to:<day>",
    (match) => {
      const until = dayIn(match, "to");
      return until === undefined ? undefined : { until, weight: weightOf(match) };
    },
  ),
  rule("day", 5, "from:<day> -|to|thru|through|until|till|al|a|& last:<date> ~th|st|nd|rd?", shortSpan),
  rule("day", 5, "month:<month> first:<date> ~/ ~last:<date>", namedSpan),
  rule(
    "day",
    5,
    "month:<month> first:<date> ,|&|and|y <date> ,? and|&|y? last:<date> ~th|st|nd|rd?",
    namedSpan,
  ),
  rule(
    "day",
    5,
    "del|from|entre|el|the? first:<date> ~th|st|nd|rd? -|to|al|a|y|and|thru|through|until|hasta el|the? to:<day>",
    backSpan,
  ),
  rule(
    "day",
    4,
    "on|starting|start|starts|beginning|begins|effective|date|el|para|desde|for|by|from d:<day>",
    oneDay,
  ),
  rule("day", 6, "in|en|during|mes|month|todo|all|throughout of|de? month:<month>", (match) => {
    // "in December 2 cashiers", "todo el mes de enero": the number counts people.
    const { tokens, starts } = match.scope;
    const counts = tokens[match.to]?.kind === "number" && starts("role", match.to + 1) !== undefined;
    const alone = tokens[match.from]?.word === "mes" || tokens[match.from]?.word === "month";
    const month = Number(match.meaning("month", "month"));
    return counts || (alone && tokens[match.to]?.kind !== "number")
      ? { from: { kind: "date", month, day: 1 } }
      : undefined;
  }),
  rule("day", 4, "from|starting|start in|on? month:<month>", (match) => {
    const month = Number(match.meaning("month", "month"));
    // "starting Jan 4" is a day of it.
    const dated = /^\d{1,2}$/.test(match.scope.tokens[match.to]?.text ?? "");
    return dated || (match.token("month")?.word === "may" && match.token("month")?.capital !== true)
      ? undefined
      : { from: { kind: "date", month, day: 1 } };
  }),

  rule("weekdays", 5, "from:<weekday> - to:<weekday>", weekdayRange),
  rule("weekdays", 5, "from:<weekday> to|thru|through|a|al|until to:<weekday>", weekdayRange),
  rule("weekdays", 8.5, `<weekday>${` ${JOIN} <weekday>`.repeat(4)}`, weekdayList),
  rule("weekdays", 8.5, `<weekday>${` ${JOIN} <weekday>`.repeat(3)}`, weekdayList),
  rule("weekdays", 8.5, `<weekday>${` ${JOIN} <weekday>`.repeat(2)}`, weekdayList),
  rule("weekdays", 8.5, `<weekday> ${JOIN} <weekday>`, weekdayList),
  rule("weekdays", 4, "every|each|all|todos|los|cada other? one:<weekday>", oneWeekday),
  rule("weekdays", 5, "m - f", days(WORKDAYS)),
  rule("weekdays", 5, `${LETTERS} ~- ~${LETTERS}`, letterDays),
  rule("weekdays", 5, `${LETTERS} ~/|& ~${LETTERS} ~/|& ~${LETTERS} ~/|&? ~${LETTERS}?`, letterDays),
  rule("weekdays", 5, "mf", days(WORKDAYS)),
  rule("weekdays", 4, "mwf", days([1, 3, 5])),
  rule("weekdays", 4, "mtwthf|mtwrf", days(WORKDAYS)),
  rule("weekdays", 4, "tth|tuth", days([2, 4])),
  rule("weekdays", 4, `${LETTERS} ~/|& ~${LETTERS}`, letterDays),
  rule("weekdays", 3.5, "weekdays", days(WORKDAYS)),
  rule("weekdays", 4, "entre semana", days(WORKDAYS)),
  rule("weekdays", 3, "weekends|wkends|wknds", days([6, 0])),
  rule("weekdays", 4, "fines de semana", days([6, 0])),
  rule("weekdays", 3, "daily|everyday|diario", days(ALL_DAYS)),
  rule("weekdays", 4, "every|all|each day", days(ALL_DAYS)),
  rule("weekdays", 4, "todos los dias", days(ALL_DAYS)),
  rule("weekdays", 4, "7|seven days a|per? week|wk?", days(ALL_DAYS)),
  rule("weekdays", 4, "24 ~/ ~7", days(ALL_DAYS)),

  rule("hours", 6, `from|de|between? las|la? from:<clock> ${TO} las|la? to:<clock>`, hours),
  rule("hours", 6, "from:<clock> - to|til|till|a - to:<clock>", hours),
  rule("hours", 6, `from|between|btwn|btw|de|entre las? from:<clock> and|y|& las? to:<clock>`, hours),
  // "10pm/6am"; "12/14/2026" is a date.
  rule("hours", 6, "from:<clock> / to:<clock>", halvedHours),
  rule("hours", 6, "from:<clock> to:<clock>", halvedHours),
  rule(
    "hours",
    7,
    `start|starts|starting|begin|begins|beginning|in|on|empieza|empiezan|inicia|inician|entra|entran|entrada|entrando at|time|around|a|:? las? from:<clock> ,|-|;|/|and|y? end|ends|ending|finish|finishes|finishing|done|out|off|until|til|till|through|thru|termina|terminan|sale|salen|salida|saliendo|hasta at|by|time|around|a|:? las? to:<clock>`,
    hours,
  ),
  rule("hours", 6, `de|desde? las from:<clock> ${TO} las|la? to:<clock>`, hours),
  rule("clock", 3.5, "at:<clock>", sureClock),
  rule("clock", 4, "at|@|by|around|report at:<clock> start|sharp?", ledClock),
  rule("clock", 4, "a|para las|la at:<clock>", ledClock),
  rule(
    "clock",
    4,
    "start|starts|starting|begin|begins|beginning|empieza|comienza at|time|by|around|a? :|las? at:<clock>",
    ledClock,
  ),
  rule("clock", 4, "at:<clock> start|call|arrival|sharp time?", ledClock),
  rule("clock", 5, "at:<clock> -|to|til|till|until|thru|a|hasta el? close|closing|cierre|cerrar", untilClose),

  rule("shift", 4.5, "nth:<ordinal> <shiftword>", ordinalShift),
  rule("shift", 4.5, "<shiftword> :|-|#? nth:1|2|3|<ordinal> ~st|nd|rd|er|ro|ra|do|da?", ordinalShift),
  // "mañana en la mañana", "por la tarde": a part of the day that names no shift, and no place.
  rule("aside", 4, "en|por|de|a la manana|tarde|madrugada", () => ({})),
  rule("aside", 3, "in the morning|afternoon|evening", () => ({})),
  rule("shift", 3.8, "nth:1|2|3 ~st|nd|rd", (match) => {
    // "packer, 2nd, Reno": alone among what else is said, and no day of a month.
    const [before, next] = [match.scope.tokens[match.from - 1], match.scope.tokens[match.to]];
    const opens = before === undefined || before.kind === "mark" || match.scope.ends("role", match.from);
    const ends =
      next === undefined || next.kind === "mark" || match.scope.starts("place", match.to) !== undefined;
    return opens && ends ? ordinalShift(match) : undefined;
  }),
  rule("shift", 4.5, "1|2|3 ~st|nd|rd|er|ro|ra|do|da|o|a <shiftword>", (match) => {
    const first = match.scope.tokens[match.from]?.text;
    return { name: first === "1" ? "1st" : first === "2" ? "2nd" : "3rd" };
  }),
  rule("shift", 3, "1|2|3 ~sts|nds|rds", (match) => {
    const first = match.scope.tokens[match.from]?.text;
    return { name: first === "1" ? "1st" : first === "2" ? "2nd" : "3rd" };
  }),
  rule("shift", 4, "part:<daypart>|<shiftname> -? <shiftword>", partShift),
  rule("shift", 4.5, "<shiftword> de|por|of? la|the|el? part:<daypart>|<shiftname>", partShift),
  rule("shift", 4, "en|de|por|for|during|in|on|at la|the? part:<daypart>", (match) => {
    const made = partShift(match);
    const word = match.token("part")?.word ?? "";
    return made?.name === "night" && word !== "late" ? made : undefined;
  }),
  rule("shift", 3, "part:night|noche|nite|overnight", (match) => {
    const { meanings, tokens, ends, starts } = match.scope;
    const before = meanings[match.from - 1];
    // "tomorrow night", "Friday night", "guards, night, Fresno".
    const timed = before?.has("ahead") === true || before?.has("weekday") === true;
    const next = tokens[match.to];
    const closed = next === undefined || next.kind === "mark" || starts("place", match.to) !== undefined;
    return timed || (closed && ends("role", match.from)) ? { name: "night" } : undefined;
  }),
  // "a night cna", "overnight stockers".
  rule("shift", 2.5, "night|overnight|noc|graveyard|nocturno|nocturna", ({ scope, to }) =>
    scope.starts("role", to) === undefined ? undefined : { name: "night" },
  ),
  rule("shift", 2.5, "name:<shiftname>", namedShift),
  rule("shift", 4, "weekend|weekends|wknd|wkend|fin <shiftword>", () => ({ name: "weekend" as const })),
  rule("shift", 4.5, "weekends|wkends|wknds only?", () => ({ name: "weekend" as const })),
  rule("shift", 4.5, "en|por|de las tardes|mananas", (match) => ({
    name: match.scope.tokens[match.to - 1]?.word === "tardes" ? ("2nd" as const) : ("1st" as const),
  })),
  rule("shift", 4.5, "early <shiftword>", () => ({ name: "1st" as const })),
];

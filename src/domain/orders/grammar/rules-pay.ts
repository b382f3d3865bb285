// What it pays: an amount or a span of dollars by the hour, day, week, month, year or shift. Money without its unit is
// read by its size: nobody earns eighteen dollars a year.

import type { PayValue } from "./claim.ts";
import { amountIn } from "./parts/amount.ts";
import { type Match, rule, type Rule } from "./pattern.ts";

/** Dearer hours are sums for something else. Dollars. */
const HOURLY_MAX = 1000;
/** Without a unit, less than this is by the hour, more than that by the year; between them nothing is known. */
const BARE_HOURLY_MAX = 200;
const BARE_YEARLY_MIN = 15_000;
/** What a year of work pays where nothing but thousands say that it is pay. */
const SALARY_MIN = 20_000;
const SALARY_MAX = 300_000;
/** Below it a number that only a word leads to is hardly a wage. */
const LED_MIN = 5;

/** No span of pay reaches further than from one to four times. */
const SPAN_MAX = 4;

/** A number of hours up to this is the length of a shift. */
const LONGEST_SHIFT_HOURS = 13;

/** Hours of a day or a week, which nobody is paid by accident. */
const LENGTHS: ReadonlySet<number> = new Set([16, 20, 24, 30, 32, 36, 40, 45, 48, 50, 60, 72, 80]);

const PER = "per|/|a|an|each|por|la|el|the|x";
const SPAN = "-|to|a|y|and|or|hasta";

function unitOf(match: Match): string | undefined {
  return match.meaning("unit", "unit");
}

function thousands(match: Match, name: string): number {
  return match.token(name) === undefined ? 1 : 1000;
}

function money(match: Match): (PayValue & { weight?: number }) | undefined {
  const low = match.token("low")?.value;
  const high = match.token("high")?.value;
  if (low === undefined) return undefined;
  const factor = Math.max(thousands(match, "lowk"), thousands(match, "highk"));
  const pay = low * factor;
  const max = high === undefined ? undefined : high * factor;
  if (max !== undefined && (max < pay || max > pay * SPAN_MAX)) return undefined;
  const unit = unitOf(match) ?? bareUnit(max ?? pay);
  // Five digits and nothing that says money are a postal code.
  const code = /^\d{5}$/.test(match.token("low")?.text ?? "") && unitOf(match) === undefined;
  if (code && !saysMoney(match)) return undefined;
  if (unit === "hour" && (max ?? pay) > HOURLY_MAX) return undefined;
  const short = match.token("low")?.text ?? "";
  return {
    pay,
    ...(max === undefined ? {} : { max }),
    ...(unit === undefined ? {} : { unit }),
    weight: (high === undefined ? 5 : 11) + short.length * 0.01,
  };
}

const MONEY_WORDS: ReadonlySet<string> = new Set([
  "$",
  "usd",
  "k",
  "salary",
  "pays",
  "pay",
  "sueldo",
  "dollars",
]);

function saysMoney({ scope, from, to }: Match): boolean {
  return scope.tokens.slice(Math.max(0, from - 1), to + 1).some(({ word }) => MONEY_WORDS.has(word));
}

/** "28.00-34.50": both with cents, and too much for two times of a day written with points. */
function cents(match: Match): (PayValue & { weight?: number }) | undefined {
  const [low, high] = [match.token("low"), match.token("high")];
  const plain = [low, high].every((token) => token === undefined || /^\d{1,3}\.\d\d$/.test(token.text));
  const clockLike = [low, high].every(
    (token) => token === undefined || (token.value < 13 && /\.(?:00|15|30|45)$/.test(token.text)),
  );
  const after = match.scope.tokens[match.to];
  const half = after !== undefined && after.glued && after.kind === "word";
  if (!plain || clockLike || half) return undefined;
  const made = led(match);
  return made === undefined ? undefined : { ...made, weight: high === undefined ? 2.6 : 8 };
}

/** "thirty two an hour", "twenty bucks". */
function inWords(match: Match): (PayValue & { weight?: number }) | undefined {
  if (match.scope.tokens.slice(match.from, match.to).some(({ kind }) => kind === "number")) return undefined;
  const pay = amountIn(match, "low");
  const max = amountIn(match, "high");
  if (pay === undefined || pay < LED_MIN || (max !== undefined && (max < pay || max > pay * SPAN_MAX)))
    return undefined;
  const unit = unitOf(match) ?? bareUnit(max ?? pay);
  if (unit === undefined) return undefined;
  return { pay, ...(max === undefined ? {} : { max }), unit, weight: max === undefined ? 7 : 12 };
}

/** "twenty-two fifty an hour". */
function inWordsWithCents(match: Match): (PayValue & { weight?: number }) | undefined {
  const [dollars, cents] = [amountIn(match, "low"), amountIn(match, "cents")];
  if (dollars === undefined || cents === undefined || cents < 10 || cents > 99) return undefined;
  const digits = match.scope.tokens.slice(match.from, match.to).some(({ kind }) => kind === "number");
  if (digits || dollars < LED_MIN || dollars > BARE_HOURLY_MAX) return undefined;
  return { pay: dollars + cents / 100, unit: unitOf(match) ?? "hour", weight: 15.5 };
}

/** "starting at 32": too much for an hour of the day. */
function startingAt(match: Match): (PayValue & { weight?: number }) | undefined {
  const low = match.token("low")?.value ?? 0;
  const after = match.scope.tokens[match.to];
  const clock =
    low <= 24 || (after?.glued === true && after.kind === "mark" && after.word !== "." && after.word !== ",");
  return clock ? undefined : led(match);
}

/** Money that only a word for pay leads to, "rate 18", "pays 15-17": plausible wages only. */
function led(match: Match): (PayValue & { weight?: number }) | undefined {
  const made = money(match);
  if (made?.pay === undefined || made.pay < LED_MIN || made.unit === undefined) return undefined;
  return made;
}

/** "52k", "55-60k": a year's pay; "5k" is a race and "500k" a house. */
function salary(match: Match): (PayValue & { weight?: number }) | undefined {
  const made = money(match);
  const most = made?.max ?? made?.pay ?? 0;
  return made !== undefined && most >= SALARY_MIN && most <= SALARY_MAX ? made : undefined;
}

function atMost(match: Match): (PayValue & { weight?: number }) | undefined {
  const made = money(match);
  if (made?.pay === undefined) return undefined;
  const { pay, unit } = made;
  return { max: pay, ...(unit === undefined ? {} : { unit }), weight: 9 };
}

function bareUnit(amount: number): string | undefined {
  return amount <= BARE_HOURLY_MAX ? "hour" : amount >= BARE_YEARLY_MIN ? "year" : undefined;
}

const UNIT = `${PER}? la|el|cada? unit:<unit>`;
const HOURLY = `${PER} la|el|cada? unit:<unit>`;
const UPTO = "up|max|maximum|most|hasta|under|below|tops|no|not|maximo";

export const PAY_RULES: readonly Rule[] = [
  rule("pay", 6, `$ low:<num> ~lowk:k? ${SPAN} $? high:<num> ~highk:k? ${UNIT}`, money),
  rule("pay", 6, `$ low:<num> ~lowk:k? ${SPAN} $? high:<num> ~highk:k?`, money),
  rule(
    "pay",
    6,
    `$ low:<num> /|per|an|a? hr|hour|h|hora ${SPAN} $? high:<num> /|per|an|a? unit:<unit>?`,
    money,
  ),
  rule("pay", 6, `low:<num> /|per|an|a hr|hour|h|hora ${SPAN} $? high:<num> /|per|an|a unit:<unit>`, money),
  rule("pay", 5, `$ low:<num> ~lowk:k? +|plus? ${UNIT}`, money),
  rule("pay", 5, "$ low:<num> ~lowk:k? +? ~hr|hrs|h|hour?", money),
  rule("pay", 6, `low:<num> ~lowk:k? ${SPAN} high:<num> ~highk:k? <dollars>? ${HOURLY}`, money),
  rule("pay", 6, `low:<num> ~lowk:k ${SPAN} high:<num> ~highk:k ${UNIT}?`, money),
  rule("pay", 6, "low:<num> -|to high:<num> ~highk:k", salary),
  rule("pay", 5, "low:<num> ~lowk:k", salary),
  rule("pay", 6, `low:<num> ${SPAN} high:<num> <dollars> ${UNIT}`, money),
  rule("pay", 6, `low:<num> ${SPAN} high:<num> <dollars>`, money),
  rule("pay", 5, `low:<num> ~lowk:k? <dollars>? $? ${HOURLY}`, money),
  rule("pay", 5, `low:<num> <dollars> ${UNIT}`, money),
  rule("pay", 5, "low:<num> <dollars>", money),
  rule("pay", 4, "low:<num> ~hr|ph", (match) => {
    // "12hr nights" is how long, "22hr" is how much.
    const value = match.token("low")?.value ?? 0;
    return value > LONGEST_SHIFT_HOURS ? money(match) : undefined;
  }),
  rule("pay", 4.6, "low:<num> hr|ph|hourly", (match) => {
    const { value = 0, text = "" } = match.token("low") ?? {};
    // "24 hr coverage", "40 hr week" are how long.
    const long = value > LONGEST_SHIFT_HOURS && !LENGTHS.has(value);
    return (long || text.includes(".")) && value < BARE_HOURLY_MAX ? money(match) : undefined;
  }),
  rule(
    "pay",
    6,
    `usd|us ~$? $? low:<num> ~lowk:k? ${SPAN} usd|us|$? ~$? high:<num> ~highk:k? ${UNIT}`,
    money,
  ),
  rule("pay", 6, `usd|us ~$? $? low:<num> ~lowk:k? ${SPAN} usd|us|$? ~$? high:<num> ~highk:k?`, money),
  rule("pay", 5.5, `usd|us ~$? $? low:<num> ~lowk:k? ${UNIT}`, money),
  rule("pay", 5, "usd low:<num> ~lowk:k?", money),
  rule("pay", 5, "us ~$ low:<num> ~lowk:k?", money),
  rule("pay", 6, "low:<num> - high:<num>", cents),
  rule("pay", 6, "low:<num> -|to high:<num> doe|neg|negotiable|depending|plus|dep", led),
  rule("pay", 2.6, "low:<num>", cents),
  rule(
    "pay",
    8,
    "starting|starts|start|from|base at|:|pay? $? low:<num> ,|-|and|to? up? to $? high:<num>",
    startingAt,
  ),
  rule("pay", 4.5, "starting|starts|start|from|base at|:|pay? $? low:<num>", startingAt),
  rule("aside", 5, "plus|+ tips|tip|gratuity|gratuities|propinas", () => ({})),
  // What the client is charged is nobody's wage.
  rule(
    "aside",
    9,
    "bill|billing|billed|charge|br rate|at|is|:|=|of? at|is|:|=|of? $? <num> /|per|an? hr|hour|h?",
    () => ({}),
  ),
  rule("pay", 5, "low:<num> plus|+ tips|tip|gratuity|gratuities|commission|propinas|benefits|bonus|ot", led),
  rule("pay", 5, "low:<num> plus|+ tips|tip|gratuity|gratuities|propinas", (match) => {
    const made = money(match);
    return made === undefined ? undefined : { ...made, weight: 10 };
  }),
  rule("pay", 6, `low:<amount> and|y a? half|medio|media <dollars>? ${HOURLY}`, (match) => {
    const pay = amountIn(match, "low");
    return pay === undefined || pay < LED_MIN || pay > BARE_HOURLY_MAX
      ? undefined
      : { pay: pay + 0.5, unit: unitOf(match) ?? "hour", weight: 15.5 };
  }),
  rule("pay", 6, `low:<amount> cents:<amount> <dollars>? ${HOURLY}`, inWordsWithCents),
  rule("pay", 6, `<paylead> is|of|at|are? low:<amount> cents:<amount>`, inWordsWithCents),
  rule("pay", 6, `<paylead> is|of|at|are? low:<amount>`, inWords),
  rule("pay", 6, `low:<amount> <dollars>? ${HOURLY}`, inWords),
  rule("pay", 6, `low:<amount> ${SPAN} high:<amount> <dollars>? ${HOURLY}`, inWords),
  rule("pay", 6, `low:<amount> <dollars>`, inWords),
  rule("pay", 6, `low:<num> +|plus ${HOURLY}`, money),
  rule("pay", 5, "low:<num> ~$ unit:<unit>?", (match) =>
    match.scope.tokens[match.to]?.kind === "number" ? undefined : money(match),
  ),
  rule(
    "pay",
    5,
    `<paylead> rate|is|:|=|at|of|es|de|@|range|-? is|:|=|at|of|es|de|$? $? low:<num> ~lowk:k? ${SPAN} $? high:<num> ${UNIT}`,
    led,
  ),
  rule(
    "pay",
    5,
    `<paylead> rate|is|:|=|at|of|es|de|@|range|-? is|:|=|at|of|es|de|$? $? low:<num> ~lowk:k? ${SPAN} $? high:<num>`,
    led,
  ),
  rule(
    "pay",
    5,
    `<paylead> rate|is|:|=|at|of|es|de|@|range|-? is|:|=|at|of|es|de|$? $? low:<num> ~lowk:k? ${UNIT}`,
    led,
  ),
  rule(
    "pay",
    4.5,
    "<paylead> rate|is|:|=|at|of|es|de|@|range|-? is|:|=|at|of|es|de|$? $? low:<num> ~lowk:k?",
    led,
  ),
  rule("pay", 5, `@ $? low:<num> ${SPAN} $? high:<num> ${UNIT}`, money),
  rule("pay", 5, `@ $? low:<num> ${UNIT}`, money),
  rule("pay", 6, "$ low:<num> -? ish", money),
  // "150 diarios", "$900 weekly".
  rule(
    "pay",
    6,
    "<paylead>? $? low:<num> unit:diarios|diarias|daily|semanales|semanal|weekly|mensuales|mensual|monthly|hourly|yearly|annually|anuales",
    (match) => {
      const made = money(match);
      return made?.pay === undefined || made.pay < LED_MIN ? undefined : { ...made, weight: 5.8 };
    },
  ),
  rule("pay", 8, "unit:day|daily|diem|hourly|weekly rate|pay|wage :|=|is|of|at? $? low:<num>", (match) => {
    const made = money(match);
    return made === undefined ? undefined : { ...made, weight: 8 };
  }),
  // "PR 18.50 BR 26": pay rate and bill rate.
  rule("pay", 6, "pr :|=|-|@|is? $? low:<num>", led),
  rule("aside", 6, "br|ot|dt|bill :|=|-|@|is? $? <num> ~/? ~hr|hour|h?", () => ({})),
  // What is spent is nobody's wage.
  rule(
    "aside",
    9,
    "budget|budgeted|invoice|total|totals|quote|quoted|deposit|fee|fees|cost|costs|bond|fine|presupuesto|amount is|of|:|=|for? $ <num>",
    () => ({}),
  ),
  rule("pay", 4, "@ low:<num>", (match) => {
    const text = match.token("low")?.text ?? "";
    const value = match.token("low")?.value ?? 0;
    // "@ 7" is a time, "@ 22" and "@ 7.25" are not.
    return value > 12 || text.includes(".") ? led(match) : undefined;
  }),
  rule(
    "pay",
    7,
    `${UPTO} to|of|more|at|over|exceed? than? $? low:<num> ~lowk:k? <dollars>? ${HOURLY}`,
    atMost,
  ),
  rule("pay", 7, `${UPTO} to|of|more|at|over|exceed? than? $ low:<num> ~lowk:k? ${UNIT}`, atMost),
  rule("pay", 7, `${UPTO} to|of|more|at|over|exceed? than? $ low:<num> ~lowk:k?`, atMost),
  rule("pay", 7, `${UPTO} to|of? low:<num> <dollars> ${UNIT}`, atMost),
  rule("pay", 7, `<paylead> is|:? ${UPTO} to|at? $? low:<num>`, atMost),
  rule("pay", 7, `$ low:<num> ${UNIT} max|maximum|tops`, atMost),
  rule("pay", 7, "$ low:<num> max|maximum|tops", atMost),
];

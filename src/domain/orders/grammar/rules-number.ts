// How many: numbers near to a role are people. Numbers that something else names are in rules-aside.ts.

import { CELL } from "../text/tokens.ts";
import { amountIn } from "./parts/amount.ts";
import { type Match, nothing, rule, type Rule } from "./pattern.ts";
import { isPlural, NAMING_PEOPLE } from "./rules-aside.ts";

const HEADCOUNT_MAX = 9999;

function counted(match: Match): { count: number; weight?: number } | undefined {
  const count = amountIn(match, "n");
  return count === undefined || count < 1 || count > HEADCOUNT_MAX || isYearOfDate(match)
    ? undefined
    : { count };
}

/** The same for a number in digits. */
function digits(match: Match): { count: number } | undefined {
  const count = match.token("n")?.value ?? 0;
  return count >= 1 && count <= HEADCOUNT_MAX ? { count } : undefined;
}

/** "Jan 4 2027 rn", "Dec 2026 servers": the year behind a date counts nothing. */
function isYearOfDate({ scope: { tokens, lexicon }, from }: Match): boolean {
  if (!/^20\d\d$/.test(tokens[from]?.text ?? "")) return false;
  return tokens.slice(Math.max(0, from - 4), from).some(({ word }) => lexicon.has(word, "month"));
}

/** Of a range of people the larger number: who orders "2-3 servers" has work for three. */
function range(match: Match): { count: number } | undefined {
  const low = amountIn(match, "low");
  const high = amountIn(match, "n");
  if (low === undefined || high === undefined || low >= high || high > HEADCOUNT_MAX) return undefined;
  return startsPeople(match) ? { count: high } : undefined;
}

/** Words that may stand between a number and its role. */
const BETWEEN = new Set(["modifier", "workplace"]);
const BETWEEN_MAX = 3;
/** Ages from which the law lets people work with machines and drinks. */
const AGES: ReadonlySet<number> = new Set([16, 18, 21]);
/** "2 PT LPNs": how much of a week, between a number and its role. */
const EMPLOYMENT: ReadonlySet<string> = new Set([
  "pt",
  "ft",
  "prn",
  "diem",
  "per",
  "p",
  "f",
  "t",
  "/",
  "time",
]);

/** A role or a word for people comes next, perhaps behind words that describe it. */
function startsPeople({ scope, to }: Match): boolean {
  const { tokens, lexicon, starts } = scope;
  for (let at = to; at <= to + BETWEEN_MAX; at++) {
    const token = tokens[at];
    if (token === undefined) return false;
    if (starts("role", at) !== undefined || lexicon.has(token.word, "people")) return true;
    const meanings = lexicon.meaningsOf(token.word);
    const passes =
      token.word === "-" ||
      token.word === CELL ||
      token.word === '"' ||
      token.word === "of" ||
      token.word === "de" ||
      token.word === "x" ||
      EMPLOYMENT.has(token.word) ||
      [...BETWEEN].some((kind) => meanings?.has(kind) === true);
    if (!passes) return starts("certificate", at) !== undefined || starts("language", at) !== undefined;
  }
  return false;
}

function beforePeople(match: Match): { count: number; weight?: number } | undefined {
  const made = counted(match);
  if (made === undefined || !startsPeople(match)) return undefined;
  const token = match.scope.tokens[match.from];
  const before = match.scope.tokens[match.from - 1];
  // "$5 cook", "#5 cook", "2:30 cook", "14-6 cook": the number ends something else.
  if (before !== undefined && token?.glued === true && "$#:/.-".includes(before.word)) return undefined;
  if (
    match.scope.lexicon.has(before?.word ?? "", "namer") &&
    before?.glued === false &&
    before.word !== "order" &&
    !NAMING_PEOPLE.has(before.word)
  )
    return undefined;
  // "one" is rather a pronoun: "no one", "this one".
  const pronoun =
    token?.word === "one" &&
    ["no", "this", "the", "any", "every", "some", "which", "each"].includes(before?.word ?? "");
  return pronoun ? undefined : { ...made, weight: 4 };
}

const CORRECTING = "make|lets|call|do|made";
const CHANGING =
  "change|bump|increase|raise|reduce|lower|decrease|cut|drop|update|revise|amend|adjust|move|take|bring|cambiar|cambia|subir|bajar";

/** What a number before them counts, and no people. */
const UNITS = ["yearword", "monthword", "hourword", "minutes", "mile", "half", "week", "day", "dollars"];

const CHANGES: ReadonlySet<string> = new Set(CHANGING.split("|"));
/** Tokens between a word for a change and the number. */
const CHANGED_REACH = 6;

function corrected(match: Match): { count: number; corrects: true } | undefined {
  const made = counted(match);
  const after = match.scope.tokens[match.to];
  const meanings = after === undefined ? undefined : match.scope.lexicon.meaningsOf(after.word);
  // "make it 6am", "not 3 years", "actually 18/hr" correct something else.
  const other =
    after !== undefined &&
    (((after.word === ":" || after.word === "/" || after.word === "-") && after.glued) ||
      after.word === "%" ||
      UNITS.some((kind) => meanings?.has(kind) === true));
  return made === undefined || other ? undefined : { count: made.count, corrects: true };
}

/** Words between a number and the last word of a title that nobody knows. */
const STRANGE_TITLE_MAX = 9;
const NO_TITLE = [
  "measure",
  "yearword",
  "monthword",
  "hourword",
  "minutes",
  "mile",
  "unit",
  "shiftword",
  "weekday",
  "month",
  "half",
  "week",
  "day",
  "dollars",
  "ordinal",
  "per",
  "prep",
  "lead",
];

/** "need 2 herring roe specialists": a number that begins what is asked for, before a title in the plural. */
function beforeStranger(match: Match): { count: number } | undefined {
  const made = counted(match);
  const { tokens, lexicon } = match.scope;
  const before = tokens[match.from - 1];
  const opens =
    before === undefined ||
    ["-", ":", "\n", ";", "/", CELL, "]", ")", "for", "of"].includes(before.word) ||
    match.scope.ends("place", match.from) ||
    lexicon.has(before.word, "lead") ||
    before.word === "short";
  if (made === undefined || !opens || tokens[match.to]?.glued === true) return undefined;
  for (let at = match.to; at < match.to + STRANGE_TITLE_MAX; at++) {
    const token = tokens[at];
    if (token === undefined || (token.kind === "mark" && token.word !== "/" && token.word !== "-"))
      return undefined;
    const meanings = lexicon.meaningsOf(token.word);
    if (at === match.to && meanings !== undefined && NO_TITLE.some((kind) => meanings.has(kind)))
      return undefined;
    if (meanings?.has("prep") === true) return undefined;
    const noun =
      lexicon.has(token.key, "head") ||
      (token.kind === "word" && token.key !== token.word && token.word.length > 4);
    if (noun || (made.count === 1 && lexicon.has(token.word, "head"))) return made;
  }
  return undefined;
}

/** "cook x4", "cooks - 3", "cooks: 3", "cooks (3)": the number stands behind the role. */
function behindRole(match: Match): { count: number; weight?: number } | undefined {
  const made = counted(match);
  if (made === undefined || !match.scope.ends("role", match.from)) return undefined;
  const after = match.scope.tokens[match.to];
  // "loader dock 14" is at a dock, "roofers 4 Monday" may be for Monday.
  const before = match.scope.tokens[match.from - 1];
  const named = match.from === match.to - 1 && match.scope.lexicon.has(before?.word ?? "", "namer");
  if (named || (saysWhen(match) && made.count === FOR)) return undefined;
  // "roofers 3 days" says how long.
  if (after !== undefined && UNITS.some((kind) => match.scope.lexicon.has(after.word, kind)))
    return undefined;
  const ends =
    after === undefined || after.kind === "mark"
      ? after?.glued !== true || ",;.)\n".includes(after.word)
      : saysWhen(match) ||
        match.scope.lexicon.has(after.word, "prep") ||
        match.scope.lexicon.has(after.word, "filler") ||
        match.scope.starts("place", match.to) !== undefined;
  return ends ? made : undefined;
}

/** "4 tmrw": what it sounds like. */
const FOR = 4;

/** An article before a single role, where another request is joined to it. */
function isInList({ scope, from, to }: Match): boolean {
  const { tokens, starts, ends } = scope;
  const end = starts("role", to);
  if (end === undefined || isPlural({ scope, to })) return false;
  const isRequest = (at: number): boolean => {
    const token = tokens[at];
    const counts =
      token?.kind === "number" || ARTICLES.has(token?.word ?? "") || scope.meanings[at]?.has("number");
    return counts === true && starts("role", at + 1) !== undefined;
  };
  let next = end;
  while (LIST_JOINS.has(tokens[next]?.word ?? "")) next++;
  let before = from - 1;
  while (LIST_JOINS.has(tokens[before]?.word ?? "")) before--;
  return (next > end && isRequest(next)) || (before < from - 1 && ends("role", before + 1));
}

const ARTICLES: ReadonlySet<string> = new Set(["a", "an", "un", "una"]);
const LIST_JOINS: ReadonlySet<string> = new Set([",", "and", "y", "e", "&", "+", "plus", "\n", "mas"]);

function each(match: Match): { count: number; each: true } | undefined {
  const made = counted(match);
  return made === undefined ? undefined : { ...made, each: true };
}

/** "Tampa FL, 3", "cna / 85201 / 3": a number alone at the end of a line, behind a place. */
function behindPlace(match: Match): { count: number } | undefined {
  const { tokens, ends } = match.scope;
  const after = tokens[match.to];
  const stop = after?.word === "." && (tokens[match.to + 1]?.word ?? "\n") === "\n";
  const last = after === undefined || after.word === "\n" || after.word === "favor" || stop;
  return last && ends("place", match.from) ? counted(match) : undefined;
}

/** "need 4" and nothing behind it that the number might count. */
function closed(match: Match): { count: number } | undefined {
  const after = match.scope.tokens[match.to];
  const ends =
    after === undefined ||
    saysWhen(match) ||
    (after.kind === "mark" && (!after.glued || [",", ";", ".", ")", "!", "\n"].includes(after.word)));
  return ends ? counted(match) : undefined;
}

/** "need 3 tomorrow", "cooks 3 Friday". */
function saysWhen({ scope, to }: Match): boolean {
  const meanings = scope.meanings[to];
  return meanings?.has("weekday") === true || meanings?.has("ahead") === true;
}

/** "same as last week but 4": what was ordered before, with another number. */
function again(match: Match): { count: number; corrects: true } | undefined {
  const { tokens, lexicon } = match.scope;
  const before = tokens.slice(Math.max(0, match.from - AGAIN_REACH), match.from);
  const same = before.some(({ word }) => ["same", "mismo", "misma", "igual", "like", "usual"].includes(word));
  const after = tokens[match.to];
  const ends = after === undefined || after.kind === "mark" || lexicon.has(after.word, "filler");
  return same && ends ? corrected(match) : undefined;
}

const WERE: ReadonlySet<string> = new Set(["was", "were", "eran", "antes", "originally"]);

/** Shorter numbers behind "load" or "truck" may count. */
const CODE_DIGITS_MIN = 3;

/** Words between "same" and the number that differs. */
const AGAIN_REACH = 8;

const CREWS: ReadonlySet<string> = new Set(["crew", "team", "gang", "squad"]);

export const NUMBER_RULES: readonly Rule[] = [
  rule("count", 4, "n:<amount>", beforePeople),
  rule("count", 5, "n:<amount> -? +|plus|ish", (match) => {
    const made = counted(match);
    // "21+ bartender" is an age.
    const dollars = match.scope.tokens[match.from - 1]?.word === "$";
    return startsPeople(match) && !dollars && !AGES.has(made?.count ?? 0) ? made : undefined;
  }),
  rule("count", 5, "n:<amount> or|to so|more", (match) => (startsPeople(match) ? counted(match) : undefined)),
  // "no more than 3 welders".
  rule("count", 9, "no|not more|less|fewer|over than? n:<amount>", (match) =>
    startsPeople(match) ? counted(match) : undefined,
  ),
  rule("count", 5, "between|from low:<amount> and|to|- n:<amount>", range),

  // Second thoughts: the number that holds, before or behind the one that does not.
  rule("count", 8, `${CORRECTING} that|it|this|us? a|an|to|now? n:<amount>`, corrected),
  rule(
    "count",
    8,
    "order|request|req|number|count|headcount|total? to|up|down n:<amount> instead|now",
    corrected,
  ),
  rule(
    "count",
    8,
    `${CHANGING} the|our|this|that|my? order|request|req|count|headcount|number|it|that? up|down? from|of? <amount>? to n:<amount>`,
    corrected,
  ),
  rule(
    "count",
    16,
    `${CORRECTING} that|it|this|us? a|an|to|now? n:<amount> ,? not|instead|rather of|than? <amount>`,
    corrected,
  ),
  rule("count", 8, "from? <amount>? to n:<amount>", (match) => {
    // "increase packers to 12".
    const { ends, tokens } = match.scope;
    const before = tokens.slice(Math.max(0, match.from - CHANGED_REACH), match.from);
    const named = ends("role", match.from) || ends("place", match.from);
    const changes = before.some(({ word }) => CHANGES.has(word)) && named;
    return changes ? corrected(match) : undefined;
  }),
  rule("count", 12, "n:<amount> ,? not|instead|rather of|than? <amount>", corrected),
  rule("count", 8, "not <amount> ,|but|-? n:<amount>", corrected),
  // "four no five servers", "three, no wait, make that four": a voice corrects itself.
  rule(
    "count",
    14,
    "<amount> ,|-|.? no|nope|nah|wait|sorry|perdon|digo|mejor ,|-? wait|sorry|actually|make|i|mejor|digo|perdon? that|it|mean|meant|dicho? ,|-? n:<amount>",
    corrected,
  ),
  // "welders 5 -> 7", "was 3 welders, now 5".
  rule("count", 12, "<int> -|=? >|→|⇒ n:<amount>", corrected),
  rule("count", 8, "now|ahora n:<amount>", (match) => {
    const before = match.scope.tokens.slice(Math.max(0, match.from - AGAIN_REACH), match.from);
    return before.some(({ word }) => WERE.has(word)) ? corrected(match) : undefined;
  }),
  rule("count", 7, "should|shouldve|needs|meant be|been|to|have? be|been? n:<amount>", corrected),
  rule(
    "count",
    7,
    "scratch|strike|correction|sorry|oops|wait|actually|perdon|mejor|digo|perdona|disculpa|edit|update|rather|hold|nvm that|,|:|-|no|i|we|make? ,|meant|mean|need|it|that? n:<amount>",
    corrected,
  ),
  rule("count", 7, "que sean n:<amount>", corrected),

  rule("count", 12, "1 ~/ ~2 a? dozen", () => ({ count: 6 })),
  rule("count", 2.4, "n:<amount>", beforeStranger),
  rule("count", 2.4, "n:<amount> x|×", beforeStranger),
  rule("count", 4.5, "n:<amount> ~x|×", counted),
  rule("count", 4.5, "n:<amount> x|×", (match) => (startsPeople(match) ? counted(match) : undefined)),
  rule("count", 4.5, "x|× n:<amount>", counted),
  rule("count", 5, "low:<amount> -|to|or|a|o n:<amount>", range),
  rule("count", 4, "( n:<amount> )", counted),
  rule("count", 4.5, "n:<amount> <people>", (match) => {
    const made = counted(match);
    // "3 positions": people; "7 spots on the wall" is rare enough.
    return made;
  }),
  rule(
    "count",
    5,
    "n:<amount> more|additional|extra|new|other|mas|good|able|strong|reliable? <people>",
    counted,
  ),
  // "stagehands at the expo, 6 of them".
  rule("count", 4, "n:<int> of|de them|those|these|us|ellos|ellas|nosotros", (match) => {
    const next = match.scope.tokens[match.to];
    return next === undefined || next.kind === "mark" || saysWhen(match) ? digits(match) : undefined;
  }),
  // "a 4-man crew of movers", "3 man framing crew".
  rule("count", 5, "n:<int> -? man|men|person|hombres|personas -? crew|team|gang|squad?", (match) => {
    const crew = CREWS.has(match.scope.tokens[match.to - 1]?.word ?? "");
    return crew || startsPeople(match) ? digits(match) : undefined;
  }),
  rule("count", 5, "team|crew|group|squad|cuadrilla|equipo|grupo of|de n:<amount>", counted),
  rule(
    "count",
    3.5,
    "<lead> me|us|over|out|just|up|like|about|another|at|least|exactly|some? n:<amount> more|additional|extra|mas|please|pls? to|who|that|for|para|pa|que|on|in|at|near|from|by|en",
    (match) => {
      const next = match.scope.tokens[match.to];
      const made = counted(match);
      // "need 3 in the morning", "looking at 6 for ...": a time.
      return next === undefined || match.scope.starts("clock", match.to) !== undefined ? undefined : made;
    },
  ),
  rule(
    "count",
    3.2,
    "<lead> me|us|over|out|just|up|like|about|another? n:<amount> more|additional|extra|mas|please|pls|tops|max",
    counted,
  ),
  rule("count", 4, "n:<amount> short|down|under|light|missing", counted),
  // "cna / 85201 / 3": a number that ends a row of fields.
  rule("count", 2.4, `/|;|,|-|.|(|${CELL} n:<amount> please|pls|plz|por|x|)?`, behindPlace),
  rule(
    "count",
    5,
    "how many :|=|-|?? \n? a|answer|caller|client|customer|them|him|her|me|foreman? :? n:<amount>",
    counted,
  ),
  rule("count", 5, "<qty> needed|is|of|required|workers|people? :|=|-|is|of? n:<amount>", counted),
  rule(
    "count",
    5,
    "# of|needed|people|workers|heads|positions|ppl? workers|people|heads|needed|positions|openings|staff? :|=? n:<amount>",
    (match) => (match.to - match.from > 2 ? counted(match) : undefined),
  ),
  rule("count", 3, `-|:|,|.|=|;|/|*|${CELL}? n:<amount>`, behindRole),
  // "roofers needed: 3".
  rule(
    "count",
    4,
    "needed|required|wanted|req|reqd|requested|requeridos|necesarios|open|openings|total :|-|=|(|# n:<amount>",
    counted,
  ),
  rule("count", 3, "needed|required|wanted|requested|requeridos|necesarios n:<amount>", closed),
  // "Heads: 8", as a form says it.
  rule("count", 4.6, "<people> :|= n:<amount>", (match) => {
    const before = match.scope.tokens[match.from - 1];
    return before === undefined || before.kind === "mark" ? counted(match) : undefined;
  }),
  // "#3 roofers"; "#3 roofer" is one of several.
  rule("count", 5, "# n:<amount>", (match) =>
    startsPeople(match) && isPlural(match) ? counted(match) : undefined,
  ),
  // "need people at the dock tomorrow, like 6".
  rule("count", 2.6, ",|- like|about|around|approx|maybe|say|probably|unos|unas|como n:<amount>", (match) =>
    match.to === match.scope.tokens.length ? counted(match) : undefined,
  ),
  // "loaders, Memphis 4": the last word.
  rule("count", 2.4, "n:<amount>", (match) => {
    const { tokens, ends } = match.scope;
    const own = tokens[match.from];
    // "not the Norman one" counts nothing.
    const number = own?.kind === "number" && !own.glued;
    return match.to === tokens.length && ends("place", match.from) && number ? counted(match) : undefined;
  }),
  rule("count", 8, "total is|of|:|=|now|ahora|es? now|at? n:<amount>", corrected),
  // "3 c/u meseros y cocineros", "cooks and servers, 2 each".
  rule("count", 6, "n:<amount> of? each|ea|apiece|cada uno|one?", each),
  rule("count", 6, "n:<amount> c ~/ ~u", each),
  // "RE: welders, need 4 (was 6)".
  rule(
    "count",
    3.4,
    "need|needs|want|wants|require|requires|necesito|necesitamos|ocupo|ocupamos|send :|=? n:<amount>",
    closed,
  ),
  rule(
    "count",
    7,
    "but|pero with|only|just|this|con|solo? time? n:<amount> this|people|guys|instead|now? time?",
    again,
  ),
  rule("count", 8, "now|ahora|currently n:<amount> ,|(? was|were|not|instead|antes of? <amount>", corrected),
  rule("aside", 4, "was|were|antes|previously|originally <amount>", (match) => {
    const after = match.scope.tokens[match.to];
    return after === undefined || after.kind === "mark" || after.word === "now" ? {} : undefined;
  }),
  rule("aside", 5, "looking|lookin|searching|look 4", nothing),
  // "we had 5 guys today but only need 3".
  rule(
    "aside",
    9,
    "had|sent|used|tuvimos|mandaron|vinieron <amount> <people>? today|yesterday|ayer|hoy|last|already|before",
    nothing,
  ),
  // "our baker quit today": no day of the order.
  rule(
    "aside",
    7,
    "quit|resigned|walked|fired|hurt|injured|renuncio|renunciaron out|off? today|tonight|yesterday|hoy|ayer|sunday|monday|tuesday|wednesday|thursday|friday|saturday",
    nothing,
  ),
  rule("count", 3.4, "son|somos|serian n:<amount>", closed),
  rule("aside", 7, "<coder> #|:|.|-|is|no|number? #|:? <letter>? ~-? <num> ~-? ~<num>?", (match) => {
    const own = match.scope.tokens.slice(match.from, match.to);
    return own.some(({ kind, text }) => kind === "number" && text.length >= CODE_DIGITS_MIN) ? {} : undefined;
  }),
  rule("count", 4, "n:<amount> needed|required|wanted|req|reqd|total", counted),
  rule(
    "count",
    4,
    "need|needs|short|find|send|want|wants|get|necesito|busco|ocupo|quiero|necesitamos|ocupamos a|an|un|una",
    (match) => {
      const { starts, tokens, lexicon } = match.scope;
      for (let at = match.to; at < match.to + 3; at++) {
        if (starts("role", at) !== undefined) return { count: 1, weight: 2.5 };
        if (
          !lexicon.has(tokens[at]?.word ?? "", "modifier") &&
          !lexicon.has(tokens[at]?.word ?? "", "workplace")
        )
          return undefined;
      }
      return undefined;
    },
  ),

  // "a cook, a dishwasher and two servers": one each, in a list.
  rule("count", 4, "a|an|un|una", (match) => (isInList(match) ? { count: 1, weight: 2.5 } : undefined)),
];

// What recognisers of places share: runs of words that may be a name, states in their forms, what may stand before a
// place and between a city and its state, and what else a word may be.

import { type Gazetteer, placeName } from "../places/gazetteer.ts";
import type { Lexicon } from "../tables/lexicon.ts";
import type { PlaceNames, StateName } from "../tables/nicknames.ts";
import { longestPhrase, type PhraseLinks } from "../tables/phrases.ts";
import { CELL, type Token } from "../text/tokens.ts";
import type { Of } from "./claim.ts";

export interface PlaceKnowledge {
  readonly gazetteer: Gazetteer;
  readonly names: PlaceNames;
  readonly lexicon: Lexicon;
  readonly links: PhraseLinks;
  readonly isTitleWord: (key: string) => boolean;
  /** Whether a word is a common first or last name. */
  readonly isPersonName: (word: string) => boolean;
  /** The titles that the text may have. */
  readonly titles: readonly Of<"role">[];
  readonly caseless: boolean;
  readonly titled: boolean;
}

export interface PlaceWords extends PlaceKnowledge {
  /** The state that is named at each token of the text. */
  readonly states: readonly (FoundState | undefined)[];
  /** Whether each token may be part of a title. */
  readonly isTitled: Uint8Array;
}

export type PlaceClaim = Of<"place">;

/** A run of words that may be a city's name. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly words: number;
}

export interface FoundState {
  readonly code: string;
  readonly to: number;
  readonly form: StateName["form"];
  /** Said so that no word can be meant: a whole name, or a code in capitals among small letters. */
  readonly clear: boolean;
}

const CITY_WORDS_MAX = 4;

/** Codes that are words of English or Spanish as well. */
export const WORD_CODES: ReadonlySet<string> = new Set(
  "in or me hi ok oh la ma pa al id de co mo md ms mt ne ar ga ia il ct va wa va sd nd mi ak as".split(" "),
);
/** Of those, words that hardly any text is without. */
export const COMMON_CODES: ReadonlySet<string> = new Set([
  "in",
  "or",
  "me",
  "hi",
  "ok",
  "de",
  "la",
  "al",
  "as",
  "id",
  "co",
  "ma",
  "pa",
  "oh",
]);

const LEADS: Readonly<Record<string, number>> = {
  in: 1.3,
  near: 1.3,
  around: 1.1,
  outside: 1.1,
  en: 1.2,
  nr: 1.1,
  "@": 0.8,
  at: 0.8,
  by: 0.5,
  serving: 0.8,
  greater: 1,
  downtown: 1,
  throughout: 1,
  across: 1,
  of: 0.5,
  de: 0.5,
  from: 0.5,
  to: 0.2,
  for: 0.2,
  para: 0.2,
  cerca: 1,
  ",": 0.7,
  "-": 0.5,
  "/": 0.4,
  ":": 0.5,
  "(": 0.6,
  "\n": 0.4,
  "¦": 0.5,
  ";": 0.4,
};

/** The runs of words that start here, the longest first: hyphens and the points of "St." and "Ft." do not end them. */
export function runsAt(tokens: readonly Token[], from: number, lexicon: Lexicon): Run[] {
  const runs: Run[] = [];
  const parts: string[] = [];
  let at = from;
  while (at < tokens.length && parts.length < CITY_WORDS_MAX) {
    const token = tokens[at] as Token;
    if (token.kind !== "word" || isClosed(token, lexicon)) break;
    // "No. Charleston" is in the north, "no Charleston" is not wanted.
    if (parts.length === 0 && CUT_DIRECTIONS.has(token.word) && tokens[at + 1]?.word !== ".") break;
    parts.push(token.word);
    at++;
    runs.push({ from, to: at, name: placeName(parts.join(" ")), words: parts.length });
    const mark = tokens[at];
    if (mark?.kind !== "mark" || !mark.glued) continue;
    const short = mark.word === "." && ABBREVIATED.has(token.word);
    const hyphen = mark.word === "-" && tokens[at + 1]?.glued === true;
    // "Land O' Lakes".
    const elided = mark.word === "'" && token.word === "o";
    if (short || hyphen || elided) at++;
  }
  return runs.reverse();
}

const CUT_DIRECTIONS: ReadonlySet<string> = new Set(["no", "so"]);

/** Words of the closed vocabulary that no place begins with or runs over. */
function isClosed({ word, capital }: Token, lexicon: Lexicon): boolean {
  if (word.length < 3 || PLACE_WORDS.has(word)) return false;
  const meanings = lexicon.meaningsOf(word);
  if (meanings === undefined || capital) return false;
  return CLOSED_CLASSES.some((kind) => meanings.has(kind));
}

const CLOSED_CLASSES = ["prep", "lead", "neg", "closing", "urgent", "subject", "people"];
const PLACE_WORDS: ReadonlySet<string> = new Set([
  "the",
  "los",
  "las",
  "del",
  "new",
  "order",
  "cover",
  "short",
  "fort",
  "greater",
  "fill",
  "place",
  "head",
  "hot",
  "show",
]);

export const ABBREVIATED: ReadonlySet<string> = new Set([
  "st",
  "ft",
  "mt",
  "ste",
  "n",
  "s",
  "e",
  "w",
  "no",
  "so",
  "pt",
  "twp",
]);

/** Words of names of places. */
export const GEOGRAPHIC: ReadonlySet<string> = new Set(
  "beach island islands city park lake lakes river creek springs spring falls valley hill hills mountain point harbor port bay ridge heights grove village town township center station junction crossing bluff bluffs rock landing prairie forest glen cove canyon mesa vista fort camp north south east west new old big little grand green white black red upper lower mill mills field fields wood woods bridge ford haven shore shores isle key cape palm pine oak cedar rose bear eagle fish deer elk".split(
    " ",
  ),
);

export function stateAt(
  tokens: readonly Token[],
  from: number,
  { names, links, caseless }: PlaceKnowledge,
): FoundState | undefined {
  const token = tokens[from];
  if (token?.kind !== "word") return undefined;
  const found = longestPhrase(names.states, tokens, links, from);
  const [state] = found?.values ?? [];
  if (found === undefined || state === undefined) return undefined;
  // "L.A." is the city.
  if (state.code === "LA" && token.word === "l") return undefined;
  const upper = token.text === token.text.toUpperCase();
  // "LA state": what is not the city.
  if (
    tokens[found.to]?.word === "state" &&
    state.form !== "short" &&
    tokens[found.to + 1]?.word !== "university"
  )
    return { code: state.code, to: found.to + 1, form: "name", clear: true };
  const clear = state.form === "name" || (state.form === "code" && upper && !caseless);
  // "Minn." and "Calif." keep their point.
  const mark = tokens[found.to];
  const point =
    mark?.word === "." &&
    mark.glued &&
    (state.form === "short" || (state.form === "code" && isPrinted(tokens, from, state.code)));
  return {
    code: state.code,
    to: found.to + (point ? 1 : 0),
    form: state.form,
    clear: clear || point || token.upper,
  };
}

/** Another title in the same text than the name itself may be. */
export function hasTitleBeside({ titles }: PlaceWords, { from, to }: Pick<Run, "from" | "to">): boolean {
  return titles.some(
    ({ value, corrections, ...claim }) =>
      value.form === "title" &&
      (corrections === undefined || corrections.length === 0) &&
      (claim.to <= from || claim.from >= to),
  );
}

/** "cooks in Pa.", "Reading, Pa.": codes that print has long had, with a small letter and a point. */
function isPrinted(tokens: readonly Token[], at: number, code: string): boolean {
  const [token, before] = [tokens[at] as Token, tokens[at - 1]];
  return (
    PRINTED_CODES.has(code) &&
    token.capital &&
    !token.upper &&
    before !== undefined &&
    (before.word === "," || before.word === "in" || before.kind === "word")
  );
}

const PRINTED_CODES: ReadonlySet<string> = new Set("PA VA MD GA LA KY VT MO CT".split(" "));

/** What may stand between a city and its state. */
export function behindCity(tokens: readonly Token[], at: number): { at: number; open: boolean }[] {
  const mark = tokens[at];
  if (mark?.kind !== "mark") return [{ at, open: false }];
  if (mark.word === "(") return [{ at: at + 1, open: true }];
  return [",", "-", "/", "."].includes(mark.word) ? [{ at: at + 1, open: false }] : [];
}

export const SMALL_CLASSES = [
  "filler",
  "lead",
  "prep",
  "weekday",
  "number",
  "ahead",
  "people",
  "modifier",
  "urgent",
  "shiftname",
  "daypart",
  "neg",
];

export function stateKey(tokens: readonly Token[], { from, to }: Pick<Run, "from" | "to">): string {
  return tokens
    .slice(from, to)
    .map(({ key }) => key)
    .join("");
}

export function isWordLike({ word, key }: Token, { lexicon, isTitleWord }: PlaceWords): boolean {
  return lexicon.meaningsOf(word) !== undefined || isTitleWord(key);
}

export function leadOf(tokens: readonly Token[], at: number): number {
  let before = tokens[at - 1];
  if (before === undefined) return 0;
  if (before.word === "the" || before.word === "downtown") before = tokens[at - 2] ?? before;
  return Object.hasOwn(LEADS, before.word) ? (LEADS[before.word] ?? 0) : 0;
}

export function endsSegment(next: Token | undefined, lexicon: Lexicon): boolean {
  if (next === undefined || next.kind !== "word" || next.word === "or" || next.word === "and") return true;
  return ["weekday", "ahead", "prep", "shiftname", "urgent", "next", "this", "lead", "month"].some((kind) =>
    lexicon.has(next.word, kind),
  );
}

/** "MACKINAC" and "mackinac" as "Mackinac"; what has capitals of its own keeps them. */
export function titleCase(word: string): string {
  const mixed = /\p{Lu}/u.test(word) && /\p{Ll}/u.test(word);
  return mixed
    ? word
    : word.toLowerCase().replace(/(?<![\p{L}\p{M}'’])\p{L}/gu, (letter) => letter.toUpperCase());
}

/**
 * "Gary in" is Gary, Indiana, at the end of what is said, and "Gary in the morning" is not. Where the name is the first of
 * what is said, or a preposition leads to it, a title may follow: "PORTLAND ME WELDERS".
 */
export function mayBeCode(
  tokens: readonly Token[],
  from: number,
  at: number,
  state: FoundState,
  { isTitled }: Pick<PlaceWords, "isTitled">,
): boolean {
  const { word, kind } = tokens[at] as Token;
  if (kind !== "word" || state.form !== "code" || !WORD_CODES.has(word)) return true;
  const next = tokens[state.to];
  if (next === undefined || next.kind !== "word" || !COMMON_CODES.has(word) || AFTER_CODE.has(next.word))
    return true;
  const opens = from === 0 || tokens[from - 1]?.word === "\n" || tokens[from - 1]?.word === CELL;
  return isTitled[state.to] === 1 && (opens || leadOf(tokens, from) >= 1);
}

const AFTER_CODE: ReadonlySet<string> = new Set(
  "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday tomorrow tmrw today tonight asap next this start starting for from at on need needs nights days overnight starts urgent lunes martes manana pay pays paying usa".split(
    " ",
  ),
);

/** Residents: below it a place is hardly known beyond its county. */
export const HAMLET_POPULATION_MAX = 2000;
export const LARGE_TOWN_MIN = 50_000;

/** "Mercy Hospital", "Hampton Inn": behind a name, what the name is of. */
export function namesHouse(token: Token | undefined): boolean {
  return token?.capital === true && HOUSES.has(token.word);
}

const HOUSES: ReadonlySet<string> = new Set(
  "hospital medical clinic health healthcare church school elementary academy college university hotel inn suites resort casino arena stadium mall foods farms logistics inc llc corp company group".split(
    " ",
  ),
);

const COMPASS: ReadonlySet<string> = new Set(["n", "s", "e", "w", "north", "south", "east", "west"]);

/** "E. St. Louis" is no St. Louis. */
export function endsLonger(
  tokens: readonly Token[],
  { from, to }: Pick<Run, "from" | "to">,
  gazetteer: Gazetteer,
): boolean {
  const point = tokens[from - 1]?.word === "." && tokens[from - 1]?.glued === true;
  const direction = tokens[point ? from - 2 : from - 1];
  if (direction === undefined || !COMPASS.has(direction.word)) return false;
  const own = tokens.slice(from, to).flatMap(({ kind, word }) => (kind === "mark" ? [] : [word]));
  const [longer] = gazetteer.named(placeName([direction.word, ...own].join(" ")));
  return longer !== undefined && longer.population >= HAMLET_POPULATION_MAX;
}

// A text as tokens: words, numbers and marks, each with where it stands. Everything that reads an order reads these.
// Linear in the text, of which the first 4,096 characters count: an order is a line or a mail, not a book.

import { folded, singular } from "./words.ts";

export interface Token {
  readonly kind: "word" | "number" | "mark";
  /** As it was typed. */
  readonly text: string;
  /** Lower case, without accents and apostrophes. */
  readonly word: string;
  /** Singular of `word`. */
  readonly key: string;
  /** Of a number, else NaN. */
  readonly value: number;
  /** In the text, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Nothing stands between this token and the one before. */
  readonly glued: boolean;
  /** Begins with a capital, in a text where capitals say something. */
  readonly capital: boolean;
  /** All capitals, in a text where capitals say something. */
  readonly upper: boolean;
}

export interface TokenText {
  readonly text: string;
  readonly tokens: readonly Token[];
  /** Nearly all letters are capitals, or none is: case says nothing. */
  readonly caseless: boolean;
  /** Every word of some length begins with a capital, as in a title. */
  readonly titled: boolean;
}

const TEXT_CHARS_MAX = 4096;
/** No word of a table is longer; the rest of a longer run is not compared. */
export const WORD_CHARS_MAX = 40;

const TOKEN =
  /(?<![\d.,])2(?:nite|night|day|moro|morrow|mrw|mro)\b|\p{L}[\p{L}\p{M}]*(?:['’]\p{L}+)*|\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d{1,2}(?!\d))?|\d+(?:\.\d{1,2}(?!\d|\.\d))?|[\n\t]|\S/gu;
const OPEN_PLURAL = /(?<=\p{L})\((?:e?s|a|as|es)\)/gu;
/** "Openings......: 6": points that lead to what a form says. */
const LEADERS = /[._]{2,}(?=\s*:)/g;
const UPPER = /\p{Lu}/gu;
const LETTER = /\p{L}/gu;
/** Of the letters: above it capitals say nothing. */
const SHOUTING_SHARE = 0.75;

export function tokensOf(whole: string): TokenText {
  const text = whole.slice(0, TEXT_CHARS_MAX);
  // "housekeeper(s)" is "housekeepers"; the length stays.
  const blank = (run: string): string => " ".repeat(run.length);
  const plain = text.replaceAll(OPEN_PLURAL, blank).replaceAll(LEADERS, blank);
  const letters = text.match(LETTER)?.length ?? 0;
  const capitals = text.match(UPPER)?.length ?? 0;
  const caseless = capitals === 0 || capitals > letters * SHOUTING_SHARE;
  const tokens: Token[] = [];
  let end = -1;
  for (const { 0: run, index } of plain.matchAll(TOKEN)) {
    tokens.push(tokenOf(run, index, index === end, caseless));
    end = index + run.length;
  }
  const said = withoutHesitation(tokens);
  const words = said.filter(({ kind, word }) => kind === "word" && word.length > 3);
  return { text, tokens: said, caseless, titled: words.every(({ capital }) => capital) };
}

/** "three, uh, forklift drivers at um six": what a voice says while it thinks is no word of the order. */
function withoutHesitation(tokens: readonly Token[]): readonly Token[] {
  const isHesitation = (token: Token | undefined): boolean =>
    token !== undefined && HESITATIONS.has(token.word) && !token.upper;
  if (!tokens.some(isHesitation)) return tokens;
  return tokens.filter((token, at) => {
    const comma = token.word === "," || token.word === "…";
    return !isHesitation(token) && !(comma && (isHesitation(tokens[at - 1]) || isHesitation(tokens[at + 1])));
  });
}

const HESITATIONS: ReadonlySet<string> = new Set([
  "um",
  "umm",
  "uh",
  "uhh",
  "uhm",
  "eh",
  "ehh",
  "hmm",
  "mmm",
]);

function tokenOf(run: string, start: number, glued: boolean, caseless: boolean): Token {
  const end = start + run.length;
  const first = run.charCodeAt(0);
  const digits = first >= 48 && first <= 57;
  if (digits && !SOUNDED.test(run)) {
    const value = Number(run.replaceAll(",", ""));
    return {
      kind: "number",
      text: run,
      word: run,
      key: run,
      value,
      start,
      end,
      glued,
      capital: false,
      upper: false,
    };
  }
  if (digits || LETTER_FIRST.test(run)) {
    const word = folded(run.slice(0, WORD_CHARS_MAX));
    const capital = !caseless && CAPITAL_FIRST.test(run);
    const upper = capital && run.length > 1 && run === run.toUpperCase();
    return {
      kind: "word",
      text: run,
      word,
      key: singular(word),
      value: Number.NaN,
      start,
      end,
      glued,
      capital,
      upper,
    };
  }
  const word = DASHES.has(run) ? "-" : CELL_MARKS.has(run) ? CELL : run;
  return {
    kind: "mark",
    text: run,
    word,
    key: word,
    value: Number.NaN,
    start,
    end,
    glued,
    capital: false,
    upper: false,
  };
}

/** "2nite". */
const SOUNDED = /^2[a-z]/i;
const LETTER_FIRST = /^\p{L}/u;
const CAPITAL_FIRST = /^\p{Lu}/u;
/** The mark between two cells of a row: typed as a pipe, and pasted from a sheet as a tab. */
export const CELL = "¦";
const CELL_MARKS: ReadonlySet<string> = new Set(["|", "\t", CELL]);
const DASHES: ReadonlySet<string> = new Set(["-", "–", "—", "‐", "‑", "−"]);

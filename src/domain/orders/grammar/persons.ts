// Claims to a person: a name of two or three words, or the number of a worker. A name is likely where one of its words is
// a common first or last name, and likelier when it is all that was typed.

import type { Lexicon } from "../tables/lexicon.ts";
import type { PersonNames } from "../tables/names.ts";
import type { Token } from "../text/tokens.ts";
import type { Of } from "./claim.ts";
import { leadOf, titleCase } from "./place-words.ts";

export interface NameWords {
  readonly names: PersonNames;
  readonly lexicon: Lexicon;
  readonly isTitleWord: (key: string) => boolean;
  /** Whether a name is rather a place's. */
  readonly isPlace: (name: string) => boolean;
}

type PersonClaim = Of<"person">;

const NAME_WORDS_MAX = 4;
/** Words that may stand around a name that is searched for. */
const SEARCH_WORDS: ReadonlySet<string> = new Set(
  "find show me is are did does has was will confirm confirmed up schedule scheduled shift shifts text call email message her his their address pay rate last worked whats look up lookup search for who where s whats what get the a worker employee candidate associate person named name called available phone number of about profile record details info please pull open busca buscar muestra quien es donde esta trabajador empleado disponible status today tomorrow can you do we have hows free working contact availability schedules again back work come cover next this week weekend tonight monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun send".split(
    " ",
  ),
);

export function personClaims(tokens: readonly Token[], words: NameWords): PersonClaim[] {
  const claims: PersonClaim[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const name = nameAt(tokens, at, words);
    if (name !== undefined) claims.push(name);
    const id = idAt(tokens, at, words);
    if (id !== undefined) claims.push(id);
  }
  return claims;
}

function nameAt(tokens: readonly Token[], from: number, words: NameWords): PersonClaim | undefined {
  const { names, lexicon } = words;
  const first = tokens[from] as Token;
  if (first.kind !== "word" || first.word.length < 2) return undefined;
  // "in Ridgefield Park".
  if (leadOf(tokens, from) >= 1) return undefined;
  const turned = turnedName(tokens, from, words);
  if (turned !== undefined) return turned;
  const barred = firstNameAlone(tokens, from, words);
  // "anyone but Mike Reno NV".
  if (barred !== undefined && words.isPlace(tokens[from + 1]?.word ?? "")) return barred;
  let to = from;
  const own: Token[] = [];
  let hyphen = false;
  while (to < tokens.length && own.length < NAME_WORDS_MAX) {
    const token = tokens[to] as Token;
    if (token.kind !== "word") break;
    // A word of orders ends a name, if it is no name as well ("May Long").
    const particle = own.length > 0 && PARTICLES.has(token.word) && tokens[to + 1]?.kind === "word";
    const closed =
      !particle &&
      !(own.length > 0 && token.word.length === 1 && token.capital) &&
      lexicon.meaningsOf(token.word) !== undefined &&
      !names.first.has(token.word) &&
      !names.last.has(token.word) &&
      !(tokens.length <= NAME_ALONE_TOKENS_MAX && isWordAndName(token, lexicon)) &&
      !(own.length === 1 && isSurnameAndWord(token, first, words) && isAlone(tokens, from, to + 1));
    if (closed || (own.length > 0 && !isNameWord(token, first))) break;
    own.push(token);
    to++;
    const mark = tokens[to];
    const next = tokens[to + 1];
    const initial = token.word.length === 1 && mark?.word === "." && mark.glued;
    hyphen = mark?.word === "-" && mark.glued && next?.glued === true;
    if (initial || hyphen) to++;
    else if (mark?.kind === "mark") break;
  }
  // "john smith phoenix": a town behind a name is where.
  const surname = (own.at(-2)?.word.length ?? 0) > 1;
  if (!hyphen && own.length > 2 && surname && !tokens[to - 1]?.glued && words.isPlace(own.at(-1)?.word ?? ""))
    to = dropLast(own, to);
  const last = own.at(-1);
  const possessive = last !== undefined && POSSESSIVE.test(last.text);
  if (last === undefined || own.length < 2 || last.word.length < 2) return barred;
  // "Savannah GA" is nobody.
  if (last.upper && last.word.length === 2 && !first.upper) return barred;
  const knownFirst = names.first.has(first.word);
  const knownLast = names.last.has(possessive ? last.word.slice(0, -1) : last.word);
  const capital = own.every((token) => token.capital || token.word.length < 3);
  // "Kathleen Butcher", and nothing else.
  const trade = own.length === 2 && isSurnameAndWord(last, first, words) && isAlone(tokens, from, to);
  const odd = own.filter(
    (token) =>
      words.isTitleWord(token.key) &&
      !names.first.has(token.word) &&
      !names.last.has(token.word) &&
      !(trade && token === last),
  ).length;
  const asked =
    capital &&
    isAskedAfter(tokens, from, to) &&
    own.every(({ word }) => lexicon.meaningsOf(word) === undefined);
  // "KOWALSKI PETER", "LASHAWN WILLIAMS", and nothing else: half of it is known, and the rest is no word.
  const rest = own.filter(({ word }) => !names.first.has(word) && !names.last.has(word));
  const listed =
    own.length === 2 &&
    rest.length <= 1 &&
    isAlone(tokens, from, to) &&
    rest.every(({ word }) => lexicon.meaningsOf(word) === undefined) &&
    (capital || first.text === first.text.toUpperCase()) &&
    (names.first.has(last.word) || (knownLast && !capital));
  const strange = capital && isStrangeName(tokens, from, to, own, words);
  if (odd > 0 || (!knownFirst && !(knownLast && capital) && !asked && !listed && !strange)) return undefined;
  if (!knownLast && !capital && lexicon.meaningsOf(last.word) !== undefined) return undefined;
  const alone = isAlone(tokens, from, to);
  if (!capital && !alone && !(knownFirst && knownLast)) return undefined;
  const weight =
    1.6 +
    (knownFirst ? 1.2 : 0) +
    (knownLast ? 1.2 : 0) +
    (capital ? 0.8 : 0) +
    (alone ? 1.6 : 0) +
    0.6 * (own.length - 2);
  if (words.isPlace(own.map(({ word }) => word).join(" "))) return undefined;
  const text = own.map((token) => titleCase(token.text)).join(" ");
  const name = (hyphen || own.length > 2 ? nameText(tokens, from, to) : text).replace(POSSESSIVE, "");
  return { kind: "person", value: { name }, from, to, weight };
}

/** Endings of words for somebody who does something, and for what is done. */
const TRADE_ENDING =
  /(?:[^l]er|or|ist|ian|ant|ent|ician|ics|ing|tion|ment|ship|ware|tech|logy|graphy|aide|clerk|hand|keeper|smith|man|men|woman|care|ance|ence|ity|ness|ism|ess|ive|ure|ous|ory|ary|dor|dora|ero|era|ista|cion|dad)s?$/;

/** "Rosalia Battle": words with capitals that nobody knows, and nothing else, are somebody's name rather than a title. */
function isStrangeName(
  tokens: readonly Token[],
  from: number,
  to: number,
  own: readonly Token[],
  { names, lexicon }: NameWords,
): boolean {
  if (own.length > STRANGE_NAME_WORDS_MAX || !isAlone(tokens, from, to)) return false;
  const [first, last] = [own[0], own.at(-1)];
  const known = names.first.has(first?.word ?? "") || names.last.has(last?.word ?? "");
  return own.every((token) => {
    const { word, key, upper, text } = token;
    if (names.first.has(word) || names.last.has(word)) return true;
    const plural = key !== word && !/[^s]ss$/.test(word);
    return (
      !upper &&
      text.length >= STRANGE_NAME_LETTERS_MIN &&
      !plural &&
      (lexicon.meaningsOf(word) === undefined || (known && isWordAndName(token, lexicon))) &&
      !TRADE_ENDING.test(word)
    );
  });
}

/** "Ruby Torres", "Rodney Sweet": a word of the language with a capital, as names are. */
function isWordAndName({ word, capital, upper }: Token, lexicon: Lexicon): boolean {
  const meanings = lexicon.meaningsOf(word);
  return capital && !upper && meanings?.size === 1 && meanings.has("common");
}

/** "Don Fish", "Kathleen Butcher": behind a first name that is no town a word with a capital is a last name. */
function isSurnameAndWord(
  { word, key, capital, upper }: Token,
  first: Token,
  { names, lexicon, isPlace }: NameWords,
): boolean {
  const meanings = lexicon.meaningsOf(word);
  return (
    capital &&
    !upper &&
    key === word &&
    first.capital &&
    names.first.has(first.word) &&
    lexicon.meaningsOf(first.word) === undefined &&
    !isPlace(first.word) &&
    (meanings === undefined || [...meanings.keys()].every((kind) => NAME_CLASSES.has(kind)))
  );
}

/** Classes of words that are last names as well. */
const NAME_CLASSES: ReadonlySet<string> = new Set([
  "common",
  "workplace",
  "street",
  "measure",
  "head",
  "unit",
]);

/** A name, and a word or two of searching for it. */
const NAME_ALONE_TOKENS_MAX = 5;

const STRANGE_NAME_WORDS_MAX = 3;
const STRANGE_NAME_LETTERS_MIN = 3;

/** "is Tomasz Kowalczyk free", "send Hank Lindqvist again": what is asked after so is a person, whatever the name. */
function isAskedAfter(tokens: readonly Token[], from: number, to: number): boolean {
  if (!isAlone(tokens, from, to)) return false;
  const before = tokens[from - 1]?.word ?? "";
  const after = tokens[to]?.word ?? "";
  return (ASKING_AFTER.has(before) && to < tokens.length) || (before === "send" && AGAIN.has(after));
}

const ASKING_AFTER: ReadonlySet<string> = new Set(["is", "can", "does", "did", "has", "was", "will"]);
const AGAIN: ReadonlySet<string> = new Set(["again", "back"]);

/** "not Mike", "anyone but Dana": a first name alone says who is not wanted, and never who is. */
function firstNameAlone(
  tokens: readonly Token[],
  from: number,
  { names, lexicon, isTitleWord, isPlace }: NameWords,
): PersonClaim | undefined {
  const { word, key, text } = tokens[from] as Token;
  const before = tokens[from - 1];
  const denies = before !== undefined && (BARRING.has(before.word) || lexicon.has(before.word, "neg"));
  if (!denies || !names.first.has(word) || lexicon.meaningsOf(word) !== undefined) return undefined;
  if (isTitleWord(key) || isPlace(word)) return undefined;
  return { kind: "person", value: { name: titleCase(text) }, from, to: from + 1, weight: 3 };
}

/** Besides words of negation, what stands before somebody who is not wanted: "anyone but", "do not send". */
const BARRING: ReadonlySet<string> = new Set(["but", "send", "use", "than", "besides", "pero"]);

/** "Carter's number". */
const POSSESSIVE = /['’]s$/i;

function dropLast(own: Token[], to: number): number {
  own.pop();
  return to - 1;
}

/** "Robertson, Sarah", when nothing else is said. */
function turnedName(tokens: readonly Token[], from: number, words: NameWords): PersonClaim | undefined {
  const { names, lexicon, isTitleWord, isPlace } = words;
  const [last, comma, first] = [tokens[from], tokens[from + 1], tokens[from + 2]];
  if (comma?.word !== "," || last === undefined || first?.kind !== "word") return undefined;
  const capitals = first.capital && last.capital;
  const isName = ({ key, word }: Token): boolean =>
    !isTitleWord(key) && !isPlace(word) && lexicon.meaningsOf(word) === undefined;
  const [knownLast, knownFirst] = [names.last.has(last.word), names.first.has(first.word)];
  const known =
    (knownLast && (knownFirst || (capitals && isName(first)))) ||
    (knownFirst && capitals && (isName(last) || isWordAndName(last, lexicon)));
  if (!known || !isAlone(tokens, from, from + 3)) return undefined;
  const name = `${titleCase(first.text)} ${titleCase(last.text)}`;
  return { kind: "person", value: { name }, from, to: from + 3, weight: 6 };
}

function isNameWord(token: Token, first: Token): boolean {
  return token.capital === first.capital || token.word.length === 1 || PARTICLES.has(token.word);
}

const PARTICLES: ReadonlySet<string> = new Set(["de", "la", "del", "van", "von", "san", "los", "st"]);

function nameText(tokens: readonly Token[], from: number, to: number): string {
  return tokens
    .slice(from, to)
    .map(
      ({ text, kind, glued }, number) =>
        `${number > 0 && !glued ? " " : ""}${kind === "word" && !(number > 0 && PARTICLES.has(text)) ? titleCase(text) : text}`,
    )
    .join("");
}

/** Whether nothing but words of searching stands around. */
function isAlone(tokens: readonly Token[], from: number, to: number): boolean {
  return tokens.every(
    ({ kind, word }, at) => (at >= from && at < to) || kind === "mark" || SEARCH_WORDS.has(word),
  );
}

const ID_DIGITS = /^\d{2,12}$/;
const CODE_DIGITS = /^\d{1,12}$/;
const ID_DIGITS_MIN = 3;
const ID_LETTERS_MAX = 4;
/** What looks like a worker's number and is something else. */
const OTHER_IDS: ReadonlySet<string> = new Set([
  "i",
  "us",
  "sr",
  "hwy",
  "osha",
  "f",
  "covid",
  "part",
  "mig",
  "tig",
  "ss",
  "ga",
  "level",
  "class",
  "po",
  "inv",
  "so",
  "wo",
  "jo",
  "order",
  "x",
  "bldg",
  "dock",
  "cdl",
  "zip",
  "epa",
  "cook",
  "cna",
  "rn",
  "lpn",
  "w2",
  "a",
  "mi",
]);

/** "w-4505", "EMP_00123", "worker 4505", "employee id #4505". */
function idAt(tokens: readonly Token[], from: number, { lexicon }: NameWords): PersonClaim | undefined {
  const token = tokens[from] as Token;
  if (token.kind !== "word") return undefined;
  const whole = coded(tokens, from);
  const glued = tokens[from + 1]?.kind === "number" && tokens[from + 1]?.glued === true;
  if (lexicon.has(token.word, "idword") && !glued && (whole === undefined || !whole.joined)) {
    let at = from + 1;
    while (["id", "number", "no", "num", "#", ":", ".", "is", "member", "-"].includes(tokens[at]?.word ?? ""))
      at++;
    const number = tokens[at];
    if (
      number?.kind === "number" &&
      ID_DIGITS.test(number.text) &&
      ((at > from + 1 && tokens[at - 1]?.word !== "-") || number.text.length >= 3)
    ) {
      const weight = 5 + (isAlone(tokens, from, at + 1) ? 2 : 0);
      return { kind: "person", value: { id: number.text }, from, to: at + 1, weight };
    }
    if (number?.kind === "word") {
      const inner = coded(tokens, at);
      if (inner !== undefined)
        return { kind: "person", value: { id: inner.id }, from, to: inner.to, weight: 6 };
    }
  }
  const code = whole;
  if (code === undefined) return undefined;
  const alone = isAlone(tokens, from, code.to);
  // "A-1029" alone is somebody's number; "a 12" is not.
  const letter = alone && code.joined && token.word.length === 1 && code.digits > ID_DIGITS_MIN;
  if (OTHER_IDS.has(token.word) && !letter) return undefined;
  const before = tokens[from - 1]?.word ?? "";
  const barred = code.marked && (BARRING.has(before) || lexicon.has(before, "neg"));
  // "w-7" is an id where nothing else is said, or where somebody is denied.
  if (code.digits < ID_DIGITS_MIN && !alone && !barred) return undefined;
  if (barred) return { kind: "person", value: { id: code.id }, from, to: code.to, weight: 5 };
  return alone || code.marked
    ? { kind: "person", value: { id: code.id }, from, to: code.to, weight: alone ? 6 : 2.5 }
    : undefined;
}

function coded(
  tokens: readonly Token[],
  from: number,
): { id: string; to: number; marked: boolean; joined: boolean; digits: number } | undefined {
  const letters = tokens[from] as Token;
  if (letters.kind !== "word" || letters.word.length > ID_LETTERS_MAX) return undefined;
  const mark = tokens[from + 1];
  const marked = mark?.kind === "mark" && mark.glued && ["-", "_", "#", "/"].includes(mark.word);
  const at = marked ? from + 2 : from + 1;
  const number = tokens[at];
  if (number?.kind !== "number" || !number.glued || !CODE_DIGITS.test(number.text)) return undefined;
  if (!marked && number.text.length < ID_DIGITS_MIN) return undefined;
  const id = tokens
    .slice(from, at + 1)
    .map(({ text }) => text)
    .join("");
  const joined = marked && (mark.word === "-" || mark.word === "_");
  return { id, to: at + 1, marked, joined, digits: number.text.length };
}

// JSON read without losing a digit. `JSON.parse` rounds numbers, takes the last of two equal keys in silence and
// refuses NaN, and gives halves of characters that no engine takes; a text that may hold any of these is read by a parser
// of our own, which keeps a number that a double or a 64-bit integer would change as its digits. All other texts, nearly all, take the fast way.

/** A number whose text says more than a double holds. */
export class LongNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether a 64-bit integer holds it. */
  get isInteger(): boolean {
    if (!/^-?[0-9]{1,19}$/.test(this.text)) return false;
    const value = BigInt(this.text);
    return value >= -(2n ** 63n) && value < 2n ** 63n;
  }

  toJSON(): string {
    return this.text;
  }
}

export interface ExactJson {
  readonly value: unknown;
  /** The value as JSON that any parser reads alike: long numbers and NaN as texts. Undefined when the text is that. */
  readonly rewritten?: string;
  /** Keys that an object has twice: the last one counts. */
  readonly twice: readonly string[];
  /** A NUL was replaced by its sign. */
  readonly nul: boolean;
  /** Half of a surrogate pair, which is no character, was replaced by U+FFFD. */
  readonly halved: boolean;
}

/** Objects and arrays within each other; a table has a handful. */
export const DEPTH_MAX = 64;

/** Sixteen digits in a row, or an exponent of three: what a double may not hold. */
const MAY_BE_LONG = /[0-9][0-9.]{15}|[eE][+-]?[0-9]{3}/;
const OPENING = /[[{]/g;
/** The escape of one half of a surrogate pair without the other. */
const MAY_BE_HALVED =
  /\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]/;

/** Throws SyntaxError for what is no JSON, and for what is nested too deeply. */
export function parseExact(raw: string, nulSign: string): ExactJson {
  if (raw.length > DEPTH_MAX && isTooDeep(raw))
    throw new SyntaxError(`it is nested more than ${DEPTH_MAX} deep`);
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch (error) {
    if (!/NaN|Infinity/.test(raw)) throw error;
    return slowly(raw, nulSign);
  }
  const odd =
    MAY_BE_LONG.test(raw) ||
    (raw.includes("\\u") && (raw.includes("\\u0000") || MAY_BE_HALVED.test(raw))) ||
    countOf(raw, '":') + countOf(raw, '" ') > keysOf(value);
  return odd ? slowly(raw, nulSign) : { value, twice: [], nul: false, halved: false };
}

function isTooDeep(raw: string): boolean {
  if ((raw.match(OPENING)?.length ?? 0) <= DEPTH_MAX) return false;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < raw.length; at += 1) {
    const char = raw.charCodeAt(at);
    if (quoted) {
      if (char === 92) at += 1;
      else if (char === 34) quoted = false;
    } else if (char === 34) quoted = true;
    else if (char === 91 || char === 123) {
      depth += 1;
      if (depth > DEPTH_MAX) return true;
    } else if (char === 93 || char === 125) depth -= 1;
  }
  return false;
}

function countOf(text: string, part: string): number {
  let total = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) total += 1;
  return total;
}

/** The keys of all objects in a value. */
function keysOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((total, member) => total + keysOf(member), 0);
  const members = Object.values(value);
  return members.reduce<number>((total, member) => total + keysOf(member), members.length);
}

function slowly(raw: string, nulSign: string): ExactJson {
  const reader = new Reader(raw, nulSign);
  const value = reader.read();
  return { value, rewritten: jsonOf(value), twice: reader.twice, nul: reader.nul, halved: reader.halved };
}

/** A value as JSON that any parser reads alike: long numbers and NaN as texts. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, shown);
}

/** NaN has no form in JSON. */
function shown(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

const SPACE = /[ \t\n\r]*/y;
/** Where a string ends; `JSON.parse` says whether it is one. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null|NaN|-?Infinity/y;
const WORDS: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  null: null,
  NaN,
  Infinity,
  "-Infinity": -Infinity,
};

/** Recursive descent over text that is known not to be too deep. */
class Reader {
  readonly #text: string;
  readonly #nulSign: string;
  readonly twice: string[] = [];
  nul = false;
  halved = false;
  #at = 0;

  constructor(text: string, nulSign: string) {
    this.#text = text;
    this.#nulSign = nulSign;
  }

  read(): unknown {
    const value = this.#value();
    this.#take(SPACE);
    if (this.#at < this.#text.length) this.#fail();
    return value;
  }

  #value(): unknown {
    this.#take(SPACE);
    const char = this.#text.charAt(this.#at);
    if (char === "{") return this.#object();
    if (char === "[") return this.#array();
    if (char === '"') return this.#string();
    const number = this.#take(NUMBER);
    if (number !== undefined) return numberOf(number);
    const word = this.#take(WORD);
    return word === undefined ? this.#fail() : WORDS[word];
  }

  #object(): unknown {
    const members: [string, unknown][] = [];
    const names = new Set<string>();
    this.#at += 1;
    while (!this.#closes("}", members.length)) {
      this.#take(SPACE);
      const name = this.#string();
      this.#take(SPACE);
      if (this.#text.charAt(this.#at) !== ":") this.#fail();
      this.#at += 1;
      const value = this.#value();
      if (names.has(name)) {
        this.twice.push(name);
        const at = members.findIndex(([known]) => known === name);
        members.splice(at, 1, [name, value]);
      } else members.push([name, value]);
      names.add(name);
    }
    return Object.fromEntries(members);
  }

  #array(): unknown[] {
    const members: unknown[] = [];
    this.#at += 1;
    while (!this.#closes("]", members.length)) members.push(this.#value());
    return members;
  }

  /** Whether the bracket closes here; else moves past the comma that the next member needs. */
  #closes(bracket: string, members: number): boolean {
    this.#take(SPACE);
    const char = this.#text.charAt(this.#at);
    if (char === bracket) {
      this.#at += 1;
      return true;
    }
    if (members > 0) {
      if (char !== ",") this.#fail();
      this.#at += 1;
    }
    return false;
  }

  #string(): string {
    const read = JSON.parse(this.#take(STRING) ?? this.#fail()) as string;
    const text = read.toWellFormed();
    if (text !== read) this.halved = true;
    if (!text.includes("\0")) return text;
    this.nul = true;
    return text.replaceAll("\0", this.#nulSign);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fail(): never {
    const char = this.#text.charAt(this.#at);
    throw new SyntaxError(
      char === "" ? "it ends too early" : `unexpected "${char}" at character ${this.#at + 1}`,
    );
  }
}

function numberOf(text: string): number | LongNumber {
  const value = Number(text);
  if (!Number.isFinite(value)) return new LongNumber(text);
  if (/[.eE]/.test(text)) {
    const digits = text
      .replace(/[eE].*$/, "")
      .replace(/[^0-9]/g, "")
      .replace(/^0+/, "").length;
    return digits <= 15 || String(value) === text ? value : new LongNumber(text);
  }
  return Number.isSafeInteger(value) ? value : new LongNumber(text);
}

// Finds the first defect of a JSON text and its place: a recursive-descent reader after RFC 8259, exact and not fast. It
// runs when a body does not parse, and when the fast pass of json-check.ts cannot rule out a defect.

/** Deeper than anything of ours nests, and shallow enough for every reader. */
export const DEPTH_MAX = 64;

export interface JsonDefect {
  /** The character, from 0. */
  readonly at: number;
  readonly what: string;
}

class Found extends Error {
  readonly defect: JsonDefect;

  constructor(at: number, what: string) {
    super(what);
    this.defect = { at, what };
  }
}

/** Undefined when there is none. */
export function findJsonDefect(text: string): JsonDefect | undefined {
  try {
    new Reader(text).document();
    return undefined;
  } catch (error) {
    if (error instanceof Found) return error.defect;
    throw error;
  }
}

/** Shorter integers are exact as doubles, which hold 2^53. */
const EXACT_DIGITS = 15;

/**
 * What a JSON number would lose by becoming a double: an integer its last digits, a large one everything. Doubles
 * as `JSON.stringify` prints them come back as they were.
 */
function numberDefect(text: string): string | undefined {
  const value = Number(text);
  const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  if (!Number.isFinite(value)) return `${shown} is larger than a number can be: send it as a string`;
  if (text.length <= EXACT_DIGITS || /[.eE]/.test(text) || String(value) === text) return undefined;
  if (BigInt(text) === BigInt(value)) return undefined;
  return `the integer ${shown} has more digits than a number keeps (2^53): send it as a string`;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPES = '"\\/bfnrt';
const WORDS = ["true", "false", "null"];

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value(0);
    this.#blanks();
    if (this.#at < this.#text.length) this.#fail("the value is followed by more text");
  }

  #value(depth: number): void {
    this.#blanks();
    const char = this.#text[this.#at];
    if (char === "{") this.#object(depth + 1);
    else if (char === "[") this.#array(depth + 1);
    else if (char === '"') this.#string();
    else if (char === undefined) this.#fail("it ends where a value is expected");
    else this.#scalar();
  }

  #object(depth: number): void {
    this.#deepen(depth);
    const keys = new Set<string>();
    if (this.#ends("}")) return;
    for (;;) {
      this.#blanks();
      const at = this.#at;
      if (this.#text[at] !== '"') this.#fail("a quoted key is expected");
      const key = this.#string();
      if (key === "__proto__") this.#fail("the key __proto__ is not accepted", at);
      if (keys.has(key)) this.#fail(`the key ${JSON.stringify(key.slice(0, 100))} appears twice`, at);
      keys.add(key);
      this.#expect(":");
      this.#value(depth);
      if (this.#ends("}")) return;
      this.#expect(",");
    }
  }

  #array(depth: number): void {
    this.#deepen(depth);
    if (this.#ends("]")) return;
    for (;;) {
      this.#value(depth);
      if (this.#ends("]")) return;
      this.#expect(",");
    }
  }

  #deepen(depth: number): void {
    if (depth > DEPTH_MAX) this.#fail(`it nests deeper than ${DEPTH_MAX} levels`);
    this.#at += 1;
  }

  #string(): string {
    const start = this.#at;
    for (this.#at += 1; ; this.#at += 1) {
      const char = this.#text[this.#at];
      if (char === undefined) this.#fail("a string does not end", start);
      if (char === '"') break;
      if (char === "\\") this.#escape();
      else if (char < " ") this.#fail("a control character in a string must be escaped");
    }
    this.#at += 1;
    const text = JSON.parse(this.#text.slice(start, this.#at)) as string;
    if (!text.isWellFormed())
      this.#fail("a text has half of a surrogate pair, which UTF-8 cannot hold", start);
    return text;
  }

  #escape(): void {
    this.#at += 1;
    const char = this.#text[this.#at] ?? "";
    if (char === "u") {
      if (!/^[\da-f]{4}$/i.test(this.#text.slice(this.#at + 1, this.#at + 5))) {
        this.#fail("\\u is not followed by four hexadecimal digits");
      }
      this.#at += 4;
    } else if (char === "" || !ESCAPES.includes(char)) this.#fail("a backslash is followed by no escape");
  }

  #scalar(): void {
    const word = WORDS.find((candidate) => this.#text.startsWith(candidate, this.#at));
    NUMBER.lastIndex = this.#at;
    const number = word === undefined ? NUMBER.exec(this.#text)?.[0] : undefined;
    const length = word?.length ?? number?.length ?? 0;
    if (length === 0) this.#fail("a value is expected");
    const change = number === undefined ? undefined : numberDefect(number);
    if (change !== undefined) this.#fail(change);
    this.#at += length;
  }

  #ends(char: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #expect(char: string): void {
    this.#blanks();
    if (this.#text[this.#at] !== char) this.#fail(`${char} is expected`);
    this.#at += 1;
  }

  #blanks(): void {
    while (BLANKS.has(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #fail(what: string, at = this.#at): never {
    throw new Found(at, what);
  }
}

const BLANKS = new Set([" ", "\t", "\n", "\r"]);

// The pattern language of the grammar: a pattern is items in a row, each matching one token or one part that has its own
// recogniser, "within n:<amount> <mile> of". An item is alternatives of words, marks and classes in angle brackets
// (`at|<prep>`), may have a name (`n:<amount>`), may be left out (`of?`), and may have to stand right behind the item
// before it without a blank (`~`). Rules are indexed by what they may start with, so that a token meets few of them.

import type { Lexicon } from "../tables/lexicon.ts";
import type { Token } from "../text/tokens.ts";
import type { Claim, Kind, Meanings } from "./claim.ts";

/** What a part of a pattern read, and where it ends. */
export interface Parsed {
  readonly to: number;
  readonly value: unknown;
}

/** What patterns see of a text. */
export interface Scope {
  readonly tokens: readonly Token[];
  readonly lexicon: Lexicon;
  /** What the word of each token may mean. */
  readonly meanings: readonly (ReadonlyMap<string, string> | undefined)[];
  /** `natureOf` of each token. */
  readonly natures: readonly number[];
  /** Read so far: where claims of a kind begin (`starts`) and the longest end of those that begin there. */
  readonly starts: (kind: Kind, at: number) => number | undefined;
  readonly ends: (kind: Kind, at: number) => boolean;
  /** What parts read at each token: several rules ask the same. */
  readonly parsed: Map<Part, (readonly Parsed[])[]>;
}

export interface Part {
  /** Alternatives, the preferred first. */
  readonly parse: (scope: Scope, at: number) => readonly Parsed[];
  /** Keys of tokens that it may start with: "#number", "=word", or a class. */
  readonly first: readonly string[];
}

export type Parts = Readonly<Record<string, Part>>;

export interface Match {
  readonly scope: Scope;
  readonly from: number;
  readonly to: number;
  /** The value that a named part read. */
  part(name: string): unknown;
  /** The token of a named item. */
  token(name: string): Token | undefined;
  /** The value of a class that the token of a named item has. */
  meaning(name: string, kind: string): string | undefined;
}

export interface Rule<K extends Kind = Kind> {
  readonly kind: K;
  readonly pattern: string;
  readonly weight: number;
  /** Undefined refuses the match. A weight in the result takes the place of the rule's. */
  readonly make: (match: Match) => (Partial<Meanings[K]> & { readonly weight?: number }) | undefined;
}

export function rule<K extends Kind>(
  kind: K,
  weight: number,
  pattern: string,
  make: (match: Match) => (Meanings[K] & { readonly weight?: number }) | undefined,
): Rule {
  return { kind, pattern, weight, make };
}

interface Item {
  readonly name: string | undefined;
  readonly optional: boolean;
  readonly glued: boolean;
  readonly words: ReadonlySet<string>;
  readonly classes: readonly string[];
  /** Of the classes those that follow from a token itself, as `natureOf` has them, and those of the vocabulary. */
  readonly nature: number;
  readonly vocabulary: readonly string[];
  readonly parts: readonly Part[];
}

interface Compiled {
  readonly rule: Rule;
  readonly items: readonly Item[];
}

/** The value of what says nothing but that it is there. */
export const nothing = (): object => ({});

export interface Grammar {
  claims(scope: Scope, at: number): Claim[];
  /** Whether a rule has the word by itself; such a word is no misspelt one of the vocabulary. */
  knows(word: string): boolean;
}

/** The classes that follow from a token itself and not from the vocabulary. */
const TOKEN_CLASSES: Readonly<Record<string, (token: Token) => boolean>> = {
  int: ({ kind, text }) => kind === "number" && /^(?:\d{1,4}|\d,\d{3})$/.test(text),
  num: ({ kind }) => kind === "number",
  date: ({ kind, text, value }) => kind === "number" && /^\d{1,2}$/.test(text) && value >= 1 && value <= 31,
  monthnum: ({ kind, text, value }) =>
    kind === "number" && /^\d{1,2}$/.test(text) && value >= 1 && value <= 12,
  year: ({ kind, text, value }) =>
    kind === "number" && /^\d{4}$/.test(text) && value >= 1950 && value <= 2099,
  year2: ({ kind, text }) => kind === "number" && /^\d\d$/.test(text),
  digits3: ({ kind, text }) => kind === "number" && /^\d{3}$/.test(text),
  digits4: ({ kind, text }) => kind === "number" && /^\d{4}$/.test(text),
  digits10: ({ kind, text }) => kind === "number" && /^1?\d{10}$/.test(text),
  digits: ({ kind, text }) => kind === "number" && /^\d+$/.test(text),
  word: ({ kind }) => kind === "word",
  letter: ({ kind, word }) => kind === "word" && word.length === 1,
  name: ({ kind, capital, upper }) => kind === "word" && capital && !upper,
};

const NUMERIC = new Set([
  "int",
  "num",
  "date",
  "monthnum",
  "year",
  "year2",
  "digits3",
  "digits4",
  "digits10",
  "digits",
]);

const NATURES = Object.entries(TOKEN_CLASSES);

/** The classes that a token has by itself, a bit each: they are asked for again and again. */
export function natureOf(token: Token): number {
  if (token.kind === "mark") return 0;
  let nature = 0;
  for (let bit = 0; bit < NATURES.length; bit++) if (NATURES[bit]?.[1](token) === true) nature |= 1 << bit;
  return nature;
}

/** Rules by what they may start with. */
interface Firsts {
  readonly kinds: Map<string, Compiled[]>;
  readonly words: Map<string, Compiled[]>;
  readonly meanings: Map<string, Compiled[]>;
}

export function grammarOf(rules: readonly Rule[], parts: Parts): Grammar {
  const firsts: Firsts = { kinds: new Map(), words: new Map(), meanings: new Map() };
  const known = new Set<string>();
  for (const one of rules) {
    const compiled = { rule: one, items: compile(one.pattern, parts) };
    for (const { words } of compiled.items) for (const word of words) known.add(word);
    for (const key of firstsOf(compiled.items)) {
      const [own, name] = key.startsWith("#")
        ? [firsts.kinds, key.slice(1)]
        : key.startsWith("=")
          ? [firsts.words, key.slice(1)]
          : [firsts.meanings, key];
      own.set(name, [...(own.get(name) ?? []), compiled]);
    }
  }
  // Of words that rules or the vocabulary know, so there are no more than those.
  const byWord = new Map<string, readonly Compiled[]>();
  /** What a token may start: by its nature, its word, its meanings; each rule once. */
  const rulesFor = ({ kind, word }: Token, meanings: ReadonlyMap<string, string> | undefined) => {
    const byKind = firsts.kinds.get(kind) ?? NO_RULES;
    const own = firsts.words.get(word);
    if (own === undefined && meanings === undefined) return byKind;
    const before = byWord.get(word);
    if (before !== undefined) return before;
    const byMeaning = [...(meanings?.keys() ?? [])].flatMap((one) => firsts.meanings.get(one) ?? NO_RULES);
    const all = [...new Set([...byKind, ...(own ?? NO_RULES), ...byMeaning])];
    byWord.set(word, all);
    return all;
  };
  return {
    knows: (word) => known.has(word),
    claims: (scope, at) => {
      const token = scope.tokens[at];
      const claims: Claim[] = [];
      if (token === undefined) return claims;
      for (const compiled of rulesFor(token, scope.meanings[at])) {
        const claim = claimOf(compiled, scope, at);
        if (claim !== undefined) claims.push(claim);
      }
      return claims;
    },
  };
}

const NO_RULES: readonly Compiled[] = [];

const ITEM = /^(~?)(?:([a-z]\w*):(?=[\s\S]))?([\s\S]+?)(\??)$/;

function compile(pattern: string, parts: Parts): Item[] {
  return pattern.split(" ").map((text) => {
    const [, glued, name, body = "", optional] = ITEM.exec(text) ?? [];
    const words = new Set<string>();
    const classes: string[] = [];
    const own: Part[] = [];
    for (const alternative of body.split("|")) {
      const kind = /^<(\w+)>$/.exec(alternative)?.[1];
      if (kind === undefined) words.add(alternative);
      else if (parts[kind] === undefined) classes.push(kind);
      else own.push(parts[kind]);
    }
    const isNature = (kind: string): boolean => Object.hasOwn(TOKEN_CLASSES, kind);
    return {
      name,
      optional: optional === "?",
      glued: glued === "~",
      words,
      classes,
      nature: NATURES.reduce((mask, [kind], bit) => (classes.includes(kind) ? mask | (1 << bit) : mask), 0),
      vocabulary: classes.filter((kind) => !isNature(kind)),
      parts: own,
    };
  });
}

/** Everything that a match may start with, over items that may be left out. */
function firstsOf(items: readonly Item[]): Set<string> {
  const firsts = new Set<string>();
  for (const item of items) {
    for (const word of item.words) firsts.add(`=${word}`);
    for (const kind of item.classes)
      firsts.add(NUMERIC.has(kind) ? "#number" : kind in TOKEN_CLASSES ? "#word" : kind);
    for (const part of item.parts) for (const key of part.first) firsts.add(key);
    if (!item.optional) break;
  }
  return firsts;
}

/** Whether the first two items can match at all; it spares most rules the work of a match. */
function mayMatch([first, second]: readonly Item[], scope: Scope, from: number): boolean {
  if (first === undefined || first.optional) return true;
  const itself = fits(first, scope, from);
  if (!itself && first.parts.length === 0) return false;
  if (second === undefined || second.optional || second.parts.length > 0) return true;
  if (itself && fitsAt(second, scope, from + 1)) return true;
  return first.parts.some((part) => parsedAt(scope, part, from).some(({ to }) => fitsAt(second, scope, to)));
}

function fitsAt(item: Item, scope: Scope, at: number): boolean {
  const token = scope.tokens[at];
  return token !== undefined && (!item.glued || token.glued) && fits(item, scope, at);
}

/** One rule at one place of a text, and what its items have matched so far. */
class Attempt implements Match {
  readonly scope: Scope;
  readonly from: number;
  to: number;
  readonly #rule: Rule;
  readonly #items: readonly Item[];
  /** By the number of the item: the token that it matched, or what its part read. */
  readonly #tokens: (Token | undefined)[] = [];
  readonly #values: unknown[] = [];

  constructor({ rule, items }: Compiled, scope: Scope, from: number) {
    this.#rule = rule;
    this.#items = items;
    this.scope = scope;
    this.from = from;
    this.to = from;
  }

  /** The claim when the items from a number on match the tokens from a place on. */
  claim(number: number, at: number): Claim | undefined {
    const { scope } = this;
    const item = this.#items[number];
    if (item === undefined) return this.#made(at);
    const token = scope.tokens[at];
    if (token !== undefined && (!item.glued || token.glued)) {
      if (fits(item, scope, at)) {
        this.#tokens[number] = token;
        const claim = this.claim(number + 1, at + 1);
        if (claim !== undefined) return claim;
        this.#tokens[number] = undefined;
      }
      for (const part of item.parts) {
        for (const { to, value } of parsedAt(scope, part, at)) {
          this.#values[number] = value;
          const claim = this.claim(number + 1, to);
          if (claim !== undefined) return claim;
        }
        this.#values[number] = undefined;
      }
    }
    return item.optional ? this.claim(number + 1, at) : undefined;
  }

  #made(to: number): Claim | undefined {
    const { kind, weight, make } = this.#rule;
    this.to = to;
    const own = make(this);
    if (own === undefined) return undefined;
    const { from } = this;
    if (own.weight === undefined) return { kind, value: own, from, to, weight } as Claim;
    const { weight: given, ...value } = own;
    return { kind, value, from, to, weight: given } as Claim;
  }

  part(name: string): unknown {
    return this.#values[this.#numberOf(name)];
  }

  token(name: string): Token | undefined {
    return this.#tokens[this.#numberOf(name)];
  }

  meaning(name: string, kind: string): string | undefined {
    const token = this.token(name);
    return token && this.scope.lexicon.meaningsOf(token.word)?.get(kind);
  }

  #numberOf(name: string): number {
    return this.#items.findIndex((item) => item.name === name);
  }
}

function claimOf(compiled: Compiled, scope: Scope, from: number): Claim | undefined {
  return mayMatch(compiled.items, scope, from)
    ? new Attempt(compiled, scope, from).claim(0, from)
    : undefined;
}

function fits(
  { words, nature, vocabulary }: Item,
  { tokens, natures, meanings }: Scope,
  at: number,
): boolean {
  if (((natures[at] ?? 0) & nature) !== 0) return true;
  const token = tokens[at];
  if (token === undefined) return false;
  if (words.size > 0 && words.has(token.word)) return true;
  if (vocabulary.length === 0) return false;
  const own = meanings[at];
  if (own === undefined) return false;
  for (const kind of vocabulary) if (own.has(kind)) return true;
  return false;
}

function parsedAt(scope: Scope, part: Part, at: number): readonly Parsed[] {
  const own = scope.parsed.get(part) ?? [];
  if (own.length === 0) scope.parsed.set(part, own);
  const before = own[at];
  if (before !== undefined) return before;
  const found = part.parse(scope, at);
  own[at] = found;
  return found;
}

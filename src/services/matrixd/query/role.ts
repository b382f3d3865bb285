// Which role a text asks for: the first three steps of the ladder, from the surest to the least sure. 1: the shape of
// an order ("need 3 forklift operators in ...") shows where the role stands, and the taxonomy knows it. 2: the longest
// title or alias of the taxonomy anywhere in the text. 3: the title whose vector is nearest. The taxonomy is an
// argument. A text whose role is not known has role null: the gate between roles fails closed on it.

import { BETWEEN, LEADS, NEGATIONS, OTHER_HEADS, STOPS, titleWords, type TitleWord } from "./role-words.ts";

export interface RoleTitles {
  /** Canonical title. */
  readonly name: string;
  /** Occupation code, "53-7051". */
  readonly soc: string;
  readonly aliases: readonly string[];
}

export interface RoleReading {
  /** Canonical title, null when unknown. */
  readonly role: string | null;
  readonly soc: string | null;
  readonly source: "pattern" | "dictionary" | "nearest" | "none";
  /** 0 to 1; 0 when unknown. */
  readonly confidence: number;
  /** Where the role stands in the text, end exclusive. For an unknown role: what looks like its title, if anything. */
  readonly span?: readonly [start: number, end: number];
}

interface Named {
  readonly role: string;
  readonly soc: string;
}

interface Entry {
  /** More than one when titles of several roles are written alike; a role's own name comes first. */
  readonly roles: Named[];
}

export interface RoleIndex {
  /** By the words of a title joined without blanks. */
  readonly titles: ReadonlyMap<string, Entry>;
  /** The most words that a title has. */
  readonly wordsMax: number;
}

interface Match extends Named {
  /** Words from `first` to before `after`. */
  readonly first: number;
  readonly after: number;
  readonly certain: boolean;
}

/** No title has more words that matter; it bounds the work for each word of a text. */
const TITLE_WORDS_MAX = 12;

/** An order is a line or two: what stands beyond is not read. */
const TEXT_LENGTH_MAX = 4096;

/** The index of a taxonomy. Roles that come first win where two have the same title. */
export function buildRoleIndex(roles: readonly RoleTitles[]): RoleIndex {
  const titles = new Map<string, Entry>();
  let wordsMax = 1;
  const add = (words: readonly string[], named: Named, mayShare: boolean): void => {
    if (words.length === 0 || words.length > TITLE_WORDS_MAX) return;
    const key = words.join("");
    const entry = titles.get(key) ?? { roles: [] };
    if (entry.roles.length > 0 && (!mayShare || entry.roles.some(({ role }) => role === named.role))) return;
    entry.roles.push(named);
    // Stable: of roles that share a title, the one whose own name speaks of it comes first.
    entry.roles.sort((left, right) => namesake(right.role, words) - namesake(left.role, words));
    titles.set(key, entry);
    wordsMax = Math.max(wordsMax, words.length);
  };
  for (const { name, soc } of roles) add(keysOf(name), { role: name, soc }, true);
  for (const { name, soc, aliases } of roles) {
    for (const alias of aliases) add(keysOf(alias), { role: name, soc }, true);
  }
  // Lists turn titles around: "cook, short order". What anybody says straight keeps its meaning.
  for (const { name, soc, aliases } of roles) {
    for (const title of [name, ...aliases]) {
      for (const turned of turnedAround(title)) add(turned, { role: name, soc }, false);
    }
  }
  return { titles, wordsMax };
}

/** Steps 1 and 2 of the ladder. Linear in the text, of which the first 4,096 characters are read. */
export function readRole(index: RoleIndex, text: string): RoleReading {
  const words = titleWords(text.slice(0, TEXT_LENGTH_MAX));
  const phrase = rolePhrase(words);
  const matches = matchesIn(index, words);
  const inPhrase =
    phrase &&
    matches.find(
      ({ first, after }) => first >= phrase.first && first < phrase.after && after >= phrase.after,
    );
  const atStart = phrase && matches.find(({ first }) => first === phrase.first);
  const best =
    atStart !== undefined && inPhrase !== undefined ? longer(atStart, inPhrase) : (atStart ?? inPhrase);
  if (phrase?.announced === true && best !== undefined) {
    const whole = best.first === phrase.first && best.after >= phrase.after;
    return reading("pattern", best, words, whole ? 0.98 : best.after >= phrase.after ? 0.8 : 0.7);
  }
  let longest = best;
  for (const match of matches) longest = longest === undefined ? match : longer(longest, match);
  if (longest === undefined) {
    const none = { role: null, soc: null, source: "none", confidence: 0 } as const;
    const span = phrase && spanOf(words, phrase.first, phrase.after);
    return span === undefined ? none : { ...none, span };
  }
  const { first, after, soc } = longest;
  const alone = matches.every((match) => match.soc === soc);
  const whole = phrase !== undefined && first <= phrase.first && after >= phrase.after;
  return reading("dictionary", longest, words, (whole ? 0.95 : 0.7) * (alone ? 1 : 0.8));
}

function reading(
  source: "pattern" | "dictionary",
  match: Match,
  words: readonly TitleWord[],
  confidence: number,
): RoleReading {
  const span = spanOf(words, match.first, match.after);
  const sure = match.certain ? confidence : confidence * 0.6;
  return {
    role: match.role,
    soc: match.soc,
    source,
    confidence: sure,
    ...(span === undefined ? {} : { span }),
  };
}

function spanOf(
  words: readonly TitleWord[],
  first: number,
  after: number,
): readonly [number, number] | undefined {
  const left = words[first];
  const right = words[after - 1];
  return left === undefined || right === undefined ? undefined : [left.start, right.end];
}

/** More words win, then more letters would be a coin toss: the earlier one stays. */
function longer(left: Match, right: Match): Match {
  return right.after - right.first > left.after - left.first ? right : left;
}

/** The longest title at each word, without those inside a longer one before, negated ones and parts of other titles. */
function matchesIn(index: RoleIndex, words: readonly TitleWord[]): Match[] {
  const matches: Match[] = [];
  let reached = 0;
  for (let first = 0; first < words.length; first++) {
    let joined = "";
    let found: { entry: Entry; after: number } | undefined;
    const limit = Math.min(words.length, first + index.wordsMax + 1);
    for (let at = first; at < limit; at++) {
      joined += words[at]?.key ?? "";
      const entry = index.titles.get(joined);
      if (entry !== undefined) found = { entry, after: at + 1 };
    }
    if (found === undefined || found.after <= reached) continue;
    const [named] = found.entry.roles;
    const next = words[found.after];
    const partOfOther = next !== undefined && !next.apart && OTHER_HEADS.has(next.key);
    if (named === undefined || partOfOther || NEGATIONS.has(words[first - 1]?.key ?? "")) continue;
    reached = found.after;
    const certain = found.entry.roles.every(({ soc }) => soc === named.soc);
    matches.push({ ...named, first, after: found.after, certain });
  }
  return matches;
}

/** The words where an order has its role: after the lead and the count, up to a place, a time or a mark. */
function rolePhrase(
  words: readonly TitleWord[],
): { first: number; after: number; announced: boolean } | undefined {
  const lead = words.findIndex(({ key }) => LEADS.has(key));
  let first = lead < 0 ? 0 : lead + 1;
  let announced = lead >= 0;
  for (; first < words.length; first++) {
    const key = words[first]?.key ?? "";
    const count = /^(?:\d{1,4}x?|x\d{1,4})$/.test(key);
    announced ||= count;
    if (!count && !BETWEEN.has(key) && !LEADS.has(key)) break;
  }
  let after = first;
  while (after < words.length) {
    const word = words[after];
    if (word === undefined || (after > first && word.apart) || STOPS.has(word.key) || /^\d/.test(word.key))
      break;
    after++;
  }
  return after > first ? { first, after, announced } : undefined;
}

/** How many words of a title are in a role's name. */
function namesake(role: string, words: readonly string[]): number {
  const own = new Set(keysOf(role));
  return words.filter((word) => own.has(word)).length;
}

function keysOf(title: string): string[] {
  return titleWords(title).map(({ key }) => key);
}

function turnedAround(title: string): string[][] {
  const comma = title.indexOf(",");
  if (comma >= 0) return [[...keysOf(title.slice(comma + 1)), ...keysOf(title.slice(0, comma))]];
  const keys = keysOf(title);
  const last = keys.pop();
  return last === undefined || keys.length === 0 ? [] : [[last, ...keys]];
}

// Claims to roles: titles of the taxonomy wherever they stand, with typing errors when a word is none that anybody knows,
// and descriptions of work. The longest title at each word counts for more than the sum of its parts.

import type { Activity } from "../tables/activities.ts";
import { stem } from "../tables/activities.ts";
import { isVocabulary, type Lexicon } from "../tables/lexicon.ts";
import { type Beginning, NO_PHRASE, NO_WORDS, type PhraseLinks, phraseWalk } from "../tables/phrases.ts";
import type { Titles, TitleSense } from "../tables/titles.ts";
import type { Token } from "../text/tokens.ts";
import { isJoining, singular } from "../text/words.ts";
import { namesHouse } from "./place-words.ts";
import type { Correction, Of } from "./claim.ts";

export interface RoleWords {
  readonly titles: Titles;
  readonly activities: ReadonlyMap<string, readonly Activity[]>;
  readonly lexicon: Lexicon;
  readonly links: PhraseLinks;
  /** Whether a word may be a name or a place; such a word is no misspelt title. */
  readonly isName: (word: string) => boolean;
  /** Whether a town's name of several words begins here. */
  readonly isTownAt: (at: number) => boolean;
}

const WORD_WEIGHT = 3;
const LONGER_WEIGHT = 0.6;
const FIELD_WEIGHT = 1.3;
const ERROR_COST = 1.1;
/** Ways of reading one title while its words are put together. */
const READINGS_MAX = 6;
/** Texts are searched for misspelt titles up to so many unknown words; those of an order come early. */
const MISSPELT_MAX = 24;

interface Partial {
  readonly beginning: Beginning;
  readonly corrections: readonly Correction[];
}

interface TitleMatch {
  readonly to: number;
  readonly words: number;
  readonly senses: readonly TitleSense[];
  readonly corrections: readonly Correction[];
}

/** All claims to roles in a text, by the token where they begin. */
export function roleClaims(tokens: readonly Token[], words: RoleWords): Of<"role">[] {
  const claims: Of<"role">[] = [];
  const spellings = spellingsOf(tokens, words);
  for (let from = 0; from < tokens.length; from++) {
    if ((tokens[from] as Token).kind === "mark") continue;
    // "LPN or RN" are two; "OR RN" works in an operating room.
    const token = tokens[from] as Token;
    if (from > 0 && isJoining(token.word) && !token.upper) continue;
    for (const match of titlesAt(tokens, from, words, spellings))
      claims.push(claimOf(match, from, tokens[match.to - 1]));
    claims.push(...workAt(tokens, from, words));
  }
  return [...claims, ...sharedTitles(tokens, claims, words.titles)];
}

const LIST_JOINS: ReadonlySet<string> = new Set([",", "and", "&", "+", "/", "plus"]);

/** "2 line and 1 prep cook": counted words before a joined title share its last word. */
function sharedTitles(
  tokens: readonly Token[],
  claims: readonly Of<"role">[],
  { phrases }: Titles,
): Of<"role">[] {
  const shared: Of<"role">[] = [];
  for (const { value, from, to } of claims) {
    if (value.form !== "title" || to - from < 2) continue;
    const head = (tokens[to - 1] as Token).key;
    for (let start = from; ; start -= SHARED_STEP) {
      const [count, word, join, own] = tokens.slice(Math.max(0, start - 4), start);
      if (own?.kind !== "number" || !LIST_JOINS.has(join?.word ?? "")) break;
      if (word?.kind !== "word" || count?.kind !== "number") break;
      const senses = phrases.get(`${word.key}${head}`)?.filter(({ weak }) => !weak) ?? [];
      if (senses.length === 0) break;
      const roles = [...new Set(senses.map(({ role }) => role))];
      const at = start - SHARED_STEP;
      shared.push({
        kind: "role",
        value: { roles, form: "title", near: senses[0]?.near === true },
        from: at,
        to: at + 1,
        weight: 2 * WORD_WEIGHT,
        corrections: [],
      });
    }
  }
  return shared;
}

/** Word, joining word and number. */
const SHARED_STEP = 3;

/** What each word may be a misspelling of; empty for words that are known. */
function spellingsOf(
  tokens: readonly Token[],
  { titles, lexicon, isName, isTownAt, activities }: RoleWords,
): (readonly string[])[] {
  let looked = 0;
  const isTitleWord = (token: Token | undefined): boolean => token !== undefined && titles.hasWord(token.key);
  return tokens.map(({ kind, word, key, capital }, at) => {
    if (kind !== "word" || word.length < 4 || looked >= MISSPELT_MAX) return NO_WORDS_READ;
    if (titles.hasWord(key) || titles.hasWord(word) || isVocabulary(lexicon, word)) return NO_WORDS_READ;
    // "deliver to" is no misspelt "delivery".
    if (activities.has(stem(word))) return NO_WORDS_READ;
    // "home heath aid": a name among the words of a title may be a misspelt one.
    const beside = isTitleWord(tokens[at - 1]) && isTitleWord(tokens[at + 1]);
    if (!beside && isName(word)) return NO_WORDS_READ;
    // "Inver Grove Heights" has no greenhouse, "Mercy Hospital" no merchandiser.
    if (capital && (namesHouse(tokens[at + 1]) || isTownAt(at))) return NO_WORDS_READ;
    looked++;
    const shortened = titles.shortened(key);
    const corrected = titles.corrections(key);
    // "servcie" is no plural.
    return [...shortened, ...(corrected.length > 0 || key === word ? corrected : titles.corrections(word))];
  });
}

const NO_WORDS_READ: readonly string[] = [];

/**
 * The longest title that starts here, the next shorter ("cooks" of "cooks 2 servers"), the longest that is turned around
 * ("lifeguard ocean"), and the longest with errors: what stands behind a title may be anything. Only a turned one runs
 * over a comma.
 */
function titlesAt(
  tokens: readonly Token[],
  from: number,
  { titles, lexicon, links }: RoleWords,
  spellings: readonly (readonly string[])[],
): TitleMatch[] {
  const { phrases } = titles;
  let partials: readonly Partial[] = NOTHING_READ;
  let exact: TitleMatch | undefined;
  let shorter: TitleMatch | undefined;
  let turned: TitleMatch | undefined;
  let corrected: TitleMatch | undefined;
  let words = 0;
  let overComma = false;
  const after = phraseWalk(links, from, COMMAS_MAX);
  for (let at = from; at >= 0; overComma ||= links.comma[at] === 1, at = after(at)) {
    words++;
    const token = tokens[at] as Token;
    const next: Partial[] = [];
    const full = lexicon.meaningsOf(token.word)?.get("short");
    for (const { beginning, corrections } of partials) {
      const read = (word: string, own: readonly Correction[]): void => {
        const further = phrases.step(beginning, word);
        if (further !== NO_PHRASE) next.push({ beginning: further, corrections: own });
      };
      read(token.key, corrections);
      if (full !== undefined) read(full, corrections);
      for (const spelling of spellings[at] ?? NO_WORDS_READ) {
        if (next.length >= READINGS_MAX) break;
        read(spelling, [...corrections, { typed: token.text, read: spelling }]);
      }
    }
    if (next.length === 0) break;
    partials = next;
    for (const { beginning, corrections } of partials) {
      const found = phrases.at(beginning);
      const senses = overComma ? found?.filter((sense) => sense.turned) : found;
      if (senses === undefined || senses.length === 0) continue;
      const match = { to: at + 1, words, senses, corrections };
      if (corrections.length === 0 && senses.every((sense) => sense.turned)) turned = match;
      else if (corrections.length === 0) {
        shorter = exact;
        exact = match;
      } else if (
        corrected === undefined ||
        match.to > corrected.to ||
        corrections.length < corrected.corrections.length
      )
        corrected = match;
    }
  }
  return [exact, shorter, turned, corrected].filter((match) => match !== undefined);
}

const NOTHING_READ: readonly Partial[] = [{ beginning: NO_WORDS, corrections: [] }];

/** "mechanic, diesel": one comma, before what a list puts last. */
const COMMAS_MAX = 1;

/** "cooks 2 servers": a number at the end of a title is rather a headcount. */
const NUMBERED_COST = 3;

function claimOf(
  { to, words, senses, corrections }: TitleMatch,
  from: number,
  last: Token | undefined,
): Of<"role"> {
  const proper = senses.filter(({ weak }) => !weak);
  const weak = proper.length === 0;
  const roles = [...new Set((weak ? senses : proper).map(({ role }) => role))];
  const weight = weak
    ? FIELD_WEIGHT * words
    : WORD_WEIGHT * words +
      LONGER_WEIGHT * (words - 1) -
      ERROR_COST * corrections.length -
      (last?.kind === "number" && !last.glued ? NUMBERED_COST : 0);
  return {
    kind: "role",
    value: { roles, form: weak ? "field" : "title", near: proper[0]?.near === true },
    from,
    to,
    weight,
    corrections,
  };
}

/** Words between a verb and what it is done to. */
const WORK_GAP_MAX = 3;
/** A verb and its object weigh less than a title that stands in them: "do housekeeping at a hotel". */
const WORK_WEIGHT = 1.4;
const WORK_WORD_WEIGHT = 0.7;

/** "cleaning houses" is what is said, and not "cleaning" alone. */
const TITLED_VERB_WEIGHT = 0.6;

function workAt(tokens: readonly Token[], from: number, { activities, titles }: RoleWords): Of<"role">[] {
  const token = tokens[from] as Token;
  if (token.kind !== "word") return [];
  const own = activities.get(stem(token.word));
  if (own === undefined) return [];
  let best: { activity: Activity; to: number; words: number } | undefined;
  for (const activity of own) {
    if (activity.object.length === 0 && !isAskedFor(tokens, from)) continue;
    const to = objectEnd(tokens, from + 1, activity.object);
    if (to === undefined) continue;
    const words = activity.object.length + 1;
    if (best === undefined || words > best.words || (words === best.words && to < best.to))
      best = { activity, to, words };
  }
  if (best === undefined) return [];
  const value = { roles: [best.activity.role], form: "work", near: false } as const;
  const titled =
    best.words > 1 && token.word.endsWith("ing") && titles.hasWord(token.key) ? TITLED_VERB_WEIGHT : 0;
  return [
    { kind: "role", value, from, to: best.to, weight: WORK_WEIGHT + WORK_WORD_WEIGHT * best.words + titled },
  ];
}

/** "to bartend", "who can cook", "para empacar": a verb alone is work only behind such words. */
function isAskedFor(tokens: readonly Token[], from: number): boolean {
  const [before, earlier] = [tokens[from - 1]?.word ?? "", tokens[from - 2]?.word ?? ""];
  return ASKING.has(before) && !NOT_ASKING.has(earlier);
}

const ASKING: ReadonlySet<string> = new Set([
  "to",
  "can",
  "could",
  "who",
  "para",
  "pa",
  "que",
  "pueda",
  "puedan",
  "sepa",
  "sepan",
]);
/** "easy to cook", "need to paint by Friday": somebody else's work. */
const NOT_ASKING: ReadonlySet<string> = new Set(["easy", "how", "where", "when", "going", "trying", "able"]);

/** Where the words of an object end when they follow one another with short gaps, undefined when they do not. */
function objectEnd(tokens: readonly Token[], from: number, object: readonly string[]): number | undefined {
  let at = from;
  for (const wanted of object) {
    let found: number | undefined;
    for (let look = at; look <= at + WORK_GAP_MAX && look < tokens.length; look++) {
      const token = tokens[look] as Token;
      if (token.kind === "mark" && token.word !== "-" && token.word !== "/" && token.word !== "&") break;
      if (token.word === wanted || stem(token.word) === wanted || stem(singular(token.word)) === wanted) {
        found = look;
        break;
      }
    }
    if (found === undefined) return undefined;
    at = found + 1;
  }
  return at;
}

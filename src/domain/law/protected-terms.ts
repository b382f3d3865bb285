// Wishes about who a person is that no order, reason or message may carry: sex, pregnancy, age, national origin, race,
// religion, disability. A customer's preference is no defence (EEOC Notice 915.002 of 12/03/97), so they are refused. Some
// phrases say it alone ("male only"); most words say it only beside a wish ("prefers women", not "women's shelter"). A
// sentence that states equal opportunity names the same words and is left alone. English and Spanish. Linear in the text.

import { listOf, readTable } from "#lib/tsv";
import table from "./protected-terms.tsv" with { type: "text" };

/** What the refusal rests on. */
export const PROTECTED_LAW = "Title VII/ADEA/ADA";

export interface ProtectedTerm {
  /** The words, as they were written. */
  readonly term: string;
  readonly category: string;
}

/** Words of wish, exclusion or demand. */
const WISH =
  /^(?:only|prefer|prefers|preferred|preferring|preferably|preference|must|no|not|dont|without|want|wants|wanted|need|needs|needed|looking|seeking|ideally|ideal|should|please|send|sending|avoid|exclude|solo|solamente|unicamente|prefiere|prefieren|preferible|preferiblemente|preferentemente|preferencia|sin|queremos|quiere|quieren|necesitamos|necesito|buscamos|busco|sea|sean|debe|deben|evitar|mande|manden)$/;
/** Words between a term and the wish that belongs to it. */
const WISH_WORDS_MAX = 4;
/** What such a word belongs to when it is no wish about a person. */
const THING =
  /^(?:s|restroom|restrooms|bathroom|bathrooms|locker|shelter|clothing|clothes|wear|apparel|shoes|boots|department|section|store|hospital|clinic|church|center|centre|ministry|holiday|holidays|festival|restaurant|food|cuisine|market|grocery|services|ramp|parking|access|placard|school|college|university|organization|team)$/;
const EQUAL_OPPORTUNITY =
  /\b(?:regardless of|without regard to|irrespective of|not discriminate|no discrimination|discrimination|equal opportunity|eeo|eoe|all (?:ages|genders|races|backgrounds)|welcomes? all|sin importar|igualdad de oportunidades|no discrimina)\b/;

type Strength = "anywhere" | "preference";
interface Phrase {
  readonly words: readonly string[];
  readonly category: string;
  readonly strength: Strength;
}

const BY_FIRST: ReadonlyMap<string, readonly Phrase[]> = Map.groupBy(
  readTable(table, ["category", "strength", "phrases"]).flatMap(({ category, strength, phrases }) =>
    listOf(phrases).map((phrase) => ({
      words: phrase.split(" "),
      category,
      strength: strength as Strength,
    })),
  ),
  ({ words }) => words[0] ?? "",
);

interface Word {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly capital: boolean;
}

/** An age that is a ceiling; a floor ("must be 21") may be the law's own. */
const AGE_CEILING =
  /\b(?:(?:younger than|no older than|not older than|not over the age of|under the age of|below the age of|menor(?:es)? de|no mayor(?:es)? de)\s+(\d{2})(?!\d)|(?:people|persons?|workers?|anyone|someone|candidates?|applicants?|guys|men|women|aged?|ages)\s+(?:under|below|less than)\s+(\d{2})(?!\d)|(?:under|below|less than)\s+(\d{2})\s*(?:years?|yrs?|y\/o|anos)\b(?!\s+(?:of\s+)?(?:experience|exp))|(?:ages?|aged|between|edad|edades|entre)\s+(?:de\s+)?\d{2}\s*(?:-|to|and|a|y)\s*(\d{2})\s*(?:years?|yrs?|anos)?\s*(?:old\b|of age\b|preferred\b|only\b|de edad\b|$|[.,;)]))/g;
/** "Under 18" excludes minors, which is the law's own rule. */
const AGE_CEILING_MIN = 20;

/** The first such wish of each category, in the order of the text. */
export function protectedTerms(text: string): ProtectedTerm[] {
  const found = new Map<string, ProtectedTerm>();
  for (const sentence of text.split(/(?<=[.!?;\n])/)) {
    const folded = fold(sentence);
    if (EQUAL_OPPORTUNITY.test(folded)) continue;
    const words = wordsOf(sentence);
    for (let at = 0; at < words.length; at += 1) {
      const hit = longestAt(words, at);
      if (hit === undefined) continue;
      const [first, last] = [words[at], words[at + hit.words.length - 1]];
      if (first === undefined || last === undefined) continue;
      if (hit.strength === "preference" && !isWished(words, at, hit.words.length)) continue;
      if (!found.has(hit.category))
        found.set(hit.category, { term: sentence.slice(first.from, last.to), category: hit.category });
    }
    for (const match of folded.matchAll(AGE_CEILING)) {
      const age = Number(match.slice(1).find((group) => group !== undefined));
      if (age >= AGE_CEILING_MIN && !found.has("age"))
        found.set("age", { term: match[0].trim().replace(/[.,;)]$/, ""), category: "age" });
    }
  }
  return [...found.values()];
}

function longestAt(words: readonly Word[], at: number): Phrase | undefined {
  let best: Phrase | undefined;
  for (const phrase of BY_FIRST.get(words[at]?.key ?? "") ?? []) {
    if (phrase.words.every((word, place) => words[at + place]?.key === word)) {
      const longer = best === undefined || phrase.words.length > best.words.length;
      if (longer || (phrase.words.length === best?.words.length && phrase.strength === "anywhere"))
        best = phrase;
    }
  }
  return best;
}

function isWished(words: readonly Word[], at: number, length: number): boolean {
  const after = words[at + length];
  // "Need Christian Lopez" asks for a person, "the women's restroom" for a place.
  if (after !== undefined && THING.test(after.key)) return false;
  if (words[at]?.capital === true && after?.capital === true && at > 0) return false;
  for (let near = Math.max(0, at - WISH_WORDS_MAX); near < at + length + 2; near += 1) {
    const inside = near >= at && near < at + length;
    if (!inside && WISH.test(words[near]?.key ?? "")) return true;
  }
  return false;
}

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’]\p{L}+)?/gu;

function wordsOf(sentence: string): Word[] {
  return [...sentence.matchAll(WORD)].map(({ 0: word, index }) => ({
    key: fold(word).replaceAll(/['’]/g, ""),
    from: index,
    to: index + word.length,
    capital: /^\p{Lu}\p{Ll}/u.test(word),
  }));
}

function fold(text: string): string {
  return text.toLowerCase().normalize("NFKD").replaceAll(/\p{M}/gu, "");
}

// Wishes about who a person is that no order, reason or message may carry: sex, pregnancy, age, national origin, race,
// religion, disability and health, family, military service. A customer's preference is no defence (EEOC Notice 915.002 of 12/03/97), so they are refused. Some
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
  readonly sentence: string;
}

/** Words of wish, exclusion or demand. */
const WISH =
  /^(?:only|prefer|prefers|preferred|preferring|preferably|preference|must|no|not|dont|without|nobody|none|never|wont|doesnt|rather|just|strictly|exclusively|request|requests|requested|require|requires|required|asked|asks|want|wants|wanted|need|needs|needed|looking|seeking|ideally|ideal|should|please|send|sending|avoid|exclude|nada|nadie|ningun|ninguna|pide|piden|exige|exigen|solo|solamente|unicamente|prefiere|prefieren|preferible|preferiblemente|preferentemente|preferencia|sin|queremos|quiere|quieren|necesitamos|necesito|buscamos|busco|sea|sean|debe|deben|evitar|mande|manden)$/;
/** "Need 4 guys" asks for people; only a preference asks for a sex by these words. */
const COLLOQUIAL = /^(?:guys?|fellas|muchach[oa]s|dudes?|manpower)$/;
const PREFERENCE =
  /^(?:only|prefer|prefers|preferred|preferring|preferably|preference|no|not|dont|without|nobody|never|rather|strictly|exclusively|ideally|ideal|avoid|exclude|solo|solamente|unicamente|prefiere|prefieren|preferible|preferiblemente|preferentemente|sin|nada|nadie|evitar)$/;
/** Whoever is cared for or served is not asked for: "an aide for an elderly woman", unlike "looking for women". */
const FOR = /^(?:for|to|of|serving|assisting|assist|helping|help|transporting|transport|bathing|para)$/;
const ASKING =
  /^(?:looking|look|ask|asks|asked|asking|request|requests|requesting|search|searching|preference|hoping|wait|wishes|need|only)$/;
const ARTICLE = /^(?:a|an|the|our|his|her|their|un|una|el|la|los|las|adult|frail|group|many|several|\d+)$/;
/** "The lady at the front desk" is somebody, and no wish. */
const DEFINITE = /^(?:the|that|this|your)$/;
const ONE_PERSON = /^(?:man|woman|guy|lady|gentleman|girl|boy|dude)$/;
/** Words between a term and the wish that belongs to it. */
const WISH_WORDS_MAX = 4;
/** What such a word belongs to when it is no wish about a person. */
const THING =
  /^(?:s|restroom|restrooms|bathroom|bathrooms|locker|shelter|clothing|clothes|wear|apparel|shoes|boots|department|section|store|hospital|clinic|church|center|centre|ministry|holiday|holidays|festival|restaurant|food|cuisine|market|grocery|services|ramp|parking|access|placard|school|college|university|day|brunch|luncheon|organization|connectors?|fittings?|threads?|threaded|adapters?|couplings?|plugs?|sockets?|ends?|trees?|plants?|shoots|children|kids|students?|patients?|clients?|residents?|passengers?|adults|animals?|horses|cattle|kitchen|cook|cooks|chef|grill|truck|bakery|cuisine|style|cheese|airlines?|bbq|speaking|speakers?|language|translat(?:or|ion)|interpreters?|made|ward|unit|lab|laboratory|program|awareness|supplies|products?)$/;
const EQUAL_OPPORTUNITY =
  /\b(?:regardless of|without regard to|irrespective of|not discriminate|no discrimination|discrimination|equal opportunity|eeo|eoe|all (?:ages|genders|races|backgrounds)|welcomes? all|sin importar|igualdad de oportunidades|no discrimina)\b/;

/** "Young and male, as the client prefers": the wish comes behind, said of whoever has it. */
const ASIDE = /^(?:as|like|since|because|which|thats|what|como|porque|segun)$/;
const WISHED =
  /^(?:prefers?|preferred|wants?|wanted|asks?|asked|requests?|requested|requires?|required|likes?|liked|insists?|insisted|demands?|demanded|prefieren?|quieren?|piden?|pidio|pidieron|exigen?)$/;
const ASIDE_WORDS_MAX = 8;
const ASIDE_WISH_WORDS_MAX = 4;
/** Words that ask for a sex or an age where a part of a sentence is nothing else: "2 pickers, male, Dayton OH". */
const ALONE =
  /^(?:(males?|masculine|masculino|hombres?|varon|varones)|(females?|feminine|femenino|mujer|mujeres|hembras?)|(young|younger|joven|jovenes))$/;
const BESIDE = /^(?:and|or|y|o|only|very|muy|strong|fit|healthy|single|attractive|energetic|fuertes?)$/;
/** What a reason says of the person: "she is young", and not "the client is elderly". */
const IS = /^(?:is|was|be|being|hes|shes|theyre|looks|seems|es|son)$/;
const DEGREE = /^(?:very|so|too|more|also|still|quite|both|not|only|and|muy|mas|el|la|the|a|an|una?)$/;
const OTHERS =
  /^(?:clients?|patients?|residents?|customers?|tenants?|guests?|students?|children|kids|team|crew|site|manager|supervisor|foreman|owner|cliente|pacientes?)$/;
/** Words that qualify a trait; more of them are no sentence. */
const QUALIFIERS_MAX = 8;
/** Traits that are too common as words to be looked for elsewhere. */
const TRAITS: ReadonlyMap<string, string> = new Map([
  ...["old", "older", "oldest", "youngest"].map((word) => [word, "age"] as const),
  ...["white", "black"].map((word) => [word, "race"] as const),
  ...["american", "foreign"].map((word) => [word, "national origin"] as const),
  ...["married", "single"].map((word) => [word, "family"] as const),
]);

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
const UNIT =
  "(?!\\s*(?:lbs?|pounds?|kilos?|kg|oz|hours?|hrs?|minutes?|mins?|seconds?|miles?|mi|km|ft|feet|foot|inch(?:es)?|in\\b|degrees?|mph|percent|people|employees|boxes|cases|pieces|units|dollars|days|weeks|libras|horas|minutos|millas|grados|%|°|\"|'|f\\b|c\\b|[.,:]\\d))";
/** The same, where the words around it say that it is an age. */
const AGE_LIMITS = new RegExp(
  [
    String.raw`(?:^|[,;:(]\s*|prefer(?:s|red|ably)?\s+|wants?\s+|must be\s+|only\s+|someone\s+|anyone\s+|everyone\s+|crew\s+|team\s+|staff\s+|folks\s+|temps\s+|gente\s+|nobody but\s+)(?:under|below)\s+(\d{2})s?(?!\d)${UNIT}(?=\s*(?:$|[.,;!)]|please|only|preferred|if|or))`,
    String.raw`\b(?:no|not|nobody|no one|none|noone|nadie|anyone|anybody)\s+(?:one\s+|people\s+|workers?\s+|candidates?\s+)?(?:over|above|past|older than)[ -](?:the age of\s+)?(\d{2})s?(?!\d)${UNIT}`,
    String.raw`\bno\b[^.;]{0,15}\bmayor(?:es)? de\s+(\d{2})(?!\d)${UNIT}`,
    String.raw`\b\d{2}\s*(?:-|–|to|a)\s*(\d{2})\s*(?:y\/?o\b|yrs?\.? old|years? old|year[- ]olds?|anos de edad)`,
    String.raw`\b(?:up to|hasta|maximum|max\.?|no more than)\s+(\d{2})\s*(?:y\/?o\b|yrs?\.? old|years? old|years of age|anos)`,
    String.raw`\b(\d{2})\s*(?:y\/?o|yrs?\.? old|years? old|anos)\s*(?:max|maximum|or younger|or under|and under|o menos|maximo)\b`,
  ].join("|"),
  "g",
);
/** A form's line that names the trait itself: "Sex: male". */
const LABELLED =
  /(?:^|[\s,;(])(?:(sex|gender|sexo|genero|m\/f)|(race|raza|ethnicity|etnia)|(nationality|nacionalidad|national origin)|(religion)|(marital status|estado civil))\s*[:=]\s*(?!any|all|either|both|n\/a|none|no |not |open|unspecified|prefer not|indistinto|indiferente|cualquier|ambos)\p{L}[\p{L} ]{0,20}/u;
const LABELS = ["sex", "race", "national origin", "religion", "family"];
/** "Must be single", and not "must be single phase". */
const SINGLE = /\bmust be single\s*(?:$|[.,;!)]|and\b|or\b|with\b)/;

const AGE_CEILING =
  /\b(?:(?:younger than|no older than|not older than|not over the age of|under the age of|below the age of|menor(?:es)? de|no mayor(?:es)? de)\s+(\d{2})(?!\d)|(?:people|persons?|workers?|anyone|someone|candidates?|applicants?|guys|men|women|aged?|ages)\s+(?:under|below|less than)\s+(\d{2})(?!\d)|(?:under|below|less than)\s+(\d{2})\s*(?:years?|yrs?|y\/o|anos)\b(?!\s+(?:of\s+)?(?:experience|exp))|(?:ages?|aged|between|edad|edades|entre)\s+(?:de\s+)?\d{2}\s*(?:-|to|and|a|y)\s*(\d{2})\s*(?:years?|yrs?|anos)?\s*(?:old\b|of age\b|preferred\b|only\b|de edad\b|$|[.,;)]))/g;
/** "Under 18" excludes minors, which is the law's own rule. */
const AGE_CEILING_MIN = 20;

/** The first such wish of each category, in the order of the text. */
export function protectedTerms(text: string): ProtectedTerm[] {
  return termsOf(text, () => []);
}

/** The same of a reason for which a person was chosen: there it is enough that a trait is said of the person. */
export function protectedReasons(text: string): ProtectedTerm[] {
  return termsOf(text, traitsOf);
}

type Found = Omit<ProtectedTerm, "sentence">;

function termsOf(
  text: string,
  further: (sentence: string, words: readonly Word[]) => Found[],
): ProtectedTerm[] {
  const found = new Map<string, ProtectedTerm>();
  // "U.S." ends no sentence.
  const plain = text.replaceAll(/\b(\p{L})\.(\p{L})\./gu, "$1$2");
  for (const sentence of plain.split(/(?<=[.!?;\n])/)) {
    const folded = fold(sentence);
    if (EQUAL_OPPORTUNITY.test(folded)) continue;
    const words = wordsOf(sentence);
    const add = (term: string, category: string): void => {
      if (!found.has(category))
        found.set(category, {
          term: term.trim().replace(/[.,;)]$/, ""),
          category,
          sentence: sentence.trim(),
        });
    };
    for (let at = 0; at < words.length; at += 1) {
      const hit = longestAt(words, at);
      if (hit === undefined) continue;
      const [first, last] = [words[at], words[at + hit.words.length - 1]];
      if (first === undefined || last === undefined) continue;
      if (hit.strength === "preference" && !isWished(words, at, hit.words.length)) continue;
      add(sentence.slice(first.from, last.to), hit.category);
    }
    for (const pattern of [AGE_CEILING, AGE_LIMITS]) {
      for (const match of folded.matchAll(pattern)) {
        const age = Number(match.slice(1).find((group) => group !== undefined));
        if (age >= AGE_CEILING_MIN) add(match[0], "age");
      }
    }
    const label = LABELLED.exec(folded);
    if (label !== null)
      add(label[0], LABELS[label.slice(1).findIndex((group) => group !== undefined)] ?? "sex");
    const single = SINGLE.exec(folded);
    if (single !== null) add(single[0], "family");
    for (const { term, category } of [...standingAlone(sentence, words), ...further(sentence, words)])
      add(term, category);
  }
  return [...found.values()];
}

/** Parts of a sentence that are nothing but such words. Both sexes beside each other ask for neither. */
function standingAlone(sentence: string, all: readonly Word[]): Found[] {
  if (!all.some(({ key }) => ALONE.test(key))) return [];
  const parts = sentence.split(/[,;()|/]|\s[-–—]\s/).map((part) => wordsOf(part));
  const alone = parts
    .filter((words) => words.every(({ key }) => ALONE.test(key) || BESIDE.test(key)))
    // "Young" by itself is a name.
    .filter(([first, second]) => second !== undefined || !(first?.capital === true && first.key === "young"))
    .flat()
    .flatMap(({ key }) => {
      const [, male, female, age] = ALONE.exec(key) ?? [];
      return [male, female, age].flatMap((term, at) =>
        term === undefined ? [] : [{ term, sex: at < 2 ? at : undefined }],
      );
    });
  const sexes = new Set(
    parts.flat().map(({ key }) => (ALONE.exec(key) ?? []).slice(1, 3).findIndex(Boolean)),
  );
  const both = sexes.has(0) && sexes.has(1);
  return alone
    .filter(({ sex }) => sex === undefined || !both)
    .map(({ term, sex }) => ({ term, category: sex === undefined ? "age" : "sex" }));
}

/** Traits behind "he is", "she's": whatever stands between, as far as it only qualifies them. */
function traitsOf(sentence: string, words: readonly Word[]): Found[] {
  return words.flatMap((word, at): Found[] => {
    const hit = longestAt(words, at);
    const category = hit?.category ?? TRAITS.get(word.key);
    const last = words[at + (hit?.words.length ?? 1) - 1];
    const after = words[at + (hit?.words.length ?? 1)];
    if (category === undefined || last === undefined || THING.test(after?.key ?? "")) return [];
    if (word.capital && after?.capital === true) return [];
    // "Older than 18", "a single point of contact" say nothing of the kind.
    const isAdjective = last === word && (TRAITS.has(word.key) || category === "age");
    if (isAdjective && !isClauseEnd(after, words[at + 2])) return [];
    let before = at - 1;
    const qualifies = (key: string): boolean =>
      DEGREE.test(key) || BESIDE.test(key) || BY_FIRST.has(key) || TRAITS.has(key);
    while (before > at - QUALIFIERS_MAX && qualifies(words[before]?.key ?? "")) before -= 1;
    const said = words[before]?.key ?? "";
    const subjects = words.slice(Math.max(0, before - 2), before).map(({ key }) => key);
    if (!IS.test(said) || subjects.some((key) => OTHERS.test(key))) return [];
    return [{ term: sentence.slice(word.from, last.to), category }];
  });
}

function isClauseEnd(after: Word | undefined, next: Word | undefined): boolean {
  if (after === undefined || after.key === "than") return !/^\d+$/.test(next?.key ?? "");
  return /^(?:and|or|but|so|as|while|with|y|o|pero)$/.test(after.key);
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
  const key = words[at]?.key ?? "";
  if (length === 1 && ONE_PERSON.test(key) && DEFINITE.test(words[at - 1]?.key ?? "")) return false;
  if (isServed(words, at)) return false;
  const wish = length === 1 && COLLOQUIAL.test(key) ? PREFERENCE : WISH;
  for (let near = Math.max(0, at - WISH_WORDS_MAX); near < at + length + 2; near += 1) {
    const inside = near >= at && near < at + length;
    if (!inside && wish.test(words[near]?.key ?? "")) return true;
  }
  return isWishedBehind(words, at + length);
}

function isWishedBehind(words: readonly Word[], from: number): boolean {
  for (let near = from; near < from + ASIDE_WORDS_MAX; near += 1) {
    if (!ASIDE.test(words[near]?.key ?? "")) continue;
    const said = words.slice(near + 1, near + 1 + ASIDE_WISH_WORDS_MAX);
    if (said.some(({ key }) => WISHED.test(key))) return true;
  }
  return false;
}

/** Behind "for", over articles and other terms ("for an elderly woman"). */
function isServed(words: readonly Word[], at: number): boolean {
  let before = at - 1;
  const skipped = (key: string): boolean => ARTICLE.test(key) || BY_FIRST.has(key);
  while (before > Math.max(0, at - WISH_WORDS_MAX) && skipped(words[before]?.key ?? "")) before -= 1;
  return FOR.test(words[before]?.key ?? "") && !ASKING.test(words[before - 1]?.key ?? "");
}

/** Letters that are spaced out ("M A L E") are one word. */
const WORD = /(?<![\p{L}\p{N}])\p{L}(?: \p{L}){3,}(?![\p{L}\p{N}])|[\p{L}\p{M}\p{N}]+(?:['’]\p{L}+)?/gu;
/** Digits that stand for letters. */
const DISGUISE: Readonly<Record<string, string>> = { "0": "o", "1": "i", "3": "e", "4": "a", "5": "s" };

/** As the table has it, also where a digit stands for a letter ("y0ung"). */
function keyOf(word: string): string {
  const key = fold(word).replaceAll(/['’ ]/g, "");
  if (!/\d/.test(key) || !/[a-z]/.test(key)) return key;
  const plain = key.replaceAll(/[01345]/g, (digit) => DISGUISE[digit] ?? digit);
  return BY_FIRST.has(plain) ? plain : key;
}

function wordsOf(sentence: string): Word[] {
  return [...sentence.matchAll(WORD)].map(({ 0: word, index }) => ({
    key: keyOf(word),
    from: index,
    to: index + word.length,
    capital: /^\p{Lu}\p{Ll}/u.test(word),
  }));
}

function fold(text: string): string {
  return text.toLowerCase().normalize("NFKD").replaceAll(/\p{M}/gu, "");
}

// How an order says which role it wants: the words before the role, the words and marks that end it, and what may
// stand between. Titles are compared as words without plurals, hyphens and joining words, so that "Fork-lift
// operators" and "forklift operator" are one.

export interface TitleWord {
  /** Lower case and singular; what titles are compared by. */
  readonly key: string;
  readonly start: number;
  readonly end: number;
  /** Something other than blanks, hyphens or slashes stands between this word and the one before. */
  readonly apart: boolean;
}

const WORD = /[\p{L}\p{N}]+/gu;
const HYPHENS = "-‐‑/&+'’";
const JOINING: ReadonlySet<string> = new Set(["and", "of", "the", "or", "s"]);

/** The words that can be part of a title, with where they stand. */
export function titleWords(text: string): TitleWord[] {
  const words: TitleWord[] = [];
  let end = 0;
  let apart = false;
  for (const { 0: run, index } of text.matchAll(WORD)) {
    apart ||= words.length > 0 && isBoundary(text, end, index);
    end = index + run.length;
    const key = singular(run.toLowerCase());
    if (JOINING.has(key)) continue;
    words.push({ key, start: index, end, apart });
    apart = false;
  }
  return words;
}

/** A hyphen with blanks around it, a comma or any other mark ends a phrase; what glues words together does not. */
function isBoundary(text: string, from: number, to: number): boolean {
  const gap = text.slice(from, to);
  if (gap === " ") return false;
  const marks = gap.trim();
  if (marks === "") return gap.includes("\n");
  if (marks === "&" || marks === "/" || marks === "+") return false;
  return marks.length > 1 || !HYPHENS.includes(marks) || gap.length > 1;
}

/** The singular of an English noun as titles use it; a word that has none comes back unchanged. */
export function singular(word: string): string {
  const { length } = word;
  if (length > 4 && word.endsWith("men")) return `${word.slice(0, -2)}an`;
  // "carnie" and "carny" both have "carnies".
  if (length > 4 && word.endsWith("ie")) return `${word.slice(0, -2)}y`;
  if (length === 3) return /^[^aeiou]{2}s$/.test(word) ? word.slice(0, -1) : word;
  if (length < 3 || !word.endsWith("s")) return word;
  if (length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (/(?:ss|sh|ch|x|z)es$/.test(word)) return word.slice(0, -2);
  return /[sui]s$/.test(word) ? word : word.slice(0, -1);
}

function wordSet(words: string): ReadonlySet<string> {
  return new Set(words.split(" "));
}

/** Words that announce a role: "need 3 ...", "we're short ...", "looking for ...", "client wants ...". */
export const LEADS = wordSet(
  "need needed fill short backfill looking find want wanted cover send get require request hire hiring seeking seek replace order",
);

/** Words that may stand between a lead and the role. */
export const BETWEEN = wordSet(
  "me us for a an some few another additional more extra about around at least up to asap urgent urgently please our new " +
    "one two three four five six seven eight nine ten eleven twelve dozen x " +
    "experienced certified licensed qualified skilled reliable seasonal temporary temp full part time bilingual good day night",
);

/** Words that end a role. */
export const STOPS = wordSet(
  "in near at for from to starting start on shift available asap today tomorrow tonight with who by until this next " +
    "monday tuesday wednesday thursday friday saturday sunday day night morning evening site work job client is are we " +
    "that need want call per hr hour around within",
);

/** A title right before one of these is part of another one: a welder helper is no welder. */
export const OTHER_HEADS = wordSet(
  "helper assistant supervisor manager foreman forewoman lead trainer instructor teacher designer engineer inspector " +
    "coordinator director trainee apprentice tender superintendent estimator salesperson representative scheduler recruiter",
);

/** "not forklift", "no cooks", "except drivers". */
export const NEGATIONS = wordSet("not no except without never but non excluding instead");

/** Words of orders that are about the order and never about the role. */
const ORDER_WORDS: ReadonlySet<string> = new Set([...LEADS, ...STOPS, "can", "client", "me", "re"]);

/** What is left of a text when the words of ordering are taken out: the role and what is said of it. */
export function withoutOrderWords(text: string): string {
  return titleWords(text)
    .filter(({ key }) => !ORDER_WORDS.has(key))
    .map(({ start, end }) => text.slice(start, end))
    .join(" ");
}

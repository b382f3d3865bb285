// Where places are found by name, also misspelt, and by postal code. The rows come from outside (`src/adapters/places`);
// here is the index over them: names folded the way people vary them, largest place first, in arrays of numbers, since
// there are tens of thousands.

import { milesBetween, type Point } from "../../places.ts";
import { errorsAllowed, nearWords } from "../text/spelling.ts";

export interface Place extends Point {
  readonly city: string;
  /** Two-letter postal code. */
  readonly state: string;
  /** Residents; a rough rank only for places that no census counts. */
  readonly population: number;
}

export interface PostalPlace extends Point {
  readonly code: string;
  readonly city: string;
  readonly state: string;
  readonly county: string;
}

export interface County extends Point {
  readonly county: string;
  readonly state: string;
}

export interface Gazetteer {
  /** Places with this name, largest first. The name is folded with `placeName`. */
  named(name: string): readonly Place[];
  /** Places whose name is this one with a typing error or two, the likeliest first; of one state when it is given. */
  similar(name: string, state: string | undefined): readonly Place[];
  postal(code: string): PostalPlace | undefined;
  /** Counties of this folded name without the word "county", most populous first. */
  counties(name: string): readonly County[];
  /** IANA zone name. */
  timezone(point: Point): string | undefined;
}

const SHORT_WORDS: Readonly<Record<string, string>> = { saint: "st", sainte: "ste", fort: "ft", mount: "mt" };
const PLAIN = /^[a-z ]*$/;
const SHORTENED = /\b(?:saint|sainte|fort|mount)\b/;

const DIRECTIONS: Readonly<Record<string, string>> = { n: "north", s: "south", e: "east", w: "west" };
/** "So. San Francisco", "Pt. Charlotte", "Mc Allen": first words that are cut, or parted from what they belong to. */
const FIRST_WORDS: Readonly<Record<string, readonly string[]>> = {
  so: ["south "],
  no: ["north "],
  pt: ["port ", "point "],
  mc: ["mc"],
  mac: ["mac"],
  de: ["de"],
};

function withWholeFirstWord(name: string): string[] {
  const at = name.indexOf(" ");
  const first = name.slice(0, Math.max(0, at));
  return Object.hasOwn(FIRST_WORDS, first)
    ? (FIRST_WORDS[first] ?? []).map((whole) => `${whole}${name.slice(at + 1)}`)
    : [];
}

/** "Saint Paul", "St. Paul" and "st paul" are one name, "N. Las Vegas" is "North Las Vegas"; hyphens and apostrophes do not tell names apart. */
export function placeName(name: string): string {
  let lower = name.toLowerCase();
  if (!PLAIN.test(lower)) {
    lower = lower
      .normalize("NFKD")
      .replaceAll(/\p{M}|['’.ʻ]/gu, "")
      .replaceAll(/[^a-z0-9]+/g, " ")
      .trim();
  }
  const direction = lower[1] === " " ? DIRECTIONS[lower.charAt(0)] : undefined;
  if (direction !== undefined) lower = `${direction}${lower.slice(1)}`;
  if (!SHORTENED.test(lower)) return lower;
  return lower
    .split(" ")
    .map((word) => (Object.hasOwn(SHORT_WORDS, word) ? SHORT_WORDS[word] : word))
    .join(" ");
}

/** Below it a misspelt name alone is not taken for the place: too many words are near to some hamlet. */
const SIMILAR_POPULATION_MIN = 40_000;
/** Two places of one name and state within this are one place from two sources. Miles. */
const SAME_PLACE_MILES = 30;

/** What the gazetteer asks others: small places, codes, counties and zones. */
interface Outside {
  /** Places with this folded name that `towns` may not have. */
  readonly small?: (name: string) => readonly Place[];
  readonly postal?: Gazetteer["postal"];
  readonly counties?: Gazetteer["counties"];
  readonly timezone?: Gazetteer["timezone"];
}

/** The index over towns, which come largest first, and over what is known of smaller places. */
export function gazetteerOf(towns: readonly Place[], outside: Outside = {}): Gazetteer {
  const byName = new Map<string, Place[]>();
  for (const place of towns) {
    const name = placeName(place.city);
    const own = byName.get(name);
    if (own === undefined) byName.set(name, [place]);
    else own.push(place);
  }
  const names = [...byName.keys()];
  const index = nearWords(names);
  const merged = (name: string): readonly Place[] => {
    const known = byName.get(name) ?? NONE;
    const small = outside.small?.(name) ?? NONE;
    const others = small.filter((place) => !known.some((other) => isSame(other, place)));
    return others.length === 0 ? known : [...known, ...others].sort((a, b) => b.population - a.population);
  };
  // The same few names are asked for over and over, and most words of a text are no place.
  const kept = new Map<string, readonly Place[]>();
  const named = (name: string): readonly Place[] => {
    const before = kept.get(name);
    if (before !== undefined) return before;
    let found = merged(name);
    for (const whole of found.length === 0 ? withWholeFirstWord(name) : []) {
      found = merged(whole);
      if (found.length > 0) break;
    }
    if (kept.size >= NAMES_KEPT_MAX) kept.clear();
    kept.set(name, found);
    return found;
  };
  const similar = (name: string, state: string | undefined): readonly Place[] => {
    const most = errorsAllowed(name.length);
    // "omah ne" is Omaha.
    const short = name.length === SIMILAR_LENGTH_MIN - 1 && state !== undefined;
    if ((most === 0 || name.length < SIMILAR_LENGTH_MIN) && !short) return NONE;
    const found: { place: Place; errors: number }[] = [];
    // Which letter is doubled is one thing to get wrong: "Bufallo".
    const plain = undoubled(name);
    const widest = name.length < UNDOUBLED_LENGTH_MIN ? most : Math.max(most, 2);
    for (const { number, errors } of index.within(name, short ? 1 : widest)) {
      if (short && (names[number]?.length ?? 0) <= name.length) continue;
      if (!short && errors > most && undoubled(names[number] ?? "") !== plain) continue;
      for (const place of byName.get(names[number] ?? "") ?? NONE) {
        const large = place.population >= SIMILAR_POPULATION_MIN;
        const fits = state === undefined ? large : place.state === state && (large || !short);
        if (fits) found.push({ place, errors });
      }
    }
    found.sort((a, b) => a.errors - b.errors || b.place.population - a.place.population);
    return found.map(({ place }) => place);
  };
  return {
    named,
    similar,
    postal: outside.postal ?? (() => undefined),
    counties: outside.counties ?? (() => NO_COUNTIES),
    timezone: outside.timezone ?? (() => undefined),
  };
}

const UNDOUBLED_LENGTH_MIN = 6;

function undoubled(name: string): string {
  return name.replaceAll(/(.)\1/g, "$1");
}

/** Names and words whose places are remembered: half a megabyte. */
const NAMES_KEPT_MAX = 4096;
/** Shorter names are near to too many words. */
const SIMILAR_LENGTH_MIN = 5;
const NONE: readonly Place[] = [];
const NO_COUNTIES: readonly County[] = [];

function isSame(left: Place, right: Place): boolean {
  return left.state === right.state && milesBetween(left, right) < SAME_PLACE_MILES;
}

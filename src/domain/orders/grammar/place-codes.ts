// Claims to places by what is no name of a city: postal codes, nicknames, metropolitan areas, airports and counties.

import { placeName, type PostalPlace } from "../places/gazetteer.ts";
import { longestPhrase } from "../tables/phrases.ts";
import type { Token } from "../text/tokens.ts";
import type { PlaceValue } from "./claim.ts";
import {
  behindCity,
  COMMON_CODES,
  endsLonger,
  GEOGRAPHIC,
  leadOf,
  namesHouse,
  type PlaceClaim,
  type PlaceWords,
  type Run,
} from "./place-words.ts";

const POSTAL = /^\d{5}$/;

/** A postal code behind a place says the place more exactly. */
export function withPostal(tokens: readonly Token[], claim: PlaceClaim, words: PlaceWords): PlaceClaim {
  const comma = tokens[claim.to]?.word === "," ? 1 : 0;
  const found = codeAt(tokens, claim.to + comma, words);
  if (found === undefined || found.postal?.state !== claim.value.state) return claim;
  const value: PlaceValue = { ...claim.value, postal: found.postal, postalCode: found.code };
  return { ...claim, value, to: found.to, weight: claim.weight + 3 };
}

function codeAt(
  tokens: readonly Token[],
  at: number,
  { gazetteer }: PlaceWords,
): { code: string; to: number; postal: PostalPlace | undefined } | undefined {
  const token = tokens[at];
  if (token?.kind !== "number" || !POSTAL.test(token.text)) return undefined;
  const plus = tokens[at + 2];
  const long =
    tokens[at + 1]?.word === "-" && tokens[at + 1]?.glued === true && /^\d{4}$/.test(plus?.text ?? "");
  return { code: token.text, to: long ? at + 3 : at + 1, postal: gazetteer.postal(token.text) };
}

const NAMED_POSTAL: ReadonlySet<string> = new Set(["zip", "zipcode", "code", "postal", "cp"]);

export function postalAt(tokens: readonly Token[], at: number, words: PlaceWords): PlaceClaim[] {
  const found = codeAt(tokens, at, words);
  if (found === undefined) return [];
  const before = tokens[at - 1];
  const named =
    NAMED_POSTAL.has(before?.word ?? "") ||
    (before?.word === ":" && NAMED_POSTAL.has(tokens[at - 2]?.word ?? ""));
  const { postal, code, to } = found;
  const other =
    before !== undefined &&
    (before.word === "$" ||
      before.word === "#" ||
      words.lexicon.has(before.word, "namer") ||
      words.lexicon.has(before.word, "coder") ||
      words.lexicon.has(before.word, "idword"));
  if (
    !named &&
    (postal === undefined ||
      (before?.glued === true && (before.word === "#" || before.word === "$" || before.word === "-")))
  )
    return [];
  const value: PlaceValue =
    postal === undefined
      ? { postalCode: code }
      : { postalCode: code, postal, city: postal.city, state: postal.state };
  const from = named && before?.kind === "word" ? at - 1 : at;
  return [{ kind: "place", value, from, to, weight: named ? 5.5 : other ? 1.5 : 4.5 }];
}

/** Codes of airports that are words. */
const WORD_AIRPORTS: ReadonlySet<string> = new Set([
  "sea",
  "den",
  "san",
  "sat",
  "las",
  "aus",
  "ont",
  "hou",
  "sna",
  "bos",
  "mia",
]);
const METRO_WORDS: ReadonlySet<string> = new Set([
  "metro",
  "area",
  "metroplex",
  "region",
  "metropolitan",
  "airport",
  "suburbs",
  "surrounding",
  "areas",
  "strip",
]);

/** Of a town whose name begins like a nickname of another one. */
const LONGER_POPULATION_MIN = 20_000;

export function nicknamesAt(tokens: readonly Token[], from: number, words: PlaceWords): PlaceClaim[] {
  const found = longestPhrase(words.names.nicknames, tokens, words.links, from);
  const [nickname] = found?.values ?? [];
  if (found === undefined || nickname === undefined) return [];
  const token = tokens[from] as Token;
  const lead = leadOf(tokens, from);
  if (found.words === 1 && token.word.length <= 3 && WORD_AIRPORTS.has(token.word) && !token.upper) return [];
  // "Fair Oaks" is no airport.
  if (found.words === 1 && nickname.kind === "airport" && token.word !== token.key) return [];
  if (found.words === 1 && words.lexicon.meaningsOf(token.word) !== undefined && !token.upper && lead < 0.8)
    return [];
  // "E. St. Louis" is no St. Louis.
  if (endsLonger(tokens, { from, to: found.to }, words.gazetteer)) return [];
  // "Brooklyn Park" is no park in Brooklyn.
  const next = tokens[found.to];
  if (found.words === 1 && next?.kind === "word" && GEOGRAPHIC.has(next.word)) {
    const [longer] = words.gazetteer.named(placeName(`${token.word} ${next.word}`));
    if (longer !== undefined && longer.population >= LONGER_POPULATION_MIN) return [];
  }
  // "en la obra": an article, unless nothing follows that it could stand before.
  if (found.words === 1 && token.word === "la" && !token.upper && tokens[from + 1]?.kind === "word") {
    if (words.states[from + 1]?.code !== "CA" && !METRO_WORDS.has(tokens[from + 1]?.word ?? "")) return [];
  }
  let { to } = found;
  while (METRO_WORDS.has(tokens[to]?.word ?? "")) to++;
  const known = words.gazetteer
    .named(placeName(nickname.city))
    .find((place) => place.state === nickname.state);
  // The state may be said as well.
  for (const { at, open } of behindCity(tokens, to)) {
    const state = words.states[at];
    if (
      !open &&
      state?.code === nickname.state &&
      (state.clear || !COMMON_CODES.has((tokens[at] as Token).word))
    )
      to = state.to;
  }
  const metro =
    nickname.kind === "metro"
      ? nickname.name
      : to > found.to && METRO_WORDS.has(tokens[found.to]?.word ?? "") && nickname.kind === "city"
        ? nickname.city
        : undefined;
  const place = { city: nickname.city, state: nickname.state, known };
  const value: PlaceValue =
    nickname.kind === "airport"
      ? { ...place, metro: nickname.city }
      : metro === undefined
        ? place
        : { ...place, metro };
  const weight =
    3.8 +
    0.9 * (found.words - 1) +
    lead * 0.4 +
    (to > found.to ? 1 : 0) +
    (found.words > 1 && words.states[found.to - 1] !== undefined ? NAMED_STATE_WEIGHT : 0) -
    (tokens[from - 1]?.word === "(" ? 2 : 0) -
    (namesHouse(tokens[to]) ? 3 : 0);
  return [{ kind: "place", value, from, to, weight }];
}

/** "west Texas" is no town of the name West. */
const NAMED_STATE_WEIGHT = 2.5;

/** "in Tulsa County" is not in Tulsa. */
const COUNTY_LED_WEIGHT = 1.5;
const COUNTY_WORDS: ReadonlySet<string> = new Set(["county", "cnty", "parish", "condado"]);

export function countyAt(tokens: readonly Token[], run: Run, words: PlaceWords): PlaceClaim[] {
  if (!COUNTY_WORDS.has(tokens[run.to]?.word ?? "") || run.words > 3) return [];
  const counties = words.gazetteer.counties(run.name);
  const [behind] = behindCity(tokens, run.to + 1);
  const state = behind === undefined ? undefined : words.states[behind.at];
  const county = counties.find((one) => state === undefined || one.state === state.code);
  if (county === undefined) return [];
  const to = state === undefined ? run.to + 1 : state.to;
  const led = leadOf(tokens, run.from) >= 1 ? COUNTY_LED_WEIGHT : 0;
  const weight = (state === undefined ? 4 : 6) + led + 0.5 * (run.words - 1);
  return [{ kind: "place", value: { county, state: county.state }, from: run.from, to, weight }];
}

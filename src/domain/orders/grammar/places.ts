// Claims to cities and states: cities with and without their state in the ways people write the two, misspelt ones, and
// states alone. How much speaks for a name alone depends on how many people live there, on what stands before it, and
// on whether it is a word as well.

import { type Gazetteer, type Place, placeName } from "../places/gazetteer.ts";
import { isVocabulary } from "../tables/lexicon.ts";
import { longestPhrase } from "../tables/phrases.ts";
import { CELL, type Token } from "../text/tokens.ts";
import type { Correction } from "./claim.ts";
import { isSuffix, nameOf, unknownCity } from "./place-unknown.ts";
import { countyAt, nicknamesAt, postalAt, withPostal } from "./place-codes.ts";
import {
  behindCity,
  COMMON_CODES,
  endsLonger,
  endsSegment,
  type FoundState,
  GEOGRAPHIC,
  hasTitleBeside,
  HAMLET_POPULATION_MAX,
  isWordLike,
  LARGE_TOWN_MIN,
  leadOf,
  mayBeCode,
  namesHouse,
  type PlaceClaim,
  type PlaceKnowledge,
  type PlaceWords,
  type Run,
  runsAt,
  SMALL_CLASSES,
  stateAt,
  stateKey,
  WORD_CODES,
} from "./place-words.ts";

/** Of a town of the same name elsewhere, as a share of the largest: from here on the name alone is ambiguous. */
const AMBIGUOUS_SHARE = 0.1;
const AMBIGUOUS_POPULATION_MIN = 4000;
/** Runs of words that are looked up as misspelt places: the first ones of a text. */
const MISSPELT_MAX = 40;

export function placeClaims(tokens: readonly Token[], known: PlaceKnowledge): PlaceClaim[] {
  const words: PlaceWords = {
    ...known,
    states: tokens.map((_, at) => stateAt(tokens, at, known)),
    isTitled: titledOf(tokens.length, known.titles),
  };
  const claims: PlaceClaim[] = [];
  let misspelt = 0;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    if (token.kind === "number") {
      claims.push(...postalAt(tokens, at, words));
      continue;
    }
    if (token.kind === "mark") continue;
    const state = words.states[at];
    if (state !== undefined)
      claims.push(...stateFirst(tokens, at, state, words), ...stateAlone(tokens, at, state, words));
    else claims.push(...misspeltStateAt(tokens, at, words));
    claims.push(...nicknamesAt(tokens, at, words));
    const runs = runsAt(tokens, at, words.lexicon);
    for (const run of runs) claims.push(...cityAt(tokens, run, words), ...countyAt(tokens, run, words));
    for (const run of runs) {
      if (misspelt >= MISSPELT_MAX || !tokens.slice(run.from, run.to).some((one) => isUnknown(one, words)))
        continue;
      misspelt++;
      claims.push(...misspeltAt(tokens, run, words));
    }
  }
  return claims;
}

function titledOf(length: number, titles: PlaceKnowledge["titles"]): Uint8Array {
  const isTitled = new Uint8Array(length);
  for (const { from, to } of titles) isTitled.fill(1, from, to);
  return isTitled;
}

function cityAt(tokens: readonly Token[], run: Run, words: PlaceWords): PlaceClaim[] {
  const { gazetteer } = words;
  const named = gazetteer.named(run.name);
  const claims: PlaceClaim[] = [];
  for (const { at, open } of behindCity(tokens, run.to)) {
    const state = words.states[at];
    if (state === undefined) continue;
    const closed = open && tokens[state.to]?.word === ")";
    if (open && !closed) continue;
    const to = closed ? state.to + 1 : state.to;
    const direct = at === run.to;
    const known = named.find((place) => place.state === state.code);
    if (known === undefined) {
      // A dash parts an order more often than a name that nobody knows from its state.
      if (tokens[run.to]?.word === "-") continue;
      const unknown = unknownCity(tokens, run, state, words, direct);
      if (unknown !== undefined) claims.push(withPostal(tokens, { ...unknown, to }, words));
      continue;
    }
    if (!state.clear && direct && !mayBeCode(tokens, run.from, at, state, words)) continue;
    if (state.form === "short" && direct && !state.clear && known.population < 20_000) continue;
    const weight =
      5.8 +
      1.3 * (run.words - 1) +
      (state.clear ? 0.5 : 0) +
      (leadOf(tokens, run.from) >= 1 ? LED_WEIGHT : 0) +
      (run.words > 1 && saysDay(tokens[run.from], words) ? DAY_NAME_WEIGHT : 0) +
      (run.words > 1 && opens(tokens, run) && words.isPersonName((tokens[run.from] as Token).word)
        ? PERSON_NAME_WEIGHT
        : 0);
    const title =
      run.words === 1 && known.population < 20_000 && words.isTitleWord((tokens[run.from] as Token).key);
    const led = leadOf(tokens, run.from) >= 1 && !direct;
    const meant = likelier(run, known, gazetteer, known.state);
    const value = { city: meant.city, state: meant.state, known: meant };
    const typed = tokens
      .slice(run.from, run.to)
      .map(({ text }) => text)
      .join(" ");
    const corrections = meant === known ? [] : [{ typed, read: meant.city }];
    // "painter va" is a painter, though Virginia has a Painter; "in parker tx" is a place.
    const code = state.clear || !WORD_CODES.has((tokens[at] as Token).word);
    const bracketed = closed && known.population >= TOWN_POPULATION_MIN;
    // "Welder / Crane, TX / 28 heads", "Crane (TX): welder": what is asked for is said elsewhere.
    const framed =
      title && !direct && state.clear && isFramed(tokens, run.from, to) && hasTitleBeside(words, run);
    // "welder Mason MI", "Mason MI welder": two titles side by side are one and a place.
    const beside = title && direct && state.clear && isBesideTitle(tokens, run, to, words);
    const sure = led || bracketed || framed || beside || (leadOf(tokens, run.from) >= 1 && code);
    const cost = (title && !sure) || endsTitle(words, run) ? TITLE_COST : beside ? -BESIDE_TITLE_WEIGHT : 0;
    const own = weight - cost;
    claims.push(
      withPostal(tokens, { kind: "place", value, from: run.from, to, weight: own, corrections }, words),
    );
  }
  if (named.length > 0) {
    const alone = isElsewhere(tokens, run, named, words)
      ? undefined
      : cityAlone(tokens, run, named, words, []);
    if (alone !== undefined) claims.push(alone);
  }
  return claims;
}

/** "Salem, VT", "salem nj": a state right behind a name says where it is, and where it is not. */
function isElsewhere(
  tokens: readonly Token[],
  { from, to }: Run,
  named: readonly Place[],
  words: PlaceWords,
): boolean {
  return behindCity(tokens, to).some(({ at, open }) => {
    const state = words.states[at];
    if (state === undefined || state.form === "short" || tokens[to]?.word === "-") return false;
    if (open && tokens[state.to]?.word !== ")") return false;
    const said = state.clear || (state.form === "code" && !open && mayBeCode(tokens, from, at, state, words));
    return said && !named.some((place) => place.state === state.code);
  });
}

/** "valet parker CO" has a parker. */
function endsTitle({ titles }: PlaceWords, run: Run): boolean {
  return titles.some(
    ({ value, corrections, from, to }) =>
      value.form === "title" && (corrections?.length ?? 0) === 0 && from < run.from && to === run.to,
  );
}

const TITLE_COST = 2.5;

function isBesideTitle(
  tokens: readonly Token[],
  { from }: Run,
  to: number,
  { titles }: PlaceKnowledge,
): boolean {
  if (tokens[from]?.capital !== true || tokens[from].upper) return false;
  return titles.some(
    ({ value, corrections, ...claim }) =>
      value.form === "title" &&
      (corrections?.length ?? 0) === 0 &&
      (claim.to === from || (from === 0 && claim.from === to)),
  );
}

/** "LA" is Los Angeles as well. */
const BESIDE_TITLE_WEIGHT = 1;

/** A line, a cell or a field of its own, "/ Crane, TX /". */
function isFramed(tokens: readonly Token[], from: number, to: number): boolean {
  const [before, after] = [tokens[from - 1]?.word ?? "\n", tokens[to]?.word ?? "\n"];
  return FRAMES.has(before) && (FRAMES.has(after) || after === ":" || after === "-");
}

const FRAMES: ReadonlySet<string> = new Set(["\n", "/", ";", CELL]);

/** "in Fishers, Indiana" is no fisher. */
const LED_WEIGHT = 0.8;
/** "Friday Harbor" is no harbor on Friday. */
const DAY_NAME_WEIGHT = 4;
/** "Holly Hill, FL" is no Holly. */
const PERSON_NAME_WEIGHT = 2;

/** Nothing stands before it that a longer name could begin with. */
function opens(tokens: readonly Token[], { from }: Run): boolean {
  const before = tokens[from - 1];
  return before?.kind !== "word" && before?.word !== ".";
}

function saysDay(token: Token | undefined, { lexicon }: PlaceWords): boolean {
  return token !== undefined && (lexicon.has(token.word, "weekday") || lexicon.has(token.word, "month"));
}

/** A hamlet whose name is nearly that of a large city is that city, misspelt: of its own state where one is said. */
function likelier(run: Run, known: Place, gazetteer: Gazetteer, state: string | undefined): Place {
  if (known.population >= HAMLET_POPULATION_MAX) return known;
  const [similar] = gazetteer.similar(run.name, state);
  return similar !== undefined && similar.population >= LARGE_POPULATION_MIN ? similar : known;
}

/** "Baker (LA)" is no baker, "painter (VA)" is no Painter. */
const TOWN_POPULATION_MIN = 5000;
const LARGE_POPULATION_MIN = 100_000;

/** Hamlets whose names are said of other things: "enter data in Excel", "all over New England". */
const NO_HAMLETS: ReadonlySet<string> = new Set([
  "excel",
  "word",
  "access",
  "outlook",
  "zoom",
  "teams",
  "oracle",
  "new england",
  "midwest",
  "jersey",
]);

function cityAlone(
  tokens: readonly Token[],
  run: Run,
  named: readonly Place[],
  words: PlaceWords,
  corrections: readonly Correction[],
): PlaceClaim | undefined {
  const [first] = named;
  if (first === undefined || NO_HAMLETS.has(run.name) || endsLonger(tokens, run, words.gazetteer))
    return undefined;
  const known = corrections.length > 0 ? first : likelier(run, first, words.gazetteer, undefined);
  const token = tokens[run.from] as Token;
  const lead = leadOf(tokens, run.from);
  const ends = endsSegment(tokens[run.to], words.lexicon);
  let weight = 0.9 + sizeWeight(known.population) + lead + (ends ? 0.4 : 0) + 0.9 * (run.words - 1);
  const capital = token.capital && !words.titled;
  if (capital) weight += 0.6;
  const wordLike = run.words === 1 && isWordLike(token, words);
  if (wordLike) weight -= lead >= 0.8 || capital ? 0.7 : 2;
  // "Washington" is rather the state, "New York" rather the city.
  if (run.name !== "new york" && words.names.states.get(stateKey(tokens, run)) !== undefined) weight -= 2;
  // A small place in small letters that nothing leads to is hardly meant, unless its name is nothing else.
  if (known.population < 15_000 && !capital && lead < 0.8)
    weight -= isOnlyPlace(tokens, run, known, words) ? 0.3 : 1.5;
  // "at the Hampton Inn" is hardly in Hampton, "Boise Health" may be in Boise.
  if (namesHouse(tokens[run.to])) weight -= HOUSE_COST;
  // Numbers and cities do not meet: "5 Houston".
  weight -= 1.2 * corrections.length;
  if (weight <= 0.3) return undefined;
  const value = { city: known.city, state: known.state, known, ambiguous: isAmbiguous(named) };
  const area = areaAround(tokens, run);
  if (area === undefined) return { kind: "place", value, from: run.from, to: run.to, weight, corrections };
  return {
    kind: "place",
    value: { ...value, metro: known.city },
    ...area,
    weight: weight + 1.2,
    corrections,
  };
}

const HOUSE_COST = 1.5;
const RARE_NAME_LENGTH_MIN = 6;

/** A town of a long name that is no word, no title and nobody's name. */
function isOnlyPlace(tokens: readonly Token[], run: Run, known: Place, words: PlaceWords): boolean {
  return (
    known.population >= TOWN_POPULATION_MIN &&
    run.name.length >= RARE_NAME_LENGTH_MIN &&
    tokens
      .slice(run.from, run.to)
      .every((token) => isUnknown(token, words) && !words.isPersonName(token.word))
  );
}

function sizeWeight(population: number): number {
  if (population >= 400_000) return 2.1;
  if (population >= 100_000) return 1.7;
  if (population >= 40_000) return 1.2;
  if (population >= 15_000) return 0.7;
  return population >= 5000 ? 0.2 : -0.4;
}

export function isAmbiguous(named: readonly Place[]): boolean {
  const [first] = named;
  if (first === undefined) return false;
  const least = Math.max(AMBIGUOUS_POPULATION_MIN, first.population * AMBIGUOUS_SHARE);
  return named.some((place) => place.state !== first.state && place.population >= least);
}

/** "metro Atlanta", "Houston metro area", "the Tulsa area". */
function areaAround(tokens: readonly Token[], { from, to }: Run): { from: number; to: number } | undefined {
  const before = AREA_BEFORE.has(tokens[from - 1]?.word ?? "") ? from - 1 : from;
  let after = to;
  while (AREA_AFTER.has(tokens[after]?.word ?? "")) after++;
  return before === from && after === to ? undefined : { from: before, to: after };
}

const AREA_BEFORE: ReadonlySet<string> = new Set(["metro", "greater", "metropolitan"]);
const AREA_AFTER: ReadonlySet<string> = new Set(["metro", "area", "metropolitan", "metroplex"]);

/** A town of another state has the name, or its last word is what towns are called. */
function isNameOfTown(
  tokens: readonly Token[],
  run: Run,
  { gazetteer, isTitled, lexicon }: PlaceWords,
): boolean {
  const isNamed = gazetteer.named(run.name).length > 0;
  for (let at = run.from; at < run.to; at++) {
    const { word } = tokens[at] as Token;
    const closed =
      !(isNamed && run.words > 1) &&
      !GEOGRAPHIC.has(word) &&
      SMALL_CLASSES.some((kind) => lexicon.has(word, kind));
    if (isTitled[at] === 1 || closed) return false;
  }
  return isNamed || (run.words > 1 && isSuffix(tokens[run.to - 1]));
}

/** Nothing but a mark, a number or the end stands behind it. */
function isClosedOff(tokens: readonly Token[], { to }: Run): boolean {
  const after = tokens[to];
  return after === undefined || after.kind !== "word";
}

const UNKNOWN_BEHIND_STATE_WEIGHT = 5.6;

/** "TX - Houston", "TX: Houston", "Texas, Houston". */
function stateFirst(
  tokens: readonly Token[],
  from: number,
  state: FoundState,
  words: PlaceWords,
): PlaceClaim[] {
  if (state.form === "short") return [];
  const mark = tokens[state.to];
  // "mt - billings": a code that is a word as well needs its mark, and a large city behind it.
  const wordLike = !state.clear && WORD_CODES.has((tokens[from] as Token).word);
  if (wordLike && (mark?.kind !== "mark" || COMMON_CODES.has((tokens[from] as Token).word))) return [];
  const at =
    mark?.kind === "mark" && ["-", ":", "/", ",", "(", "¦"].includes(mark.word) ? state.to + 1 : state.to;
  for (const run of runsAt(tokens, at, words.lexicon)) {
    const named = words.gazetteer.named(run.name);
    const known = named.find((place) => place.state === state.code);
    const alone = at > state.to && state.clear && isClosedOff(tokens, run);
    if (known === undefined && alone && isNameOfTown(tokens, run, words)) {
      // "OH: Lexington: 2 cooks", "OH - Boston Heights": one that no table has.
      const value = { city: nameOf(tokens, run), state: state.code };
      return [{ kind: "place", value, from, to: run.to, weight: UNKNOWN_BEHIND_STATE_WEIGHT }];
    }
    if (known === undefined || (wordLike && known.population < LARGE_TOWN_MIN)) continue;
    const word =
      run.words === 1 &&
      (alone
        ? words.isTitled[at] === 1 && !hasTitleBeside(words, run)
        : isWordLike(tokens[at] as Token, words));
    if (word && known.population < 40_000) continue;
    const closed = mark?.word === "(" && tokens[run.to]?.word === ")" ? 1 : 0;
    const value = { city: known.city, state: known.state, known };
    const weight = (at > state.to ? 6.2 : 4.8) + 1.3 * (run.words - 1);
    return [{ kind: "place", value, from, to: run.to + closed, weight }];
  }
  return [];
}

function stateAlone(
  tokens: readonly Token[],
  from: number,
  state: FoundState,
  words: PlaceWords,
): PlaceClaim[] {
  const token = tokens[from] as Token;
  const lead = leadOf(tokens, from);
  const next = tokens[state.to];
  const ends = endsSegment(next, words.lexicon);
  let weight =
    (state.form === "name" ? 3 : 2.4) + lead * 0.5 + (ends ? 0.3 : 0) + 1.2 * (state.to - from - 1);
  // "in mich" is a state, "mass" alone is a word.
  if (state.form === "short" && !state.clear && lead < 1) return [];
  // The city is meant when nothing says otherwise.
  if (stateKey(tokens, { from, to: state.to }) === "newyork") weight -= 1.5;
  if (state.form === "code") {
    const wordCode = WORD_CODES.has(token.word);
    if (wordCode && !state.clear) {
      // A code in small letters, or in a text all in capitals, that is a word as well: only where a state may stand.
      const last =
        next === undefined || (next.kind === "mark" && next.word !== "?" && next.word !== "!" && !next.glued);
      if (COMMON_CODES.has(token.word) && !last) return [];
      if (from === 0) return [];
      weight -= COMMON_CODES.has(token.word) ? 1 : 0.4;
    } else if (!state.clear) weight -= 0.1;
    if (from === 0 && next !== undefined && next.kind === "word" && !state.clear) weight -= 1;
    // "OK," "Hi Dana": capitals at the head of a sentence.
    if (from === 0 && COMMON_CODES.has(token.word) && token.text !== token.text.toUpperCase()) return [];
  }
  const value = { state: state.code };
  if (weight <= 0) return [];
  const alone = withPostal(tokens, { kind: "place", value, from, to: state.to, weight }, words);
  const before = tokens[from - 1];
  const named =
    words.states[from - 1] !== undefined ||
    longestPhrase(words.names.nicknames, tokens, words.links, Math.max(0, from - 1)) !== undefined;
  if (
    before?.kind !== "word" ||
    named ||
    !REGIONS.has(before.word) ||
    (!state.clear && state.form !== "name")
  )
    return [alone];
  // "west Texas", "Southern IL": a part of a state, and no town of that name.
  return [alone, { kind: "place", value, from: from - 1, to: state.to, weight: REGION_WEIGHT }];
}

/** More than a town with its state. */
const REGION_WEIGHT = 7.4;
const REGIONS: ReadonlySet<string> = new Set(
  "north south east west northern southern eastern western central upstate downstate northeast northwest southeast southwest northeastern northwestern southeastern southwestern upper lower rural coastal norte sur".split(
    " ",
  ),
);

function isUnknown({ kind, word, key }: Token, { lexicon, isTitleWord }: PlaceWords): boolean {
  return kind === "word" && word.length >= 3 && !isVocabulary(lexicon, word) && !isTitleWord(key);
}

/** "roofers Missisipi". */
function misspeltStateAt(tokens: readonly Token[], at: number, words: PlaceWords): PlaceClaim[] {
  const token = tokens[at] as Token;
  if (!isUnknown(token, words) || words.isPersonName(token.word)) return [];
  const state = words.names.misspeltState(token.word);
  if (state === undefined || words.gazetteer.named(token.word).length > 0) return [];
  const corrections = [{ typed: token.text, read: state.name }];
  const value = { state: state.code };
  return [{ kind: "place", value, from: at, to: at + 1, weight: MISSPELT_STATE_WEIGHT, corrections }];
}

const MISSPELT_STATE_WEIGHT = 2.8;

const MISSPELT_LENGTH_MIN = 4;

/** A place with a typing error: with its state, or a larger one alone. */
function misspeltAt(tokens: readonly Token[], run: Run, words: PlaceWords): PlaceClaim[] {
  if (run.name.length < MISSPELT_LENGTH_MIN || run.words > 3) return [];
  const same = words.gazetteer.named(run.name);
  const own = tokens.slice(run.from, run.to);
  // Only the words of the name itself: "dalas tx" is no misspelt city of two words.
  if (own.some(({ word }, number) => number > 0 && words.names.states.get(word) !== undefined)) return [];
  if (
    own.some(
      ({ word }, number) =>
        number > 0 && !GEOGRAPHIC.has(word) && SMALL_CLASSES.some((kind) => words.lexicon.has(word, kind)),
    )
  )
    return [];
  const typed = own.map(({ text }) => text).join(" ");
  for (const { at, open } of behindCity(tokens, run.to)) {
    const state = words.states[at];
    if (state === undefined || (!state.clear && !mayBeCode(tokens, run.from, at, state, words))) continue;
    if (same.some((place) => place.state === state.code)) continue;
    const [known] = words.gazetteer.similar(run.name, state.code);
    if (known === undefined) continue;
    const closed = open && tokens[state.to]?.word === ")" ? 1 : 0;
    const corrections = [{ typed, read: known.city }];
    const value = { city: known.city, state: known.state, known };
    const led = leadOf(tokens, run.from) >= 1 ? 1.2 : 0;
    const weight =
      led + (known.population >= 40_000 ? 6.2 : 4.6) + 0.9 * (run.words - 1) + (state.clear ? 0.5 : 0);
    return [{ kind: "place", value, from: run.from, to: state.to + closed, weight, corrections }];
  }
  if (same.length > 0) return [];
  const similar = words.gazetteer.similar(run.name, undefined);
  const [known] = similar;
  if (known === undefined) return [];
  const named = words.gazetteer.named(placeName(known.city));
  const claim = cityAlone(tokens, run, named, words, [{ typed, read: known.city }]);
  return claim === undefined ? [] : [claim];
}

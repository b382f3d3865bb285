// Cities that no table has: words that stand before a state like a name.

import { type Place, placeName } from "../places/gazetteer.ts";
import type { Token } from "../text/tokens.ts";
import {
  ABBREVIATED,
  type FoundState,
  GEOGRAPHIC,
  HAMLET_POPULATION_MAX,
  hasTitleBeside,
  LARGE_TOWN_MIN,
  leadOf,
  mayBeCode,
  type PlaceClaim,
  type PlaceWords,
  type Run,
  SMALL_CLASSES,
  titleCase,
} from "./place-words.ts";

/** A city that no table has, before a state that is clear: in capitals, or behind a preposition. */
export function unknownCity(
  tokens: readonly Token[],
  run: Run,
  state: FoundState,
  words: PlaceWords,
  direct: boolean,
): PlaceClaim | undefined {
  const { gazetteer, lexicon, isTitleWord, caseless, titled } = words;
  if (run.words > 3 || (!state.clear && direct && state.form !== "code")) return undefined;
  const own = tokens.slice(run.from, run.to).filter(({ kind }) => kind === "word");
  // "Blues Orlando FL" is Orlando.
  let tail: Place | undefined;
  for (let skip = 1; skip < own.length; skip++) {
    const shorter = placeName(
      own
        .slice(skip)
        .map(({ word }) => word)
        .join(" "),
    );
    const known = gazetteer.named(shorter).find((place) => place.state === state.code);
    if (known === undefined) continue;
    tail ??= known;
    // "North Hobbs", "Lake Barrington": a part of a town, or a town beside it.
    if (DIRECTIONS.has(own[skip - 1]?.word ?? "")) break;
    // "Oak Point TX" is no Point: a hamlet that is called so is rather the end of a name.
    const geographic = skip === own.length - 1 && isGeographic(own.at(-1));
    const named = own[0]?.capital === true && !words.isPersonName(own[0].word);
    if (!(geographic || named) || known.population >= HAMLET_POPULATION_MAX) return undefined;
  }
  // "Oklahma City, OK" is a misspelt city and no unknown one.
  const [similar] = gazetteer.similar(run.name, state.code);
  if (similar !== undefined && similar.population >= LARGE_TOWN_MIN) return undefined;
  const led = leadOf(tokens, run.from) >= 0.4;
  // "in Long Branch, VA": all of it is a name, whatever its words mean elsewhere.
  const written =
    own.length > 1 &&
    !direct &&
    state.clear &&
    !caseless &&
    !titled &&
    leadOf(tokens, run.from) >= 1 &&
    own.every(({ capital }) => capital);
  for (const [number, token] of written ? [] : own.entries()) {
    const last = number === own.length - 1;
    const plain = token.word.length < 3 && !ABBREVIATED.has(token.word);
    const closed = lexicon.meaningsOf(token.word);
    const geographic = isGeographic(token) && own.length > 1;
    // "French Valley, CA", "Hot Springs Village, AR".
    const described =
      number === 0 && isGeographic(own[1]) && (lexicon.has(token.word, "language") || token.word === "hot");
    const small =
      closed !== undefined &&
      !geographic &&
      !described &&
      (!token.capital || SMALL_CLASSES.some((kind) => closed.has(kind)));
    if (
      plain ||
      small ||
      (isTitleWord(token.key) &&
        !geographic &&
        !(
          (token.capital || leadOf(tokens, run.from) >= 1 || (caseless && run.from === 0)) &&
          own.length > 1 &&
          words.isTitled[tokens.indexOf(token, run.from)] === 0
        ) &&
        !(token.capital && (led || !last) && (number > 0 || (led && !direct))))
    )
      return undefined;
    if (!caseless && !token.capital && !led && state.clear && !last) return undefined;
  }
  if (!state.clear && !mayBeCode(tokens, run.from, state.to - 1, state, words)) return undefined;
  // "Salt Lake City (Utah)" is no Lake City.
  const before = tokens[run.from - 1];
  if (
    before?.kind === "word" &&
    gazetteer.named(placeName(`${before.word} ${run.name}`)).some((place) => place.state === state.code)
  )
    return undefined;
  // "Shelby Township", "Tahoe City": the name says itself that it is a place.
  const suffixed = own.length > 1 && isSuffix(own.at(-1));
  // "Wilder (KY): housekeepers" is no misspelt welder.
  const bracketed =
    tokens[run.to]?.word === "(" && (own.length > 1 || !isGeographic(own[0])) && hasTitleBeside(words, run);
  const larger = tail !== undefined && tail.population < NEIGHBOUR_POPULATION_MAX && own[0]?.capital === true;
  const city = nameOf(tokens, run);
  const sure = !direct && leadOf(tokens, run.from) >= 1 && (own[0]?.capital ?? false);
  const weight =
    (sure ? 5 : 3) +
    (caseless ? 0.6 : 1.2) * (own.length - 1) +
    (state.clear ? 0.8 : 0) +
    (led ? 0.6 : 0) +
    (direct ? 0 : 0.6) +
    (suffixed ? 2 : 0) +
    (bracketed ? BRACKETED_WEIGHT : 0) +
    (larger ? LARGER_WEIGHT : 0) +
    (own.length > 1 && DIRECTIONS.has(own[0]?.word ?? "") ? 1 : 0);
  return { kind: "place", value: { city, state: state.code }, from: run.from, to: run.to, weight };
}

/** As it was typed: "Ho-Ho-Kus" keeps its hyphens. */
export function nameOf(tokens: readonly Token[], { from, to }: Pick<Run, "from" | "to">): string {
  let name = "";
  for (let at = from; at < to; at++) {
    const { kind, text, glued } = tokens[at] as Token;
    if (kind === "mark" && text !== "-") continue;
    const joined = glued && (kind === "mark" || tokens[at - 1]?.text === "-");
    name += at === from || joined ? titleCase(text) : ` ${titleCase(text)}`;
  }
  return name;
}

/** Residents of a town whose neighbours are named after it; a part of a larger one is rather that one. */
const NEIGHBOUR_POPULATION_MAX = 100_000;
const LARGER_WEIGHT = 1.2;
const BRACKETED_WEIGHT = 1.5;

function isGeographic(token: Token | undefined): boolean {
  return token !== undefined && (GEOGRAPHIC.has(token.word) || GEOGRAPHIC.has(token.key));
}

export function isSuffix(token: Token | undefined): boolean {
  return token !== undefined && (SUFFIXES.has(token.word) || isGeographic(token));
}

const SUFFIXES: ReadonlySet<string> = new Set(
  "beach island islands city park lake lakes creek springs falls valley hill hills harbor heights grove village town township twp junction bluff bluffs landing glen cove canyon isle bays bay point shores estates ranch".split(
    " ",
  ),
);
const DIRECTIONS: ReadonlySet<string> = new Set(
  "north south east west new old upper lower mount mt fort ft lake port point st saint el la san santa".split(
    " ",
  ),
);

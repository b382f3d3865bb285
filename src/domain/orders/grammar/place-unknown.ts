// Cities that no table has: words that stand before a state like a name.

import { placeName } from "../places/gazetteer.ts";
import type { Token } from "../text/tokens.ts";
import {
  ABBREVIATED,
  type FoundState,
  GEOGRAPHIC,
  HAMLET_POPULATION_MAX,
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
  { gazetteer, lexicon, isTitleWord, caseless, titled }: PlaceWords,
  direct: boolean,
): PlaceClaim | undefined {
  if (run.words > 3 || (!state.clear && direct && state.form !== "code")) return undefined;
  const own = tokens.slice(run.from, run.to).filter(({ kind }) => kind === "word");
  // "Blues Orlando FL" is Orlando.
  for (let skip = 1; skip < own.length; skip++) {
    if (DIRECTIONS.has(own[skip - 1]?.word ?? "")) break;
    const shorter = placeName(
      own
        .slice(skip)
        .map(({ word }) => word)
        .join(" "),
    );
    const known = gazetteer.named(shorter).find((place) => place.state === state.code);
    if (known === undefined) continue;
    // "Oak Point TX" is no Point: a hamlet that is called so is rather the end of a name.
    const ending = skip === own.length - 1 && GEOGRAPHIC.has(own.at(-1)?.word ?? "");
    if (!ending || known.population >= HAMLET_POPULATION_MAX) return undefined;
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
    const geographic = GEOGRAPHIC.has(token.word) && own.length > 1;
    const small =
      closed !== undefined &&
      !geographic &&
      (!token.capital || SMALL_CLASSES.some((kind) => closed.has(kind)));
    if (
      plain ||
      small ||
      (isTitleWord(token.key) &&
        !geographic &&
        !(token.capital && (led || !last) && (number > 0 || (led && !direct))))
    )
      return undefined;
    if (!caseless && !token.capital && !led && state.clear && !last) return undefined;
  }
  if (!state.clear && !mayBeCode(tokens, state.to - 1, state)) return undefined;
  // "Shelby Township", "Tahoe City": the name says itself that it is a place.
  const suffixed = own.length > 1 && SUFFIXES.has(own.at(-1)?.word ?? "");
  const city = own.map(({ text }) => titleCase(text)).join(" ");
  const sure = !direct && leadOf(tokens, run.from) >= 1 && (own[0]?.capital ?? false);
  const weight =
    (sure ? 5 : 3) +
    (caseless ? 0.6 : 1.2) * (own.length - 1) +
    (state.clear ? 0.8 : 0) +
    (led ? 0.6 : 0) +
    (direct ? 0 : 0.6) +
    (suffixed ? 2 : 0) +
    (own.length > 1 && DIRECTIONS.has(own[0]?.word ?? "") ? 1 : 0);
  return { kind: "place", value: { city, state: state.code }, from: run.from, to: run.to, weight };
}

const SUFFIXES: ReadonlySet<string> = new Set(
  "beach island islands city park lake lakes creek springs falls valley hill hills harbor heights grove village town township junction bluff bluffs landing glen cove canyon isle bays bay point shores estates ranch".split(
    " ",
  ),
);
const DIRECTIONS: ReadonlySet<string> = new Set(
  "north south east west new old upper lower mount mt fort ft lake port point st saint el la san santa".split(
    " ",
  ),
);

// Where an order is, as coordinators type it: "Springfield, IL", "Aspen CO", "near Wildwood, New Jersey", "in Denver",
// "available in TX". A state is the anchor, as there are sixty of them and each is written in two ways; the city is
// what stands before it. Codes that are words (in, or, me, ok, hi ...) count only where a state can stand.

import { STOPS, singular } from "./role-words.ts";

/** A city of the gazetteer. */
export interface KnownCity {
  readonly city: string;
  readonly state: string;
  /** Degrees north and east. */
  readonly lat: number;
  readonly lon: number;
  /** IANA zone name. */
  readonly timezone: string;
  readonly population: number;
}

export interface Places {
  /** Cities of this name, of one state when it is given; any case, any way of writing Saint. */
  citiesNamed(name: string, state?: string): readonly KnownCity[];
  /** The two-letter code of a state given by its code or its name. */
  stateNamed(text: string): string | undefined;
}

export interface FoundPlace {
  readonly city?: string;
  readonly state?: string;
  readonly known?: KnownCity;
  /** Several states have a city of this name, and the text names none. */
  readonly ambiguous: boolean;
  readonly start: number;
  readonly end: number;
}

interface Word {
  readonly text: string;
  readonly lower: string;
  readonly start: number;
  readonly end: number;
  /** What stands between this word and the one before, without blanks. */
  readonly gap: string;
  /** A hyphen with blanks around it, a line end: no name goes on across it. */
  readonly wall: boolean;
}

interface StateMention {
  readonly code: string;
  readonly first: number;
  readonly after: number;
  readonly spelled: boolean;
}

const WORD = /[\p{L}\p{N}\p{M}]+(?:['’.-](?=\p{L})[\p{L}\p{M}]+)*/gu;
/** Words that begin a state of more than one word, and how many it has at most. */
const LONGER_STATES: ReadonlyMap<string, number> = new Map([
  ["new", 2],
  ["north", 2],
  ["south", 2],
  ["west", 2],
  ["rhode", 2],
  ["puerto", 2],
  ["district", 3],
]);

/** No city's name has more words. */
const CITY_WORDS_MAX = 5;

/** In small letters these are words or shorthand (miles, doctor, company) before they are states. */
const WORD_LIKE: ReadonlySet<string> = new Set(
  "in or me ok hi oh la ma pa id de co al mi ms mt ct md pr va as".split(" "),
);

/** Of these the ones that a text all in capitals still means as words. */
const ENGLISH_WORDS: ReadonlySet<string> = new Set("in or me ok hi oh la ma pa as".split(" "));

const PLACE_PREPOSITIONS: ReadonlySet<string> = new Set("in near at around from outside to for".split(" "));

/** Words that are never part of a city's name where an order ends its role and begins its place. */
const BETWEEN_ROLE_AND_PLACE: ReadonlySet<string> = new Set([
  ...STOPS,
  "the",
  "our",
  "a",
  "an",
  "and",
  "of",
  "asap",
  "fill",
  "backfill",
  "find",
  "looking",
  "short",
  "cover",
]);

/** What workers are called; the last of them before a state ends the role, and the city begins behind it. */
const TRADE_WORDS: ReadonlySet<string> = new Set(
  (
    "accountant administrator advisor agent aide analyst apprentice arborist architect artist assembler assistant " +
    "associate attendant auditor baker barback barista bartender bookkeeper bricklayer butcher busser caddie captain " +
    "caregiver caretaker carpenter cashier chef cleaner clerk coach concierge consultant cook coordinator counselor crew " +
    "custodian cutter dancer deckhand designer developer director dishwasher dispatcher driver electrician engineer " +
    "erector estimator expediter fabricator fitter finisher foreman framer gardener glazier grinder groom groomer " +
    "groundskeeper guard guide handyman hand help helper host hostess housekeeper housekeeping inspector " +
    "installer instructor ironworker janitor journeyman laborer labor labour landscaper landscaping laundry lead leader lifeguard lineman " +
    "loader locksmith machinist maid maintenance maker manager mason mechanic member millwright mover musician nanny " +
    "nurse operator packager packer painter personnel picker pipefitter planter plasterer player plumber porter " +
    "practitioner presser processor producer programmer receptionist repairer representative rigger roofer runner " +
    "sawyer scientist seamstress server setter shucker sorter specialist staff stagehand steward stocker stylist " +
    "supervisor surveyor tailor taper teacher tech technician teller tender therapist trainer translator trimmer tutor " +
    "flagger salesperson sales service repair dealer detailer " +
    "upholsterer usher valet vendor waiter waitress waitstaff washer welder worker cna rn lpn person " +
    "i ii iii iv other all"
  ).split(" "),
);

/** The place that the text names best, if any. Marks in the text are walls that no name crosses. */
export function findPlace(text: string, places: Places): FoundPlace | undefined {
  const words = wordsOf(text);
  const shouted = isShouted(text);
  let best: { place: FoundPlace; score: number } | undefined;
  for (let first = 0; first < words.length; first++) {
    const mention = stateAt(words, first, places);
    if (mention === undefined) continue;
    const scored = placeBefore(words, mention, places, shouted);
    if (scored !== undefined && (best === undefined || scored.score > best.score)) best = scored;
  }
  if (best?.place.city !== undefined) return best.place;
  return cityAlone(words, places, best?.place.state) ?? best?.place;
}

function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let end = 0;
  let wall = true;
  for (const { 0: run, index } of text.matchAll(WORD)) {
    const between = text.slice(end, index);
    end = index + run.length;
    const gap = between.trim();
    wall ||= (gap !== "" && gap !== "," && gap !== "." && gap !== "&") || between.includes("\n");
    if (/^\d/.test(run)) {
      wall = true;
      continue;
    }
    words.push({ text: run, lower: run.toLowerCase(), start: index, end, gap, wall });
    wall = false;
  }
  return words;
}

function isShouted(text: string): boolean {
  return !/\p{Ll}/u.test(text);
}

/** The longest state that begins at a word: "west virginia" before "west". */
function stateAt(words: readonly Word[], first: number, places: Places): StateMention | undefined {
  for (let count = LONGER_STATES.get(words[first]?.lower ?? "") ?? 1; count >= 1; count--) {
    const run = words.slice(first, first + count);
    if (run.length < count || run.some(({ wall, gap }, i) => i > 0 && (wall || gap !== ""))) continue;
    const spoken = run.map(({ text }) => text).join(" ");
    const code = places.stateNamed(spoken);
    if (code !== undefined) return { code, first, after: first + count, spelled: spoken.length > 2 };
  }
  return undefined;
}

/**
 * The city before a state, with how sure the reading is: 4 a known city of that state, 3 an unknown one, 1 the state
 * alone. Undefined when the "state" is a word.
 */
function placeBefore(
  words: readonly Word[],
  { code, first, after, spelled }: StateMention,
  places: Places,
  shouted: boolean,
): { place: FoundPlace; score: number } | undefined {
  const state = words[first];
  const last = words[after - 1];
  if (state === undefined || last === undefined) return undefined;
  const { start, end } = { start: state.start, end: last.end };
  const before = state.wall ? undefined : words[first - 1];
  const cityWords = before === undefined ? [] : runBefore(words, first);
  for (let skip = 0; skip < cityWords.length; skip++) {
    const run = cityWords.slice(skip);
    const [known] = byPopulation(places.citiesNamed(run.map(({ text }) => text).join(" "), code));
    const from = run[0]?.start ?? start;
    if (known !== undefined)
      return {
        place: { city: known.city, state: code, known, ambiguous: false, start: from, end },
        score: 4,
      };
  }
  const capitals = state.text === state.text.toUpperCase() && !(shouted && ENGLISH_WORDS.has(state.lower));
  const afterPreposition = before !== undefined && PLACE_PREPOSITIONS.has(before.lower);
  const wordLike = !spelled && WORD_LIKE.has(state.lower);
  if (wordLike && !capitals && !(shouted && state.gap === ",")) return undefined;
  const named = unknownCity(cityWords, words, first - cityWords.length, shouted);
  const from = named[0]?.start;
  if (from !== undefined) {
    const city = named.map(({ text }) => titleCase(text)).join(" ");
    return { place: { city, state: code, ambiguous: false, start: from, end }, score: 3 };
  }
  if (wordLike && !afterPreposition) return undefined;
  return { place: { state: code, ambiguous: false, start, end }, score: 1 };
}

/** Up to five words before a state that can be a city's name; a comma may stand right before the state only. */
function runBefore(words: readonly Word[], state: number): Word[] {
  const run: Word[] = [];
  let gapAfter = words[state]?.gap === "," ? "" : (words[state]?.gap ?? "");
  for (let at = state - 1; at >= 0 && run.length < CITY_WORDS_MAX; at--) {
    const word = words[at];
    if (word === undefined || (gapAfter !== "" && gapAfter !== ".") || BETWEEN_ROLE_AND_PLACE.has(word.lower))
      break;
    run.unshift(word);
    if (word.wall) break;
    gapAfter = word.gap;
  }
  return run;
}

/**
 * Which of the words before a state name a city that no table has: those behind the last word for a worker, and in
 * capitals unless a preposition led to them. "Tig Welder Palm City FL" is a welder in Palm City.
 */
function unknownCity(run: readonly Word[], words: readonly Word[], first: number, shouted: boolean): Word[] {
  const led = PLACE_PREPOSITIONS.has(words[first - 1]?.lower ?? "") || words[first - 1]?.lower === "the";
  let begin = 0;
  for (const [i, { text, lower }] of run.entries()) {
    const isLast = i === run.length - 1;
    if (!isLast && !led && isTrade(lower)) begin = i + 1;
    else if (!led && !shouted && run.some((word) => isCapital(word.text)) && !isCapital(text) && !isLast)
      begin = i + 1;
  }
  const city = run.slice(begin);
  const [head] = city;
  if (head === undefined || (city.length === 1 && !led && isTrade(head.lower) && !isCapital(head.text)))
    return [];
  return [...city];
}

function isTrade(lower: string): boolean {
  if (TRADE_WORDS.has(lower)) return true;
  const one = singular(lower);
  return TRADE_WORDS.has(one) || (one !== lower && /(?:er|or|ist|ian|ant|man|eer|ee)$/.test(one));
}

function isCapital(text: string): boolean {
  return /^\p{Lu}/u.test(text);
}

/** A city without its state: after a preposition in any case, elsewhere in capitals. The largest of its name. */
function cityAlone(
  words: readonly Word[],
  places: Places,
  state: string | undefined,
): FoundPlace | undefined {
  for (let first = 0; first < words.length; first++) {
    const head = words[first];
    const led = PLACE_PREPOSITIONS.has(words[first - 1]?.lower ?? "");
    if (head === undefined || (!led && !isCapital(head.text))) continue;
    for (let count = Math.min(CITY_WORDS_MAX, words.length - first); count >= 1; count--) {
      const run = words.slice(first, first + count);
      if (run.some(({ wall }, i) => i > 0 && wall)) continue;
      const named = byPopulation(places.citiesNamed(run.map(({ text }) => text).join(" "), state));
      const [known] = named;
      if (known === undefined) continue;
      const ambiguous = state === undefined && named.some((other) => other.state !== known.state);
      const end = run[run.length - 1]?.end ?? head.end;
      return { city: known.city, state: known.state, known, ambiguous, start: head.start, end };
    }
  }
  return undefined;
}

function byPopulation(cities: readonly KnownCity[]): KnownCity[] {
  return [...cities].sort((left, right) => right.population - left.population);
}

/** "MACKINAC" and "mackinac" as "Mackinac"; what has capitals of its own keeps them. */
function titleCase(word: string): string {
  const mixed = /\p{Lu}/u.test(word) && /\p{Ll}/u.test(word);
  return mixed
    ? word
    : word.toLowerCase().replace(/(?<![\p{L}\p{M}'’])\p{L}/gu, (letter) => letter.toUpperCase());
}

// The reader of orders: what people type, a fragment, a message or a mail, in English or Spanish, with typing errors.
// It is one grammar over tokens: recognisers claim stretches of the text without regard for each other, the set of
// claims that fits together best over the whole text is chosen, and the answer is put together from that set. Each
// token is read once, or told as unread. Pure: clock, places, taxonomy and vocabulary come as arguments. Linear in the
// text, of which the first 4,096 characters count.

import type { State } from "../places.ts";
import type { Role } from "../roles.ts";
import { deniedClaims } from "./answer/denied.ts";
import { certificatesOf, needsOf } from "./answer/needs.ts";
import { ownWords, partsOfTokens } from "./answer/own-words.ts";
import { placeOf } from "./answer/place.ts";
import { isOrder, withoutPast } from "./answer/purpose.ts";
import { rolesOf } from "./answer/roles.ts";
import { timeOf } from "./answer/time.ts";
import { isEmpty, unreadTokens } from "./answer/unread.ts";
import { bestReading } from "./grammar/choose.ts";
import type { Claim, Correction, Kind, Of, PlaceValue } from "./grammar/claim.ts";
import { type Grammar, grammarOf, natureOf, type Scope } from "./grammar/pattern.ts";
import { amount } from "./grammar/parts/amount.ts";
import { clock } from "./grammar/parts/clock.ts";
import { day } from "./grammar/parts/day.ts";
import { personClaims } from "./grammar/persons.ts";
import { GEOGRAPHIC } from "./grammar/place-words.ts";
import { placeClaims } from "./grammar/places.ts";
import { roleClaims } from "./grammar/roles.ts";
import { rowClaims } from "./grammar/row-claims.ts";
import { siteClaims } from "./grammar/site-claims.ts";
import { NEED_RULES } from "./grammar/rules-need.ts";
import { ASIDE_RULES } from "./grammar/rules-aside.ts";
import { NUMBER_RULES } from "./grammar/rules-number.ts";
import { PAY_RULES } from "./grammar/rules-pay.ts";
import { PURPOSE_RULES } from "./grammar/rules-purpose.ts";
import { PLACE_RULES } from "./grammar/rules-place.ts";
import { TIME_RULES } from "./grammar/rules-time.ts";
import type { OrderReading, OrderSlots, Person } from "./order-reading.ts";
import { type Gazetteer, placeName } from "./places/gazetteer.ts";
import { NO_SITES, type Sites } from "./places/sites.ts";
import { type Activity, activitiesByVerb, stem } from "./tables/activities.ts";
import { certificatePhrases } from "./tables/certificates.ts";
import { isVocabulary, type Lexicon, orderLexicon } from "./tables/lexicon.ts";
import { personNames } from "./tables/names.ts";
import { type PlaceNames, placeNames } from "./tables/nicknames.ts";
import { longestPhrase, phraseLinks, type PhraseLinks, type Phrases } from "./tables/phrases.ts";
import type { Titles } from "./tables/titles.ts";
import { letterParts } from "./text/letter.ts";
import { folded, singular, titleKeys } from "./text/words.ts";
import { type Token, type TokenText, tokensOf, WORD_CHARS_MAX } from "./text/tokens.ts";

/** What orders are read with; made once by `orderReader`. */
export interface Knowledge {
  readonly titles: Titles;
  readonly states: readonly State[];
  readonly gazetteer: Gazetteer;
}

export interface OrderReader {
  /** Reads a text as it was meant at a moment, milliseconds since the epoch; `sites` are places of one's own. */
  read(text: string, now: number, sites?: Sites): OrderReading;
}

/** A reader over a taxonomy and places. The tables of words are read here, at the first use: some 20 ms. */
export function orderReader({ titles, states, gazetteer }: Knowledge): OrderReader {
  const tools: Tables = {
    gazetteer,
    lexicon: orderLexicon(),
    titles,
    activities: activitiesByVerb(),
    certificates: certificatePhrases(),
    places: placeNames(),
    grammar: grammarOf(
      [
        ...TIME_RULES,
        ...PAY_RULES,
        ...NUMBER_RULES,
        ...ASIDE_RULES,
        ...PLACE_RULES,
        ...NEED_RULES,
        ...PURPOSE_RULES,
      ],
      {
        amount,
        clock,
        day,
      },
    ),
    zones: new Map(states.map(({ code, timezone }) => [code, timezone])),
    holders: holdersOf(titles),
  };
  return { read: (text, now, sites = NO_SITES) => readOrder(text, now, { ...tools, sites }) };
}

interface Tools extends Tables {
  readonly sites: Sites;
}

interface Tables {
  readonly gazetteer: Gazetteer;
  readonly lexicon: Lexicon;
  readonly titles: Titles;
  readonly activities: ReadonlyMap<string, readonly Activity[]>;
  readonly certificates: Phrases<string>;
  readonly places: PlaceNames;
  readonly grammar: Grammar;
  /** Zones by state. */
  readonly zones: ReadonlyMap<string, string>;
  /** Who holds a certificate, by its name: where it alone is asked for, that role is meant. */
  readonly holders: ReadonlyMap<string, Role>;
}

/** Certificates that say by themselves what their holder does, by a title of it. */
const HOLDERS: Readonly<Record<string, string>> = {
  "CDL A": "truck driver",
  "CDL B": "truck driver",
  CDL: "truck driver",
  "CDL C": "truck driver",
  "School Bus": "school bus driver",
  Forklift: "forklift operator",
  Flagger: "flagger",
  Lifeguard: "lifeguard",
  "Guard Card": "security guard",
  "Armed Guard License": "security guard",
  "CNA License": "certified nursing assistant",
  "LPN License": "licensed practical nurse",
  "RN License": "registered nurse",
  "Certified Medication Aide": "medication aide",
  "Certified Phlebotomy Technician": "phlebotomist",
  "Certified Pharmacy Technician": "pharmacy technician",
  "Certified Medical Assistant": "medical assistant",
  "Home Health Aide Certificate": "home health aide",
  NCCCO: "crane operator",
};

function holdersOf({ phrases }: Titles): ReadonlyMap<string, Role> {
  return new Map(
    Object.entries(HOLDERS).flatMap(([name, title]) => {
      const role = phrases.get(titleKeys(title).join(""))?.[0]?.role;
      return role === undefined ? [] : [[name, role] as const];
    }),
  );
}

function readOrder(whole: string, now: number, tools: Tools): OrderReading {
  const typed = spelt(tokensOf(whole), tools);
  const { text, tokens } = typed;
  const all = claimsOf(typed, tools);
  const purposes = all.filter((claim): claim is Of<"purpose"> => claim.kind === "purpose");
  const inPurpose = covered(tokens.length, purposes);
  const parts = letterParts(text);
  const partOf = partsOfTokens(tokens, parts);
  const best = bestReading(
    tokens,
    all.filter(({ kind }) => kind !== "purpose"),
    (at) => (inPurpose[at] === 1 ? 0 : unreadCost(tokens[at] as Token, tools)),
    (left, right) => (partOf(left.from) === partOf(right.from) ? costBeside(left, right) : undefined),
  );
  const claims = withoutPast(tokens, ownWords(best, partOf), purposes);
  if (!isOrder(tokens, claims, purposes)) return nothingRead(tokens, tools.lexicon, text);
  return answerOf({ text, tokens, claims, all, now, tools });
}

/** With words of the closed vocabulary in place of those that a typing error made of them. */
function spelt(typed: TokenText, { lexicon, titles, activities, gazetteer, grammar }: Tools): TokenText {
  const names = personNames();
  const tokens = typed.tokens.map((token, at) => {
    const { kind, word, key, capital } = token;
    // "Coral Spings" is a name.
    const named =
      capital && (typed.tokens[at - 1]?.capital === true || typed.tokens[at + 1]?.capital === true);
    const known =
      kind !== "word" ||
      named ||
      isVocabulary(lexicon, word) ||
      grammar.knows(word) ||
      GEOGRAPHIC.has(word) ||
      titles.hasWord(key) ||
      titles.hasWord(word) ||
      activities.has(stem(word)) ||
      names.first.has(word) ||
      names.last.has(word) ||
      gazetteer.named(placeName(word)).length > 0;
    const meant = known ? undefined : lexicon.meant(word);
    return meant === undefined || isPartOfName(typed.tokens, at, gazetteer)
      ? token
      : { ...token, word: meant, key: singular(meant) };
  });
  return { ...typed, tokens };
}

/** "los lunas nm" is a town, and no Monday. */
function isPartOfName(tokens: readonly Token[], at: number, gazetteer: Gazetteer): boolean {
  const [before, own, next] = [tokens[at - 1], tokens[at], tokens[at + 1]];
  const isName = (left: Token | undefined, right: Token | undefined): boolean =>
    left?.kind === "word" &&
    right?.kind === "word" &&
    (gazetteer.named(placeName(`${left.word} ${right.word}`))[0]?.population ?? 0) >= NAME_POPULATION_MIN;
  return isName(before, own) || isName(own, next);
}

/** Of a town of two words, one of which looks like a misspelt word of another kind. */
const NAME_POPULATION_MIN = 2000;

/** "Inver Grove Heights": a town's name of two or three words. */
function isTownOfWords(tokens: readonly Token[], at: number, gazetteer: Gazetteer): boolean {
  const words = tokens.slice(at, at + TOWN_WORDS_MAX);
  return [2, TOWN_WORDS_MAX].some((count) => {
    const own = words.slice(0, count);
    return (
      own.length === count &&
      own.every(({ kind, capital }) => kind === "word" && capital) &&
      gazetteer.named(placeName(own.map(({ word }) => word).join(" "))).length > 0
    );
  });
}

const TOWN_WORDS_MAX = 3;

/** Everything that stretches of the text may say. */
function claimsOf({ tokens, caseless, titled }: TokenText, tools: Tools): Claim[] {
  const { titles, activities, lexicon, gazetteer, places } = tools;
  const names = personNames();
  const isTitleWord = (key: string): boolean => titles.hasWord(key);
  const isPersonName = (word: string): boolean => names.first.has(word) || names.last.has(word);
  const isTown = (name: string): boolean =>
    (gazetteer.named(name)[0]?.population ?? 0) >= TOWN_POPULATION_MIN;
  const isName = (word: string): boolean => isPersonName(word) || isTown(word);
  const links = phraseLinks(tokens);
  const roles = roleClaims(tokens, {
    titles,
    activities,
    lexicon,
    links,
    isName,
    isTownAt: (at) => isTownOfWords(tokens, at, gazetteer),
  });
  const claims: Claim[] = [
    ...roles,
    ...certificateClaims(tokens, links, tools),
    ...placeClaims(tokens, {
      gazetteer,
      names: places,
      lexicon,
      links,
      isTitleWord,
      isPersonName,
      titles: roles,
      caseless,
      titled,
    }),
    ...siteClaims(tokens, tools.sites),
    ...personClaims(tokens, { names, lexicon, isTitleWord, isPlace: (name) => isTown(placeName(name)) }),
  ];
  const isRole = (from: number, to: number): boolean =>
    claims.some((claim) => claim.kind === "role" && from <= claim.from && claim.to <= to);
  claims.push(...rowClaims(tokens, lexicon, isRole));
  const scope = scopeOf(tokens, lexicon, claims);
  for (let at = 0; at < tokens.length; at++) claims.push(...tools.grammar.claims(scope, at));
  return claims;
}

/** A town of this size is known by its name, and is no misspelt title and no person. */
const TOWN_POPULATION_MIN = 20_000;

/** A certificate that is written like a title, "forklift" or "flagger", is rather the title. */
const TITLE_SHARE = 0.5;

function certificateClaims(
  tokens: readonly Token[],
  links: PhraseLinks,
  { certificates: phrases, titles }: Tools,
): Of<"certificate">[] {
  const claims: Of<"certificate">[] = [];
  for (let from = 0; from < tokens.length; from++) {
    if ((tokens[from] as Token).kind === "mark") continue;
    const found = longestPhrase(phrases, tokens, links, from);
    const [name] = found?.values ?? [];
    if (found === undefined || name === undefined) continue;
    const { words, to } = found;
    // "pa'l lunes" is no PALS.
    if (words === 1 && (tokens[from] as Token).text.includes("'")) continue;
    const titled = longestPhrase(titles.phrases, tokens, links, from, to);
    const title = titled?.to === to && titled.values.some(({ weak }) => !weak);
    const weight = (3.2 * words + 0.6 * (words - 1)) * (title ? TITLE_SHARE : 1);
    claims.push({ kind: "certificate", value: { name }, from, to, weight });
  }
  return claims;
}

function scopeOf(tokens: readonly Token[], lexicon: Lexicon, claims: readonly Claim[]): Scope {
  /** By kind and token: the longest end of those that begin there, and whether one ends there. */
  const starts = new Map<Kind, Uint16Array>();
  const ends = new Map<Kind, Uint8Array>();
  for (const { kind, from, to } of claims) {
    const longest = starts.get(kind) ?? new Uint16Array(tokens.length);
    const ending = ends.get(kind) ?? new Uint8Array(tokens.length + 1);
    longest[from] = Math.max(longest[from] as number, to);
    ending[to] = 1;
    starts.set(kind, longest);
    ends.set(kind, ending);
  }
  return {
    tokens,
    lexicon,
    meanings: tokens.map(({ word }) => lexicon.meaningsOf(word)),
    natures: tokens.map(natureOf),
    parsed: new Map(),
    starts: (kind: Kind, at: number) => starts.get(kind)?.[at] || undefined,
    ends: (kind: Kind, at: number) => ends.get(kind)?.[at] === 1,
  };
}

const UNKNOWN_COST = 0.8;
const NUMBER_COST = 0.4;

/** What it costs to make nothing of a token. */
function unreadCost(token: Token, { lexicon }: Tools): number {
  if (token.kind === "mark") return 0;
  if (token.kind === "number") return NUMBER_COST;
  return isVocabulary(lexicon, token.word) ? 0 : UNKNOWN_COST;
}

/** What is left of the weight of a place beside another one in the same order. */
const SECOND_PLACE_SHARE = 0.1;

/** A city and its state that stand apart: together they would be written as one. */
const APART_COST = 1.5;

/** An order is for one place: of two that contradict each other, one alone counts. */
function costBeside(left: Of<"place">, right: Of<"place">): number {
  const [better, other] = left.weight >= right.weight ? [left, right] : [right, left];
  const { state, county } = other.value;
  if (state !== better.value.state || !isWithin(other.value, better.value))
    return (1 - SECOND_PLACE_SHARE) * other.weight;
  if (county !== undefined || better.value.county !== undefined) return 0;
  // "Reno NV and Tulsa OK": a state right behind its city is read with it or says nothing.
  const beside =
    left.value.city !== undefined &&
    right.value.city === undefined &&
    right.corrections === undefined &&
    right.from <= left.to + 1;
  return beside ? right.weight : APART_COST;
}

/** A state beside its city or its county. */
function isWithin(left: PlaceValue, right: PlaceValue): boolean {
  const parts = ({ city, county }: PlaceValue): number =>
    (city === undefined ? 0 : 2) + (county === undefined ? 0 : 1);
  return parts(left) !== parts(right);
}

function nothingRead(tokens: readonly Token[], lexicon: Lexicon, text: string): OrderReading {
  const unread = tokens
    .filter((token) => token.kind !== "mark" && !isEmpty(token, lexicon))
    .map((token) => token.text);
  return {
    role: null,
    soc: null,
    source: "none",
    confidence: 0,
    candidates: [],
    roles: [],
    slots: {},
    unread,
    corrections: [],
    rest: text,
    point: undefined,
  };
}

function covered(length: number, claims: readonly Claim[]): Uint8Array {
  const inside = new Uint8Array(length);
  for (const { from, to } of claims) inside.fill(1, from, to);
  return inside;
}

interface Chosen {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly claims: readonly Claim[];
  /** Also those that do not hold. */
  readonly all: readonly Claim[];
  readonly now: number;
  readonly tools: Tools;
}

function answerOf({ text, tokens, claims, all, now, tools }: Chosen): OrderReading {
  const { lexicon, gazetteer, zones, holders } = tools;
  const denied = deniedClaims(tokens, claims);
  const kept = claims.filter((claim) => !denied.has(claim));
  const certificates = certificatesOf(tokens, kept, all);
  const roles = rolesOf({ tokens, lexicon, claims, denied, certificates, holders });
  const place = placeOf(tokens, kept, gazetteer, (code) => zones.get(code));
  const [main, ...others] = roles.requests;
  const roundTheClock = main?.role.family === "healthcare" || main?.role.family === "personal care";
  const time = timeOf([...kept, ...shiftsInTitles(kept, all)], {
    now,
    timezone: place.slots.timezone,
    roundTheClock,
  });
  const used = new Set<Claim>([
    ...roles.used,
    ...place.used,
    ...time.used,
    ...[...denied].filter(actsDenied),
  ]);
  const rest = needsOf(kept, used);
  const person = personOf(kept, used, roles.requests.length > 0);
  const headcount = main === undefined ? roles.count : main.count;
  const slots: OrderSlots = {
    ...(headcount !== undefined && { headcount }),
    ...place.slots,
    ...time.slots,
    ...rest,
    ...(certificates.length > 0 && { certifications: certificates }),
  };
  const unread = unreadTokens(tokens, claims, used, lexicon);
  return {
    role: main?.role.name ?? null,
    soc: main?.role.soc ?? null,
    source:
      main === undefined
        ? "none"
        : main.announced || main.claim.value.form === "work"
          ? "pattern"
          : "dictionary",
    confidence: main?.confidence ?? 0,
    candidates: main?.candidates ?? roles.candidates,
    roles: others.map(({ role, count }) => ({
      role: role.name,
      soc: role.soc,
      ...(count !== undefined && { headcount: count }),
    })),
    ...excludeOf(roles.excluded, denied),
    ...(person !== undefined && { person }),
    slots,
    unread: unread.map((token) => token.text),
    corrections: [...[...used].flatMap((claim) => claim.corrections ?? []), ...misspelt(tokens)],
    rest: restOf(text, tokens, claims, unread, denied, lexicon),
    point: place.point,
  };
}

/** A title may name its shift, "overnight stocker": it counts where nothing else does. */
function shiftsInTitles(kept: readonly Claim[], all: readonly Claim[]): Claim[] {
  if (kept.some(({ kind }) => kind === "shift")) return [];
  const titles = kept.filter(({ kind }) => kind === "role");
  return all.filter(
    (claim) => claim.kind === "shift" && titles.some(({ from, to }) => from <= claim.from && claim.to <= to),
  );
}

/** What acts when it is denied; "not Austin", "no nights" do not, and are told as unread. */
function actsDenied({ kind }: Claim): boolean {
  return !UNDENIABLE.has(kind);
}

const UNDENIABLE: ReadonlySet<Kind> = new Set(["place", "day", "hours", "weekdays", "shift", "clock"]);

function excludeOf(roles: readonly Role[], denied: ReadonlySet<Claim>): Pick<OrderReading, "exclude"> {
  const persons = [...denied].flatMap((claim) => (claim.kind === "person" ? [claim.value] : []));
  if (roles.length === 0 && persons.length === 0) return {};
  const names = [...new Set(roles.map(({ name }) => name))];
  return { exclude: { roles: names, ...(persons.length > 0 && { persons }) } };
}

/** Words of the closed vocabulary that were typed otherwise. */
function misspelt(tokens: readonly Token[]): Correction[] {
  return tokens
    .filter(
      ({ kind, text, word }) => kind === "word" && folded(text) !== word && text.length <= WORD_CHARS_MAX,
    )
    .map(({ text, word }) => ({ typed: text, read: word }));
}

/** The person that is sought; in an order for a role a name alone may be anybody's. */
function personOf(kept: readonly Claim[], used: Set<Claim>, roleAsked: boolean): Person | undefined {
  const people = kept.filter((claim): claim is Of<"person"> => claim.kind === "person");
  const [best] = people.toSorted((left, right) => right.weight - left.weight);
  if (
    best === undefined ||
    (roleAsked && best.value.id === undefined && best.weight < PERSON_BESIDE_ROLE_MIN)
  )
    return undefined;
  used.add(best);
  return best.value;
}

const PERSON_BESIDE_ROLE_MIN = 4;

/** The words of the roles and those that nothing read, as they were typed. */
function restOf(
  text: string,
  tokens: readonly Token[],
  claims: readonly Claim[],
  unread: readonly Token[],
  denied: ReadonlySet<Claim>,
  lexicon: Lexicon,
): string {
  const kept = new Set(unread);
  for (const claim of claims) {
    if (claim.kind === "role" && !denied.has(claim))
      for (let at = claim.from; at < claim.to; at++) kept.add(tokens[at] as Token);
  }
  // "building service workers": a word for people belongs to the words right before it.
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    if (
      before?.kind === "word" &&
      kept.has(before) &&
      lexicon.has(token.word, "people") &&
      !lexicon.has(token.word, "lead")
    )
      kept.add(token);
  }
  return tokens
    .filter((token) => kept.has(token) && token.kind !== "mark")
    .map(({ start, end }) => text.slice(start, end))
    .join(" ");
}

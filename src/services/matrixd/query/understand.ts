// What a text asks for: its role, its place and time, and its vector. The reading is the grammar of `domain/orders`; what
// it needs of the world, places, titles and the clock, is brought in here. The same text is asked again and again, so what
// was understood is kept for a while.

import { setImmediate } from "node:timers/promises";
import { openGazetteer } from "#adapters/places/geonames";
import type { embed as embedContract } from "#contracts/embed";
import type { ReadRole } from "#contracts/matrix";
import type { OccupationShare, Vote } from "#domain/occupations/vote";
import type { OrderReading, RoleShare } from "#domain/orders/order-reading";
import { type Gazetteer, gazetteerOf, placeName } from "#domain/orders/places/gazetteer";
import type { Sites } from "#domain/orders/places/sites";
import { type OrderReader, orderReader } from "#domain/orders/read-order";
import { TITLE_TABLE, type Titles, titlesOf, titleSteps } from "#domain/orders/tables/titles";
import { titleKeys } from "#domain/orders/text/words";
import { type Point, STATES, stateNamed } from "#domain/places";
import { type Role, ROLES, roleNamed } from "#domain/roles";
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { CountedCache } from "#lib/counted-cache";
import type { CacheFigures } from "#lib/figures";
import { readVector } from "#lib/vector-text";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import type { KnownTitles } from "../taxonomy/known-titles.ts";
import { climb, experienceOf, leavesOpen, NO_ROLE, NO_VOTE, type Rung, withModel } from "./ladder.ts";
import type { RoleModel } from "./role-model.ts";
import type { Title } from "./title.ts";

export interface Understood {
  /** What the order says, word by word. */
  readonly order: OrderReading;
  /** The role that is named, null when none is known for sure. */
  readonly role: ReadRole;
  /** The named role as the shipped taxonomy has it; undefined when the text names none, or one that was imported. */
  readonly known: Role | undefined;
  /** How likely each occupation is meant, the likeliest first. */
  readonly shares: readonly OccupationShare[];
  /** How much the imported and learnt titles know, 0 to 1. */
  readonly experience: number;
  /** What may be meant, the likeliest first. */
  readonly candidates: OrderReading["candidates"];
  /** Base64, as it goes to vectord. */
  readonly vector: string;
  /** What titles are compared with; undefined for a text that is no order but a document. */
  readonly asked: { readonly text: string; readonly vector: Float32Array } | undefined;
  /** The role that the caller named and the taxonomy does not have. */
  readonly unknownRole: string | undefined;
  /** The model that names roles failed, was late, or rests after that. */
  readonly modelFailed: boolean;
}

/** Places of one's own as they are now. */
export interface PlaceNames {
  readonly sites: Sites;
  /** Grows with every change. */
  readonly version: number;
}

type Embed = Service<typeof embedContract>;

interface TextToRead {
  readonly text: string;
  /** The role that the caller names, over whatever the text says. */
  readonly role: string | undefined;
  readonly model: string;
  /** The moment at which the text is meant, milliseconds since the epoch; the clock's when undefined. */
  readonly now: number | undefined;
}

export interface Understanding {
  understand(question: TextToRead, call: CallInit): Promise<Understood>;
  /** What the taxonomy makes of titles, with their vectors. */
  readTitles(
    texts: readonly string[],
    model: string,
    call: CallInit,
  ): Promise<{ title: Title; vector: Float32Array }[]>;
  /** What the taxonomy makes of a title. */
  readTitle(text: string): Title;
  /** Changes with the taxonomy, and with what was imported and learnt: titles that were read with another one are read again. */
  taxonomy(): Promise<string>;
  /** The order and its likely roles. */
  read(
    text: string,
    now: number | undefined,
    call: CallInit,
  ): Promise<Pick<Understood, "order" | "role" | "candidates"> & { readonly title: string | undefined }>;
  /** Where a city is; undefined when no table has it. */
  cityNamed(city: string, state: string): Promise<Point | undefined>;
  /** Where a postal code, or a city of a state, is; undefined when no table has it. */
  placed(given: {
    readonly city?: string | undefined;
    readonly state?: string | undefined;
    readonly postal_code?: string | undefined;
  }): Promise<({ readonly city: string; readonly state: string } & Point) | undefined>;
  /** Does what the first question would otherwise wait for. */
  warm(): Promise<void>;
  readonly caches: Readonly<Record<string, CacheFigures>>;
}

/** Two vectors and some small objects each: about 8 MB in all. */
const KEPT_MAX = 1000;
/** "Tomorrow" is another day soon enough; a minute is never wrong by more than one. */
const KEPT_MS = 60_000;
/** Rows share titles: more than the distinct ones of most datasets. */
const TITLES_READ_MAX = 20_000;
/** Changes with what ships of the taxonomy. */
const TAXONOMY = Bun.hash(JSON.stringify(ROLES) + TITLE_TABLE).toString(36);
/** Of a ZIP+4 the first part says where. */
const POSTAL_DIGITS = 5;
/** A longer text is a document, whose nearest title says nothing. */
const ASKED_CHARS_MAX = 400;

/** `model`: asked for roles that titles leave open. `places`: the house's own. */
export function createUnderstanding(
  embed: Embed,
  clock: Clock,
  titles: KnownTitles,
  { model, places }: { readonly model?: RoleModel | undefined; readonly places?: PlaceNames } = {},
): Understanding {
  const kept = new CountedCache<string, Understood>({ max: KEPT_MAX, ttl: KEPT_MS });
  const titlesRead = new CountedCache<string, Title>({ max: TITLES_READ_MAX });
  const ladder = (
    read: ReadRole,
    readAs: readonly RoleShare[],
    words: string | undefined,
    voted: Vote = words === undefined ? NO_VOTE : titles.vote(words),
  ): Rung =>
    climb(read, readAs, voted, {
      nameOf: (soc) => titles.nameOf(soc),
      learnt: titles.size,
      isTaught: words !== undefined && titles.isTaught(words),
    });

  const vectorsOf = async (
    texts: readonly string[],
    input: "query" | "document",
    model: string,
    call: CallInit,
  ): Promise<string[]> => {
    const { vectors } = await embed.embed({ texts: [...texts], model, input, encoding: "base64" }, call);
    return vectors.map((vector) => {
      assert(typeof vector === "string", "base64 was asked for");
      return vector;
    });
  };

  const ofOrder = (order: OrderReading, words: string | undefined): Rung =>
    ladder(roleOf(order), order.candidates, words);

  /** What titles make of an order, and where they leave its role open, a model. */
  const readRung = async (
    order: OrderReading,
    words: string | undefined,
    call: CallInit,
  ): Promise<Rung & { readonly modelFailed: boolean }> => {
    const rung = ofOrder(order, words);
    if (model === undefined || words === undefined || !leavesOpen(rung))
      return { ...rung, modelFailed: false };
    const named = await model.ask(words, rung.candidates, call);
    const climbed = named ? withModel(rung, named, (soc) => titles.nameOf(soc)) : rung;
    return { ...climbed, modelFailed: named === undefined };
  };

  /** A role that the caller names: one that ships, or a title that was imported or learnt. */
  const ofGiven = (given: string): Rung => {
    const named = namedRole(given);
    if (named !== undefined) {
      const { role, soc } = named;
      return { role: named, shares: [{ soc, p: 1 }], candidates: [{ role, soc, p: 1 }] };
    }
    const rung = ladder(NO_ROLE, [], given);
    return rung.role.role === null ? rung : { ...rung, role: { ...rung.role, source: "given" } };
  };

  const understood = async (question: TextToRead, call: CallInit): Promise<Understood> => {
    const { text, role: given, now } = question;
    const { reader } = await knowledge();
    await titles.loaded();
    const order = reader.read(text, now ?? clock.now(), places?.sites);
    const words = given ?? askedOf(text, order);
    const [[vector = "", wordsVector], rung] = await Promise.all([
      vectorsOf(words === undefined ? [text] : [text, words], "query", question.model, call),
      given === undefined ? readRung(order, words, call) : { ...ofGiven(given), modelFailed: false },
    ]);
    const asked =
      words === undefined || wordsVector === undefined
        ? undefined
        : { text: words, vector: floatsOf(wordsVector) };
    const { role, shares, candidates, modelFailed } = rung;
    const known = role.role === null ? undefined : roleNamed(role.role);
    const unknownRole = role.role === null ? given : undefined;
    return {
      order: withTitle(order, role),
      role,
      known,
      shares,
      experience: experienceOf(titles.size),
      candidates,
      vector,
      asked,
      unknownRole,
      modelFailed,
    };
  };

  const readTitle = (text: string): Title => {
    const key = `${titles.version} ${text}`;
    const before = titlesRead.get(key);
    if (before !== undefined) return before;
    const voted = titles.vote(text);
    const { role, shares } = ladder(titleRole(text), [], text, voted);
    const [likely] = shares;
    const guessed = (likely?.p ?? 0) * voted.similarity;
    const title: Title =
      role.role !== null || likely === undefined || guessed < GUESSED_MIN
        ? { text, role: role.role, soc: role.soc, confidence: role.confidence }
        : { text, role: null, soc: likely.soc, confidence: guessed };
    titlesRead.set(key, title);
    return title;
  };

  return {
    understand: async (question, call) => {
      const key = `${titles.version} ${places?.version ?? 0}\n${question.model}\n${question.role ?? ""}\n${question.now ?? ""}\n${question.text}`;
      const before = kept.get(key);
      if (before !== undefined) return before;
      const now = await understood(question, call);
      kept.set(key, now);
      return now;
    },
    readTitles: async (texts, model, call) => {
      if (texts.length === 0) return [];
      const vectors = await vectorsOf(texts, "document", model, call);
      await titles.loaded();
      const read: { title: Title; vector: Float32Array }[] = [];
      for (const [at, text] of texts.entries()) {
        read.push({ title: readTitle(text), vector: floatsOf(vectors[at] ?? "") });
        // About a millisecond each, and nobody waits for a build.
        await setImmediate();
      }
      return read;
    },
    readTitle,
    taxonomy: async () => {
      await titles.loaded();
      return `${TAXONOMY}-${titles.version}`;
    },
    read: async (text, now, call) => {
      const { reader } = await knowledge();
      await titles.loaded();
      const order = reader.read(text, now ?? clock.now(), places?.sites);
      const title = askedOf(text, order);
      const { role, candidates } = await readRung(order, title, call);
      return { order: withTitle(order, role), role, candidates, title };
    },
    placed: async ({ city, state, postal_code: code }) => {
      const { gazetteer } = await knowledge();
      const postal = code === undefined ? undefined : gazetteer.postal(code.slice(0, POSTAL_DIGITS));
      if (postal !== undefined)
        return { city: city ?? postal.city, state: postal.state, lat: postal.lat, lon: postal.lon };
      if (city === undefined || state === undefined) return undefined;
      const named = stateNamed(state);
      const town = gazetteer.named(placeName(city)).find((one) => one.state === named);
      return town && { city: town.city, state: town.state, lat: town.lat, lon: town.lon };
    },
    cityNamed: async (city, state) => {
      const { gazetteer } = await knowledge();
      const code = stateNamed(state);
      const place = gazetteer.named(placeName(city)).find((one) => one.state === code);
      return place === undefined ? undefined : { lat: place.lat, lon: place.lon };
    },
    warm: async () => {
      await titles.warm();
      await knowledge();
    },
    get caches() {
      return { "orders read": kept.figures, "titles read": titlesRead.figures };
    },
  };
}

/** A title whose likeliest occupation has less of the vote, and of the nearness, has an occupation of its own. */
const GUESSED_MIN = 0.15;

interface Knowledge {
  readonly reader: OrderReader;
  readonly gazetteer: Gazetteer;
}

/** Tables of words and places are read at the first question and not before; they belong to the process. */
async function knowledge(): Promise<Knowledge> {
  known ??= learn();
  return known;
}

let known: Promise<Knowledge> | undefined;

async function learn(): Promise<Knowledge> {
  const gazetteer = await openGazetteer();
  // Other requests get their turn between the parts of the work.
  const steps = titleSteps(ROLES);
  for (;;) {
    const { done, value } = steps.next();
    await setImmediate();
    if (done !== true) continue;
    titles ??= value;
    return { gazetteer, reader: orderReader({ titles, states: STATES, gazetteer }) };
  }
}

function taxonomy(): Titles {
  titles ??= titlesOf(ROLES);
  return titles;
}

let titles: Titles | undefined;

/** What is left of a role's confidence when its title has more words than the role, and when it names several. */
const PART_OF_TITLE = 0.74;
const ONE_OF_SEVERAL = 0.8;

/** Titles of rows name no places: a reader without any. A title is sure only as a whole. */
function titleRole(text: string): ReadRole {
  titleReader ??= orderReader({ titles: taxonomy(), states: [], gazetteer: gazetteerOf([]) });
  const order = titleReader.read(text, 0);
  const role = roleOf(order);
  const share = (order.unread.length > 0 ? PART_OF_TITLE : 1) * (order.roles.length > 0 ? ONE_OF_SEVERAL : 1);
  return { ...role, confidence: role.confidence * share };
}

let titleReader: OrderReader | undefined;

function roleOf({ role, soc, source, confidence }: OrderReading): ReadRole {
  return { role, soc, source, confidence };
}

/** Words of a title that was learnt are read, also where the grammar made nothing of them. */
function withTitle(order: OrderReading, { role, soc, source }: ReadRole): OrderReading {
  if (role === null || source === "nearest" || soc === order.soc) return order;
  const title = new Set(titleKeys(order.rest));
  return { ...order, unread: order.unread.filter((word) => titleKeys(word).some((key) => !title.has(key))) };
}

/** What titles are compared with. */
function askedOf(text: string, { rest }: OrderReading): string | undefined {
  return text.length > ASKED_CHARS_MAX || rest === "" ? undefined : rest;
}

function namedRole(given: string): (ReadRole & { readonly role: string; readonly soc: string }) | undefined {
  const named = roleNamed(given) ?? roleNamed(titleRole(given).role ?? "");
  return named && { role: named.name, soc: named.soc, source: "given", confidence: 1 };
}

function floatsOf(base64: string): Float32Array {
  const vector = readVector(base64);
  assert(vector !== undefined, "embedd answers whole floats");
  return vector;
}

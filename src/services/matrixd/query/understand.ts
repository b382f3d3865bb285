// What a text asks for: its role, its place and time, and its vector. The reading is the grammar of `domain/orders`; what
// it needs of the world, places and the clock, is brought in here. The same text is asked again and again, so what
// was understood is kept for a while.

import { setImmediate } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import { openGazetteer } from "#adapters/places/geonames";
import type { embed as embedContract } from "#contracts/embed";
import type { ReadRole } from "#contracts/matrix";
import type { OrderReading } from "#domain/orders/order-reading";
import { type Gazetteer, gazetteerOf, placeName } from "#domain/orders/places/gazetteer";
import { type OrderReader, orderReader } from "#domain/orders/read-order";
import { TITLE_TABLE, type Titles, titlesOf, titleSteps } from "#domain/orders/tables/titles";
import { type Point, STATES, stateNamed } from "#domain/places";
import { type Role, ROLES, roleNamed } from "#domain/roles";
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { readVector } from "#lib/vector-text";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import type { Title } from "./title.ts";
import { type EmbeddedTitles, nearestRole, type RoleVote } from "./nearest-role.ts";

export interface Understood {
  /** What the order says, word by word. */
  readonly order: OrderReading;
  /** The role that is named, null when none is known for sure. */
  readonly role: ReadRole;
  /** What ranking goes by: the role, or else the nearest one by its titles. */
  readonly guess: ReadRole;
  /** The named role as the taxonomy has it; undefined when the text names none that is known. */
  readonly known: Role | undefined;
  /** What may be meant, the likeliest first. */
  readonly candidates: OrderReading["candidates"];
  /** Base64, as it goes to vectord. */
  readonly vector: string;
  /** What titles are compared with; undefined for a text that is no order but a document. */
  readonly asked: { readonly text: string; readonly vector: Float32Array } | undefined;
  /** The role that the caller named and the taxonomy does not have. */
  readonly unknownRole: string | undefined;
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
  /** What the taxonomy makes of a title by its words alone. */
  titleByWords(text: string): Title;
  /** The order and its nearest roles without a vector of the text. */
  read(
    text: string,
    now: number | undefined,
    call: CallInit,
  ): Promise<Pick<Understood, "order" | "role" | "candidates">>;
  /** Where a city is; undefined when no table has it. */
  cityNamed(city: string, state: string): Promise<Point | undefined>;
  /** Does what the first question to a model would otherwise wait for. */
  warm(model: string, call: CallInit): Promise<void>;
}

/** Two vectors and some small objects each: about 8 MB in all. */
const KEPT_MAX = 1000;
/** "Tomorrow" is another day soon enough; a minute is never wrong by more than one. */
const KEPT_MS = 60_000;
/** Rows share titles: more than the distinct ones of most datasets. */
const TITLES_READ_MAX = 20_000;

/** Changes with the taxonomy: what was read with another one is read again. */
export const TAXONOMY = Bun.hash(JSON.stringify(ROLES) + TITLE_TABLE).toString(36);

const NO_ROLE: ReadRole = { role: null, soc: null, source: "none", confidence: 0 };
/** A longer text is a document, whose nearest title says nothing. */
const ASKED_CHARS_MAX = 400;

export function createUnderstanding(embed: Embed, clock: Clock): Understanding {
  const kept = new LRUCache<string, Understood>({ max: KEPT_MAX, ttl: KEPT_MS });
  const titlesRead = new LRUCache<string, Title>({ max: TITLES_READ_MAX });
  const titles = new Map<string, Promise<EmbeddedTitles>>();

  const vectorsOf = async (texts: readonly string[], model: string, call: CallInit): Promise<string[]> => {
    const { vectors } = await embed.embed({ texts: [...texts], model, encoding: "base64" }, call);
    return vectors.map((vector) => {
      assert(typeof vector === "string", "base64 was asked for");
      return vector;
    });
  };

  /** Every title of the taxonomy as the model sees it; asked once a model. */
  const taxonomyFor = (model: string, call: CallInit): Promise<EmbeddedTitles> => {
    const before = titles.get(model);
    if (before !== undefined) return before;
    const asked = embedTitles(embed, model, call);
    titles.set(model, asked);
    asked.catch(() => titles.delete(model));
    return asked;
  };

  const nearestTo = async (vector: Float32Array, model: string, call: CallInit): Promise<Nearest> => {
    const { role, soc, source, confidence, votes } = nearestRole(await taxonomyFor(model, call), vector);
    return { guess: { role, soc, source, confidence }, votes };
  };

  const understood = async (question: TextToRead, call: CallInit): Promise<Understood> => {
    const { text, role: given, model, now } = question;
    const { reader } = await knowledge();
    const order = reader.read(text, now ?? clock.now());
    const named = given === undefined ? undefined : namedRole(given);
    const unknownRole = named === undefined ? given : undefined;
    const words = given ?? askedOf(text, order);
    const [vector = "", wordsVector] = await vectorsOf(
      words === undefined ? [text] : [text, words],
      model,
      call,
    );
    const asked =
      words === undefined || wordsVector === undefined
        ? undefined
        : { text: words, vector: floatsOf(wordsVector) };
    const role = given === undefined ? roleOf(order) : (named ?? NO_ROLE);
    const nearest =
      role.role === null && given === undefined && asked !== undefined
        ? await nearestTo(asked.vector, model, call)
        : undefined;
    const known = role.role === null ? undefined : roleNamed(role.role);
    const candidates =
      nearest === undefined || order.candidates.length > 0 ? order.candidates : nearest.votes;
    return { order, role, guess: nearest?.guess ?? role, known, candidates, vector, asked, unknownRole };
  };

  return {
    understand: async (question, call) => {
      const key = `${question.model}\n${question.role ?? ""}\n${question.now ?? ""}\n${question.text}`;
      const before = kept.get(key);
      if (before !== undefined) return before;
      const now = await understood(question, call);
      kept.set(key, now);
      return now;
    },
    readTitles: async (texts, model, call) => {
      if (texts.length === 0) return [];
      const vectors = await vectorsOf(texts, model, call);
      const taxonomy = await taxonomyFor(model, call);
      const read: { title: Title; vector: Float32Array }[] = [];
      for (const [at, text] of texts.entries()) {
        const vector = floatsOf(vectors[at] ?? "");
        let reading = titleRole(text);
        if (reading.role === null) {
          // About 2 ms each, and nobody waits for a build.
          await setImmediate();
          reading = { ...nearestRole(taxonomy, vector, { marginMin: 0 }) };
        }
        const { role, soc, confidence } = reading;
        read.push({ title: { text, role, soc, confidence }, vector });
      }
      return read;
    },
    titleByWords: (text) => {
      const before = titlesRead.get(text);
      if (before !== undefined) return before;
      const { role, soc, confidence } = titleRole(text);
      const title = { text, role, soc, confidence };
      titlesRead.set(text, title);
      return title;
    },
    read: async (text, now, call) => {
      const { reader } = await knowledge();
      const order = reader.read(text, now ?? clock.now());
      const role = roleOf(order);
      const words = askedOf(text, order);
      if (role.role !== null || order.candidates.length > 0 || words === undefined)
        return { order, role, candidates: order.candidates };
      const { models } = await embed.models({}, call);
      const model = models.find((one) => one.default)?.name ?? "";
      const [vector = ""] = await vectorsOf([words], model, call);
      const { votes } = await nearestTo(floatsOf(vector), model, call);
      return { order, role, candidates: votes };
    },
    cityNamed: async (city, state) => {
      const { gazetteer } = await knowledge();
      const code = stateNamed(state);
      const place = gazetteer.named(placeName(city)).find((one) => one.state === code);
      return place === undefined ? undefined : { lat: place.lat, lon: place.lon };
    },
    warm: async (model, call) => {
      await taxonomyFor(model, call);
      await knowledge();
    },
  };
}

interface Nearest {
  readonly guess: ReadRole;
  readonly votes: readonly RoleVote[];
}

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

/** What titles are compared with. */
function askedOf(text: string, { rest }: OrderReading): string | undefined {
  return text.length > ASKED_CHARS_MAX || rest === "" ? undefined : rest;
}

function namedRole(given: string): ReadRole | undefined {
  const named = roleNamed(given) ?? roleNamed(titleRole(given).role ?? "");
  return named && { role: named.name, soc: named.soc, source: "given", confidence: 1 };
}

function floatsOf(base64: string): Float32Array {
  const vector = readVector(base64);
  assert(vector !== undefined, "embedd answers whole floats");
  return vector;
}

/** Titles that are embedded before others get their turn: a few milliseconds. */
const TITLES_A_REQUEST = 64;

async function embedTitles(embed: Embed, model: string, call: CallInit): Promise<EmbeddedTitles> {
  const named = ROLES.flatMap(({ name, soc, aliases }) =>
    [name, ...aliases].map((title) => ({ role: name, soc, title })),
  );
  const vectors: Float32Array[] = [];
  for (let at = 0; at < named.length; at += TITLES_A_REQUEST) {
    const texts = named.slice(at, at + TITLES_A_REQUEST).map(({ title }) => title);
    const reply = await embed.embed({ texts, model, encoding: "base64" }, call);
    vectors.push(...reply.vectors.map((text) => readVector(text) ?? new Float32Array()));
    await setImmediate();
  }
  const dimension = vectors[0]?.length ?? 0;
  const all = new Float32Array(vectors.length * dimension);
  vectors.forEach((vector, at) => all.set(vector, at * dimension));
  return { roles: named, vectors: all, dimension };
}

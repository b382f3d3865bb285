// What a text asks for: its role, its place and time, and its vector. The same text is asked again and again, so
// what was understood is kept for a while; times are read anew, because "tomorrow" moves.

import { setImmediate } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { embed as embedContract } from "#contracts/embed";
import type { ReadRole } from "#contracts/matrix";
import { citiesNamed, stateNamed } from "#domain/places";
import { type Role, ROLES, roleNamed } from "#domain/roles";
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { readVector } from "#lib/vector-text";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { type EmbeddedTitles, nearestRole } from "./nearest-role.ts";
import { buildRoleIndex, readRole } from "./role.ts";
import { withoutOrderWords } from "./role-words.ts";
import { readOrder, type Slots } from "./slots.ts";
import type { Title } from "../corpus/titles.ts";

export interface Understood {
  readonly role: ReadRole;
  /** The role as the taxonomy has it; undefined when the text names none that is known. */
  readonly known: Role | undefined;
  readonly slots: Slots;
  /** Base64, as it goes to vectord. */
  readonly vector: string;
  /** The text without its slots. */
  readonly rest: string;
  /** What titles are compared with; undefined for a text that is no order but a document. */
  readonly asked: { readonly text: string; readonly vector: Float32Array } | undefined;
  /** The role that the caller named and the taxonomy does not have. */
  readonly unknownRole: string | undefined;
}

type Embed = Service<typeof embedContract>;

interface Question {
  readonly text: string;
  /** The role that the caller names, over whatever the text says. */
  readonly role: string | undefined;
  readonly model: string;
}

export interface Understanding {
  understand(question: Question, call: CallInit): Promise<Understood>;
  /** What the taxonomy makes of titles, with their vectors. */
  readTitles(
    texts: readonly string[],
    model: string,
    call: CallInit,
  ): Promise<{ title: Title; vector: Float32Array }[]>;
  /** What the taxonomy makes of a title by its words alone. */
  titleByWords(text: string): Title;
  /** Role and slots without a vector of the text. */
  read(text: string, call: CallInit): Promise<{ role: ReadRole; slots: Slots }>;
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
export const TAXONOMY = Bun.hash(JSON.stringify(ROLES)).toString(36);

const ROLE_INDEX = buildRoleIndex(ROLES);
const PLACES = { citiesNamed, stateNamed };
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

  const nearestTo = async (vector: Float32Array, model: string, call: CallInit): Promise<ReadRole> => {
    const { role, soc, source, confidence } = nearestRole(await taxonomyFor(model, call), vector);
    return { role, soc, source, confidence };
  };

  const understood = async (question: Question, call: CallInit): Promise<Understood> => {
    const { text, role: given, model } = question;
    const { slots, rest } = readOrder(text, { now: clock.now(), places: PLACES });
    const named = given === undefined ? undefined : namedRole(given);
    const unknownRole = named === undefined ? given : undefined;
    const words = given ?? askedOf(text, rest);
    const [vector = "", wordsVector] = await vectorsOf(
      words === undefined ? [text] : [text, words],
      model,
      call,
    );
    const asked =
      words === undefined || wordsVector === undefined
        ? undefined
        : { text: words, vector: floatsOf(wordsVector) };
    let role = given === undefined ? byWords(rest) : (named ?? NO_ROLE);
    if (role.role === null && given === undefined && asked !== undefined)
      role = await nearestTo(asked.vector, model, call);
    const known = role.role === null ? undefined : roleNamed(role.role);
    return { role, known, slots, vector, rest: cleared(rest), asked, unknownRole };
  };

  return {
    understand: async (question, call) => {
      const key = `${question.model}\n${question.role ?? ""}\n${question.text}`;
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
        let reading = byWords(text);
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
      const { role, soc, confidence } = byWords(text);
      const title = { text, role, soc, confidence };
      titlesRead.set(text, title);
      return title;
    },
    read: async (text, call) => {
      const { slots, rest } = readOrder(text, { now: clock.now(), places: PLACES });
      const read = byWords(rest);
      const words = askedOf(text, rest);
      if (read.role !== null || words === undefined) return { role: read, slots };
      const { models } = await embed.models({}, call);
      const model = models.find((one) => one.default)?.name ?? "";
      const [vector = ""] = await vectorsOf([words], model, call);
      return { role: await nearestTo(floatsOf(vector), model, call), slots };
    },
    warm: async (model, call) => {
      await taxonomyFor(model, call);
    },
  };
}

/** Without the bars that stand where slots were. */
function cleared(rest: string): string {
  return rest.replaceAll(/[|\s]+/g, " ").trim();
}

/** What titles are compared with. */
function askedOf(text: string, rest: string): string | undefined {
  const words = cleared(rest);
  if (text.length > ASKED_CHARS_MAX || words === "") return undefined;
  return withoutOrderWords(words) || words;
}

function byWords(text: string): ReadRole {
  const { role, soc, source, confidence } = readRole(ROLE_INDEX, text);
  return { role, soc, source, confidence };
}

function namedRole(given: string): ReadRole | undefined {
  const named = roleNamed(given) ?? roleNamed(readRole(ROLE_INDEX, given).role ?? "");
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

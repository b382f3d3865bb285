// What a text asks for: its role, its place and time, and its vector. The same text is asked again and again, so
// what was understood is kept for a while; times are read anew, because "tomorrow" moves.

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
import { Fault } from "#rpc/fault";
import { type EmbeddedTitles, nearestRole } from "./nearest-role.ts";
import { buildRoleIndex, readRole } from "./role.ts";
import { readOrder, type Slots } from "./slots.ts";

export interface Understood {
  readonly role: ReadRole;
  /** The role as the taxonomy has it; undefined when the text names none that is known. */
  readonly known: Role | undefined;
  readonly slots: Slots;
  /** Base64, as it goes to vectord. */
  readonly vector: string;
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
  /** The role of a row's own text, by title alone: null when none is named. */
  roleOf(text: string): Role | undefined;
  /** Role and slots without a vector. */
  read(text: string, call: CallInit): Promise<{ role: ReadRole; slots: Slots }>;
}

/** A vector and some small objects each: about 8 MB in all. */
const KEPT_MAX = 1000;
/** "Tomorrow" is another day soon enough; a minute is never wrong by more than one. */
const KEPT_MS = 60_000;
const ROW_ROLES_MAX = 20_000;

const ROLE_INDEX = buildRoleIndex(ROLES);
const PLACES = { citiesNamed, stateNamed };

export function createUnderstanding(embed: Embed, clock: Clock): Understanding {
  const kept = new LRUCache<string, Understood>({ max: KEPT_MAX, ttl: KEPT_MS });
  const rowRoles = new LRUCache<string, { role: Role | undefined }>({ max: ROW_ROLES_MAX });
  const titles = new Map<string, Promise<EmbeddedTitles>>();

  const vectorOf = async (text: string, model: string, call: CallInit): Promise<string> => {
    const { vectors } = await embed.embed({ texts: [text], model, encoding: "base64" }, call);
    const [vector] = vectors;
    assert(typeof vector === "string", "base64 was asked for");
    return vector;
  };

  /** Every title of the taxonomy as the model sees it; asked once a model. */
  const titlesFor = (model: string, call: CallInit): Promise<EmbeddedTitles> => {
    const before = titles.get(model);
    if (before !== undefined) return before;
    const asked = embedTitles(embed, model, call);
    titles.set(model, asked);
    asked.catch(() => titles.delete(model));
    return asked;
  };

  const readRoleOf = async (
    { text, role, model }: Question,
    rest: string,
    call: CallInit,
  ): Promise<ReadRole> => {
    if (role !== undefined) {
      const named = roleNamed(role) ?? roleNamed(readRole(ROLE_INDEX, role).role ?? "");
      if (named === undefined) {
        throw new Fault("invalid", `${role} is not a role of the taxonomy.`, {
          details: [{ path: "query_role", message: "is not a known role" }],
        });
      }
      return { role: named.name, soc: named.soc, source: "given", confidence: 1 };
    }
    const { role: name, soc, source, confidence } = readRole(ROLE_INDEX, rest);
    if (name !== null) return { role: name, soc, source, confidence };
    const words = rest.replaceAll(/[|\s]+/g, " ").trim();
    if (words === "" || text.length > NEAREST_CHARS_MAX) return NO_ROLE;
    const vector = readVector(await vectorOf(words, model, call));
    assert(vector !== undefined, "embedd answers whole floats");
    const nearest = nearestRole(await titlesFor(model, call), vector);
    return { role: nearest.role, soc: nearest.soc, source: nearest.source, confidence: nearest.confidence };
  };

  return {
    understand: async (question, call) => {
      const key = `${question.model}\n${question.role ?? ""}\n${question.text}`;
      const before = kept.get(key);
      if (before !== undefined) return before;
      const { slots, rest } = readOrder(question.text, { now: clock.now(), places: PLACES });
      const [role, vector] = await Promise.all([
        readRoleOf(question, rest, call),
        vectorOf(question.text, question.model, call),
      ]);
      const known = role.role === null ? undefined : roleNamed(role.role);
      const understood = { role, known, slots, vector };
      kept.set(key, understood);
      return understood;
    },
    roleOf: (text) => {
      const before = rowRoles.get(text);
      if (before !== undefined) return before.role;
      const role = roleNamed(text) ?? roleNamed(readRole(ROLE_INDEX, text).role ?? "");
      rowRoles.set(text, { role });
      return role;
    },
    read: async (text, call) => {
      const { slots, rest } = readOrder(text, { now: clock.now(), places: PLACES });
      const { models } = await embed.models({}, call);
      const model = models.find((one) => one.default)?.name ?? "";
      return { role: await readRoleOf({ text, role: undefined, model }, rest, call), slots };
    },
  };
}

const NO_ROLE: ReadRole = { role: null, soc: null, source: "none", confidence: 0 };
/** A longer text is a document, whose nearest title says nothing. */
const NEAREST_CHARS_MAX = 400;
/** What one request to embedd takes. */
const TITLES_A_REQUEST = 256;

async function embedTitles(embed: Embed, model: string, call: CallInit): Promise<EmbeddedTitles> {
  const named = ROLES.flatMap(({ name, soc, aliases }) =>
    [name, ...aliases].map((title) => ({ role: name, soc, title })),
  );
  const vectors: Float32Array[] = [];
  for (let at = 0; at < named.length; at += TITLES_A_REQUEST) {
    const texts = named.slice(at, at + TITLES_A_REQUEST).map(({ title }) => title);
    const reply = await embed.embed({ texts, model, encoding: "base64" }, call);
    vectors.push(...reply.vectors.map((text) => readVector(text) ?? new Float32Array()));
  }
  const dimension = vectors[0]?.length ?? 0;
  const all = new Float32Array(vectors.length * dimension);
  vectors.forEach((vector, at) => all.set(vector, at * dimension));
  return { roles: named, vectors: all, dimension };
}

// vectord: indexes of vectors by name, each in a folder of its own. This file finds the index and asks it; wire.ts
// turns what came over the wire into vectors, and back; index.ts does the work, archive.ts keeps named snapshots.

import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import type { embed } from "#contracts/embed";
import type { storage } from "#contracts/storage";
import { type Hit, SNAPSHOTS_MAX, type vector } from "#contracts/vector";
import { assert } from "#lib/assert";
import { type Clock, systemClock } from "#lib/clock";
import { makeFolder } from "#lib/durable";
import { base64OfVector } from "#lib/vector-text";
import type { Handlers, Service } from "#rpc/contract";
import type { CallInit } from "#rpc/call";
import { Fault, toFault } from "#rpc/fault";
import { type Archive, namesOf, receive, removeSnapshot, send, snapshotsIn, taken } from "./snapshots/archive.ts";
import { matches, parseFilter } from "./rows/filter.ts";
import { drop, incomingIn, replace, tidy } from "./folders.ts";
import { SHAPE_FILE, VectorIndex } from "./vector-index.ts";
import { yieldToEventLoop } from "#lib/event-loop";
import { type Hit as FoundHit, K_MAX } from "./search/search.ts";
import { type IndexShape, parseShape, sameShape, shapeText } from "./rows/shape.ts";
import { decoded, described, hitOf, queryVector, UNKNOWN, withVectors } from "./wire.ts";

export interface VectordDeps {
  readonly embed: Service<typeof embed>;
  readonly storage: Service<typeof storage>;
  readonly folder: string;
  readonly clock?: Clock;
}

export interface Vectord {
  readonly handlers: Handlers<typeof vector>;
  close(): Promise<void>;
}

/** Each takes files and memory of its own; more indexes than this are a sign of one index per row. */
const INDEXES_MAX = 10_000;
/** Decoding and checking so many takes about a millisecond. */
const ITEMS_A_TURN = 100;
/** Text, f32 and f64 of 768 numbers take 14 KB. */
const QUESTIONS_KEPT_MAX = 256;

export async function vectord({
  embed,
  storage,
  folder,
  clock = systemClock,
}: VectordDeps): Promise<Vectord> {
  await makeFolder(folder);
  await tidy(folder);
  const indexes = new Map<string, Promise<VectorIndex>>();
  // Damage in one index is that index's trouble: it is told to whoever asks for it, and who asks again finds it
  // opened anew, which succeeds where the damage could be put aside.
  const failed = new Set<string>();
  const open = (name: string): Promise<VectorIndex> => {
    failed.delete(name);
    const opening = openIn(join(folder, name), clock);
    indexes.set(name, opening);
    opening.catch(() => failed.add(name));
    return opening;
  };
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    if (existsSync(join(folder, entry.name, SHAPE_FILE))) void open(entry.name).catch(() => undefined);
  }

  const indexNamed = async (name: string): Promise<VectorIndex> => {
    const found = await (failed.has(name) ? open(name) : indexes.get(name));
    if (found === undefined) {
      throw new Fault(
        "not_found",
        `There is no vector index ${name}. Create it with PUT /v1/vectors/${name}.`,
      );
    }
    return found;
  };

  /** Indexes whose folder or snapshots are being worked on. */
  const busy = new Set<string>();
  const refuseBusy = (name: string): void => {
    if (!busy.has(name)) return;
    throw new Fault(
      "conflict",
      `A snapshot or a restore of ${name} is under way. Try again when it is done.`,
    );
  };
  const alone = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    refuseBusy(name);
    busy.add(name);
    try {
      return await work();
    } finally {
      busy.delete(name);
    }
  };
  const refuseMore = (): void => {
    if (indexes.size >= INDEXES_MAX)
      throw new Fault("unavailable", `There are ${INDEXES_MAX} indexes already.`);
  };
  const archiveOf = (index: string): Archive => ({ storage, index });

  /** Lets the restored folder take the place of the index. Who asks for the index meanwhile waits for it. */
  const swapIn = (name: string, incoming: string): Promise<VectorIndex> => {
    const before = indexes.get(name)?.catch(() => undefined);
    const opening = (async () => {
      await (await before)?.close();
      return replace(folder, name, incoming, () => openIn(join(folder, name), clock));
    })();
    failed.delete(name);
    indexes.set(name, opening);
    opening.catch(() => {
      // The one before is back in its place, if there was one, and is opened by who asks next.
      if (before === undefined) indexes.delete(name);
      else failed.add(name);
    });
    return opening;
  };

  const embedTexts = async (
    texts: string[],
    model: string | undefined,
    call: CallInit,
  ): Promise<Float32Array[]> => {
    const chosen = model === undefined ? {} : { model };
    const { vectors } = await embed.embed({ texts, encoding: "base64", ...chosen }, call);
    return vectors.map((text, at) => decoded(text, `texts.${at}`));
  };

  /** Questions come again and again; each is decoded and made ready once. Nobody writes to these. */
  const asked = new LRUCache<string, Float32Array>({ max: QUESTIONS_KEPT_MAX });
  const questionOf = (text: string | readonly number[]): Float32Array => {
    if (typeof text !== "string") return decoded(text, "vector");
    const before = asked.get(text);
    if (before !== undefined) return before;
    const numbers = decoded(text, "vector");
    asked.set(text, numbers);
    return numbers;
  };

  const handlers: Handlers<typeof vector> = {
    create: async ({ index: name, engine, ...shape }) => {
      if (engine === "lance") throw new Fault("invalid", "The lance engine is not there yet; use hnsw.");
      refuseBusy(name);
      const before = indexes.has(name) ? await indexNamed(name) : undefined;
      if (before !== undefined) {
        if (!sameShape(before.shape, shape)) {
          throw new Fault(
            "conflict",
            `${name} exists with another shape. Drop it first or choose another name.`,
          );
        }
        return { ...described(name, before), created: false };
      }
      refuseMore();
      const opening = VectorIndex.open({ dir: join(folder, name), shape, clock });
      indexes.set(name, opening);
      opening.catch(() => indexes.delete(name));
      return { ...described(name, await opening), created: true };
    },
    indexes: async ({ limit, cursor }) => {
      const names = [...indexes.keys()].sort().filter((name) => cursor === undefined || name > cursor);
      const page = names.slice(0, limit);
      const last = page.at(-1);
      return {
        indexes: await Promise.all(
          page.map((name) =>
            indexNamed(name).then(
              (index) => described(name, index),
              (thrown: unknown) => ({ ...UNKNOWN, name, damaged: toFault(thrown).message }),
            ),
          ),
        ),
        ...(names.length > limit && last !== undefined ? { next_cursor: last } : {}),
      };
    },
    index: async ({ index: name }) => described(name, await indexNamed(name)),
    drop: ({ index: name }) =>
      alone(name, async () => {
        if (!indexes.has(name)) await indexNamed(name);
        // A damaged one can be dropped too.
        const index = await indexNamed(name).catch(() => undefined);
        indexes.delete(name);
        failed.delete(name);
        await index?.close();
        await drop(folder, name);
        return null;
      }),
    upsert: async ({ index: name, items }, call) => {
      const index = await indexNamed(name);
      // Large calls were parsed in this turn of the event loop already.
      if (items.length > ITEMS_A_TURN) await yieldToEventLoop();
      return index.upsert(await withVectors(items, (texts) => embedTexts(texts, index.shape.model, call)));
    },
    delete: async ({ index: name, ids, filter }) => {
      const index = await indexNamed(name);
      return index.delete({
        ...(ids === undefined ? {} : { ids }),
        ...(filter === undefined ? {} : { filter: parseFilter(filter) }),
      });
    },
    search: async (
      { index: name, vector: given, text, model, k, filter, ef, exact, max_distance, include },
      call,
    ) => {
      const started = performance.now();
      const index = await indexNamed(name);
      const own = index.shape.model;
      if (model !== undefined && own !== undefined && model !== own) {
        throw new Fault(
          "conflict",
          `${name} holds vectors of ${own}; a question by ${model} cannot be compared.`,
        );
      }
      const wanted =
        given === undefined
          ? await queryVector(text, (texts) => embedTexts(texts, own ?? model, call))
          : questionOf(given);
      const found = await index.search({
        vector: wanted,
        k,
        exact,
        include_vector: include.includes("vector"),
        filter: filter === undefined ? undefined : parseFilter(filter),
        ef,
        max_distance,
      });
      return {
        hits: found.hits.map((hit, rank) => hitOf(hit, rank, include.includes("metadata"))),
        plan: found.plan,
        scanned: found.scanned,
        complete: found.complete,
        ...(found.reason === undefined ? {} : { reason: found.reason }),
        took_ms: performance.now() - started,
      };
    },
    searchTiers: async ({ index: name, vector: given, k, enough, tiers, also }) => {
      const index = await indexNamed(name);
      const wanted = questionOf(given);
      const hits: Hit[] = [];
      const seen = new Set<string>();
      const plans: string[] = [];
      let scanned = 0;
      const take = (hit: FoundHit): void => {
        if (seen.has(hit.id)) return;
        seen.add(hit.id);
        hits.push(hitOf(hit, hits.length, true));
      };
      for (const [at, tier] of tiers.entries()) {
        const filter = Object.keys(tier).length === 0 ? undefined : parseFilter(tier);
        // What earlier tiers found matches this one as well and comes up again.
        const found = await index.search({ vector: wanted, k: Math.min(K_MAX, k + seen.size), filter });
        plans.push(found.plan);
        scanned += found.scanned;
        for (const hit of found.hits) if (hits.length < k) take(hit);
        if (at === tiers.length - 1) {
          for (const hit of index.measure(also, wanted))
            if (filter === undefined || matches(filter, hit.metadata)) take(hit);
        } else if (hits.length >= enough) break;
      }
      return { hits, plan: plans.join("+"), scanned };
    },
    fetch: async ({ index: name, ids, filter }) => {
      const index = await indexNamed(name);
      const wanted = filter === undefined ? undefined : parseFilter(filter);
      const passing = index
        .fetch(ids)
        .filter(({ metadata }) => wanted === undefined || matches(wanted, metadata));
      return {
        items: passing.map(({ id, vector: stored, metadata }) => ({
          id,
          vector: base64OfVector(stored),
          metadata: metadata as Record<string, unknown>,
        })),
      };
    },
    recall: async ({ index: name, sample, k }) => {
      const { recall, mean_us, p99_us, exact_mean_us } = await (await indexNamed(name)).recall({ sample, k });
      return { recall, mean_us, p99_us, exact_mean_us };
    },
    snapshot: ({ index: name, name: snapshot = nameOf(clock.now()) }, call) =>
      alone(name, async () => {
        const index = await indexNamed(name);
        const archive = archiveOf(name);
        const names = await namesOf(archive, call);
        if (names.includes(snapshot)) throw taken(archive, snapshot);
        if (names.length >= SNAPSHOTS_MAX) {
          throw new Fault(
            "conflict",
            `${name} has ${SNAPSHOTS_MAX} snapshots; remove one that is not needed.`,
          );
        }
        const shape = shapeText(index.shape);
        return index.withSnapshot((dir, manifest) => {
          const at = new Date(manifest.taken_at).toISOString();
          return send(archive, dir, { name: snapshot, at, shape, manifest }, call);
        });
      }),
    snapshots: async ({ index: name }, call) => {
      const snapshots = await snapshotsIn(archiveOf(name), call);
      if (snapshots.length === 0 && !indexes.has(name)) await indexNamed(name);
      return { snapshots };
    },
    dropSnapshot: ({ index: name, name: snapshot }, call) =>
      alone(name, async () => {
        await removeSnapshot(archiveOf(name), snapshot, call);
        return null;
      }),
    restore: ({ index: name, name: snapshot }, call) =>
      alone(name, async () => {
        if (!indexes.has(name)) refuseMore();
        const incoming = incomingIn(folder);
        try {
          await receive(archiveOf(name), snapshot, call, async (text) => {
            const shape = parseShape(text);
            if (!mayBecome(join(folder, name), shape)) {
              throw new Fault("conflict", `${name} has another shape than the snapshot. Remove it first.`);
            }
            await VectorIndex.prepare(incoming, shape);
            return incoming;
          });
          return described(name, await swapIn(name, incoming));
        } finally {
          await rm(incoming, { recursive: true, force: true });
        }
      }),
  };
  return {
    handlers,
    close: async () => {
      for (const opening of indexes.values())
        await opening.then((index) => index.close()).catch(() => undefined);
    },
  };
}

async function openIn(dir: string, clock: Clock): Promise<VectorIndex> {
  const shape = VectorIndex.readShape(dir);
  assert(shape !== null, `${dir} has a shape`);
  return VectorIndex.open({ dir, shape, clock });
}

/** Whether an index of this shape may stand in a folder: one that is empty, damaged, or of the same shape. */
function mayBecome(dir: string, shape: IndexShape): boolean {
  try {
    const before = VectorIndex.readShape(dir);
    return before === null || sameShape(before, shape);
  } catch {
    return true;
  }
}

/** A snapshot that nobody named is called by its time. */
function nameOf(now: number): string {
  return new Date(now).toISOString().replaceAll(":", "-");
}

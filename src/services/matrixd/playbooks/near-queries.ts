// Which recorded queries are near a query: their vectors lie in an index of vectord, one for each corpus and model, with the
// role and the marks of its places as fields. The index is a cache: what it must hold follows from the recorded queries, and
// one that is missing, damaged or short is made again in the background, whole, while what is there already answers. Until it
// is through, `unready` says so, because a ranking without some of its playbooks is another ranking.

import type { embed as embedContract } from "#contracts/embed";
import type { vector as vectorContract } from "#contracts/vector";
import { CountedCache } from "#lib/counted-cache";
import { yieldToEventLoop } from "#lib/event-loop";
import type { CacheFigures } from "#lib/figures";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { toFault } from "#rpc/fault";
import type { RecordedQuery } from "./library.ts";

export interface NearQueriesDeps {
  readonly embed: Service<typeof embedContract>;
  readonly vector: Service<typeof vectorContract>;
  readonly failures: BackgroundFailures;
  queries(corpus: string): ReadonlyMap<string, RecordedQuery>;
  revision(corpus: string): number;
  /** Runs work while nothing is recorded. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
}

export interface NearQuery {
  readonly recorded: RecordedQuery;
  /** Cosine distance. */
  readonly distance: number;
}

export interface Wanted {
  readonly corpus: string;
  readonly model: string;
  /** Base64, as it goes to vectord. */
  readonly vector: string;
  readonly distanceMax: number;
  readonly count: number;
  /** Only queries of these roles, "" for those without one; of all when undefined. */
  readonly roles?: readonly string[] | undefined;
  /** Only queries with one of these marks of places; with any when undefined. */
  readonly places?: readonly string[] | undefined;
  /** Some of the nearest, whoever they are, at the least cost. */
  readonly some?: boolean | undefined;
}

export interface Near {
  /** The nearest first. */
  readonly queries: readonly NearQuery[];
  /** There are no others within the distance. */
  readonly isAll: boolean;
}

interface Space {
  readonly name: string;
  /** The index holds every recorded query. */
  ready: boolean;
  compared: Promise<void> | undefined;
  filling: Promise<void> | undefined;
  /** Queries that are in, of a fill that goes on. */
  done: number;
}

/** vectord takes a thousand items a call; embedding fewer lets others have their turn. */
const BATCH = 200;
/** Lists of at most a thousand pairs each: some megabytes. */
const ANSWERS_KEPT_MAX = 500;
/** Embedding and indexing 100,000 queries. */
const FILL_MS_MAX = 3_600_000;
const NAME_CHARS_MAX = 60;
/** Candidates in the graph: fewer save no time. */
const LEAST_EFFORT = 64;
const FIELDS = { role: "keyword", places: "keyword" } as const;

export class NearQueries {
  readonly #deps: NearQueriesDeps;
  readonly #spaces = new Map<string, Space>();
  readonly #answers = new CountedCache<string, Near>({ max: ANSWERS_KEPT_MAX });
  #closed = false;

  constructor(deps: NearQueriesDeps) {
    this.#deps = deps;
  }

  get figures(): CacheFigures {
    return this.#answers.figures;
  }

  /** Throws what vectord throws, but for an index that is gone or damaged: that one is being made again. */
  async near(wanted: Wanted, call: CallInit): Promise<Near> {
    const { corpus, model, vector, distanceMax, count, roles, places, some } = wanted;
    const space = this.#space(corpus, model);
    if (!space.ready) await this.#compare(space, corpus, model);
    const revision = `${this.#deps.revision(corpus)} ${space.ready}`;
    const conditions = {
      ...(roles === undefined ? {} : { role: { in: [...roles] } }),
      ...(places === undefined ? {} : { places: { in: [...places] } }),
    };
    const key = JSON.stringify([corpus, model, revision, distanceMax, count, some, conditions, vector]);
    const kept = this.#answers.get(key);
    if (kept !== undefined) return kept;
    try {
      const { hits, plan } = await this.#deps.vector.search(
        {
          index: space.name,
          vector,
          k: count,
          max_distance: distanceMax,
          include: [],
          ...(some === true ? { ef: LEAST_EFFORT } : {}),
          ...(Object.keys(conditions).length === 0 ? {} : { filter: conditions }),
        },
        call,
      );
      const known = this.#deps.queries(corpus);
      // An index may have more than what was acknowledged.
      const queries = hits.flatMap(({ id, distance }) => {
        const recorded = known.get(id);
        return recorded === undefined ? [] : [{ recorded, distance }];
      });
      // A graph may not lead to every row.
      const found = { queries, isAll: hits.length < count && plan === "exact" };
      if (space.ready) this.#answers.set(key, found);
      return found;
    } catch (error) {
      const { code } = toFault(error);
      if (code !== "not_found" && code !== "internal") throw error;
      // Found out once: the next search compares, and has it made again.
      space.ready = false;
      return { queries: [], isAll: true };
    }
  }

  /** Why some recorded queries of a corpus are not found yet; undefined when all are. */
  unready(corpus: string, model: string): string | undefined {
    const total = this.#deps.queries(corpus).size;
    const { ready, done } = this.#space(corpus, model);
    if (ready || total === 0) return undefined;
    return `The recorded queries of ${corpus} are being indexed: ${done} of ${total}.`;
  }

  /** Adds recorded queries; they are found when it resolves. */
  async add(corpus: string, model: string, queries: readonly RecordedQuery[], call: CallInit): Promise<void> {
    const space = this.#space(corpus, model);
    for (let from = 0; from < queries.length; from += BATCH) {
      const some = queries.slice(from, from + BATCH);
      const { vectors, dimension } = await this.#deps.embed.embed(
        { texts: some.map(({ text }) => text), model, input: "query", encoding: "base64" },
        call,
      );
      const items = some.map(({ key, role, places }, at) => ({
        id: key,
        vector: vectors[at] ?? [],
        metadata: { role: role ?? "", places: [...places] },
      }));
      await this.#upsert(space, model, dimension, items, call);
    }
  }

  async #upsert(
    { name: index }: Space,
    model: string,
    dimension: number,
    items: Parameters<NearQueriesDeps["vector"]["upsert"]>[0]["items"],
    call: CallInit,
  ): Promise<void> {
    const upsert = (): Promise<unknown> => this.#deps.vector.upsert({ index, model, items }, call);
    try {
      await upsert();
    } catch (error) {
      if (toFault(error).code !== "not_found") throw error;
      await this.#deps.vector.create({ index, dimension, model, fields: FIELDS }, call);
      await upsert();
    }
  }

  /** Settled when nothing is being indexed. */
  async settled(): Promise<void> {
    for (const { filling } of this.#spaces.values()) await filling;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
  }

  #space(corpus: string, model: string): Space {
    const key = JSON.stringify([corpus, model]);
    const known = this.#spaces.get(key);
    if (known !== undefined) return known;
    const mark = Bun.hash(key).toString(36);
    const name = `playbook.${corpus.slice(0, NAME_CHARS_MAX)}.${mark}`;
    const space = { name, ready: false, compared: undefined, filling: undefined, done: 0 };
    this.#spaces.set(key, space);
    return space;
  }

  /** Compares the index with what it must hold; one that differs is filled in the background. */
  #compare(space: Space, corpus: string, model: string): Promise<void> {
    if (space.filling !== undefined || this.#closed) return Promise.resolve();
    const call: CallInit = { timeoutMs: FILL_MS_MAX };
    space.compared ??= this.#deps
      .exclusive(async () => {
        const held = await this.#held(space.name, call);
        const wanted = [...this.#deps.queries(corpus).values()];
        space.ready = held === wanted.length;
        if (space.ready) return;
        // More than wanted is of records that were cut off before they were acknowledged: which are there is not known.
        if (held !== undefined) await this.#deps.vector.drop({ index: space.name }, call);
        space.done = 0;
        space.filling = this.#fill(space, { corpus, model, wanted }, call)
          .catch((error: unknown) => {
            this.#deps.failures.note("indexing of recorded queries", error, { corpus });
          })
          .finally(() => (space.filling = undefined));
      })
      .finally(() => (space.compared = undefined));
    return space.compared;
  }

  async #fill(
    space: Space,
    { corpus, model, wanted }: { corpus: string; model: string; wanted: readonly RecordedQuery[] },
    call: CallInit,
  ): Promise<void> {
    for (let from = 0; from < wanted.length; from += BATCH) {
      if (this.#closed) return;
      await this.add(corpus, model, wanted.slice(from, from + BATCH), call);
      space.done = Math.min(wanted.length, from + BATCH);
      await yieldToEventLoop();
    }
    space.ready = true;
  }

  /** How many queries an index holds; undefined when there is none, -1 when it is damaged or of an earlier version. */
  async #held(index: string, call: CallInit): Promise<number | undefined> {
    try {
      const { count, fields } = await this.#deps.vector.index({ index }, call);
      return Bun.deepEquals(fields, FIELDS) ? count : -1;
    } catch (error) {
      const { code } = toFault(error);
      if (code === "not_found") return undefined;
      if (code === "internal") return -1;
      throw error;
    }
  }
}

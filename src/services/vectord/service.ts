// vectord: indexes of vectors by name, each in a folder of its own. indexes.ts finds the index, vector-index.ts does
// the work, wire.ts turns what came over the wire into vectors and back. Here are the handlers for indexes and their
// items; those that search are in search-handlers.ts, those of named snapshots in snapshot-handlers.ts.

import { z } from "zod";
import type { embed } from "#contracts/embed";
import type { storage } from "#contracts/storage";
import type { vector } from "#contracts/vector";
import { type Clock, systemClock } from "#lib/clock";
import { yieldToEventLoop } from "#lib/event-loop";
import { createLog, type Log } from "#lib/log";
import type { Handlers, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { toFault } from "#rpc/fault";
import { pageCursor } from "#rpc/page-cursor";
import { importItems } from "./import-items.ts";
import { importSource } from "./import-source.ts";
import { Indexes, type IndexesStats } from "./indexes.ts";
import { matches, parseFilter } from "./rows/filter.ts";
import { indexMetrics } from "./metrics.ts";
import { createQueryCache, searchHandlers } from "./search-handlers.ts";
import { archivedIndexes, namesOf, newestIn } from "./snapshots/archive.ts";
import { removeUnneeded, restoreFrom, snapshotHandlers } from "./snapshot-handlers.ts";
import type { LanceBucket } from "./lance/open.ts";
import { checkModel, described, embedder, encoded, type OfferedItem, UNKNOWN, withVectors } from "./wire.ts";

const PAGES = pageCursor("vector.indexes", z.string());

export interface VectordDeps {
  readonly embed: Service<typeof embed>;
  readonly storage: Service<typeof storage>;
  /** One folder for each index in it, and the list of them beside it, under its name and `.json`. */
  readonly folder: string;
  /** Where tables of indexes with engine lance are kept; in the folder of each index unless given. */
  readonly bucket?: LanceBucket | undefined;
  readonly clock?: Clock;
  /** Standard error unless given. */
  readonly log?: Log;
}

export interface Vectord extends Daemon<typeof vector> {
  metrics(): object[];
  stats(): IndexesStats;
}

/** Decoding and checking so many takes about a millisecond. */
const ITEMS_A_TURN = 100;

export async function vectord({
  embed,
  storage,
  folder,
  bucket,
  clock = systemClock,
  log = createLog({ level: "warn", readable: false, fields: { service: "vectord" } }),
}: VectordDeps): Promise<Vectord> {
  const indexes = await Indexes.open({
    folder,
    clock,
    log,
    bucket,
    archived: {
      names: () => archivedIndexes({ storage }, {}),
      shapeOf: async (index) => (await newestIn({ storage, index }, {}))?.shape ?? null,
    },
  });
  const embedTexts = embedder(embed);

  const queries = createQueryCache();
  const handlers: Handlers<typeof vector> = {
    create: async ({ index: name, ...shape }) => {
      const { index, created } = await indexes.create(name, shape);
      return { ...(await described(name, index)), created };
    },
    indexes: async ({ limit, cursor }, call) => {
      const after = PAGES.place(cursor);
      await indexes.readArchive();
      const names = indexes.names.filter((name) => after === undefined || name > after);
      const page = names.slice(0, limit);
      const last = page.at(-1);
      return {
        indexes: await Promise.all(
          page.map((name) =>
            indexes.get(name).then(
              (index) => described(name, index),
              async (thrown: unknown) => ({
                ...UNKNOWN,
                name,
                damaged: toFault(thrown).message,
                repairable:
                  indexes.hasFolder(name) || (await namesOf({ storage, index: name }, call)).length > 0,
              }),
            ),
          ),
        ),
        ...(names.length > limit && last !== undefined ? { next_cursor: PAGES.next(last) } : {}),
      };
    },
    index: async ({ index: name }) => described(name, await indexes.get(name)),
    drop: ({ index: name }, call) =>
      indexes.alone(name, async () => {
        const table = indexes.bucketTableOf(name);
        await indexes.drop(name);
        await removeUnneeded({ storage, index: name }, table, undefined, call);
        return null;
      }),
    repair: ({ index: name }, call) =>
      indexes.alone(name, async () => {
        const newest = indexes.hasFolder(name) ? null : await newestIn({ storage, index: name }, call);
        if (newest !== null && indexes.has(name)) {
          const index = await restoreFrom(indexes, { storage, index: name }, newest.name, call);
          const sentence = `Its folder was missing; it is as its snapshot ${newest.name} of ${newest.at} has it, without what was written later.`;
          return {
            index: await described(name, index),
            repaired: true,
            damage: [sentence],
            lost: [],
            rows_lost: 0,
          };
        }
        const { index, damage, lost, rowsLost, keptAs } = await indexes.repair(name);
        return {
          index: await described(name, index),
          repaired: keptAs !== undefined,
          damage: [...damage],
          lost: [...lost],
          rows_lost: rowsLost,
          ...(keptAs === undefined ? {} : { kept_as: keptAs }),
        };
      }),
    upsert: async ({ index: name, items, model }, call) => {
      const index = await indexes.get(name);
      checkModel(name, index.shape.model, model);
      // Large calls were parsed in this turn of the event loop already.
      if (items.length > ITEMS_A_TURN) await yieldToEventLoop();
      return index.upsert(
        await withVectors(items, (texts) => embedTexts(texts, "document", index.shape.model ?? model, call)),
      );
    },
    import: async (input, call) => {
      const { index: name, model } = input;
      const index = await indexes.get(name);
      checkModel(name, index.shape.model, model);
      const write = async (items: OfferedItem[]): Promise<{ sequence: number }> =>
        index.upsert(
          await withVectors(items, (texts) =>
            embedTexts(texts, "document", index.shape.model ?? model, call),
          ),
        );
      const { items, unit } = await importSource(storage, input, indexes.incomingFolder(), call);
      return importItems(items, write, unit);
    },
    delete: async ({ index: name, ids, filter }) => {
      const index = await indexes.get(name);
      return index.delete({
        ...(ids === undefined ? {} : { ids }),
        ...(filter === undefined ? {} : { filter: parseFilter(filter) }),
      });
    },
    fetch: async ({ index: name, ids, filter, encoding, at }) => {
      const index = await indexes.get(name);
      const wanted = filter === undefined ? undefined : parseFilter(filter);
      const items = await index.fetch(ids, at);
      const passing = items.filter(({ metadata }) => wanted === undefined || matches(wanted, metadata));
      return {
        items: passing.map(({ id, vector: stored, metadata }) => ({
          id,
          vector: encoded(stored, encoding),
          metadata: metadata as Record<string, unknown>,
        })),
      };
    },
    versions: async ({ index: name }) => ({ versions: (await indexes.get(name)).versions() }),
    recall: async ({ index: name, sample, k }) => {
      const { recall, mean_us, p99_us, exact_mean_us } = await (
        await indexes.get(name)
      ).recall({ sample, k });
      return { recall, mean_us, p99_us, exact_mean_us };
    },
    ...searchHandlers(indexes, embedTexts, queries),
    ...snapshotHandlers(indexes, storage, clock),
  };
  return {
    handlers,
    stats: () => ({ ...indexes.stats(), caches: { "vectors of queries": queries.figures } }),
    metrics: () => indexMetrics(indexes.opened()),
    close: () => indexes.close(),
  };
}

// What every engine of vectord must do, through its contract: k rows whenever k match, by any filter, under any metric;
// durable when acknowledged, found by the next search; whole after kill -9, after a snapshot is put back, and after a
// repair. Distances and filters are compared with sums and `matches` over plain objects.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { vector } from "#contracts/vector";
import type { Service } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { type Filter, matches, parseFilter } from "./rows/filter.ts";
import type { Metadata } from "./rows/shape.ts";

export interface EngineUnderTest {
  readonly service: Service<typeof vector>;
  /** The same folder as a kill -9 leaves it, served again; `hurt` changes it before that. */
  killed(hurt?: (folder: string) => void): Promise<void>;
  /** Waits until what is acknowledged is where the engine keeps it, as far as that happens of its own accord. */
  settled(index: string): Promise<void>;
  close(): Promise<void>;
}

interface Model {
  readonly vector: number[];
  readonly metadata: Metadata;
}

type Metric = "cosine" | "euclidean" | "dot";

const FIELDS = { kind: "keyword", size: "number", place: "geo", note: "text" } as const;
const DIMENSION = 6;

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (thrown: unknown) => (thrown as Fault).code,
  );

function distance(metric: Metric, a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((sum, value, n) => sum + value * (b[n] ?? 0), 0);
  if (metric === "dot") return 1 - dot;
  if (metric === "euclidean") return Math.hypot(...a.map((value, n) => value - (b[n] ?? 0)));
  return Math.max(0, 1 - dot / (Math.hypot(...a) * Math.hypot(...b)));
}

const rounded = fc.double({ min: -1, max: 1, noNaN: true }).map((value) => Math.fround(value));
const direction = fc
  .array(rounded, { minLength: DIMENSION, maxLength: DIMENSION })
  .filter((numbers) => Math.hypot(...numbers) > 0.01);
/** Few values, so that filters hit; some of them are where orders of strings differ, or quotes end. */
const word = fc.constantFrom(
  "a",
  "ab",
  "abc",
  "b",
  "Z",
  "",
  "it's",
  "é",
  "\ue000",
  "\u{1f600}",
  "\u{1f600}x",
  "%",
  "_",
  "\\",
  "a\nb",
);
const count = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.5, -0, 1234.567, -1e-300));
const scalar = fc.oneof(word, count, fc.boolean());
const place = fc.record({ lat: fc.integer({ min: -90, max: 90 }), lon: fc.integer({ min: -180, max: 180 }) });
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: place },
  { weight: 1, arbitrary: fc.constant(null) },
);
const metadata = fc.record(
  {
    kind: value,
    size: value,
    place: fc.oneof({ weight: 3, arbitrary: place }, { weight: 1, arbitrary: value }),
    note: value,
    other: value,
  },
  { requiredKeys: [] },
);
const field = fc.constantFrom("kind", "size", "place", "note", "other");
const test_ = fc.oneof(
  scalar.map((operand): unknown => operand),
  scalar.map((operand) => ({ ne: operand })),
  fc.array(scalar, { maxLength: 4 }).map((list) => ({ in: list })),
  fc.array(scalar, { maxLength: 4 }).map((list) => ({ nin: list })),
  fc
    .tuple(fc.constantFrom("gt", "gte", "lt", "lte"), fc.oneof(word, count))
    .map(([op, operand]) => ({ [op]: operand })),
  word.map((prefix) => ({ prefix })),
  fc.boolean().map((exists) => ({ exists })),
);
const filters = fc.letrec<{ filter: Record<string, unknown> }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.tuple(field, test_).map(([name, wanted]) => ({ [name]: wanted })),
    fc
      .record({
        lat: fc.integer({ min: -90, max: 90 }),
        lon: fc.integer({ min: -180, max: 180 }),
        miles: fc.constantFrom(0, 100, 900, 5000, 13_000),
      })
      .map((near) => ({ near: { field: "place", ...near } })),
    fc.array(tie("filter"), { maxLength: 3 }).map((parts) => ({ and: parts })),
    fc.array(tie("filter"), { maxLength: 3 }).map((parts) => ({ or: parts })),
    tie("filter").map((part) => ({ not: part })),
  ),
})).filter;

/** `rows` is enough for the engine's own structures to be used, where that is wanted of a test. */
export function describeEngine(
  engine: "hnsw" | "lance",
  start: () => Promise<EngineUnderTest>,
  rows: number,
): void {
  describe(`engine ${engine}`, () => {
    let tested: EngineUnderTest;
    let service: Service<typeof vector>;
    beforeAll(async () => {
      tested = await start();
      ({ service } = tested);
    }, 60_000);
    afterAll(() => tested.close());

    const random = seededNumbers(7);
    const numbers = (): number[] => Array.from({ length: DIMENSION }, () => Math.fround(random() - 0.5));

    async function fill(index: string, from: number, to: number, model: Map<string, Model>): Promise<void> {
      for (let at = from; at < to; at += 1000) {
        const items = Array.from({ length: Math.min(1000, to - at) }, (_, n) => ({
          id: `i${at + n}`,
          vector: numbers(),
          metadata: {
            kind: `k${(at + n) % 10}`,
            size: at + n,
            ...((at + n) % 997 === 0 ? { rare: true } : {}),
          },
        }));
        await service.upsert({ index, items });
        for (const { id, ...item } of items) model.set(id, item);
      }
    }

    /** Ids of the true nearest; where distances are equal any order is right. */
    function nearest(
      model: Map<string, Model>,
      metric: Metric,
      query: number[],
      k: number,
      filter?: Filter,
    ): [number, string][] {
      return [...model]
        .filter(([, item]) => filter === undefined || matches(filter, item.metadata))
        .map(([id, item]): [number, string] => [distance(metric, query, item.vector), id])
        .sort((a, b) => a[0] - b[0])
        .slice(0, k);
    }

    for (const metric of ["cosine", "euclidean", "dot"] as const) {
      test(`${metric}: any filter selects what it means, whether rows are in a file already or not`, async () => {
        const index = `filters-${metric}`;
        await service.create({ index, dimension: DIMENSION, metric, engine, fields: FIELDS });
        const model = new Map<string, Model>();
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.record({ vector: direction, metadata }), { minLength: 1, maxLength: 12 }),
            fc.array(filters, { minLength: 1, maxLength: 6 }),
            direction,
            fc.boolean(),
            async (offered, wanted, query, settle) => {
              const items = offered.map((item, n) => ({ id: `i${(model.size + n) % 150}`, ...item }));
              await service.upsert({ index, items });
              for (const { id, ...item } of items) model.set(id, JSON.parse(JSON.stringify(item)) as Model);
              if (settle) await tested.settled(index);
              for (const filter of wanted) {
                const { hits, complete } = await service.search({
                  index,
                  vector: query,
                  k: 5,
                  filter,
                  exact: true,
                });
                const expected = nearest(model, metric, query, 5, parseFilter(filter));
                expect({ filter, found: hits.map((hit) => hit.distance.toFixed(5)) }).toEqual({
                  filter,
                  found: expected.map(([far]) => far.toFixed(5)),
                });
                for (const hit of hits) {
                  const stored = model.get(hit.id);
                  expect(hit.metadata).toEqual({ ...stored?.metadata });
                  expect(hit.distance).toBeCloseTo(distance(metric, query, stored?.vector ?? []), 5);
                }
                expect(complete).toBe(true);
              }
            },
          ),
          // Shrinking would search a folder that has seen the failure.
          { numRuns: metric === "cosine" ? 25 : 8, endOnFailure: true },
        );
      }, 120_000);
    }

    test("a large index: recall, filters of any selectivity, deletes and updates, and the same after kill -9", async () => {
      const index = "large";
      const model = new Map<string, Model>();
      await service.create({
        index,
        dimension: DIMENSION,
        metric: "cosine",
        engine,
        fields: { kind: "keyword", size: "number" },
      });
      await fill(index, 0, rows, model);
      await tested.settled(index);
      const check = async (): Promise<void> => {
        const described = await service.index({ index });
        expect(described.count).toBe(model.size);
        const filtered: Record<string, unknown>[] = [
          {},
          { kind: "k3" },
          { rare: true },
          { size: { lt: 7 } },
          { and: [{ kind: { in: ["k1", "k2"] } }, { size: { gte: rows - 40 } }] },
          { not: { size: { gte: 3 } } },
        ];
        let [right, all] = [0, 0];
        for (const filter of filtered) {
          const query = numbers();
          const { hits } = await service.search({ index, vector: query, k: 10, filter });
          const expected = nearest(model, "cosine", query, 10, parseFilter(filter));
          expect(hits.length).toBe(expected.length);
          const furthest = (expected.at(-1)?.[0] ?? 0) + 1e-6;
          right += hits.filter((hit) => hit.distance <= furthest).length;
          all += expected.length;
        }
        expect(right / all).toBeGreaterThan(0.95);
      };
      await check();
      // Some of each: replaced, deleted by id, deleted by filter, new.
      await fill(index, 0, 500, model);
      const ids = Array.from({ length: 200 }, (_, n) => `i${n * 3}`);
      const gone = ids.filter((id) => model.delete(id)).length;
      expect(await service.delete({ index, ids: [...ids, "missing"] })).toMatchObject({ deleted: gone });
      expect(await service.delete({ index, ids })).toMatchObject({ deleted: 0 });
      const nines = [...model]
        .filter(
          ([
            ,
            {
              metadata: { kind },
            },
          ]) => kind === "k9",
        )
        .map(([id]) => id);
      for (const id of nines) model.delete(id);
      expect(await service.delete({ index, filter: { kind: "k9" } })).toMatchObject({
        deleted: nines.length,
      });
      await fill(index, rows, rows + 50, model);
      await check();
      await tested.killed();
      ({ service } = tested);
      await check();
      await tested.settled(index);
      await check();
      const { recall } = await service.recall({ index, sample: 20, k: 10 });
      expect(recall).toBeGreaterThan(0.95);
    }, 240_000);

    test("items come back as they were given, and what is refused changes nothing", async () => {
      const index = "items";
      await service.create({ index, dimension: 3, metric: "cosine", engine, model: "one" });
      const items = [
        { id: "it's", vector: [1, 2, 3], metadata: { deep: { list: [1, null, "x"] }, text: "\u{1f600}\n'" } },
        { id: "\u0000 odd\u{10ffff}", vector: [0.1, 0.2, 0.3], metadata: {} },
      ];
      await service.upsert({ index, items, model: "one" });
      for (const settle of [false, true]) {
        if (settle) await tested.settled(index);
        const { items: fetched } = await service.fetch({
          index,
          ids: ["missing", ...items.map(({ id }) => id)],
          encoding: "float",
        });
        expect(fetched.map(({ id, metadata: kept }) => ({ id, metadata: kept }))).toEqual(
          items.map(({ id, metadata: kept }) => ({ id, metadata: kept })) as never,
        );
        expect(fetched.map((item) => item.vector)).toEqual(items.map((item) => item.vector.map(Math.fround)));
      }
      const { hits } = await service.search({ index, vector: [1, 2, 3], k: 1, include: ["vector"] });
      expect(hits[0]).toEqual({
        rank: 0,
        id: "it's",
        distance: hits[0]?.distance ?? -1,
        vector: "AACAPwAAAEAAAEBA",
      });
      const wrong = [[0, 0, 0], [1, 2], ["AACAPw"], [1e39, 1, 1]];
      for (const odd of wrong) {
        const batch = [
          { id: "new", vector: [1, 1, 1] },
          { id: "odd", vector: typeof odd[0] === "string" ? odd[0] : (odd as number[]) },
        ];
        expect(await codeOf(service.upsert({ index, items: batch }))).toBe("invalid");
      }
      expect(
        await codeOf(service.upsert({ index, items: [{ id: "x", vector: [1, 1, 1] }], model: "other" })),
      ).toBe("conflict");
      expect(await codeOf(service.search({ index, vector: [1, 1, 1], model: "other" }))).toBe("conflict");
      expect((await service.index({ index })).count).toBe(2);
      expect(await codeOf(service.create({ index, dimension: 4, engine }))).toBe("conflict");
      expect(
        (await service.create({ index, dimension: 3, metric: "cosine", engine, model: "one" })).created,
      ).toBe(false);
    });

    test("a snapshot is put back as a whole, also when the index was dropped", async () => {
      const index = "kept";
      const model = new Map<string, Model>();
      await service.create({ index, dimension: DIMENSION, metric: "euclidean", engine });
      await fill(index, 0, 300, model);
      const taken = await service.snapshot({ index, name: "first" });
      expect(taken).toMatchObject({ name: "first", count: 300 });
      await fill(index, 300, 400, new Map());
      await service.delete({ index, ids: ["i0"] });
      await service.restore({ index, name: "first" });
      const whole = async (): Promise<void> => {
        expect((await service.index({ index })).count).toBe(300);
        const { items } = await service.fetch({ index, ids: ["i0", "i299", "i300"], encoding: "float" });
        expect(items.map(({ id, vector: stored }) => [id, stored])).toEqual([
          ["i0", model.get("i0")?.vector ?? []],
          ["i299", model.get("i299")?.vector ?? []],
        ]);
      };
      await whole();
      await service.drop({ index });
      expect(await codeOf(service.index({ index }))).toBe("not_found");
      await service.restore({ index, name: "first" });
      await whole();
      await tested.killed();
      ({ service } = tested);
      await whole();
    }, 60_000);

    test("writes and searches side by side: what is acknowledged is found", async () => {
      const index = "beside";
      await service.create({
        index,
        dimension: DIMENSION,
        metric: "cosine",
        engine,
        fields: { kind: "keyword" },
      });
      const model = new Map<string, Model>();
      const writing = new AbortController();
      let settling = Promise.resolve();
      const searching = (async () => {
        while (!writing.signal.aborted) {
          const acknowledged = model.size;
          // In process a search may never leave to the event loop.
          await Bun.sleep(0);
          const { hits } = await service.search({ index, vector: numbers(), k: 50 });
          expect(hits.length).toBe(Math.min(50, Math.max(hits.length, acknowledged)));
          expect(new Set(hits.map(({ id }) => id)).size).toBe(hits.length);
        }
      })();
      for (let n = 0; n < 20; n += 1) {
        await fill(index, n * 100, n * 100 + 100, model);
        settling = n % 5 === 0 ? settling.then(() => tested.settled(index)) : settling;
        const id = `i${n * 100}`;
        const { hits } = await service.search({ index, vector: model.get(id)?.vector ?? [], k: 1 });
        expect(hits[0]?.id).toBe(id);
      }
      writing.abort();
      await Promise.all([searching, settling]);
      await tested.settled(index);
      expect((await service.index({ index })).count).toBe(2000);
    }, 60_000);
  });
}

/** What an engine must do that takes `partition_by`. */
export function describePartitions(start: () => Promise<EngineUnderTest>): void {
  describe("partitions", () => {
    let tested: EngineUnderTest;
    beforeAll(async () => {
      tested = await start();
    }, 60_000);
    afterAll(() => tested.close());

    const index = "parts";
    /** At fewer numbers reading rows one by one costs less than any graph. */
    const WIDE = 128;
    const shape = { dimension: WIDE, metric: "cosine", fields: { kind: "keyword", size: "number" } } as const;
    const random = seededNumbers(11);
    /** Of few degrees of freedom, as embeddings are: a graph leads badly through noise. */
    const numbers = (): number[] => {
      const free = Array.from({ length: DIMENSION }, () => random() - 0.5);
      return Array.from({ length: WIDE }, (_, at) =>
        Math.fround(free.reduce((sum, value, n) => sum + value * Math.sin((at + 1) * (n + 1)), 0)),
      );
    };
    const model = new Map<string, Model>();
    /** Large partitions, a small one, rows of two values, and rows of none. */
    const kindOf = (n: number): unknown => {
      if (n % 50 === 0) return ["a", "b"];
      if (n % 50 === 1) return undefined;
      if (n % 50 === 2) return "small";
      return n % 3 === 0 ? 7 : (["a", "b"] as const)[n % 2];
    };

    async function fill(from: number, to: number, kind = kindOf): Promise<void> {
      for (let at = from; at < to; at += 1000) {
        const items = Array.from({ length: Math.min(1000, to - at) }, (_, n) => ({
          id: `i${at + n}`,
          vector: numbers(),
          metadata: JSON.parse(JSON.stringify({ kind: kind(at + n), size: at + n })) as Metadata,
        }));
        await tested.service.upsert({ index, items });
        for (const { id, ...item } of items) model.set(id, item);
      }
    }

    /** Also the rows that the graphs take in one by one. */
    async function settled(): Promise<void> {
      await tested.settled(index);
      for (;;) {
        const { building, pending } = await tested.service.index({ index });
        if (!building && pending === 0) return;
        await Bun.sleep(5);
      }
    }

    async function check(plans: "built" | "any"): Promise<void> {
      const wanted: [filter: Record<string, unknown>, plan: "partition" | "exact"][] = [
        [{ kind: "a" }, "partition"],
        [{ kind: 7 }, "partition"],
        [{ kind: { in: ["a", 7, "never"] } }, "partition"],
        [{ or: [{ kind: "b" }, { kind: "a" }] }, "partition"],
        [{ kind: "b", size: { gte: 300 } }, "partition"],
        [{ kind: { in: ["a", "small"] } }, "partition"],
        [{ kind: "a", size: { lt: 40 } }, "exact"],
        [{ kind: "small" }, "exact"],
        [{ kind: "7" }, "exact"],
      ];
      // Over all filters: of a single one's fifty hits two may be missed by chance.
      let [right, all] = [0, 0];
      for (const [filter, plan] of wanted) {
        for (let n = 0; n < 5; n += 1) {
          const query = numbers();
          // Once built, a chosen effort: what the index finds that it needs differs by the threads that built the graphs, and a
          // scan of so few rows costs less than twice the least.
          const effort = plans === "built" ? { ef: 512 } : {};
          const found = await tested.service.search({ index, vector: query, k: 10, filter, ...effort });
          const expected = [...model.values()]
            .filter((item) => matches(parseFilter(filter), item.metadata))
            .map((item) => distance("cosine", query, item.vector))
            .sort((a, b) => a - b)
            .slice(0, 10);
          expect({ filter, hits: found.hits.length }).toEqual({ filter, hits: expected.length });
          for (const hit of found.hits)
            expect(matches(parseFilter(filter), model.get(hit.id)?.metadata ?? {})).toBe(true);
          right += found.hits.filter((hit) => hit.distance <= (expected.at(-1) ?? 0) + 1e-6).length;
          all += expected.length;
          if (plans === "any") continue;
          expect({ filter, plan: found.plan }).toEqual({ filter, plan });
          if (plan === "partition") expect(found.scanned).toBeLessThan(1500);
        }
      }
      expect(right).toBeGreaterThanOrEqual(0.97 * all);
      const whole = await tested.service.search({ index, vector: numbers(), k: 10 });
      expect(whole.hits.length).toBe(10);
    }

    test("a field that is none of the keywords is refused, and another partitioning is another shape", async () => {
      const refused = [
        { partition_by: "size" },
        { partition_by: "none" },
        { engine: "lance", partition_by: "kind" },
      ];
      for (const odd of refused)
        expect(await codeOf(tested.service.create({ index, ...shape, ...odd } as never))).toBe("invalid");
      const made = await tested.service.create({ index, ...shape, partition_by: "kind" });
      expect(made).toMatchObject({ created: true, partition_by: "kind", partitions: 0 });
      expect((await tested.service.create({ index, ...shape, partition_by: "kind" })).created).toBe(false);
      expect(await codeOf(tested.service.create({ index, ...shape }))).toBe("conflict");
    });

    test("a filter that fixes the field searches its partitions: the true nearest, k of them, whatever changes", async () => {
      await fill(0, 5000);
      await check("any");
      await settled();
      expect(await tested.service.index({ index })).toMatchObject({ partitions: 3, count: 5000 });
      await check("built");
      // Rows that move to another partition, into none, out of the index, and into it.
      await fill(0, 600, (n) => kindOf(n + 1));
      const ids = Array.from({ length: 300 }, (_, n) => `i${n * 7}`);
      for (const id of ids) model.delete(id);
      await tested.service.delete({ index, ids });
      await fill(5000, 5100);
      await check("any");
      await settled();
      await check("built");
    }, 120_000);

    test("after kill -9 they serve as they were, and a damaged graph is built again", async () => {
      await fill(5100, 5120);
      await tested.killed();
      expect(await tested.service.index({ index })).toMatchObject({ partitions: 3 });
      await check("any");
      await settled();
      await check("built");
      await tested.killed((folder) => {
        const files = readdirSync(join(folder, index)).filter((name) => /^graph-\d+$/.test(name));
        expect(files.length).toBe(4);
        for (const name of files) {
          const path = join(folder, index, name);
          const bytes = readFileSync(path);
          const middle = bytes.length >> 1;
          bytes[middle] = (bytes[middle] ?? 0) ^ 1;
          writeFileSync(path, bytes);
        }
      });
      await check("any");
      await settled();
      await check("built");
    }, 120_000);

    test("a snapshot brings them back", async () => {
      await tested.service.snapshot({ index, name: "kept" });
      await tested.service.drop({ index });
      await tested.service.restore({ index, name: "kept" });
      expect(await tested.service.index({ index })).toMatchObject({ partition_by: "kind", partitions: 3 });
      await settled();
      await check("built");
    }, 60_000);

    test("a value whose rows are all gone is no partition any more after a restart", async () => {
      for (const [id, item] of model) if (item.metadata["kind"] === 7) model.delete(id);
      await tested.service.delete({ index, filter: { kind: 7 } });
      await settled();
      await tested.killed();
      expect(await tested.service.index({ index })).toMatchObject({ partitions: 2 });
      const { hits, complete } = await tested.service.search({
        index,
        vector: numbers(),
        filter: { kind: 7 },
      });
      expect({ hits, complete }).toEqual({ hits: [], complete: true });
    }, 60_000);

    test("when nearly all rows are deleted, the graphs are built from nothing", async () => {
      for (const [id, item] of model) if (Number(item.metadata["size"]) >= 700) model.delete(id);
      await tested.service.delete({ index, filter: { size: { gte: 700 } } });
      await settled();
      await check("any");
      await tested.killed();
      expect((await tested.service.index({ index })).count).toBe(model.size);
      await check("any");
    }, 60_000);
  });
}

function seededNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

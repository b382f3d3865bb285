import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { systemClock } from "#lib/clock";
import { type Random, seeded } from "#lib/random";
import { Fault } from "#rpc/fault";
import { matches, parseFilter } from "./rows/filter.ts";
import { openHnsw, readShape } from "./index-folder.ts";
import type { VectorIndex } from "./vector-index.ts";
import type { IndexShape, Item } from "./rows/shape.ts";

const root = mkdtempSync(join(tmpdir(), "vectord-index-"));
const opened: VectorIndex[] = [];
afterAll(async () => {
  for (const index of opened) await index.close();
  rmSync(root, { recursive: true, force: true });
});

const small: IndexShape = {
  dimension: 4,
  metric: "cosine",
  quantization: "i8",
  fields: { role: "keyword", n: "number" },
};
let folders = 0;
const folder = (): string => join(root, `index-${++folders}`);

async function open(dir: string, shape: IndexShape = small): Promise<VectorIndex> {
  const index = await openHnsw({ dir, shape, clock: systemClock });
  opened.push(index);
  return index;
}

const item = (id: string, vector: readonly number[], metadata: Record<string, unknown> = {}): Item => ({
  id,
  vector: Float32Array.from(vector),
  metadata,
});

/** Vectors in clusters, as real text embeds: neighbours are near, clusters are not. */
function clustered(random: Random, dimension: number, clusters: number): () => Float32Array {
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(random.next() + 1e-12)) * Math.cos(2 * Math.PI * random.next());
  const centres = Array.from({ length: clusters }, () => Float32Array.from({ length: dimension }, normal));
  return () => {
    const centre = random.pick(centres);
    return centre.map((value) => value + 0.6 * normal());
  };
}

async function faultOf(run: Promise<unknown>): Promise<Fault> {
  const thrown: unknown = await run.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Fault)) throw new Error(`expected a Fault, got ${String(thrown)}`);
  return thrown;
}

describe("an index", () => {
  test("finds what was put, at its real distance, in each metric", async () => {
    const items = [item("x", [2, 0, 0, 0]), item("y", [0, 3, 0, 0]), item("xy", [1, 1, 0, 0])];
    const expected = {
      cosine: [0, 1 - Math.SQRT1_2, 1],
      euclidean: [1, 1, Math.sqrt(10)],
      dot: [-1, 0, 1],
    } as const;
    for (const metric of ["cosine", "euclidean", "dot"] as const) {
      const index = await open(folder(), { ...small, metric });
      expect(await index.upsert(items)).toEqual({ upserted: 3, sequence: 1 });
      const found = await index.search({ vector: Float32Array.from([1, 0, 0, 0]), k: 3 });
      expect(found.hits.map(({ id }) => id).toSorted()).toEqual(["x", "xy", "y"]);
      found.hits.forEach(({ distance }, i) => {
        expect(distance).toBeCloseTo(expected[metric][i] ?? Number.NaN, 6);
      });
      expect(found).toMatchObject({ plan: "exact", complete: true, scanned: 3 });
    }
  });

  test("gives vectors back as they were given, and metadata as JSON", async () => {
    const index = await open(folder());
    await index.upsert([
      item("a", [0.1, 20, -3e-7, 4e10], { at: new Date(0), gone: undefined, list: [1, "b"] }),
    ]);
    const [fetched] = await index.fetch(["missing", "a"]);
    expect(fetched?.vector).toEqual(Float32Array.from([0.1, 20, -3e-7, 4e10]));
    expect(fetched?.metadata).toEqual({ at: "1970-01-01T00:00:00.000Z", list: [1, "b"] });
    const { hits } = await index.search({
      vector: Float32Array.from([0, 0, 0, 1]),
      k: 1,
      include_vector: true,
    });
    expect(hits[0]?.vector).toEqual(fetched?.vector as Float32Array);
  });

  test("refuses a batch whole, naming the item", async () => {
    const index = await open(folder());
    const good = item("good", [1, 2, 3, 4]);
    const cases: [Item, string][] = [
      [item("nan", [1, Number.NaN, 0, 0]), "items.1.vector"],
      [item("infinite", [1, Number.POSITIVE_INFINITY, 0, 0]), "items.1.vector"],
      [item("short", [1, 2, 3]), "items.1.vector"],
      [item("zero", [0, 0, 0, 0]), "items.1.vector"],
      [item("huge", [1e30, 0, 0, 0]), "items.1.vector"],
      [item("", [1, 2, 3, 4]), "items.1.id"],
      [item("x".repeat(513), [1, 2, 3, 4]), "items.1.id"],
      [item("\ud800", [1, 2, 3, 4]), "items.1.id"],
      [item("big", [1, 2, 3, 4], { text: "x".repeat(70_000) }), "items.1.metadata"],
      [item("list", [1, 2, 3, 4], [] as unknown as Record<string, unknown>), "items.1.metadata"],
      [item("bigint", [1, 2, 3, 4], { n: 1n }), "items.1.metadata"],
    ];
    for (const [bad, path] of cases) {
      const fault = await faultOf(index.upsert([good, bad]));
      expect(fault.code).toBe("invalid");
      expect(fault.details?.[0]?.path).toBe(path);
    }
    expect((await faultOf(index.upsert([]))).code).toBe("invalid");
    expect(index.stats().count).toBe(0);
    const euclidean = await open(folder(), { ...small, metric: "euclidean" });
    expect(await euclidean.upsert([item("zero", [0, 0, 0, 0])])).toMatchObject({ upserted: 1 });
  });

  test("refuses a search that makes no sense", async () => {
    const index = await open(folder());
    const vector = Float32Array.from([1, 0, 0, 0]);
    const searches = [
      { k: 0 },
      { k: 1_001 },
      { k: 1.5 },
      { k: 1, ef: 0 },
      { k: 1, ef: 5_000 },
      { k: 1, max_distance: Number.NaN },
    ];
    for (const search of searches)
      expect((await faultOf(index.search({ vector, ...search }))).code).toBe("invalid");
    expect((await faultOf(index.search({ vector: new Float32Array(4), k: 1 }))).details?.[0]?.path).toBe(
      "vector",
    );
    expect((await faultOf(index.delete({}))).code).toBe("invalid");
    expect((await faultOf(index.delete({ filter: parseFilter({}) }))).code).toBe("invalid");
  });

  test("says why there are fewer hits than k", async () => {
    const index = await open(folder());
    const vector = Float32Array.from([1, 0, 0, 0]);
    expect(await index.search({ vector, k: 5 })).toMatchObject({
      hits: [],
      complete: true,
      reason: "the index holds 0 rows",
    });
    await index.upsert([
      item("a", [1, 0, 0, 0], { role: "cook" }),
      item("b", [0, 1, 0, 0], { role: "cook" }),
    ]);
    const filter = parseFilter({ role: "cook" });
    expect(await index.search({ vector, k: 5, filter })).toMatchObject({
      complete: true,
      reason: "2 rows match the filter",
    });
    const near = await index.search({ vector, k: 2, max_distance: 0.5 });
    expect(near).toMatchObject({ complete: true, reason: "1 rows are within max_distance 0.5" });
    expect(near.hits.map(({ id }) => id)).toEqual(["a"]);
  });

  test("opens again with what it had, from the log, from a snapshot, from both", async () => {
    const dir = folder();
    let index = await open(dir);
    await index.upsert([item("a", [1, 0, 0, 0], { n: 1 }), item("b", [0, 1, 0, 0], { n: 2 })]);
    await index.close();
    index = await open(dir);
    expect(index.stats()).toMatchObject({ count: 2, sequence: 1, snapshot: null });
    await index.snapshot();
    await index.upsert([item("a", [0, 0, 1, 0], { n: 3 }), item("c", [0, 0, 0, 1], { n: 4 })]);
    expect(await index.delete({ ids: ["b", "missing"] })).toEqual({ deleted: 1, sequence: 3 });
    await index.close();
    index = await open(dir);
    expect(index.stats()).toMatchObject({ count: 2, sequence: 3, snapshot: { sequence: 1 } });
    expect((await index.fetch(["a", "b", "c"])).map(({ id, metadata }) => [id, metadata])).toEqual([
      ["a", { n: 3 }],
      ["c", { n: 4 }],
    ]);
    await index.snapshot();
    await index.close();
    index = await open(dir);
    expect(index.stats()).toMatchObject({ count: 2, sequence: 3, snapshot: { sequence: 3 } });
    expect((await index.search({ vector: Float32Array.from([0, 0, 1, 0]), k: 1 })).hits[0]?.id).toBe("a");
    expect((await faultOf(open(dir, { ...small, metric: "dot" }))).code).toBe("conflict");
    expect(readShape(dir)).toEqual(small);
    await index.close();
    expect((await faultOf(index.upsert([item("z", [1, 0, 0, 0])]))).code).toBe("unavailable");
  });

  test("deletes by filter, in the order of the log", async () => {
    const index = await open(folder());
    await index.upsert(
      Array.from({ length: 900 }, (_, n) =>
        item(`w${n}`, [n + 1, 1, 0, 0], { n, role: n % 3 === 0 ? "cook" : "welder" }),
      ),
    );
    const filter = parseFilter({ role: "cook", n: { lt: 600 } });
    expect(index.count(filter)).toBe(200);
    expect(await index.delete({ filter })).toMatchObject({ deleted: 200 });
    expect(index.count()).toBe(700);
    expect(index.count(filter)).toBe(0);
  });

  test("writes that are called together are applied in order", async () => {
    const index = await open(folder());
    const writes = Array.from({ length: 40 }, (_, n) =>
      index.upsert([item("same", [n + 1, 1, 0, 0], { n })]),
    );
    const done = await Promise.all(writes);
    expect(done.slice(0, 40).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 40 }, (_, n) => n + 1),
    );
    expect((await index.fetch(["same"]))[0]?.metadata).toEqual({ n: 39 });
    expect(index.stats().count).toBe(1);
  });
});

describe("the graph", () => {
  const many = (count: number, vector: (n: number) => Float32Array): Item[] =>
    Array.from({ length: count }, (_, n) => ({ id: `w${n}`, vector: vector(n), metadata: {} }));

  test("of an index without rows is empty, before and after", async () => {
    const index = await open(folder());
    await index.rebuild();
    await index.upsert([item("a", [1, 0, 0, 0])]);
    await index.rebuild();
    expect(index.stats()).toMatchObject({ unindexed: 0, tombstones: 0 });
    await index.delete({ ids: ["a"] });
    await index.rebuild();
    expect(index.stats()).toMatchObject({ count: 0, unindexed: 0, tombstones: 0, failure: null });
    await index.upsert([item("b", [1, 0, 0, 0])]);
    expect((await index.search({ vector: Float32Array.from([1, 0, 0, 0]), k: 1 })).hits[0]?.id).toBe("b");
  });

  test.each(["lengths that differ", "one corner of space"] as const)(
    "finds what is near under dot too, where a graph leads badly: %s",
    async (kind) => {
      const index = await open(folder(), { ...small, dimension: 16, metric: "dot" });
      const random = seeded(12);
      const next = clustered(random, 16, 40);
      const vector =
        kind === "lengths that differ"
          ? () => next().map((value) => value * 10 ** (random.next() * 2))
          : () => Float32Array.from({ length: 16 }, () => random.next());
      const items = many(5_000, vector);
      for (let at = 0; at < 5_000; at += 1_000) await index.upsert(items.slice(at, at + 1_000));
      await index.rebuild();
      while (index.stats().building) await index.settled();
      expect(index.stats()).toMatchObject({ building: false, failure: null });
      for (const k of [10, 100])
        expect((await index.recall({ sample: 50, k })).recall).toBeGreaterThanOrEqual(0.99);
    },
  );

  test("that is being built when the index closes is given up, and nothing of it stays", async () => {
    const dir = folder();
    const index = await open(dir);
    await index.upsert(many(1_000, (n) => Float32Array.from([n + 1, 1, 0, 0])));
    const building = faultOf(index.rebuild());
    await Bun.sleep(1);
    await index.close();
    expect((await building).code).toBe("cancelled");
    expect(readdirSync(dir).filter((name) => /^(graph|job)/.test(name))).toEqual([]);
  });

  test("that waits for another one's build is given up at once when its index closes", async () => {
    const [first, second] = [await open(folder()), await open(folder())];
    for (const index of [first, second])
      await index.upsert(many(1_000, (n) => Float32Array.from([n + 1, 1, 0, 0])));
    const builds = [first.rebuild(), faultOf(second.rebuild())];
    await Bun.sleep(1);
    await second.close();
    expect(((await builds[1]) as Fault).code).toBe("cancelled");
    await builds[0];
    expect(first.stats()).toMatchObject({ unindexed: 0, failure: null });
  });

  test("takes rows one by one once it exists, between events", async () => {
    const index = await open(folder(), { ...small, dimension: 16 });
    const next = clustered(seeded(13), 16, 40);
    await index.upsert(many(1_000, next));
    await index.rebuild();
    await index.upsert(many(40, next));
    expect(index.stats()).toMatchObject({ count: 1_000, unindexed: 40, tombstones: 40 });
    await index.settled();
    expect(index.stats()).toMatchObject({ unindexed: 0, building: false });
    await index.upsert(many(40, next));
    await index.settled();
    expect(index.stats()).toMatchObject({ count: 1_000, unindexed: 0, tombstones: 40 });
  });
});

const filters = [
  null,
  { role: "a" },
  { role: { ne: "a" } },
  { n: { gte: 3 } },
  { or: [{ role: "b" }, { n: { lt: 2 } }] },
  { not: { loose: { exists: true } } },
];
const id = fc.integer({ min: 0, max: 12 }).map((n) => `id${n}`);
const component = fc.integer({ min: -4, max: 4 });
const stored = fc.record({
  id,
  vector: fc
    .tuple(component, component, component, component)
    .map(([a, b, c, d]) => (a || b || c || d ? [a, b, c, d] : [1, 0, 0, 0])),
  metadata: fc.record(
    { role: fc.constantFrom("a", "b", 3), n: fc.nat(6), loose: fc.boolean() },
    { requiredKeys: [] },
  ),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ upsert: fc.array(stored, { minLength: 1, maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ remove: fc.array(id, { maxLength: 4 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      search: stored,
      k: fc.integer({ min: 1, max: 8 }),
      filter: fc.constantFrom(...filters),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { again: true as const, snapshot: true },
      { again: true as const, snapshot: false },
    ),
  },
);

test.each(["cosine", "euclidean", "dot"] as const)(
  "is a map with an exact search over it, through restarts and snapshots (%s)",
  async (metric) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const dir = folder();
        const shape = { ...small, metric };
        const model = new Map<string, { vector: number[]; metadata: Record<string, unknown> }>();
        let index = await openHnsw({ dir, shape, clock: systemClock });
        const distance = (a: readonly number[], b: readonly number[]): number => {
          const dot = a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
          if (metric === "dot") return 1 - dot;
          if (metric === "cosine") return 1 - dot / (Math.hypot(...a) * Math.hypot(...b));
          return Math.hypot(...a.map((x, i) => x - (b[i] ?? 0)));
        };
        for (const each of steps) {
          if ("upsert" in each) {
            await index.upsert(each.upsert.map(({ id, vector, metadata }) => item(id, vector, metadata)));
            for (const { id, vector, metadata } of each.upsert) model.set(id, { vector, metadata });
          } else if ("remove" in each) {
            const { deleted } = await index.delete({ ids: each.remove });
            expect(deleted).toBe([...new Set(each.remove)].filter((name) => model.delete(name)).length);
          } else if ("again" in each) {
            if (each.snapshot) await index.snapshot();
            await index.close();
            index = await openHnsw({ dir, shape, clock: systemClock });
          } else {
            const filter = each.filter === null ? undefined : parseFilter(each.filter);
            const { hits, complete } = await index.search({
              vector: Float32Array.from(each.search.vector),
              k: each.k,
              filter,
            });
            const expected = [...model]
              .filter(([, { metadata }]) => filter === undefined || matches(filter, metadata))
              .map(([, { vector }]) => distance(each.search.vector, vector))
              .toSorted((a, b) => a - b);
            expect(hits).toHaveLength(Math.min(each.k, expected.length));
            expect(complete).toBe(true);
            hits.forEach((hit, i) => {
              const held = model.get(hit.id);
              expect(hit.distance).toBeCloseTo(expected[i] ?? Number.NaN, 5);
              expect(hit.distance).toBeCloseTo(distance(each.search.vector, held?.vector ?? []), 5);
              expect(hit.metadata).toEqual(held?.metadata ?? {});
            });
          }
          expect(index.stats().count).toBe(model.size);
        }
        await index.close();
        rmSync(dir, { recursive: true });
      }),
      { numRuns: 25 },
    );
  },
);

describe("an index of 20,000", () => {
  const shape: IndexShape = {
    dimension: 64,
    metric: "cosine",
    quantization: "i8",
    fields: { role: "keyword", n: "number" },
  };
  const random = seeded(3);
  const next = clustered(random, 64, 200);
  const dir = folder();
  let index: VectorIndex;
  const build = async (count: number, from = 0): Promise<void> => {
    for (let at = from; at < from + count; at += 1_000) {
      await index.upsert(
        Array.from({ length: 1_000 }, (_, i) =>
          item(`w${at + i}`, [...next()], { role: `r${(at + i) % 3}`, n: at + i }),
        ),
      );
    }
  };
  const recallOf = async (filter?: unknown): Promise<number> => {
    let found = 0;
    for (let i = 0; i < 60; i++) {
      const search = {
        vector: next(),
        k: 10,
        ...(filter === undefined ? {} : { filter: parseFilter(filter) }),
      };
      const truth = await index.search({ ...search, exact: true });
      const hits = await index.search(search);
      expect(hits.hits).toHaveLength(10);
      const furthest = (truth.hits[9]?.distance ?? 0) + 1e-9;
      found += hits.hits.filter(({ distance }) => distance <= furthest).length;
    }
    return found / 600;
  };

  beforeAll(async () => {
    index = await open(dir, shape);
    await build(20_000);
  });

  test("serves by scan until its graph is built, then by the graph, with recall >= 0.99", async () => {
    const early = await index.search({ vector: next(), k: 10 });
    expect(early).toMatchObject({ plan: "exact", complete: true });
    await index.settled();
    expect(index.stats()).toMatchObject({ unindexed: 0, building: false, failure: null });
    expect(await index.search({ vector: next(), k: 10 })).toMatchObject({ plan: "hnsw", complete: true });
    expect(await recallOf()).toBeGreaterThanOrEqual(0.99);
    // The first search had the graph measured: from then on searches cost what they must.
    await index.settled();
    expect(await recallOf()).toBeGreaterThanOrEqual(0.99);
    const measured = await index.recall({ sample: 50, k: 10 });
    expect(measured.recall).toBeGreaterThanOrEqual(0.99);
    expect(measured.sample).toBe(50);
  }, 240_000);

  test("k rows come back through any filter that k rows match", async () => {
    const vector = next();
    expect(await index.search({ vector, k: 10, filter: parseFilter({ role: "r1" }) })).toMatchObject({
      plan: "filtered-hnsw",
      complete: true,
    });
    expect(await recallOf({ role: "r1" })).toBeGreaterThanOrEqual(0.99);
    expect(await recallOf({ n: { lt: 100 } })).toBe(1);
    // The rows that match are those furthest from the query: the graph cannot help, and the rows are read.
    const far = await index.search({ vector, k: 1_000, exact: true });
    const near = far.hits.map(({ id }) => Number(id.slice(1)));
    const { hits, complete } = await index.search({
      vector,
      k: 10,
      filter: parseFilter({ n: { nin: near } }),
    });
    expect(complete).toBe(true);
    expect(hits.every(({ distance }) => distance >= (far.hits.at(-1)?.distance ?? 0))).toBe(true);
    expect((await index.search({ vector, k: 1_000 })).hits).toHaveLength(1_000);
  });

  test("a new row is found at once and a deleted one is not, before any graph knows", async () => {
    const vector = next();
    await index.upsert([{ id: "fresh", vector, metadata: {} }]);
    const found = await index.search({ vector, k: 1 });
    expect(found.plan).toBe("hnsw");
    expect(found.hits[0]).toMatchObject({ id: "fresh", distance: expect.closeTo(0, 6) });
    await index.delete({ ids: ["fresh"] });
    expect((await index.search({ vector, k: 1 })).hits[0]?.id).not.toBe("fresh");
  });

  test("updates and deletes of a third of all rows leave recall where it was, and no tombstones behind", async () => {
    await index.delete({ filter: parseFilter({ n: { gte: 16_000 } }) });
    await build(3_000);
    expect(await recallOf()).toBeGreaterThanOrEqual(0.99);
    await index.settled();
    expect(index.stats()).toMatchObject({ count: 16_000, unindexed: 0, failure: null });
    expect(index.stats().tombstones).toBeLessThanOrEqual(16_000 * 0.25);
    expect(await recallOf()).toBeGreaterThanOrEqual(0.99);
    await index.rebuild();
    expect(index.stats().tombstones).toBe(0);
    expect(await recallOf()).toBeGreaterThanOrEqual(0.99);
  }, 240_000);

  test("a restart reads the snapshot, and a damaged graph is built again from the rows", async () => {
    await index.snapshot();
    await index.close();
    index = await open(dir, shape);
    expect(index.stats()).toMatchObject({ count: 16_000, unindexed: 0 });
    expect((await index.search({ vector: next(), k: 10 })).plan).toBe("hnsw");
    await index.close();
    const graph = join(dir, readdirSync(dir).find((name) => /^graph-\d+$/.test(name)) ?? "");
    const bytes = readFileSync(graph);
    bytes[5_000] = (bytes[5_000] ?? 0) ^ 4;
    writeFileSync(graph, bytes);
    index = await open(dir, shape);
    expect(index.stats()).toMatchObject({ count: 16_000, unindexed: 16_000 });
    expect(index.stats().failure).toContain("graph-");
    expect(index.failures.counts.get("graph file")).toBe(1);
    expect(readdirSync(dir).filter((name) => name.includes(".damaged-"))).toHaveLength(1);
    expect(await index.search({ vector: next(), k: 10 })).toMatchObject({ plan: "exact", complete: true });
    await index.settled();
    expect(index.stats()).toMatchObject({ unindexed: 0, failure: null });
    expect(await recallOf()).toBeGreaterThanOrEqual(0.99);
  }, 240_000);
});

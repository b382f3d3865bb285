import { expect, test } from "bun:test";
import fc from "fast-check";
import { present } from "#lib/assert";
import { seeded } from "#lib/random";
import { Bitmap } from "../rows/bitmap.ts";
import { Rows } from "../rows/rows.ts";
import type { IndexShape } from "../rows/shape.ts";
import { type Measured, scanPicked } from "./coded-scan.ts";
import { Nearest, prepare, type Scored, scanRows } from "./scan.ts";

/** What a scan that reads every vector finds. */
function plain(rows: Rows, vector: Float32Array, k: number): Scored[] {
  const nearest = new Nearest(k);
  scanRows(rows, prepare(rows.shape, vector), rows.live.toRows(), nearest);
  return nearest.sorted();
}

async function scanned(
  rows: Rows,
  vector: Float32Array,
  k: number,
  measured: Measured = new Map(),
): Promise<Scored[]> {
  const nearest = new Nearest(k);
  await scanPicked(rows, prepare(rows.shape, vector), rows.live, nearest, {
    measured,
    compared: new Bitmap(),
  });
  return nearest.sorted();
}

function emptyRows(metric: IndexShape["metric"], dimension: number): Rows {
  return new Rows({ dimension, metric, quantization: "i8", fields: {} });
}

const shapes = fc.record({
  seed: fc.nat(),
  metric: fc.constantFrom<IndexShape["metric"]>("cosine", "euclidean", "dot"),
  dimension: fc.constantFrom(1, 3, 16, 70),
  /** Of vectors from one centre to the next: the nearer they are, the less codes tell. */
  spread: fc.constantFrom(1e-9, 1e-4, 0.1, 1),
  length: fc.constantFrom(1e-12, 1, 1e12),
  k: fc.constantFrom(1, 7, 40, 400),
});

test("a scan by codes finds the rows, distances and order of a scan of vectors, while rows change", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async ({ seed, metric, dimension, spread, length, k }) => {
      const random = seeded(seed);
      const rows = emptyRows(metric, dimension);
      const around = (centre: Float32Array): Float32Array =>
        centre.map((value) => value + length * spread * (random.next() - 0.5));
      const centre = Float32Array.from({ length: dimension }, () => length * (random.next() + 0.1));
      const vectors = Array.from({ length: 60 }, () => around(centre));
      const put = (): void => {
        // Some have a vector of another, of another length, or of another side.
        const vector = random.next() < 0.5 ? random.pick(vectors) : around(centre);
        const scale = random.next() < 0.8 ? 1 : random.pick([-1, 1e-3, 1e3]);
        rows.put(
          { id: String(random.below(250)), vector: vector.map((one) => one * scale), metadata: {} },
          2,
        );
      };
      for (let i = 0; i < 200; i++) put();
      // The first scan makes the codes, others use them; between two, rows are removed and written again.
      for (let round = 0; round < 4; round++) {
        const query = random.pick([around(centre), random.pick(vectors).map((one) => -2 * one)]);
        const expected = plain(rows, query, k);
        expect(await scanned(rows, query, k)).toEqual(expected);
        const measured: Measured = new Map();
        await scanned(rows, query, 3, measured);
        expect(await scanned(rows, query, k, measured)).toEqual(expected);
        for (let i = 0; i < 20; i++) rows.remove(String(random.below(250)));
        for (let i = 0; i < 30; i++) put();
      }
    }),
    { numRuns: 100 },
  );
});

test("of a role that shares vectors, a second scan measures few", async () => {
  const random = seeded(5);
  const rows = emptyRows("cosine", 64);
  const any = (): Float32Array => Float32Array.from({ length: 64 }, () => random.next() - 0.5);
  const vectors = Array.from({ length: 500 }, any);
  for (let i = 0; i < 2_000; i++)
    rows.put({ id: String(i), vector: present(vectors[i % 500], "a vector"), metadata: {} }, 2);
  await scanned(rows, any(), 10);
  const measured: Measured = new Map();
  const query = any();
  expect(await scanned(rows, query, 10, measured)).toEqual(plain(rows, query, 10));
  expect(measured.size).toBeLessThan(20);
});

test("a scan that is interrupted by changes finds rows as they were when it began", async () => {
  const random = seeded(6);
  // Wide enough for a turn of the event loop between the first rows and the last.
  const dimension = 8_192;
  const rows = emptyRows("cosine", dimension);
  const any = (): Float32Array => Float32Array.from({ length: dimension }, () => random.next() - 0.5);
  const putAll = (): void => {
    for (let i = 0; i < 1_200; i++) rows.put({ id: String(i), vector: any(), metadata: {} }, 2);
  };
  putAll();
  const query = any();
  await scanned(rows, query, 5);
  const before = new Map(plain(rows, query, 1_200).map(({ row, distance }) => [row, distance]));
  const unpin = rows.pin();
  const nearest = new Nearest(5);
  const under = scanPicked(rows, prepare(rows.shape, query), rows.live.clone(), nearest);
  putAll();
  await under;
  unpin();
  expect(nearest.size).toBe(5);
  for (const { row, distance } of nearest.sorted()) expect(before.get(row)).toBe(distance);
});

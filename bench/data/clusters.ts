// Vectors that are as hard to search as embeddings are: neither uniform noise, whose nearest neighbours are all
// equally far, nor tight heaps, which any graph finds. Each vector is one of 100 centres, plus 24 shared
// directions of falling weight in which members of a cluster differ, plus noise of its own in every number.
// The same seed gives the same vectors for ever; questions are drawn from the same clusters and stored nowhere.

import { seeded } from "#lib/random";

/** As the built-in model has. */
export const DIMENSION = 768;
const CENTRES = 100;
const DIRECTIONS = 24;
/** Lengths of the three parts: what tells clusters apart, what varies within one, and what is anybody's own. */
const CENTRE_LENGTH = 0.6;
const SPREAD_LENGTH = 0.6;
const NOISE_LENGTH = 0.5;

export interface Clusters {
  /** The next vector, of unit length. */
  next(): Float32Array;
}

/** `seed` chooses the vectors; the clusters are the same for all seeds of a dimension. */
export function clusters(seed: number, dimension = DIMENSION): Clusters {
  const world = seeded(1);
  // The sum of four uniform numbers, near enough to a normal one, of variance 1.
  const normal = (random: { next(): number }): number =>
    (random.next() + random.next() + random.next() + random.next() - 2) * Math.sqrt(3);
  const directions = Array.from({ length: CENTRES + DIRECTIONS }, () =>
    Float32Array.from({ length: dimension }, () => normal(world) / Math.sqrt(dimension)),
  );
  const centres = directions.slice(0, CENTRES);
  const shared = directions.slice(CENTRES);
  const weights = shared.map((_, i) => 1 / (1 + i / 8));
  const scale = SPREAD_LENGTH / Math.hypot(...weights);
  const random = seeded(seed);
  return {
    next: () => {
      const vector = random.pick(centres).map((number) => number * CENTRE_LENGTH);
      shared.forEach((direction, i) => {
        const amount = normal(random) * (weights[i] ?? 0) * scale;
        for (let at = 0; at < dimension; at += 1)
          vector[at] = (vector[at] ?? 0) + amount * (direction[at] ?? 0);
      });
      // A uniform number of this width has variance 1 / dimension.
      const width = NOISE_LENGTH * Math.sqrt(12 / dimension);
      for (let at = 0; at < dimension; at += 1)
        vector[at] = (vector[at] ?? 0) + (random.next() - 0.5) * width;
      return unit(vector);
    },
  };
}

function unit(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const number of vector) sum += number * number;
  const length = Math.sqrt(sum);
  return vector.map((number) => number / length);
}

/** Rows of `matrix` (unit vectors one after another) nearest to a unit vector by cosine, nearest first, by reading all. */
export function nearestTo(matrix: Float32Array, query: Float32Array, k: number): number[] {
  const best: { readonly row: number; readonly product: number }[] = [];
  for (let row = 0; row * DIMENSION < matrix.length; row += 1) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0, j = row * DIMENSION; i < DIMENSION; i += 4, j += 4) {
      a += (query[i] ?? 0) * (matrix[j] ?? 0);
      b += (query[i + 1] ?? 0) * (matrix[j + 1] ?? 0);
      c += (query[i + 2] ?? 0) * (matrix[j + 2] ?? 0);
      d += (query[i + 3] ?? 0) * (matrix[j + 3] ?? 0);
    }
    const product = a + b + c + d;
    if (best.length === k && product <= (best.at(-1)?.product ?? 0)) continue;
    best.push({ row, product });
    best.sort((one, other) => other.product - one.product);
    best.length = Math.min(k, best.length);
  }
  return best.map(({ row }) => row);
}

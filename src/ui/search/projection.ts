// Vectors on a plane: their two principal components, by power iteration. Distances on the plane are a shadow of the real ones,
// which is why neighbours are asked of the index and not read off the picture.

/** Little-endian 32-bit floats, as the wire has them. */
export function vectorOf(base64: string): Float32Array {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Enough for a picture: what a further round moves is less than a pixel. */
const ROUNDS = 40;

/** Each from 0 to 1. Vectors that are all the same lie in the middle. */
export function projected(vectors: readonly Float32Array[]): readonly Point[] {
  const dimension = vectors[0]?.length ?? 0;
  if (vectors.length === 0 || dimension === 0) return [];
  const mean = new Float64Array(dimension);
  for (const vector of vectors)
    for (let at = 0; at < dimension; at += 1) mean[at] = (mean[at] ?? 0) + (vector[at] ?? 0) / vectors.length;
  const rows = vectors.map((vector) =>
    Float64Array.from({ length: dimension }, (_, at) => (vector[at] ?? 0) - (mean[at] ?? 0)),
  );
  const first = component(rows, []);
  const second = component(rows, [first]);
  const xs = scaled(rows.map((row) => dot(row, first)));
  const ys = scaled(rows.map((row) => dot(row, second)));
  return xs.map((x, index) => ({ x, y: ys[index] ?? 0.5 }));
}

/** The direction in which the rows differ most, across those that were found already. */
function component(rows: readonly Float64Array[], before: readonly Float64Array[]): Float64Array {
  const dimension = rows[0]?.length ?? 0;
  // Always the same start, so that the same vectors give the same picture.
  let direction: Float64Array = Float64Array.from({ length: dimension }, (_, at) =>
    Math.sin(at + 1 + before.length),
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = new Float64Array(dimension);
    for (const row of rows) {
      const along = dot(row, direction);
      for (let at = 0; at < dimension; at += 1) next[at] = (next[at] ?? 0) + along * (row[at] ?? 0);
    }
    for (const found of before) {
      const along = dot(next, found);
      for (let at = 0; at < dimension; at += 1) next[at] = (next[at] ?? 0) - along * (found[at] ?? 0);
    }
    const length = Math.sqrt(dot(next, next));
    if (length < 1e-12) return new Float64Array(dimension);
    direction = next.map((value) => value / length);
  }
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}

function scaled(values: readonly number[]): readonly number[] {
  const [lo, hi] = [Math.min(...values), Math.max(...values)];
  return values.map((value) => (hi - lo < 1e-12 ? 0.5 : (value - lo) / (hi - lo)));
}

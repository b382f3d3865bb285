// Vectors made small. A version's vector is kept as bytes, one a dimension with a scale for all, and read from the disk for
// the few candidates of a search; a sketch of 128 bits, the signs of as many random projections, is kept in memory for every
// version, and finds those candidates: the share of equal bits follows from the angle (Charikar 2002).

import { seeded } from "#lib/random";

export const SKETCH_WORDS = 4;
const SKETCH_BITS = SKETCH_WORDS * 32;
/** Another seed is another sketch: what is stored would not compare. */
const SEED = 20_260_101;
const SCALE_BYTES = 4;

/** Of each half word, how many bits are set. */
const ONES = Uint8Array.from({ length: 65_536 }, (_, word) => {
  let ones = 0;
  for (let rest = word; rest > 0; rest &= rest - 1) ones += 1;
  return ones;
});

const planes = new Map<number, Int8Array>();

/** 1 and -1, for each bit as many as there are dimensions. */
function planesOf(dimension: number): Int8Array {
  const known = planes.get(dimension);
  if (known !== undefined) return known;
  const random = seeded(SEED);
  const made = Int8Array.from({ length: SKETCH_BITS * dimension }, () => (random.below(2) === 0 ? -1 : 1));
  planes.set(dimension, made);
  return made;
}

export function sketchOf(vector: Float32Array): Uint32Array {
  const dimension = vector.length;
  const signs = planesOf(dimension);
  const sketch = new Uint32Array(SKETCH_WORDS);
  for (let bit = 0; bit < SKETCH_BITS; bit += 1) {
    let sum = 0;
    const from = bit * dimension;
    for (let i = 0; i < dimension; i += 1) sum += (signs[from + i] as number) * (vector[i] as number);
    if (sum > 0) {
      const word = bit >>> 5;
      sketch[word] = ((sketch[word] as number) | (1 << (bit & 31))) >>> 0;
    }
  }
  return sketch;
}

/** How many bits differ between a sketch and the one that begins at `at`. */
export function differingBits(sketch: Uint32Array, all: Uint32Array, at: number): number {
  let bits = 0;
  for (let i = 0; i < SKETCH_WORDS; i += 1) {
    const differing = (sketch[i] as number) ^ (all[at + i] as number);
    bits += (ONES[differing & 0xffff] as number) + (ONES[differing >>> 16] as number);
  }
  return bits;
}

/** The scale as a 32-bit float, then a byte for each dimension. */
export function packVector(vector: Float32Array): Uint8Array {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  const scale = largest === 0 ? 1 : largest / 127;
  const packed = new Uint8Array(SCALE_BYTES + vector.length);
  new DataView(packed.buffer).setFloat32(0, scale, true);
  const values = new Int8Array(packed.buffer, SCALE_BYTES);
  for (let i = 0; i < vector.length; i += 1) values[i] = Math.round((vector[i] as number) / scale);
  return packed;
}

/** The cosine of two vectors of unit length, one of them packed; 0 when they are of different models. */
export function cosineOf(packed: Uint8Array, vector: Float32Array): number {
  if (packed.length !== SCALE_BYTES + vector.length) return 0;
  const values = new Int8Array(packed.buffer, packed.byteOffset + SCALE_BYTES, vector.length);
  let dot = 0;
  for (let i = 0; i < vector.length; i += 1) dot += (values[i] as number) * (vector[i] as number);
  return dot * new DataView(packed.buffer, packed.byteOffset, SCALE_BYTES).getFloat32(0, true);
}

// Near-duplicates by MinHash with LSH: 128 permutations over word 5-grams, 16 bands of 8. Texts that share a band are compared
// by their real Jaccard similarity, so nothing is taken for a duplicate by chance; two texts of similarity 0.9 share no band
// once in ten thousand times. (Broder 1997; Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4.)

import { seeded } from "#lib/random";
import { jaccard, mixed, shinglesOf } from "./words.ts";

const PERMUTATIONS = 128;
const BANDS = 16;
const ROWS = PERMUTATIONS / BANDS;
export const SIMILARITY_MIN = 0.9;
/** Of one bucket: templates fill some, and each text would be compared with all of them. */
const COMPARED_MAX = 64;

const random = seeded(0x5eed);
const MULTIPLIERS = Int32Array.from({ length: PERMUTATIONS }, () => (random.next() * 0x1_0000_0000) | 1);
const OFFSETS = Int32Array.from({ length: PERMUTATIONS }, () => random.next() * 0x1_0000_0000);

/** For each text the place of an earlier one that it repeats, or undefined. What repeats another is nobody's original. */
export function nearDuplicates(texts: readonly string[]): (number | undefined)[] {
  const buckets = Array.from({ length: BANDS }, () => new Map<number, number[]>());
  const signature = new Uint32Array(PERMUTATIONS);
  const keys = new Float64Array(BANDS);
  return texts.map((text, place) => {
    const shingles = shinglesOf(text);
    if (shingles.size === 0) return undefined;
    signMinima(shingles, signature);
    let original: number | undefined;
    const compared = new Set<number>();
    for (let band = 0; band < BANDS; band += 1) {
      keys[band] = bandKey(signature, band);
      if (original !== undefined) continue;
      for (const other of buckets[band]?.get(keys[band] ?? 0) ?? []) {
        if (compared.has(other)) continue;
        compared.add(other);
        if (jaccard(shingles, shinglesOf(texts[other] ?? "")) < SIMILARITY_MIN) continue;
        original = other;
        break;
      }
    }
    if (original !== undefined) return original;
    for (let band = 0; band < BANDS; band += 1) {
      const key = keys[band] ?? 0;
      const bucket = buckets[band]?.get(key);
      if (bucket === undefined) buckets[band]?.set(key, [place]);
      else if (bucket.length < COMPARED_MAX) bucket.push(place);
    }
    return undefined;
  });
}

function signMinima(shingles: ReadonlySet<number>, signature: Uint32Array): void {
  signature.fill(0xffff_ffff);
  for (const shingle of shingles) {
    const folded = mixed((shingle / 0x20_0000) | 0) ^ (shingle % 0x20_0000);
    for (let at = 0; at < PERMUTATIONS; at += 1) {
      const value = mixed(Math.imul(folded, MULTIPLIERS[at] ?? 1) + (OFFSETS[at] ?? 0)) >>> 0;
      if (value < (signature[at] ?? 0)) signature[at] = value;
    }
  }
}

function bandKey(signature: Uint32Array, band: number): number {
  let a = band;
  let b = ~band;
  for (let at = band * ROWS; at < (band + 1) * ROWS; at += 1) {
    a = mixed(a ^ (signature[at] ?? 0));
    b = mixed((b + (signature[at] ?? 0)) | 0);
  }
  return (a >>> 0) * 0x20_0000 + (b >>> 11);
}

/** Too alike to prefer one over the other. */
export function areAlike(a: string, b: string): boolean {
  return jaccard(shinglesOf(a), shinglesOf(b)) >= SIMILARITY_MIN;
}

// Words and n-grams of texts, for near-duplicates and for overlap. Texts are compared without case, form (NFKC) and
// punctuation; n-grams are hashes of 53 bits, which two different ones share once in many millions of rows at most.

const WORD = /[\p{L}\p{N}]+/gu;

export function wordsOf(text: string): string[] {
  return text.normalize("NFKC").toLowerCase().match(WORD) ?? [];
}

/** Hashes of the n-grams; of a shorter text none. */
export function gramsOf(words: readonly string[], n: number): Set<number> {
  const grams = new Set<number>();
  const low = words.map((word) => hash32(word, 0x811c9dc5));
  const high = words.map((word) => hash32(word, 0x9747b28c));
  for (let at = 0; at + n <= words.length; at += 1) {
    let a = 0;
    let b = 0;
    for (let step = 0; step < n; step += 1) {
      a = (Math.imul(a, 0x01000193) + (low[at + step] ?? 0)) | 0;
      b = (Math.imul(b, 0x5bd1e995) + (high[at + step] ?? 0)) | 0;
    }
    grams.add((mixed(a) >>> 0) * 0x20_0000 + (mixed(b) >>> 11));
  }
  return grams;
}

const SHINGLE_WORDS = 5;

/** Word 5-grams; a text of fewer words is one shingle. */
export function shinglesOf(text: string): Set<number> {
  const words = wordsOf(text);
  return gramsOf(words, Math.min(SHINGLE_WORDS, Math.max(1, words.length)));
}

export function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  if (a.size === 0 && b.size === 0) return 1;
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const gram of small) if (large.has(gram)) shared += 1;
  return shared / (a.size + b.size - shared);
}

function hash32(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

/** The finalizer of MurmurHash3. */
export function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

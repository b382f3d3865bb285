// Where one term of the word index stands: pairs of (count, slot), slots ascending. The slot comes second so that a
// pair read as one little-endian 64-bit number sorts by slot.

export interface Postings {
  pairs: Uint32Array<ArrayBuffer>;
  /** How many numbers of `pairs` are in use: two for each document. */
  used: number;
  /** Documents that hold the term and have not been removed. */
  living: number;
}

export function emptyPostings(): Postings {
  return { pairs: new Uint32Array(2), used: 0, living: 0 };
}

/** Appends a document; its slot must be above all that are in. */
export function append(postings: Postings, slot: number, count: number): void {
  if (postings.used === postings.pairs.length) {
    const grown = new Uint32Array(Math.max(4, postings.used * 2));
    grown.set(postings.pairs);
    postings.pairs = grown;
  }
  postings.pairs[postings.used] = count;
  postings.pairs[postings.used + 1] = slot;
  postings.used += 2;
  postings.living++;
}

/** How often the slot holds the term, 0 when it does not hold the term. */
export function countAt({ pairs, used }: Postings, slot: number): number {
  let low = 0;
  let high = used / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pairs[middle * 2 + 1] as number) < slot) low = middle + 1;
    else high = middle;
  }
  return low * 2 < used && pairs[low * 2 + 1] === slot ? (pairs[low * 2] as number) : 0;
}

/** The pairs of the living documents under their new slots, ascending; `slotNow` holds -1 for a dead slot. */
export function moved({ pairs, used, living }: Postings, slotNow: Int32Array): Uint32Array<ArrayBuffer> {
  const kept = new Uint32Array(living * 2);
  let filled = 0;
  let ascending = true;
  let last = -1;
  for (let i = 0; i < used; i += 2) {
    const slot = slotNow[pairs[i + 1] as number] as number;
    if (slot < 0) continue;
    kept[filled] = pairs[i] as number;
    kept[filled + 1] = slot;
    filled += 2;
    ascending &&= slot > last;
    last = slot;
  }
  if (!ascending) new BigUint64Array(kept.buffer).sort();
  return kept;
}

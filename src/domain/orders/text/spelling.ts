// Typing errors: the distance between two words as the number of letters added, left out, changed or swapped with
// their neighbour (optimal string alignment), and a quick test that rules most words out before it is computed.

/** Which letters a word has, a bit each; digits share bit 26. */
export function letterMask(word: string): number {
  let mask = 0;
  for (let at = 0; at < word.length; at++) {
    const letter = word.charCodeAt(at) - 97;
    mask |= letter >= 0 && letter < 26 ? 1 << letter : 1 << 26;
  }
  return mask;
}

/** An error changes at most two letters of the set: more bits apart than that cannot be within `distance`. */
export function masksAreFar(left: number, right: number, distance: number): boolean {
  let bits = left ^ right;
  let count = 0;
  while (bits !== 0) {
    bits &= bits - 1;
    count++;
    if (count > 2 * distance) return true;
  }
  return false;
}

/** How many errors a word of this length may have: none in short ones, where every error makes another word. */
export function errorsAllowed(length: number): number {
  return length < 4 ? 0 : length < 8 ? 1 : 2;
}

/** Longer words are near to none. */
const LENGTH_MAX = 64;
const rows = [0, 1, 2].map(() => new Uint8Array(LENGTH_MAX + 1));

/** The distance of two words, or `most + 1` when it is more than `most`. */
export function editDistance(left: string, right: string, most: number): number {
  const { length } = left;
  if (Math.abs(length - right.length) > most || length > LENGTH_MAX || right.length > LENGTH_MAX)
    return most + 1;
  let [before, last, now] = rows as [Uint8Array, Uint8Array, Uint8Array];
  for (let at = 0; at <= right.length; at++) last[at] = at;
  for (let row = 1; row <= length; row++) {
    now[0] = row;
    let least = row;
    const letter = left.charCodeAt(row - 1);
    for (let at = 1; at <= right.length; at++) {
      const other = right.charCodeAt(at - 1);
      let cost = Math.min(
        (last[at] as number) + 1,
        (now[at - 1] as number) + 1,
        (last[at - 1] as number) + (letter === other ? 0 : 1),
      );
      const swapped =
        row > 1 && at > 1 && letter === right.charCodeAt(at - 2) && left.charCodeAt(row - 2) === other;
      if (swapped) cost = Math.min(cost, (before[at - 2] as number) + 1);
      now[at] = cost;
      if (cost < least) least = cost;
    }
    if (least > most) return most + 1;
    [before, last, now] = [last, now, before];
  }
  return Math.min(last[right.length] as number, most + 1);
}

/** Words that are looked up by words that are nearly the same. */
export interface NearWords {
  /** Numbers of the words within so many errors, with how many each has, the nearest first. */
  within(word: string, errors: number): readonly { readonly number: number; readonly errors: number }[];
}

interface Near {
  readonly number: number;
  readonly errors: number;
}

/** Words of one first letter and one length, by their numbers; letter masks are made when they are first looked at. */
interface Bucket {
  readonly numbers: number[];
  masks?: Uint32Array;
}

/**
 * An index over words by their first letter, since people rarely miss that one, and their length: what is looked up begins
 * with the same letter, or with its first two swapped. A look-up goes over a hundred words and measures a handful.
 */
export function nearWords(words: readonly string[]): NearWords {
  const buckets = new Map<number, Bucket>();
  for (let number = 0; number < words.length; number++) {
    const word = words[number] as string;
    if (word.length > LENGTH_MAX) continue;
    const key = bucketKey(word.charCodeAt(0), word.length);
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, { numbers: [number] });
    else bucket.numbers.push(number);
  }
  /** The words that begin with a letter, in their order; with a second one, those alone that have it there. */
  const look = (word: string, errors: number, first: number, second?: number): Near[] => {
    const found: Near[] = [];
    const mask = letterMask(word);
    const longest = Math.min(word.length + errors, LENGTH_MAX);
    for (let length = word.length - errors; length <= longest; length++) {
      const bucket = buckets.get(bucketKey(first, length));
      if (bucket === undefined) continue;
      const { numbers } = bucket;
      bucket.masks ??= new Uint32Array(numbers.map((number) => letterMask(words[number] as string)));
      for (let at = 0; at < numbers.length; at++) {
        if (masksAreFar(mask, bucket.masks[at] as number, errors)) continue;
        const number = numbers[at] as number;
        const candidate = words[number] as string;
        if (second !== undefined && candidate.charCodeAt(1) !== second) continue;
        const distance = editDistance(word, candidate, errors);
        if (distance <= errors) found.push({ number, errors: distance });
      }
    }
    return found.sort((left, right) => left.number - right.number);
  };
  return {
    within: (word, errors) => {
      const [first, second] = [word.charCodeAt(0), word.charCodeAt(1)];
      const swapped = second === first ? [] : look(word, errors, second, first);
      return [...look(word, errors, first), ...swapped].sort((left, right) => left.errors - right.errors);
    },
  };
}

function bucketKey(letter: number, length: number): number {
  return letter * (LENGTH_MAX + 1) + length;
}

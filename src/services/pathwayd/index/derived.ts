// What searches need of a version, as bytes beside its row, so that a start reads numbers and not texts. Words are kept as
// hashes of 32 bits: two that share one are searched as one word, of 100,000 words about one pair. Little endian:
//   u32 format, u32 CRC-32 of all that follows, u32 model, u32 flags, u32 words in the text, u32 speaker's words,
//   u32 pairs, u64 identity, 4 u32 of the sketch, the speaker's words, pairs of (word, count), then UTF-8: conversation, NUL, place.

import { termsOf } from "#domain/lexical/terms";
import { shinglesOf } from "../duplicates/alike.ts";
import type { Said } from "./said.ts";
import { SKETCH_WORDS, sketchOf } from "./sketch.ts";

export interface Indexed {
  /** Hash of the model of the sketch; 0 when there is none yet. */
  readonly model: number;
  readonly sketch: Uint32Array;
  readonly words: number;
  readonly speaker: Uint32Array;
  /** (word, how often) one after the other. */
  readonly pairs: Uint32Array;
  readonly conversation: string | undefined;
  readonly place: string;
  readonly saysWhen: boolean;
  /** The same for texts of one kind and subject that differ in case, spaces and punctuation alone; 52 bits. */
  readonly identity: number;
}

/** Another way to find words or to sketch is another number: what has the old one is made again. */
const FORMAT = 2;
const HEAD_WORDS = 9;
const HALF = 2 ** 32;
/** What a number holds exactly. */
const IDENTITY_BITS = (1n << 52n) - 1n;
const IS_TURN = 1;
const SAYS_WHEN = 2;
const NO_SKETCH = new Uint32Array(SKETCH_WORDS);

export function hashOf(text: string): number {
  return Bun.hash.xxHash32(text);
}

export function identityOf(kind: string, subject: string, content: string): number {
  const text = JSON.stringify([kind, subject, shinglesOf(content).normal]);
  return Number(Bun.hash.xxHash64(text) & IDENTITY_BITS);
}

export interface Embedded {
  readonly model: string;
  readonly vector: Float32Array;
}

export function indexedOf(said: Said, identity: number, embedded: Embedded | undefined): Indexed {
  const counts = new Map<number, number>();
  let words = 0;
  for (const term of termsOf(said.text)) {
    const hash = hashOf(term);
    counts.set(hash, (counts.get(hash) ?? 0) + 1);
    words += 1;
  }
  return {
    model: embedded === undefined ? 0 : hashOf(embedded.model),
    sketch: embedded === undefined ? NO_SKETCH : sketchOf(embedded.vector),
    words,
    speaker: Uint32Array.from(new Set(termsOf(said.speaker).map(hashOf))),
    pairs: Uint32Array.from([...counts].flat()),
    conversation: said.turn?.conversation,
    place: said.turn?.place ?? "",
    saysWhen: said.saysWhen,
    identity,
  };
}

export function packIndexed(indexed: Indexed): Uint8Array {
  const { model, sketch, words, speaker, pairs, conversation, place, saysWhen, identity } = indexed;
  const text = new TextEncoder().encode(`${conversation ?? ""}\0${place}`);
  const numbersAt = 8 + (HEAD_WORDS - 2) * 4;
  const textAt = numbersAt + (sketch.length + speaker.length + pairs.length) * 4;
  const bytes = new Uint8Array(textAt + text.length);
  const flags = (conversation === undefined ? 0 : IS_TURN) | (saysWhen ? SAYS_WHEN : 0);
  const all = new Uint32Array(bytes.buffer, 0, textAt / 4);
  const low = identity % HALF;
  all.set([FORMAT, 0, model, flags, words, speaker.length, pairs.length / 2, low, (identity - low) / HALF]);
  all.set(sketch, HEAD_WORDS);
  all.set(speaker, HEAD_WORDS + SKETCH_WORDS);
  all.set(pairs, HEAD_WORDS + SKETCH_WORDS + speaker.length);
  bytes.set(text, textAt);
  all[1] = Bun.hash.crc32(bytes.subarray(8));
  return bytes;
}

/** Undefined when the bytes are of another format or do not verify: they are made again from the text. */
export function unpackIndexed(stored: Uint8Array | null): Indexed | undefined {
  if (stored === null || stored.length < (HEAD_WORDS + SKETCH_WORDS) * 4) return undefined;
  // A copy of its own, aligned for 32-bit numbers.
  const bytes = stored.slice();
  const head = new Uint32Array(bytes.buffer, 0, HEAD_WORDS);
  const [format, sum, model = 0, flags = 0, words = 0, speakers = 0, pairCount = 0, low = 0, high = 0] = head;
  if (format !== FORMAT || sum !== Bun.hash.crc32(bytes.subarray(8))) return undefined;
  const speakerAt = (HEAD_WORDS + SKETCH_WORDS) * 4;
  const pairsAt = speakerAt + speakers * 4;
  const textAt = pairsAt + pairCount * 8;
  const [conversation = "", place = ""] =
    textAt === bytes.length ? [] : new TextDecoder().decode(bytes.subarray(textAt)).split("\0");
  return {
    model,
    sketch: new Uint32Array(bytes.buffer, HEAD_WORDS * 4, SKETCH_WORDS),
    words,
    speaker: new Uint32Array(bytes.buffer, speakerAt, speakers),
    pairs: new Uint32Array(bytes.buffer, pairsAt, pairCount * 2),
    conversation: (flags & IS_TURN) === 0 ? undefined : conversation,
    place,
    saysWhen: (flags & SAYS_WHEN) !== 0,
    identity: high * HALF + low,
  };
}

// The index of a segment that is full, in a file beside it. It follows from the segment and is made again from it when it
// is missing or damaged: nothing is ever looked for in one that does not verify.
//
//   file    blocks, the tail as JSON, the footer
//   block   4,088 bytes of numbers, u64 xxHash64 of them. First the offsets (u32 an event), then, in blocks of their own,
//           the keys in order (u32 key, u32 event counted from the segment's first)
//   tail    what the segment is, and the first key of each block of keys, so that a look-up reads one block or two
//   footer  "LHJIDX01", u64 bytes of the tail, u64 xxHash64 of the tail, u64 xxHash64 of the 24 bytes before
//
// All numbers are little-endian.

import { z } from "zod";
import { writeDurably } from "#lib/durable";
import type { OpenFiles } from "./open-files.ts";
import type { OpenIndex, SegmentIndex, SeqRange } from "./open-index.ts";

const MAGIC = 0x31_30_58_44_49_4a_48_4cn; // "LHJIDX01" read as a little-endian number
const BLOCK_BYTES = 4096;
const PAYLOAD_BYTES = BLOCK_BYTES - 8;
const OFFSETS_A_BLOCK = PAYLOAD_BYTES / 4;
const KEYS_A_BLOCK = PAYLOAD_BYTES / 8;
const FOOTER_BYTES = 32;
/** A tail has ten characters for each block of keys; a larger length is damage. */
const TAIL_BYTES_MAX = 16 * 1024 * 1024;

const range = z.strictObject({ from: z.int(), to: z.int() });
const factsShape = z.strictObject({
  first: z.int(),
  last: z.int(),
  /** Hashes of the chain: what the first event follows, and the last one's. */
  prev_hash: z.string(),
  last_hash: z.string(),
  /** Of the segment file, and the checksum of its bytes (`segmentChecksum`). */
  bytes: z.int(),
  checksum: z.string(),
  lost: z.array(range),
});
export type SegmentFacts = z.infer<typeof factsShape>;

const tailShape = z.strictObject({
  facts: factsShape,
  blocks: z.int(),
  keys: z.int(),
  fences: z.array(z.int()),
});

/** What an index file throws that does not verify: it is to be made again. */
export class DamagedIndex extends Error {}

export function writeIndex(path: string, facts: SegmentFacts, index: OpenIndex): Promise<void> {
  const { offsets, keys, events } = index.contents();
  const pairs = new Uint32Array(keys.length * 2);
  for (const [at, key] of keys.entries()) {
    pairs[2 * at] = key;
    pairs[2 * at + 1] = events[at] ?? 0;
  }
  const fences = Array.from(
    { length: Math.ceil(keys.length / KEYS_A_BLOCK) },
    (_, n) => keys[n * KEYS_A_BLOCK],
  );
  const body = Buffer.concat([blocksOf(offsets), blocksOf(pairs)]);
  const tail = Buffer.from(
    JSON.stringify({ facts, blocks: body.length / BLOCK_BYTES, keys: keys.length, fences }),
  );
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeBigUInt64LE(MAGIC, 0);
  footer.writeBigUInt64LE(BigInt(tail.length), 8);
  footer.writeBigUInt64LE(Bun.hash.xxHash64(tail), 16);
  footer.writeBigUInt64LE(Bun.hash.xxHash64(footer.subarray(0, 24)), 24);
  return writeDurably(path, Buffer.concat([body, tail, footer]));
}

function blocksOf(numbers: Uint32Array): Buffer {
  const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const blocks = Buffer.alloc(Math.ceil(bytes.length / PAYLOAD_BYTES) * BLOCK_BYTES);
  for (let from = 0, to = 0; from < bytes.length; from += PAYLOAD_BYTES, to += BLOCK_BYTES) {
    bytes.copy(blocks, to, from, Math.min(from + PAYLOAD_BYTES, bytes.length));
    blocks.writeBigUInt64LE(Bun.hash.xxHash64(blocks.subarray(to, to + PAYLOAD_BYTES)), to + PAYLOAD_BYTES);
  }
  return blocks;
}

export class IndexFile implements SegmentIndex {
  readonly facts: SegmentFacts;
  readonly #files: OpenFiles;
  readonly #path: string;
  readonly #blocks: number;
  readonly #keys: number;
  readonly #fences: Uint32Array;

  /** Throws DamagedIndex when its tail does not verify. */
  constructor(files: OpenFiles, path: string) {
    this.#files = files;
    this.#path = path;
    const size = files.size(path);
    const footer = files.read(path, Math.max(0, size - FOOTER_BYTES), FOOTER_BYTES);
    const verifies =
      footer.length === FOOTER_BYTES &&
      footer.readBigUInt64LE(0) === MAGIC &&
      footer.readBigUInt64LE(24) === Bun.hash.xxHash64(footer.subarray(0, 24));
    const tailBytes = verifies ? Number(footer.readBigUInt64LE(8)) : 0;
    const start = size - FOOTER_BYTES - tailBytes;
    if (!verifies || tailBytes > TAIL_BYTES_MAX || start < 0) throw new DamagedIndex("its footer is damaged");
    const tail = files.read(path, start, tailBytes);
    if (Bun.hash.xxHash64(tail) !== footer.readBigUInt64LE(16)) throw new DamagedIndex("its tail is damaged");
    const parsed = tailShape.safeParse(JSON.parse(tail.toString()));
    if (!parsed.success || parsed.data.blocks * BLOCK_BYTES !== start)
      throw new DamagedIndex("its length is not the one it was written with");
    this.facts = parsed.data.facts;
    this.#blocks = parsed.data.blocks;
    this.#keys = parsed.data.keys;
    this.#fences = Uint32Array.from(parsed.data.fences);
  }

  get first(): number {
    return this.facts.first;
  }

  get last(): number {
    return this.facts.last;
  }

  get lost(): readonly SeqRange[] {
    return this.facts.lost;
  }

  offsetOf(seq: number): number {
    const event = seq - this.facts.first;
    const place = event % OFFSETS_A_BLOCK;
    return this.#block(Math.floor(event / OFFSETS_A_BLOCK)).readUInt32LE(4 * place);
  }

  find(key: number, after: number): readonly number[] {
    const found: number[] = [];
    const firstBlock = this.#blocks - this.#fences.length;
    for (let n = this.#blockBefore(key); n < this.#fences.length; n += 1) {
      if ((this.#fences[n] ?? 0) > key) break;
      const block = this.#block(firstBlock + n);
      const count = Math.min(KEYS_A_BLOCK, this.#keys - n * KEYS_A_BLOCK);
      for (let at = 0; at < count; at += 1) {
        if (block.readUInt32LE(8 * at) !== key) continue;
        const seq = this.facts.first + block.readUInt32LE(8 * at + 4);
        if (seq > after) found.push(seq);
      }
    }
    return found;
  }

  /** Reads all of it. Throws DamagedIndex. */
  verify(): void {
    for (let n = 0; n < this.#blocks; n += 1) this.#block(n);
  }

  close(): void {
    this.#files.close(this.#path);
  }

  /** The block in which a key may begin. */
  #blockBefore(key: number): number {
    let [low, high] = [0, this.#fences.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#fences[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  #block(n: number): Buffer {
    const block = this.#files.read(this.#path, n * BLOCK_BYTES, BLOCK_BYTES);
    const verifies =
      block.length === BLOCK_BYTES &&
      block.readBigUInt64LE(PAYLOAD_BYTES) === Bun.hash.xxHash64(block.subarray(0, PAYLOAD_BYTES));
    if (!verifies) throw new DamagedIndex(`its block ${n} does not match its checksum`);
    return block;
  }
}

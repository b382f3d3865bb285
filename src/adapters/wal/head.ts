// The head of a log: the last sequence that was acknowledged, in a file of its own. Without it the end of a log proves
// nothing: a log cut at the border of a frame, a last segment that was deleted, and acknowledged writes altered at the
// end all look like a write that a crash tore. With it, whatever is missing up to the head is damage, and whatever does
// not verify behind it was never acknowledged.
//
// The head is written after the frame is durable and before the write is acknowledged, and is not flushed itself:
// after kill -9 it is exact, because the system has it; after a power cut it may be older, which makes opening less
// strict about the last writes and never wrong. Two slots are written in turn, each in a sector of its own, so that
// one of them is whole whatever happens.
//
//   file     two slots, at byte 0 and at byte 512
//   slot     "LHVHEAD1", u64 sequence, u64 xxHash64 of the 16 bytes before; little-endian

import { join } from "node:path";
import { damaged } from "../checksummed-file.ts";
import { type Disk, type DiskFile, writeWhole } from "#lib/disk";
import { writeDurably } from "#lib/durable";

const HEAD_FILE = "head";
const MAGIC = 0x31_44_41_45_48_56_48_4cn; // "LHVHEAD1" read as a little-endian number
const SLOT_BYTES = 24;
/** What every disk writes at once or not at all. */
const SECTOR_BYTES = 512;
const SLOTS = [0, SECTOR_BYTES] as const;

function slotOf(sequence: number): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, MAGIC, true);
  view.setBigUint64(8, BigInt(sequence), true);
  view.setBigUint64(16, Bun.hash.xxHash64(bytes.subarray(0, 16)), true);
  return bytes;
}

/** The whole file, both slots alike. */
function encodeHead(sequence: number): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES * SLOTS.length);
  for (const at of SLOTS) bytes.set(slotOf(sequence), at);
  return bytes;
}

interface Slot {
  readonly at: number;
  readonly sequence: number;
}

/** The slot with the highest sequence of those that verify; null when none does. */
function newestSlot(bytes: Uint8Array): Slot | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const verifies = (at: number): boolean =>
    at + SLOT_BYTES <= bytes.length &&
    view.getBigUint64(at, true) === MAGIC &&
    view.getBigUint64(at + 16, true) === Bun.hash.xxHash64(bytes.subarray(at, at + 16));
  const slots = SLOTS.filter(verifies).map((at) => ({
    at,
    sequence: Number(view.getBigUint64(at + 8, true)),
  }));
  return slots.sort((a, b) => b.sequence - a.sequence)[0] ?? null;
}

/** Makes the head of a new log, or replaces it. */
export async function createHead(disk: Disk, dir: string, sequence: number): Promise<void> {
  await writeDurably(join(dir, HEAD_FILE), encodeHead(sequence), disk);
}

export async function hasHead(disk: Disk, dir: string): Promise<boolean> {
  return (await disk.names(dir)).includes(HEAD_FILE);
}

async function readNewest(disk: Disk, dir: string): Promise<Slot> {
  const path = join(dir, HEAD_FILE);
  const bytes = await disk.read(path).catch((error: unknown) => {
    throw (error as { code?: unknown }).code === "ENOENT" ? damaged(path, "it is missing") : error;
  });
  const newest = newestSlot(bytes);
  if (newest === null) throw damaged(path, "it does not match its checksum");
  return newest;
}

/** Throws Fault `internal` when the file is missing or does not verify. */
export async function readHead(disk: Disk, dir: string): Promise<number> {
  return (await readNewest(disk, dir)).sequence;
}

/** The head of an open log. */
export class Head {
  readonly #file: DiskFile;
  /** The slot that is written next: the other one verifies, and holds until this one is written whole. */
  #slot: number;

  private constructor(file: DiskFile, slot: number) {
    this.#file = file;
    this.#slot = slot;
  }

  /** Opens the head and makes `sequence` durable in both slots. */
  static async open(disk: Disk, dir: string, sequence: number): Promise<Head> {
    const newest = await readNewest(disk, dir);
    const head = new Head(await disk.open(join(dir, HEAD_FILE)), otherSlot(newest.at));
    try {
      await head.settle(sequence);
    } catch (error) {
      await head.#file.close();
      throw error;
    }
    return head;
  }

  /** Says that writes up to `sequence` are about to be acknowledged. After an error the same slot is written again. */
  async advance(sequence: number): Promise<void> {
    await writeWhole(this.#file, slotOf(sequence), this.#slot);
    this.#slot = otherSlot(this.#slot);
  }

  /** Makes `sequence` durable in both slots. */
  async settle(sequence: number): Promise<void> {
    await this.advance(sequence);
    await this.advance(sequence);
    await this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function otherSlot(at: number): number {
  return at === SLOTS[0] ? SLOTS[1] : SLOTS[0];
}

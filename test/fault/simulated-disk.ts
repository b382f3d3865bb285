// A disk that keeps the promises of POSIX and no other. What is written stays in the machine's memory until it is
// flushed; when the power goes, each sector that was not flushed is there or not, whatever the others are, a file
// that grew ends behind any of its sectors, and names that were made or moved without a flush of their folder are
// there or not. When only the process dies, memory stays. Calls fail before or after they did something, writes
// come up short, a failed flush may drop what it was to write; a disk that lies says "flushed" and did nothing.
//
// One folder, since its users have one each.

import { basename } from "node:path";
import type { Disk, DiskFile } from "#lib/disk";
import type { Random } from "#lib/random";
import type { Instance, World } from "./world.ts";

/** What a disk writes at once or not at all. */
const SECTOR_BYTES = 512;

interface Inode {
  /** As a reader finds it. */
  bytes: Uint8Array;
  /** As it is after a power cut, if nothing else reached the disk. */
  durable: Uint8Array;
  /** Sectors written since the last flush. */
  readonly dirty: Set<number>;
}

type NameChange =
  | { readonly change: "put"; readonly path: string; readonly inode: Inode; readonly from?: string }
  | { readonly change: "remove"; readonly path: string };

export class SimulatedDisk {
  readonly #world: World;
  readonly #random: Random;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #unsynced: NameChange[] = [];
  /** How often, of a hundred flushes, one does nothing and says that it did. */
  readonly #liePercent: number;

  constructor(world: World, liePercent: number) {
    this.#world = world;
    this.#random = world.random;
    this.#liePercent = liePercent;
  }

  /** The files as they are, for a look from outside. */
  get files(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#names].map(([path, { bytes }]) => [path, bytes]));
  }

  /** Memory is gone; what had not reached the disk is there in part. */
  powerLoss(): void {
    const names = this.#durableNames;
    const ordered = this.#random.below(2) === 0;
    const kept = this.#random.below(this.#unsynced.length + 1);
    this.#unsynced.forEach((change, at) => {
      if (ordered ? at < kept : this.#random.below(2) === 0) applyName(names, change);
    });
    for (const inode of new Set(names.values())) {
      this.#writeBack(inode);
      inode.bytes = inode.durable.slice();
      inode.dirty.clear();
    }
    this.#names = new Map(names);
    this.#unsynced = [];
  }

  /** Some dirty sectors reach the disk, all or none of them among the ways. */
  #writeBack(inode: Inode): void {
    const { bytes, durable, dirty } = inode;
    const how = this.#random.below(4);
    if (how === 0 || (dirty.size === 0 && bytes.length === durable.length)) return;
    const [short, long] = [Math.min(bytes.length, durable.length), Math.max(bytes.length, durable.length)];
    const reached = short + this.#random.below(long - short + 1);
    const between =
      how === 1 ? bytes.length : Math.min(long, Math.ceil(reached / SECTOR_BYTES) * SECTOR_BYTES);
    // A file is cut in one step; one that grows does so sector by sector.
    const length =
      bytes.length < durable.length ? this.#random.pick([bytes.length, durable.length]) : between;
    const written = grown(durable, length);
    for (const sector of dirty) {
      if (how !== 1 && this.#random.below(2) === 0) continue;
      const at = sector * SECTOR_BYTES;
      if (at < length) written.set(bytes.subarray(at, Math.min(at + SECTOR_BYTES, length)), at);
    }
    inode.durable = written;
  }

  /** The disk as one instance sees it: once that is dead, nothing it asked for happens any more. */
  of(owner: Instance): Disk {
    const world = this.#world;
    const step = <T>(word: string, path: string, apply: (failing: Failing) => T): Promise<T> =>
      this.#step(owner, `${word} ${shortName(path)}`, apply);
    const found = (path: string): Inode => {
      const inode = this.#names.get(path);
      if (inode === undefined) throw diskError("ENOENT");
      return inode;
    };
    const change = (made: NameChange): void => {
      applyName(this.#names, made);
      this.#unsynced.push(made);
    };
    return {
      names: (folder) => step("names", folder, () => [...this.#names.keys()].map((path) => basename(path))),
      read: (path) => step("read", path, () => found(path).bytes.slice()),
      size: (path) => step("size", path, () => found(path).bytes.length),
      open: (path) => step("open", path, () => this.#fileOf(owner, path, found(path))),
      create: (path) =>
        step("create", path, () => {
          if (this.#names.has(path)) throw diskError("EEXIST");
          const inode: Inode = { bytes: new Uint8Array(), durable: new Uint8Array(), dirty: new Set() };
          change({ change: "put", path, inode });
          return this.#fileOf(owner, path, inode);
        }),
      rename: (from, to) =>
        step("rename", to, () => change({ change: "put", path: to, inode: found(from), from })),
      remove: (path) =>
        step("remove", path, () => {
          if (this.#names.has(path)) change({ change: "remove", path });
        }),
      syncFolder: (path) =>
        step("flush names of", path, () => {
          if (!world.calm && this.#lies()) return;
          this.#durableNames = new Map(this.#names);
          this.#unsynced = [];
        }),
    };
  }

  #fileOf(owner: Instance, path: string, inode: Inode): DiskFile {
    const [random, world] = [this.#random, this.#world];
    return {
      write: (bytes, position) =>
        this.#step(owner, `write ${shortName(path)} ${bytes.length} at ${position}`, (failing) => {
          const part = failing === "no" ? bytes.length : random.below(bytes.length + 1);
          this.#write(inode, bytes.subarray(0, part), position);
          // The machine writes back when it likes, if not just between the halves of a short write.
          if (failing === "no" && !world.calm && random.below(8) === 0) this.#writeBack(inode);
          // Half of the writes that come up short say so by their count alone.
          if (failing === "late" && part > 0 && random.below(2) === 0) return part;
          if (failing === "late") throw diskError("ENOSPC");
          return part;
        }),
      sync: () =>
        this.#step(owner, `flush ${shortName(path)}`, (failing) => {
          if (failing === "late") return this.#failFlush(inode);
          if (!world.calm && this.#lies()) return;
          const written = grown(inode.durable, inode.bytes.length);
          for (const sector of inode.dirty) {
            const at = sector * SECTOR_BYTES;
            if (at < written.length) written.set(inode.bytes.subarray(at, at + SECTOR_BYTES), at);
          }
          inode.durable = written;
          inode.dirty.clear();
        }),
      truncate: (length) =>
        this.#step(owner, `cut ${shortName(path)} to ${length}`, () => {
          const { bytes } = inode;
          inode.bytes = grown(bytes, length);
          if (length % SECTOR_BYTES > 0) inode.dirty.add(Math.floor(length / SECTOR_BYTES));
        }),
      close: () => Promise.resolve(),
    };
  }

  #write(inode: Inode, bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    const end = position + bytes.length;
    if (end > inode.bytes.length) inode.bytes = grown(inode.bytes, end);
    inode.bytes.set(bytes, position);
    for (let sector = Math.floor(position / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector += 1)
      inode.dirty.add(sector);
  }

  /** After a flush that failed the machine may have dropped what it could not write. */
  #failFlush(inode: Inode): void {
    this.#writeBack(inode);
    if (this.#random.below(2) === 0) {
      inode.bytes = grown(inode.durable, inode.bytes.length);
      inode.dirty.clear();
    }
    throw diskError("EIO");
  }

  #lies(): boolean {
    return this.#liePercent > 0 && this.#random.below(100) < this.#liePercent;
  }

  async #step<T>(owner: Instance, word: string, apply: (failing: Failing) => T): Promise<T> {
    const world = this.#world;
    await world.turn(owner);
    const failing = world.calm ? "no" : world.failing();
    if (!world.calm)
      world.trace.push(`${owner.number}:${word}${failing === "no" ? "" : `, fails ${failing}`}`);
    if (failing === "early") throw diskError(this.#random.pick(["EIO", "ENOSPC"]));
    const answer = apply(failing);
    await world.turn(owner);
    // Writes and flushes fail in ways of their own; of the others the caller hears less than was done.
    if (failing === "late" && !/^(write|flush \S+$)/.test(word)) throw diskError("EIO");
    return answer;
  }
}

type Failing = "no" | "early" | "late";

function applyName(names: Map<string, Inode>, made: NameChange): void {
  if (made.change === "remove") return void names.delete(made.path);
  if (made.from !== undefined) names.delete(made.from);
  names.set(made.path, made.inode);
}

function grown(bytes: Uint8Array, length: number): Uint8Array {
  const other = new Uint8Array(length);
  other.set(bytes.subarray(0, length));
  return other;
}

/** Temporary names have a number of the process in them. */
function shortName(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.endsWith(".partial") ? name.replace(/\.\d+-\d+\.partial$/, ".partial") : name;
}

function diskError(code: string): Error {
  return Object.assign(new Error(`the simulated disk says ${code}`), { code });
}

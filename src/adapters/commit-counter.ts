// A database's number of commits, kept beside it in a file of its own. SQLite silently ends its write-ahead log at the
// first frame whose checksum is wrong: after a flipped bit, or when a log or a database was removed, it opens an older
// state without an error. So each commit is counted in the database and, before it is acknowledged, here; a database that
// counts fewer commits than the file has lost acknowledged ones.
//
// The file holds two slots, written in turn, each with its checksum, so that a write cut off by a crash leaves the slot
// before it intact. The database may be ahead by commits that were not acknowledged yet, never behind. That both files are
// gone is told by a witness (witness.ts).

import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  openSync,
  readFileSync,
  write,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { isThereSync } from "#lib/durable";
import { isWitnessed, syncFolderSync, witness } from "./witness.ts";

export interface Count {
  /** The database's id, assigned when it was created. */
  readonly id: string;
  readonly commits: number;
}

/** One sector: disks write it whole or not at all. */
const SLOT_BYTES = 512;
const SLOTS = 2;

export function counterPath(database: string): string {
  return `${database}.commits`;
}

/** Whether there is a database, or ever was one that acknowledged commits. */
export function wasEverThere(database: string, witnessed = database): boolean {
  return isThereSync(database) || isThereSync(counterPath(database)) || isWitnessed(witnessed);
}

/** The newest count that verifies; undefined where there is none, as before the database was first counted. */
export function readCount(path: string): Count | undefined {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const counts = Array.from({ length: SLOTS }, (_, slot) =>
    parseSlot(text.slice(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES)),
  ).filter((count) => count !== undefined);
  return counts.reduce<Count | undefined>(
    (newest, count) => (newest === undefined || count.commits > newest.commits ? count : newest),
    undefined,
  );
}

/** Rewrites both slots of the file, one after the other. */
export function resetCount(path: string, count: Count): void {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    for (let slot = 0; slot < SLOTS; slot += 1) {
      writeSync(file, slotOf(count), slot * SLOT_BYTES);
      fsyncSync(file);
    }
  } finally {
    closeSync(file);
  }
  syncFolderSync(dirname(path));
}

function slotOf({ id, commits }: Count): string {
  const said = `commits ${id} ${commits}`;
  return `${said} ${checksum(said)}`.padEnd(SLOT_BYTES - 1).concat("\n");
}

function parseSlot(slot: string): Count | undefined {
  const [, said, id, commits, sum] = /^(commits (\S+) (\d+)) ([0-9a-f]{64}) *\n$/.exec(slot) ?? [];
  if (said === undefined || id === undefined || checksum(said) !== sum) return undefined;
  return { id, commits: Number(commits) };
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export class CommitCounter {
  readonly #id: string;
  readonly #file: number;
  /** The highest number requested, and the one on the disk. */
  #wanted = 0;
  #written: number;
  #writing: Promise<void> | undefined;
  readonly #witnessed: string;
  #isWitnessed: boolean;

  /** `witnessed`: see witness.ts. */
  constructor(path: string, { id, commits }: Count, witnessed: string) {
    this.#id = id;
    this.#file = openSync(path, "r+");
    this.#written = commits;
    this.#witnessed = witnessed;
    this.#isWitnessed = isWitnessed(witnessed);
  }

  /** Resolves when the file holds at least `commits`, durably. Concurrent calls share one write. */
  async raise(commits: number): Promise<void> {
    this.#wanted = Math.max(this.#wanted, commits);
    while (this.#written < commits) {
      this.#writing ??= this.#write(this.#wanted).finally(() => (this.#writing = undefined));
      await this.#writing;
    }
  }

  async #write(commits: number): Promise<void> {
    if (!this.#isWitnessed) witness(this.#witnessed);
    this.#isWitnessed = true;
    const slot = Buffer.from(slotOf({ id: this.#id, commits }));
    const at = (commits % SLOTS) * SLOT_BYTES;
    const { bytesWritten } = await promisify(write)(this.#file, slot, 0, SLOT_BYTES, at);
    if (bytesWritten < SLOT_BYTES) {
      throw Object.assign(new Error("The slot was written in part."), { code: "ENOSPC" });
    }
    await promisify(fdatasync)(this.#file);
    this.#written = commits;
  }

  async close(): Promise<void> {
    // A failure is reported to the callers of `raise`.
    await this.#writing?.catch(() => undefined);
    closeSync(this.#file);
  }
}

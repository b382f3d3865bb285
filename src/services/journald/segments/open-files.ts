// Files that are read at places, opened when they are needed and closed when too many are: a journal has a file for each
// 16 MiB, and a process may have some hundred open. Reads are small and come from the system's memory mostly, so they are
// synchronous: no file is closed under one.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { damaged, diskFault } from "#adapters/checksummed-file";

const OPEN_MAX = 64;

export class OpenFiles {
  /** In the order of their last use. */
  readonly #descriptors = new Map<string, number>();

  /** At most `length` bytes from a position; fewer where the file ends. Throws `internal` when there is no such file. */
  read(path: string, position: number, length: number): Buffer {
    try {
      const descriptor = this.#open(path);
      const bytes = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const read = readSync(descriptor, bytes, filled, length - filled, position + filled);
        if (read === 0) break;
        filled += read;
      }
      return filled === length ? bytes : bytes.subarray(0, filled);
    } catch (error) {
      throw readFault(error, path);
    }
  }

  size(path: string): number {
    try {
      return fstatSync(this.#open(path)).size;
    } catch (error) {
      throw readFault(error, path);
    }
  }

  close(path: string): void {
    const descriptor = this.#descriptors.get(path);
    if (descriptor === undefined) return;
    this.#descriptors.delete(path);
    closeSync(descriptor);
  }

  closeAll(): void {
    for (const path of this.#descriptors.keys()) this.close(path);
  }

  #open(path: string): number {
    const known = this.#descriptors.get(path);
    const descriptor = known ?? openSync(path, "r");
    this.#descriptors.delete(path);
    this.#descriptors.set(path, descriptor);
    if (this.#descriptors.size > OPEN_MAX) {
      const [oldest] = this.#descriptors.keys();
      if (oldest !== undefined) this.close(oldest);
    }
    return descriptor;
  }
}

function readFault(error: unknown, path: string): unknown {
  const { code } = error as { code?: unknown };
  return code === "ENOENT" ? damaged(path, "it is missing") : diskFault(error, path);
}

// What an object on disk was when it was put: its SHA-256, in a small file beside the root, bound to the very file by
// its inode and time. A bit that turns on the disk changes neither, so that the whole of an object can be compared
// when it is read. A file that somebody put there by hand has another time, and nothing to be compared with.
//
// A sum is written after its object and not flushed: one that is missing or torn, after a power cut, only means that
// this object is not compared.

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What stays the same as long as nobody writes the file anew. */
export interface Identity {
  readonly ino: bigint;
  readonly mtimeNs: bigint;
}

export interface Sum {
  readonly size: number;
  readonly sha256: string;
}

export interface Sums {
  note(key: string, identity: Identity, sum: Sum): Promise<void>;
  /** Undefined when the object is not the one that was put last, or was not put by us. */
  of(key: string, identity: Identity): Promise<Sum | undefined>;
  forget(key: string): Promise<void>;
}

/** The sums of the objects below `root`, in a folder of its own beside it. */
export function sumsOf(root: string): Sums {
  const pathOf = (key: string): string => {
    const name = createHash("sha256").update(key).digest("hex");
    return join(`${root}.sums`, name.slice(0, 2), name);
  };
  return {
    note: async (key, identity, { size, sha256 }) => {
      const path = pathOf(key);
      const line = `${nameOf(identity)} ${size} ${sha256}\n`;
      try {
        await writeFile(path, line);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") return;
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, line);
      }
    },
    of: async (key, identity) => {
      const line = await readFile(pathOf(key), "utf8").catch(() => "");
      const [name, size, sha256] = line.trimEnd().split(" ");
      // Cut short, it has no end of line.
      if (name !== nameOf(identity) || sha256?.length !== 64 || !line.endsWith("\n")) return undefined;
      return { size: Number(size), sha256 };
    },
    forget: (key) => rm(pathOf(key), { force: true }),
  };
}

function nameOf({ ino, mtimeNs }: Identity): string {
  return `${ino.toString(36)}-${mtimeNs.toString(36)}`;
}

// The data files of a set of views, compared with their checksums before DuckDB sees them: it reads a damaged Parquet
// file without a word. Small ones are copied on the way into a folder that is one instance's alone, so that the instance can
// be given others later.

import { mkdirSync, rmSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#rpc/fault";
import { unreadable } from "./fault.ts";
import type { View } from "./contract.ts";

/** Of one set of views. To copy so much costs a tenth of what a new instance does. */
const COPIED_BYTES_MAX = 1024 * 1024;
const COPIED_FILES_MAX = 32;
/** How much of a file is hashed between looks at the signal. */
const HASH_STEP_BYTES = 4 * 1024 * 1024;

/** Whether the files are few and small enough to be copied. */
export function areSmall(views: readonly View[]): boolean {
  const files = views.flatMap((view) => view.files);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return files.length <= COPIED_FILES_MAX && bytes <= COPIED_BYTES_MAX;
}

export const pathsOf = (views: readonly View[]): string[] =>
  views.flatMap(({ files }) => files.map(({ path }) => path));

/** Throws `internal` for a file that is not what was stored. */
export async function verifyFiles(views: readonly View[], signal: AbortSignal): Promise<void> {
  for (const { name, files } of views) for (const file of files) await verify(name, file, signal);
}

let folders = 0;

/** The copies of one instance, below a folder that is removed with the engine. */
export class FileCopies {
  readonly folder: string;
  #made = 0;

  constructor(below: string) {
    folders += 1;
    this.folder = join(below, String(folders));
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  /** The same views over copies. No two copies ever have one name: DuckDB keeps what it knows of a file by that. */
  async of(views: readonly View[], signal: AbortSignal): Promise<View[]> {
    const copied: View[] = [];
    for (const view of views) {
      const files: View["files"] = [];
      for (const file of view.files) {
        signal.throwIfAborted();
        const bytes = await verifiedBytes(view.name, file);
        this.#made += 1;
        const path = join(this.folder, `${this.#made}.parquet`);
        await writeFile(path, bytes, { mode: 0o600, flag: "wx" });
        files.push({ ...file, path });
      }
      copied.push({ ...view, files });
    }
    return copied;
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await rm(path, { force: true });
  }

  /** With the folder. */
  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type DataFile = View["files"][number];

async function verifiedBytes(dataset: string, file: DataFile): Promise<Uint8Array> {
  const stored = Bun.file(file.path);
  if (!(await stored.exists())) throw unreadable(undefined);
  const bytes = await stored.bytes().catch((error: unknown) => {
    throw failedToRead(dataset, error);
  });
  if (file.sha256 !== undefined && new Bun.CryptoHasher("sha256").update(bytes).digest("hex") !== file.sha256)
    throw damaged(dataset, file);
  return bytes;
}

async function verify(dataset: string, file: DataFile, signal: AbortSignal): Promise<void> {
  if (file.sha256 === undefined) return;
  const hash = new Bun.CryptoHasher("sha256");
  const bytes = Bun.file(file.path);
  if (!(await bytes.exists())) throw unreadable(undefined);
  try {
    for (let from = 0; from < bytes.size; from += HASH_STEP_BYTES) {
      signal.throwIfAborted();
      hash.update(await bytes.slice(from, from + HASH_STEP_BYTES).arrayBuffer());
    }
  } catch (thrown) {
    throw signal.aborted ? thrown : failedToRead(dataset, thrown);
  }
  if (hash.digest("hex") !== file.sha256) throw damaged(dataset, file);
}

function failedToRead(dataset: string, cause: unknown): Fault {
  return new Fault("unavailable", `A data file of ${dataset} could not be read; try again.`, { cause });
}

function damaged(dataset: string, { key }: DataFile): Fault {
  return new Fault(
    "internal",
    `Object ${key} of dataset ${dataset} is damaged: its checksum is wrong. Restore it.`,
  );
}

// Files named on the command line: checked before any work starts, so that a typing error gives one clear message. `-` is
// standard input.

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Bytes } from "#rpc/contract";
import { Fault } from "#rpc/fault";

export interface InputFile {
  /** For messages, and stored with rejected rows. */
  readonly name: string;
  /** Undefined for standard input. */
  readonly path?: string;
  readonly bytes?: number;
  /** Its content; may be called once. */
  stream(): Bytes;
}

export async function inputFile(path: string): Promise<InputFile> {
  if (path === "-") return { name: "stdin", stream: () => Bun.stdin.stream() };
  const full = resolve(path);
  let bytes: number;
  try {
    const found = await stat(full);
    if (found.isDirectory())
      throw new Fault("invalid", `${path} is a folder. Name the files in it, for example: ${path}/*.csv`);
    bytes = found.size;
    await access(full, constants.R_OK);
  } catch (error) {
    throw inputFault(path, full, error);
  }
  if (bytes === 0) throw new Fault("invalid", `${path} is empty.`);
  return { name: basename(full), path: full, bytes, stream: () => Bun.file(full).stream() };
}

function inputFault(path: string, full: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new Fault("not_found", `There is no file ${path} (looked at ${full}). Check the name.`);
  }
  if (code === "EACCES" || code === "EPERM") {
    return new Fault("forbidden", `This user may not read ${path}. Correct that with: chmod u+r ${path}`);
  }
  return new Fault("invalid", `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
}

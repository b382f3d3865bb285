// Lending an open file to whoever sends it: the kernel lets a path lead to what a process has open, whatever became
// of its name since (man 5 proc, /proc/pid/fd). Nobody says when he has opened it too, so it is kept open for longer
// than that ever takes.

import { existsSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { deadline } from "#lib/sweep";
import type { Lent } from "#rpc/lent-file";

/** A reply is begun in the same turn, or after one hop between processes. */
const LENT_MS = 5000;
/** A fraction of the files that a process may have open. */
const LENT_MAX = 256;

const folder = `/proc/${process.pid}/fd`;
const able = existsSync(folder);
let lent = 0;

/** Takes the file over and closes it in time; undefined where it is still the caller's. */
export function lendFile(file: FileHandle, range: Omit<Lent, "path">): Lent | undefined {
  if (!able || lent >= LENT_MAX) return undefined;
  lent += 1;
  deadline(Date.now() + LENT_MS, () => {
    lent -= 1;
    file.close().catch(() => undefined);
  });
  return { path: `${folder}/${file.fd}`, ...range };
}

// Hands an open file to whatever sends it: the kernel lets a path lead to what a process has open, whatever became
// of its name since (man 5 proc, /proc/pid/fd). Nobody says when he has opened it too, so it is kept open for longer
// than that ever takes.

import { existsSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { deadline } from "#lib/coarse-timer";
import type { FileHandoff } from "#rpc/file-handoff";

/** A reply is begun in the same turn, or after one hop between processes. */
const HANDED_OFF_MS = 5000;
/** A fraction of the files that a process may have open. */
const HANDED_OFF_MAX = 256;

const folder = `/proc/${process.pid}/fd`;
const able = existsSync(folder);
let handedOff = 0;

/** Takes the file over and closes it in time; undefined where it is still the caller's. */
export function handOffFile(file: FileHandle, range: Omit<FileHandoff, "path">): FileHandoff | undefined {
  if (!able || handedOff >= HANDED_OFF_MAX) return undefined;
  handedOff += 1;
  deadline(Date.now() + HANDED_OFF_MS, () => {
    handedOff -= 1;
    file.close().catch(() => undefined);
  });
  return { path: `${folder}/${file.fd}`, ...range };
}

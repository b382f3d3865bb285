// Passes an open file by path to the code that sends it: the kernel resolves `/proc/<pid>/fd/<n>` to the open file even
// after its name is gone (man 5 proc, /proc/pid/fd). The receiver does not report when it has opened the file, so the
// descriptor stays open for longer than that ever takes.

import { existsSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { deadline } from "#lib/coarse-timer";
import type { FileHandoff } from "#rpc/file-handoff";

/** A reply begins in the same turn, or after one hop between processes. */
const HANDED_OFF_MS = 5000;
/** A fraction of the files that a process may have open. */
const HANDED_OFF_MAX = 256;

const folder = `/proc/${process.pid}/fd`;
const able = existsSync(folder);
let handedOff = 0;

/** Takes ownership of the file and closes it in time; undefined where the caller keeps it. */
export function handOffFile(file: FileHandle, range: Omit<FileHandoff, "path">): FileHandoff | undefined {
  if (!able || handedOff >= HANDED_OFF_MAX) return undefined;
  handedOff += 1;
  deadline(Date.now() + HANDED_OFF_MS, () => {
    handedOff -= 1;
    // It was only read: a close that fails loses no bytes.
    file.close().catch(() => undefined);
  });
  return { path: `${folder}/${file.fd}`, ...range };
}

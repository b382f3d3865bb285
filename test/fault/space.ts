// A disk of 8 MiB that fills up under a writer and gets room again: a clear fault while it is full, nothing
// acknowledged that is not there, and the same writer goes on by itself afterwards. Needs the right to mount.

import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "#rpc/fault";
import { type WriterName, WRITERS } from "./writers.ts";

const DISK_MIB = 8;
/** What is left for the writer: enough to open, and full after some steps of the largest. */
const ROOM_BYTES = 112 * 1024;
/** The smallest writer fills the room within so many steps. */
const STEPS_MAX = 1500;

export interface Filled {
  /** Steps that were acknowledged before the disk was full. */
  readonly before: number;
  /** What the first refused step said. */
  readonly said: string;
  readonly clear: boolean;
  readonly wrong: readonly string[];
}

export async function withFullDisk(writer: WriterName): Promise<Filled> {
  const disk = mkdtempSync(join(tmpdir(), "fault-disk-"));
  mount(disk);
  const acked: number[] = [];
  const wrong: string[] = [];
  try {
    const { open: opened, check } = await WRITERS[writer]();
    const open = await opened(disk);
    fill(disk, ROOM_BYTES);
    let refused: unknown;
    let n = 0;
    for (; n < STEPS_MAX && refused === undefined; n += 1) {
      try {
        await open.step(n);
        acked.push(n);
      } catch (error) {
        refused = error;
        n -= 1;
      }
    }
    const before = acked.length;
    if (refused === undefined) wrong.push("the disk never filled up");
    rmSync(join(disk, FILLER));
    // The step that failed, and some more, over the disk that has room again: no restart in between.
    for (const end = n + 3; n < end; n += 1) {
      try {
        await open.step(n);
        acked.push(n);
      } catch (error) {
        wrong.push(`step ${n} fails though there is room: ${told(error)}`);
      }
    }
    await open.close();
    wrong.push(...(await check(disk, acked, n)));
    return { before, said: told(refused), clear: refused instanceof Fault, wrong };
  } finally {
    Bun.spawnSync(["umount", "-l", disk]);
    rmSync(disk, { recursive: true, force: true });
  }
}

/** What `fill` writes; without it there is room again. */
export const FILLER = "filler";

/** Makes a disk of `mebibytes` in a folder; gives the function that takes it away. */
export function mountDisk(mebibytes: number): { readonly disk: string; unmount(): void } {
  const disk = mkdtempSync(join(tmpdir(), "fault-disk-"));
  mount(disk, mebibytes);
  return {
    disk,
    unmount: () => {
      Bun.spawnSync(["umount", "-l", disk]);
      rmSync(disk, { recursive: true, force: true });
    },
  };
}

export function fill(disk: string, roomBytes: number): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, FILLER), new Uint8Array(Math.max(0, bavail * bsize - roomBytes)));
}

function mount(disk: string, mebibytes = DISK_MIB): void {
  const { exitCode, stderr } = Bun.spawnSync([
    "mount",
    "-t",
    "tmpfs",
    "-o",
    `size=${mebibytes}m`,
    "tmpfs",
    disk,
  ]);
  if (exitCode !== 0) throw new Error(`a disk could not be mounted: ${stderr.toString()}`);
}

/** Whether this user may mount at all. */
export function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const disk = mkdtempSync(join(tmpdir(), "fault-disk-"));
  try {
    mount(disk);
    Bun.spawnSync(["umount", "-l", disk]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(disk, { recursive: true, force: true });
  }
}

function told(error: unknown): string {
  if (error instanceof Fault) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

// The data folder belongs to one house at a time. Who runs there is written down in it, so that a second start
// says so instead of mixing two houses' files, and so that `status` and `down` find the first.

import { access, constants, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder, readIfThere, writeDurably } from "#lib/durable";
import { Fault } from "#rpc/fault";

const claim = z.object({ pid: z.int(), started_at: z.string(), url: z.string().optional() });
export type Claim = z.infer<typeof claim>;

function claimPath(data: string): string {
  return join(data, "running.json");
}

/** Takes the folder for this process, making it when it is missing. Resolves with the function that gives it back. */
export async function claimData(data: string): Promise<() => Promise<void>> {
  try {
    await makeFolder(data);
    await access(data, constants.W_OK | constants.R_OK | constants.X_OK);
  } catch (error) {
    throw folderFault(data, error);
  }
  const other = await readClaim(data);
  if (other !== undefined) {
    const where = other.url === undefined ? "" : ` at ${other.url}`;
    throw new Fault(
      "conflict",
      `A house runs over ${data} already (process ${other.pid}${where}). Use it, stop it with: lakehouse down --data ${data} -- or choose another folder with --data.`,
    );
  }
  await writeClaim(data, {});
  return () => rm(claimPath(data), { force: true });
}

/** Adds where the house answers, once it does. */
export async function announce(data: string, url: string): Promise<void> {
  await writeClaim(data, { url });
}

async function writeClaim(data: string, more: { url?: string }): Promise<void> {
  const mine: Claim = { pid: process.pid, started_at: new Date().toISOString(), ...more };
  try {
    await writeDurably(claimPath(data), `${JSON.stringify(mine)}\n`);
  } catch (error) {
    throw folderFault(data, error);
  }
}

/** Who runs over the folder; undefined when nobody does, also when whoever did was killed. */
export async function readClaim(data: string): Promise<Claim | undefined> {
  const text = await readIfThere(claimPath(data));
  if (text === undefined) return undefined;
  const read = claim.safeParse(safeJson(text));
  if (!read.success || read.data.pid === process.pid || !isAlive(read.data.pid)) return undefined;
  return read.data;
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function folderFault(data: string, error: unknown): Fault {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC")
    return new Fault("unavailable", `The disk that holds ${data} is full. Free some room.`);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new Fault(
      "forbidden",
      `${data} may not be written to by this user. Mend its rights or choose another with --data.`,
    );
  }
  if (code === "ENOTDIR" || code === "EEXIST") {
    return new Fault("invalid", `${data} is not a folder. Choose another with --data.`);
  }
  return new Fault("unavailable", `${data} cannot be used: ${(error as Error).message}.`, { cause: error });
}

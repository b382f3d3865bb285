// The ledger on disk: one small file of the data folder with a checksum, changed under a lock and looked at twice a
// second by every process that decides with it, so that a flip holds within a second everywhere and nothing is restarted.

import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { saveSmallFile } from "#adapters/small-file";
import { makeFolder, readIfThere } from "#lib/durable";
import { lockWithin } from "#lib/file-lock";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import { EMPTY, type Ledger, ledger } from "./ledger.ts";

export function ledgerPath(data: string): string {
  return join(data, "cutover.json");
}

const CHANGE_WAIT_MS_MAX = 5000;
/** Well within the second within which a flip holds; one look is one stat(2). */
const LOOK_MS = 400;

function printed(content: Ledger): string {
  const sha256 = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  return `${JSON.stringify({ ...content, sha256 }, null, 2)}\n`;
}

/** Empty when there is none. Throws `internal` when it is damaged. */
export async function readLedger(path: string): Promise<Ledger> {
  const text = await readIfThere(path);
  if (text === undefined) return EMPTY;
  try {
    const { sha256: _, ...content } = JSON.parse(text) as Record<string, unknown>;
    const read = ledger.parse(content);
    if (printed(read) === text) return read;
  } catch {
    // Whatever is wrong with it, the same is to be done.
  }
  throw new Fault(
    "internal",
    "cutover.json is damaged, or was changed by hand: its checksum does not fit. Put back a copy, or remove it and flip the routes again.",
  );
}

/** Of two changes at once neither is lost. Returns what the ledger then is. */
export async function changeLedger(
  path: string,
  change: (before: Ledger) => Ledger | Promise<Ledger>,
): Promise<Ledger> {
  await makeFolder(dirname(path));
  const lock = await lockWithin(`${path.replace(/\.json$/, "")}.lock`, CHANGE_WAIT_MS_MAX);
  if (lock === undefined)
    throw new Fault("unavailable", "Another command is changing the ledger. Try again.");
  try {
    const after = ledger.parse(await change(await readLedger(path)));
    await saveSmallFile(path, printed(after));
    return after;
  } finally {
    lock.release();
  }
}

export interface LiveLedger {
  /** Throws `internal` while the file is damaged or cannot be read: no call is answered by a guess. */
  current(): Ledger;
  /** Reads it now: after a change of this process. */
  look(): Promise<void>;
  close(): void;
}

export function openLedger(path: string, log: Log, changed: (after: Ledger) => void): Promise<LiveLedger> {
  let version = "";
  let content: Ledger | Fault = EMPTY;
  let looking = false;
  const look = async (): Promise<void> => {
    const found = await versionOf(path);
    if (found === version) return;
    try {
      content = await readLedger(path);
      changed(content);
    } catch (error) {
      content =
        error instanceof Fault
          ? error
          : new Fault("internal", "cutover.json cannot be read.", { cause: error });
      log.error("the cutover ledger cannot be used", { problem: content.message });
    }
    version = found;
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look()
      .catch((error: unknown) => log.error("the cutover ledger cannot be looked at", { error }))
      .finally(() => (looking = false));
  }, LOOK_MS);
  timer.unref();
  return look().then(() => ({
    look,
    current: () => {
      if (content instanceof Fault) throw content;
      return content;
    },
    close: () => clearInterval(timer),
  }));
}

async function versionOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(" ");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "none";
    throw error;
  }
}

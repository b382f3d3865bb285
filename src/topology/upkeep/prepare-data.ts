// What is looked at before services start over a data folder, while it is locked: that no restore was left half-way, that
// this program knows its format, and that a copy which was made of a running house is not torn.

import type { Settings } from "#config";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { lockWithin, tryLock } from "#lib/file-lock";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import type { DataLock } from "../data-lock.ts";
import { locksFolder } from "../pidfile.ts";
import { backupLock, STAGING_FOLDER } from "./data-files.ts";
import { bringToFormat } from "./format.ts";
import { inspectData } from "./inspect.ts";

/** Of a restore that is not through; see restore.ts. */
export const RESTORE_MARK = "restore.json";

/** A migration copies the small state. */
const FORMAT_WAIT_MS_MAX = 60_000;

/** For a house. */
export async function prepareData(settings: Settings, log: Log, lock: DataLock): Promise<void> {
  refuseHalfRestored(settings.data);
  await removeStaging(settings.data);
  await bringToFormat(settings.data, log);
  if (!lock.isCopyOfLive) return;
  await refuseTorn(settings, log);
  await lock.adopt();
}

/** For a service on its own: others may start over the same folder at the same time. */
export async function prepareAlone({ data }: Settings, log: Log): Promise<void> {
  refuseHalfRestored(data);
  const lock = await lockWithin(join(locksFolder(data), "format.lock"), FORMAT_WAIT_MS_MAX);
  if (lock === undefined)
    throw new Fault("unavailable", `${data} is being migrated by another process. Try again.`);
  try {
    await bringToFormat(data, log);
  } finally {
    lock.release();
  }
}

/** A backup that was killed leaves its links, which would keep what is removed later on the disk. */
async function removeStaging(data: string): Promise<void> {
  const lock = tryLock(backupLock(data));
  if (lock === undefined) return;
  await rm(join(data, STAGING_FOLDER), { recursive: true, force: true });
  lock.release();
}

function refuseHalfRestored(data: string): void {
  if (!existsSync(join(data, RESTORE_MARK))) return;
  throw new Fault(
    "conflict",
    `A restore into ${data} did not come to its end. Go on with it: lakehouse restore BACKUP --data ${data}`,
  );
}

/**
 * Files of a folder that was copied while a house wrote to it are of several moments. What no service would tell by itself
 * refuses the start; an index that is torn answers with its damage until it is repaired, and keeps nothing else from it.
 */
async function refuseTorn(settings: Settings, log: Log): Promise<void> {
  const { data } = settings;
  log.warn("the folder is a copy of one that a house ran over; looking whether it is whole");
  const torn = await inspectData(settings, log, { deep: false }).then(
    (findings) => {
      for (const { part, problem } of findings)
        if (part === "index" || part === "journal") log.warn(problem, { advice: ADVICE });
      return findings.filter(({ remedy }) => remedy === "restore").map(({ problem }) => problem);
    },
    (error: unknown) => [error instanceof Fault ? error.message : "Its services do not start."],
  );
  const [first] = torn;
  if (first === undefined) return;
  const more = torn.length === 1 ? "" : ` (and ${torn.length - 1} more)`;
  throw new Fault(
    "conflict",
    `${data} is a copy of a folder that a house was running over, and it is torn: ${first}${more} ${ADVICE} What can be saved of this one says: lakehouse repair --data ${data}`,
  );
}

const ADVICE =
  "Make a copy of a running house with: lakehouse backup DEST -- and put it back with: lakehouse restore DEST.";

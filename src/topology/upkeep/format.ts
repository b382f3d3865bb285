// The format version of a data folder: `format.json` says how what is in it is laid out. A folder of a newer version is
// refused, since this program would read it wrongly and write to it worse. An older one is migrated, one step a version,
// after its small state was copied beside it; a folder from before there was a version is 0.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { copyDatabase } from "#adapters/state";
import { makeFolder, readIfThere, writeDurably } from "#lib/durable";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import { dataFiles, isDatabase } from "./data-files.ts";

/** From the version that is its place in the list to the next one. Each may be run again after a crash in its middle. */
const MIGRATIONS: readonly ((data: string) => Promise<void>)[] = [
  // 0 to 1: the version itself is what is new.
  () => Promise.resolve(),
];
export const FORMAT = MIGRATIONS.length;

const formatFile = z.strictObject({ format: z.int().min(1), checksum: z.string() });

/** What a folder has that is not new. */
const CONTENT = [
  "catalog.sqlite",
  "playbooks.sqlite",
  "objects",
  "vectors",
  "corpora",
  "taxonomy",
  "observer",
  "journal",
  "truth.sqlite",
];
/** What is larger follows from what is copied, or never changes. */
const SMALL_BYTES_MAX = 16 * 1024 * 1024;

function formatPath(data: string): string {
  return join(data, "format.json");
}

/** Where the small state of a folder is kept that was migrated. */
function copyFolder(data: string, from: number): string {
  return join(data, `before-format-${from + 1}`);
}

/**
 * Makes sure that this program may work on the folder, whose lock the caller holds. Throws `conflict` for one of a newer
 * version, and `internal` when format.json is damaged.
 */
export async function bringToFormat(data: string, log: Log): Promise<void> {
  const isNew = CONTENT.every((name) => !existsSync(join(data, name)));
  const found = (await readFormat(data)) ?? (isNew ? FORMAT : 0);
  if (found > FORMAT) {
    throw new Fault(
      "conflict",
      `${data} has format ${found}, and this version of Lakehouse knows none above ${FORMAT}. Start it with the version that wrote it, or a newer one.`,
    );
  }
  try {
    if (found < FORMAT) await migrate(data, found, log);
    if (found < FORMAT || isNew) await writeFormat(data);
  } catch (error) {
    // Reading needs no room, and format 0 is read as it is.
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    log.warn("the disk is full: the folder keeps its format for now", { format: found });
  }
}

async function migrate(data: string, from: number, log: Log): Promise<void> {
  const copy = copyFolder(data, from);
  if (!existsSync(copy)) await copySmallState(data, copy);
  for (const step of MIGRATIONS.slice(from)) await step(data);
  log.info("the data folder was migrated", { from, to: FORMAT });
}

/** There whole or not at all. */
async function copySmallState(data: string, copy: string): Promise<void> {
  const unfinished = `${copy}.partial`;
  await rm(unfinished, { recursive: true, force: true });
  for (const { path, size } of await dataFiles(data)) {
    if (path.startsWith("objects/") || path.startsWith("objects.") || size > SMALL_BYTES_MAX) continue;
    const to = join(unfinished, path);
    await makeFolder(dirname(to));
    if (isDatabase(path)) copyDatabase(join(data, path), to);
    else await copyFile(join(data, path), to);
  }
  await makeFolder(unfinished);
  await rename(unfinished, copy);
}

/** Undefined for a folder without a version. */
async function readFormat(data: string): Promise<number | undefined> {
  const text = await readIfThere(formatPath(data));
  if (text === undefined) return undefined;
  const format = parseFormat(text);
  if (format !== undefined) return format;
  throw new Fault(
    "internal",
    "format.json, which says how the data folder is laid out, is damaged. Restore it from a backup, or write it again with: lakehouse repair",
  );
}

function parseFormat(text: string): number | undefined {
  try {
    const { format } = formatFile.parse(JSON.parse(text));
    return text === printFormat(format) ? format : undefined;
  } catch {
    return undefined;
  }
}

export async function isFormatDamaged(data: string): Promise<boolean> {
  const text = await readIfThere(formatPath(data));
  return text !== undefined && parseFormat(text) === undefined;
}

/** As this program lays the folder out. */
export function writeFormat(data: string): Promise<void> {
  return writeDurably(formatPath(data), printFormat(FORMAT));
}

function printFormat(format: number): string {
  const checksum = createHash("sha256").update(`lakehouse format ${format}`).digest("hex");
  return `${JSON.stringify({ format, checksum })}\n`;
}

// What the object store says of the tables, without the catalog's database: a folder for each, and in it which version
// was made current last, or that the table was dropped. The database is compared with it at every start, and rebuilt
// from it when it is lost.

import { bytesOf } from "#adapters/objects/objects";
import type { storage } from "#contracts/storage";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { readText } from "./files.ts";
import { hintKey, tableOfFolder, WAREHOUSE } from "./place.ts";

export interface Folder {
  readonly name: string;
  readonly generation: number;
  /** Storage key prefix, ending in `/`. */
  readonly prefix: string;
}

export interface HintedFolder extends Folder {
  /** The version that was made current last, as far as the hint tells; it may be one commit behind, or be gone. */
  readonly hint: number | undefined;
  /** There was a hint, and it is damaged or lost: the table was made current, at a version that is not known. */
  readonly isHintDamaged: boolean;
}

/** So many folders are read at once. */
const LOOKS_MAX = 16;
const PAGE = 1000;

/** The folders of tables, in the order of their keys. Other folders are left out. */
export async function tableFolders(store: Service<typeof storage>): Promise<Folder[]> {
  const folders: Folder[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await store.list({
      prefix: WAREHOUSE,
      delimiter: "/",
      lost: true,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const prefix of page.prefixes) {
      const table = tableOfFolder(prefix.slice(WAREHOUSE.length, -1));
      if (table !== undefined) folders.push({ ...table, prefix });
    }
    cursor = page.next_cursor;
    if (cursor === undefined) return folders;
  }
}

export async function readHints(
  store: Service<typeof storage>,
  folders: readonly Folder[],
): Promise<HintedFolder[]> {
  const read: HintedFolder[] = [];
  for (let from = 0; from < folders.length; from += LOOKS_MAX) {
    const some = folders.slice(from, from + LOOKS_MAX).map(async (folder): Promise<HintedFolder> => {
      const text = await hintText(store, folder.prefix);
      const hint = text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
      return { ...folder, hint, isHintDamaged: hint === undefined && text !== "" };
    });
    read.push(...(await Promise.all(some)));
  }
  return read;
}

/** Empty when there is no hint, undefined when it cannot be read: it is for readers without a catalog, and here a second proof. */
async function hintText(store: Service<typeof storage>, prefix: string): Promise<string | undefined> {
  try {
    return (await readText(store, hintKey(prefix))) ?? "";
  } catch (error) {
    if (error instanceof Fault && error.code === "internal") return undefined;
    throw error;
  }
}

/** Stands in the folder of a table that was dropped and whose files were kept. */
function droppedKey(prefix: string): string {
  return `${prefix}metadata/dropped.json`;
}

export async function wasDropped(store: Service<typeof storage>, prefix: string): Promise<boolean> {
  return (await store.list({ prefix: droppedKey(prefix), lost: true, limit: 1 })).objects.length > 0;
}

/**
 * Makes a dropped table's folder one that no reader takes for a table: its metadata is kept in one file of another
 * name, and the hint and all `v{N}.metadata.json` go. May be repeated.
 */
export async function retire(
  store: Service<typeof storage>,
  prefix: string,
  metadata: string,
): Promise<void> {
  await store.put({ key: droppedKey(prefix), body: bytesOf(metadata) });
  await store.remove({ key: hintKey(prefix) });
  for (const version of await metadataVersions(store, prefix)) await store.remove({ key: version.key });
}

/** The metadata files of a folder, oldest version first; those that were lost too. */
export async function metadataVersions(
  store: Service<typeof storage>,
  prefix: string,
): Promise<{ version: number; key: string }[]> {
  const found: { version: number; key: string }[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await store.list({
      prefix: `${prefix}metadata/v`,
      lost: true,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { key } of page.objects) {
      const version = /\/v(\d+)\.metadata\.json$/.exec(key)?.[1];
      if (version !== undefined) found.push({ version: Number(version), key });
    }
    cursor = page.next_cursor;
    if (cursor === undefined) return found.toSorted((a, b) => a.version - b.version);
  }
}

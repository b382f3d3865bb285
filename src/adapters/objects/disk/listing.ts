// Lists objects of a folder in the order of their keys' bytes, page by page. The folder of checksums is walked beside
// the folder of objects, so that a lost object is a fault and not a silently shorter list.

import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#rpc/fault";
import type { Listing, ListOptions, ObjectHead } from "../objects.ts";

/** `headOf` returns undefined for an object that was removed meanwhile, and throws for one that is lost. */
export async function listFolder(
  root: string,
  checksumRoot: string,
  { prefix, delimiter, limit, cursor }: ListOptions,
  headOf: (key: string) => Promise<ObjectHead | undefined>,
): Promise<Listing> {
  const after = cursor === undefined ? "" : Buffer.from(cursor, "base64url").toString("utf8");
  const objects: ObjectHead[] = [];
  const prefixes: string[] = [];
  let last = "";
  for await (const key of keysFrom([root, checksumRoot], folderOf(prefix), prefix, after)) {
    if (!key.startsWith(prefix) || Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0) continue;
    const cut = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    const common = cut === -1 || delimiter === undefined ? undefined : key.slice(0, cut + delimiter.length);
    // A page that ended on a common prefix continues after everything below it.
    if (common !== undefined && (common === prefixes.at(-1) || (after !== "" && after.startsWith(common))))
      continue;
    if (objects.length + prefixes.length === limit) {
      return { objects, prefixes, cursor: Buffer.from(last).toString("base64url") };
    }
    last = common ?? key;
    if (common !== undefined) prefixes.push(common);
    else {
      const head = await headOf(key);
      if (head !== undefined) objects.push(head);
    }
  }
  return { objects, prefixes };
}

/** The folder that holds every key of the prefix; the root for one that could lead out of it. */
function folderOf(prefix: string): string {
  const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  const isKeyLike = folder
    .split("/")
    .slice(0, -1)
    .every((segment) => segment !== "" && segment !== "." && segment !== "..");
  return isKeyLike && !folder.includes("\0") ? folder : "";
}

/** Keys below a folder in the order of their bytes, skipping folders that cannot contain a match. */
async function* keysFrom(
  roots: readonly string[],
  folder: string,
  prefix: string,
  after: string,
): AsyncGenerator<string> {
  const entries = (await Promise.all(roots.map((root) => entriesOf(join(root, folder))))).flat();
  const found = entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => folder + entry.name + (entry.isDirectory() ? "/" : ""));
  const names = [...new Set(found)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    if (!name.endsWith("/")) {
      yield name;
      continue;
    }
    const beside = !name.startsWith(prefix) && !prefix.startsWith(name);
    const behind =
      !after.startsWith(name) && Buffer.compare(Buffer.from(`${name}\u{10ffff}`), Buffer.from(after)) < 0;
    if (!beside && !behind) yield* keysFrom(roots, name, prefix, after);
  }
}

/** A missing folder was emptied by a concurrent removal; any other error is thrown, never a shorter list. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new Fault("unavailable", "The disk failed to list objects. Try again.", { cause: error });
  }
}

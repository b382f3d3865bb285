// What was written down of files when they were read or written, against the files: source logs by what was read of them,
// exports by their manifests, quarantine by the newest receipts. Logs and quarantine only grow, so that of them the part
// counts that was there then.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { jsonOr } from "#lib/json-or";
import { readIfThere } from "#lib/durable";
import { namesOf } from "../export/export.ts";
import { digestOf } from "../files/digest.ts";
import { readSources } from "../materialize/source-state.ts";
import { entriesOf, EXPORTS_FOLDER, LINES_SUFFIX, QUARANTINE_FOLDER, SOURCES_FOLDER } from "../root.ts";
import { type FileDigest, type Manifest, manifest, type Receipt } from "../schemas/reports.ts";

/** Source logs that are not what was read of them. One that is gone is told by its rows. */
export async function changedSources(root: string): Promise<string[]> {
  const read = Object.entries((await readSources(root)).sources);
  const files = read.map(([name, { sha256, bytes }]) => ({
    path: `${SOURCES_FOLDER}/${name}${LINES_SUFFIX}`,
    sha256,
    bytes,
  }));
  return changed(
    root,
    files.filter(({ path }) => existsSync(join(root, path))),
    "grows",
  );
}

/** Quarantine that lost or changed what a receipt has seen of it. */
export async function changedQuarantine(
  root: string,
  receipts: ReadonlyMap<string, Receipt>,
): Promise<string[]> {
  const seen = [...receipts.values()].flatMap(({ outputs }) => outputs);
  return changed(
    root,
    seen.filter(({ path }) => path.startsWith(`${QUARANTINE_FOLDER}/`)),
    "grows",
  );
}

const PARENTS = ["sft", "preference", "rag"];

/** Exports, of earlier runs too, that are not what their manifests say. A folder without a manifest is another program's. */
export async function changedExports(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const parent of PARENTS) {
    for (const { name } of await entriesOf(join(root, EXPORTS_FOLDER, parent))) {
      const folder = `${EXPORTS_FOLDER}/${parent}/${name}`;
      const text = name.startsWith(".") ? undefined : await manifestText(join(root, folder));
      if (text === undefined) continue;
      const read = manifest.safeParse(jsonOr(text));
      if (!read.success || !namesOf(read.data).includes(name) || !addsUp(read.data))
        found.push(`${folder}/manifest.json`);
      else found.push(...(await changed(join(root, folder), read.data.files, "stays", `${folder}/`)));
    }
  }
  return found;
}

function manifestText(folder: string): Promise<string | undefined> {
  const path = join(folder, "manifest.json");
  return existsSync(path) ? readIfThere(path) : Promise.resolve(undefined);
}

function addsUp({ rows, left_out: reasons }: Manifest): boolean {
  const { in: rowsIn = 0, train = 0, holdout = 0, duplicates = 0, left_out: leftOut = 0 } = rows;
  const sum = Object.values(reasons).reduce((all, count) => all + count, 0);
  return rowsIn === train + holdout + duplicates + leftOut && sum === leftOut;
}

/** Paths of files that do not begin with what was written down of them, or, where they do not grow, are more than that. */
async function changed(
  root: string,
  files: readonly FileDigest[],
  how: "grows" | "stays",
  shownBelow = "",
): Promise<string[]> {
  const found: string[] = [];
  for (const { path, sha256, bytes } of files) {
    const isThere = existsSync(join(root, path));
    const now = isThere ? await digestOf(root, path, how === "grows" ? bytes : Infinity) : undefined;
    if (now?.sha256 !== sha256 || now.bytes !== bytes) found.push(`${shownBelow}${path}`);
  }
  return found;
}

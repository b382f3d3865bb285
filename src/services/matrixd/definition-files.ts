// The definitions of corpora, and lists of places, on disk. They follow from nothing else, so each is kept twice, in two folders,
// each file with its own checksum: one that is damaged or lost, or its whole folder, is made again from the other, and only
// where both are damaged is what they define. Of changes of one definition the one that was asked for last stands. Each write
// counts: of two files that verify and differ, after a crash between them or when one is an older one put back, the newer holds.

import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { saveSmallFile } from "#adapters/small-file";
import { witnessPath } from "#adapters/witness";
import { isThere, readIfThere, syncFolder } from "#lib/durable";
import { jsonOr } from "#lib/json-or";
import { Turns } from "#lib/turns";

/** What is defined: the end of the files' names. */
export type DefinitionKind = "corpus" | "places";

function suffixOf(kind: DefinitionKind): string {
  return `.${kind}.json`;
}

const changes = new Turns();

export interface StoredDefinition {
  readonly name: string;
  /** Undefined when no file of it verifies. */
  readonly content: Readonly<Record<string, unknown>> | undefined;
  /** Every file of it verifies and says the same. */
  readonly isWhole: boolean;
}

export async function readDefinitions(
  folder: string,
  kind: DefinitionKind = "corpus",
): Promise<StoredDefinition[]> {
  const suffix = suffixOf(kind);
  const files = await Promise.all([folder, witnessPath(folder)].map(listIfThere));
  const definitions = files.flat().filter((file) => file.endsWith(suffix));
  const names = new Set(definitions.map((file) => file.slice(0, -suffix.length)));
  return Promise.all([...names].sort().map((name) => readDefinition(folder, name, kind)));
}

async function readDefinition(folder: string, name: string, kind: DefinitionKind): Promise<StoredDefinition> {
  const texts = await Promise.all(pathsOf(folder, name, kind).map(readIfThere));
  const newest = newestOf(texts);
  return {
    name,
    content: newest?.content,
    isWhole: newest !== undefined && texts.every((text) => text === printed(newest)),
  };
}

function newestOf(texts: readonly (string | undefined)[]): Printed | undefined {
  const found = texts.flatMap((text) => (text === undefined ? [] : verified(text)));
  const proven = found.filter(({ hasChecksum }) => hasChecksum);
  return proven.toSorted((a, b) => b.revision - a.revision)[0] ?? found[0];
}

export function saveDefinition(
  folder: string,
  name: string,
  content: Readonly<Record<string, unknown>>,
  kind: DefinitionKind = "corpus",
): Promise<void> {
  const paths = pathsOf(folder, name, kind);
  return changes.take(paths.join(), async () => {
    const before = newestOf(await Promise.all(paths.map(readIfThere)));
    const text = printed({ content, revision: (before?.revision ?? 0) + 1 });
    for (const path of paths) await saveSmallFile(path, text);
  });
}

/** The first place last: a crash in between leaves the corpus as it was. */
export function removeDefinition(
  folder: string,
  name: string,
  kind: DefinitionKind = "corpus",
): Promise<void> {
  const paths = pathsOf(folder, name, kind);
  return changes.take(paths.join(), async () => {
    for (const path of paths.toReversed()) {
      if (!(await isThere(path))) continue;
      await rm(path);
      await syncFolder(dirname(path));
    }
  });
}

function pathsOf(folder: string, name: string, kind: DefinitionKind): string[] {
  return [folder, witnessPath(folder)].map((place) => join(place, name + suffixOf(kind)));
}

async function listIfThere(folder: string): Promise<string[]> {
  return (await isThere(folder)) ? readdir(folder) : [];
}

interface Printed {
  readonly content: Readonly<Record<string, unknown>>;
  /** Counts the writes of the definition; 0 in files of a version that did not count. */
  readonly revision: number;
}

function printed({ content, revision }: Printed): string {
  const whole = revision === 0 ? content : { ...content, revision };
  const checksum = createHash("sha256").update(JSON.stringify(whole)).digest("hex");
  return JSON.stringify({ ...whole, checksum });
}

/** None when it is damaged. Without a checksum it is of a version that kept none, and counts where nothing better is. */
function verified(text: string): (Printed & { readonly hasChecksum: boolean })[] {
  const parsed = jsonOr(text);
  if (typeof parsed !== "object" || parsed === null) return [];
  const { checksum, revision = 0, ...content } = parsed as Record<string, unknown>;
  const found = { content, revision: Number(revision) };
  const hasChecksum = checksum !== undefined;
  return !hasChecksum || printed(found) === text ? [{ ...found, hasChecksum }] : [];
}

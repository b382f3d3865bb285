// The definitions of corpora, and lists of places, on disk. They follow from nothing else, so each is kept twice, in two folders,
// each file with its own checksum: one that is damaged or lost, or its whole folder, is made again from the other, and only
// where both are damaged is what they define. Of changes of one definition the one that was asked for last stands.

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
  const found = texts.flatMap((text) => (text === undefined ? [] : verified(text)));
  const content = (found.find(({ hasChecksum }) => hasChecksum) ?? found[0])?.content;
  return {
    name,
    content,
    isWhole: content !== undefined && texts.every((text) => text === printed(content)),
  };
}

export function saveDefinition(
  folder: string,
  name: string,
  content: Readonly<Record<string, unknown>>,
  kind: DefinitionKind = "corpus",
): Promise<void> {
  const paths = pathsOf(folder, name, kind);
  const text = printed(content);
  return changes.take(paths.join(), async () => {
    for (const path of paths) await saveSmallFile(path, text);
  });
}

/** The one that counts last: a crash in between leaves the corpus as it was. */
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

/** The first is the one that counts where a crash fell between the two. */
function pathsOf(folder: string, name: string, kind: DefinitionKind): string[] {
  return [folder, witnessPath(folder)].map((place) => join(place, name + suffixOf(kind)));
}

async function listIfThere(folder: string): Promise<string[]> {
  return (await isThere(folder)) ? readdir(folder) : [];
}

function printed(content: Readonly<Record<string, unknown>>): string {
  const checksum = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  return JSON.stringify({ ...content, checksum });
}

/** None when it is damaged. Without a checksum it is of a version that kept none, and counts where nothing better is. */
function verified(text: string): { content: Record<string, unknown>; hasChecksum: boolean }[] {
  const parsed = jsonOr(text);
  if (typeof parsed !== "object" || parsed === null) return [];
  const { checksum, ...content } = parsed as Record<string, unknown>;
  const hasChecksum = checksum !== undefined;
  return !hasChecksum || printed(content) === text ? [{ content, hasChecksum }] : [];
}

// Reads the titles that the rows of a dataset have, the most frequent first, and what the taxonomy makes of each, before
// the rows themselves are read. A column whose values are hardly ever titles of jobs, such as the titles of papers,
// gives an empty table: its corpus is searched by words and vectors alone.

import type { CallInit } from "#rpc/call";
import { SURE_MIN, type Title } from "../query/title.ts";
import { titleKey, TITLES_MAX, type TitleTable } from "./titles.ts";
import type { Understanding } from "../query/understand.ts";

/** One way of writing a title and how many rows have it. */
export interface Spelling {
  readonly text: string;
  readonly rows: number;
}

/** Of the rows with a title, those whose title the taxonomy knows word for word; below it the column is no roles. */
const KNOWN_SHARE_MIN = 0.1;

/** Titles that are embedded in one go: a few milliseconds before others get their turn. */
const BATCH_TITLES = 64;

export async function readTitleTable(
  spellings: readonly Spelling[],
  /** Titles as an earlier build read them, with the same model and the same taxonomy. */
  before: TitleTable | undefined,
  { understanding, model }: { readonly understanding: Understanding; readonly model: string },
  call: CallInit,
): Promise<TitleTable> {
  const texts = new Map<string, string>();
  let rows = 0;
  let known = 0;
  for (const { text, rows: count } of spellings) {
    const key = titleKey(text);
    if (key === "") continue;
    rows += count;
    if (understanding.readTitle(text).confidence >= SURE_MIN) known += count;
    if (!texts.has(key) && texts.size < TITLES_MAX) texts.set(key, text);
  }
  if (known < rows * KNOWN_SHARE_MIN || rows === 0) return { all: [], vectors: new Float32Array() };
  const read = fromBefore(before);
  const missing = [...texts].filter(([key]) => !read.has(key));
  for (let at = 0; at < missing.length; at += BATCH_TITLES) {
    const batch = missing.slice(at, at + BATCH_TITLES);
    const titles = await understanding.readTitles(
      batch.map(([, text]) => text),
      model,
      call,
    );
    for (const [i, [key]] of batch.entries()) {
      const title = titles[i];
      if (title !== undefined) read.set(key, title);
    }
  }
  const found = [...texts.keys()].flatMap((key) => read.get(key) ?? []);
  const dimension = found[0]?.vector.length ?? 0;
  const vectors = new Float32Array(found.length * dimension);
  for (const [title, { vector }] of found.entries()) vectors.set(vector, title * dimension);
  return { all: found.map(({ title }) => title), vectors };
}

function fromBefore(before: TitleTable | undefined): Map<string, { title: Title; vector: Float32Array }> {
  const read = new Map<string, { title: Title; vector: Float32Array }>();
  if (before === undefined) return read;
  const dimension = before.vectors.length / before.all.length;
  for (const [at, title] of before.all.entries()) {
    const vector = before.vectors.subarray(at * dimension, (at + 1) * dimension);
    read.set(titleKey(title.text), { title, vector });
  }
  return read;
}

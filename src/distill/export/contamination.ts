// Overlap of a training file with what it must not have seen: n-grams of words that stand on both sides. Not counted are
// system messages, and templates: n-grams that stand in at least half of one side's rows.

import { gramsOf, wordsOf } from "./words.ts";

export const GRAM_SIZES = [8, 13] as const;
export type GramSize = (typeof GRAM_SIZES)[number];

/** The texts of one row, without system messages; an n-gram never spans two of them. */
export type RowTexts = readonly string[];

export interface Overlap {
  /** Distinct n-grams on both sides. */
  readonly grams: number;
  readonly templates: number;
  /** Rows of the training side with one of them. */
  readonly rows: ReadonlySet<number>;
}

export function overlapOf(train: readonly RowTexts[], holdout: readonly RowTexts[], n: GramSize): Overlap {
  const trainGrams = train.map((texts) => rowGrams(texts, n));
  const holdoutGrams = holdout.map((texts) => rowGrams(texts, n));
  const [inTrain, inHoldout] = [countsOf(trainGrams), countsOf(holdoutGrams)];
  const shared = new Set<number>();
  let templates = 0;
  for (const [gram, held] of inHoldout) {
    const trained = inTrain.get(gram);
    if (trained === undefined) continue;
    if (trained * 2 >= train.length || held * 2 >= holdout.length) templates += 1;
    else shared.add(gram);
  }
  const rows = new Set<number>();
  for (const [at, grams] of trainGrams.entries()) {
    for (const gram of grams) {
      if (!shared.has(gram)) continue;
      rows.add(at);
      break;
    }
  }
  return { grams: shared.size, templates, rows };
}

function rowGrams(texts: RowTexts, n: GramSize): Set<number> {
  const grams = new Set<number>();
  for (const text of texts) for (const gram of gramsOf(wordsOf(text), n)) grams.add(gram);
  return grams;
}

function countsOf(rows: readonly ReadonlySet<number>[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const grams of rows) for (const gram of grams) counts.set(gram, (counts.get(gram) ?? 0) + 1);
  return counts;
}

/**
 * The training rows that may stay: those that overlap are taken out until none is left. Taking rows out makes the side
 * smaller, and what was a template of it may be one no longer, so it is counted again.
 */
export function decontaminated(
  train: readonly RowTexts[],
  others: readonly (readonly RowTexts[])[],
): { readonly kept: number[]; readonly removed: { readonly at: number; readonly size: GramSize }[] } {
  let kept = train.map((_, at) => at);
  const removed: { at: number; size: GramSize }[] = [];
  for (;;) {
    const before = kept.length;
    for (const other of others) {
      for (const size of GRAM_SIZES) {
        const texts = kept.map((at) => train[at] ?? []);
        const { rows } = overlapOf(texts, other, size);
        if (rows.size === 0) continue;
        for (const row of rows) removed.push({ at: kept[row] ?? 0, size });
        kept = kept.filter((_, row) => !rows.has(row));
      }
    }
    // Each round but the last takes rows out, so there is a last one.
    if (kept.length === before) return { kept, removed };
  }
}

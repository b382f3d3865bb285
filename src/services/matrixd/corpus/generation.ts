// One finished build of a corpus: an index in vectord, and in memory the words of its texts, what ranking knows of its
// rows, and the titles they have; all made from one snapshot of one dataset. A corpus swaps from one generation to
// the next as a whole.

import type { SnapshotId } from "#contracts/shapes";
import type { Meanings } from "#contracts/matrix";
import type { FieldKind } from "#contracts/vector";
import { type Bm25, bm25 } from "#domain/lexical/bm25";
import {
  type Facts,
  locate,
  type Located,
  NONE,
  type OccupationRows,
  rowsByOccupation,
} from "./row-facts.ts";
import { type OwnTitles, ownTitles, type TitleTable } from "./titles.ts";
import { termsOf } from "#domain/lexical/terms";

export interface Generation extends GenerationParts, RankedRows {
  /** Row numbers by id. */
  readonly rows: ReadonlyMap<string, number>;
  /** The words of a question that the row's text has too, as they were asked. */
  termsOf(id: string, question: string): string[];
}

/** The rows of a corpus as ranking knows them. */
export interface RankedRows {
  /** Ids by row number. */
  readonly ids: readonly string[];
  readonly words: Bm25;
  readonly facts: Facts;
  /** Undefined for a corpus whose rows have no titles of jobs. */
  readonly titles: OwnTitles | undefined;
  readonly located: Located;
  /** The number of an occupation, NONE when no row has it. */
  occupation(soc: string): number;
  readonly occupationRows: OccupationRows;
}

export interface GenerationParts extends Pick<RankedRows, "ids" | "words" | "facts"> {
  readonly corpus: string;
  readonly dataset: string;
  readonly snapshotId: SnapshotId;
  /** vectord's name for the index. */
  readonly index: string;
  readonly model: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
  readonly meanings: Meanings;
  /** Names of people by row, "" where none is known; empty without a column of names. */
  readonly names: readonly string[];
  /** Occupations were read from a column of codes. */
  readonly coded: boolean;
  /** The taxonomy that its titles were read with. */
  readonly taxonomy: string;
  readonly table: TitleTable;
}

export function newGeneration(parts: GenerationParts): Generation {
  const { ids, words, facts, table, coded } = parts;
  const rows = new Map(ids.map((id, row) => [id, row]));
  const occupations = new Map(facts.socs.map((soc, number) => [soc, number]));
  return {
    ...parts,
    rows,
    titles: table.all.length === 0 ? undefined : ownTitles(table, facts, coded),
    located: locate(facts),
    occupationRows: rowsByOccupation(facts),
    occupation: (soc) => occupations.get(soc) ?? NONE,
    termsOf: (id, question) => {
      const row = rows.get(id);
      if (row === undefined) return [];
      const matched = new Set(words.explain(question, row).map(({ term }) => term));
      const asked = question.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
      return [...new Set(asked.filter((word) => matched.has(termsOf(word)[0] ?? word)))];
    },
  };
}

/** An empty index of words: one text a row. */
export function emptyWords(): Bm25 {
  return bm25();
}

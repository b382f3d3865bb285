// One finished build of a corpus: an index in vectord, and in memory the words of its texts, what ranking knows of its
// rows, and the titles they have; all made from one snapshot of one dataset. A corpus swaps from one generation to
// the next as a whole.

import type { SnapshotId } from "#contracts/shapes";
import { LRUCache } from "lru-cache";
import type { FieldKind } from "#contracts/vector";
import { type Bm25, bm25 } from "../lexical/bm25.ts";
import { locate, NONE, rowsByOccupation } from "./row-facts.ts";
import { type Asked, type RankedRows, type Reading, readQuestion } from "../rank/relevance.ts";
import { ownTitles, type TitleTable } from "./titles.ts";
import type { Understood } from "../query/understand.ts";
import { termsOf } from "../lexical/terms.ts";

export interface Generation extends GenerationParts, RankedRows {
  /** Row numbers by id. */
  readonly rows: ReadonlyMap<string, number>;
  /** How this corpus reads a question; the same question is read once. */
  read(question: AskedQuestion): Reading;
  /** The words of a question that the row's text has too, as they were asked. */
  termsOf(id: string, question: string): string[];
}

interface AskedQuestion extends Asked {
  readonly understood: Understood;
  readonly role: string | undefined;
}

export interface GenerationParts extends Pick<RankedRows, "ids" | "words" | "facts"> {
  readonly corpus: string;
  readonly dataset: string;
  readonly snapshotId: SnapshotId;
  /** vectord's name for the index. */
  readonly index: string;
  readonly model: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
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
  const readings = new LRUCache<string, Reading>({ max: QUESTIONS_KEPT_MAX, ttl: READ_KEPT_MS });
  const generation: Generation = {
    ...parts,
    rows,
    titles: table.all.length === 0 ? undefined : ownTitles(table, facts, coded),
    located: locate(facts),
    occupationRows: rowsByOccupation(facts),
    occupation: (soc) => occupations.get(soc) ?? NONE,
    read: ({ understood, text, role, mode, rows: wanted }) => {
      const key = `${mode} ${wanted} ${role ?? ""}\n${text}`;
      const before = readings.get(key);
      if (before !== undefined) return before;
      const reading = readQuestion(generation, understood, { text, mode, rows: wanted });
      readings.set(key, reading);
      return reading;
    },
    termsOf: (id, question) => {
      const row = rows.get(id);
      if (row === undefined) return [];
      const matched = new Set(words.explain(question, row).map(({ term }) => term));
      const asked = question.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
      return [...new Set(asked.filter((word) => matched.has(termsOf(word)[0] ?? word)))];
    },
  };
  return generation;
}

/** Numbers for some thousand titles and some dozen rows each: about 10 MB in all. */
const QUESTIONS_KEPT_MAX = 500;
/** As long as what was understood of the question is kept. */
const READ_KEPT_MS = 60_000;

/** An empty index of words: one text a row. */
export function emptyWords(): Bm25 {
  return bm25({ fields: [{ name: "text", weight: 1 }] });
}

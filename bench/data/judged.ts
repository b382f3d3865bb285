// Real orders as documents, orders as coordinators type them as questions, and which document is how good an answer
// to which: files that may stand beside the checkout. And the measure that is taken with them.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface JudgedDocument {
  readonly id: string;
  readonly title: string;
  /** Occupation code. */
  readonly soc: string;
  readonly city: string;
  readonly state: string;
  readonly lat: number;
  readonly lon: number;
  readonly text: string;
}

interface JudgedQuery {
  readonly id: string;
  readonly text: string;
  /** Its title is written so in no document of its occupation. */
  readonly hard: boolean;
}

export interface Judged {
  readonly documents: readonly JudgedDocument[];
  readonly queries: readonly JudgedQuery[];
  /** By query, the grade of each document that answers it: 3 the occupation within 50 miles, 2 in the state, 1. */
  readonly grades: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

const folder = join(import.meta.dir, "../../../shared/data");

/** Null where the files are not there. */
export function readJudged(): Judged | null {
  const [documents, queries, judgements] = [
    "retrieval_docs.jsonl",
    "retrieval_queries_dev.jsonl",
    "retrieval_qrels_dev.csv",
  ].map((name) => join(folder, name)) as [string, string, string];
  if (![documents, queries, judgements].every((path) => existsSync(path))) return null;
  const lines = (path: string): string[] => readFileSync(path, "utf8").trimEnd().split("\n");
  const grades = new Map<string, Map<string, number>>();
  for (const line of lines(judgements).slice(1)) {
    const [query = "", document = "", grade = ""] = line.split(",");
    const own = grades.get(query) ?? new Map<string, number>();
    grades.set(query, own.set(document, Number(grade)));
  }
  return {
    documents: lines(documents).map((line) => JSON.parse(line) as JudgedDocument),
    queries: lines(queries).map((line) => JSON.parse(line) as JudgedQuery),
    grades,
  };
}

/** Answers that count. */
export const DEPTH = 10;

/**
 * Normalised discounted cumulated gain of the first ten answers (Jarvelin and Kekalainen, TOIS 2002; gain 2^grade - 1):
 * 1 for the best ten in the best order, 0 for none that fits and for a question that no document answers.
 */
export function ndcg(ids: readonly string[], grades: ReadonlyMap<string, number> | undefined): number {
  if (grades === undefined) return 0;
  const gain = (grade: number, rank: number): number => (2 ** grade - 1) / Math.log2(rank + 2);
  const ideal = [...grades.values()].sort((a, b) => b - a).slice(0, DEPTH);
  const best = ideal.reduce((sum, grade, rank) => sum + gain(grade, rank), 0);
  const got = ids.slice(0, DEPTH).reduce((sum, id, rank) => sum + gain(grades.get(id) ?? 0, rank), 0);
  return best === 0 ? 0 : got / best;
}

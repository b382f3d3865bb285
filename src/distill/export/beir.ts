// The BEIR triple of a root's searches and outcomes: `corpus.jsonl`, `queries.jsonl`, `qrels/train.tsv`, `qrels/test.tsv`
// (header `query-id corpus-id score`). Judgements are outcomes: 2 worked out, 1 in part, 0 did not. Queries of the hold-out
// are the test set.

import { sha256Hex } from "../files/digest.ts";
import { personalData } from "#domain/redact";
import { neverExported } from "../score/sft-never.ts";
import type { ScoredEvidence } from "./scored-evidence.ts";

export interface BeirFiles {
  readonly corpus: string;
  readonly queries: string;
  readonly train: string;
  readonly test: string;
}

const HEADER = "query-id\tcorpus-id\tscore\n";

export function beirOf(
  sources: readonly ScoredEvidence[],
  isHeldOut: (source: ScoredEvidence) => boolean,
): BeirFiles {
  const documents = new Map<string, { title: string; text: string }>();
  const queries = new Map<string, string>();
  const judgements = { train: new Map<string, number>(), test: new Map<string, number>() };
  for (const source of sources) {
    const { evidence, scored } = source;
    const query = evidence.input.messages?.find(({ role }) => role === "user")?.content;
    if (query === undefined || scored === undefined) continue;
    for (const { id, title, text, score } of evidence.output.ranking ?? []) {
      if (/[\t\r\n]/.test(id)) continue;
      if (neverExported(evidence, [query, title, text]) !== undefined || personalData(id).length > 0)
        continue;
      const known = documents.get(id);
      // The longest text of a document, whatever order the rows came in.
      if (known === undefined || known.title + known.text < title + text) documents.set(id, { title, text });
      if (score === null) continue;
      const queryId = sha256Hex(query).slice(0, 16);
      queries.set(queryId, query);
      const side = isHeldOut(source) ? judgements.test : judgements.train;
      const grade = scored.category === "rejected" ? 0 : score >= 0.8 ? 2 : score >= 0.5 ? 1 : 0;
      const key = `${queryId}\t${id}`;
      side.set(key, Math.max(side.get(key) ?? 0, grade));
    }
  }
  // A query that is asked on both sides is a test.
  const tested = new Set([...judgements.test.keys()].map((key) => key.split("\t")[0]));
  for (const [key, grade] of judgements.train) {
    if (!tested.has(key.split("\t")[0])) continue;
    judgements.train.delete(key);
    judgements.test.set(key, Math.max(judgements.test.get(key) ?? 0, grade));
  }
  const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = (side: ReadonlyMap<string, number>): string =>
    HEADER +
    sorted(side)
      .map(([key, grade]) => `${key}\t${grade}\n`)
      .join("");
  return {
    corpus: sorted(documents)
      .map(([id, { title, text }]) => `${JSON.stringify({ _id: id, title, text })}\n`)
      .join(""),
    queries: sorted(queries)
      .map(([id, text]) => `${JSON.stringify({ _id: id, text })}\n`)
      .join(""),
    train: lines(judgements.train),
    test: lines(judgements.test),
  };
}

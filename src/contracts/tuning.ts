// Operations of matrixd on the weights of a corpus's ranking: learnt from judged queries, kept in versions, so that a
// past ranking can be replayed with the weights of its time.

import { z } from "zod";
import { op } from "#rpc/contract";
import { plainName, timestamp } from "./shapes.ts";

/** Judgements of one request: the first thousand queries with some hundred each. */
export const JUDGEMENTS_MAX = 200_000;

/** What each part of the ranking weighs. */
export const weights = z.strictObject({
  title: z.number().min(0).max(100).describe("How near the row's own title is, among what its words say"),
  lexical: z.number().min(0).max(100).describe("BM25 of the row's text, among what its words say"),
  dense: z.number().min(0).max(100).describe("Cosine of the row's text, among what its words say"),
  words: z.number().min(0).max(1).describe("How far its words decide between rows of one occupation"),
  words_alone: z.number().min(0).max(1).describe("What its words are worth without the occupation"),
  role_power: z.number().min(0.1).max(8).describe("The power of the probability of the row's occupation"),
  rarity: z
    .number()
    .min(0)
    .max(1)
    .describe(
      "How far an occupation that has few rows to show goes before one that has many; 1 is what expected nDCG asks for",
    ),
  state: z.number().min(0).max(1).describe("Of a row nearby, what one in the same state is worth"),
  elsewhere: z.number().min(0).max(1).describe("Of a row nearby, what one in another state is worth"),
});
export type Weights = z.infer<typeof weights>;

const judgement = z.strictObject({
  query_text: z.string().min(1).max(4000),
  id: z.string().min(1).describe("The id of a row"),
  grade: z.number().min(0).max(10).describe("0 for a row that does not answer; gain is 2^grade - 1"),
});

export const weightsVersion = z.object({
  version: z.int(),
  since: timestamp,
  weights,
  /** Mean nDCG@10 of the judged queries, each measured with weights learnt from the others; absent when set by hand. */
  ndcg: z.number().optional(),
  queries: z.int().optional(),
});
export type WeightsVersion = z.infer<typeof weightsVersion>;

export const tuningOperations = {
  tuneCorpus: op({
    method: "POST",
    path: "/v1/matrix/corpora/{corpus}/tune",
    summary: "Learn the weights of a corpus's ranking from judged queries",
    description:
      "What is told is measured by cross-validation: each query is ranked with weights that were learnt without it. Weights are kept only when they rank the judged queries better than those in use, and `apply` is not false.",
    input: z.strictObject({
      corpus: plainName,
      judgements: z.array(judgement).min(1).max(JUDGEMENTS_MAX),
      apply: z.boolean().default(true),
    }),
    bodyBytesMax: 32 * 1024 * 1024,
    timeoutMs: 600_000,
    output: z.object({
      applied: z.boolean(),
      queries: z.int().describe("Judged queries that some row of the corpus answers"),
      before: z.object({ weights, ndcg: z.number() }),
      after: z.object({ weights, ndcg: z.number() }),
      version: z.int().optional(),
    }),
    errors: ["not_found", "upstream"],
    scope: "write",
  }),
  corpusWeights: op({
    method: "GET",
    path: "/v1/matrix/corpora/{corpus}/weights",
    summary: "The weights of a corpus's ranking, all versions, the newest first",
    input: z.strictObject({ corpus: plainName }),
    output: z.object({ weights, versions: z.array(weightsVersion) }),
    errors: ["not_found"],
    scope: "read",
  }),
  setWeights: op({
    method: "PUT",
    path: "/v1/matrix/corpora/{corpus}/weights",
    summary: "Set the weights of a corpus's ranking, as a new version; without weights, those that ship",
    input: z.strictObject({ corpus: plainName, weights: weights.optional() }),
    output: weightsVersion,
    errors: ["not_found", "unavailable"],
    scope: "write",
  }),
};

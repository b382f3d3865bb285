// Tools about people: whom a search finds, who somebody is, what an order says, why somebody is where they are.

import { z } from "zod";
import { hit, orderRead } from "../shapes.ts";
import { READS, tool } from "../tool.ts";
import { workerOf } from "../worker.ts";

const corpora = z
  .array(z.string())
  .min(1)
  .max(32)
  .optional()
  .describe("Which corpora; all of people unless given");
const text = z.string().min(1).max(4000);

export const searchWorkers = tool({
  name: "search_workers",
  title: "Search workers",
  description:
    "Find people who fit a shift order, best first. Pass the order as it was written (role, place, time, certificates): it is read by the house. Hits say why they match.",
  scope: "read",
  effects: READS,
  input: z.strictObject({
    query: text.describe("The order or a description of who is needed"),
    corpora,
    k: z.int().min(1).max(50).default(10),
    filter: z.record(z.string(), z.unknown()).optional().describe('As {"status":"active"}'),
  }),
  output: z.object({
    read_as: orderRead,
    hits: z.array(hit),
    no_match: z.string().optional(),
    degraded: z.boolean(),
  }),
  run: async ({ matrixd }, { query, corpora: among, k, filter }, { call }) => {
    const found = await matrixd.search(
      {
        query_text: query,
        k,
        explain: true,
        ...(among === undefined ? {} : { corpora: among }),
        ...(filter === undefined ? {} : { filter }),
      },
      call,
    );
    return {
      read_as: { ...found.query, role: found.query.role.role, confidence: found.query.role.confidence },
      hits: found.hits.map(({ id, corpus, rank, score, miles, metadata, explain, cite }) => ({
        id,
        corpus,
        rank,
        score,
        cite,
        metadata,
        why: explain?.why ?? "",
        ...(miles === undefined ? {} : { miles }),
      })),
      degraded: found.degraded,
      ...(found.no_match === undefined ? {} : { no_match: found.no_match }),
    };
  },
});

export const getWorker = tool({
  name: "get_worker",
  title: "Get a worker",
  description: "Read everything that a roster has about one person, by id.",
  scope: "read",
  effects: READS,
  input: z.strictObject({
    worker_id: z.string().min(1).max(500),
    corpus: z.string().optional().describe("The corpus of people; the first unless given"),
  }),
  output: z.object({ worker_id: z.string(), dataset: z.string(), row: z.record(z.string(), z.unknown()) }),
  run: (house, { worker_id, corpus }, { call }) => workerOf(house, worker_id, corpus, call),
});

export const parseOrder = tool({
  name: "parse_order",
  title: "Parse an order",
  description:
    "Read an order, in English or Spanish, without searching: role, headcount, place, time, pay, certificates, and the words that were not understood.",
  scope: "read",
  effects: READS,
  input: z.strictObject({ text, now: z.iso.datetime({ offset: true }).optional() }),
  output: z.object({ read_as: orderRead }),
  run: async ({ matrixd }, input, { call }) => ({ read_as: await matrixd.role(input, call) }),
});

export const explainMatch = tool({
  name: "explain_match",
  title: "Explain a match",
  description: "Say why a person is, or is not, among the hits for an order.",
  scope: "read",
  effects: READS,
  input: z.strictObject({ query: text, worker_id: z.string().min(1).max(512), corpora }),
  output: z.object({
    why: z.record(z.string(), z.unknown()),
    hit: hit.optional(),
  }),
  run: async ({ matrixd }, { query, worker_id, corpora: among }, { call }) => {
    const { why_not, hits } = await matrixd.search(
      {
        query_text: query,
        k: 10,
        explain: { id: worker_id },
        ...(among === undefined ? {} : { corpora: among }),
      },
      call,
    );
    const found = hits.find(({ id }) => id === worker_id);
    return {
      why: why_not ?? { id: worker_id, reason: found === undefined ? "not_in_corpus" : "is_hit" },
      ...(found === undefined ? {} : { hit: { ...found, why: found.explain?.why ?? "" } }),
    };
  },
});

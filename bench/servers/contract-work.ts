// The work that the contract machine and bare code are both given: a search as small as they come, so that
// what surrounds it shows. A 99-byte question with defaults and limits to check, a 168-byte answer.

import { z } from "zod";
import { op } from "#rpc/contract";

export const question = z.strictObject({
  query: z.string().min(1).max(4000),
  corpus: z.string().min(1).max(100).default("workers"),
  k: z.int().min(1).max(1000).default(10),
  max_distance: z.number().min(0).max(2).default(0.5),
});

const answer = z.object({
  hits: z.array(z.object({ id: z.string(), rank: z.int(), distance: z.number() })),
  corpus: z.string(),
  took_ms: z.number(),
});

export const search = {
  search: op({
    method: "POST",
    path: "/v1/search",
    summary: "Find the nearest workers",
    input: question,
    output: answer,
    errors: ["invalid"],
    scope: "read",
  }),
};

export const QUESTION: z.input<typeof question> = {
  query: "three forklift operators for the night shift in Dallas, Texas",
  corpus: "workers",
  k: 10,
};

export function find({ corpus, k, max_distance }: z.output<typeof question>): z.output<typeof answer> {
  return {
    hits: [
      { id: "w-1041", rank: 0, distance: max_distance / 4 },
      { id: "w-77102", rank: 1, distance: max_distance / 2 },
      { id: `w-${4110 + k}`, rank: 2, distance: max_distance },
    ],
    corpus,
    took_ms: 0.25,
  };
}

// embedd: texts to vectors, cached.

import { z } from "zod";
import { op } from "#rpc/contract";
import { vectorText } from "./shapes.ts";

/** One request; more is sent as several. */
export const TEXTS_MAX = 512;
/** About 8,000 tokens: past what any embedding model reads. */
export const TEXT_CHARS_MAX = 32_768;

export const embed = {
  embed: op({
    method: "POST",
    path: "/v1/embed",
    summary: "Embed texts",
    description: "Vectors come in the order of the texts and have unit length.",
    input: z.strictObject({
      texts: z.array(z.string().max(TEXT_CHARS_MAX)).min(1).max(TEXTS_MAX),
      model: z.string().max(200).optional(),
      input: z
        .enum(["query", "document"])
        .default("document")
        .describe("What the texts are: some models embed what is searched for otherwise than what is found"),
      encoding: z.enum(["float", "base64"]).default("float").describe("base64: little-endian 32-bit floats"),
    }),
    bodyBytesMax: 32 * 1024 * 1024,
    output: z.object({ model: z.string(), dimension: z.int(), vectors: z.array(vectorText) }),
    idempotent: true,
    timeoutMs: 120_000,
    errors: ["not_found", "upstream"],
    scope: "read",
  }),
  models: op({
    method: "GET",
    path: "/v1/embed/models",
    summary: "List embedding models",
    input: z.strictObject({}),
    output: z.object({
      models: z.array(
        z.object({
          name: z.string(),
          provider: z.string(),
          dimension: z.int(),
          default: z.boolean(),
          query_prefix: z.string().optional().describe("Put before texts whose input is query"),
          document_prefix: z.string().optional().describe("Put before texts whose input is document"),
        }),
      ),
    }),
    errors: [],
    scope: "read",
  }),
  stats: op({
    method: "GET",
    path: "/v1/embed/stats",
    summary: "What the embedding cache does",
    input: z.strictObject({}),
    output: z.object({
      hits: z.int(),
      misses: z.int(),
      coalesced: z.int(),
      evicted: z.int(),
      entries: z.int(),
      bytes: z.int(),
      bytes_max: z.int(),
      persisted: z.int(),
    }),
    errors: [],
    scope: "read",
  }),
};

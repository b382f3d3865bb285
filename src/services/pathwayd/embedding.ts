// Texts to vectors through embedd, for a memory that goes on without: a trace whose meaning is not known yet is found by its
// words, and embedded later; a search says that it lacks that part.

import type { embed } from "#contracts/embed";
import { present } from "#lib/assert";
import { readVector } from "#lib/vector-text";
import type { Service } from "#rpc/contract";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { Embedded } from "./index/derived.ts";

/** What a text is about stands at its beginning; models read no more of it. */
const EMBEDDED_CHARS_MAX = 8_000;
/** A write, or a search, waits no longer for a model. */
const EMBED_MS_MAX = 2_000;

export interface Embedding {
  /** In the order of the texts; undefined when embedd does not give them. What is recorded is a document. */
  embed(texts: readonly string[], input: "query" | "document"): Promise<readonly Embedded[] | undefined>;
}

export function embeddingBy(service: Service<typeof embed>, failures: BackgroundFailures): Embedding {
  return {
    embed: async (texts, input) => {
      if (texts.length === 0) return [];
      try {
        const cut = texts.map((text) => text.slice(0, EMBEDDED_CHARS_MAX).toWellFormed());
        const { model, vectors } = await service.embed(
          { texts: cut, input, encoding: "base64" },
          { timeoutMs: EMBED_MS_MAX },
        );
        return vectors.map((text) => ({ model, vector: present(readVector(text), "a vector of embedd") }));
      } catch (error) {
        failures.note("embedding", error);
        return undefined;
      }
    },
  };
}

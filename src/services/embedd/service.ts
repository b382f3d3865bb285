// embedd: texts to vectors. Models stand behind one interface; this service adds the cache in memory and on disk,
// coalescing of equal texts in flight, batching, and validation of what models return.

import type { EmbedModel } from "#adapters/embed/embed-model";
import type { VectorStore } from "#adapters/embed/vector-store";
import type { embed } from "#contracts/embed";
import { present } from "#lib/assert";
import { Encoded, type Handlers } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { type CachedVector, REPLY_END, replyStart, VectorCache } from "./cache.ts";
import { ModelClient } from "./model-client.ts";

export interface EmbeddDeps {
  /** The first one is the default. */
  readonly models: readonly EmbedModel[];
  readonly cacheBytesMax: number;
  /** Keeps vectors of remote models across restarts. */
  readonly store?: VectorStore | undefined;
}

/** Texts that a fault names one by one; the message has the number of all. */
const NAMED_MAX = 20;

interface Embeddings {
  readonly model: string;
  readonly dimension: number;
  readonly vectors: (string | number[])[];
}

export async function embedd({ models, cacheBytesMax, store }: EmbeddDeps): Promise<Daemon<typeof embed>> {
  const cache = new VectorCache(cacheBytesMax);
  const clients = models.map((model) => new ModelClient(model, store));
  const standard = present(clients[0], "the default model");

  const clientNamed = (name: string | undefined): ModelClient => {
    if (name === undefined) return standard;
    const client = clients.find(({ model }) => model.name === name);
    if (client !== undefined) return client;
    const known = models.map((model) => model.name).join(", ");
    throw new Fault("not_found", `There is no embedding model ${name}. Known: ${known}.`);
  };

  /** Every text's vector, in order. */
  const embedAll = async (client: ModelClient, texts: readonly string[]): Promise<CachedVector[]> => {
    const { model } = client;
    const missing: string[] = [];
    const expected: PromiseWithResolvers<Float32Array>[] = [];
    const entries = texts.map((text) => {
      const key = keyOf(model, text);
      const known = cache.get(key) ?? cache.pending(key);
      if (known !== undefined) return Promise.resolve(known);
      const stored = client.stored(text);
      if (stored !== undefined) return Promise.resolve(cache.keep(key, model.name, stored));
      const vector = Promise.withResolvers<Float32Array>();
      expected.push(vector);
      missing.push(text);
      return cache.expect(key, model.name, vector.promise);
    });
    // All are registered before the request, so that a text that occurs twice is sent once.
    const vectors = missing.length === 0 ? [] : client.vectorsOf(missing);
    for (const [place, vector] of vectors.entries()) expected[place]?.resolve(vector);
    const outcomes = await Promise.allSettled(entries);
    const whole = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    if (whole.length < texts.length) throw failureOf(outcomes);
    return whole;
  };

  const reply = (
    { model }: ModelClient,
    entries: readonly CachedVector[],
    encoding: "float" | "base64",
  ): Encoded<Embeddings> => {
    const dimension = entries[0]?.vector.length ?? 0;
    const [only] = entries;
    const alone = entries.length === 1 ? only : undefined;
    const parts = (): string[] =>
      entries.map((entry) => (encoding === "float" ? entry.json : `"${entry.base64}"`));
    return new Encoded(
      () =>
        alone !== undefined && encoding === "float"
          ? alone.reply
          : replyStart(model.name, dimension) + parts().join(",") + REPLY_END,
      () => ({
        model: model.name,
        dimension,
        vectors: entries.map((entry) => (encoding === "float" ? [...entry.vector] : entry.base64)),
      }),
      alone?.forms[encoding],
    );
  };

  const handlers: Handlers<typeof embed> = {
    embed: ({ texts, model: name, input, encoding }) => {
      const client = clientNamed(name);
      const prefix = client.model.prefixes?.[input] ?? "";
      // Caches see what the model sees: a text has one vector as a query and another as a document.
      const normal = texts.map((text, index) => normalised(text, index, prefix));
      const only = normal.length === 1 ? cache.get(keyOf(client.model, normal[0] ?? "")) : undefined;
      if (only !== undefined) return reply(client, [only], encoding);
      return embedAll(client, normal).then((entries) => reply(client, entries, encoding));
    },
    models: () => ({
      models: clients.map((client) => ({
        name: client.model.name,
        provider: client.model.provider,
        dimension: client.dimension,
        default: client === standard,
        ...prefixesOf(client.model),
      })),
    }),
    stats: () => ({ ...cache.stats(), persisted: store?.rows ?? 0 }),
  };

  const close = (): Promise<void> => {
    store?.close();
    return Promise.resolve();
  };
  return { handlers, stats: () => ({ caches: { "vectors of texts": cache.figures } }), close };
}

/** The first failure's fault, with every text that failed in its details: the others need not be sent again. */
function failureOf(outcomes: readonly PromiseSettledResult<CachedVector>[]): unknown {
  const failures = outcomes.flatMap((outcome, place) =>
    outcome.status === "rejected" ? [{ place, reason: outcome.reason as unknown }] : [],
  );
  const first = failures[0]?.reason;
  if (!(first instanceof Fault)) return first;
  const some = failures.length < outcomes.length ? `${failures.length} of ${outcomes.length} texts: ` : "";
  return new Fault(first.code, some + first.message, {
    cause: first,
    retryAfterMs: first.retryAfterMs,
    details: failures.slice(0, NAMED_MAX).map(({ place, reason }) => ({
      path: `texts.${place}`,
      message: reason instanceof Fault ? reason.message : "failed",
    })),
  });
}

function keyOf(model: EmbedModel, text: string): string {
  return `${model.provider}\n${model.name}\n${text}`;
}

function prefixesOf({ prefixes }: EmbedModel): { query_prefix?: string; document_prefix?: string } {
  return prefixes === undefined ? {} : { query_prefix: prefixes.query, document_prefix: prefixes.document };
}

/**
 * With the model's prefix, in Unicode NFC, so that canonically equivalent texts share an entry. A blank text is refused:
 * it has no meaning to embed.
 */
function normalised(text: string, index: number, prefix: string): string {
  if (text.trim() === "") {
    throw new Fault("invalid", `Text ${index} is empty.`, {
      details: [{ path: `texts.${index}`, message: "is empty" }],
    });
  }
  return (prefix + text).normalize("NFC");
}

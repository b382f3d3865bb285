// embedd: texts to vectors. Models come and go behind one interface; what this service adds is the cache, one
// question for equal texts in flight, and the refusal of vectors that are not what they should be.

import type { EmbedModel } from "#adapters/embed/embed-model";
import type { embed } from "#contracts/embed";
import { assert, present } from "#lib/assert";
import { Encoded, type Handlers } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { type CachedVector, REPLY_END, replyStart, VectorCache } from "./cache.ts";

export interface EmbeddDeps {
  /** The first one is the default. */
  readonly models: readonly EmbedModel[];
  readonly cacheBytesMax: number;
}

interface Answer {
  readonly model: string;
  readonly dimension: number;
  readonly vectors: (string | number[])[];
}

export function embedd({ models, cacheBytesMax }: EmbeddDeps): Handlers<typeof embed> {
  const cache = new VectorCache(cacheBytesMax);
  const standard = present(models[0], "the default model");

  const modelNamed = (name: string | undefined): EmbedModel => {
    if (name === undefined) return standard;
    const model = models.find((candidate) => candidate.name === name);
    if (model !== undefined) return model;
    const known = models.map((candidate) => candidate.name).join(", ");
    throw new Fault("not_found", `There is no embedding model ${name}. Known: ${known}.`);
  };

  /** Every text's vector, in order; what is not cached is asked of the model in one go. */
  const embedAll = async (model: EmbedModel, texts: readonly string[]): Promise<CachedVector[]> => {
    const asked: string[] = [];
    const answered = Promise.withResolvers<Float32Array[]>();
    const entries = texts.map((text) => {
      const key = keyOf(model, text);
      const known = cache.get(key) ?? cache.pending(key);
      if (known !== undefined) return Promise.resolve(known);
      const place = asked.push(text) - 1;
      return cache.expect(
        key,
        model.name,
        answered.promise.then((vectors) => checkVector(model, vectors[place])),
      );
    });
    if (asked.length > 0) {
      // Other callers may wait for these texts as well, so one caller's leaving does not end the question.
      model.embed(asked).then(answered.resolve, answered.reject);
    }
    return Promise.all(entries);
  };

  const reply = (
    model: EmbedModel,
    entries: readonly CachedVector[],
    encoding: "float" | "base64",
  ): Encoded<Answer> => {
    const dimension = entries[0]?.vector.length ?? model.dimension;
    const [only] = entries;
    const whole = encoding === "float" && entries.length === 1 ? only?.reply : undefined;
    const parts = (): string[] =>
      entries.map((entry) => (encoding === "float" ? entry.json : `"${entry.base64}"`));
    return new Encoded(
      () => whole ?? replyStart(model.name, dimension) + parts().join(",") + REPLY_END,
      () => ({
        model: model.name,
        dimension,
        vectors: entries.map((entry) => (encoding === "float" ? [...entry.vector] : entry.base64)),
      }),
    );
  };

  return {
    embed: ({ texts, model: name, encoding }) => {
      const model = modelNamed(name);
      const normal = texts.map(normalised);
      const only = normal.length === 1 ? cache.get(keyOf(model, normal[0] ?? "")) : undefined;
      if (only !== undefined) return reply(model, [only], encoding);
      return embedAll(model, normal).then((entries) => reply(model, entries, encoding));
    },
    models: () => ({
      models: models.map((model) => ({
        name: model.name,
        provider: model.provider,
        dimension: model.dimension,
        default: model === standard,
      })),
    }),
    stats: () => ({ ...cache.stats(), persisted: 0 }),
  };
}

function keyOf(model: EmbedModel, text: string): string {
  return `${model.provider}\n${model.name}\n${text}`;
}

/** Texts that look alike are alike: Unicode NFC. A blank text has no meaning to embed. */
function normalised(text: string, index: number): string {
  if (text.trim() === "") {
    throw new Fault("invalid", `Text ${index} is empty.`, {
      details: [{ path: `texts.${index}`, message: "is empty" }],
    });
  }
  return text.normalize("NFC");
}

/** A model that answers nonsense is refused here, so that nonsense is never cached or indexed. */
function checkVector(model: EmbedModel, vector: Float32Array | undefined): Float32Array {
  const fail = (what: string): never => {
    throw new Fault("upstream", `The model ${model.name} answered ${what}.`);
  };
  if (vector === undefined) return fail("fewer vectors than texts");
  assert(vector instanceof Float32Array, "a model answers Float32Array");
  if (model.dimension !== 0 && vector.length !== model.dimension) {
    return fail(`a vector of ${vector.length} numbers instead of ${model.dimension}`);
  }
  let squares = 0;
  for (const number of vector) squares += number * number;
  if (!Number.isFinite(squares)) return fail("a vector with numbers that are not finite");
  if (squares === 0) return fail("a vector of zeros");
  return vector;
}

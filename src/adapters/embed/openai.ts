// Models of any server that speaks OpenAI's embeddings: `POST {base}/embeddings`. Vectors are asked for as base64,
// a quarter of the bytes; a server that refuses that is asked for numbers from then on, and one that sends numbers all
// the same is understood. https://platform.openai.com/docs/api-reference/embeddings

import { Fault } from "#rpc/fault";
import type { EmbedModel } from "./embed-model.ts";
import {
  ask,
  baseAddress,
  type Provider,
  PROVIDER_PATIENCE,
  type ProviderPatience,
  unitVector,
} from "./provider.ts";

export interface OpenaiSetup {
  /** With the version: `https://api.openai.com/v1` */
  readonly baseUrl: string;
  /** Empty for a server that wants none. */
  readonly key: string;
  readonly name: string;
  readonly patience?: ProviderPatience;
}

const TITLE = "The embeddings server";

/** Throws `invalid` for an address that is none. */
export function openaiModel({ baseUrl, key, name, patience = PROVIDER_PATIENCE }: OpenaiSetup): EmbedModel {
  const provider: Provider = {
    title: TITLE,
    url: `${baseAddress(baseUrl, "openai_base_url")}/embeddings`,
    headers: key === "" ? {} : { authorization: `Bearer ${key}` },
    patience,
    refusal: (status, code) => refusal(name, status, code),
  };
  let numbersOnly = false;

  const asked = async (texts: readonly string[], signal: AbortSignal | undefined): Promise<unknown> => {
    const question = { model: name, input: texts };
    if (numbersOnly) return ask(provider, question, signal);
    try {
      return await ask(provider, { ...question, encoding_format: "base64" }, signal);
    } catch (error) {
      if (!(error instanceof Fault && error.code === "invalid")) throw error;
      const answer = await ask(provider, question, signal);
      numbersOnly = true;
      return answer;
    }
  };

  return {
    name,
    provider: "openai",
    remote: true,
    dimension: 0,
    embed: async (texts, signal) =>
      texts.length === 0 ? [] : inOrder(await asked(texts, signal), texts.length),
  };
}

/** By `index`: the standard does not promise the order of the list. */
function inOrder(answer: unknown, count: number): Float32Array[] {
  const { data } = answer as { data?: unknown };
  const wrong = (what: string): Fault => new Fault("upstream", `${TITLE} answered ${what}.`);
  if (!Array.isArray(data)) throw wrong("without data");
  const vectors: (Float32Array | undefined)[] = Array.from({ length: count });
  for (const [place, item] of (data as unknown[]).entries()) {
    if (typeof item !== "object" || item === null) throw wrong("an item that is none");
    const { index = place, embedding } = item as { index?: unknown; embedding?: unknown };
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count) {
      throw wrong("a vector for a text that was not asked");
    }
    if (vectors[index] !== undefined) throw wrong("two vectors for one text");
    vectors[index] = unitVector(embedding, TITLE);
  }
  return vectors.map((vector) => {
    if (vector === undefined) throw wrong("fewer vectors than texts");
    return vector;
  });
}

function refusal(name: string, status: number, code: string): Fault | undefined {
  if (status === 401) {
    return new Fault(
      "upstream",
      `${TITLE} does not know our key. Mend LAKEHOUSE_OPENAI_KEY or the file it is in.`,
    );
  }
  if (status === 402 || status === 403 || code === "insufficient_quota") {
    return new Fault(
      "upstream",
      `${TITLE} does not let our key use ${name} (${status}). Look at its account there.`,
    );
  }
  if (status !== 404) return undefined;
  return new Fault(
    "not_found",
    `${TITLE} has no model ${name}, or no embeddings at this address: openai_base_url ends with the version, as in /v1.`,
  );
}

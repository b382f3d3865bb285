// Models behind any server with an OpenAI-compatible API: `POST {base}/embeddings`. Vectors are requested as base64, a
// quarter of the bytes. A server that refuses base64 is sent requests for numbers from then on; one that accepts the
// option and sends numbers anyway works too. https://platform.openai.com/docs/api-reference/embeddings

import { Fault } from "#rpc/fault";
import type { EmbedModel } from "./embed-model.ts";
import {
  postJson,
  baseAddress,
  type Provider,
  PROVIDER_TIMEOUTS,
  type ProviderTimeouts,
  unitVector,
} from "./provider.ts";

export interface OpenaiSetup {
  /** With the version: `https://api.openai.com/v1` */
  readonly baseUrl: string;
  /** Empty for a server that wants none. */
  readonly key: string;
  readonly name: string;
  readonly timeouts?: ProviderTimeouts;
}

const TITLE = "The embeddings server";

/** Throws `invalid` for an address that is none. */
export function openaiModel({ baseUrl, key, name, timeouts = PROVIDER_TIMEOUTS }: OpenaiSetup): EmbedModel {
  const provider: Provider = {
    title: TITLE,
    url: `${baseAddress(baseUrl, "LAKEHOUSE_OPENAI_BASE_URL")}/embeddings`,
    headers: key === "" ? {} : { authorization: `Bearer ${key}` },
    timeouts,
    refusal: (status, code) => refusal(name, status, code),
  };
  let numbersOnly = false;

  const response = async (texts: readonly string[], signal: AbortSignal | undefined): Promise<unknown> => {
    const request = { model: name, input: texts };
    if (numbersOnly) return postJson(provider, request, signal);
    try {
      return await postJson(provider, { ...request, encoding_format: "base64" }, signal);
    } catch (error) {
      if (!(error instanceof Fault && error.code === "invalid")) throw error;
      const reply = await postJson(provider, request, signal);
      numbersOnly = true;
      return reply;
    }
  };

  return {
    name,
    provider: "openai",
    remote: true,
    dimension: 0,
    embed: async (texts, signal) =>
      texts.length === 0 ? [] : inOrder(await response(texts, signal), texts.length),
  };
}

/** By `index`: the standard does not promise the order of the list. */
function inOrder(reply: unknown, count: number): Float32Array[] {
  const { data } = reply as { data?: unknown };
  const wrong = (what: string): Fault => new Fault("upstream", `${TITLE} sent ${what}.`);
  if (!Array.isArray(data)) throw wrong("a response without data");
  const vectors: (Float32Array | undefined)[] = Array.from({ length: count });
  for (const [place, item] of (data as unknown[]).entries()) {
    if (typeof item !== "object" || item === null) throw wrong("an item that is not an object");
    const { index = place, embedding } = item as { index?: unknown; embedding?: unknown };
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count) {
      throw wrong("a vector for a text that was not requested");
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
      `${TITLE} rejects the API key. Correct LAKEHOUSE_OPENAI_KEY or the file that it names.`,
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
    `${TITLE} has no model ${name}, or no embeddings at this address: LAKEHOUSE_OPENAI_BASE_URL ends with the version, as in /v1.`,
  );
}

// Models of an Ollama server: `POST /api/embed`, a batch at a time. Errors are flat, `{"error":"a sentence"}`, under
// a status that says enough. https://docs.ollama.com/api/embed

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

export interface OllamaSetup {
  /** `http://127.0.0.1:11434` */
  readonly url: string;
  /** As `ollama list` shows it. */
  readonly name: string;
  readonly timeouts?: ProviderTimeouts;
}

const TITLE = "Ollama";

/** Throws `invalid` for an address that is none. */
export function ollamaModel({ url, name, timeouts = PROVIDER_TIMEOUTS }: OllamaSetup): EmbedModel {
  const provider: Provider = {
    title: TITLE,
    url: `${baseAddress(url, "LAKEHOUSE_OLLAMA_URL")}/api/embed`,
    headers: {},
    timeouts,
    refusal: (status) => {
      if (status === 404) {
        return new Fault("not_found", `Ollama does not have the model ${name}. Run: ollama pull ${name}`);
      }
      if (status !== 401 && status !== 403) return undefined;
      return new Fault(
        "upstream",
        `Ollama does not let us use the model ${name} (${status}). Sign in: ollama signin`,
      );
    },
  };
  const embed: EmbedModel["embed"] = async (texts, signal) => {
    if (texts.length === 0) return [];
    const reply = await postJson(provider, { model: name, input: texts }, signal);
    const { embeddings } = reply as { embeddings?: unknown };
    if (!Array.isArray(embeddings)) throw new Fault("upstream", "Ollama sent a response without embeddings.");
    return embeddings.map((vector) => unitVector(vector, TITLE));
  };
  return { name, provider: "ollama", remote: true, dimension: 0, embed };
}

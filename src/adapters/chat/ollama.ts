// Ollama on this machine or another, and Ollama's cloud: the same API, whose errors are plain sentences. A model that
// is being loaded is silent for minutes. The cloud has few slots and a quota for a session, and says 429 for both: the
// first passes within seconds, the second does not. https://docs.ollama.com/api

import type { ChatProvider, ModelRequest, ProviderFailure } from "./chat-model.ts";
import { type HttpProvider, httpProvider, type ProviderSetup } from "./http-provider.ts";
import type { Judge } from "./http/failures.ts";
import { keySetup } from "./known-providers.ts";
import { ollamaChat } from "./wire/ollama-chat.ts";

export function ollamaProvider(setup: ProviderSetup): ChatProvider {
  return httpProvider({
    ...shared(setup),
    name: "ollama",
    configured: true,
    setup: "Set LAKEHOUSE_OLLAMA_URL.",
  });
}

export function ollamaCloudProvider(setup: ProviderSetup): ChatProvider {
  return httpProvider({
    ...shared(setup),
    name: "ollama_cloud",
    configured: setup.key() !== "",
    setup: keySetup("ollama_cloud"),
  });
}

function shared(setup: ProviderSetup): Omit<HttpProvider, "name" | "configured" | "setup"> {
  // The cloud is paid for by the month.
  return { ...setup, free: true, wireOf: () => ollamaChat, judge, without };
}

const judge: Judge = ({ status, text }) => {
  if (/concurrent request slot|server busy|maximum pending requests/i.test(text)) return "overloaded";
  if (/usage limit|quota/i.test(text)) return "quota";
  if (status === 403) return "unauthorized";
  if (/^model ["'].*["'] not found/i.test(text)) return "not_found";
  return undefined;
};

/** A model that does not think refuses to be asked to. */
function without(
  request: ModelRequest,
  { kind, message }: ProviderFailure,
  adapted: (what: string) => void,
): ModelRequest | undefined {
  if (kind !== "invalid" || request.reasoning === undefined) return undefined;
  if (!/does not support thinking/.test(message)) return undefined;
  adapted("reasoning: the model does not reason");
  return { ...request, reasoning: undefined };
}

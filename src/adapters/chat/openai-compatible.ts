// Any server with OpenAI's chat completions, under a name of the operator's choice: vLLM, llama.cpp, LM Studio, a
// company's own gateway, OpenAI itself.

import type { ChatProvider } from "./chat-model.ts";
import { httpProvider, type ProviderSetup } from "./http-provider.ts";
import { openaiChat } from "./wire/openai-chat.ts";

/** The newer models there refuse the older field, which everybody else knows. */
const OPENAI_HOST = /^https:\/\/api\.openai\.com\//;
const FIXED_SAMPLING = /^(o\d|gpt-5)/;

export function openaiCompatibleProvider(name: string, setup: ProviderSetup): ChatProvider {
  const isOpenai = OPENAI_HOST.test(setup.baseUrl);
  const wire = openaiChat({
    maxTokensField: isOpenai ? "max_completion_tokens" : "max_tokens",
    jsonSchema: "native",
    fixedSampling: (model) => isOpenai && FIXED_SAMPLING.test(model),
    reasoning: (_model, level) => (level === "off" ? undefined : { reasoning_effort: level }),
  });
  return httpProvider({
    ...setup,
    name,
    configured: true,
    setup: "Set its address in LAKEHOUSE_CHAT_URLS.",
    free: false,
    wireOf: () => wire,
    judge: () => undefined,
  });
}

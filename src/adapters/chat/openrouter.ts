// OpenRouter: many providers behind one API. What goes wrong once generation has begun is an error inside of a 200, with
// the status it would have had; the reply says which model answered and what it cost. https://openrouter.ai/docs/api

import type { ChatProvider } from "./chat-model.ts";
import { httpProvider, type ProviderSetup } from "./http-provider.ts";
import type { Judge } from "./http/failures.ts";
import { keySetup } from "./known-providers.ts";
import { openaiChat } from "./wire/openai-chat.ts";

export function openrouterProvider(setup: ProviderSetup): ChatProvider {
  const wire = openaiChat({
    maxTokensField: "max_tokens",
    jsonSchema: "native",
    reasoning: (_model, level) => ({ reasoning: level === "off" ? { enabled: false } : { effort: level } }),
    reasoningField: "reasoning",
    extra: ({ response_format: format }) => ({
      usage: { include: true },
      // Else it may go to one that ignores the schema.
      ...(format?.type === "json_schema" ? { provider: { require_parameters: true } } : {}),
    }),
  });
  return httpProvider({
    ...setup,
    name: "openrouter",
    configured: setup.key() !== "",
    setup: keySetup("openrouter"),
    free: false,
    wireOf: () => wire,
    judge,
  });
}

/** 403: the prompt was flagged by moderation. */
const judge: Judge = ({ status }) => (status === 403 ? "invalid" : undefined);

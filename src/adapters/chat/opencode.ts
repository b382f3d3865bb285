// OpenCode Zen: one key, and for each family of models the API of its maker. https://opencode.ai/docs/zen

import type { ChatProvider } from "./chat-model.ts";
import { httpProvider, type ProviderSetup } from "./http-provider.ts";
import { keySetup } from "./known-providers.ts";
import { anthropicMessages } from "./wire/anthropic-messages.ts";
import { gemini } from "./wire/gemini.ts";
import { openaiChat } from "./wire/openai-chat.ts";
import { openaiResponses } from "./wire/openai-responses.ts";
import type { Wire } from "./wire/wire.ts";

const others = openaiChat({
  maxTokensField: "max_tokens",
  // Models of many makers, few of which take a schema.
  jsonSchema: "words",
  reasoning: (_model, level) => (level === "off" ? undefined : { reasoning_effort: level }),
});

const FAMILIES: readonly (readonly [RegExp, Wire])[] = [
  // The open-weight models of OpenAI are served as others are.
  [/^gpt-(?!oss)/i, openaiResponses],
  [/^claude-/i, anthropicMessages],
  [/^gemini-/i, gemini],
];

function wireOf(model: string): Wire {
  return FAMILIES.find(([names]) => names.test(model))?.[1] ?? others;
}

export function opencodeProvider(setup: ProviderSetup): ChatProvider {
  return httpProvider({
    ...setup,
    name: "opencode",
    configured: setup.key() !== "",
    setup: keySetup("opencode"),
    free: false,
    wireOf,
    judge: () => undefined,
    // Each maker's API names the key in its own way.
    headers: (key, wire): Record<string, string> => {
      if (wire === anthropicMessages) return { "x-api-key": key, "anthropic-version": "2023-06-01" };
      return wire === gemini ? { "x-goog-api-key": key } : {};
    },
  });
}

// Kimi, Moonshot's own API. Its K models have sampling of their own and refuse any other, want their earlier reasoning in
// the history, and take a narrow kind of JSON schema for tools; without credit every call is a 403, which does not pass.
// https://platform.moonshot.ai/docs

import type { ChatProvider } from "./chat-model.ts";
import { httpProvider, type ProviderSetup } from "./http-provider.ts";
import type { Judge } from "./http/failures.ts";
import { keySetup } from "./known-providers.ts";
import { openaiChat } from "./wire/openai-chat.ts";
import { type Json, objectOf } from "./wire/wire.ts";

const K_MODEL = /^kimi-k/;
/** Thinks by default, and can be told not to. */
const THINKING_SWITCH = /^kimi-k2[.-]?[56]/;
/** Has levels, and no switch. */
const THINKING_LEVELS = /^kimi-k3/;

export function kimiProvider(setup: ProviderSetup): ChatProvider {
  const wire = openaiChat({
    maxTokensField: "max_completion_tokens",
    jsonSchema: "words",
    fixedSampling: (model) => K_MODEL.test(model),
    reasoning: reasoningOf,
    reasoningField: "reasoning_content",
    toolParameters: plainSchema,
  });
  return httpProvider({
    ...setup,
    name: "kimi",
    configured: setup.key() !== "",
    setup: keySetup("kimi"),
    free: false,
    wireOf: () => wire,
    judge,
    // Moonshot asks for it: a reply of theirs takes minutes, and a silent connection is cut.
    streamsAlways: (model) => THINKING_LEVELS.test(model),
  });
}

const judge: Judge = ({ status, code }) => {
  if (status === 403) return "quota";
  if (code === "engine_overloaded_error") return "overloaded";
  if (code === "exceeded_current_quota_error") return "quota";
  return undefined;
};

function reasoningOf(model: string, level: "off" | "low" | "high"): Json | undefined {
  if (THINKING_LEVELS.test(model)) return level === "off" ? undefined : { reasoning_effort: level };
  if (!THINKING_SWITCH.test(model)) return level === "off" ? {} : undefined;
  return { thinking: { type: level === "off" ? "disabled" : "enabled" } };
}

/** A root that is an object, lists of one kind, no type beside `anyOf`, nothing of `strict`. */
export function plainSchema(schema: Json): Json {
  const plain = objectOf(plainValue(schema, 0));
  return plain["type"] === "object" && plain["anyOf"] === undefined
    ? plain
    : { type: "object", properties: { value: plain } };
}

/** Schemas are written by people, and by programs that nest. */
const DEPTH_MAX = 64;

function plainValue(value: unknown, depth: number): unknown {
  if (depth > DEPTH_MAX || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => plainValue(item, depth + 1));
  const plain: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    if (name === "strict" || (name === "type" && "anyOf" in value)) continue;
    if (name === "prefixItems" || (name === "items" && Array.isArray(item))) {
      plain["items"] = { anyOf: (item as unknown[]).map((one) => plainValue(one, depth + 1)) };
    } else plain[name] = plainValue(item, depth + 1);
  }
  return plain;
}

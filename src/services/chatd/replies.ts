// One call as a neutral reply: what a provider gave, with names, attempts and usage filled in.

import type { ModelReply, ModelUsage } from "#adapters/chat/chat-model";
import type { ChatInput, ChatReply, ChatUsage } from "#contracts/chat";

/** Tokens of text that nobody counted: English has about four characters a token, other languages fewer. */
const CHARS_PER_TOKEN = 3;
/** Of a message beside its text, and of an image in the middle of what providers charge. */
const MESSAGE_TOKENS = 8;
const IMAGE_TOKENS = 1024;

export function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}

/** An upper estimate of what a request costs before anything is written. */
export function inputTokensOf({ messages, tools, response_format: format }: ChatInput): number {
  let tokens = 0;
  for (const { content, parts, tool_calls: calls, reasoning } of messages) {
    tokens += MESSAGE_TOKENS + tokensOf(content ?? "") + tokensOf(reasoning ?? "");
    for (const part of parts ?? []) tokens += part.type === "text" ? tokensOf(part.text) : IMAGE_TOKENS;
    if (calls !== undefined) tokens += tokensOf(JSON.stringify(calls));
  }
  if (tools !== undefined) tokens += tokensOf(JSON.stringify(tools));
  if (format !== undefined) tokens += tokensOf(JSON.stringify(format));
  return tokens;
}

export type Written = Pick<ModelReply, "content" | "reasoning" | "tool_calls">;

/** What the provider counted, else what follows from the text. */
export function usageOf(
  counted: ModelUsage | undefined,
  input: ChatInput,
  { content, reasoning, tool_calls: calls }: Written,
): ChatUsage {
  if (counted !== undefined) return defined(counted);
  const output =
    tokensOf(content) +
    tokensOf(reasoning ?? "") +
    (calls === undefined ? 0 : tokensOf(JSON.stringify(calls)));
  return { input_tokens: inputTokensOf(input), output_tokens: output, estimated: true };
}

function defined({
  input_tokens,
  output_tokens,
  cached_tokens,
  cache_write_tokens,
  reasoning_tokens,
  cost_usd,
}: ModelUsage): ChatUsage {
  return {
    input_tokens,
    output_tokens,
    ...(cached_tokens === undefined ? {} : { cached_tokens }),
    ...(cache_write_tokens === undefined ? {} : { cache_write_tokens }),
    ...(reasoning_tokens === undefined ? {} : { reasoning_tokens }),
    ...(cost_usd === undefined ? {} : { cost_usd }),
  };
}

export function messageOf({ content, reasoning, tool_calls: calls }: Written): ChatReply["message"] {
  return {
    role: "assistant",
    content,
    ...(calls === undefined || calls.length === 0 ? {} : { tool_calls: [...calls] }),
    ...(reasoning === undefined || reasoning === "" ? {} : { reasoning }),
  };
}

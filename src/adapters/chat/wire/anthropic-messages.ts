// Anthropic's messages API. System messages stand beside the conversation, results of tools are messages of the user, and
// neighbouring messages of one side are one. https://docs.anthropic.com/en/api/messages

import type { ChatMessage, FinishReason } from "#contracts/chat";
import type { ModelReply, ModelRequest, ModelUsage } from "../chat-model.ts";
import {
  type Adapted,
  argumentsOf,
  countOf,
  type Json,
  jsonInstruction,
  listOf,
  notAReply,
  objectOf,
  type PieceReader,
  textOf,
  usageFrom,
  type Wire,
} from "./wire.ts";

export const anthropicMessages: Wire = {
  path: () => "/messages",
  framing: "sse",
  body: bodyOf,
  reply: replyOf,
  reader,
};

/** The API wants a number; models of it write as much in one reply without being asked twice. */
const MAX_TOKENS_DEFAULT = 8192;
/** The least that the API takes, and what a hard question needs. */
const THINKING_TOKENS = { low: 1024, high: 4096 } as const;

function bodyOf(request: ModelRequest, streamed: boolean, adapted: Adapted): object {
  const {
    model,
    temperature,
    stop,
    tools,
    tool_choice: choice,
    response_format: format,
    reasoning,
  } = request;
  const maxTokens = request.max_tokens ?? MAX_TOKENS_DEFAULT;
  const system = request.messages.filter(({ role }) => role === "system").map(plainText);
  if (format !== undefined) {
    system.push(jsonInstruction(format.type === "json_schema" ? format.schema : undefined));
    adapted("response_format: the model is told in words to write JSON, and is not held to it");
  }
  if (request.seed !== undefined) adapted("seed: this API has none");
  const budget = reasoning === undefined || reasoning === "off" ? undefined : THINKING_TOKENS[reasoning];
  const thinks = budget !== undefined && budget < maxTokens;
  if (budget !== undefined && !thinks)
    adapted(`reasoning: max_tokens leaves no room for ${budget} tokens of it`);
  if (thinks && temperature !== undefined) adapted("temperature: a model that reasons has one of its own");
  if (temperature !== undefined && temperature > 1) adapted("temperature: 1 is the highest here");
  return {
    model,
    max_tokens: maxTokens,
    ...(system.length === 0 ? {} : { system: system.join("\n\n") }),
    messages: turnsOf(request.messages),
    ...(temperature === undefined || thinks ? {} : { temperature: Math.min(1, temperature) }),
    ...(stop === undefined ? {} : { stop_sequences: stop }),
    ...(tools === undefined
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            name,
            ...(description === undefined ? {} : { description }),
            input_schema: parameters ?? { type: "object", properties: {} },
          })),
        }),
    ...(choice === undefined ? {} : { tool_choice: choiceOf(choice) }),
    ...(thinks ? { thinking: { type: "enabled", budget_tokens: budget } } : {}),
    ...(streamed ? { stream: true } : {}),
  };
}

function plainText({ content, parts }: ChatMessage): string {
  return content ?? (parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
}

function choiceOf(choice: NonNullable<ModelRequest["tool_choice"]>): Json {
  if (typeof choice !== "string") return { type: "tool", name: choice.name };
  return { type: choice === "required" ? "any" : choice };
}

function turnsOf(messages: readonly ChatMessage[]): Json[] {
  const turns: { role: string; content: Json[] }[] = [];
  for (const message of messages) {
    if (message.role === "system") continue;
    const role = message.role === "assistant" ? "assistant" : "user";
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocksOf(message));
    else turns.push({ role, content: blocksOf(message) });
  }
  return turns;
}

function blocksOf(message: ChatMessage): Json[] {
  const { role, content, parts, tool_calls: calls, tool_call_id: id } = message;
  if (role === "tool") return [{ type: "tool_result", tool_use_id: id, content: plainText(message) }];
  const said = (
    parts ?? (content === undefined || content === "" ? [] : [{ type: "text" as const, text: content }])
  ).map((part) =>
    part.type === "text"
      ? { type: "text", text: part.text }
      : { type: "image", source: { type: "base64", media_type: part.media_type, data: part.data } },
  );
  const made = (calls ?? []).map((call) => ({
    type: "tool_use",
    id: call.id,
    name: call.name,
    input: call.arguments,
  }));
  return [...said, ...made];
}

const FINISH: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  pause_turn: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool_calls",
  refusal: "filtered",
};

function replyOf(json: unknown): ModelReply {
  const { content, stop_reason: stopped, usage, model } = objectOf(json);
  if (!Array.isArray(content)) throw notAReply();
  const blocks = listOf(content);
  const texts = (type: string, field: string): string =>
    blocks.map((block) => (block["type"] === type ? textOf(block[field]) : "")).join("");
  const calls = blocks
    .filter(({ type }) => type === "tool_use")
    .map(({ id, name, input }) => ({ id: textOf(id), name: textOf(name), arguments: argumentsOf(input) }));
  const reasoning = texts("thinking", "thinking");
  return {
    model: typeof model === "string" ? model : undefined,
    content: texts("text", "text"),
    reasoning: reasoning === "" ? undefined : reasoning,
    tool_calls: calls.length === 0 ? undefined : calls,
    finish_reason: FINISH[textOf(stopped)] ?? "stop",
    usage: usageOf(objectOf(usage), {}),
  };
}

/** What came from the cache, and what was written to it, is not in `input_tokens`. */
function usageOf(first: Json, later: Json): ModelUsage | undefined {
  const read = countOf(first["cache_read_input_tokens"]) ?? 0;
  const written = countOf(first["cache_creation_input_tokens"]) ?? 0;
  const input = countOf(first["input_tokens"]);
  return usageFrom({
    input: input === undefined ? undefined : input + read + written,
    output: later["output_tokens"] ?? first["output_tokens"],
    cached: read === 0 ? undefined : read,
    cacheWrite: written === 0 ? undefined : written,
  });
}

function reader(): PieceReader {
  const calls = new Map<number, { id: string; name: string; text: string }>();
  let finish: string | undefined;
  let [first, later]: [Json, Json] = [{}, {}];
  let model: string | undefined;
  return {
    get finished() {
      return finish !== undefined;
    },
    read: (json, push) => {
      const event = objectOf(json);
      const index = countOf(event["index"]) ?? 0;
      switch (event["type"]) {
        case "message_start": {
          const message = objectOf(event["message"]);
          first = objectOf(message["usage"]);
          model = textOf(message["model"]) || undefined;
          return;
        }
        case "content_block_start": {
          const { type, id, name } = objectOf(event["content_block"]);
          if (type === "tool_use") calls.set(index, { id: textOf(id), name: textOf(name), text: "" });
          return;
        }
        case "content_block_delta": {
          const { type, text, thinking, partial_json: more } = objectOf(event["delta"]);
          if (type === "text_delta") push({ kind: "text", content: textOf(text) });
          else if (type === "thinking_delta") push({ kind: "text", reasoning: textOf(thinking) });
          const call = calls.get(index);
          if (type === "input_json_delta" && call !== undefined) call.text += textOf(more);
          return;
        }
        case "content_block_stop": {
          const call = calls.get(index);
          if (call === undefined) return;
          push({
            kind: "tool_call",
            call: { id: call.id, name: call.name, arguments: argumentsOf(call.text) },
          });
          return;
        }
        case "message_delta": {
          const { stop_reason: stopped } = objectOf(event["delta"]);
          if (typeof stopped === "string") finish = stopped;
          later = { ...later, ...objectOf(event["usage"]) };
          return;
        }
        default:
      }
    },
    end: (push) => {
      if (finish === undefined) return;
      push({
        kind: "end",
        finish_reason: FINISH[finish] ?? "stop",
        usage: usageOf(first, later),
        model,
      });
    },
  };
}

// OpenAI's responses API, for models that are served over nothing else. Nothing is stored there between two calls: the
// whole conversation is sent each time. https://platform.openai.com/docs/api-reference/responses

import type { ChatMessage, FinishReason } from "#contracts/chat";
import type { ModelReply, ModelRequest, ModelUsage } from "../chat-model.ts";
import {
  type Adapted,
  argumentsOf,
  type Json,
  listOf,
  notAReply,
  objectOf,
  type PieceReader,
  textOf,
  usageFrom,
  type Wire,
} from "./wire.ts";

export const openaiResponses: Wire = {
  path: () => "/responses",
  framing: "sse",
  body: bodyOf,
  reply: replyOf,
  reader,
};

/** Models that reason have a temperature of their own. */
const FIXED_SAMPLING = /^(o\d|gpt-5)/;

function bodyOf(request: ModelRequest, streamed: boolean, adapted: Adapted): object {
  const {
    model,
    messages,
    temperature,
    tools,
    tool_choice: choice,
    response_format: format,
    reasoning,
  } = request;
  const fixed = FIXED_SAMPLING.test(model);
  if (fixed && temperature !== undefined) adapted("temperature: the model has one of its own");
  if (request.stop !== undefined) adapted("stop: this API has no stop sequences");
  if (request.seed !== undefined) adapted("seed: this API has none");
  return {
    model,
    input: messages.flatMap(itemsOf),
    store: false,
    ...(temperature === undefined || fixed ? {} : { temperature }),
    ...(request.max_tokens === undefined ? {} : { max_output_tokens: request.max_tokens }),
    ...(tools === undefined
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            type: "function",
            name,
            ...(description === undefined ? {} : { description }),
            parameters: parameters ?? { type: "object", properties: {} },
            strict: false,
          })),
        }),
    ...(choice === undefined
      ? {}
      : { tool_choice: typeof choice === "string" ? choice : { type: "function", name: choice.name } }),
    ...(format === undefined
      ? {}
      : {
          text: {
            format:
              format.type === "json_object"
                ? { type: "json_object" }
                : { type: "json_schema", name: "reply", schema: format.schema, strict: false },
          },
        }),
    ...(reasoning === undefined
      ? {}
      : { reasoning: { effort: reasoning === "off" ? "minimal" : reasoning } }),
    ...(streamed ? { stream: true } : {}),
  };
}

function itemsOf({ role, content, parts, tool_calls: calls, tool_call_id: id }: ChatMessage): Json[] {
  const text = content ?? (parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
  if (role === "tool") return [{ type: "function_call_output", call_id: id, output: text }];
  const type = role === "assistant" ? "output_text" : "input_text";
  const pieces = (parts ?? [{ type: "text" as const, text: content ?? "" }]).map((part) =>
    part.type === "text"
      ? { type, text: part.text }
      : { type: "input_image", image_url: `data:${part.media_type};base64,${part.data}` },
  );
  const said =
    content === undefined && parts === undefined ? [] : [{ type: "message", role, content: pieces }];
  const made = (calls ?? []).map((call) => ({
    type: "function_call",
    call_id: call.id,
    name: call.name,
    arguments: JSON.stringify(call.arguments),
  }));
  return [...said, ...made];
}

function replyOf(json: unknown): ModelReply {
  const { output, model, usage, status, incomplete_details: incomplete } = objectOf(json);
  if (!Array.isArray(output) || status === "failed") throw notAReply();
  let [content, reasoning, refusal] = ["", "", ""];
  const calls = [];
  for (const item of listOf(output)) {
    if (item["type"] === "message") {
      for (const { text, refusal: refused } of listOf(item["content"])) {
        content += textOf(text);
        refusal += textOf(refused);
      }
    } else if (item["type"] === "reasoning") {
      for (const { text } of listOf(item["summary"])) reasoning += textOf(text);
    } else if (item["type"] === "function_call") calls.push(callOf(item));
  }
  return {
    model: typeof model === "string" ? model : undefined,
    content: content || refusal,
    reasoning: reasoning === "" ? undefined : reasoning,
    tool_calls: calls.length === 0 ? undefined : calls,
    finish_reason: refusal === "" ? finishOf(incomplete, calls.length > 0) : "filtered",
    usage: usageOf(usage),
  };
}

function callOf({ call_id: id, name, arguments: given }: Json): {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
} {
  return { id: textOf(id), name: textOf(name), arguments: argumentsOf(given) };
}

function finishOf(incomplete: unknown, hasCalls: boolean): FinishReason {
  const { reason } = objectOf(incomplete);
  if (reason === "content_filter") return "filtered";
  if (typeof reason === "string") return "length";
  return hasCalls ? "tool_calls" : "stop";
}

function usageOf(value: unknown): ModelUsage | undefined {
  const usage = objectOf(value);
  return usageFrom({
    input: usage["input_tokens"],
    output: usage["output_tokens"],
    cached: objectOf(usage["input_tokens_details"])["cached_tokens"],
    reasoning: objectOf(usage["output_tokens_details"])["reasoning_tokens"],
  });
}

function reader(): PieceReader {
  let last: Json | undefined;
  let calls = 0;
  let refused = false;
  return {
    get finished() {
      return last !== undefined;
    },
    read: (json, push) => {
      const event = objectOf(json);
      const delta = textOf(event["delta"]);
      switch (event["type"]) {
        case "response.output_text.delta":
          push({ kind: "text", content: delta });
          return;
        case "response.refusal.delta":
          refused = true;
          push({ kind: "text", content: delta });
          return;
        case "response.reasoning_summary_text.delta":
          push({ kind: "text", reasoning: delta });
          return;
        case "response.output_item.done": {
          const item = objectOf(event["item"]);
          if (item["type"] !== "function_call") return;
          calls += 1;
          push({ kind: "tool_call", call: callOf(item) });
          return;
        }
        case "response.completed":
        case "response.incomplete":
          last = objectOf(event["response"]);
          return;
        case "response.failed":
        case "error":
          throw notAReply();
        default:
      }
    },
    end: (push) => {
      if (last === undefined) return;
      const { incomplete_details: incomplete, usage, model } = last;
      const finish = refused ? "filtered" : finishOf(incomplete, calls > 0);
      push({ kind: "end", finish_reason: finish, usage: usageOf(usage), model: textOf(model) || undefined });
    },
  };
}

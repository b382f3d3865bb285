// Ollama's own chat API: JSON lines in a stream, arguments of tools as objects, a schema as `format`.
// https://docs.ollama.com/api/chat

import type { ChatMessage, FinishReason, ToolCall } from "#contracts/chat";
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

export const ollamaChat: Wire = {
  path: () => "/api/chat",
  framing: "ndjson",
  body: bodyOf,
  reply: replyOf,
  reader,
};

/** Models that have levels of thought; the others only do or do not. */
const HAS_LEVELS = /^gpt-oss/;

function bodyOf(request: ModelRequest, streamed: boolean, adapted: Adapted): object {
  const { model, messages, tools, tool_choice: choice, response_format: format, reasoning } = request;
  if (choice !== undefined && choice !== "auto" && choice !== "none") {
    adapted("tool_choice: Ollama leaves the choice to the model");
  }
  const options = {
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.max_tokens === undefined ? {} : { num_predict: request.max_tokens }),
    ...(request.seed === undefined ? {} : { seed: request.seed }),
    ...(request.stop === undefined ? {} : { stop: request.stop }),
  };
  const names = new Map(
    messages.flatMap(({ tool_calls: calls = [] }) => calls.map(({ id, name }) => [id, name])),
  );
  return {
    model,
    messages: messages.map((message) => messageOf(message, names)),
    stream: streamed,
    ...(tools === undefined || choice === "none"
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            type: "function",
            function: {
              name,
              description: description ?? "",
              parameters: parameters ?? { type: "object", properties: {} },
            },
          })),
        }),
    ...(format === undefined ? {} : { format: format.type === "json_object" ? "json" : format.schema }),
    ...(reasoning === undefined ? {} : { think: thinkOf(model, reasoning) }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
}

function thinkOf(model: string, reasoning: "off" | "low" | "high"): boolean | string {
  if (reasoning === "off") return false;
  return HAS_LEVELS.test(model) ? reasoning : true;
}

function messageOf(message: ChatMessage, names: ReadonlyMap<string, string>): Json {
  const { role, content, parts = [], tool_calls: calls, tool_call_id: id, reasoning } = message;
  const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
  const images = parts.flatMap((part) => (part.type === "image" ? [part.data] : []));
  const name = id === undefined ? undefined : names.get(id);
  return {
    role,
    content: content ?? texts.join("\n"),
    ...(images.length === 0 ? {} : { images }),
    ...(reasoning === undefined ? {} : { thinking: reasoning }),
    ...(calls === undefined
      ? {}
      : {
          tool_calls: calls.map((call, index) => ({
            id: call.id,
            function: { index, name: call.name, arguments: call.arguments },
          })),
        }),
    ...(id === undefined ? {} : { tool_call_id: id }),
    ...(name === undefined ? {} : { tool_name: name }),
  };
}

function callsOf(message: Json, before: number): ToolCall[] {
  return listOf(message["tool_calls"]).map(({ id, function: called }, at) => {
    const { name, arguments: given } = objectOf(called);
    return {
      id: textOf(id) || `call_${before + at + 1}`,
      name: textOf(name),
      arguments: argumentsOf(given ?? {}),
    };
  });
}

/** `load` and `unload` are replies to an empty conversation, which is never sent. */
function finishOf(reason: unknown, calls: number): FinishReason {
  if (reason === "length") return "length";
  return calls > 0 ? "tool_calls" : "stop";
}

function usageOf(json: Json): ModelUsage | undefined {
  // A prompt that was in memory already is not counted: then nothing is known.
  return usageFrom({ input: json["prompt_eval_count"], output: json["eval_count"] });
}

function replyOf(json: unknown): ModelReply {
  const whole = objectOf(json);
  if (typeof whole["message"] !== "object" || whole["message"] === null || whole["done"] !== true)
    throw notAReply();
  const message = objectOf(whole["message"]);
  const calls = callsOf(message, 0);
  const reasoning = textOf(message["thinking"]);
  return {
    model: textOf(whole["model"]) || undefined,
    content: textOf(message["content"]),
    reasoning: reasoning === "" ? undefined : reasoning,
    tool_calls: calls.length === 0 ? undefined : calls,
    finish_reason: finishOf(whole["done_reason"], calls.length),
    usage: usageOf(whole),
  };
}

function reader(): PieceReader {
  let last: Json | undefined;
  let calls = 0;
  return {
    get finished() {
      return last !== undefined;
    },
    read: (json, push) => {
      const line = objectOf(json);
      const message = objectOf(line["message"]);
      push({ kind: "text", content: textOf(message["content"]), reasoning: textOf(message["thinking"]) });
      for (const call of callsOf(message, calls)) {
        calls += 1;
        push({ kind: "tool_call", call });
      }
      if (line["done"] === true) last = line;
    },
    end: (push) => {
      if (last === undefined) return;
      push({
        kind: "end",
        finish_reason: finishOf(last["done_reason"], calls),
        usage: usageOf(last),
        model: textOf(last["model"]) || undefined,
      });
    },
  };
}

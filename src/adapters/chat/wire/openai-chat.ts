// OpenAI's chat completions, which most servers speak with differences of their own: those are the dialect.
// https://platform.openai.com/docs/api-reference/chat

import type { ChatMessage, ChatTool, FinishReason } from "#contracts/chat";
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

export interface OpenaiDialect {
  readonly maxTokensField: "max_tokens" | "max_completion_tokens";
  /** `words`: the server takes no schema, so the model is told in words to keep it. */
  readonly jsonSchema: "native" | "words";
  /** True where a model has a temperature of its own and refuses others. */
  readonly fixedSampling?: (model: string) => boolean;
  /** More fields for a level of reasoning; undefined where the model has none. */
  readonly reasoning: (model: string, level: "off" | "low" | "high") => Json | undefined;
  /** Earlier reasoning belongs into the history, under this name. */
  readonly reasoningField?: string;
  readonly toolParameters?: (schema: Json) => Json;
  /** Fields for every request. */
  readonly extra?: (request: ModelRequest) => Json;
}

export function openaiChat(dialect: OpenaiDialect): Wire {
  return {
    path: () => "/chat/completions",
    framing: "sse",
    body: (request, streamed, adapted) => bodyOf(dialect, request, streamed, adapted),
    reply: replyOf,
    reader,
  };
}

function bodyOf(dialect: OpenaiDialect, request: ModelRequest, streamed: boolean, adapted: Adapted): object {
  const {
    model,
    temperature,
    stop,
    seed,
    tools,
    tool_choice: choice,
    response_format: format,
    reasoning,
  } = request;
  const fixed = dialect.fixedSampling?.(model) === true;
  if (fixed && temperature !== undefined) adapted("temperature: the model has one of its own");
  const level = reasoning === undefined ? {} : dialect.reasoning(model, reasoning);
  if (level === undefined) adapted(`reasoning: the model has no level ${reasoning}`);
  const schema = format?.type === "json_schema" ? format.schema : undefined;
  const inWords = schema !== undefined && dialect.jsonSchema === "words";
  if (inWords) adapted("response_format: the schema is given to the model in words, and is not enforced");
  const messages = request.messages.map((message) => messageOf(message, dialect.reasoningField));
  if (inWords) messages.push({ role: "system", content: jsonInstruction(schema) });
  return {
    model,
    messages,
    ...(temperature === undefined || fixed ? {} : { temperature }),
    ...(request.max_tokens === undefined ? {} : { [dialect.maxTokensField]: request.max_tokens }),
    ...(stop === undefined ? {} : { stop }),
    ...(seed === undefined ? {} : { seed }),
    ...(tools === undefined ? {} : { tools: tools.map((tool) => toolOf(tool, dialect.toolParameters)) }),
    ...(choice === undefined ? {} : { tool_choice: choiceOf(choice) }),
    ...(format === undefined
      ? {}
      : schema === undefined || inWords
        ? { response_format: { type: "json_object" } }
        : { response_format: { type: "json_schema", json_schema: { name: "reply", schema } } }),
    ...level,
    ...dialect.extra?.(request),
    ...(streamed ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

function messageOf(message: ChatMessage, reasoningField: string | undefined): Json {
  const { role, content, parts, tool_calls: calls, tool_call_id: id, reasoning } = message;
  return {
    role,
    content:
      parts?.map((part) =>
        part.type === "text"
          ? { type: "text", text: part.text }
          : { type: "image_url", image_url: { url: `data:${part.media_type};base64,${part.data}` } },
      ) ??
      content ??
      null,
    ...(calls === undefined
      ? {}
      : {
          tool_calls: calls.map((call) => ({
            id: call.id,
            type: "function",
            function: { name: call.name, arguments: JSON.stringify(call.arguments) },
          })),
        }),
    ...(id === undefined ? {} : { tool_call_id: id }),
    ...(reasoning === undefined || reasoningField === undefined ? {} : { [reasoningField]: reasoning }),
  };
}

const NO_PARAMETERS = { type: "object", properties: {} } as const;

function toolOf({ name, description, parameters }: ChatTool, adapt: OpenaiDialect["toolParameters"]): Json {
  const schema: Json = parameters ?? NO_PARAMETERS;
  return {
    type: "function",
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      parameters: adapt === undefined ? schema : adapt(schema),
    },
  };
}

function choiceOf(choice: NonNullable<ModelRequest["tool_choice"]>): unknown {
  return typeof choice === "string" ? choice : { type: "function", function: { name: choice.name } };
}

const FINISH: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool_calls",
  function_call: "tool_calls",
  content_filter: "filtered",
};

function replyOf(json: unknown): ModelReply {
  const { choices, usage, model } = objectOf(json);
  const [choice] = listOf(choices);
  if (choice === undefined) throw notAReply();
  const { message, finish_reason: finish } = choice;
  if (typeof message !== "object" || message === null) throw notAReply();
  const {
    content,
    reasoning_content: reasoning,
    reasoning: otherReasoning,
    refusal,
    tool_calls: calls,
  } = objectOf(message);
  const made = listOf(calls).map(({ id, function: called }, at) => ({
    id: textOf(id) || `call_${at + 1}`,
    name: textOf(objectOf(called)["name"]),
    arguments: argumentsOf(objectOf(called)["arguments"]),
  }));
  const thought = textOf(reasoning) || textOf(otherReasoning);
  return {
    model: typeof model === "string" ? model : undefined,
    content: contentText(content) || textOf(refusal),
    reasoning: thought === "" ? undefined : thought,
    tool_calls: made.length === 0 ? undefined : made,
    finish_reason: finishOf(finish, made.length > 0, textOf(refusal) !== "" && content === null),
    usage: usageOf(usage),
  };
}

/** Some servers answer in parts. */
function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  return listOf(content)
    .map(({ text }) => textOf(text))
    .join("");
}

/** Servers say `stop` beside tool calls; a refusal is a filter's. */
function finishOf(finish: unknown, hasCalls: boolean, refused: boolean): FinishReason {
  const known = FINISH[textOf(finish)] ?? "stop";
  if (refused) return "filtered";
  return known === "stop" && hasCalls ? "tool_calls" : known;
}

/** Moonshot has cached tokens at the top, OpenAI in the details; OpenRouter says what it charges. */
function usageOf(value: unknown): ModelUsage | undefined {
  // Not in most chunks of a stream.
  if (value === undefined || value === null) return undefined;
  const usage = objectOf(value);
  const details = objectOf(usage["prompt_tokens_details"]);
  return usageFrom({
    input: usage["prompt_tokens"],
    output: usage["completion_tokens"],
    cached: details["cached_tokens"] ?? usage["cached_tokens"],
    cacheWrite: details["cache_write_tokens"],
    reasoning: objectOf(usage["completion_tokens_details"])["reasoning_tokens"],
    costUsd: usage["cost"],
  });
}

interface OpenToolCall {
  id: string;
  name: string;
  text: string;
}

function reader(): PieceReader {
  const calls = new Map<number, OpenToolCall>();
  let finish: string | undefined;
  let usage: ModelUsage | undefined;
  let model: string | undefined;
  let refused = false;

  const readCall = ({ index, id, function: called }: Json, at: number): void => {
    const place = countOf(index) ?? at;
    let call = calls.get(place);
    if (call === undefined) {
      call = { id: "", name: "", text: "" };
      calls.set(place, call);
    }
    const { name, arguments: more } = objectOf(called);
    call.id ||= textOf(id);
    call.name ||= textOf(name);
    call.text += typeof more === "object" && more !== null ? JSON.stringify(more) : textOf(more);
  };

  return {
    get finished() {
      return finish !== undefined;
    },
    read: (json, push) => {
      const { choices, usage: counted, model: named } = json as Json;
      usage = usageOf(counted) ?? usage;
      if (typeof named === "string") model = named;
      if (!Array.isArray(choices)) return;
      const choice = objectOf(choices[0]);
      const { delta, finish_reason: reason } = choice;
      // Moonshot counts in the last chunk of content.
      if (choice["usage"] !== undefined) usage = usageOf(choice["usage"]) ?? usage;
      if (typeof delta === "object" && delta !== null) {
        const { content, reasoning_content: thought, reasoning, refusal, tool_calls: more } = delta as Json;
        const reasoned = typeof thought === "string" ? thought : reasoning;
        if (typeof reasoned === "string" && reasoned !== "") push({ kind: "text", reasoning: reasoned });
        if (typeof content === "string" && content !== "") push({ kind: "text", content });
        if (typeof refusal === "string" && refusal !== "") {
          refused = true;
          push({ kind: "text", content: refusal });
        }
        if (Array.isArray(more)) for (const [at, call] of listOf(more).entries()) readCall(call, at);
      }
      if (typeof reason === "string") finish = reason;
    },
    end: (push) => {
      if (finish === undefined) return;
      const made = [...calls].sort(([a], [b]) => a - b);
      for (const [at, { id, name, text }] of made) {
        push({ kind: "tool_call", call: { id: id || `call_${at + 1}`, name, arguments: argumentsOf(text) } });
      }
      push({ kind: "end", finish_reason: finishOf(finish, made.length > 0, refused), usage, model });
    },
  };
}

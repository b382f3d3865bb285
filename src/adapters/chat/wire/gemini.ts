// Google's generateContent. Calls of tools have no ids here: results are matched by name, in their order.
// https://ai.google.dev/api/generate-content

import type { ChatMessage, FinishReason, ToolCall } from "#contracts/chat";
import { type ModelReply, type ModelRequest, type ModelUsage, ProviderFailure } from "../chat-model.ts";
import {
  type Adapted,
  argumentsOf,
  countOf,
  type Json,
  listOf,
  notAReply,
  objectOf,
  type PieceReader,
  textOf,
  usageFrom,
  type Wire,
} from "./wire.ts";

export const gemini: Wire = {
  path: (model, streamed) =>
    `/models/${encodeURIComponent(model)}:${streamed ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  framing: "sse",
  body: bodyOf,
  reply: replyOf,
  reader,
};

/** Tokens of thought; 0 turns it off where a model allows that. */
const THINKING_TOKENS = { off: 0, low: 1024, high: 8192 } as const;

function bodyOf(request: ModelRequest, _streamed: boolean, _adapted: Adapted): object {
  const { messages, tools, tool_choice: choice, response_format: format, reasoning } = request;
  const system = messages
    .filter(({ role }) => role === "system")
    .map((message) => ({ text: plainText(message) }));
  return {
    contents: turnsOf(messages),
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }),
    ...(tools === undefined
      ? {}
      : {
          tools: [
            {
              functionDeclarations: tools.map(({ name, description, parameters }) => ({
                name,
                ...(description === undefined ? {} : { description }),
                ...(parameters === undefined ? {} : { parametersJsonSchema: parameters }),
              })),
            },
          ],
        }),
    ...(choice === undefined ? {} : { toolConfig: { functionCallingConfig: choiceOf(choice) } }),
    generationConfig: {
      ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
      ...(request.max_tokens === undefined ? {} : { maxOutputTokens: request.max_tokens }),
      ...(request.stop === undefined ? {} : { stopSequences: request.stop }),
      ...(request.seed === undefined ? {} : { seed: request.seed }),
      ...(format === undefined ? {} : { responseMimeType: "application/json" }),
      ...(format?.type === "json_schema" ? { responseJsonSchema: format.schema } : {}),
      ...(reasoning === undefined ? {} : { thinkingConfig: { thinkingBudget: THINKING_TOKENS[reasoning] } }),
    },
  };
}

function plainText({ content, parts }: ChatMessage): string {
  return content ?? (parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
}

function choiceOf(choice: NonNullable<ModelRequest["tool_choice"]>): Json {
  if (typeof choice !== "string") return { mode: "ANY", allowedFunctionNames: [choice.name] };
  return { mode: { auto: "AUTO", none: "NONE", required: "ANY" }[choice] };
}

function turnsOf(messages: readonly ChatMessage[]): Json[] {
  const names = new Map(
    messages.flatMap(({ tool_calls: calls = [] }) => calls.map(({ id, name }) => [id, name])),
  );
  const turns: { role: string; parts: Json[] }[] = [];
  for (const message of messages) {
    if (message.role === "system") continue;
    const role = message.role === "assistant" ? "model" : "user";
    const parts = partsOf(message, names);
    const last = turns.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else turns.push({ role, parts });
  }
  return turns;
}

function partsOf(message: ChatMessage, names: ReadonlyMap<string, string>): Json[] {
  const { role, content, parts, tool_calls: calls, tool_call_id: id } = message;
  if (role === "tool") {
    const name = names.get(id ?? "") ?? "tool";
    return [{ functionResponse: { name, response: { result: plainText(message) } } }];
  }
  const said = (parts ?? (content === undefined ? [] : [{ type: "text" as const, text: content }])).map(
    (part) =>
      part.type === "text"
        ? { text: part.text }
        : { inlineData: { mimeType: part.media_type, data: part.data } },
  );
  return [...said, ...(calls ?? []).map(({ name, arguments: args }) => ({ functionCall: { name, args } }))];
}

/** Every other reason is a filter's. */
const FINISH: Readonly<Record<string, FinishReason>> = { STOP: "stop", MAX_TOKENS: "length" };

interface Read {
  content: string;
  reasoning: string;
  readonly calls: ToolCall[];
  finish: string | undefined;
  usage: ModelUsage | undefined;
  model: string | undefined;
}

/** Reads one response, or one chunk of a stream, which has the same shape. */
function readInto(read: Read, json: unknown): void {
  const { candidates, promptFeedback: feedback, usageMetadata: usage, modelVersion: model } = objectOf(json);
  read.usage = usageOf(usage) ?? read.usage;
  read.model ??= textOf(model) || undefined;
  const [candidate] = listOf(candidates);
  if (candidate === undefined) {
    if (typeof objectOf(feedback)["blockReason"] === "string") read.finish = "SAFETY";
    return;
  }
  for (const { text, thought, functionCall: call } of listOf(objectOf(candidate["content"])["parts"])) {
    if (typeof text === "string" && thought === true) read.reasoning += text;
    else if (typeof text === "string") read.content += text;
    if (typeof call !== "object" || call === null) continue;
    const { id, name, args } = call as Json;
    const place = `call_${read.calls.length + 1}`;
    read.calls.push({ id: textOf(id) || place, name: textOf(name), arguments: argumentsOf(args ?? {}) });
  }
  if (typeof candidate["finishReason"] === "string") read.finish = candidate["finishReason"];
}

function finishOf({ finish = "", calls }: Read): FinishReason {
  if (/FUNCTION_CALL|^OTHER$/.test(finish)) {
    throw new ProviderFailure("upstream", "the model's tool call is malformed.", { retryable: false });
  }
  const known = FINISH[finish] ?? "filtered";
  return known === "stop" && calls.length > 0 ? "tool_calls" : known;
}

function usageOf(value: unknown): ModelUsage | undefined {
  const usage = objectOf(value);
  const thoughts = countOf(usage["thoughtsTokenCount"]) ?? 0;
  const input = countOf(usage["promptTokenCount"]);
  if (input === undefined) return undefined;
  return usageFrom({
    input,
    output: (countOf(usage["candidatesTokenCount"]) ?? 0) + thoughts,
    cached: usage["cachedContentTokenCount"],
    reasoning: thoughts === 0 ? undefined : thoughts,
  });
}

function emptyRead(): Read {
  return { content: "", reasoning: "", calls: [], finish: undefined, usage: undefined, model: undefined };
}

function replyOf(json: unknown): ModelReply {
  const read = emptyRead();
  readInto(read, json);
  if (read.finish === undefined) throw notAReply();
  return {
    model: read.model,
    content: read.content,
    reasoning: read.reasoning === "" ? undefined : read.reasoning,
    tool_calls: read.calls.length === 0 ? undefined : read.calls,
    finish_reason: finishOf(read),
    usage: read.usage,
  };
}

function reader(): PieceReader {
  const read = emptyRead();
  let given = 0;
  return {
    get finished() {
      return read.finish !== undefined;
    },
    read: (json, push) => {
      readInto(read, json);
      push({ kind: "text", content: read.content, reasoning: read.reasoning });
      read.content = "";
      read.reasoning = "";
      for (; given < read.calls.length; given += 1) {
        const call = read.calls[given];
        if (call !== undefined) push({ kind: "tool_call", call });
      }
    },
    end: (push) => {
      if (read.finish === undefined) return;
      push({ kind: "end", finish_reason: finishOf(read), usage: read.usage, model: read.model });
    },
  };
}

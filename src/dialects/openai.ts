// OpenAI's surface, at its own paths: chat completions, embeddings, models. Fields of OpenAI's that the house does not have
// (user, store, ...) are left out of the native call; those that would change the reply (n, logprobs, dimensions, ...) are refused.
// Values that ask for nothing (n: 1, top_p: 1) count as not given.
// Wire: https://platform.openai.com/docs/api-reference (chat completions, embeddings, models, as of 2026).

import {
  type Dialect,
  type DialectRow,
  fieldsOf,
  type ForeignReply,
  type NativeFault,
  type NativeRequest,
  type StreamState,
} from "./dialect.ts";
import { embeddedText } from "./rows.ts";

function json(value: unknown): ForeignReply {
  return { contentType: "application/json", text: JSON.stringify(value) };
}

const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "invalid_request_error",
  422: "invalid_request_error",
  429: "rate_limit_error",
};

function errorOf({ status, code, message, details }: NativeFault): unknown {
  return {
    error: {
      message,
      type: TYPES[status] ?? "server_error",
      param: details[0]?.path ?? null,
      code,
    },
  };
}

/** Fields that say nothing of the reply. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  "user",
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_retention",
  "store",
  "metadata",
  "service_tier",
  "verbosity",
  "stream_options",
  "prediction",
]);

/** Fields that the house does not have, with the value that asks for nothing. */
const NEUTRAL: Readonly<Record<string, unknown>> = {
  n: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  logprobs: false,
  top_logprobs: 0,
  parallel_tool_calls: true,
};

/** What is neither read here nor without effect goes on under its own name: the native call refuses it by that name. */
function unknownFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) =>
        !WITHOUT_EFFECT.has(name) &&
        !isEmpty(value) &&
        !(Object.hasOwn(NEUTRAL, name) && NEUTRAL[name] === value),
    ),
  );
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0)
  );
}

function chatRequest(body: unknown): NativeRequest {
  const {
    model,
    messages,
    temperature,
    max_tokens,
    max_completion_tokens,
    stop,
    seed,
    tools,
    tool_choice,
    response_format,
    stream,
    reasoning_effort,
    modalities,
    ...others
  } = fieldsOf(body);
  const most = max_completion_tokens ?? max_tokens;
  const textAlone = Array.isArray(modalities) && modalities.length === 1 && modalities[0] === "text";
  const native = {
    ...unknownFields(textAlone ? others : { modalities, ...others }),
    model,
    messages: Array.isArray(messages) ? messages.map(nativeMessage) : messages,
    temperature,
    max_tokens: most,
    stop: typeof stop === "string" ? [stop] : stop,
    seed,
    tools: Array.isArray(tools) ? tools.map((tool) => fieldsOf(tool)["function"]) : tools,
    tool_choice: nativeChoice(tool_choice),
    response_format: nativeFormat(response_format),
    reasoning: nativeReasoning(reasoning_effort),
    stream,
  };
  return { body: withoutNothing(native) };
}

function nativeMessage(message: unknown): unknown {
  const { role, content, tool_calls, tool_call_id } = fieldsOf(message);
  const native = {
    role: role === "developer" ? "system" : role,
    ...(Array.isArray(content) ? { parts: content.map(nativePart) } : { content }),
    tool_calls: Array.isArray(tool_calls) ? tool_calls.map(nativeCall) : tool_calls,
    tool_call_id,
  };
  return withoutNothing(native);
}

function nativePart(part: unknown): unknown {
  const { type, text, image_url } = fieldsOf(part);
  if (type !== "image_url") return { type, text };
  const url = String(fieldsOf(image_url)["url"] ?? "");
  const [, media_type, data] = /^data:(image\/[a-z0-9.+-]+);base64,(.+)$/s.exec(url) ?? [];
  return { type: "image", media_type, data };
}

function nativeCall(call: unknown): unknown {
  const { id, function: called } = fieldsOf(call);
  const { name, arguments: text } = fieldsOf(called);
  return { id, name, arguments: parsed(text) };
}

/** Arguments come as text; what is no JSON goes on as it is, and is refused with its place. */
function parsed(text: unknown): unknown {
  if (typeof text !== "string") return text;
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    return text;
  }
}

function nativeChoice(choice: unknown): unknown {
  const { function: named } = fieldsOf(choice);
  return named === undefined ? choice : { name: fieldsOf(named)["name"] };
}

function nativeFormat(format: unknown): unknown {
  const { type, json_schema } = fieldsOf(format);
  if (type === "text") return undefined;
  if (type !== "json_schema") return format;
  return { type, schema: fieldsOf(json_schema)["schema"] };
}

function nativeReasoning(effort: unknown): unknown {
  if (effort === undefined || effort === null) return undefined;
  return effort === "none" || effort === "minimal" ? "off" : effort === "high" ? "high" : "low";
}

/** OpenAI's clients send null for what is not set. */
function withoutNothing(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  );
}

const FINISH: Readonly<Record<string, string>> = { filtered: "content_filter" };

function finishOf(reason: unknown): string {
  return FINISH[String(reason)] ?? String(reason);
}

function foreignCalls(calls: unknown): { tool_calls?: unknown } {
  if (!Array.isArray(calls) || calls.length === 0) return {};
  return { tool_calls: calls.map(foreignCall) };
}

function foreignCall(call: unknown): Record<string, unknown> {
  const { id, name, arguments: values } = fieldsOf(call);
  return { id, type: "function", function: { name, arguments: JSON.stringify(values ?? {}) } };
}

function usageOf(usage: unknown): unknown {
  const { input_tokens = 0, output_tokens = 0, cached_tokens, reasoning_tokens } = fieldsOf(usage);
  return {
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens: Number(input_tokens) + Number(output_tokens),
    ...(cached_tokens === undefined ? {} : { prompt_tokens_details: { cached_tokens } }),
    ...(reasoning_tokens === undefined ? {} : { completion_tokens_details: { reasoning_tokens } }),
  };
}

/** The house does not keep when a reply was made; clients want a number. */
const CREATED = 0;

function completionOf(native: unknown, foreign: unknown): ForeignReply {
  const { id, provider, model, message, finish_reason, usage } = fieldsOf(native);
  const { content = null, tool_calls } = fieldsOf(message);
  return json({
    id,
    object: "chat.completion",
    created: CREATED,
    model: fieldsOf(foreign)["model"] ?? `${String(provider)}/${String(model)}`,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content, refusal: null, ...foreignCalls(tool_calls) },
        logprobs: null,
        finish_reason: finishOf(finish_reason),
      },
    ],
    usage: usageOf(usage),
  });
}

function delta(state: StreamState, fields: object, finish: string | null): string {
  const first = state["begun"] !== true;
  state["begun"] = true;
  const choice = {
    index: 0,
    delta: first ? { role: "assistant", content: "", ...fields } : fields,
    logprobs: null,
    finish_reason: finish,
  };
  return chunk(state, [choice], state["counts"] === true ? { usage: null } : {});
}

function chunk({ id, model = "" }: StreamState, choices: readonly unknown[], more: object): string {
  const body = { id, object: "chat.completion.chunk", created: CREATED, model, choices, ...more };
  return `data: ${JSON.stringify(body)}\n\n`;
}

const CHAT: DialectRow = {
  method: "POST",
  path: "/v1/chat/completions",
  operation: "chatd.chat",
  names: { max_completion_tokens: "max_tokens", reasoning_effort: "reasoning" },
  request: ({ body }) => chatRequest(body),
  reply: (native, { body }) => completionOf(native, body),
  streams: ({ body }) => fieldsOf(body)["stream"] === true,
  stream: {
    operation: "chatd.chatEvents",
    begin: ({ body }) => {
      const { model, stream_options } = fieldsOf(body);
      const counts = fieldsOf(stream_options)["include_usage"] === true;
      return { model, id: `chatcmpl-${crypto.randomUUID()}`, counts };
    },
    event: (event, state) => {
      switch (event.event) {
        case "delta": {
          const { content } = event;
          return typeof content === "string" && content !== "" ? delta(state, { content }, null) : "";
        }
        case "tool_call": {
          const index = Number(state["calls"] ?? 0);
          state["calls"] = index + 1;
          return delta(state, { tool_calls: [{ index, ...foreignCall(event) }] }, null);
        }
        case "done": {
          const last = delta(state, {}, finishOf(event["finish_reason"]));
          // A chunk of its own, without choices, and only where it was asked for.
          const usage = { usage: usageOf(event["usage"]) };
          return state["counts"] === true ? last + chunk(state, [], usage) : last;
        }
        case undefined:
        default:
          return "";
      }
    },
    end: () => "data: [DONE]\n\n",
    fault: (fault) => `data: ${JSON.stringify(errorOf(fault))}\n\n`,
  },
};

const ENCODED_BYTES = 4;

/** Little-endian 32-bit floats, as OpenAI's own clients ask for by default, and the house writes them too. */
function base64Of(vector: unknown): string {
  if (typeof vector === "string") return vector;
  const values = Array.isArray(vector) ? vector.map(Number) : [];
  const bytes = Buffer.alloc(values.length * ENCODED_BYTES);
  for (const [at, value] of values.entries()) bytes.writeFloatLE(value, at * ENCODED_BYTES);
  return bytes.toString("base64");
}

function isBase64(body: unknown): boolean {
  return fieldsOf(body)["encoding_format"] === "base64";
}

const EMBEDDINGS: DialectRow = {
  method: "POST",
  path: "/v1/embeddings",
  operation: "embedd.embed",
  names: { input: "texts" },
  request: ({ body }) => {
    const { input, model, encoding_format: _, ...others } = fieldsOf(body);
    const texts = typeof input === "string" ? [input] : input;
    const encoding = isBase64(body) ? { encoding: "base64" } : {};
    // A number of dimensions other than the model's is refused: it would be another vector.
    return { body: withoutNothing({ ...unknownFields(others), texts, model, ...encoding }) };
  },
  form: ({ body }) => (isBase64(body) ? "base64" : "float"),
  reply: (native, { body }) => {
    const { vectors, model } = fieldsOf(native);
    const base64 = isBase64(body);
    const all = Array.isArray(vectors) ? vectors : [];
    return json({
      object: "list",
      data: all.map((vector: unknown, index) => ({
        object: "embedding",
        index,
        embedding: base64 ? base64Of(vector) : vector,
      })),
      model,
      usage: { prompt_tokens: 0, total_tokens: 0 },
    });
  },
  replyText: (text, { body }) => {
    const found = embeddedText(text);
    // Numbers that were to be base64 are written as such below.
    if (found === undefined || isBase64(body) !== found.vectors.startsWith('["')) return undefined;
    const [open, close] = isBase64(body) ? ['"', '"'] : ["[", "]"];
    const vectors = found.vectors.slice(2, -2).split(`${close},${open}`);
    const data = vectors.map(
      (values, index) => `{"object":"embedding","index":${index},"embedding":${open}${values}${close}}`,
    );
    const usage = `{"prompt_tokens":0,"total_tokens":0}`;
    return {
      ...json(null),
      text: `{"object":"list","data":[${data.join(",")}],"model":${found.model},"usage":${usage}}`,
    };
  },
};

const MODELS: DialectRow = {
  method: "GET",
  path: "/v1/models",
  operation: "embedd.models",
  reply: (native) => {
    const { models } = fieldsOf(native);
    const all = Array.isArray(models) ? models.map(fieldsOf) : [];
    return json({
      object: "list",
      data: all.map(({ name, provider }) => ({
        id: name,
        object: "model",
        created: CREATED,
        owned_by: provider,
      })),
    });
  },
};

export const openai: Dialect = {
  name: "openai",
  prefix: "",
  rows: [CHAT, EMBEDDINGS, MODELS],
  fault: (fault) => ({ ...json(errorOf(fault)), status: fault.status }),
};

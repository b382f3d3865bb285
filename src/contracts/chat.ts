// chatd: language models behind one neutral shape, whichever provider answers. A call is retried, bounded, paid for from
// its key's budget and recorded in one place, so that no caller needs to know the quirks of a provider.

import { z } from "zod";
import { op } from "#rpc/contract";
import { jsonObject, timestamp } from "./shapes.ts";

/** The longest conversation; a longer one is summarised by its owner. */
const MESSAGES_MAX = 1000;
/** More tools than any provider takes. */
const TOOLS_MAX = 128;
/** Images travel in the request, and one call carries some of them. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;
/** What any call may take at most; `deadline_ms` asks for less. */
export const CHAT_MS_MAX = 600_000;
/** As many tokens as no model writes in one reply. */
export const OUTPUT_TOKENS_MAX = 1_000_000;
/** More hops would outlast any caller. */
const FALLBACK_MAX = 8;

const toolCall = z.strictObject({
  id: z.string().max(256),
  name: z.string().min(1).max(128),
  arguments: jsonObject,
});
export type ToolCall = z.infer<typeof toolCall>;

const part = z.union([
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({
    type: z.literal("image"),
    media_type: z.string().regex(/^image\/[a-z0-9.+-]{1,40}$/, "must be a type such as image/png"),
    data: z.string().min(1).describe("base64"),
  }),
]);

const chatMessage = z
  .strictObject({
    role: z.enum(["system", "user", "assistant", "tool"]),
    content: z.string().optional(),
    parts: z.array(part).min(1).max(64).optional(),
    tool_calls: z.array(toolCall).max(TOOLS_MAX).optional(),
    tool_call_id: z.string().max(256).optional().describe("Of a tool's result: the call that it answers"),
    reasoning: z.string().optional().describe("Of an assistant's message: sent back to models that want it"),
  })
  .superRefine((message, context) => {
    const problem = (path: string, text: string): void => {
      context.addIssue({ code: "custom", path: [path], message: text });
    };
    const { role, content, parts, tool_calls: calls, tool_call_id: answers } = message;
    if (content !== undefined && parts !== undefined)
      problem("parts", "is given beside content: give one of them");
    if (content === undefined && parts === undefined && (calls ?? []).length === 0)
      problem("content", "is missing");
    if (role !== "assistant" && calls !== undefined)
      problem("tool_calls", "belong to a message of the assistant");
    if (role === "tool" && answers === undefined) problem("tool_call_id", "is missing in a tool's result");
    if (role !== "tool" && answers !== undefined) problem("tool_call_id", "belongs to a message of a tool");
  });
export type ChatMessage = z.infer<typeof chatMessage>;

const tool = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -"),
  description: z.string().max(4096).optional(),
  parameters: jsonObject.optional().describe("A JSON schema whose root is an object"),
});
export type ChatTool = z.infer<typeof tool>;

const toolChoice = z.union([z.enum(["auto", "none", "required"]), z.strictObject({ name: z.string() })]);

const responseFormat = z.union([
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({ type: z.literal("json_schema"), schema: jsonObject }),
]);
export type ResponseFormat = z.infer<typeof responseFormat>;

const modelName = z.string().min(1).max(200);
const providerName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "must be a provider's name, as in kimi");

const chatInput = z.strictObject({
  messages: z.array(chatMessage).min(1).max(MESSAGES_MAX),
  model: modelName
    .optional()
    .describe("`provider/name`, or a plain name beside `provider`; the default model unless given"),
  provider: providerName.optional(),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.int().min(1).max(OUTPUT_TOKENS_MAX).optional(),
  stop: z.array(z.string().min(1)).max(4).optional(),
  seed: z.int().optional(),
  tools: z.array(tool).min(1).max(TOOLS_MAX).optional(),
  tool_choice: toolChoice.optional(),
  response_format: responseFormat.optional(),
  stream: z.boolean().optional().describe("Server-sent events instead of one JSON reply"),
  reasoning: z.enum(["off", "low", "high"]).optional(),
  fallback: z
    .array(z.strictObject({ provider: providerName, model: modelName }))
    .max(FALLBACK_MAX)
    .optional()
    .describe("Tried in this order when a provider fails; never after a request that is itself wrong"),
  deadline_ms: z
    .int()
    .min(1)
    .max(CHAT_MS_MAX)
    .optional()
    .describe("For all tries together; 120,000 unless given"),
  metadata: z
    .record(z.string().max(64), z.string().max(512))
    .refine((fields) => Object.keys(fields).length <= 16, "may have 16 fields")
    .optional()
    .describe("Kept in this call's row of chat_usage"),
});
export type ChatInput = z.infer<typeof chatInput>;

export const FINISH_REASONS = ["stop", "length", "tool_calls", "filtered"] as const;

const finishReason = z.enum(FINISH_REASONS);
export type FinishReason = z.infer<typeof finishReason>;

const usage = z.object({
  input_tokens: z.int(),
  output_tokens: z.int(),
  /** Of the input: read from the provider's cache, and written to it. */
  cached_tokens: z.int().optional(),
  cache_write_tokens: z.int().optional(),
  reasoning_tokens: z.int().optional(),
  cost_usd: z.number().optional(),
  /** The provider counted nothing: the numbers are computed from the text. */
  estimated: z.literal(true).optional(),
});
export type ChatUsage = z.infer<typeof usage>;

export const OUTCOMES = [
  "ok",
  "invalid",
  "not_found",
  "unauthorized",
  "quota",
  "rate_limited",
  "overloaded",
  "unreachable",
  "upstream",
  "timeout",
  "cancelled",
  "breaker_open",
  "no_slot",
  "not_configured",
] as const;

const attempt = z.object({
  provider: z.string(),
  model: z.string(),
  outcome: z.enum(OUTCOMES),
  status: z.int().optional(),
  ms: z.number(),
});
export type ChatAttempt = z.infer<typeof attempt>;

const chatReply = z.object({
  id: z.string(),
  provider: z.string(),
  model: z.string(),
  message: z.object({
    role: z.literal("assistant"),
    content: z.string(),
    tool_calls: z.array(toolCall).optional(),
    reasoning: z.string().optional(),
  }),
  finish_reason: finishReason,
  usage,
  attempts: z.array(attempt),
  /** Parts of the request that the model could not be given as such, each with what was done instead. */
  adapted: z.array(z.string()).optional(),
  took_ms: z.number(),
});
export type ChatReply = z.infer<typeof chatReply>;

const chatEvent = z.union([
  z.object({ event: z.literal("delta"), content: z.string().optional(), reasoning: z.string().optional() }),
  toolCall.extend({ event: z.literal("tool_call") }),
  usage.extend({ event: z.literal("usage") }),
  chatReply.extend({ event: z.literal("done") }),
]);
export type ChatEvent = z.infer<typeof chatEvent>;

const STATES = ["closed", "open", "half_open"] as const;
const breakerState = z.enum(STATES);
export type BreakerState = z.infer<typeof breakerState>;

const budgetKey = z
  .string()
  .regex(
    /^(\*|[A-Za-z0-9_.-]{1,64})$/,
    "must be the name of an API key, `local`, or * for all without one of their own",
  );

const limit = {
  tokens_per_day: z.int().min(0).nullable(),
  usd_per_day: z.number().min(0).max(1_000_000).nullable(),
};

const spent = z.object({
  /** The UTC day that the numbers are of. */
  day: z.string(),
  used_tokens: z.int(),
  used_usd: z.number(),
  /** Held for calls in flight. */
  reserved_tokens: z.int(),
  reserved_usd: z.number(),
  resets_at: timestamp,
});

const budget = spent.extend({ key: z.string(), ...limit });
export type Budget = z.infer<typeof budget>;

/** US dollars for a million tokens. */
const price = z.object({
  provider: z.string(),
  /** One that ends in `*` stands for all that begin like it. */
  model: z.string(),
  /** `own`: the file of LAKEHOUSE_CHAT_PRICES. */
  source: z.enum(["own", "built_in"]),
  /** Rising; a call pays by the last one whose `above_tokens` its input exceeds. */
  bands: z.array(
    z.object({
      above_tokens: z.number(),
      input_usd: z.number(),
      cached_usd: z.number(),
      cache_write_usd: z.number(),
      output_usd: z.number(),
    }),
  ),
});
export type ModelPrice = z.infer<typeof price>;

const traits = {
  method: "POST",
  path: "/v1/chat",
  input: chatInput,
  bodyBytesMax: BODY_BYTES_MAX,
  timeoutMs: CHAT_MS_MAX,
  errors: ["not_found", "rate_limited", "too_large", "upstream"],
  scope: "write",
} as const;

export const chat = {
  chat: op({
    ...traits,
    summary: "Call a language model",
    description:
      "The first provider that answers does: `attempts` lists every try. With `stream: true`, or `accept: text/event-stream`, the reply is server-sent events `delta`, `tool_call`, `usage`, then `done` or `fault`. A call that would exceed its key's budget is `rate_limited`.",
    output: chatReply,
    streamedBy: { field: "stream", operation: "chatEvents" },
    // Waits for others, and is limited for each caller.
    work: "bulk",
  }),
  chatEvents: op({
    ...traits,
    summary: "Call a language model, with its reply as it is written",
    reply: "events",
    accept: ["text/event-stream"],
    output: chatEvent,
  }),
  providers: op({
    method: "GET",
    path: "/v1/chat/providers",
    summary: "List chat providers and how they are",
    input: z.strictObject({}),
    output: z.object({
      /** The model that answers where a call names none. */
      default_model: z.string().optional(),
      providers: z.array(
        z.object({
          name: z.string(),
          /** Has what it needs: a key, a script. */
          configured: z.boolean(),
          /** The worst of its models. */
          state: breakerState,
          /** Those that were called since the start. */
          models: z.array(z.object({ name: z.string(), state: breakerState })).optional(),
          slots: z.object({ used: z.int(), max: z.int() }),
          last_error: z
            .object({
              model: z.string(),
              outcome: z.enum(OUTCOMES),
              status: z.int().optional(),
              at: timestamp,
            })
            .optional(),
        }),
      ),
    }),
    errors: [],
    scope: "read",
  }),
  usage: op({
    method: "GET",
    path: "/v1/chat/usage",
    summary: "What the caller's key has spent today, and may spend",
    input: z.strictObject({}),
    output: budget,
    errors: [],
    scope: "read",
  }),
  prices: op({
    method: "GET",
    path: "/v1/chat/prices",
    summary: "What models cost",
    description:
      "All prices that are known, or with `model` the one that a call of it pays by: none where it is not known. Then its cost is not known either, and keys with a budget in dollars cannot call it.",
    input: z.strictObject({ model: modelName.optional() }),
    output: z.object({
      /** The day the built-in table was compiled on. */
      as_of: z.string(),
      /** Providers whose calls cost nothing. */
      free: z.array(z.string()),
      prices: z.array(price),
    }),
    errors: [],
    scope: "read",
  }),
  budgets: op({
    method: "GET",
    path: "/v1/chat/budgets",
    summary: "List budgets, and what every key has spent today",
    input: z.strictObject({}),
    output: z.object({ budgets: z.array(budget) }),
    errors: [],
    scope: "admin",
  }),
  setBudget: op({
    method: "PUT",
    path: "/v1/chat/budgets/{key}",
    summary: "Set what a key may spend in a day",
    description:
      "A limit that is null or left out is none. The budget of `*` holds for each key that has none of its own. Calls in flight go on.",
    input: z.strictObject({
      key: budgetKey,
      tokens_per_day: limit.tokens_per_day.default(null),
      usd_per_day: limit.usd_per_day.default(null),
    }),
    output: budget,
    errors: [],
    scope: "admin",
  }),
  dropBudget: op({
    method: "DELETE",
    path: "/v1/chat/budgets/{key}",
    summary: "Remove a key's budget",
    input: z.strictObject({ key: budgetKey }),
    output: z.null(),
    status: 204,
    errors: ["not_found"],
    scope: "admin",
  }),
};

// What a provider of chat models is to the rest of the house: a neutral request in, a neutral reply or its pieces out.
// An adapter makes one try and says what became of it; retries, limits of concurrency, circuit breakers, fallbacks and
// budgets belong to chatd alone.

import type { ChatMessage, ChatTool, FinishReason, ResponseFormat, ToolCall } from "#contracts/chat";

/** One try of a call, for the model as its provider names it. */
export interface ModelRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly temperature?: number | undefined;
  readonly max_tokens?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly seed?: number | undefined;
  readonly tools?: readonly ChatTool[] | undefined;
  readonly tool_choice?: "auto" | "none" | "required" | { readonly name: string } | undefined;
  readonly response_format?: ResponseFormat | undefined;
  readonly reasoning?: "off" | "low" | "high" | undefined;
}

/** Milliseconds; what each bounds is in docs/wire/native.md. */
export interface ModelTimeouts {
  readonly connectMsMax: number;
  /** From the request to the first piece of a streamed reply. */
  readonly firstTokenMsMax: number;
  /** Between two pieces of it. */
  readonly betweenTokensMsMax: number;
}

export interface TryOptions {
  /** Fires with a Fault when the caller has gone or the call's deadline has passed. */
  readonly signal: AbortSignal;
  /** Notes what of the request the model is not given as such, and what was done instead. */
  readonly adapted: (what: string) => void;
}

export interface ModelUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Of the input: read from the provider's cache, and written to it. */
  readonly cached_tokens?: number | undefined;
  readonly cache_write_tokens?: number | undefined;
  readonly reasoning_tokens?: number | undefined;
  /** Where the provider says what it charges. */
  readonly cost_usd?: number | undefined;
}

export interface ModelReply {
  /** The model that answered, where the provider says so. */
  readonly model?: string | undefined;
  readonly content: string;
  readonly reasoning?: string | undefined;
  readonly tool_calls?: readonly ToolCall[] | undefined;
  readonly finish_reason: FinishReason;
  readonly usage?: ModelUsage | undefined;
}

/** A piece of a streamed reply. Tool calls come whole. */
export type ModelPiece =
  | { readonly kind: "text"; readonly content?: string; readonly reasoning?: string }
  | { readonly kind: "tool_call"; readonly call: ToolCall }
  | {
      readonly kind: "end";
      readonly finish_reason: FinishReason;
      readonly usage?: ModelUsage | undefined;
      readonly model?: string | undefined;
    };

export interface ChatProvider {
  readonly name: string;
  /** Whether it has what it needs; no request is made to find out. */
  readonly configured: boolean;
  /** How it is configured, for a message to a caller: "Set MOONSHOT_API_KEY." */
  readonly setup: string;
  /** Calls that it takes at a time. */
  readonly slotsMax: number;
  /**
   * True for what costs nothing per token: a model of this machine. Without it and without a known price, the cost of a
   * call is unknown.
   */
  readonly free: boolean;
  /** Throws ProviderFailure, or the reason of the signal once it has fired. */
  complete(request: ModelRequest, options: TryOptions): Promise<ModelReply>;
  /**
   * The pieces of a reply, exactly one `end` last. One that breaks off before its finish mark throws ProviderFailure. Ending
   * the iteration early cancels the request.
   */
  stream(request: ModelRequest, options: TryOptions): AsyncIterable<ModelPiece>;
}

/** Why a try failed, as far as the next step depends on it. */
export const FAILURE_KINDS = [
  "invalid",
  "not_found",
  "unauthorized",
  "quota",
  "rate_limited",
  "overloaded",
  "unreachable",
  "upstream",
  "timeout",
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

interface FailureExtra {
  readonly status?: number | undefined;
  /** Milliseconds after which the provider asks to be called again. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the same request may be sent to the same provider again; by default its kind says so. */
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
}

/** The message is ours: a provider's own text may quote a prompt or a key, and is not passed on. */
export class ProviderFailure extends Error {
  override readonly name = "ProviderFailure";
  readonly kind: FailureKind;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly retryable: boolean;

  constructor(kind: FailureKind, message: string, extra: FailureExtra = {}) {
    super(message, { cause: extra.cause });
    this.kind = kind;
    this.status = extra.status;
    this.retryAfterMs = extra.retryAfterMs;
    this.retryable = extra.retryable ?? RETRYABLE.has(kind);
  }
}

/** A timeout has used up what a second try would need; the others do not pass by themselves. */
const RETRYABLE: ReadonlySet<FailureKind> = new Set([
  "rate_limited",
  "overloaded",
  "unreachable",
  "upstream",
]);

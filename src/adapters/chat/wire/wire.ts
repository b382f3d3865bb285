// A wire format of chat models: how a neutral request is written in it and how its replies are read, whole or in pieces.
// A wire knows no address, no key and no time; what differs from provider to provider on the same wire is an argument.

import type { ModelPiece, ModelReply, ModelRequest, ModelUsage } from "../chat-model.ts";
import { ProviderFailure } from "../chat-model.ts";

export type Adapted = (what: string) => void;

export interface Wire {
  /** Below the provider's base address. */
  path(model: string, streamed: boolean): string;
  body(request: ModelRequest, streamed: boolean, adapted: Adapted): object;
  /** Throws ProviderFailure for what is no reply of this wire. */
  reply(json: unknown): ModelReply;
  readonly framing: "sse" | "ndjson";
  /** Reads one stream. */
  reader(): PieceReader;
}

export type Push = (piece: ModelPiece) => void;

export interface PieceReader {
  /** One event's data, or one line, parsed. Errors in it are found before. */
  read(json: unknown, push: Push): void;
  /** Whether the mark was read that ends a reply. */
  readonly finished: boolean;
  /** After the last one: pushes what was held back, and the end. */
  end(push: Push): void;
}

export type Json = Readonly<Record<string, unknown>>;

export function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
}

/** Undefined where nothing was counted. */
export function usageFrom(counts: {
  readonly input: unknown;
  readonly output: unknown;
  readonly cached?: unknown;
  readonly cacheWrite?: unknown;
  readonly reasoning?: unknown;
  readonly costUsd?: unknown;
}): ModelUsage | undefined {
  const input = countOf(counts.input);
  const output = countOf(counts.output);
  if (input === undefined || output === undefined) return undefined;
  const { costUsd } = counts;
  return {
    input_tokens: input,
    output_tokens: output,
    cached_tokens: countOf(counts.cached),
    cache_write_tokens: countOf(counts.cacheWrite),
    reasoning_tokens: countOf(counts.reasoning),
    ...(typeof costUsd === "number" && costUsd >= 0 && Number.isFinite(costUsd) ? { cost_usd: costUsd } : {}),
  };
}

/** Arguments come as text from some models, and as an object from others. */
export function argumentsOf(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  if (typeof value === "string") {
    if (value.trim() === "") return {};
    try {
      const parsed = JSON.parse(value) as unknown;
      if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
        return parsed as Record<string, unknown>;
      }
    } catch {
      // Below: a call whose arguments were cut must not be made.
    }
  }
  throw new ProviderFailure("upstream", "the model's tool call has arguments that are no JSON object.", {
    retryable: false,
  });
}

export function notAReply(): ProviderFailure {
  return new ProviderFailure("upstream", "the provider sent something that is no reply.", {
    retryable: false,
  });
}

/** For models that are only told in words to write JSON. */
export function jsonInstruction(schema: object | undefined): string {
  const only = "Reply with one JSON object and nothing else: no code fence, no word before or after it.";
  return schema === undefined ? only : `${only} It must satisfy this JSON schema:\n${JSON.stringify(schema)}`;
}

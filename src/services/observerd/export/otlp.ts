// Events as OTLP in JSON (opentelemetry-proto 1.x, the JSON mapping of its specification: ids in hexadecimal, 64-bit numbers
// as text). Our own, because it is a few objects: the packages for it take 180 ms and 22 MB to load.
//
// An event with `trace_id` and `took_ms` in its data is a span that ended when the event happened.

import { createHash } from "node:crypto";
import type { ObservedEvent } from "#contracts/observe";
import { attributesOf, type Spelling } from "./names.ts";

export interface OtlpValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values: readonly OtlpValue[] };
}

interface Attribute {
  readonly key: string;
  readonly value: OtlpValue;
}

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: number; readonly message?: string };
}

/** SPAN_KIND_SERVER of what came in, SPAN_KIND_CLIENT of calls to models, SPAN_KIND_INTERNAL of the rest. */
const KINDS: Readonly<Record<string, number>> = {
  request: 2,
  chat: 3,
  embeddings: 3,
  text_completion: 3,
  generate_content: 3,
};
const INTERNAL = 1;
const STATUS_UNSET = 0;
const STATUS_ERROR = 2;

/** What is told of a span otherwise than as an attribute. */
const STRUCTURAL: ReadonlySet<string> = new Set([
  "trace_id",
  "span_id",
  "parent_span_id",
  "took_ms",
  "cost_usd",
]);
const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

/** Operations of the GenAI conventions: kinds of events that say something of a model. */
export const GEN_AI: ReadonlySet<string> = new Set([
  "chat",
  "embeddings",
  "text_completion",
  "generate_content",
  "execute_tool",
  "retrieval",
  "invoke_agent",
  "invoke_workflow",
  "plan",
]);

export interface SpanOptions {
  readonly spelling: Spelling;
  readonly langfuse: boolean;
}

/** Undefined for an event that is no span. */
export function spanOf(event: ObservedEvent, { spelling, langfuse }: SpanOptions): OtlpSpan | undefined {
  const { data, source, kind, subject } = event;
  const { trace_id: traceId, span_id: spanId, parent_span_id: parentId, took_ms: tookMs } = data;
  if (typeof traceId !== "string" || !TRACE_ID.test(traceId) || typeof tookMs !== "number") return undefined;
  const isGenAi = GEN_AI.has(kind);
  const fields: Record<string, unknown> = { ...(isGenAi ? { operation: kind } : {}), ...data };
  if (langfuse) Object.assign(fields, langfuseFields(data, isGenAi));
  const attributes = Object.entries(fields)
    .filter(([field, value]) => !STRUCTURAL.has(field) && value !== null && value !== undefined)
    .flatMap(([field, value]) => {
      const encoded = valueOf(field === "finish_reason" ? [value] : value);
      const keys = field.startsWith("langfuse.") ? [field] : attributesOf(field, spelling, langfuse);
      return keys.map((key) => ({ key, value: encoded }));
    });
  const own: Attribute[] = [
    { key: "lakehouse.source", value: { stringValue: source } },
    ...(subject === undefined ? [] : [{ key: "lakehouse.subject", value: { stringValue: subject } }]),
  ];
  const model = typeof data["model"] === "string" ? data["model"] : undefined;
  const route = typeof data["route"] === "string" ? data["route"] : undefined;
  return {
    traceId,
    spanId: typeof spanId === "string" && SPAN_ID.test(spanId) ? spanId : spanIdOf(event),
    ...(typeof parentId === "string" && SPAN_ID.test(parentId) ? { parentSpanId: parentId } : {}),
    name: isGenAi && model !== undefined ? `${kind} ${model}` : (route ?? kind),
    kind: KINDS[kind] ?? INTERNAL,
    startTimeUnixNano: nanosOf(Date.parse(event.at) - tookMs),
    endTimeUnixNano: nanosOf(Date.parse(event.at)),
    attributes: [...own, ...attributes],
    status: { code: event.level === "error" ? STATUS_ERROR : STATUS_UNSET },
  };
}

/** Langfuse takes usage and cost as JSON. */
function langfuseFields(data: Readonly<Record<string, unknown>>, isGenAi: boolean): Record<string, unknown> {
  const usage = {
    input: data["input_tokens"],
    output: data["output_tokens"],
    cache_read_input_tokens: data["cached_tokens"],
    output_reasoning_tokens: data["reasoning_tokens"],
  };
  const known = Object.fromEntries(Object.entries(usage).filter(([, tokens]) => typeof tokens === "number"));
  return {
    "langfuse.observation.type": isGenAi ? "generation" : "span",
    ...(Object.keys(known).length > 0 ? { "langfuse.observation.usage_details": JSON.stringify(known) } : {}),
    ...(typeof data["cost_usd"] === "number"
      ? { "langfuse.observation.cost_details": JSON.stringify({ total: data["cost_usd"] }) }
      : {}),
  };
}

/** The same event has the same span, however often it is sent. */
function spanIdOf({ seq, at, source }: ObservedEvent): string {
  return createHash("sha256").update(`${seq} ${at} ${source}`).digest("hex").slice(0, 16);
}

export function valueOf(value: unknown): OtlpValue {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    return { arrayValue: { values: value.map(valueOf) } };
  }
  return { stringValue: JSON.stringify(value) };
}

export function nanosOf(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}

export function resourceOf(service: string, version: string): { readonly attributes: readonly Attribute[] } {
  return {
    attributes: [
      { key: "service.name", value: { stringValue: service } },
      { key: "service.version", value: { stringValue: version } },
    ],
  };
}

export const SCOPE = { name: "lakehouse.observerd" } as const;

export function tracesOf(spans: readonly OtlpSpan[], version: string): object {
  return {
    resourceSpans: [{ resource: resourceOf("lakehouse", version), scopeSpans: [{ scope: SCOPE, spans }] }],
  };
}

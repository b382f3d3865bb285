// What a provider's refusal means. Providers write errors in four shapes (`{error: {code, message}}` of OpenAI and
// OpenRouter, `{type: "error", error: {type}}` of Anthropic, `{error: {status}}` of Google, `{error: "a sentence"}` of
// Ollama), under a status or, once a reply has begun, inside of a 200. Here they become one kind.
//
// A provider's sentence goes to the caller only where it is about the caller's own request, without anything that looks
// like a key, and shortened; it goes to no log.

import { type FailureKind, ProviderFailure } from "../chat-model.ts";

export interface ProviderError {
  /** The HTTP status, or the number that an error inside of a 200 carries; 0 where there is none. */
  readonly status: number;
  /** One word, as in `insufficient_quota`; empty where there is none. */
  readonly code: string;
  readonly text: string;
}

/** Where a provider has its own way of saying it; undefined for what is usual. */
export type Judge = (error: ProviderError) => FailureKind | undefined;

const TEXT_CHARS_MAX = 300;

/** The error that a reply holds, if any. */
export function errorIn(json: unknown, status: number): ProviderError | undefined {
  // Google wraps it into a list when it streams.
  const body: unknown = Array.isArray(json) ? json[0] : json;
  if (typeof body !== "object" || body === null || !("error" in body)) return undefined;
  const { error } = body;
  if (error === null || error === undefined) return undefined;
  if (typeof error === "string") return { status, code: "", text: error };
  if (typeof error !== "object") return { status, code: "", text: "" };
  const { code, type, status: word, message } = error as Record<string, unknown>;
  const number = [code, Number(code)].find(
    (value) => typeof value === "number" && value >= 400 && value < 600,
  );
  const name = [code, type, word].find((value) => typeof value === "string" && !/^\d+$/.test(value));
  return {
    status: status >= 400 ? status : typeof number === "number" ? number : status,
    code: typeof name === "string" ? name.toLowerCase() : "",
    text: typeof message === "string" ? message : "",
  };
}

/** `key` is the one that was sent. */
export function failureOf(
  error: ProviderError,
  judge: Judge,
  key: string,
  retryAfterMs?: number,
): ProviderFailure {
  const kind = judge(error) ?? usualKind(error);
  const { status } = error;
  const said = kind === "invalid" ? quotable(error.text, key) : "";
  const message = said === "" ? SAYINGS[kind] : `${SAYINGS[kind]} It says: ${said}`;
  return new ProviderFailure(kind, message, {
    ...(status === 0 ? {} : { status }),
    retryAfterMs,
    // A redirect or a method that is not allowed stays as it is.
    retryable: status >= 300 && status < 400 ? false : undefined,
  });
}

const SAYINGS: Readonly<Record<FailureKind, string>> = {
  invalid: "the provider refuses this request.",
  not_found: "the provider has no such model.",
  unauthorized: "the provider rejects our key. Whoever runs this house has to correct it.",
  quota: "the provider's credit or quota for our key is used up.",
  rate_limited: "the provider asks for fewer calls.",
  overloaded: "the provider has no room just now.",
  unreachable: "the provider cannot be reached.",
  upstream: "the provider failed.",
  timeout: "the provider did not answer in time.",
};

const QUOTA_CODES = /insufficient_quota|exceeded_current_quota|billing|credit|quota_exceeded/;
const OVERLOAD_CODES = /overloaded|server_busy|resource_exhausted_temporarily|unavailable/;

function usualKind({ status, code }: ProviderError): FailureKind {
  if (status === 400 || status === 413 || status === 422) return "invalid";
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 402) return "quota";
  if (status === 404) return "not_found";
  if (status === 429) {
    if (QUOTA_CODES.test(code)) return "quota";
    return OVERLOAD_CODES.test(code) ? "overloaded" : "rate_limited";
  }
  if (status === 503 || status === 529) return "overloaded";
  if (status < 400) return kindOfWord(code);
  return "upstream";
}

/** An error inside of a 200 that has no number. */
function kindOfWord(code: string): FailureKind {
  if (QUOTA_CODES.test(code)) return "quota";
  if (OVERLOAD_CODES.test(code)) return "overloaded";
  if (/rate_limit|resource_exhausted/.test(code)) return "rate_limited";
  if (/^invalid_(request|argument|prompt)/.test(code)) return "invalid";
  return "upstream";
}

/** A part of the key this long must not be shown. */
const KEY_PART_CHARS = 6;
const KEY_LIKE = /\b(?:sk|pk|key|or|rk|gsk|xai)[-_][\w-]{6,}|\bBearer\s+\S+|[\w-]{40,}/gi;

/** A sentence without anything that looks like a key; empty when a part of our own is in it. */
export function quotable(text: string, key: string): string {
  for (let at = 0; at + KEY_PART_CHARS <= key.length; at += 1) {
    if (text.includes(key.slice(at, at + KEY_PART_CHARS))) return "";
  }
  const plain = text.replaceAll(KEY_LIKE, "...").replaceAll(/\s+/g, " ").trim();
  return plain.length > TEXT_CHARS_MAX ? `${plain.slice(0, TEXT_CHARS_MAX)}...` : plain;
}

/** `retry-after` in seconds or as a date (RFC 9110, 10.2.3). */
export function retryAfterMsOf(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const seconds = Number(text);
  if (text.trim() !== "" && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

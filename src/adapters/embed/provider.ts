// One request to an embedding provider over HTTP, with retries: the only place that retries. A model may be silent for
// minutes while it is loaded, so the response has a long timeout and the connection a short one. A provider's error
// text stays here: texts of several callers travel in one batch, and an error that quotes one caller's text must not
// reach another caller or a log. Error codes and statuses are passed on.

import { jsonOr } from "#lib/json-or";
import { onAbort } from "#lib/abort";
import { deadline } from "#lib/coarse-timer";
import { readVector } from "#lib/vector-text";
import { Fault } from "#rpc/fault";
import { reachable } from "../reachable.ts";

export interface Provider {
  /** The product's name: "Ollama". */
  readonly title: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeouts: ProviderTimeouts;
  /** What a refusal means where this provider has its own way of saying it. `code` is one word or empty. */
  refusal(status: number, code: string): Fault | undefined;
}

/** Timeouts and the pause between attempts; tests set shorter ones. */
export interface ProviderTimeouts {
  /** How long a silent request waits before reachability is checked, and how long that check may take. */
  readonly connectMsMax: number;
  /** For all attempts together. */
  readonly responseMsMax: number;
  /** Before the second attempt; doubled for the third. */
  readonly pauseMs: number;
}

/** A large model takes more than a minute to load from a slow disk; a caller's call ends after two. */
export const PROVIDER_TIMEOUTS: ProviderTimeouts = {
  connectMsMax: 5000,
  responseMsMax: 110_000,
  pauseMs: 250,
};

/** An overloaded provider does not need further ones. */
const TRIES_MAX = 3;
const PAUSE_MS_MAX = 10_000;
/** 128 vectors of 8,192 numbers, each written with 20 characters, and some room. */
const RESPONSE_BYTES_MAX = 32 * 1024 * 1024;

/** A failure worth a retry. */
interface Retryable {
  readonly what: string;
  readonly pauseMs: number;
  readonly cause?: unknown;
}

/**
 * Posts the request; the reply is the response's JSON, unvalidated. Throws `invalid` when the provider refuses this very
 * request (a smaller one may be accepted), `not_found`, `upstream` when it fails, `timeout`, and `cancelled` when the
 * signal fires.
 */
export async function postJson(provider: Provider, request: object, signal?: AbortSignal): Promise<unknown> {
  const { timeouts, title } = provider;
  const endsAt = Date.now() + timeouts.responseMsMax;
  const body = JSON.stringify(request);
  for (let tries = 1; ; tries += 1) {
    const outcome = await attempt(provider, body, endsAt, signal);
    if ("json" in outcome) return outcome.json;
    const pauseMs = Math.max(
      outcome.pauseMs,
      timeouts.pauseMs * 2 ** (tries - 1) * (0.5 + Math.random() / 2),
    );
    if (tries === TRIES_MAX || pauseMs > PAUSE_MS_MAX || Date.now() + pauseMs >= endsAt) {
      throw new Fault("upstream", `${title} did not respond: ${outcome.what}. Check that it is running.`, {
        cause: outcome.cause,
        retryAfterMs: Math.max(outcome.pauseMs, 1000),
      });
    }
    await Bun.sleep(pauseMs);
  }
}

async function attempt(
  provider: Provider,
  body: string,
  endsAt: number,
  signal: AbortSignal | undefined,
): Promise<Retryable | { readonly json: unknown }> {
  const { url, title, timeouts } = provider;
  const controller = new AbortController();
  const forget = onAbort(signal, () => controller.abort(new Fault("cancelled", "The caller cancelled.")));
  const limits = [
    deadline(endsAt, () =>
      controller.abort(
        new Fault("timeout", `${title} did not respond within ${timeouts.responseMsMax / 1000} seconds.`),
      ),
    ),
    deadline(Date.now() + timeouts.connectMsMax, () => {
      void reachable(url, timeouts.connectMsMax).then((there) => {
        if (!there) controller.abort(new Error("unreachable"));
      });
    }),
  ];
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...provider.headers, "content-type": "application/json", accept: "application/json" },
      body,
      redirect: "manual",
      signal: controller.signal,
      timeout: false,
    } as BunFetchRequestInit);
    const text = await boundedText(response, title);
    return judged(provider, response, text);
  } catch (cause) {
    const abortedBy: unknown = controller.signal.reason;
    if (abortedBy instanceof Fault) throw abortedBy;
    if (cause instanceof Fault) throw cause;
    // Bun's own message holds the address; its code says what happened.
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no response";
    return { what: controller.signal.aborted ? "nothing listens at its address" : code, pauseMs: 0, cause };
  } finally {
    for (const limit of limits) limit.clear();
    forget();
    controller.abort();
  }
}

async function boundedText(response: Response, title: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    if (bytes > RESPONSE_BYTES_MAX) throw new Fault("upstream", `${title} sent a response that is too long.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function judged(
  provider: Provider,
  { status, headers }: Response,
  text: string,
): Retryable | { readonly json: unknown } {
  const { title } = provider;
  const json = jsonOr(text);
  const code = codeOf(json);
  if (status === 200 && (typeof json !== "object" || json === null)) {
    throw new Fault("upstream", `${title} sent something that is no JSON object. Check its address.`);
  }
  if (status === 200 && code === undefined) return { json };
  const known = provider.refusal(status, code ?? "");
  if (known !== undefined) throw known;
  const reason = `${status}${code === undefined || code === "" ? "" : ` ${code}`}`;
  if (status === 200 || status === 408 || status === 429 || status >= 500) {
    const pauseMs = (Number(headers.get("retry-after") ?? 0) || 0) * 1000;
    return { what: reason, pauseMs };
  }
  if (status === 400 || status === 413 || status === 422) {
    throw new Fault(
      "invalid",
      `${title} refuses the text (${reason}): it is too long for the model, or the model makes no embeddings.`,
    );
  }
  if (status >= 300 && status < 400) {
    throw new Fault(
      "upstream",
      `${title} redirects (${status}), and redirects are not followed. Configure the address that it redirects to.`,
    );
  }
  throw new Fault("upstream", `${title} refused: ${reason}. Check its address.`);
}

/** As servers write their codes, and as no key, number or address is written. */
const CODE = /^[a-z]{1,32}(?:_[a-z]{1,32}){0,7}$/;

/** Undefined when the response is no error. Only a code of one word is passed on, never a sentence. */
function codeOf(json: unknown): string | undefined {
  if (typeof json !== "object" || json === null || !("error" in json) || json.error === null)
    return undefined;
  const { error } = json;
  if (typeof error !== "object" || error === null) return "";
  const { code, type } = error as { code?: unknown; type?: unknown };
  const word = [code, type].find((value) => typeof value === "string" && CODE.test(value));
  return typeof word === "string" ? word : "";
}

/**
 * A base address of an operator's own, without its last slash. Throws `invalid` for anything but http and https:
 * other schemes would be read from this machine. A user in it would end up in logs.
 */
export function baseAddress(text: string, option: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain =
    url !== undefined &&
    ["http:", "https:"].includes(url.protocol) &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    url.hash === "";
  if (!plain)
    throw new Fault("invalid", `${option} must be an http or https address with no user and no query.`);
  return url.href.replace(/\/+$/, "");
}

/**
 * A provider's vector brought to unit length, from numbers or from base64 of little-endian 32-bit floats. What cannot
 * be brought there (zeros, infinities) stays as it is for the service to refuse; what is no vector throws `upstream`.
 */
export function unitVector(value: unknown, title: string): Float32Array {
  const vector = numbersOf(value);
  if (vector === undefined) throw new Fault("upstream", `${title} sent something that is no vector.`);
  let squares = 0;
  for (const number of vector) squares += number * number;
  const length = Math.sqrt(squares);
  if (!Number.isFinite(length) || length === 0) return vector;
  return vector.map((number) => number / length);
}

function numbersOf(value: unknown): Float32Array | undefined {
  if (typeof value === "string") return readVector(value);
  if (!Array.isArray(value) || !value.every((number) => typeof number === "number")) return undefined;
  return Float32Array.from(value);
}

// One request to a provider over HTTP and the bytes of its reply. The platform's own timeout is off, because models may
// be silent for minutes; ours are: connecting, and for streams the first piece and the time between two. What comes back
// is bounded, however it is packed.

import { jsonOr } from "#lib/json-or";
import { gunzip } from "node:zlib";
import { promisify } from "node:util";
import { onAbort } from "#lib/abort";
import { deadline } from "#lib/coarse-timer";
import { reachable } from "../../reachable.ts";
import { type ModelTimeouts, ProviderFailure } from "../chat-model.ts";
import { errorIn, failureOf, type Judge, retryAfterMsOf } from "./failures.ts";

export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The key that is in the headers, so that it can be kept out of messages. */
  readonly key: string;
  readonly judge: Judge;
  readonly timeouts: ModelTimeouts;
  /** Fires with a Fault when the call is over. */
  readonly signal: AbortSignal;
}

/** The longest reply of any model is a tenth of that. */
export const REPLY_BYTES_MAX = 16 * 1024 * 1024;
/** An error is a sentence. */
const ERROR_BYTES_MAX = 64 * 1024;

/** A request that has its response's headers. */
export interface Exchanged {
  readonly response: Response;
  /** Ends the request, with the reason that reading then rejects with. */
  readonly abort: (reason: unknown) => void;
  /** Forgets the caller; call it when the reply has been read, or will not be. */
  readonly close: () => void;
}

/**
 * Resolves with a reply that has begun. `silentMsMax` bounds the time until then; without it the call's own deadline does.
 * Rejects with ProviderFailure, or with the reason of the caller's signal.
 */
export async function exchange(request: HttpRequest, silentMsMax?: number): Promise<Exchanged> {
  const controller = new AbortController();
  const abort = (reason: unknown): void => controller.abort(reason);
  const forget = onAbort(request.signal, abort);
  const { connectMsMax } = request.timeouts;
  const probe = deadline(Date.now() + connectMsMax, () => {
    void reachable(request.url, connectMsMax).then((there) => {
      if (!there) abort(new ProviderFailure("unreachable", "nothing answers at the provider's address."));
    });
  });
  const late =
    silentMsMax === undefined
      ? undefined
      : deadline(Date.now() + silentMsMax, () => abort(silentFor(silentMsMax)));
  try {
    const response = await fetch(request.url, {
      method: "POST",
      headers: request.headers,
      body: request.body,
      redirect: "manual",
      signal: controller.signal,
      timeout: false,
      decompress: false,
    } as BunFetchRequestInit);
    if (response.status === 200) return { response, abort, close: forget };
    throw await refusalOf(response, request);
  } catch (thrown) {
    forget();
    throw asFailure(thrown, controller.signal);
  } finally {
    probe.clear();
    late?.clear();
  }
}

export function silentFor(ms: number): ProviderFailure {
  return new ProviderFailure("timeout", `the provider was silent for ${Math.round(ms / 1000)} s.`);
}

/** What reading or sending threw, as what the caller is to get. */
export function asFailure(thrown: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted === true) return signal.reason as unknown;
  if (thrown instanceof ProviderFailure) return thrown;
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  if (/ConnectionRefused|FailedToOpenSocket|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|DNS|CERT|TLS|SSL/i.test(code)) {
    return new ProviderFailure("unreachable", "the provider cannot be reached.", { cause: thrown });
  }
  return new ProviderFailure("upstream", "the provider's connection broke.", { cause: thrown });
}

async function refusalOf(response: Response, { key, judge }: HttpRequest): Promise<ProviderFailure> {
  const { status, headers } = response;
  const text = await textOf(response, ERROR_BYTES_MAX).catch(() => "");
  const error = errorIn(jsonOr(text), status) ?? { status, code: "", text: "" };
  return failureOf(error, judge, key, retryAfterMsOf(headers, Date.now()));
}

/** The whole reply as JSON; throws ProviderFailure when it is none, or holds an error. */
export async function jsonOf({ response }: Exchanged, { key, judge }: HttpRequest): Promise<unknown> {
  const json = jsonOr(await textOf(response, REPLY_BYTES_MAX));
  if (typeof json !== "object" || json === null) {
    throw new ProviderFailure("upstream", "the provider's reply is no JSON object.", {
      status: 200,
      retryable: false,
    });
  }
  const error = errorIn(json, response.status);
  if (error !== undefined) throw failureOf(error, judge, key, retryAfterMsOf(response.headers, Date.now()));
  return json;
}

const unpack = promisify(gunzip);

/** We ask for plain bytes; a server that packs them all the same is bounded by what they unpack to. */
async function textOf(response: Response, bytesMax: number): Promise<string> {
  const encoding = response.headers.get("content-encoding") ?? "";
  const packed = encoding !== "" && encoding !== "identity";
  const declared = response.headers.get("content-length");
  if (!packed && declared !== null && Number(declared) <= bytesMax) return response.text();
  const bytes = await boundedBytes(response, bytesMax);
  if (!packed) return bytes.toString("utf8");
  if (encoding !== "gzip" && encoding !== "x-gzip") {
    throw new ProviderFailure("upstream", "the provider's reply is packed in a way that was not asked for.", {
      retryable: false,
    });
  }
  try {
    return (await unpack(bytes, { maxOutputLength: bytesMax })).toString("utf8");
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? "";
    throw code === "ERR_BUFFER_TOO_LARGE" ? tooLong(cause) : broken(cause);
  }
}

async function boundedBytes(response: Response, bytesMax: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    if (bytes > bytesMax) throw tooLong();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

export function tooLong(cause?: unknown): ProviderFailure {
  return new ProviderFailure("upstream", "the provider's reply is too long.", { cause, retryable: false });
}

function broken(cause: unknown): ProviderFailure {
  return new ProviderFailure("upstream", "the provider's reply cannot be unpacked.", { cause });
}

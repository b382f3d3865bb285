// One request to an S3 server: signed, with our own deadlines, retried with growing, jittered pauses where that can help.
// Bun's own fetch timeout is switched off because it counts from the start of a transfer, which may rightly take long. A
// redirect is never followed: it would carry the signature to another server.
//
// A request without a response (a reset, a timeout, a 5xx) may have been carried out: it is ambiguous. A writer passes
// `settled`, which inspects what is stored, so that a write that arrived is not sent again.

import { deadline } from "#lib/coarse-timer";
import { Fault } from "#rpc/fault";
import { type Credentials, encodedPath, queryText, SHA256_OF_NOTHING, sha256Of, signed } from "./sign.ts";
import { parseXml, textOf } from "./xml.ts";
import { type Bytes, bytesOf } from "../objects.ts";

export interface S3Place extends Credentials {
  /** `https://s3.eu-central-1.amazonaws.com`; http is for servers near by. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The bucket in the path and not in the host name, as most servers but AWS want it. */
  readonly pathStyle: boolean;
}

/** Timeouts and the pause between attempts; tests set shorter ones. */
export interface S3Timeouts {
  /** Until the response begins, beside the time to send the body. */
  readonly responseMsMax: number;
  /** Between two chunks of a response. */
  readonly idleMsMax: number;
  /** Before the second attempt; doubled for each further one. */
  readonly pauseMs: number;
}

/** AWS responds in milliseconds or not at all; a loaded server of one's own takes seconds. */
export const S3_TIMEOUTS: S3Timeouts = { responseMsMax: 20_000, idleMsMax: 30_000, pauseMs: 100 };

/** The slowest upload rate that the timeout allows for. */
const BODY_BYTES_PER_MS_MIN = 256;
/** The first attempt and three more: an overloaded server does not need further ones. */
const TRIES_MAX = 4;
const PAUSE_MS_MAX = 5000;
/** A full page of a thousand keys of 1,024 characters, each of them escaped. */
const TEXT_BYTES_MAX = 16 * 1024 * 1024;

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** In the bucket; empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Of the body, when it is known already. */
  readonly sha256?: string;
}

export interface S3Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Bytes | null;
  /** Closes the connection. */
  abort(): void;
}

export interface S3Client {
  /**
   * The response, whatever its status, unless the failure is transient: then the request is retried, and fails with
   * `unavailable` after the last attempt. `settled` is called after each ambiguous attempt, to find out whether it was carried out.
   */
  send(request: S3Request, settled?: () => Promise<S3Reply | undefined>): Promise<S3Reply>;
  chunks(reply: S3Reply): AsyncGenerator<Uint8Array>;
  text(reply: S3Reply): Promise<string>;
  /** The fault for a response with an unexpected status. */
  refusal(reply: S3Reply): Promise<Fault>;
}

interface Trouble {
  readonly what: string;
  readonly ambiguous: boolean;
  readonly pauseMs: number;
  readonly cause?: unknown;
}

export function s3Client(place: S3Place, timeouts: S3Timeouts): S3Client {
  const { origin, host, root } = addressOf(place);
  /** How far the server's clock is ahead of ours, learned from a refusal. */
  let aheadMs = 0;

  const attempt = async (request: S3Request, fresh: boolean): Promise<S3Reply> => {
    const { method, key, query = {}, body } = request;
    const path = root + encodedPath(key);
    const sha256 = request.sha256 ?? (body === undefined ? SHA256_OF_NOTHING : sha256Of(body));
    const headers = signed(
      { method, host, path, query, headers: request.headers ?? {}, sha256 },
      place,
      place.region,
      new Date(Date.now() + aheadMs),
    );
    if (body !== undefined) headers["content-length"] = String(body.byteLength);
    headers["accept-encoding"] = "identity";
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const bodyMs = (body?.byteLength ?? 0) / BODY_BYTES_PER_MS_MIN;
    const limit = deadline(Date.now() + timeouts.responseMsMax + bodyMs, abort);
    const search = queryText(query);
    try {
      const response = await fetch(`${origin}${path}${search === "" ? "" : `?${search}`}`, {
        method,
        headers,
        redirect: "manual",
        signal: controller.signal,
        timeout: false,
        decompress: false,
        keepalive: !fresh,
        // As a stream it goes out once: fetch silently sends bytes again when a kept connection breaks.
        ...(body === undefined ? {} : { body: bytesOf(body) }),
      } as BunFetchRequestInit);
      return {
        status: response.status,
        headers: response.headers,
        body: response.body as Bytes | null,
        abort,
      };
    } finally {
      limit.clear();
    }
  };

  async function* chunks(reply: S3Reply): AsyncGenerator<Uint8Array> {
    if (reply.body === null) return;
    const reader = reply.body.getReader();
    try {
      for (;;) {
        const limit = deadline(Date.now() + timeouts.idleMsMax, reply.abort);
        const step = await reader.read().finally(() => limit.clear());
        if (step.done) return;
        yield step.value;
      }
    } finally {
      reply.abort();
    }
  }

  const text = async (reply: S3Reply): Promise<string> => {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of chunks(reply)) {
      bytes += chunk.byteLength;
      if (bytes > TEXT_BYTES_MAX) throw new Fault("upstream", "The object store's response is too long.");
      pieces.push(chunk);
    }
    return Buffer.concat(pieces).toString("utf8");
  };

  /** The response's error code and nothing else of it: S3 repeats key ids and signed text in its messages. */
  const codeOf = async (reply: S3Reply): Promise<string> => {
    try {
      const code = textOf(parseXml(await text(reply)), "Code") ?? "";
      // A key's id is a word too, and has digits.
      return /^[A-Za-z]{1,64}$/.test(code) ? code : "";
    } catch {
      return "";
    }
  };

  const troubleOf = async (reply: S3Reply): Promise<Trouble | S3Reply> => {
    const { status, headers } = reply;
    if (status === 403 || status === 409 || status === 400) {
      const code = await codeOf(reply);
      const trouble = { what: code, ambiguous: false, pauseMs: 0 };
      if (code === "RequestTimeTooSkewed") {
        aheadMs = Date.parse(headers.get("date") ?? "") - Date.now() || 0;
        return trouble;
      }
      if (code === "ConditionalRequestConflict" || code === "OperationAborted") return trouble;
      if (code === "RequestTimeout") return { ...trouble, ambiguous: true };
      return { ...reply, headers: withCode(headers, code), body: null };
    }
    if (status !== 429 && !(status >= 500 && status <= 504 && status !== 501)) return reply;
    const pauseMs = Math.min(PAUSE_MS_MAX, Number(headers.get("retry-after") ?? 0) * 1000 || 0);
    const code = await codeOf(reply);
    return { what: `${status} ${code}`.trim(), ambiguous: status !== 429, pauseMs };
  };

  const attemptSafely = async (request: S3Request, fresh: boolean): Promise<Trouble | S3Reply> => {
    try {
      return await troubleOf(await attempt(request, fresh));
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      return { what: "no response", ambiguous: true, pauseMs: 0, cause };
    }
  };

  const send: S3Client["send"] = async (request, settled) => {
    for (let tries = 1; ; tries += 1) {
      const outcome = await attemptSafely(request, tries === TRIES_MAX);
      if ("status" in outcome) return outcome;
      if (outcome.ambiguous) {
        const known = await settled?.();
        if (known !== undefined) return known;
      }
      if (tries === TRIES_MAX) {
        throw new Fault(
          "unavailable",
          `The object store did not do it in ${TRIES_MAX} tries: ${outcome.what}.`,
          {
            cause: outcome.cause,
            retryAfterMs: PAUSE_MS_MAX,
          },
        );
      }
      const pauseMs = Math.min(PAUSE_MS_MAX, timeouts.pauseMs * 2 ** (tries - 1));
      await Bun.sleep(Math.max(outcome.pauseMs, pauseMs * (0.5 + Math.random() / 2)));
    }
  };

  const refusal = async (reply: S3Reply): Promise<Fault> => {
    const code = reply.headers.get(CODE_HEADER) ?? (await codeOf(reply));
    reply.abort();
    const said = `${reply.status}${code === "" ? "" : ` ${code}`}`;
    return new Fault("upstream", `The object store refused: ${said}. ${adviceOn(reply.status, code)}`);
  };

  return { send, chunks, text, refusal };
}

/** Carries an error code that was read already. */
const CODE_HEADER = "x-error-code";

function withCode(headers: Headers, code: string): Headers {
  const known = new Headers(headers);
  known.set(CODE_HEADER, code);
  return known;
}

function adviceOn(status: number, code: string): string {
  if (code === "NoSuchBucket") return "Create the bucket, or correct LAKEHOUSE_S3_BUCKET.";
  if (status === 301 || status === 307 || code === "AuthorizationHeaderMalformed") {
    return "The bucket is in another region: correct LAKEHOUSE_S3_REGION and LAKEHOUSE_S3_ENDPOINT.";
  }
  if (status === 403)
    return "Correct LAKEHOUSE_S3_ACCESS_KEY and LAKEHOUSE_S3_SECRET_KEY, or the permissions of that key.";
  if (status === 501 || status === 405) return "This server lacks a part of S3 that is needed here.";
  return "Check that LAKEHOUSE_S3_ENDPOINT is the address of an S3 server.";
}

interface S3Address {
  readonly origin: string;
  readonly host: string;
  /** What stands before the key in every path. */
  readonly root: string;
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Throws `invalid` for anything but a plain http or https address: others would be read from this machine. */
function addressOf({ endpoint, bucket, pathStyle, region }: S3Place): S3Address {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const plain =
    url !== undefined && ["http:", "https:"].includes(url.protocol) && `${url.origin}/` === url.href;
  if (!plain) {
    throw new Fault(
      "invalid",
      "LAKEHOUSE_S3_ENDPOINT must be an http or https address with no path, user or query.",
    );
  }
  if (!BUCKET.test(bucket)) {
    throw new Fault(
      "invalid",
      "The name of a bucket must be 3 to 63 lower-case letters, digits, dots and hyphens.",
    );
  }
  if (!/^[a-z0-9-]{1,64}$/i.test(region))
    throw new Fault("invalid", "LAKEHOUSE_S3_REGION is not the name of a region.");
  if (pathStyle) return { origin: url.origin, host: url.host, root: `/${bucket}/` };
  const host = `${bucket}.${url.host}`;
  return { origin: `${url.protocol}//${host}`, host, root: "/" };
}

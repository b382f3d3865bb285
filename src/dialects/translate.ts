// One foreign request through the house's own route and back: the request is written as the native one, the route answers
// it with its own limits and deadlines, and its reply, verdict or fault is written in the dialect's bytes. A row without
// codecs passes bodies through as they are, so large ones are never held.

import { BACKEND_HEADER } from "#rpc/backend";
import type { AnyOp } from "#rpc/contract";
import { EVENT_STREAM } from "#rpc/events";
import type { Exchange } from "#rpc/exchange";
import { Fault, faultFromBody } from "#rpc/fault";
import { encodeJson } from "#rpc/input/json-check";
import { onwardBody } from "#rpc/proxy";
import type { Route } from "#rpc/route";
import {
  type Dialect,
  type DialectRow,
  type ForeignReply,
  type ForeignRequest,
  nativeFault,
} from "./dialect.ts";
import { paramsOf, queryOf, readsBody } from "./carried.ts";
import { foreignStream } from "./foreign-stream.ts";

/** The header that chooses a dialect on the native paths. */
export const DIALECT_HEADER = "x-lakehouse-dialect";

/** A native operation with its route. */
export interface NativeTarget {
  readonly route: Route;
  readonly operation: AnyOp;
}

export interface Translation {
  readonly dialect: Dialect;
  readonly row: DialectRow;
  readonly target: NativeTarget;
  /** Answers a request that `row.streams`. */
  readonly streamTarget: NativeTarget | undefined;
  /** The request came in on the native path, whose fields count. */
  readonly onNativePath: boolean;
}

export async function translated(
  translation: Translation,
  foreign: ForeignRequest,
  request: Request,
  exchange: Exchange,
): Promise<Response> {
  const { dialect, row, streamTarget } = translation;
  const streams = streamTarget !== undefined && row.streams?.(foreign) === true;
  const target = streams ? streamTarget : translation.target;
  const sent = await nativeRequest(translation, target, foreign, request, streams);
  const reply = await target.route.handle(sent, exchange);
  if (!reply.ok && row.decides?.includes(reply.status) !== true) return faulty(dialect, row, reply);
  if (streams && row.stream !== undefined && reply.body !== null) {
    return new Response(foreignStream(row.stream, foreign, reply.body), {
      status: reply.status,
      headers: kept(reply, EVENT_STREAM),
    });
  }
  // Events that the body asked for, of a dialect that has no words of its own for them, are the house's.
  const isStream = reply.headers.get("content-type")?.startsWith(EVENT_STREAM) === true;
  if (row.reply === undefined || reply.status === 204 || reply.body === null || isStream) {
    reply.headers.set(BACKEND_HEADER, "native");
    return reply;
  }
  const text = await reply.text();
  return written(row.replyText?.(text, foreign) ?? row.reply(JSON.parse(text), foreign), reply);
}

async function nativeRequest(
  { row, onNativePath }: Translation,
  { operation, route }: NativeTarget,
  foreign: ForeignRequest,
  request: Request,
  streams: boolean,
): Promise<Request> {
  const made = row.request?.(foreign) ?? {};
  const values = paramsOf(made, foreign, onNativePath);
  const path = operation.path.replace(/\{(\w+)(\+?)\}/g, (_, name: string, greedy: string) => {
    const value = values[name] ?? "";
    return greedy === "" ? encodeURIComponent(value) : value.split("/").map(encodeURIComponent).join("/");
  });
  const url = originOf(request.url) + path + queryOf(made, request.url);
  const { signal } = request;
  const { method } = row;
  if (method === "GET" || method === "HEAD" || (row.request === undefined && row.reply === undefined)) {
    const headers = new Headers(request.headers);
    headers.delete(DIALECT_HEADER);
    if (row.reply !== undefined) headers.set("accept", "application/json");
    const plain = { method, headers, signal };
    if (method === "GET" || method === "HEAD") return new Request(url, plain);
    // One that may be made a second time is read as a whole where it is small.
    const body = route.reads === true ? await onwardBody(request) : request.body;
    return new Request(url, { ...plain, body });
  }
  // Of a body that is written here none of the request's own headers hold, but for those that an operation names.
  const headers: Record<string, string> = {
    accept: streams ? EVENT_STREAM : "application/json",
    "content-type": "application/json",
  };
  for (const name of ["idempotency-key", ...Object.values(operation.headers ?? {})]) {
    const value = request.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  const encoding = request.headers.get("content-encoding");
  if (!readsBody(row) && encoding !== null) headers["content-encoding"] = encoding;
  const body = readsBody(row) ? textOf(made.body ?? foreign.body) : await onwardBody(request);
  if (body === null) return new Request(url, { method, headers, signal });
  // Declared, for a body of unknown length is read in pieces.
  const length = bytesOf(body) ?? request.headers.get("content-length");
  if (length !== null) headers["content-length"] = String(length);
  return new Request(url, { method, headers, signal, body });
}

/** `http://host:port` of a URL. */
function originOf(url: string): string {
  return url.slice(0, url.indexOf("/", url.indexOf("://") + 3));
}

function textOf(body: unknown): string | null {
  return body === undefined ? null : encodeJson(body);
}

/** Undefined of a stream. */
function bytesOf(body: string | ArrayBuffer | ReadableStream): number | undefined {
  if (typeof body === "string") return Buffer.byteLength(body);
  return body instanceof ArrayBuffer ? body.byteLength : undefined;
}

/** Headers of the native reply that hold for the foreign one too. */
function kept({ headers }: Response, contentType: string): Record<string, string> {
  const all: Record<string, string> = {};
  headers.forEach((value, name) => {
    if (name !== "content-length" && name !== "content-encoding") all[name] = value;
  });
  return { ...all, "content-type": contentType, [BACKEND_HEADER]: "native" };
}

function written({ text, contentType, status, headers }: ForeignReply, reply: Response): Response {
  return new Response(text, {
    status: status ?? reply.status,
    headers: { ...kept(reply, contentType), ...headers },
  });
}

async function faulty(dialect: Dialect, row: DialectRow, reply: Response): Promise<Response> {
  const text = await reply.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // A HEAD has none; any other fault of the house has.
    body = undefined;
  }
  const fault = faultFromBody(body) ?? new Fault("upstream", "The reply of a service could not be read.");
  return written(dialect.fault({ ...nativeFault(fault, row.names), status: reply.status }), reply);
}

/** A reply that no native route made. */
export function finished(
  { text, contentType, status, headers = {} }: ForeignReply,
  standard: number,
  exchange: Exchange,
  more: Readonly<Record<string, string>> = {},
): Response {
  const all: Record<string, string> = {
    ...more,
    ...headers,
    "content-type": contentType,
    [BACKEND_HEADER]: "native",
  };
  exchange.seal(all, status ?? standard);
  return new Response(text, { status: status ?? standard, headers: all });
}

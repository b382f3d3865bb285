// Contract + address -> Service over HTTP. The one owner of retries between services: the fault's code and the operation
// decide what may be retried, and the last try uses a fresh connection, because a pooled one may be what is broken.

import { onAbort, untilAbort } from "#lib/abort";
import { deadline } from "#lib/coarse-timer";
import { type CallInit, cancellation, deadlineOf, newRequestId } from "./call.ts";
import {
  type AnyOp,
  type Bytes,
  type Contract,
  isIdempotent,
  type Raw,
  type Service,
  servedOps,
  timeoutMsOf,
} from "./contract.ts";
import { readSse } from "./events.ts";
import { CALL_HEADERS, checkHopId, hopId } from "./exchange.ts";
import { Fault, FAULT_CODES, type FaultExtra, FAULTS, faultFromBody } from "./fault.ts";
import { encodeJson } from "./input/json-check.ts";
import { planPath, writePath } from "./path.ts";

/** Where a daemon listens: a unix socket on this host, or a base URL (`http://127.0.0.1:3218`). */
export type Address = { readonly unix: string } | { readonly url: string };

export interface RemoteOptions {
  /** The service: the origin of faults that name none. */
  readonly origin: string;
  /** Tries in all, the first one counted. More would only add load to a service that is down. */
  readonly triesMax?: number;
  /** Headers for every request, such as an authorisation. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The `reason` of a fault whose request got no response. */
export const UNREACHABLE = "unreachable";

const TRIES_MAX_DEFAULT = 3;
/** Before the first retry; doubled for each further one, with jitter of half of it. */
const RETRY_PAUSE_MS = 30;
/** A fault that asks for a longer pause goes to the caller, which knows better whether to wait. */
const RETRY_PAUSE_MS_MAX = 500;

export function remote<C extends Contract>(
  contract: C,
  address: Address,
  options: RemoteOptions,
): Service<C> {
  const service: Record<string, unknown> = {};
  for (const [name, operation] of servedOps(contract)) {
    const send = sender(operation, address, options);
    service[name] =
      operation.reply === "events"
        ? (input: object, init?: CallInit) => receiveEvents(send, options.origin, input, init ?? {})
        : (input: object, init?: CallInit) => withRetries(operation, options, send, input, init ?? {});
  }
  return service as Service<C>;
}

type Send = (input: object, init: CallInit, until: Limit, fresh: boolean) => Promise<Response>;

/** When one call ends: a signal of its own, fired by the caller's signal or by the deadline. */
interface Limit {
  readonly signal: AbortSignal;
  readonly deadline: number;
  /** Fires the signal, for a caller that has stopped listening. */
  stop(): void;
  /** Forgets deadline and caller: the call is over. */
  clear(): void;
}

function limitOf(init: CallInit, at: number): Limit {
  const controller = new AbortController();
  const forget = onAbort(init.signal, (reason) => controller.abort(cancellation(reason)));
  const tooLate = (): void => controller.abort(new Fault("timeout", "The call did not end in time."));
  const limit = at === Infinity ? undefined : deadline(at, tooLate);
  return {
    signal: controller.signal,
    deadline: at,
    stop: () => controller.abort(new Fault("cancelled", "The caller stopped listening.")),
    clear: () => {
      limit?.clear();
      forget();
    },
  };
}

async function withRetries(
  operation: AnyOp,
  options: RemoteOptions,
  send: Send,
  input: object,
  init: CallInit,
): Promise<unknown> {
  const until = limitOf(init, deadlineOf(init, timeoutMsOf(operation)));
  const triesMax = options.triesMax ?? TRIES_MAX_DEFAULT;
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        const response = await send(input, init, until, tries === triesMax && tries > 1);
        return operation.reply === "raw" ? toRaw(response) : await toJson(response);
      } catch (thrown) {
        const fault = toRemoteFault(thrown, until, options.origin);
        if (tries >= triesMax || !mayRetry(operation, fault)) throw fault;
        const pauseMs = fault.retryAfterMs ?? RETRY_PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random());
        if (pauseMs > RETRY_PAUSE_MS_MAX || Date.now() + pauseMs >= until.deadline) throw fault;
        await untilAbort(pause(pauseMs), until.signal);
      }
    }
  } finally {
    until.clear();
  }
}

/** Also outside of Bun: programs elsewhere call a house by this too. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A request that never reached its daemon had no effect, so any may be sent again. */
const NOT_SENT = new Set(["ConnectionRefused", "FailedToOpenSocket", "ECONNREFUSED", "ENOENT"]);

function mayRetry(operation: AnyOp, fault: Fault): boolean {
  // A body that is a stream is spent after the first try.
  if (operation.body === "raw" || !fault.retryable || fault.code === "timeout") return false;
  return isIdempotent(operation) || NOT_SENT.has(codeOf(fault.cause));
}

function receiveEvents(send: Send, origin: string, input: object, init: CallInit): AsyncIterable<unknown> {
  const at = init.deadline ?? (init.timeoutMs === undefined ? Infinity : Date.now() + init.timeoutMs);
  const until = limitOf(init, at);
  const steps = remoteSteps(send, origin, input, init, until);
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => steps.next(),
      return: async () => {
        // The generator may be waiting for bytes and would end only after them: the fetch is aborted, and the error
        // that this gives its reader is expected.
        until.stop();
        await steps.return(undefined).catch(() => undefined);
        return { done: true, value: undefined };
      },
    }),
  };
}

async function* remoteSteps(
  send: Send,
  origin: string,
  input: object,
  init: CallInit,
  until: Limit,
): AsyncGenerator {
  try {
    const response = await send(input, init, until, false);
    if (response.body !== null) yield* readSse(response.body as Bytes);
  } catch (thrown) {
    throw toRemoteFault(thrown, until, origin);
  } finally {
    until.stop();
    until.clear();
  }
}

function sender(operation: AnyOp, address: Address, options: RemoteOptions): Send {
  const inPath = new Set(planPath(operation.path).parts.map(({ name }) => name));
  const headerFields = Object.entries(operation.headers ?? {});
  const inHeader = new Set(headerFields.map(([field]) => field));
  const jsonBody = operation.body === "json" && ["POST", "PUT", "PATCH"].includes(operation.method);
  const base = "unix" in address ? "http://localhost" : address.url;
  const streamed = operation.streamedBy?.field;
  const accept = operation.accept?.[0] ?? (operation.reply === "events" ? "text/event-stream" : undefined);

  return async (input, init, until, fresh) => {
    const id = hopId(init.requestId ?? newRequestId());
    const headers: Record<string, string> = { ...options.headers, [CALL_HEADERS.requestId]: id };
    if (operation.reply === "events") headers[CALL_HEADERS.reason] = "take";
    if (until.deadline !== Infinity) {
      headers[CALL_HEADERS.timeoutMs] = String(Math.max(1, until.deadline - Date.now()));
    }
    if (init.traceparent !== undefined) headers[CALL_HEADERS.traceparent] = init.traceparent;
    if (init.caller !== undefined) headers[CALL_HEADERS.caller] = JSON.stringify(init.caller);
    if (accept !== undefined) headers["accept"] = accept;

    const fields = input as Record<string, unknown>;
    for (const [field, header] of headerFields) {
      if (fields[field] !== undefined) headers[header] = String(fields[field]);
    }
    const rest = Object.entries(fields).filter(
      ([name, value]) =>
        value !== undefined &&
        name !== "body" &&
        name !== streamed &&
        !inPath.has(name) &&
        !inHeader.has(name),
    );
    let url = base + writePath(operation.path, fields);
    let body: string | Bytes | undefined;
    if (jsonBody) {
      headers["content-type"] = "application/json";
      body = encodeJson(Object.fromEntries(rest));
    } else {
      const query = new URLSearchParams(
        rest.map(([name, value]): [string, string] => [name, queryText(value)]),
      );
      if (rest.length > 0) url += `?${query}`;
      if (operation.body === "raw") body = fields["body"] as Bytes;
    }
    const response = await fetch(url, {
      method: operation.method,
      headers,
      signal: until.signal,
      // In browsers `keepalive: true` means something else, and limits the body.
      ...(fresh ? { keepalive: false } : {}),
      ...(operation.body === "raw" ? { duplex: "half" } : {}),
      // The platform gives up after 300 s of silence; our own deadlines decide.
      timeout: false,
      decompress: false,
      redirect: "manual",
      ...(body === undefined ? {} : { body }),
      ...("unix" in address ? { unix: address.unix } : {}),
    } as RequestInit & { timeout: boolean });
    checkHopId(response, id);
    if (response.status < 400 || (await isOutput(operation, response))) return response;
    throw await readFault(response, options.origin, operation.method);
  };
}

function queryText(value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

async function toJson(response: Response): Promise<unknown> {
  if (response.status === 204) return null;
  return response.json();
}

function toRaw(response: Response): Raw {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: response.body as Bytes | null,
  };
}

/** A status of 400 and above that the operation declares carries its output, unless the body is that of a fault. */
async function isOutput({ statuses }: AnyOp, response: Response): Promise<boolean> {
  if (statuses?.includes(response.status) !== true) return false;
  return faultFromBody(await response.clone().json()) === null;
}

/** The error page of a proxy in between is not shown: it may be long, and is not ours. */
async function readFault(response: Response, origin: string, method: string): Promise<Fault> {
  // A reply to HEAD has no body; each status belongs to one code.
  const code = FAULT_CODES.find((known) => FAULTS[known].status === response.status);
  if (method === "HEAD" && code !== undefined) {
    return new Fault(code, `${origin} answered ${response.status} (${code}).`, {
      origin,
      ...faultExtra(response),
    });
  }
  const body: unknown = await response.json().catch(() => null);
  return faultIn(body, response) ?? nameless(response, origin);
}

/** The fault that a reply's body holds; null when it is none. */
export function faultIn(body: unknown, response: Response): Fault | null {
  return faultFromBody(body, faultExtra(response));
}

export function nameless({ status }: Response, origin: string): Fault {
  return new Fault("upstream", `${origin} answered with status ${status} and no error of its own.`, {
    origin,
  });
}

function faultExtra({ headers }: Response): Pick<FaultExtra, "retryAfterMs" | "reason"> {
  const retryAfter = headers.get(CALL_HEADERS.retryAfterMs);
  return {
    retryAfterMs: retryAfter === null ? undefined : Number(retryAfter),
    reason: headers.get(CALL_HEADERS.reason) ?? undefined,
  };
}

/** Node has the code in the cause. */
function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  if ("code" in error) return String(error.code);
  return "cause" in error ? codeOf(error.cause) : "";
}

function toRemoteFault(thrown: unknown, until: Limit, origin: string): Fault {
  if (thrown instanceof Fault) return thrown;
  if (until.signal.aborted) {
    const fault = cancellation(until.signal.reason);
    fault.origin ??= origin;
    return fault;
  }
  return new Fault("unavailable", `${origin} cannot be reached just now; it may be restarting.`, {
    cause: thrown,
    origin,
    reason: UNREACHABLE,
  });
}

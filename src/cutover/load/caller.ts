// Calls of a load over HTTP: one request, one reply, never a retry, so that what a caller would have seen is what is counted.
// `fetch` costs the generator 25 to 70 us of CPU a call; the typed client would hide statuses and repeat what failed.

import { onAbort } from "#lib/abort";
import { deadline } from "#lib/coarse-timer";
import { faultFromBody } from "#rpc/fault";

export interface WireCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** What the call is counted as, where the path has names in it. */
  readonly label?: string;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Milliseconds until it is given up; CALL_MS_MAX unless given. */
  readonly timeoutMs?: number;
}

export interface WireReply {
  /** 0 where there was no reply. */
  readonly status: number;
  /** Of a reply that is a fault, or `timeout`, `no_reply`, `cut_short` where there was none. */
  readonly fault?: string;
  /** Its JSON, or its text where it is none. */
  readonly body: unknown;
  readonly ms: number;
}

export type LoadCaller = (call: WireCall, signal: AbortSignal) => Promise<WireReply>;

/** Longer than any call here may take, and short enough for a run to end soon after its time. */
export const CALL_MS_MAX = 30_000;

export function callerOf(url: string, key: string, now: () => number): LoadCaller {
  const authorization: Record<string, string> = key === "" ? {} : { authorization: `Bearer ${key}` };
  return async ({ method, path, body, timeoutMs = CALL_MS_MAX }, signal) => {
    const startedAt = now();
    const raw = typeof body === "string";
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    const limit = deadline(Date.now() + timeoutMs, stop);
    const forget = onAbort(signal, stop);
    try {
      const response = await fetch(url + path, {
        method,
        headers: {
          ...authorization,
          "content-type": raw ? "text/csv" : "application/json",
        },
        signal: controller.signal,
        redirect: "manual",
        ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const reply = { status: response.status, body: jsonOr(text), ms: now() - startedAt };
      if (response.status < 400) return reply;
      const code = faultFromBody(reply.body)?.code;
      return code === undefined ? reply : { ...reply, fault: code };
    } catch (error) {
      const fault = signal.aborted ? "cut_short" : controller.signal.aborted ? "timeout" : "no_reply";
      return { status: 0, fault, body: String(error), ms: now() - startedAt };
    } finally {
      limit.clear();
      forget();
    }
  };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

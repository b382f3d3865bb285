// What travels beside a call: the caller, the deadline, the request id, and how it is cancelled. A call that is passed on
// to a neighbour carries all of it along. The signal is created only when it is read: most calls end before anything
// could have cancelled them, and an AbortController costs more than they do.

import { onAbort } from "#lib/abort";
import { Fault } from "./fault.ts";

/** What a caller is allowed to do. */
export type Scope = "read" | "write" | "admin";

export interface Caller {
  /** The name of the API key, or `local` for a call without one. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** Personal data is masked for this caller. */
  readonly masked?: true;
}

export interface CallInit {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now; the operation's own limit holds as well. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly deadline?: number | undefined;
  readonly requestId?: string | undefined;
  /** W3C trace context, passed on as it came. */
  readonly traceparent?: string | undefined;
  readonly caller?: Caller | undefined;
}

export interface Call extends CallInit {
  readonly signal: AbortSignal;
  readonly deadline: number;
  readonly requestId: string;
  readonly caller: Caller;
}

export const LOCAL_CALLER: Caller = { id: "local", scopes: ["read", "write", "admin"] };

/** Counted from the first number with six digits in base 36, so that all have as many and sort as text. */
let requestCount = 36 ** 5;
const processTag = crypto.randomUUID().slice(0, 8);

/** A request id: unique within the house, sortable within a process. */
export function newRequestId(): string {
  requestCount += 1;
  return `${processTag}-${requestCount.toString(36)}`;
}

/** A call that comes in over HTTP: its signal is created when it is first read, and mostly never. */
export interface IncomingCall extends Omit<CallInit, "signal"> {
  readonly lateSignal?: () => AbortSignal | undefined;
}

export class CallState implements Call {
  readonly deadline: number;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly caller: Caller;
  readonly #start: CallInit | IncomingCall;
  #controller: AbortController | undefined;
  #ended: Fault | undefined;

  constructor(start: CallInit | IncomingCall, deadline: number) {
    this.deadline = deadline;
    this.requestId = start.requestId ?? newRequestId();
    this.traceparent = start.traceparent;
    this.caller = start.caller ?? LOCAL_CALLER;
    this.#start = start;
  }

  /** Fires when the caller goes away or the deadline passes; its reason is a Fault. */
  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    if (this.#ended !== undefined) {
      controller.abort(this.#ended);
      return controller.signal;
    }
    const start = this.#start;
    const upstream = "lateSignal" in start ? start.lateSignal?.() : (start as CallInit).signal;
    onAbort(upstream, (reason) => this.end(cancellation(reason)));
    return controller.signal;
  }

  /** Cancels whatever this call started. Only the first reason counts. */
  end(reason: Fault): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#controller?.abort(reason);
  }
}

/** The fault that a signal's reason stands for. */
export function cancellation(reason: unknown): Fault {
  if (reason instanceof Fault) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError") {
    return new Fault("timeout", "The caller's time limit passed.");
  }
  return new Fault("cancelled", "The caller went away.");
}

/** The moment a call must end: the earliest of the caller's deadline, its timeout and the operation's limit. */
export function deadlineOf(init: CallInit, timeoutMs: number): number {
  const own = Date.now() + Math.min(timeoutMs, init.timeoutMs ?? Infinity);
  return init.deadline !== undefined && init.deadline < own ? init.deadline : own;
}

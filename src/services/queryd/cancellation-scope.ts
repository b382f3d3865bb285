// How long one statement is waited for: until its caller disconnects or its timeout passes. Either rejects every
// wait of the scope at once, whatever is still running; ending that work is its owner's part.

import { onAbort, untilAbort } from "#lib/abort";
import type { Call } from "#rpc/call";
import { Fault } from "#rpc/fault";

export interface CancellationScope extends Call {
  /** The promise's value, or the reason why nobody waits for it any more. */
  race<T>(work: Promise<T>): Promise<T>;
  /** The statement is done: drops the timer and the listener. */
  close(): void;
}

export function cancellationScope(call: Call, timeoutMs: number): CancellationScope {
  const controller = new AbortController();
  const { signal } = controller;
  const deadline = Math.min(call.deadline, Date.now() + timeoutMs);
  const leftMs = Math.max(0, deadline - Date.now());
  const timer = setTimeout(() => {
    controller.abort(
      new Fault(
        "timeout",
        `The query did not end within ${Math.round(leftMs)} ms; add a filter, or raise timeout_ms.`,
      ),
    );
  }, leftMs);
  const forget = onAbort(call.signal, (reason) => controller.abort(reason));
  return {
    signal,
    deadline,
    requestId: call.requestId,
    traceparent: call.traceparent,
    caller: call.caller,
    race: (work) => untilAbort(work, signal),
    close: () => {
      clearTimeout(timer);
      forget();
    },
  };
}

// How long one statement is waited for: until its caller disconnects or its timeout passes. Either rejects every
// wait of the scope at once, whatever is still running; ending that work is its owner's part.

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
  const cancel = (): void => controller.abort(call.signal.reason);
  if (call.signal.aborted) cancel();
  else call.signal.addEventListener("abort", cancel, { once: true });
  return {
    signal,
    deadline,
    requestId: call.requestId,
    traceparent: call.traceparent,
    caller: call.caller,
    race: (work) => {
      if (signal.aborted) {
        // Its outcome has no reader left; without this a failure would be an unhandled rejection.
        work.catch(() => undefined);
        return Promise.reject(signal.reason as Fault);
      }
      return new Promise((resolve, reject) => {
        const stop = (): void => reject(signal.reason as Fault);
        signal.addEventListener("abort", stop, { once: true });
        work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
      });
    },
    close: () => {
      clearTimeout(timer);
      call.signal.removeEventListener("abort", cancel);
    },
  };
}

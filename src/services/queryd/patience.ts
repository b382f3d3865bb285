// How long one question is waited for: until its caller goes away or its time is over. Both answer at once,
// whatever is still running; ending that is somebody else's work.

import { onAbort, untilAbort } from "#lib/abort";
import type { Call } from "#rpc/call";
import { Fault } from "#rpc/fault";

export interface Patience extends Call {
  /** The promise's value, or the reason for not waiting any longer. */
  race<T>(work: Promise<T>): Promise<T>;
  /** The question is answered: nothing is waited for any more. */
  done(): void;
}

export function patience(call: Call, timeoutMs: number): Patience {
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
    done: () => {
      clearTimeout(timer);
      forget();
    },
  };
}

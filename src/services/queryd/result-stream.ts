// An engine's stream on its way to whoever asked, read only when somebody wants more. However it ends, its
// engine is given back: done, failed, not wanted any more, or out of time while nobody read. What is not whole
// ends with a fault, which over HTTP cuts the connection: a client never takes a part for the whole.

import { onAbort } from "#lib/abort";
import type { Bytes } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { faultAfter, unframing } from "./engine/frames.ts";
import type { CancellationScope } from "./cancellation-scope.ts";
import type { Execution, Executor } from "./executor.ts";

export function resultStream(
  executing: Executor,
  { raw, lease, identity }: Execution,
  scope: CancellationScope,
): Bytes {
  const reader = (raw.body as Bytes).getReader();

  /** What is left of the stream's last piece and after it: the fault that ended it, if one did. */
  const endOf = async (piece: Uint8Array): Promise<Fault | null> => {
    const parts = [piece];
    for (let step = await reader.read(); !step.done; step = await reader.read()) parts.push(step.value);
    return faultAfter(Buffer.concat(parts));
  };

  const unframe = unframing();
  let ended: Promise<Fault | null> | undefined;
  /** The next pieces, one at least; null after the last ones. */
  const next = async (): Promise<readonly Uint8Array[] | null> => {
    while (ended === undefined) {
      const { done, value } = await reader.read();
      if (done) throw new Error("The engine's stream was cut off.");
      const { bodies, rest } = unframe(value);
      if (rest !== null) {
        ended = endOf(rest);
        ended.catch(() => undefined);
      }
      if (bodies.length > 0) return bodies;
    }
    const fault = await ended;
    if (fault !== null) throw fault;
    return null;
  };

  const failed = async (thrown: unknown): Promise<unknown> => {
    scope.close();
    const fault = await executing.failed(thrown, lease, scope, identity);
    void reader.cancel().catch(() => undefined);
    return fault;
  };

  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        onAbort(scope.signal, (reason) => {
          void failed(reason).then((fault) => controller.error(fault));
        });
      },
      pull: async (controller) => {
        try {
          const pieces = await scope.race(next());
          if (pieces !== null) {
            for (const piece of pieces) controller.enqueue(piece);
            return;
          }
          scope.close();
          lease.end();
          controller.close();
        } catch (thrown) {
          // What fired the signal has told the reader already.
          if (!scope.signal.aborted) controller.error(await failed(thrown));
        }
      },
      cancel: async () => {
        scope.close();
        lease.abandon();
        await reader.cancel();
      },
    },
    { highWaterMark: 0 },
  );
}

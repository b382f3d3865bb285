// The slow-client timeout. While the house works, its client may wait as long as it likes; while the house waits for its
// client, to send the rest of a body or to take more of a reply, the connection's timeout runs and cuts it off. The
// platform's own timeout would do that if it could tell the two apart: it cuts connections that the house keeps waiting, too.
//
// Small bodies need none of this: no work begins before they are there, so the platform's timeout is right for them.

import { type ByteReader, coalescedReader } from "#lib/coalesced-reader";
import type { Bytes } from "#rpc/contract";
import { Fault } from "#rpc/fault";

/** Sets the timeout of one connection: seconds until it is cut off, 0 for never. */
type SetTimeoutS = (seconds: number) => void;

/** Seconds a connection may stand idle. */
export const IDLE_TIMEOUT_S = 30;
/** A sender slower than this uses its allowance up. The platform asks as much of bodies that it times itself. */
const BYTES_PER_S_MIN = 16 * 1024;
/** No sender is waited for longer than this at a time, however much it sent before. */
const ALLOWANCE_MS_MAX = IDLE_TIMEOUT_S * 1000;

/** A sender that sent this much means it. Half-open senders cost this much memory at most, and take no room. */
const START_BYTES = 64 * 1024;

export interface StartedBody {
  /** The same request; from now on its sender has some time to spare, and earns more with what it sends. */
  request(setTimeoutS: SetTimeoutS, allowanceMsMax?: number): Request;
}

/** Resolves when the first part of a body is there, or all of it; until then the platform's timeout runs. */
export async function awaitBodyStart(request: Request): Promise<StartedBody> {
  const source = (request.body as Bytes | null)?.getReader();
  if (source === undefined) return { request: () => request };
  const reader = coalescedReader(source);
  const start: Uint8Array[] = [];
  let bytes = 0;
  let whole = false;
  while (!whole && bytes < START_BYTES) {
    const { value } = await reader.read();
    whole = value === undefined;
    if (value === undefined) break;
    start.push(value);
    bytes += value.byteLength;
  }
  return {
    request: (setTimeoutS, allowanceMsMax = ALLOWANCE_MS_MAX) => {
      const body = whole ? Buffer.concat(start) : timedRest(start, reader, setTimeoutS, allowanceMsMax);
      return new Request(request, { method: request.method, body, signal: request.signal });
    },
  };
}

function timedRest(
  start: Uint8Array[],
  reader: ByteReader,
  setTimeoutS: SetTimeoutS,
  allowanceMsMax: number,
): Bytes {
  let allowanceMs = allowanceMsMax;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const first = start.shift();
        if (first !== undefined) {
          controller.enqueue(first);
          return;
        }
        const since = performance.now();
        setTimeoutS(Math.ceil(allowanceMs / 1000));
        const { value } = await reader.read();
        setTimeoutS(0);
        if (value === undefined) {
          controller.close();
          return;
        }
        const earnedMs = (value.byteLength * 1000) / BYTES_PER_S_MIN;
        allowanceMs = Math.min(allowanceMsMax, allowanceMs - (performance.now() - since) + earnedMs);
        if (allowanceMs <= 0) {
          await reader.cancel();
          throw new Fault(
            "timeout",
            `The body came too slowly: send ${BYTES_PER_S_MIN / 1024} KiB a second at least.`,
          );
        }
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** The same reply, given up when its client takes nothing of it for a while; `onEnd` is told once it is over. */
export function timedReply(response: Response, setTimeoutS: SetTimeoutS, onEnd: () => void): Response {
  const body = response.body as Bytes | null;
  if (body === null || !response.ok) {
    onEnd();
    return response;
  }
  const reader = body.getReader();
  const timed = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        setTimeoutS(0);
        try {
          const step = await reader.read();
          setTimeoutS(IDLE_TIMEOUT_S);
          if (!step.done) {
            controller.enqueue(step.value);
            return;
          }
        } catch (error) {
          onEnd();
          throw error;
        }
        onEnd();
        controller.close();
      },
      cancel: (reason) => {
        onEnd();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(timed, response);
}

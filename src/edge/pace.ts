// Whose turn it is. While the house works, its client may wait as long as it likes; while the house waits for its
// client, to send the rest of a body or to take more of a reply, the connection's clock runs and cuts it off. The
// platform's own clock would do that if it could tell the two apart: it cuts whom the house keeps waiting, too.
//
// Small bodies need none of this: nobody works before they are there, so the platform's clock is right for them.

import { type ByteReader, coalescedReader } from "#lib/coalesced-reader";
import type { Bytes } from "#rpc/contract";
import { Fault } from "#rpc/fault";

/** Sets the clock of one connection: seconds until it is cut off, 0 for never. */
type Clock = (seconds: number) => void;

/** Seconds a connection may stand idle. */
export const IDLE_TIMEOUT_S = 30;
/** A sender slower than this uses its patience up. The platform asks as much of bodies that it clocks itself. */
const BYTES_PER_S_MIN = 16 * 1024;
/** No sender is waited for longer than this at a time, however much it sent before. */
const PATIENCE_MS_MAX = IDLE_TIMEOUT_S * 1000;

/** Who sent this much means it. Half-open senders cost this much memory at most, and nobody's place. */
const BEGUN_BYTES = 64 * 1024;

export interface BegunBody {
  /** The same request; from now on its sender has some patience to spare, and earns more with what it sends. */
  request(clock: Clock, patienceMsMax?: number): Request;
}

/** Resolves when the first part of a body is there, or all of it; until then the platform's clock runs. */
export async function begunBody(request: Request): Promise<BegunBody> {
  const source = (request.body as Bytes | null)?.getReader();
  if (source === undefined) return { request: () => request };
  const reader = coalescedReader(source);
  const begun: Uint8Array[] = [];
  let bytes = 0;
  let whole = false;
  while (!whole && bytes < BEGUN_BYTES) {
    const { value } = await reader.read();
    whole = value === undefined;
    if (value === undefined) break;
    begun.push(value);
    bytes += value.byteLength;
  }
  return {
    request: (clock, patienceMsMax = PATIENCE_MS_MAX) => {
      const body = whole ? Buffer.concat(begun) : pacedRest(begun, reader, clock, patienceMsMax);
      return new Request(request, { method: request.method, body, signal: request.signal });
    },
  };
}

function pacedRest(begun: Uint8Array[], reader: ByteReader, clock: Clock, patienceMsMax: number): Bytes {
  let patienceMs = patienceMsMax;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const first = begun.shift();
        if (first !== undefined) {
          controller.enqueue(first);
          return;
        }
        const asked = performance.now();
        clock(Math.ceil(patienceMs / 1000));
        const { value } = await reader.read();
        clock(0);
        if (value === undefined) {
          controller.close();
          return;
        }
        const earnedMs = (value.byteLength * 1000) / BYTES_PER_S_MIN;
        patienceMs = Math.min(patienceMsMax, patienceMs - (performance.now() - asked) + earnedMs);
        if (patienceMs <= 0) {
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
export function pacedReply(response: Response, clock: Clock, onEnd: () => void): Response {
  const body = response.body as Bytes | null;
  if (body === null || !response.ok) {
    onEnd();
    return response;
  }
  const reader = body.getReader();
  const paced = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        clock(0);
        try {
          const step = await reader.read();
          clock(IDLE_TIMEOUT_S);
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
  return new Response(paced, response);
}

// The bodies of one call beside the call: small ones are held and go on as they were, of a stream the first bytes are copied
// while it passes. What its caller gets has the same bytes, headers and framing as without.

import { RECORDED_BODY_BYTES_MAX } from "./recording.ts";
import type { HeldBody } from "./redacted.ts";

export interface HeldRequest {
  /** To be handled in place of the request. */
  readonly request: Request;
  readonly body: HeldBody;
}

/** A body of unknown length is a stream, and is not read. */
export async function holdRequest(
  request: Request,
  bytesMax = RECORDED_BODY_BYTES_MAX,
): Promise<HeldRequest> {
  const { url, method, headers, signal } = request;
  if (request.body === null || method === "GET" || method === "HEAD") return { request, body: null };
  const declared = headers.get("content-length");
  if (declared === null) return { request, body: { cut: "sent as a stream" } };
  const bytes = Number(declared);
  if (!(bytes <= bytesMax)) return { request, body: { cut: "larger than is held", bytes } };
  const body = await request.arrayBuffer();
  return { request: new Request(url, { method, headers, signal, body }), body };
}

/** `done` is called once, when the body has passed; `whole` says that the reply is in memory already. */
export async function holdReply(
  response: Response,
  whole: boolean,
  done: (body: HeldBody) => void,
): Promise<Response> {
  const { body, status, headers } = response;
  if (body === null) {
    done(null);
    return response;
  }
  const declared = headers.get("content-length");
  const bytes = declared === null ? undefined : Number(declared);
  if (bytes !== undefined && bytes > RECORDED_BODY_BYTES_MAX) {
    done({ cut: "larger than is held", bytes });
    return response;
  }
  if (!whole && bytes === undefined) return new Response(copied(body, done), { status, headers });
  const held = await response.arrayBuffer();
  done(held);
  return new Response(held, { status, headers });
}

function copied(
  body: ReadableStream<Uint8Array>,
  done: (body: HeldBody) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const { done: ended, value } = await reader.read();
          if (ended) {
            controller.close();
            done(bytes > RECORDED_BODY_BYTES_MAX ? { cut: "larger than is held", bytes } : joined(chunks));
            return;
          }
          bytes += value.byteLength;
          if (bytes <= RECORDED_BODY_BYTES_MAX) chunks.push(value.slice());
          else chunks = [];
          controller.enqueue(value);
        } catch (error) {
          done({ cut: "broke off", bytes });
          controller.error(error);
        }
      },
      cancel: async (reason) => {
        done({ cut: "its caller went away", bytes });
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function joined(chunks: readonly Uint8Array[]): ArrayBuffer {
  const all = Buffer.concat(chunks);
  return all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
}

// A native stream of events as a dialect's own: each event is written as it comes, and a fault in mid-stream in the
// dialect's shape. When the client goes away the native stream ends with it.

import { readSse } from "#rpc/events";
import { toFault } from "#rpc/fault";
import { type ForeignRequest, type ForeignStream, nativeFault } from "./dialect.ts";

export function foreignStream(
  stream: ForeignStream,
  foreign: ForeignRequest,
  body: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const events = readSse(body);
  const state = stream.begin(foreign);
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          for (;;) {
            const { done, value } = await events.next();
            const text =
              done === true ? stream.end(state) : stream.event(value as Record<string, unknown>, state);
            if (text !== "") controller.enqueue(encoder.encode(text));
            if (done === true) return controller.close();
            if (text !== "") return;
          }
        } catch (thrown) {
          controller.enqueue(encoder.encode(stream.fault(nativeFault(toFault(thrown)))));
          controller.close();
        }
      },
      cancel: async () => {
        await events.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

// Server-sent events, encoded and decoded. An event is an object whose `event` field names it; on the wire that field is
// the SSE event name and the rest its JSON data. A fault in mid-stream is the event `fault` with the usual error body, and
// is thrown as a Fault at the other end. Comments keep idle connections open.
// Format: https://html.spec.whatwg.org/multipage/server-sent-events.html

import { EventSourceParserStream } from "eventsource-parser/stream";
import { type Deadline, deadline } from "#lib/coarse-timer";
import type { Bytes } from "./contract.ts";
import { Fault, faultFromBody, toFault } from "./fault.ts";

export const EVENT_STREAM = "text/event-stream";

/** The platform sends the head of a reply with its first bytes: where no event comes soon, a comment takes it along. */
const HEAD_MS_MAX = 20;
/** Less than the idle timeout of proxies in common use (30 to 60 s). */
const KEEP_ALIVE_MS = 15_000;

const encoder = new TextEncoder();

/** Of events that are there at once and go out as one chunk: what a client reads in one go. */
const CHUNK_CHARS_MAX = 64 * 1024;

export interface SseOptions {
  /** For neighbours: see `Fault.reason`. */
  readonly withReason?: boolean;
  /** The id of an event, from which a client that reconnects goes on. */
  readonly eventId?: ((event: unknown) => string) | undefined;
}

export function sseStream(
  events: AsyncIterable<unknown>,
  requestId: string,
  { withReason = false, eventId }: SseOptions = {},
): Bytes {
  const source = events[Symbol.asyncIterator]();
  let silence: Deadline | undefined;
  let spoken = false;
  /** The next step, where it was asked for and not there yet. */
  let coming: Promise<Step> | undefined;
  const idLine = (event: unknown): string => (eventId === undefined ? "" : `id: ${eventId(event)}\n`);
  const next = (): Promise<Step> =>
    source.next().then(
      ({ done, value }) => ({
        text: done === true ? "" : idLine(value) + sseText(value),
        last: done === true,
      }),
      (thrown: unknown) => ({ text: faultText(thrown, requestId, withReason), last: true }),
    );
  const commentAfter = (ms: number, controller: Controller): void => {
    silence?.clear();
    silence = deadline(Date.now() + ms, () => {
      controller.enqueue(encoder.encode(spoken ? ": keep-alive\n\n" : ": begun\n\n"));
      spoken = true;
      commentAfter(KEEP_ALIVE_MS, controller);
    });
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => commentAfter(HEAD_MS_MAX, controller),
      pull: async (controller) => {
        let { text, last } = await (coming ?? next());
        coming = undefined;
        const turn = last ? undefined : nextTurn();
        // Each chunk of a reply costs some ten microseconds: what follows within a turn goes along.
        while (!last && text.length < CHUNK_CHARS_MAX) {
          const step = await Promise.race([(coming = next()), turn]);
          if (step === undefined) break;
          coming = undefined;
          text += step.text;
          ({ last } = step);
        }
        if (text !== "") controller.enqueue(encoder.encode(text));
        if (last) {
          silence?.clear();
          controller.close();
        } else if (!spoken) {
          spoken = true;
          commentAfter(KEEP_ALIVE_MS, controller);
        }
      },
      cancel: () => {
        silence?.clear();
        // The generator may be waiting for something: it is asked to end, and not awaited.
        void source.return?.().then(undefined, () => undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

interface Step {
  readonly text: string;
  readonly last: boolean;
}

/** What waits for nothing but promises is there first. */
function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => {
    setImmediate(() => resolve(undefined));
  });
}

function faultText(thrown: unknown, requestId: string, withReason: boolean): string {
  const fault = toFault(thrown);
  const reason = withReason ? { reason: fault.reason } : {};
  return `event: fault\ndata: ${JSON.stringify({ ...fault.body(requestId), ...reason })}\n\n`;
}

function sseText(value: unknown): string {
  const { event, ...data } = value as { event?: string };
  return event === undefined
    ? `data: ${JSON.stringify(value)}\n\n`
    : `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Decodes a stream of events; throws the Fault that it carries. */
export async function* readSse(body: Bytes): AsyncGenerator {
  const events = body
    .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
    .pipeThrough(new EventSourceParserStream());
  for await (const { event, data } of events) {
    const value: unknown = JSON.parse(data);
    if (event === "fault") throw faultOf(value);
    yield event === undefined ? value : { event, ...(value as object) };
  }
}

function faultOf(value: unknown): Fault {
  const reason = (value as { reason?: unknown } | null)?.reason;
  return (
    faultFromBody(value, typeof reason === "string" ? { reason } : {}) ??
    new Fault("upstream", "The stream ended with an event `fault` that holds no fault.")
  );
}

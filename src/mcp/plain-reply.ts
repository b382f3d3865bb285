// The reply to a plain call of a tool, byte by byte what the protocol's library would have sent: JSON to a client of the 2026
// protocol, a stream of one event to a client of the 2025 one. The text of the result goes into it as the tool wrote it.

import { SERVER_INFO_META_KEY } from "@modelcontextprotocol/server";
import { deadline } from "#lib/coarse-timer";
import type { Call } from "#rpc/call";
import { EVENT_STREAM } from "#rpc/events";
import type { PlainCall } from "./plain-call.ts";
import { type Called, checkScope, serverInfo, toolError } from "./tool-call.ts";

/** A reply that is there as a whole. */
export interface WrittenReply {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type AnswerPlainCall = (plain: PlainCall, call: Call) => Promise<WrittenReply | Response>;

interface PlainReplyDeps {
  readonly version: string;
  readonly called: Called;
  /** Of a tool that works on, until its stream is begun with a comment. */
  readonly silentMsMax?: number;
}

/** As often as the library: less than what proxies in common use wait for (30 to 60 s). */
const KEEP_ALIVE_MS = 15_000;
const STREAM_HEADERS = {
  "cache-control": "no-cache, no-transform",
  connection: "keep-alive",
  "x-accel-buffering": "no",
} as const;

export function plainReplies({
  version,
  called,
  silentMsMax = KEEP_ALIVE_MS,
}: PlainReplyDeps): AnswerPlainCall {
  const stamp = `,"resultType":"complete","_meta":${JSON.stringify({ [SERVER_INFO_META_KEY]: serverInfo(version) })}}`;

  const resultOf = async ({ tool, args }: PlainCall, call: Call): Promise<string> => {
    const started = performance.now();
    const done = (ok: boolean): void =>
      called(tool.listed.name, call.caller.id, ok, performance.now() - started);
    try {
      checkScope(tool, call);
      const result = await tool.plain(args, { call, progress: () => undefined });
      done(true);
      return result;
    } catch (thrown) {
      done(false);
      return JSON.stringify(toolError(thrown));
    }
  };

  return async (plain, call) => {
    const id = JSON.stringify(plain.id);
    if (plain.era === "2026") {
      const result = await resultOf(plain, call);
      const body = `{"result":${result.slice(0, -1)}${stamp},"jsonrpc":"2.0","id":${id}}`;
      return { type: "application/json", headers: {}, body };
    }
    const event = resultOf(plain, call).then(
      (result) => `event: message\ndata: {"result":${result},"jsonrpc":"2.0","id":${id}}\n\n`,
    );
    const body = await within(silentMsMax, event);
    if (body !== undefined) return { type: EVENT_STREAM, headers: STREAM_HEADERS, body };
    return new Response(keptAlive(event), { headers: { "content-type": EVENT_STREAM, ...STREAM_HEADERS } });
  };
}

/** Undefined when it takes longer. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const limit = deadline(Date.now() + ms, () => late.resolve(undefined));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    limit.clear();
  }
}

/** Comments until the event is there. */
function keptAlive(event: Promise<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setInterval> | undefined;
  return new ReadableStream({
    start: (controller) => {
      const comment = (): void => controller.enqueue(encoder.encode(": keepalive\n\n"));
      comment();
      timer = setInterval(comment, KEEP_ALIVE_MS);
    },
    pull: async (controller) => {
      const text = await event;
      if (timer === undefined) return;
      clearInterval(timer);
      controller.enqueue(encoder.encode(text));
      controller.close();
    },
    cancel: () => {
      clearInterval(timer);
      timer = undefined;
    },
  });
}

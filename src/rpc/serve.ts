// Implementation -> HTTP routes. A route turns a Request into a Response and does not know which server mounts it: a
// daemon on its socket, or the gateway in the same process.

import type { z } from "zod";
import { type AnyOp, Encoded, type RawReply } from "./contract.ts";
import { sseStream } from "./events.ts";
import { CALL_HEADERS, type Exchange, faultResponse } from "./exchange.ts";
import { FILE_HEADER, FileBytes, handedOffBlob, printHandoff } from "./file-handoff.ts";
import { inputReader } from "./input/input.ts";
import { parseInput } from "./input/invalid-input.ts";
import type { Implementation, Invocation } from "./local.ts";
import { planPath } from "./path.ts";
import { type Route, traitsOf } from "./route.ts";

export function routes({ origin, invocations }: Implementation): Route[] {
  return Object.entries(invocations).map(([name, invocation]) => {
    const { operation } = invocation;
    const read = inputReader(operation, planPath(operation.path));
    const reply = operation.reply === "events" ? replyEvents : replyRaw;
    return {
      ...traitsOf(`${origin}.${name}`, operation),
      fault: (fault, exchange) => faultResponse(fault, exchange, origin),
      handle: async (request, exchange) => {
        try {
          const input = await read(request);
          const room = exchange.admit?.();
          if (room !== undefined) await room;
          if (operation.reply !== "json") return await reply(invocation, input, exchange, request);
          const output = invocation.call(input, exchange);
          return jsonReply(operation, output instanceof Promise ? await output : output, exchange);
        } catch (thrown) {
          return faultResponse(thrown, exchange, origin);
        }
      },
    };
  });
}

type Reply = (
  invocation: Invocation,
  input: unknown,
  exchange: Exchange,
  request: Request,
) => Promise<Response> | Response;

/** The two functions of an operation's output, its type forgotten. */
interface Untyped {
  readonly status?: number | ((output: unknown) => number);
  readonly replyHeaders?: (output: unknown) => Readonly<Record<string, string>>;
}

function jsonReply(operation: AnyOp, output: unknown, exchange: Exchange): Response {
  const encoded = output instanceof Encoded;
  const { status, replyHeaders } = operation as AnyOp & Untyped;
  const dynamic = typeof status === "function" || replyHeaders !== undefined;
  const value: unknown = dynamic && encoded ? output.value() : output;
  const code = typeof status === "function" ? status(value) : (status ?? 200);
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (replyHeaders !== undefined) Object.assign(headers, replyHeaders(value));
  exchange.seal(headers, code);
  if (code === 204) return new Response(null, { status: code, headers });
  return new Response(encoded ? output.json() : JSON.stringify(output), { status: code, headers });
}

const replyRaw: Reply = async ({ call }, input, exchange, request) => {
  const raw = (await call(input, exchange)) as RawReply;
  const headers = { ...raw.headers };
  const body = request.method === "HEAD" ? null : sent(raw.body, exchange, headers);
  exchange.seal(headers, raw.status);
  return new Response(body, { status: raw.status, headers });
};

/** The body of the reply; a neighbour that takes a path for a file's bytes gets that, in a header, and no body. */
function sent(
  body: RawReply["body"],
  exchange: Exchange,
  headers: Record<string, string>,
): Exclude<RawReply["body"], FileBytes> {
  if (!(body instanceof FileBytes)) return body;
  const handoff = body.handOff();
  if (handoff === undefined) return body.stream;
  if (exchange.takesFiles !== true) return handedOffBlob(handoff);
  headers[FILE_HEADER] = printHandoff(handoff);
  delete headers["content-length"];
  return null;
}

const replyEvents: Reply = ({ operation, events }, input, exchange, request) => {
  // What is refused for its input has a status of its own; once events have begun it would be one of them.
  if (operation.body === "json") parseInput(operation.input as z.core.$ZodType, input);
  const headers: Record<string, string> = {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
  };
  exchange.seal(headers, 200);
  const withReason = exchange.fromNeighbour === true && request.headers.has(CALL_HEADERS.reason);
  return new Response(sseStream(events(input, exchange), exchange.requestId, withReason), { headers });
};

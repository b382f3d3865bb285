// Implementation -> HTTP routes. A route turns a Request into a Response and does not know which server mounts it: a
// daemon on its socket, or the gateway in the same process.

import { present } from "#lib/assert";
import { type AnyOp, Encoded, encodedOutput, type RawReply } from "./contract.ts";
import { EVENT_STREAM, sseStream } from "./events.ts";
import { CALL_HEADERS, type Exchange, faultResponse } from "./exchange.ts";
import { FILE_HEADER, FileBytes, handedOffBlob, printHandoff } from "./file-handoff.ts";
import { inputReader, type ReadInput } from "./input/input.ts";
import type { Implementation, Invocation } from "./local.ts";
import { planPath } from "./path.ts";
import { type ReplyHead, type Route, traitsOf } from "./route.ts";

export function routes({ origin, invocations }: Implementation): Route[] {
  return Object.entries(invocations).map(([name, invocation]) => {
    const { operation } = invocation;
    const read = inputReader(operation, planPath(operation.path));
    const reply = operation.reply === "events" ? replyEvents : replyRaw;
    const streamed = operation.streamedBy;
    const twin =
      streamed === undefined ? undefined : present(invocations[streamed.operation], "an operation");
    return {
      ...traitsOf(`${origin}.${name}`, operation),
      ...directly(invocation, read),
      fault: (fault, exchange) => faultResponse(fault, exchange, origin),
      handle: async (request, exchange) => {
        try {
          const input = await read(request);
          const room = exchange.admit?.();
          if (room !== undefined) await room;
          if (operation.reply !== "json") return await reply(invocation, input, exchange, request);
          if (twin !== undefined && (input as Record<string, unknown>)[streamed?.field ?? ""] === true) {
            return await replyEvents(twin, input, exchange, request);
          }
          const output = invocation.call(input, exchange);
          return jsonReply(operation, output instanceof Promise ? await output : output, exchange);
        } catch (thrown) {
          return faultResponse(thrown, exchange, origin);
        }
      },
    };
  });
}

/** What may stream, or sends and takes bytes, has a reply that only a route makes. */
function directly({ operation, call }: Invocation, read: ReadInput): Pick<Route, "direct"> {
  const { body, reply, streamedBy } = operation;
  if (body !== "json" || reply !== "json" || streamedBy !== undefined) return {};
  return { direct: { read, call, head: (output) => headOf(operation, output) } };
}

type Reply = (
  invocation: Invocation,
  input: unknown,
  exchange: Exchange,
  request: Request,
) => Promise<Response> | Response;

/** The functions of an operation's output, its type forgotten. */
interface Untyped {
  readonly status?: number | ((output: unknown) => number);
  readonly replyHeaders?: (output: unknown) => Readonly<Record<string, string>>;
  readonly eventId?: (event: unknown) => string;
}

function jsonReply(operation: AnyOp, output: unknown, exchange: Exchange): Response {
  const { status, headers } = headOf(operation, output);
  exchange.seal(headers, status);
  return new Response(status === 204 ? null : encodedOutput(output), { status, headers });
}

function headOf(operation: AnyOp, output: unknown): ReplyHead {
  const { status, replyHeaders } = operation as AnyOp & Untyped;
  const dynamic = typeof status === "function" || replyHeaders !== undefined;
  const value: unknown = dynamic && output instanceof Encoded ? output.value() : output;
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (replyHeaders !== undefined) Object.assign(headers, replyHeaders(value));
  return { status: typeof status === "function" ? status(value) : (status ?? 200), headers };
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

const replyEvents: Reply = ({ events, operation }, input, exchange, request) => {
  // Input that is not valid throws here: once the head is out it could only be an event.
  const stream = events(input, exchange);
  const headers: Record<string, string> = {
    "content-type": EVENT_STREAM,
    "cache-control": "no-store",
  };
  exchange.seal(headers, 200);
  const withReason = exchange.fromNeighbour === true && request.headers.has(CALL_HEADERS.reason);
  const { eventId } = operation as AnyOp & Untyped;
  return new Response(sseStream(stream, exchange.requestId, { withReason, eventId }), { headers });
};

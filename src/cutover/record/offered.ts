// A call that was offered to a recording, as the line of it.

import { BACKEND_HEADER } from "#rpc/backend";
import { decodedBody } from "./encodings.ts";
import type { Losses, RecordedCall } from "./recording.ts";
import { type HeldBody, keptHeaders, redactedBody, redactedTarget, unreplayable } from "./redacted.ts";

export interface Offered {
  readonly call: Omit<RecordedCall, "request" | "reply">;
  readonly request: { readonly method: string; readonly target: string; readonly headers: Headers };
  readonly sent: HeldBody;
  readonly reply: { readonly status: number; readonly headers: Headers; readonly ms: number };
  readonly received: HeldBody;
  readonly bytes: number;
}

/** Counts in `lost` what of it is not whole. */
export function written(
  { call, request, sent, reply, received }: Offered,
  lost: { -readonly [K in keyof Losses]: number },
): RecordedCall {
  const target = redactedTarget(request.target);
  const { headers, redacted } = keptHeaders(request.headers);
  const taken = [...new Set([...(target.redacted ?? []), ...redacted])];
  const made: RecordedCall = {
    ...call,
    request: {
      method: request.method,
      target: target.text,
      headers,
      body: redactedBody(decodedBody(sent, request.headers.get("content-encoding"))),
      ...(taken.length === 0 ? {} : { redacted: taken }),
    },
    reply: {
      status: reply.status,
      type: reply.headers.get("content-type") ?? "",
      body: redactedBody(decodedBody(received, reply.headers.get("content-encoding"))),
      ms: Math.round(reply.ms * 1000) / 1000,
      backend: reply.headers.get(BACKEND_HEADER) ?? "native",
    },
  };
  if ([made.request.body, made.reply.body].some((body) => body !== null && "cut" in body)) lost.bodies += 1;
  if (unreplayable(made)?.startsWith("redacted") === true) lost.redacted += 1;
  return made;
}

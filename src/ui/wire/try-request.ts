// A request as a person wrote it on the API page: whatever the house replies is shown, also a refusal.

import { keyHeaders } from "./access-key.ts";
import { toWireFault } from "./wire-fault.ts";

export interface Tried {
  readonly status: number;
  readonly tookMs: number;
  readonly type: string;
  readonly requestId: string | undefined;
  readonly text: string;
  /** There was more than is shown. */
  readonly cutOff: boolean;
}

/** A page shows no more; a program reads the rest. */
const TEXT_BYTES_MAX = 256 * 1024;

/** Throws `WireFault` where nothing replies. */
export async function tryRequest(
  url: string,
  {
    method,
    headers,
    body,
    signal,
  }: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | undefined;
    readonly signal: AbortSignal;
  },
  onText: (tried: Tried) => void,
): Promise<void> {
  const started = performance.now();
  try {
    const reply = await fetch(url, {
      method,
      signal,
      headers: {
        ...keyHeaders(),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const decoder = new TextDecoder();
    let [text, bytes] = ["", 0];
    const told = (cutOff: boolean): void =>
      onText({
        status: reply.status,
        tookMs: performance.now() - started,
        type: reply.headers.get("content-type") ?? "",
        requestId: reply.headers.get("x-request-id") ?? undefined,
        text,
        cutOff,
      });
    told(false);
    if (reply.body === null) return;
    for await (const part of reply.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += part.byteLength;
      text += decoder.decode(part, { stream: true });
      if (bytes > TEXT_BYTES_MAX) {
        text = text.slice(0, TEXT_BYTES_MAX);
        told(true);
        return;
      }
      told(false);
    }
  } catch (thrown) {
    throw toWireFault(thrown);
  }
}

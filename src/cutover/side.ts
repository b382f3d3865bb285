// One side of a comparison, as a client sees it: this house, or the upstream behind it, by the house's own address and a header
// that chooses between the two; or any other server by its address. Replies are read up to a limit.

import { BACKEND_HEADER } from "#rpc/backend";
import { Fault } from "#rpc/fault";
import type { Reply } from "./diff/replies.ts";
import type { RecordedSurface } from "./record/recording.ts";

/** Larger replies are not compared. */
const REPLY_BYTES_MAX = 16 * 1024 * 1024;
/** Longer than any quick operation takes. */
const TIMEOUT_MS = 60_000;
/** A house that is busy says when to come back; this often it is believed. */
const BUSY_TRIES = 8;
const BUSY_WAIT_MS = 250;

export interface SideRequest {
  readonly method: string;
  /** Path and query below the surface's prefix. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | null;
}

export interface Side {
  /** As reports name it: `native`, `go`, or an address. */
  readonly name: string;
  /** Throws `upstream` when there is no reply. */
  send(request: SideRequest, surface: RecordedSurface): Promise<Reply>;
}

export type Prefixes = Readonly<Record<RecordedSurface, string>>;

export interface HouseSideOptions {
  readonly url: string;
  readonly key: string;
  /** Of this house, or of the upstream of the surface. */
  readonly backend: "native" | "upstream";
  readonly name: string;
  readonly prefixes: Prefixes;
  /** Comes back when the house is busy; false for a measured load, which takes a refusal as its reply. */
  readonly waitsWhenBusy?: boolean;
}

export function houseSide({
  url,
  key,
  backend,
  name,
  prefixes,
  waitsWhenBusy = true,
}: HouseSideOptions): Side {
  const send: Side["send"] = (request, surface) => {
    const headers = {
      ...request.headers,
      ...(key === "" ? {} : { authorization: `Bearer ${key}` }),
      // The other surfaces have no second side; there it only says that this is a replay.
      [BACKEND_HEADER]: backend,
    };
    return sendTo(url + prefixes[surface] + request.target, { ...request, headers });
  };
  if (!waitsWhenBusy) return { name, send };
  return {
    name,
    send: async (request, surface) => {
      for (let tries = 1; ; tries += 1) {
        const reply = await send(request, surface);
        if (reply.status !== 503 || tries === BUSY_TRIES || !isBusy(reply)) return reply;
        await Bun.sleep(BUSY_WAIT_MS * tries);
      }
    },
  };
}

/** Any server that speaks the surface at its root. No key of the house goes there. */
export function addressSide(url: string): Side {
  const base = url.replace(/\/+$/, "");
  return { name: base, send: (request) => sendTo(base + request.target, request) };
}

function isBusy({ body }: Reply): boolean {
  return new TextDecoder().decode(body.slice(0, 2000)).includes("Ask again later");
}

async function sendTo(url: string, { method, headers = {}, body = null }: SideRequest): Promise<Reply> {
  const started = performance.now();
  try {
    const response = await fetch(url, {
      method,
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const received = await bounded(response);
    return {
      status: response.status,
      type: response.headers.get("content-type") ?? "",
      body: received,
      ms: performance.now() - started,
    };
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault("upstream", `${new URL(url).origin} does not answer.`, { cause: thrown });
  }
}

async function bounded({ body }: Response): Promise<ArrayBuffer> {
  if (body === null) return new ArrayBuffer(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Uint8Array).byteLength;
    if (bytes > REPLY_BYTES_MAX) throw new Fault("too_large", "A reply above 16 MiB is not compared.");
    chunks.push(chunk as Uint8Array);
  }
  const all = Buffer.concat(chunks);
  return all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
}

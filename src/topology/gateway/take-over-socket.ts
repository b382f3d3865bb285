// How a new house speaks to the one it replaces: over a unix socket in the run folder, which only their user may enter.
// Two requests in this order: `share`, after which the new one may listen on the same address, and `hand-over`, after
// which new connections are the new one's, and the old one finishes what is in flight and releases the data folder. That
// it did shows in the data lock alone, so an old house that dies meanwhile delays nothing.

import { join } from "node:path";
import type { Settings } from "#config";
import { newRequestId } from "#rpc/call";
import { faultResponse } from "#rpc/exchange";
import { Fault, faultFromBody } from "#rpc/fault";
import { type Listener, listen } from "#rpc/listen";
import { makeRunFolder, runFolder, TAKE_OVER_SOCKET } from "../address.ts";

/** Where a gateway listens, as it was configured and not as it is reached. */
export interface GatewayAddress {
  readonly host: string;
  readonly port: number;
}

/** What the old house does on each request; both throw the reason why it cannot. */
export interface TakeOverHandlers {
  share(): GatewayAddress;
  handOver(): void;
}

function socketPath(settings: Settings): string {
  return join(runFolder(settings), TAKE_OVER_SOCKET);
}

export async function serveTakeOverSocket(
  settings: Settings,
  { share, handOver }: TakeOverHandlers,
): Promise<Listener> {
  await makeRunFolder(settings);
  const answering =
    (handle: () => object | void): (() => Response) =>
    () => {
      try {
        return Response.json(handle() ?? {});
      } catch (thrown) {
        return faultResponse(thrown, { requestId: newRequestId(), seal: () => undefined }, "gateway");
      }
    };
  return listen({
    origin: "gateway",
    at: { unix: socketPath(settings) },
    routes: [],
    extra: { "/share": answering(share), "/hand-over": answering(handOver) },
  });
}

/** A running house answers on this socket at once, or not at all. */
const REPLY_MS_MAX = 5000;

async function send(settings: Settings, path: "/share" | "/hand-over"): Promise<unknown> {
  let reply: Response;
  try {
    reply = await fetch(`http://localhost${path}`, {
      method: "POST",
      unix: socketPath(settings),
      keepalive: false,
      signal: AbortSignal.timeout(REPLY_MS_MAX),
    });
  } catch (cause) {
    throw new Fault(
      "unavailable",
      `The house over ${settings.data} does not answer, so it cannot be replaced. Stop it with: lakehouse down --data ${settings.data} -- and start the new one without --take-over.`,
      { cause },
    );
  }
  const body: unknown = await reply.json();
  if (reply.ok) return body;
  throw (
    faultFromBody(body) ??
    new Fault("upstream", "The running house answered --take-over with something that is not a fault.")
  );
}

/** How long a house that was replaced just before may still have connections at the address, and how often to try. */
const PREVIOUS_MS_MAX = 70_000;
const RETRY_MS = 500;

/** Asks the running house to let another gateway listen on its address. */
export async function requestShare(settings: Settings): Promise<GatewayAddress> {
  const until = performance.now() + PREVIOUS_MS_MAX;
  for (;;) {
    try {
      return (await send(settings, "/share")) as GatewayAddress;
    } catch (thrown) {
      const { retryAfterMs, code } = thrown as Fault;
      if (code !== "rate_limited" || performance.now() > until) throw thrown;
      await Bun.sleep(retryAfterMs ?? RETRY_MS);
    }
  }
}

/** Asks it to send new connections to the other gateway, and to stop. */
export async function requestHandOver(settings: Settings): Promise<void> {
  await send(settings, "/hand-over");
}

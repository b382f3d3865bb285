// How a new house speaks to the one it replaces, over its control socket. Two requests in this order: `share`, after which
// the new one may listen on the same address, and `hand-over`, after which new connections are the new one's, and the old
// one finishes what is in flight and releases the data folder. That it did is told by the data lock and by nothing else,
// so an old house that dies meanwhile keeps nobody waiting.

import type { Settings } from "#config";
import { Fault } from "#rpc/fault";
import { type ControlHandlers, requestControl } from "./control-socket.ts";

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

export function takeOverControls({ share, handOver }: TakeOverHandlers): ControlHandlers {
  return { "/share": share, "/hand-over": handOver };
}

/** A running house answers at once, or not at all. */
const REPLY_MS_MAX = 5000;

function send(settings: Settings, path: "/share" | "/hand-over"): Promise<unknown> {
  const silent = new Fault(
    "unavailable",
    `The house over ${settings.data} does not answer, so it cannot be replaced. Stop it with: lakehouse down --data ${settings.data} -- and start the new one without --take-over.`,
  );
  return requestControl(settings, path, REPLY_MS_MAX, silent);
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

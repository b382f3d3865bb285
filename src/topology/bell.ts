// How a new house speaks to the one it replaces: over a socket in the folder that only their user may enter. Two
// questions in this order: `share`, after which the new one may listen on the address too, and `leave`, after which new
// connections are the new one's, and the old one ends what is under way and gives the data folder up. That it did is
// told by the lock of the folder and by nothing else, so an old house that dies meanwhile keeps nobody waiting.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "#config";
import { newRequestId } from "#rpc/call";
import { Fault, faultFromBody } from "#rpc/fault";
import { type Listener, listen } from "#rpc/listen";
import { faultResponse } from "#rpc/serve";
import { runFolder } from "./address.ts";

/** Where a house answers, as it was told and not as it is asked. */
export interface DoorAddress {
  readonly host: string;
  readonly port: number;
}

/** What the old house does when it is asked; either throws the reason why it cannot. */
export interface Leaving {
  share(): DoorAddress;
  leave(): void;
}

function bellPath(settings: Settings): string {
  return join(runFolder(settings), "door.sock");
}

export async function hangBell(settings: Settings, { share, leave }: Leaving): Promise<Listener> {
  await mkdir(runFolder(settings), { recursive: true, mode: 0o700 });
  const told =
    (tell: () => object | void): (() => Response) =>
    () => {
      try {
        return Response.json(tell() ?? {});
      } catch (thrown) {
        return faultResponse(thrown, { requestId: newRequestId(), seal: () => undefined }, "gateway");
      }
    };
  return listen({
    origin: "gateway",
    at: { unix: bellPath(settings) },
    routes: [],
    extra: { "/share": told(share), "/leave": told(leave) },
  });
}

/** A house answers its bell at once, or not at all. */
const RING_MS_MAX = 5000;

async function ring(settings: Settings, path: "/share" | "/leave"): Promise<unknown> {
  let reply: Response;
  try {
    reply = await fetch(`http://localhost${path}`, {
      method: "POST",
      unix: bellPath(settings),
      keepalive: false,
      signal: AbortSignal.timeout(RING_MS_MAX),
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
  throw faultFromBody(body) ?? new Fault("upstream", "The house that runs gave an answer that is none.");
}

/** How long a house that was replaced a moment ago may still be at the door, and how often it is looked for. */
const TURN_MS_MAX = 70_000;
const TURN_LOOK_MS = 500;

/** Asks the house that runs to let another one listen beside it. */
export async function askToShare(settings: Settings): Promise<DoorAddress> {
  const until = performance.now() + TURN_MS_MAX;
  for (;;) {
    try {
      return (await ring(settings, "/share")) as DoorAddress;
    } catch (thrown) {
      const { retryAfterMs, code } = thrown as Fault;
      if (code !== "rate_limited" || performance.now() > until) throw thrown;
      await Bun.sleep(retryAfterMs ?? TURN_LOOK_MS);
    }
  }
}

export async function askToLeave(settings: Settings): Promise<void> {
  await ring(settings, "/leave");
}

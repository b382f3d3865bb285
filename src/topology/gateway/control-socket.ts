// The control socket of a gateway: what processes of the same user ask of the house that runs, over a unix socket in the
// run folder, which only that user may enter. Every request is a POST without a body that is answered in JSON.

import { join } from "node:path";
import type { Settings } from "#config";
import { newRequestId } from "#rpc/call";
import { faultResponse } from "#rpc/exchange";
import { Fault, faultFromBody } from "#rpc/fault";
import { type Listener, listen } from "#rpc/listen";
import { CONTROL_SOCKET, makeRunFolder, runFolder } from "../address.ts";

/** By path: what to do, and to answer. */
export type ControlHandlers = Readonly<Record<string, () => Promise<object | void> | object | void>>;

function socketPath(settings: Settings): string {
  return join(runFolder(settings), CONTROL_SOCKET);
}

export async function serveControlSocket(settings: Settings, handlers: ControlHandlers): Promise<Listener> {
  await makeRunFolder(settings);
  const answering =
    (handle: ControlHandlers[string]): (() => Promise<Response>) =>
    async () => {
      try {
        return Response.json((await handle()) ?? {});
      } catch (thrown) {
        return faultResponse(thrown, { requestId: newRequestId(), seal: () => undefined }, "gateway");
      }
    };
  return listen({
    origin: "gateway",
    at: { unix: socketPath(settings) },
    routes: [],
    extra: Object.fromEntries(Object.entries(handlers).map(([path, handle]) => [path, answering(handle)])),
  });
}

/** Throws what the house answered as a Fault, and `silent` when no house does. */
export async function requestControl(
  settings: Settings,
  path: string,
  timeoutMs: number,
  silent: Fault,
): Promise<unknown> {
  let reply: Response;
  try {
    reply = await fetch(`http://localhost${path}`, {
      method: "POST",
      unix: socketPath(settings),
      keepalive: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch {
    throw silent;
  }
  const body: unknown = await reply.json();
  if (reply.ok) return body;
  throw (
    faultFromBody(body) ??
    new Fault("upstream", "The running house answered with something that is not a fault.")
  );
}

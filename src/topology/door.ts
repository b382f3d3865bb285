// Opens the gateway on its address, in whichever process it lives, after checking that it may be opened there.

import { join } from "node:path";
import type { Settings } from "#config";
import { authenticator, isLoopback, readKeys } from "#edge/auth";
import { createAdmission } from "#edge/admission";
import { createGuard } from "#edge/guard";
import { type Gateway, gateway } from "#edge/gateway";
import type { HealthDeps } from "#edge/health";
import { createMeter } from "#edge/meter";
import { IDLE_TIMEOUT_S } from "#edge/pace";
import { openPulse, type Pulse } from "#edge/pulse";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import { drainServer, SERVER_TRAITS } from "#rpc/listen";
import { faultResponse, type Route } from "#rpc/serve";
import { newRequestId } from "#rpc/call";

export interface Door {
  /** `http://127.0.0.1:3110` */
  readonly url: string;
  /** Takes no more requests and waits for those under way, at most `drainMs`. */
  close(drainMs: number): Promise<void>;
}

export interface DoorDeps {
  readonly settings: Settings;
  readonly routes: readonly Route[];
  readonly health: HealthDeps;
  readonly neighbourMetrics: () => Promise<(readonly object[])[]>;
  readonly log: Log;
}

/** Where the hashes of API keys are kept. */
export function keysPath(settings: Settings): string {
  return join(settings.data, "keys.json");
}

export async function openDoor(deps: DoorDeps): Promise<Door> {
  const { settings, log } = deps;
  const { host, port } = settings;
  const keys = await readKeys(keysPath(settings));
  if (!isLoopback(host) && keys.length === 0) {
    throw new Fault(
      "forbidden",
      `Listening on ${host} lets others in, and there is no API key yet. Make one with: lakehouse config add-key NAME --scope write`,
    );
  }
  const pulse = await openPulse();
  const handlers = gateway({
    ...deps,
    admission: createAdmission(pulse, log),
    authenticate: authenticator(keys),
    guard: createGuard({ host, allowHosts: settings.allow_hosts, allowOrigins: settings.allow_origins }),
    allowOrigins: settings.allow_origins,
    meter: createMeter("gateway"),
  });
  const server = serve(host, port, handlers, log, pulse);
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    close: async (drainMs) => {
      await drainServer(server, drainMs);
      pulse.close();
    },
  };
}

function serve(
  host: string,
  port: number,
  { routes, fetch }: Gateway,
  log: Log,
  pulse: Pulse,
): Bun.Server<unknown> {
  try {
    return Bun.serve({
      hostname: host,
      port,
      idleTimeout: IDLE_TIMEOUT_S,
      ...SERVER_TRAITS,
      // Each operation has its own limit; objects of 256 MiB pass through here.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      routes,
      fetch,
      error: (error) => {
        log.error("the door failed", { error });
        const exchange = { requestId: newRequestId(), seal: () => undefined };
        return faultResponse(error, exchange, "gateway");
      },
    });
  } catch (error) {
    pulse.close();
    throw doorFault(error, host, port);
  }
}

function doorFault(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    return new Fault(
      "conflict",
      `Port ${port} is in use by another program. Choose one with --port N (0 takes a free one), or stop the other: lakehouse down`,
    );
  }
  if (code === "EACCES")
    return new Fault("forbidden", `Port ${port} may not be opened by this user. Choose one above 1023.`);
  if (code === "EADDRNOTAVAIL") return new Fault("invalid", `${host} is not an address of this machine.`);
  return error;
}

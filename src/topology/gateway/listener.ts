// The gateway listener: binds the gateway's address in whichever process it lives, hands it over to a house that
// replaces this one, and stops. A listener that takes over holds requests from the moment at which the running house
// lets it, and answers them once its own services are ready. The listener that was replaced forwards what still arrives
// over its connections until the new one has answered, so that it can serve again if that one fails.

import { join } from "node:path";
import type { Settings } from "#config";
import { createAudit } from "#edge/access/audit";
import { isLoopback } from "#edge/access/auth";
import { createGuard } from "#edge/access/guard";
import { areKeysRequired, readKeys } from "#edge/access/key-file";
import { type LiveKeys, openKeys } from "#edge/access/live-keys";
import { type GatewayDeps, gateway } from "#edge/gateway";
import { createAdmission } from "#edge/load/admission";
import { type LagProbe, openLagProbe } from "#edge/load/lag-probe";
import { IDLE_TIMEOUT_S } from "#edge/load/slow-client";
import { createMeter } from "#edge/meter";
import { requestEvents } from "#edge/request-events";
import { listeningSocket, type PortCensus, portCensus } from "#lib/listening-socket";
import type { Log } from "#lib/log";
import { Fault, traceOf } from "#rpc/fault";
import { type Listener, SERVER_TRAITS } from "#rpc/listen";
import { newRequestId } from "#rpc/call";
import { faultResponse } from "#rpc/exchange";
import { acquirePartLock, type Release } from "../data-lock.ts";
import { DRAIN_MS_MAX, LOCK_WAIT_MS_MAX, type Replaceable, type StartOptions } from "../lifecycle.ts";
import { type Observer, observing, type Observing } from "../observing.ts";
import { type HouseHold, holdControls } from "./backup-hold.ts";
import { serveControlSocket } from "./control-socket.ts";
import { drainGracefully, endingOn } from "./graceful-drain.ts";
import { type ServerHandlers, takeOverProxy } from "./take-over-proxy.ts";
import {
  type GatewayAddress,
  requestHandOver,
  requestShare,
  takeOverControls,
  type TakeOverHandlers,
} from "./take-over-control.ts";

export interface GatewayListener extends Replaceable {
  /** `http://127.0.0.1:3110` */
  readonly url: string;
  /** Answers from now on; until then requests are held. */
  open(backend: GatewayBackend): Promise<void>;
  /** Accepts no more requests and waits for those in flight, at most `drainMs`. */
  close(drainMs: number): Promise<void>;
}

/** What the gateway serves. */
export interface GatewayBackend extends Pick<GatewayDeps, "routes" | "health" | "neighbourMetrics"> {
  readonly writes: HouseHold;
  readonly observer: Observer;
  /** Called when no request is in flight any more, while the services still answer. */
  close(): Promise<void>;
}

/** Where the hashes of API keys are kept. */
export function keysPath(settings: Settings): string {
  return join(settings.data, "keys.json");
}

/** A replaced gateway waits that long for its connections to close: idle ones are cut in half of it. */
const PROXY_MS_MAX = 2 * IDLE_TIMEOUT_S * 1000;
/** With a forwarded request in flight it waits as long as the longest operation may take, an ingest. */
const LONGEST_MS_MAX = 3_600_000;
const PROXY_POLL_MS = 100;
/** A lost SYN is sent again after 1 s and after 3 s; later ones reach the other gateway. */
const HANDSHAKE_MS_MAX = 5000;
const NO_SOCKETS: PortCensus = { listening: 0, accepted: 0, queued: 0 };
const DRAIN_POLL_MS = 5;

/**
 * Listens and holds requests until `open`. With `takeOver` the house that runs over the data folder is asked to hand its
 * address over, and new connections come here once this resolves.
 */
export async function bindListener(
  settings: Settings,
  log: Log,
  { takeOver = false, supervised = false }: StartOptions,
): Promise<GatewayListener> {
  const { host } = settings;
  await checkExposure(settings);
  const address = takeOver ? sameAddress(settings, await requestShare(settings)) : settings;
  const guard = createGuard({
    host,
    allowHosts: settings.allow_hosts,
    allowOrigins: settings.allow_origins,
  });
  let opened = Promise.withResolvers<void>();
  let handedOver = Promise.withResolvers<void>();
  let stopping = new AbortController();
  let controlSocket: Listener | undefined;
  let probe: LagProbe | undefined;
  let keys: LiveKeys | undefined;
  let release: Release | undefined;
  let reporting: Observing | undefined;
  let closeBackend: (() => Promise<void>) | undefined;
  let handlers: ServerHandlers = { routes: {}, fetch: () => new Response(null, { status: 503 }) };
  const server = serve(address, handlers, log, takeOver);
  const port = server.port ?? 0;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

  const answerWith = (next: ServerHandlers): void => {
    handlers = next;
    server.reload(next);
  };
  const hold = (): void => {
    opened = Promise.withResolvers();
    handedOver = Promise.withResolvers();
    // Held requests await it; without any, its rejection has no other reader.
    opened.promise.catch(() => undefined);
    answerWith(takeOverProxy(url, guard, opened.promise));
  };
  const closeOnce = async (): Promise<void> => {
    const close = closeBackend;
    closeBackend = undefined;
    await close?.().catch((error: unknown) => log.warn("a surface did not end in order", traceOf(error)));
  };
  const handOver = async (): Promise<void> => {
    const proxy = takeOverProxy(url, guard);
    answerWith(proxy);
    stopping.abort();
    await controlSocket?.stop(SOCKET_DRAIN_MS_MAX);
    await release?.();
    const until = performance.now() + DRAIN_MS_MAX;
    // Forwarded requests wait for the data lock, which this house releases only once all others have ended.
    while (server.pendingRequests > proxy.inFlight() && performance.now() < until) {
      await Bun.sleep(DRAIN_POLL_MS);
    }
    await closeOnce();
    handedOver.resolve();
  };

  hold();
  if (takeOver) {
    try {
      await requestHandOver(settings);
    } catch (error) {
      await server.stop(true);
      throw error;
    }
  }
  return {
    url,
    handedOver: () => handedOver.promise,
    open: async (backend) => {
      stopping = new AbortController();
      const { signal } = stopping;
      const waitMs = takeOver || keys !== undefined ? LOCK_WAIT_MS_MAX : undefined;
      release = await acquirePartLock(settings.data, "gateway", { supervised, waitMs });
      probe ??= await openLagProbe();
      const events = (reporting = observing(backend.observer));
      keys ??= await openKeys({ path: keysPath(settings), exposed: !isLoopback(host), log });
      closeBackend = () => backend.close();
      answerWith(
        gateway({
          ...backend,
          admission: createAdmission(probe, log),
          audit: createAudit(settings.access_log, log),
          keys,
          routes: backend.routes.map((route) => endingOn(route, signal)),
          log,
          guard,
          allowOrigins: settings.allow_origins,
          meter: createMeter("gateway"),
          onReply: requestEvents(events.observe),
        }),
      );
      opened.resolve();
      controlSocket = await serveControlSocket(settings, {
        ...takeOverControls(takeOverHandlers(host, port, handOver)),
        ...holdControls(backend.writes),
      }).catch((error: unknown) => {
        log.warn("no control socket, so this house can neither be replaced nor backed up while it runs", {
          error,
        });
        return undefined;
      });
    },
    forwardUntilIdle: async () => {
      const answered = await successorAnswered(server, url);
      if (!answered) {
        hold();
        return false;
      }
      await server.stop(true);
      probe?.close();
      keys?.close();
      return true;
    },
    close: async (drainMs) => {
      opened.reject(new Fault("unavailable", "The house that was to take over could not start."));
      stopping.abort();
      await controlSocket?.stop(SOCKET_DRAIN_MS_MAX);
      await drainGracefully(server, handlers, drainMs);
      await closeOnce();
      await reporting?.close();
      await release?.();
      probe?.close();
      keys?.close();
    },
  };
}

/** Throws `forbidden` for a house that others can reach and that asks for no key. */
async function checkExposure(settings: Settings): Promise<void> {
  const { host } = settings;
  if (isLoopback(host)) return;
  const path = keysPath(settings);
  // One that is missing or damaged closes the house, and is reported by it.
  const keys = await readKeys(path).catch(() => undefined);
  if (keys !== undefined ? keys.length > 0 : await areKeysRequired(path)) return;
  throw new Fault(
    "forbidden",
    `--host ${host} lets other machines in, and there is no API key yet. Make one with: lakehouse config add-key NAME --scope write`,
  );
}

/**
 * Waits until the connections of this gateway have ended. False when no other gateway answered at the address before it
 * was gone again.
 */
async function successorAnswered(server: Bun.Server<unknown>, url: string): Promise<boolean> {
  const port = server.port ?? 0;
  const started = performance.now();
  let answered = false;
  for (
    let waitedMs = 0;
    waitedMs < (server.pendingRequests > 0 ? LONGEST_MS_MAX : PROXY_MS_MAX);
    waitedMs = performance.now() - started
  ) {
    await Bun.sleep(PROXY_POLL_MS);
    answered ||= await isOpen(url);
    const { listening, accepted, queued } = portCensus(port) ?? NO_SOCKETS;
    // With no other listener at the address, new connections would come here again.
    if (listening < 2) break;
    if (answered && accepted === 0 && (queued === 0 || waitedMs > HANDSHAKE_MS_MAX)) break;
  }
  return answered;
}

async function isOpen(url: string): Promise<boolean> {
  try {
    const reply = await fetch(`${url}/health`, {
      keepalive: false,
      signal: AbortSignal.timeout(PROXY_POLL_MS),
    });
    return ((await reply.json()) as { status?: string }).status === "ok";
  } catch {
    return false;
  }
}

/** Both take-over requests are answered at once. */
const SOCKET_DRAIN_MS_MAX = 1000;

function takeOverHandlers(host: string, port: number, handOver: () => Promise<void>): TakeOverHandlers {
  const unsupported = (): Fault =>
    new Fault(
      "unavailable",
      "--take-over needs Linux: this system does not let two processes share an address. Stop the running house with: lakehouse down",
    );
  return {
    share: () => {
      if ((portCensus(port)?.listening ?? 1) > 1) {
        throw new Fault("rate_limited", "A house that was replaced before still has open connections.");
      }
      if (listeningSocket(port)?.share() !== true) throw unsupported();
      return { host, port };
    },
    handOver: () => {
      if (listeningSocket(port)?.steer("second") !== true) throw unsupported();
      void handOver();
    },
  };
}

/** At another address it would be no replacement: the clients of the old house would lose it. */
function sameAddress({ host, port }: Settings, runs: GatewayAddress): GatewayAddress {
  if (runs.host === host && (port === 0 || runs.port === port)) return runs;
  throw new Fault(
    "invalid",
    `The running house listens on ${runs.host}, port ${runs.port}: take over there, with --host ${runs.host} --port ${runs.port}. For another address stop it first: lakehouse down`,
  );
}

function serve(
  { host, port }: GatewayAddress,
  { routes, fetch }: ServerHandlers,
  log: Log,
  shared: boolean,
): Bun.Server<unknown> {
  try {
    return Bun.serve({
      hostname: host,
      port,
      idleTimeout: IDLE_TIMEOUT_S,
      ...SERVER_TRAITS,
      reusePort: shared,
      // Each operation has its own limit; objects of 256 MiB pass through here.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      routes,
      fetch,
      error: (error) => {
        log.error("gateway server failed", { error });
        const exchange = { requestId: newRequestId(), seal: () => undefined };
        return faultResponse(error, exchange, "gateway");
      },
    });
  } catch (error) {
    throw listenFault(error, host, port);
  }
}

function listenFault(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    return new Fault(
      "conflict",
      `Port ${port} is in use by another program. Choose one with --port N (0 takes a free one), or stop the other: lakehouse down`,
    );
  }
  if (code === "EACCES")
    return new Fault(
      "forbidden",
      `This user may not listen on port ${port}. Choose one above 1023 with --port N.`,
    );
  if (code === "EADDRNOTAVAIL")
    return new Fault("invalid", `--host ${host} is not an address of this machine.`);
  return error;
}

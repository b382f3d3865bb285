// The gateway on its address, in whichever process it lives: opened after checking that it may be, handed over to a
// house that takes this one's place, and closed. A door that takes over holds requests from the moment on at which the
// house before it lets it, and answers them once its own house is ready. A house that left stays at the door until the
// other one has answered, so that it can come back if that one fails.

import { join } from "node:path";
import type { Settings } from "#config";
import { authenticator, isLoopback, readKeys } from "#edge/auth";
import { createAdmission } from "#edge/admission";
import { createGuard } from "#edge/guard";
import { type GatewayDeps, gateway } from "#edge/gateway";
import { createMeter } from "#edge/meter";
import { IDLE_TIMEOUT_S } from "#edge/pace";
import { openPulse, type Pulse } from "#edge/pulse";
import { listeningSocket, type PortCensus, portCensus } from "#lib/listening-socket";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import { type Listener, SERVER_TRAITS } from "#rpc/listen";
import { faultResponse } from "#rpc/serve";
import { newRequestId } from "#rpc/call";
import { askToLeave, askToShare, type DoorAddress, hangBell, type Leaving } from "./bell.ts";
import { sayFarewell, watching } from "./farewell.ts";
import { DRAIN_MS_MAX } from "./lifecycle.ts";
import { type Answers, passing } from "./passing.ts";

export interface Door {
  /** `http://127.0.0.1:3110` */
  readonly url: string;
  /** Answers from now on; until then requests are held. */
  open(rooms: Rooms): Promise<void>;
  /** Resolves when another house has taken the address and nothing of this one's is under way any more. */
  left(): Promise<void>;
  /**
   * After that: passes on what still comes over connections from before, until there are none. False when the other
   * house ended before it answered anything: requests are held then, and the door may be opened again.
   */
  linger(): Promise<boolean>;
  /** Takes no more requests and waits for those under way, at most `drainMs`. */
  close(drainMs: number): Promise<void>;
}

/** What is behind the door. */
export type Rooms = Pick<GatewayDeps, "routes" | "health" | "neighbourMetrics">;

/** Where the hashes of API keys are kept. */
export function keysPath(settings: Settings): string {
  return join(settings.data, "keys.json");
}

/** A house that was replaced waits that long for its connections: idle ones end in half of it. */
const LINGER_MS_MAX = 2 * IDLE_TIMEOUT_S * 1000;
/** One that passes on a request waits as long as the longest operation may take, an ingest. */
const LONGEST_MS_MAX = 3_600_000;
const LINGER_LOOK_MS = 100;
/** A greeting that was lost is sent again after 1 s and after 3 s; those who come later come to the other house. */
const GREETING_MS_MAX = 5000;
const NOBODY: PortCensus = { listening: 0, accepted: 0, coming: 0 };
const LEAVE_LOOK_MS = 5;

/**
 * Listens and holds requests until the door is opened. With `takeOver` the house that runs over the data folder is
 * asked to leave, and new connections come here once this resolves.
 */
export async function bindDoor(settings: Settings, log: Log, takeOver = false): Promise<Door> {
  const { host } = settings;
  const keys = await readKeys(keysPath(settings));
  if (!isLoopback(host) && keys.length === 0) {
    throw new Fault(
      "forbidden",
      `Listening on ${host} lets others in, and there is no API key yet. Make one with: lakehouse config add-key NAME --scope write`,
    );
  }
  const address = takeOver ? sameAddress(settings, await askToShare(settings)) : settings;
  const guard = createGuard({
    host,
    allowHosts: settings.allow_hosts,
    allowOrigins: settings.allow_origins,
  });
  let opened = Promise.withResolvers<void>();
  let left = Promise.withResolvers<void>();
  let leaving = new AbortController();
  let bell: Listener | undefined;
  let pulse: Pulse | undefined;
  let answers: Answers = { routes: {}, fetch: () => new Response(null, { status: 503 }) };
  const server = serve(address, answers, log, takeOver);
  const port = server.port ?? 0;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

  const answerWith = (next: Answers): void => {
    answers = next;
    server.reload(next);
  };
  const hold = (): void => {
    opened = Promise.withResolvers();
    left = Promise.withResolvers();
    // Where nothing is held, nobody hears that it never opened.
    opened.promise.catch(() => undefined);
    answerWith(passing(url, guard, opened.promise));
  };
  const leave = async (): Promise<void> => {
    const late = passing(url, guard);
    answerWith(late);
    leaving.abort();
    await bell?.stop(BELL_MS_MAX);
    const until = performance.now() + DRAIN_MS_MAX;
    // The requests that are passed on wait for the folder, which this house gives up only once it has no other.
    while (server.pendingRequests > late.underWay() && performance.now() < until) {
      await Bun.sleep(LEAVE_LOOK_MS);
    }
    left.resolve();
  };

  hold();
  if (takeOver) {
    try {
      await askToLeave(settings);
    } catch (error) {
      await server.stop(true);
      throw error;
    }
  }
  return {
    url,
    left: () => left.promise,
    open: async (rooms) => {
      leaving = new AbortController();
      const { signal } = leaving;
      pulse ??= await openPulse();
      answerWith(
        gateway({
          ...rooms,
          admission: createAdmission(pulse, log),
          routes: rooms.routes.map((route) => watching(route, signal)),
          log,
          guard,
          authenticate: authenticator(keys),
          allowOrigins: settings.allow_origins,
          meter: createMeter("gateway"),
        }),
      );
      opened.resolve();
      bell = await hangBell(settings, leavingOf(host, port, leave)).catch((error: unknown) => {
        log.info("no socket for a bell, so this house cannot be replaced while it runs", { error });
        return undefined;
      });
    },
    linger: async () => {
      const answered = await lingerAt(server, url);
      if (!answered) {
        hold();
        return false;
      }
      await server.stop(true);
      pulse?.close();
      return true;
    },
    close: async (drainMs) => {
      opened.reject(new Fault("unavailable", "The house that was to take over could not start."));
      leaving.abort();
      await bell?.stop(BELL_MS_MAX);
      await sayFarewell(server, answers, drainMs);
      pulse?.close();
    },
  };
}

/** Whether the house that came answered, before its end or that of the last connection of the one that left. */
async function lingerAt(server: Bun.Server<unknown>, url: string): Promise<boolean> {
  const port = server.port ?? 0;
  const started = performance.now();
  let answered = false;
  for (
    let lingeredMs = 0;
    lingeredMs < (server.pendingRequests > 0 ? LONGEST_MS_MAX : LINGER_MS_MAX);
    lingeredMs = performance.now() - started
  ) {
    await Bun.sleep(LINGER_LOOK_MS);
    answered ||= await isOpen(url);
    const { listening, accepted, coming } = portCensus(port) ?? NOBODY;
    // With nobody else at the address, its connections would come here again.
    if (listening < 2) break;
    if (answered && accepted === 0 && (coming === 0 || lingeredMs > GREETING_MS_MAX)) break;
  }
  return answered;
}

async function isOpen(url: string): Promise<boolean> {
  try {
    const reply = await fetch(`${url}/health`, {
      keepalive: false,
      signal: AbortSignal.timeout(LINGER_LOOK_MS),
    });
    return ((await reply.json()) as { status?: string }).status === "ok";
  } catch {
    return false;
  }
}

/** What the bell does is done at once. */
const BELL_MS_MAX = 1000;

function leavingOf(host: string, port: number, leave: () => Promise<void>): Leaving {
  const cannot = (): Fault =>
    new Fault(
      "unavailable",
      "This system does not let two houses share an address. Stop the one that runs with: lakehouse down",
    );
  return {
    share: () => {
      if ((portCensus(port)?.listening ?? 1) > 1) {
        throw new Fault("rate_limited", "A house that was replaced before is still ending.");
      }
      if (listeningSocket(port)?.share() !== true) throw cannot();
      return { host, port };
    },
    leave: () => {
      if (listeningSocket(port)?.steer("second") !== true) throw cannot();
      void leave();
    },
  };
}

/** Another address would be no replacement: the clients of the old one would find nobody. */
function sameAddress({ host, port }: Settings, runs: DoorAddress): DoorAddress {
  if (runs.host === host && (port === 0 || runs.port === port)) return runs;
  throw new Fault(
    "invalid",
    `The house that runs answers at ${runs.host}, port ${runs.port}: replace it there, with --host ${runs.host} --port ${runs.port}. For another address stop it first: lakehouse down`,
  );
}

function serve(
  { host, port }: DoorAddress,
  { routes, fetch }: Answers,
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
        log.error("the door failed", { error });
        const exchange = { requestId: newRequestId(), seal: () => undefined };
        return faultResponse(error, exchange, "gateway");
      },
    });
  } catch (error) {
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

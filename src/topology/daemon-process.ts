// One service, or the gateway, as a process of its own: what `lakehouse serve` runs. A service loads no code of the
// gateway's, nor the gateway any service's, and a service no contract but its own and its neighbours': starting fifteen
// processes is mostly reading sources and making schemas.

import type { Settings } from "#config";
import type { ServiceName } from "#contracts/house";
import { createMeter } from "#edge/meter";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import { listen } from "#rpc/listen";
import { routes } from "#rpc/serve";
import { HOLD_PATH, listenAt, makeRunFolder, METRICS_PATH, neighboursOf, RESUME_PATH } from "./address.ts";
import { acquirePartLock } from "./data-lock.ts";
import { HOLD_MS_MAX } from "./gateway/backup-hold.ts";
import { DRAIN_MS_MAX, type Replaceable, type StartOptions } from "./lifecycle.ts";
import { PLAN } from "./plan.ts";
import { prepareAlone } from "./upkeep/prepare-data.ts";

export type DaemonName = ServiceName | "gateway";

export interface RunningDaemon {
  /** A URL, or the path of a unix socket. */
  readonly address: string;
  /** Of a gateway, which another one may replace. */
  readonly gateway?: Replaceable & {
    /** Answers held requests. A gateway that takes over no other one serves from the start. */
    open(): Promise<void>;
  };
  close(): Promise<void>;
}

export async function serveDaemon(
  settings: Settings,
  name: DaemonName,
  log: Log,
  options: StartOptions = {},
): Promise<RunningDaemon> {
  if (name === "gateway")
    return (await import("./gateway/gateway-process.ts")).serveGateway(settings, log, options);
  if (options.takeOver !== true) return serveService(settings, name, log, options);
  throw new Fault("invalid", `--take-over works for the gateway alone; stop ${name} and start it again.`);
}

async function serveService(
  settings: Settings,
  name: ServiceName,
  log: Log,
  { supervised = false }: StartOptions,
): Promise<RunningDaemon> {
  const release = await acquirePartLock(settings.data, name, { supervised });
  try {
    if (!supervised) await prepareAlone(settings, log);
    const { address, close } = await serveLocked(settings, name, log);
    return { address, close: () => closeAndRelease(close, release) };
  } catch (error) {
    await release();
    throw error;
  }
}

async function closeAndRelease(close: () => Promise<void>, release: () => Promise<void>): Promise<void> {
  try {
    await close();
  } finally {
    await release();
  }
}

async function serveLocked(settings: Settings, name: ServiceName, log: Log): Promise<RunningDaemon> {
  if (!settings.daemon_ports) await makeRunFolder(settings);
  const neighbours = await neighboursOf(settings, PLAN[name].needs);
  const { implementation, hold, stats, metrics, close } = await PLAN[name].start({
    settings,
    neighbours,
    log,
  });
  const meter = createMeter(name);
  const at = listenAt(settings, name);
  const daemon = listen({
    origin: name,
    at,
    routes: routes(implementation),
    stats,
    extra: {
      [METRICS_PATH]: () => Response.json([...meter.snapshot(), ...metrics()]),
      [HOLD_PATH]: async ({ url }) => {
        const drainMs = Number(new URL(url).searchParams.get("drain_ms"));
        return Response.json({ drained: await hold.hold(HOLD_MS_MAX, drainMs) });
      },
      [RESUME_PATH]: () => Response.json({ held: hold.resume() }),
    },
    onReply: (route, status, tookMs) => {
      meter.record(route, status, tookMs);
      if (status === 500) log.warn("request failed", { route: route.name, status });
    },
  });
  return {
    address: "unix" in at ? at.unix : `http://${at.hostname}:${daemon.port}`,
    close: async () => {
      await daemon.stop(DRAIN_MS_MAX);
      await close();
    },
  };
}

// One service, or the gateway, as a process of its own: what `lakehouse serve` runs.

import type { Settings } from "#config";
import { type House, house, type ServiceName, SERVICE_NAMES } from "#contracts/house";
import { createMeter } from "#edge/meter";
import type { Log } from "#lib/log";
import type { Contract } from "#rpc/contract";
import type { DaemonStats } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { forward } from "#rpc/forward";
import { listen } from "#rpc/listen";
import { routes } from "#rpc/serve";
import { addressOf, listenAt, makeRunFolder, neighboursOf, requestDaemon } from "./address.ts";
import { acquirePartLock } from "./data-lock.ts";
import { fronts as houseFronts } from "./fronts.ts";
import { HOLD_MS_MAX, holdInOrder, type HouseHold } from "./gateway/backup-hold.ts";
import { bindListener } from "./gateway/listener.ts";
import { DRAIN_MS_MAX, REFUSE_MS_MAX, type Replaceable, type StartOptions } from "./lifecycle.ts";
import { PLAN } from "./plan.ts";
import { prepareAlone } from "./upkeep/prepare-data.ts";
import { VERSION } from "./version.ts";

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

export function serveDaemon(
  settings: Settings,
  name: DaemonName,
  log: Log,
  options: StartOptions = {},
): Promise<RunningDaemon> {
  if (name === "gateway") return serveGateway(settings, log, options);
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
  const neighbours = neighboursOf(settings, PLAN[name].needs);
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
      [METRICS_PATH]: async () => Response.json([...(await meter.snapshot()), ...metrics()]),
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

async function serveGateway(
  settings: Settings,
  log: Log,
  { takeOver = false, supervised = false, fronts = houseFronts }: StartOptions,
): Promise<RunningDaemon> {
  const neighbours = neighboursOf(settings, SERVICE_NAMES) as House;
  const listener = await bindListener(settings, log, { takeOver, supervised });
  const own = SERVICE_NAMES.flatMap((name) =>
    forward(house[name] as Contract, name, addressOf(settings, name)),
  ).filter(({ internal }) => !internal);
  const open = (): Promise<void> => {
    const surfaces = fronts({ house: neighbours, own, settings, log });
    return listener.open({
      routes: [...surfaces.own, ...surfaces.routes],
      close: () => surfaces.close(),
      health: {
        topology: "apart",
        version: VERSION,
        pings: Object.fromEntries(
          SERVICE_NAMES.map((name) => [
            name,
            async (signal: AbortSignal): Promise<DaemonStats> => {
              const reply = await requestDaemon(settings, name, "/health", signal);
              if (!reply.ok) throw new Fault("unavailable", `${name} does not answer.`);
              return (await reply.json()) as DaemonStats;
            },
          ]),
        ),
        storage: neighbours.storaged,
      },
      neighbourMetrics: () => gatherMetrics(settings),
      observer: neighbours.observerd,
      writes: daemonHold(settings),
    });
  };
  if (!takeOver) {
    await open().catch(async (error: unknown) => {
      await listener.close(REFUSE_MS_MAX);
      throw error;
    });
  }
  return {
    address: listener.url,
    gateway: { ...listener, open },
    close: () => listener.close(DRAIN_MS_MAX),
  };
}

const HOLD_PATH = "/hold-writes";
const RESUME_PATH = "/resume-writes";

/** A daemon that does not answer holds nothing back, and may be written to as soon as it is there again. */
function daemonHold(settings: Settings): HouseHold {
  const ask = async <T>(name: ServiceName, path: string): Promise<T | undefined> => {
    const signal = AbortSignal.timeout(HOLD_MS_MAX);
    const reply = await requestDaemon(settings, name, path, signal).catch(() => undefined);
    return reply?.ok === true ? ((await reply.json()) as T) : undefined;
  };
  return {
    hold: () =>
      holdInOrder(async (name, drainMs) => {
        const reply = await ask<{ drained: boolean }>(name, `${HOLD_PATH}?drain_ms=${drainMs}`);
        return reply?.drained === true;
      }),
    resume: async () => {
      const replies = await Promise.all(
        SERVICE_NAMES.map((name) => ask<{ held: boolean }>(name, RESUME_PATH)),
      );
      return replies.every((reply) => reply?.held === true);
    },
  };
}

const METRICS_PATH = "/metrics.json";
const PING_MS_MAX = 500;

/** Metrics of every daemon that answers; one that is down has none to give. */
async function gatherMetrics(settings: Settings): Promise<object[][]> {
  return Promise.all(
    SERVICE_NAMES.map(async (name): Promise<object[]> => {
      try {
        const reply = await requestDaemon(settings, name, METRICS_PATH, AbortSignal.timeout(PING_MS_MAX));
        return (await reply.json()) as object[];
      } catch {
        return [];
      }
    }),
  );
}

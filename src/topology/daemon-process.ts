// One service, or the gateway, as a process of its own: what `lakehouse serve` runs.

import { mkdir } from "node:fs/promises";
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
import { addressOf, listenAt, neighboursOf, makeRunFolder, requestDaemon } from "./address.ts";
import { bindListener } from "./gateway/listener.ts";
import { fronts as houseFronts } from "./fronts.ts";
import { DRAIN_MS_MAX, type Replaceable, type StartOptions } from "./lifecycle.ts";
import { PLAN } from "./plan.ts";
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
  if (options.takeOver !== true) return serveService(settings, name, log);
  throw new Fault("invalid", `--take-over works for the gateway alone; stop ${name} and start it again.`);
}

async function serveService(settings: Settings, name: ServiceName, log: Log): Promise<RunningDaemon> {
  await mkdir(settings.data, { recursive: true });
  if (!settings.daemon_ports) await makeRunFolder(settings);
  await refuseSecond(settings, name);
  const neighbours = neighboursOf(settings, PLAN[name].needs);
  const { implementation, stats, close } = await PLAN[name].start({ settings, neighbours, log });
  const meter = createMeter(name);
  const at = listenAt(settings, name);
  const daemon = listen({
    origin: name,
    at,
    routes: routes(implementation),
    stats,
    extra: { [METRICS_PATH]: async () => Response.json(await meter.snapshot()) },
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

/** A second daemon would take the first one's socket away without either noticing. */
async function refuseSecond(settings: Settings, name: ServiceName): Promise<void> {
  const reply = await requestDaemon(settings, name, "/health", AbortSignal.timeout(PING_MS_MAX)).catch(
    () => undefined,
  );
  if (reply !== undefined) {
    throw new Fault(
      "conflict",
      `${name} runs over ${settings.data} already. Stop that one first, or choose another folder with --data.`,
    );
  }
}

async function serveGateway(
  settings: Settings,
  log: Log,
  { takeOver = false, fronts = houseFronts }: StartOptions,
): Promise<RunningDaemon> {
  const neighbours = neighboursOf(settings, SERVICE_NAMES) as House;
  const listener = await bindListener(settings, log, takeOver);
  const open = (): Promise<void> =>
    listener.open({
      routes: [
        ...SERVICE_NAMES.flatMap((name) =>
          forward(house[name] as Contract, name, addressOf(settings, name)),
        ).filter(({ internal }) => !internal),
        ...fronts(neighbours),
      ],
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
    });
  if (!takeOver) await open();
  return {
    address: listener.url,
    gateway: { ...listener, open },
    close: () => listener.close(DRAIN_MS_MAX),
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

// The gateway as a process of its own, in front of daemons at their addresses.

import type { Settings } from "#config";
import { type House, house, type ServiceName } from "#contracts/house";
import { SERVICE_NAMES } from "#contracts/services";
import type { Log } from "#lib/log";
import type { Contract } from "#rpc/contract";
import type { DaemonStats } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { forward } from "#rpc/forward";
import { addressOf, HOLD_PATH, METRICS_PATH, neighboursOf, requestDaemon, RESUME_PATH } from "../address.ts";
import type { RunningDaemon } from "../daemon-process.ts";
import { fronts as houseFronts } from "../fronts.ts";
import { DRAIN_MS_MAX, REFUSE_MS_MAX, type StartOptions } from "../lifecycle.ts";
import { VERSION } from "../version.ts";
import { HOLD_MS_MAX, holdInOrder, type HouseHold } from "./backup-hold.ts";
import { bindListener } from "./listener.ts";

export async function serveGateway(
  settings: Settings,
  log: Log,
  { takeOver = false, supervised = false, fronts = houseFronts }: StartOptions,
): Promise<RunningDaemon> {
  const neighbours = (await neighboursOf(settings, SERVICE_NAMES)) as House;
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

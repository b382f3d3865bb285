// Every service in this process: a call between them is a function call.

import type { Settings } from "#config";
import type { House, ServiceName } from "#contracts/house";
import type { Log } from "#lib/log";
import { local } from "#rpc/local";
import type { Route } from "#rpc/route";
import { routes } from "#rpc/serve";
import { acquireDataLock, recordUrl } from "./data-lock.ts";
import { bindListener, type GatewayBackend, type GatewayListener } from "./gateway/listener.ts";
import { type Fronts, fronts as houseFronts } from "./fronts.ts";
import {
  DRAIN_MS_MAX,
  LOCK_WAIT_MS_MAX,
  REFUSE_MS_MAX,
  type StartOptions,
  untilReplaced,
} from "./lifecycle.ts";
import type { StartedService } from "./parts/part.ts";
import { PLAN, START_ORDER } from "./plan.ts";
import { VERSION } from "./version.ts";

/** A house that serves, in either topology. */
export interface RunningHouse {
  readonly url: string;
  /** Resolves when another house took over and this one's last connection has ended. */
  readonly replaced: Promise<void>;
  /** Stops the gateway first, then the services in reverse order of their needs. */
  close(): Promise<void>;
}

export async function startTogether(
  settings: Settings,
  log: Log,
  { takeOver = false, fronts = houseFronts }: StartOptions = {},
): Promise<RunningHouse> {
  let listener: GatewayListener | undefined;
  let services: RunningServices | undefined;
  try {
    if (takeOver) listener = await bindListener(settings, log, true);
    services = await startServices(settings, log, takeOver);
    listener ??= await bindListener(settings, log);
    await listener.open(backendOf(services, fronts));
  } catch (error) {
    await listener?.close(REFUSE_MS_MAX);
    await services?.stop();
    throw error;
  }
  const { url, open, close } = listener;
  let current = services;
  return {
    url,
    replaced: untilReplaced(
      listener,
      () => current.stop(),
      async () => {
        log.warn("the house that was to take over ended before it served; serving again");
        current = await startServices(settings, log, true);
        await recordUrl(settings.data, url);
        await open(backendOf(current, fronts));
      },
    ),
    close: async () => {
      await close(DRAIN_MS_MAX);
      await current.stop();
    },
  };
}

interface RunningServices {
  readonly house: House;
  readonly routes: readonly Route[];
  readonly started: readonly StartedService[];
  /** Stops the services, each after those that need it, and releases the data lock; once, however often it is called. */
  stop(): Promise<void>;
}

/** Acquires the data lock and starts the services over the folder. */
async function startServices(settings: Settings, log: Log, takeOver: boolean): Promise<RunningServices> {
  const release = await acquireDataLock(settings.data, takeOver ? LOCK_WAIT_MS_MAX : undefined);
  const started: StartedService[] = [];
  const all: Route[] = [];
  const services: Partial<Record<ServiceName, unknown>> = {};
  const stopAll = async (): Promise<void> => {
    for (const service of started.toReversed()) await service.close();
    await release();
  };
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopAll());
  try {
    for (const name of START_ORDER) {
      const service = await PLAN[name].start({
        settings,
        neighbours: services as Partial<House>,
        log: log.with({ service: name }),
      });
      started.push(service);
      services[name] = local(service.implementation);
      all.push(...routes(service.implementation));
    }
    return { house: services as House, routes: all, started, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function backendOf({ house, routes, started }: RunningServices, fronts: Fronts): GatewayBackend {
  return {
    routes: [...routes.filter(({ internal }) => !internal), ...fronts(house)],
    health: {
      topology: "together",
      version: VERSION,
      pings: Object.fromEntries(
        started.map(({ implementation, stats }) => [implementation.origin, () => Promise.resolve(stats())]),
      ),
      storage: house.storaged,
    },
    neighbourMetrics: () => Promise.resolve([]),
  };
}

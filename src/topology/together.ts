// Every service in this process: a call between them is a function call.

import type { Settings } from "#config";
import type { House, ServiceName } from "#contracts/house";
import type { Log } from "#lib/log";
import { local } from "#rpc/local";
import { routes, type Route } from "#rpc/serve";
import { type Door, openDoor } from "./door.ts";
import { claimData } from "./folder.ts";
import { DRAIN_MS_MAX } from "./lifecycle.ts";
import { PLAN, START_ORDER, type Started } from "./plan.ts";
import { VERSION } from "./version.ts";

/** A house that runs; how, its caller need not know. */
export interface RunningHouse {
  readonly url: string;
  /** Ends user-facing work first, then the services in reverse order of their needs. */
  close(): Promise<void>;
}

export async function startTogether(settings: Settings, log: Log): Promise<RunningHouse> {
  const release = await claimData(settings.data);
  const started: Started[] = [];
  const all: Route[] = [];
  const services: Partial<Record<ServiceName, unknown>> = {};
  const closeServices = async (): Promise<void> => {
    for (const service of started.toReversed()) await service.close();
    await release();
  };
  try {
    for (const name of START_ORDER) {
      const neighbours = Object.fromEntries(PLAN[name].needs.map((needed) => [needed, services[needed]]));
      const service = await PLAN[name].start({ settings, neighbours, log: log.with({ service: name }) });
      started.push(service);
      services[name] = local(service.implementation);
      all.push(...routes(service.implementation));
    }
    const house = services as House;
    const door = await openTogether(settings, log, all, house);
    return {
      url: door.url,
      close: async () => {
        await door.close(DRAIN_MS_MAX);
        await closeServices();
      },
    };
  } catch (error) {
    await closeServices();
    throw error;
  }
}

function openTogether(settings: Settings, log: Log, all: readonly Route[], house: House): Promise<Door> {
  const alive = (): Promise<void> => Promise.resolve();
  return openDoor({
    settings,
    log,
    routes: all.filter(({ operation }) => operation.internal !== true),
    health: {
      topology: "together",
      version: VERSION,
      pings: Object.fromEntries(START_ORDER.map((name) => [name, alive])),
      storage: house.storaged,
    },
    neighbourMetrics: () => Promise.resolve([]),
  });
}

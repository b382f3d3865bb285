// Every service in this process: a call between them is a function call.

import type { Settings } from "#config";
import type { House, ServiceName } from "#contracts/house";
import type { Log } from "#lib/log";
import { local } from "#rpc/local";
import { routes, type Route } from "#rpc/serve";
import { bindDoor, type Door, type Rooms } from "./door.ts";
import { claimData } from "./folder.ts";
import { CLAIM_MS_MAX, DRAIN_MS_MAX } from "./lifecycle.ts";
import { PLAN, START_ORDER, type Started } from "./plan.ts";
import { VERSION } from "./version.ts";

/** A house that runs; how, its caller need not know. */
export interface RunningHouse {
  readonly url: string;
  /** Resolves when another house took this one's place and the last of its clients is gone. */
  readonly replaced: Promise<void>;
  /** Ends user-facing work first, then the services in reverse order of their needs. */
  close(): Promise<void>;
}

/** With `takeOver` in the place of the house that runs over the folder, none of whose clients notices. */
export async function startTogether(settings: Settings, log: Log, takeOver = false): Promise<RunningHouse> {
  let door: Door | undefined;
  let release: (() => Promise<void>) | undefined;
  const started: Started[] = [];
  const all: Route[] = [];
  const services: Partial<Record<ServiceName, unknown>> = {};
  const end = async (): Promise<void> => {
    for (const service of started.toReversed()) await service.close();
    await release?.();
  };
  let ended: Promise<void> | undefined;
  const endOnce = (): Promise<void> => (ended ??= end());
  try {
    if (takeOver) door = await bindDoor(settings, log, true);
    release = await claimData(settings.data, takeOver ? CLAIM_MS_MAX : undefined);
    for (const name of START_ORDER) {
      const neighbours = Object.fromEntries(PLAN[name].needs.map((needed) => [needed, services[needed]]));
      const service = await PLAN[name].start({ settings, neighbours, log: log.with({ service: name }) });
      started.push(service);
      services[name] = local(service.implementation);
      all.push(...routes(service.implementation));
    }
    door ??= await bindDoor(settings, log);
    await door.open(roomsOf(all, services as House));
  } catch (error) {
    await door?.close(0);
    await endOnce();
    throw error;
  }
  const { url, left, linger, close } = door;
  return {
    url,
    replaced: left.then(endOnce).then(linger),
    close: async () => {
      await close(DRAIN_MS_MAX);
      await endOnce();
    },
  };
}

function roomsOf(all: readonly Route[], house: House): Rooms {
  const alive = (): Promise<void> => Promise.resolve();
  return {
    routes: all.filter(({ operation }) => operation.internal !== true),
    health: {
      topology: "together",
      version: VERSION,
      pings: Object.fromEntries(START_ORDER.map((name) => [name, alive])),
      storage: house.storaged,
    },
    neighbourMetrics: () => Promise.resolve([]),
  };
}

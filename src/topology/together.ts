// Every service in this process: a call between them is a function call.

import type { Settings } from "#config";
import type { House, ServiceName } from "#contracts/house";
import type { Log } from "#lib/log";
import { local } from "#rpc/local";
import { routes, type Route } from "#rpc/serve";
import { bindDoor, type Door, type Rooms } from "./door.ts";
import { announce, claimData } from "./folder.ts";
import { CLAIM_MS_MAX, DRAIN_MS_MAX, REFUSE_MS_MAX, untilReplaced } from "./lifecycle.ts";
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
  let inside: Inside | undefined;
  try {
    if (takeOver) door = await bindDoor(settings, log, true);
    inside = await moveIn(settings, log, takeOver);
    door ??= await bindDoor(settings, log);
    await door.open(inside.rooms);
  } catch (error) {
    await door?.close(REFUSE_MS_MAX);
    await inside?.moveOut();
    throw error;
  }
  const { url, open, close } = door;
  let now = inside;
  return {
    url,
    replaced: untilReplaced(
      door,
      () => now.moveOut(),
      async () => {
        log.warn("the house that was to take over ended before it served; going on here");
        now = await moveIn(settings, log, true);
        await announce(settings.data, url);
        await open(now.rooms);
      },
    ),
    close: async () => {
      await close(DRAIN_MS_MAX);
      await now.moveOut();
    },
  };
}

interface Inside {
  readonly rooms: Rooms;
  /** Ends the services, each after those that need it, and gives the folder back; once, however often it is called. */
  moveOut(): Promise<void>;
}

/** Takes the folder and starts the services in it. */
async function moveIn(settings: Settings, log: Log, takeOver: boolean): Promise<Inside> {
  const release = await claimData(settings.data, takeOver ? CLAIM_MS_MAX : undefined);
  const started: Started[] = [];
  const all: Route[] = [];
  const services: Partial<Record<ServiceName, unknown>> = {};
  const end = async (): Promise<void> => {
    for (const service of started.toReversed()) await service.close();
    await release();
  };
  let ended: Promise<void> | undefined;
  const moveOut = (): Promise<void> => (ended ??= end());
  try {
    for (const name of START_ORDER) {
      const neighbours = Object.fromEntries(PLAN[name].needs.map((needed) => [needed, services[needed]]));
      const service = await PLAN[name].start({ settings, neighbours, log: log.with({ service: name }) });
      started.push(service);
      services[name] = local(service.implementation);
      all.push(...routes(service.implementation));
    }
    return { rooms: roomsOf(all, services as House), moveOut };
  } catch (error) {
    await moveOut();
    throw error;
  }
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

// Every service in this process: a call between them is a function call.

import type { Settings } from "#config";
import { present } from "#lib/assert";
import type { Log } from "#lib/log";
import { routes } from "#rpc/serve";
import { acquireDataLock } from "./data-lock.ts";
import { type Fronts, fronts as houseFronts } from "./fronts.ts";
import { HOLD_MS_MAX, holdInOrder } from "./gateway/backup-hold.ts";
import { bindListener, type GatewayBackend, type GatewayListener } from "./gateway/listener.ts";
import {
  DRAIN_MS_MAX,
  LOCK_WAIT_MS_MAX,
  REFUSE_MS_MAX,
  type StartOptions,
  untilReplaced,
} from "./lifecycle.ts";
import { recordUrl } from "./pidfile.ts";
import { type RunningServices, startServices } from "./services.ts";
import { prepareData } from "./upkeep/prepare-data.ts";
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
    if (takeOver) listener = await bindListener(settings, log, { takeOver: true, supervised: true });
    services = await startLocked(settings, log, takeOver);
    listener ??= await bindListener(settings, log, { takeOver: false, supervised: true });
    await listener.open(backendOf(services, fronts, settings, log));
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
        current = await startLocked(settings, log, true);
        await recordUrl(settings.data, url);
        await open(backendOf(current, fronts, settings, log));
      },
    ),
    close: async () => {
      await close(DRAIN_MS_MAX);
      await current.stop();
    },
  };
}

/** Acquires the data locks and starts the services over the folder; stopping them releases the locks. */
async function startLocked(settings: Settings, log: Log, takeOver: boolean): Promise<RunningServices> {
  const lock = await acquireDataLock(settings.data, takeOver ? LOCK_WAIT_MS_MAX : undefined);
  try {
    await prepareData(settings, log, lock);
    const services = await startServices(settings, log);
    const stopAndRelease = async (): Promise<void> => {
      try {
        await services.stop();
      } finally {
        await lock.release();
      }
    };
    let stopped: Promise<void> | undefined;
    return { ...services, stop: () => (stopped ??= stopAndRelease()) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function backendOf(
  { house, started }: RunningServices,
  fronts: Fronts,
  settings: Settings,
  log: Log,
): GatewayBackend {
  const open = started
    .flatMap(({ implementation }) => routes(implementation))
    .filter(({ internal }) => !internal);
  const surfaces = fronts({ house, own: open, settings, log });
  return {
    routes: [...surfaces.own, ...surfaces.routes],
    close: () => surfaces.close(),
    health: {
      topology: "together",
      version: VERSION,
      pings: Object.fromEntries(
        started.map(({ implementation, stats }) => [implementation.origin, () => Promise.resolve(stats())]),
      ),
      storage: house.storaged,
    },
    neighbourMetrics: () => Promise.resolve(started.map(({ metrics }) => metrics())),
    observer: house.observerd,
    writes: {
      hold: () =>
        holdInOrder(async (name, drainMs) => {
          const service = started.find(({ implementation }) => implementation.origin === name);
          return present(service, name).hold.hold(HOLD_MS_MAX, drainMs);
        }),
      resume: () => Promise.resolve(started.map(({ hold }) => hold.resume()).every(Boolean)),
    },
  };
}

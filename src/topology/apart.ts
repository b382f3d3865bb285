// One daemon per service, started and supervised by this process, which serves nothing itself. A house that is replaced
// keeps its gateway until the other house answers, and stops its daemons as soon as no request needs them.

import type { Settings } from "#config";
import type { ServiceName } from "#contracts/house";
import type { Log } from "#lib/log";
import { acquireDataLock } from "./data-lock.ts";
import { recordUrl } from "./pidfile.ts";
import { requestShare } from "./gateway/take-over-control.ts";
import { LOCK_WAIT_MS_MAX, type StartOptions, untilReplaced } from "./lifecycle.ts";
import { PLAN, START_ORDER } from "./plan.ts";
import { prepareData } from "./upkeep/prepare-data.ts";
import { SupervisedProcess } from "./supervised-process.ts";
import type { RunningHouse } from "./together.ts";

export async function startApart(
  settings: Settings,
  log: Log,
  { takeOver = false }: Pick<StartOptions, "takeOver"> = {},
): Promise<RunningHouse> {
  let gateway: SupervisedProcess | undefined;
  let services: RunningDaemons | undefined;
  try {
    if (takeOver) {
      // A house that was itself replaced just before may need its time to stop; the gateway has less to start.
      await requestShare(settings);
      gateway = new SupervisedProcess(settings, "gateway", log, ["--take-over"]);
      await gateway.ready;
    }
    services = await startDaemons(settings, log, takeOver);
    gateway ??= new SupervisedProcess(settings, "gateway", log);
    const url = await gateway.ready;
    if (takeOver) gateway.send("open");
    void gateway.probeLiveness();
    return { url, ...running(gateway, services, settings, log, url) };
  } catch (error) {
    await gateway?.stop();
    await services?.stop();
    throw error;
  }
}

function running(
  gateway: SupervisedProcess,
  services: RunningDaemons,
  settings: Settings,
  log: Log,
  url: string,
): Omit<RunningHouse, "url"> {
  let current = services;
  return {
    replaced: untilReplaced(
      gateway,
      () => current.stop(),
      async () => {
        log.warn("the house that was to take over ended before it served; serving again");
        current = await startDaemons(settings, log, true);
        await recordUrl(settings.data, url);
        gateway.send("open");
      },
    ),
    close: async () => {
      await gateway.stop();
      await current.stop();
    },
  };
}

interface RunningDaemons {
  /** Stops the daemons, each after those that need it, and releases the data locks; once, however often it is called. */
  stop(): Promise<void>;
}

/** Acquires the data locks and starts the daemons over the folder. */
async function startDaemons(settings: Settings, log: Log, takeOver: boolean): Promise<RunningDaemons> {
  const lock = await acquireDataLock(settings.data, takeOver ? LOCK_WAIT_MS_MAX : undefined);
  const daemons = new Map<ServiceName, SupervisedProcess>();
  const ready = new Map<ServiceName, Promise<string>>();
  const stopAll = async (): Promise<void> => {
    for (const name of START_ORDER.toReversed()) await daemons.get(name)?.stop();
    await lock.release();
  };
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopAll());
  const start = async (name: ServiceName): Promise<string> => {
    await Promise.all(PLAN[name].needs.flatMap((needed) => ready.get(needed) ?? []));
    const daemon = new SupervisedProcess(settings, name, log);
    daemons.set(name, daemon);
    return daemon.ready;
  };
  try {
    await prepareData(settings, log, lock);
    await lock.releaseParts();
    for (const name of START_ORDER) {
      const starting = start(name);
      // A failure is thrown by `Promise.all` below; until then the promise has no other reader.
      starting.catch(() => undefined);
      ready.set(name, starting);
    }
    await Promise.all(ready.values());
    for (const daemon of daemons.values()) void daemon.probeLiveness();
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

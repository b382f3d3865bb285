// One daemon per service, started and watched by this process, which serves nothing itself. A house that is replaced
// keeps its gateway until the other house answers, and ends the daemons as soon as no request needs them.

import type { Settings } from "#config";
import type { ServiceName } from "#contracts/house";
import type { Log } from "#lib/log";
import { askToShare } from "./bell.ts";
import { announce, claimData } from "./folder.ts";
import { CLAIM_MS_MAX, untilReplaced } from "./lifecycle.ts";
import { PLAN, START_ORDER } from "./plan.ts";
import type { RunningHouse } from "./together.ts";
import { Watched } from "./watched.ts";

/** With `takeOver` in the place of the house that runs over the folder, none of whose clients notices. */
export async function startApart(settings: Settings, log: Log, takeOver = false): Promise<RunningHouse> {
  let gateway: Watched | undefined;
  let inside: Inside | undefined;
  try {
    if (takeOver) {
      // A house that was replaced a moment ago may need its time to end; the gateway has less to start.
      await askToShare(settings);
      gateway = new Watched(settings, "gateway", log, ["--take-over"]);
      await gateway.ready;
    }
    inside = await moveIn(settings, log, takeOver);
    gateway ??= new Watched(settings, "gateway", log);
    const url = await gateway.ready;
    if (takeOver) gateway.tell("open");
    void gateway.keepAnswering();
    return { url, ...running(gateway, inside, settings, log, url) };
  } catch (error) {
    await gateway?.end();
    await inside?.moveOut();
    throw error;
  }
}

function running(
  gateway: Watched,
  inside: Inside,
  settings: Settings,
  log: Log,
  url: string,
): Omit<RunningHouse, "url"> {
  let now = inside;
  return {
    replaced: untilReplaced(
      gateway,
      () => now.moveOut(),
      async () => {
        log.warn("the house that was to take over ended before it served; going on here");
        now = await moveIn(settings, log, true);
        await announce(settings.data, url);
        gateway.tell("open");
      },
    ),
    close: async () => {
      await gateway.end();
      await now.moveOut();
    },
  };
}

interface Inside {
  /** Ends the daemons, each after those that need it, and gives the folder back; once, however often it is called. */
  moveOut(): Promise<void>;
}

/** Takes the folder and starts the daemons over it. */
async function moveIn(settings: Settings, log: Log, takeOver: boolean): Promise<Inside> {
  const release = await claimData(settings.data, takeOver ? CLAIM_MS_MAX : undefined);
  const daemons = new Map<ServiceName, Watched>();
  const ready = new Map<ServiceName, Promise<string>>();
  const end = async (): Promise<void> => {
    for (const name of START_ORDER.toReversed()) await daemons.get(name)?.end();
    await release();
  };
  let ended: Promise<void> | undefined;
  const moveOut = (): Promise<void> => (ended ??= end());
  const start = async (name: ServiceName): Promise<string> => {
    await Promise.all(PLAN[name].needs.flatMap((needed) => ready.get(needed) ?? []));
    const daemon = new Watched(settings, name, log);
    daemons.set(name, daemon);
    return daemon.ready;
  };
  try {
    for (const name of START_ORDER) {
      const started = start(name);
      // Whoever waits for it sees the failure; one that nobody waits for is seen below.
      started.catch(() => undefined);
      ready.set(name, started);
    }
    await Promise.all(ready.values());
    for (const daemon of daemons.values()) void daemon.keepAnswering();
    return { moveOut };
  } catch (error) {
    await moveOut();
    throw error;
  }
}

// Every service in this process, over a data folder that the caller has locked: what a house together serves with, and
// what a folder is examined with when no house runs over it. A call between services is a function call.

import type { Settings } from "#config";
import type { House, ServiceName } from "#contracts/house";
import type { Log } from "#lib/log";
import { local } from "#rpc/local";
import type { StartedService } from "./parts/part.ts";
import { PLAN, START_ORDER } from "./plan.ts";

export interface RunningServices {
  readonly house: House;
  readonly started: readonly StartedService[];
  /** Stops the services, each after those that need it; once, however often it is called. */
  stop(): Promise<void>;
}

export async function startServices(settings: Settings, log: Log): Promise<RunningServices> {
  const started: StartedService[] = [];
  const house: Partial<Record<ServiceName, unknown>> = {};
  const stopAll = async (): Promise<void> => {
    for (const service of started.toReversed()) await service.close();
  };
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopAll());
  try {
    for (const name of START_ORDER) {
      const service = await PLAN[name].start({
        settings,
        neighbours: house as Partial<House>,
        log: log.with({ service: name }),
      });
      started.push(service);
      house[name] = local(service.implementation);
    }
    return { house: house as House, started, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// One worker that reads for all who ask, started when somebody does and ended when nobody has for a while: the gateway
// itself parses no file of a root.

import type { Service } from "#rpc/contract";
import type { Child } from "#rpc/child";
import { Fault } from "#rpc/fault";
import type { distillWorker } from "./worker/contract.ts";

/** A start costs some 200 ms, an idle worker some 80 MiB. */
const WARM_MS = 60_000;

type WorkerChild = Child<typeof distillWorker>;

export interface Reader {
  use<T>(work: (worker: Service<typeof distillWorker>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function openReader(spawn: () => Promise<WorkerChild>): Reader {
  let starting: Promise<WorkerChild> | undefined;
  let idle: ReturnType<typeof setTimeout> | undefined;
  let inFlight = 0;
  let closed = false;

  const child = (): Promise<WorkerChild> => {
    if (closed) return Promise.reject(new Fault("unavailable", "The house is stopping."));
    if (starting !== undefined) return starting;
    const mine = spawn();
    starting = mine;
    const forget = (): void => {
      if (starting === mine) starting = undefined;
    };
    mine.then((started) => started.exited.then(forget), forget);
    return mine;
  };
  const end = async (): Promise<void> => {
    const ending = starting;
    starting = undefined;
    // One that did not start has told so whoever asked for it.
    const started = await ending?.catch(() => undefined);
    started?.kill();
    await started?.exited;
  };
  return {
    use: async (work) => {
      clearTimeout(idle);
      inFlight += 1;
      try {
        return await work((await child()).service);
      } finally {
        inFlight -= 1;
        if (inFlight === 0 && !closed) {
          idle = setTimeout(() => void end(), WARM_MS);
          idle.unref();
        }
      }
    },
    close: async () => {
      closed = true;
      clearTimeout(idle);
      await end();
    },
  };
}

// Starts slow clients (slow-child.ts) and tells what became of them. They end with the process that asked.

import { fileURLToPath } from "node:url";

export interface SlowStart {
  readonly text: string;
  /** Connections that begin so. */
  readonly clients: number;
  /** Goes on with one byte every two seconds. */
  readonly drips: boolean;
  /** Takes what it is sent; else it takes nothing for 45 s. */
  readonly reads: boolean;
}

export interface SlowPlan {
  readonly url: string;
  readonly starts: readonly SlowStart[];
}

export interface SlowState {
  readonly open: number;
  /** By start: seconds from the beginning until the last one was cut so far. */
  readonly lastCutS: readonly number[];
}

export type SlowReport = SlowState | { readonly error: string };

export interface SlowClients {
  readonly state: SlowState;
  stop(): Promise<void>;
}

/** Resolves when all are connected. */
export async function startSlowClients(plan: SlowPlan): Promise<SlowClients> {
  const connected = Promise.withResolvers<SlowState>();
  let state: SlowState = { open: 0, lastCutS: [] };
  const child = Bun.spawn(
    [process.execPath, "--no-env-file", fileURLToPath(import.meta.resolve("./slow-child.ts"))],
    {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (answer: SlowReport) => {
        if ("error" in answer) {
          connected.reject(new Error(answer.error));
          return;
        }
        state = answer;
        connected.resolve(answer);
      },
      onExit: () => connected.reject(new Error("the slow clients ended before they were connected")),
    },
  );
  child.send(plan);
  await connected.promise;
  return {
    get state() {
      return state;
    },
    stop: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

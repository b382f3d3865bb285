// For tests: one process that runs one command after the other, each through the dispatch of `main.ts`, and gives back what
// it wrote. A process of its own costs a command some 0.15 s of a processor, most of which is reading sources. What is of
// the process itself (variables, standard input, signals, `up`) is shown by those of `spawned.testing.ts`.

import { join } from "node:path";
import type { CommandEnded } from "./kept-process-child.testing.ts";
import { commandVariables, type Ended } from "./spawned.testing.ts";

const CHILD = join(import.meta.dir, "kept-process-child.testing.ts");

export interface KeptProcess {
  /** Runs a command to its end, after those that were called before. */
  run(words: readonly string[]): Promise<Ended>;
  stop(): Promise<void>;
}

/** `env` holds for all of its commands. */
export function keepProcess(env: Readonly<Record<string, string>> = {}): KeptProcess {
  let next = Promise.withResolvers<Ended>();
  let last: Promise<unknown> = Promise.resolve();
  const child = Bun.spawn([process.execPath, "--no-env-file", CHILD], {
    env: commandVariables(env),
    // No terminal: commands print as they do into a pipe.
    stdio: ["ignore", "pipe", "pipe"],
    ipc: (ended: CommandEnded) => next.resolve(ended),
  });
  const complaints = new Response(child.stderr).text();
  const ended = complaints.then((said): never => {
    throw new Error(`The process of the commands ended: ${said}`);
  });
  // Told by the command that runs, or by the next one: between two of them nobody waits for it.
  ended.catch(() => undefined);
  const runNext = async (words: readonly string[]): Promise<Ended> => {
    next = Promise.withResolvers();
    child.send(words);
    return Promise.race([next.promise, ended]);
  };
  return {
    run: (words) => {
      const done = last.then(() => runNext(words));
      // Its caller gets the failure; the next command does not.
      last = done.catch(() => undefined);
      return done;
    },
    stop: async () => {
      // A command that ends its process may leave its handler of signals behind.
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

// Ctrl-C while a command runs: the first one cancels the work, so that it can clean up; a second one ends the process at
// once.

import { EXIT } from "../failure.ts";

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Removes the handler. */
  stop(): void;
}

export function watchInterrupt(): Interrupt {
  const controller = new AbortController();
  const interrupted = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on("SIGINT", interrupted);
  process.on("SIGTERM", interrupted);
  return {
    signal: controller.signal,
    stop: () => {
      process.off("SIGINT", interrupted);
      process.off("SIGTERM", interrupted);
    },
  };
}

// Ctrl-C while a command works: the first one cancels what is under way, so that it can clean up; a second one ends
// the process at once.

import { EXIT } from "../failure.ts";

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Leaves Ctrl-C to somebody else. */
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

// How processes of the house end. Who faces users goes first, so that nobody is let in whom nobody will serve;
// then the services, each after those that need it. Every wait has an end.

/** How long requests under way may take to end, after which they are cut. */
export const DRAIN_MS_MAX = 10_000;

/** A process that drains and does not end is killed after this: its own drain, and room to close files. */
export const END_MS_MAX = DRAIN_MS_MAX + 2000;

/**
 * A house that is replaced gives its folder up in that time. Its daemons end one after the other; hardly ever does one
 * take all of its own.
 */
export const CLAIM_MS_MAX = 3 * END_MS_MAX;

export interface Closing {
  close(): Promise<void>;
}

/**
 * Resolves when the process is told to end (SIGTERM, SIGINT, or its parent goes away), after `running` is closed.
 * A second signal ends at once.
 */
export function untilTold(
  running: Closing,
  onClosing: (why: string) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let closing = false;
    const end = (why: string): void => {
      if (closing) process.exit(130);
      closing = true;
      onClosing(why);
      running.close().then(resolve, reject);
    };
    process.on("SIGTERM", () => end("SIGTERM"));
    process.on("SIGINT", () => end("SIGINT"));
    process.on("disconnect", () => end("parent gone"));
  });
}

// How processes of the house end. Who faces users goes first, so that nobody is let in whom nobody will serve;
// then the services, each after those that need it. Every wait has an end.

/** How long requests under way may take to end, after which they are cut. */
export const DRAIN_MS_MAX = 10_000;

/** Requests that a house held and cannot answer are told so in that time. */
export const REFUSE_MS_MAX = 1000;

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

/** A place that another house may take. */
export interface Place {
  /** Resolves when one has, and nothing is under way here any more. */
  left(): Promise<void>;
  /** Resolves when nobody needs this house any more; with false when the other one ended before it served. */
  linger(): Promise<boolean>;
}

/** Moves out whenever another house takes the place, and back in when that one fails. */
export async function untilReplaced(
  place: Place,
  moveOut: () => Promise<void> | void,
  moveBack: () => Promise<void> | void,
): Promise<void> {
  for (;;) {
    await place.left();
    await moveOut();
    if (await place.linger()) return;
    await moveBack();
  }
}

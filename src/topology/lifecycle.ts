// How processes of the house stop. The gateway goes first, so that no request is accepted that no service will answer;
// then the services, each after those that need it. Every wait has a limit.

import type { Fronts } from "./fronts.ts";

/** How long requests in flight may take to end, after which they are cut. */
export const DRAIN_MS_MAX = 10_000;

/** Requests that a gateway held and cannot answer are refused within that time. */
export const REFUSE_MS_MAX = 1000;

/** A process that drains and does not end is killed after this: its own drain, and room to close files. */
export const END_MS_MAX = DRAIN_MS_MAX + 2000;

/**
 * A house that is replaced releases its data lock within that time. Its daemons stop one after the other; hardly ever
 * does one take all of its own.
 */
export const LOCK_WAIT_MS_MAX = 3 * END_MS_MAX;

export interface StartOptions {
  /** Replaces the house that runs over the data folder, without a request failing. */
  readonly takeOver?: boolean;
  /** Those of the house, unless a test brings its own. */
  readonly fronts?: Fronts;
}

export interface Closing {
  close(): Promise<void>;
}

/**
 * Resolves when the process is asked to stop (SIGTERM, SIGINT, or its parent is gone), after `running` is closed. A
 * second signal ends it at once.
 */
export function untilStopped(
  running: Closing,
  onClosing: (reason: string) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let closing = false;
    const stop = (reason: string): void => {
      if (closing) process.exit(130);
      closing = true;
      onClosing(reason);
      running.close().then(resolve, reject);
    };
    process.on("SIGTERM", () => stop("SIGTERM"));
    process.on("SIGINT", () => stop("SIGINT"));
    process.on("disconnect", () => stop("parent gone"));
  });
}

/** A gateway whose address another house may take over. */
export interface Replaceable {
  /** Resolves when one has, and no request of this house is in flight any more. */
  handedOver(): Promise<void>;
  /**
   * After that: forwards what still arrives over open connections to the other house, until there are none. False when
   * that one ended before it answered anything: requests are held then, and services may be started again.
   */
  forwardUntilIdle(): Promise<boolean>;
}

/** Stops the services whenever another house takes over, and starts them again when that one fails. */
export async function untilReplaced(
  gateway: Replaceable,
  stopServices: () => Promise<void> | void,
  startServices: () => Promise<void> | void,
): Promise<void> {
  for (;;) {
    await gateway.handedOver();
    await stopServices();
    if (await gateway.forwardUntilIdle()) return;
    await startServices();
  }
}

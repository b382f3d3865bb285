// The scrub: reads every object on disk from time to time, so that rot is reported before a user meets it. The store
// compares what is read with its checksums; what it finds damaged or lost is kept, logged once, and told by the service's
// health. It reads in small pieces with a pause behind each, so that the work of callers hardly notices.

import type { Objects } from "#adapters/objects/objects";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";

export interface ScrubOptions {
  readonly objects: Objects;
  readonly log: Log;
  readonly bytesPerS: number;
  /** Milliseconds before the first pass, and between the end of one and the next. */
  readonly firstAfterMs?: number;
  readonly pauseMs?: number;
}

export interface Scrub {
  /** Keys of objects that are damaged, and folders that have lost one, as the last passes found them. */
  readonly damaged: readonly string[];
  /** Passes that came to their end. */
  readonly passes: number;
  close(): Promise<void>;
}

/** A start has other things to do. */
const FIRST_AFTER_MS = 60_000;
const PAUSE_MS = 86_400_000;
const PIECE_BYTES = 1024 * 1024;
const LIST_PAGE = 1000;
/** Named in health; more only means that the disk is gone. */
const DAMAGED_MAX = 1000;

export function startScrub({
  objects,
  log,
  bytesPerS,
  firstAfterMs = FIRST_AFTER_MS,
  pauseMs = PAUSE_MS,
}: ScrubOptions): Scrub {
  const stopping = new AbortController();
  let damaged: ReadonlySet<string> = new Set();
  let passes = 0;

  const pass = async (): Promise<void> => {
    const found = new Set<string>();
    const report = (name: string, error: unknown): void => {
      if (found.size >= DAMAGED_MAX) return;
      found.add(name);
      if (damaged.has(name)) return;
      damaged = new Set([...damaged, name]);
      log.error("an object is damaged", {
        key: name,
        problem: error instanceof Fault ? error.message : error,
      });
    };
    const folders = [""];
    for (let prefix = folders.pop(); prefix !== undefined; prefix = folders.pop()) {
      let cursor: string | undefined;
      do {
        // A folder that has lost an object is not listed past it.
        const page = await objects
          .list({ prefix, delimiter: "/", limit: LIST_PAGE, cursor })
          .catch((error: unknown) => report(prefix, error));
        cursor = page?.cursor;
        folders.push(...(page?.prefixes ?? []));
        for (const { key, size } of page?.objects ?? []) {
          await verify(key, size).catch((error: unknown) => {
            if (!(error instanceof Fault) || error.code === "internal") report(key, error);
          });
          if (stopping.signal.aborted) return;
        }
      } while (cursor !== undefined);
    }
    // What was put again, restored or removed since is well again.
    damaged = found;
    passes += 1;
  };

  const verify = async (key: string, size: number): Promise<void> => {
    for (let first = 0; first < size && !stopping.signal.aborted; first += PIECE_BYTES) {
      const last = Math.min(first + PIECE_BYTES, size) - 1;
      const { body } = await objects.get(key, { first, last });
      for await (const _ of body);
      await pause(((last - first + 1) * 1000) / bytesPerS);
    }
  };

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (stopping.signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        stopping.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      timer.unref();
      stopping.signal.addEventListener("abort", done, { once: true });
    });

  const run = async (): Promise<void> => {
    await pause(firstAfterMs);
    while (!stopping.signal.aborted) {
      await pass().catch((error: unknown) => log.error("objects cannot be verified", { error }));
      await pause(pauseMs);
    }
  };
  const running = run();
  return {
    get damaged() {
      return [...damaged];
    },
    get passes() {
      return passes;
    },
    close: () => {
      stopping.abort();
      return running;
    },
  };
}

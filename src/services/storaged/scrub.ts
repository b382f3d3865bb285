// Reads every object at a limited rate and compares it with its checksums, so that bit rot is reported before a user
// reads the object, and while a backup still has it.

import type { Objects } from "#adapters/objects/objects";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import type { Damage } from "./damage.ts";

export interface ScrubRate {
  /** Before the first pass: the services' own start comes first. */
  readonly firstAfterMs: number;
  readonly betweenPassesMs: number;
  readonly bytesPerS: number;
}

/** A terabyte takes about nine hours, at a hundredth of what a disk reads. */
export const SCRUB_RATE: ScrubRate = {
  firstAfterMs: 60_000,
  betweenPassesMs: 24 * 3600 * 1000,
  bytesPerS: 32 * 1024 * 1024,
};

const PAGE = 1000;

export interface Checked {
  readonly key: string;
  readonly size: number;
  /** Why it is not intact, or cannot be compared. */
  readonly problem?: string;
  readonly state: "intact" | "damaged" | "unknown" | "unverifiable";
}

export function unverifiable(key: string): string {
  return `The checksums of object ${key} are damaged, so its bytes cannot be compared. Put it again, or run: lakehouse repair`;
}

/** Verifies the objects below a prefix one after the other. A lost object is reported like a damaged one. */
export async function* verifyAll(objects: Objects, damage: Damage, prefix: string): AsyncGenerator<Checked> {
  const { verify } = objects;
  if (verify === undefined) return;
  let cursor: string | undefined;
  do {
    const page = await objects.list({
      prefix,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
      lost: true,
    });
    cursor = page.cursor;
    for (const { key, size } of page.objects) {
      try {
        const found = await damage.watch(key, () => verify(key));
        if (found === "intact") damage.cleared(key);
        if (found === "unverifiable") {
          const problem = unverifiable(key);
          damage.note(key, problem);
          yield { key, size, state: found, problem };
        } else yield { key, size, state: found };
      } catch (thrown) {
        // Removed since the page was read.
        if (thrown instanceof Fault && thrown.code === "not_found") damage.cleared(key);
        else if (thrown instanceof Fault && thrown.code === "internal") {
          yield { key, size, state: "damaged", problem: thrown.message };
        } else throw thrown;
      }
    }
  } while (cursor !== undefined);
}

/** Runs pass after pass until it is stopped. */
export function startScrub(
  objects: Objects,
  damage: Damage,
  log: Log | undefined,
  rate: ScrubRate,
): () => Promise<void> {
  const stopped = Promise.withResolvers<void>();
  const scrub = { stopping: false };
  const pause = (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    timer.unref();
    return Promise.race([promise, stopped.promise]).finally(() => clearTimeout(timer));
  };
  const pass = async (): Promise<void> => {
    let unpaidMs = 0;
    for await (const { size } of verifyAll(objects, damage, "")) {
      unpaidMs += (size / rate.bytesPerS) * 1000;
      if (unpaidMs < 1) continue;
      await pause(unpaidMs);
      unpaidMs = 0;
      if (scrub.stopping) return;
    }
  };
  const run = async (): Promise<void> => {
    await pause(rate.firstAfterMs);
    while (!scrub.stopping) {
      await pass().catch((error: unknown) => log?.error("scrub failed", { error }));
      await pause(rate.betweenPassesMs);
    }
  };
  const running = objects.verify === undefined ? Promise.resolve() : run();
  return async () => {
    scrub.stopping = true;
    stopped.resolve();
    await running;
  };
}

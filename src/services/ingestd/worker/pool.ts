// The loader workers: at most two at once, each with one file at a time, kept warm for a minute. The serving
// process itself never parses a file and never loads DuckDB, so no file can stop it or take it down.

import { join } from "node:path";
import { onAbort } from "#lib/abort";
import type { QueueFigures } from "#lib/figures";
import { Semaphore } from "#lib/semaphore";
import { type Child, type ChildEnd, spawnChild } from "#rpc/child";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { loader } from "./contract.ts";

/** Each uses every core while it writes; more would only take each other's memory. */
const CHILDREN_MAX = 2;
/**
 * As many as the gateway lets one caller upload at once. Files that wait for a worker are on disk meanwhile, and a small one
 * takes a worker some 50 ms; beyond that a request is refused as retryable.
 */
const WAITING_MAX = 64;
const WAIT_MS_MAX = 600_000;
const RETRY_MS = 5000;
/** A start costs about 150 ms, an idle worker about 100 MiB. */
const WARM_MS = 60_000;
/** Threads of DuckDB in one child: parsing and compressing gain little beyond. */
const THREADS_MAX = 8;

/** Faults that say something of the file or the dataset and nothing of the child. */
const REFUSALS: ReadonlySet<string> = new Set(["invalid", "rejected", "conflict", "not_found"]);

export interface LoaderPoolSettings {
  readonly memoryBytesMax: number;
  /** Told of what fails while nobody waits for it. */
  readonly onFailure?: (what: string, error: unknown) => void;
}

interface Warm {
  readonly child: Child<typeof loader>;
  readonly timer: ReturnType<typeof setTimeout>;
}

function outOfMemory(): Fault {
  return new Fault(
    "too_large",
    "The file needs more memory than an ingest may have: send it in smaller parts.",
  );
}

/** A worker that dies by itself dies of its file: the same file would end the next one, too. */
function crashed(): Fault {
  return new Fault(
    "rejected",
    "The worker that read the file crashed on it, and nothing was loaded. Check that the file is what its format says; if it is, report it with the log of this request.",
  );
}

function faultOf(why: ChildEnd): Fault {
  if (why === "out_of_memory") return outOfMemory();
  if (why === "exited") return crashed();
  return new Fault("unavailable", "The worker that read the file was stopped. Send the file again.", {
    retryAfterMs: RETRY_MS,
  });
}

export class LoaderPool {
  readonly #settings: LoaderPoolSettings;
  readonly #slots = new Semaphore(CHILDREN_MAX, WAITING_MAX);
  readonly #warm: Warm[] = [];
  /** A worker that is being started ahead of its file. */
  #coming: Promise<void> | undefined;
  readonly #children = new Set<Child<typeof loader>>();
  /**
   * Called when a worker ends. A reaction chained to `exited` itself would stay as long as the process runs, and keep
   * its file and request in memory.
   */
  readonly #onEnd = new Map<Child<typeof loader>, (why: ChildEnd) => void>();
  #closed = false;

  constructor(settings: LoaderPoolSettings) {
    this.#settings = settings;
  }

  get figures(): QueueFigures {
    return this.#slots.figures;
  }

  /** A file is being received: a worker that starts meanwhile costs it no time. */
  expect(): void {
    if (this.#closed || this.#warm.length > 0 || this.#children.size > 0) return;
    this.#coming ??= this.#spawn()
      .then(
        (child) => this.#keepWarm(child),
        // The file that needs a worker tries again, and fails with the reason.
        (error: unknown) => this.#settings.onFailure?.("start of a loader worker", error),
      )
      .finally(() => (this.#coming = undefined));
  }

  /** Gives `work` a worker of its own. The worker is killed when the signal fires or the work fails. */
  async with<R>(signal: AbortSignal, work: (service: Service<typeof loader>) => Promise<R>): Promise<R> {
    const release = await this.#slots.take(WAIT_MS_MAX, signal);
    if (release === undefined) {
      throw new Fault("unavailable", "Too many files are being loaded at once. Try again in a moment.", {
        retryAfterMs: RETRY_MS,
      });
    }
    try {
      if (signal.aborted) throw signal.reason;
      await this.#coming;
      const child = this.#warmChild() ?? (await this.#spawn());
      if (signal.aborted) {
        this.#keepWarm(child);
        throw signal.reason;
      }
      return await this.#use(child, signal, work);
    } finally {
      release();
    }
  }

  async #use<R>(
    child: Child<typeof loader>,
    signal: AbortSignal,
    work: (service: Service<typeof loader>) => Promise<R>,
  ): Promise<R> {
    const ended = Promise.withResolvers<never>();
    ended.promise.catch(() => undefined);
    this.#onEnd.set(child, (why) => ended.reject(faultOf(why)));
    const forget = onAbort(signal, () => child.kill());
    try {
      const result = await Promise.race([work(child.service), ended.promise]);
      this.#keepWarm(child);
      return result;
    } catch (thrown) {
      if (thrown instanceof Fault && REFUSALS.has(thrown.code) && !signal.aborted) {
        this.#keepWarm(child);
        throw thrown;
      }
      // A call to a worker that died fails a moment before the reason is known.
      if (thrown instanceof Fault && thrown.code === "unavailable")
        await Promise.race([child.exited, Bun.sleep(100)]);
      child.kill();
      // Until it is gone it may still write where its files are about to be removed.
      const why = await child.exited;
      if (signal.aborted) throw signal.reason;
      if (why !== "killed") throw faultOf(why);
      throw thrown;
    } finally {
      this.#onEnd.delete(child);
      forget();
    }
  }

  #warmChild(): Child<typeof loader> | undefined {
    const warm = this.#warm.pop();
    if (warm !== undefined) clearTimeout(warm.timer);
    return warm?.child;
  }

  #keepWarm(child: Child<typeof loader>): void {
    if (this.#closed) {
      child.kill();
      return;
    }
    const timer = setTimeout(() => {
      this.#warm.splice(
        this.#warm.findIndex((warm) => warm.child === child),
        1,
      );
      child.kill();
    }, WARM_MS);
    timer.unref();
    this.#warm.push({ child, timer });
  }

  async #spawn(): Promise<Child<typeof loader>> {
    const child = await spawnChild(loader, {
      entry: join(import.meta.dir, "main.ts"),
      origin: "ingestd",
      settings: { memoryBytesMax: this.#settings.memoryBytesMax, threadsMax: THREADS_MAX },
      memoryBytesMax: this.#settings.memoryBytesMax,
    });
    this.#children.add(child);
    void child.exited.then((why) => {
      this.#onEnd.get(child)?.(why);
      this.#children.delete(child);
      const at = this.#warm.findIndex((warm) => warm.child === child);
      if (at >= 0) this.#warm.splice(at, 1);
    });
    return child;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#coming;
    const ends = [...this.#children].map((child) => {
      child.kill();
      return child.exited;
    });
    for (const { timer } of this.#warm) clearTimeout(timer);
    await Promise.all(ends);
  }
}

// One worker process, started for the first file and ended when there was none for a while. Files are written one
// after the other: background work takes one core at most.

import { join } from "node:path";
import { type Child, spawnChild } from "#rpc/child";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { fileWorker } from "./contract.ts";
import type { WorkerSettings } from "./main.ts";

/** Merging two files of 64 MiB held 300 MiB. */
const MEMORY_BYTES_MAX = 768 * 1024 * 1024;
/** A start costs about 150 ms, an idle worker about 80 MiB. */
const IDLE_MS = 30_000;

type StartWorker = () => Promise<Service<typeof fileWorker>>;

export class FileWorker {
  #child: Promise<Child<typeof fileWorker>> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** Runs `work` after those that came before; it starts the worker when it calls the function that it is given. */
  async inTurn<T>(work: (start: StartWorker) => Promise<T>): Promise<T> {
    const mine = this.#turn.then(() => this.#use(work));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #use<T>(work: (start: StartWorker) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Fault("unavailable", "The house is ending. Send this again.");
    clearTimeout(this.#idle);
    try {
      return await work(async () => (await (this.#child ??= this.#start())).service);
    } finally {
      if (!this.#closed) {
        this.#idle = setTimeout(() => void this.#end(), IDLE_MS);
        this.#idle.unref();
      }
    }
  }

  async #start(): Promise<Child<typeof fileWorker>> {
    const settings: WorkerSettings = { memoryBytesMax: MEMORY_BYTES_MAX };
    try {
      const child = await spawnChild(fileWorker, {
        entry: join(import.meta.dir, "main.ts"),
        origin: "catalogd",
        settings,
        memoryBytesMax: MEMORY_BYTES_MAX,
      });
      // One that ended by itself is replaced.
      void child.exited.then(() => (this.#child = undefined));
      return child;
    } catch (error) {
      this.#child = undefined;
      throw error;
    }
  }

  async #end(): Promise<void> {
    const child = await this.#child?.catch(() => undefined);
    child?.kill();
    await child?.exited;
  }

  /** Ends the worker, and what it does with it. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    await this.#end();
  }
}

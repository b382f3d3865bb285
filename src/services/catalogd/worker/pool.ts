// One worker process, started for the first file and ended when there was none for a while. Files are written one
// after the other: this is work behind the back of users, and never to take a second core from theirs.

import { join } from "node:path";
import { type Child, spawnChild } from "#rpc/child";
import type { Service } from "#rpc/contract";
import { fileWorker } from "./contract.ts";
import type { WorkerSettings } from "./main.ts";

/** Merging two files of 64 MiB held 300 MiB. */
const MEMORY_BYTES_MAX = 768 * 1024 * 1024;
/** A start costs about 150 ms, an idle worker about 80 MiB. */
const IDLE_MS = 30_000;

export class FileWorker {
  #child: Promise<Child<typeof fileWorker>> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** Gives `work` the worker, after those that came before. */
  async with<T>(work: (service: Service<typeof fileWorker>) => Promise<T>): Promise<T> {
    const mine = this.#turn.then(() => this.#use(work));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #use<T>(work: (service: Service<typeof fileWorker>) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    try {
      this.#child ??= this.#start();
      return await work((await this.#child).service);
    } finally {
      this.#idle = setTimeout(() => void this.#end(), IDLE_MS);
      this.#idle.unref();
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
      // One that ended by itself is not asked again.
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

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#end();
  }
}

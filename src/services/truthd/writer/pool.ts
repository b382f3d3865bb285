// The writer process: started when something is written, ended when nothing was for a while. There is never more than
// one, because a database has one writer.

import { join } from "node:path";
import { type Child, spawnChild } from "#rpc/child";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { truthWriter } from "./contract.ts";
import type { WriterSettings } from "./main.ts";

/** An import of any size held 150 MiB. */
const MEMORY_BYTES_MAX = 1024 * 1024 * 1024;
/** A start costs about 100 ms and the verification of the database, an idle writer about 50 MiB. */
const IDLE_MS = 30_000;

export interface WriterLease {
  readonly writer: Service<typeof truthWriter>;
  /** Ends the process that the lease is of, whoever else uses it: nothing more is recorded by it. */
  stop(): Promise<void>;
  release(): void;
}

export class WriterProcess {
  readonly #file: string;
  #child: Promise<Child<typeof truthWriter>> | undefined;
  #uses = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #pid: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** While it runs. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Starts it where it does not run. What is given must be released, once. */
  async lease(): Promise<WriterLease> {
    if (this.#closed) throw new Fault("unavailable", "The house is ending. Send this again.");
    clearTimeout(this.#idle);
    this.#uses += 1;
    const release = (): void => {
      this.#uses -= 1;
      if (this.#uses > 0 || this.#closed) return;
      this.#idle = setTimeout(() => void this.#end(), IDLE_MS);
      this.#idle.unref();
    };
    try {
      const child = await (this.#child ??= this.#start());
      const stop = async (): Promise<void> => {
        child.kill();
        await child.exited;
      };
      return { writer: child.service, stop, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #start(): Promise<Child<typeof truthWriter>> {
    const settings: WriterSettings = { file: this.#file };
    try {
      const child = await spawnChild(truthWriter, {
        entry: join(import.meta.dir, "main.ts"),
        origin: "truthd",
        settings,
        memoryBytesMax: MEMORY_BYTES_MAX,
      });
      this.#pid = child.pid;
      // One that ended by itself is replaced.
      void child.exited.then(() => {
        this.#child = undefined;
        this.#pid = undefined;
      });
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
    this.#closed = true;
    clearTimeout(this.#idle);
    await this.#end();
  }
}

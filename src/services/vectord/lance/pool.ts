// The processes that hold Lance: one that serves all tables, started with the first call and ended when none came for a
// while, so that a house without such an index, or with an idle one, pays nothing; and one at a time for upkeep, which
// takes its memory with it. A call whose process ended is made once more in a new one: none of them does anything twice.

import { join } from "node:path";
import { Semaphore } from "#lib/semaphore";
import { type Child, spawnChild } from "#rpc/child";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { lanceTables, type TablePlace } from "./contract.ts";

/** Starting again takes a third of a second, and the caches are cold. */
const IDLE_MS_MAX = 300_000;
/** Each index waits for one piece of upkeep at most. */
const WAITING_MAX = 10_000;
const WAIT_MS_MAX = 24 * 3_600_000;
const END_MS = 20;

export type Tables = Service<typeof lanceTables>;

export class LancePool {
  readonly #upkeep = new Semaphore(1, WAITING_MAX);
  readonly #closing = new AbortController();
  readonly #ended = new WeakSet<Child<typeof lanceTables>>();
  #child: Promise<Child<typeof lanceTables>> | null = null;
  #pid: number | null = null;
  #calls = 0;
  #idle: ReturnType<typeof setTimeout> | null = null;

  /** Process id of the one that serves; null while there is none. */
  get pid(): number | null {
    return this.#pid;
  }

  /** Makes a call to the process that serves. */
  async call<T>(work: (tables: Tables) => Promise<T>): Promise<T> {
    this.#calls += 1;
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    try {
      return await this.#try(work, true);
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0 && this.#child !== null) {
        this.#idle = setTimeout(() => void this.#end(), IDLE_MS_MAX);
        this.#idle.unref();
      }
    }
  }

  /** Runs a piece of upkeep in a process of its own; it is over, or killed, when this settles. */
  async upkeep(
    place: TablePlace,
    due: { readonly keptFrom: number; readonly rebuild: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const release = await this.#upkeep.take(WAIT_MS_MAX);
    if (release === undefined) throw new Fault("unavailable", "Too many indexes wait for upkeep already.");
    try {
      if (signal.aborted) throw cancelled();
      const child = await start(true);
      try {
        await child.service.upkeep({ ...place, ...due }, { signal });
      } finally {
        child.kill();
        await child.exited;
      }
    } finally {
      release();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#end();
  }

  async #try<T>(work: (tables: Tables) => Promise<T>, again: boolean): Promise<T> {
    if (this.#closing.signal.aborted) throw cancelled();
    const child = await (this.#child ??= this.#start());
    try {
      return await work(child.service);
    } catch (error) {
      // Its end is heard of a moment after its connections broke.
      if (error instanceof Fault && error.code === "unavailable") await Bun.sleep(END_MS);
      if (!again || !this.#ended.has(child)) throw error;
      return this.#try(work, false);
    }
  }

  /** One reaction to its end, whatever the number of calls. */
  #start(): Promise<Child<typeof lanceTables>> {
    const starting = start(false);
    const forget = (): void => {
      if (this.#child !== starting) return;
      this.#child = null;
      this.#pid = null;
    };
    starting.then((child) => {
      this.#pid = child.pid;
      void child.exited.then(() => {
        this.#ended.add(child);
        forget();
      });
    }, forget);
    return starting;
  }

  async #end(): Promise<void> {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    const child = await this.#child?.catch(() => null);
    this.#child = null;
    child?.kill();
    await child?.exited;
  }
}

function start(background: boolean): Promise<Child<typeof lanceTables>> {
  return spawnChild(lanceTables, {
    entry: join(import.meta.dir, "main.ts"),
    origin: "vectord",
    settings: { background },
  });
}

function cancelled(): Fault {
  return new Fault("cancelled", "The index was closed meanwhile.");
}

// The last few instances of an engine, by the set of views that each was opened for. Once all places are taken, the oldest
// whose files are copies is given the next set of small files; only what cannot be, is closed and opened again.

import {
  canMove,
  closeInstance,
  type Instance,
  type InstanceSettings,
  isMovable,
  moveInstance,
  openInstance,
} from "./instance.ts";
import type { Opening } from "./contract.ts";

/** An idle instance holds about 4 MiB and a thread. */
const INSTANCES_MAX = 8;

export class Instances {
  readonly #settings: InstanceSettings;
  /** The one that was used last is last. */
  readonly #open = new Map<string, Instance>();

  constructor(settings: InstanceSettings) {
    this.#settings = settings;
  }

  get(key: string): Instance | undefined {
    const instance = this.#open.get(key);
    if (instance === undefined) return undefined;
    this.#open.delete(key);
    this.#open.set(key, instance);
    return instance;
  }

  /** An instance for these views, in place of one that has the same key. */
  async open(key: string, opening: Opening, signal: AbortSignal): Promise<Instance> {
    this.#close(key);
    const free = this.#takeFree(opening);
    if (free !== undefined) await moveInstance(free, opening, signal);
    const instance = free ?? (await openInstance(opening, this.#settings, signal));
    this.#open.set(key, instance);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= INSTANCES_MAX) break;
      this.#close(oldest);
    }
    return instance;
  }

  #takeFree(opening: Opening): Instance | undefined {
    if (this.#open.size < INSTANCES_MAX || !isMovable(opening)) return undefined;
    for (const [key, instance] of this.#open) {
      if (!canMove(instance, opening)) continue;
      this.#open.delete(key);
      return instance;
    }
    return undefined;
  }

  #close(key: string): void {
    const instance = this.#open.get(key);
    if (instance === undefined) return;
    this.#open.delete(key);
    closeInstance(instance);
  }
}

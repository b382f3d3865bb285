// A counting semaphore with a bounded queue: waiters are served in order, and both their number and how long each waits
// are limited.

import { onAbort } from "./abort.ts";
import type { QueueFigures } from "./figures.ts";

export class Semaphore {
  readonly #max: number;
  readonly #waitingMax: number;
  #used = 0;
  readonly #waiting: Waiter[] = [];

  constructor(max: number, waitingMax: number) {
    this.#max = max;
    this.#waitingMax = waitingMax;
  }

  get used(): number {
    return this.#used;
  }

  get figures(): QueueFigures {
    return {
      waiting: this.#waiting.length,
      waiting_max: this.#waitingMax,
      running: this.#used,
      running_max: this.#max,
    };
  }

  /**
   * Resolves with the function that gives the slot back, or with undefined when the queue is full or
   * `waitMsMax` passed first. Rejects with the signal's reason once it fires: a caller that has gone waits no more.
   */
  async take(waitMsMax: number, signal?: AbortSignal): Promise<(() => void) | undefined> {
    signal?.throwIfAborted();
    if (this.#used < this.#max) {
      this.#used += 1;
      return this.#release();
    }
    if (this.#waiting.length >= this.#waitingMax) return undefined;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        clearTimeout(timer);
        forget();
      };
      const timer = setTimeout(() => {
        leave();
        resolve(undefined);
      }, waitMsMax);
      const waiter: Waiter = {
        wake: (release) => {
          leave();
          resolve(release);
        },
      };
      this.#waiting.push(waiter);
      const forget = onAbort(signal, (reason) => {
        leave();
        reject(reason);
      });
    });
  }

  #release(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const [next] = this.#waiting;
      if (next === undefined) this.#used -= 1;
      else next.wake(this.#release());
    };
  }
}

interface Waiter {
  /** Takes it out of the queue and gives it the slot. */
  readonly wake: (release: () => void) => void;
}

// A counting semaphore with a bounded queue: waiters are served in order, and both their number and how long each waits
// are limited.

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

  /**
   * Resolves with the function that gives the slot back, or with undefined when the queue is full or
   * `waitMsMax` passed first.
   */
  async take(waitMsMax: number): Promise<(() => void) | undefined> {
    if (this.#used < this.#max) {
      this.#used += 1;
      return this.#release();
    }
    if (this.#waiting.length >= this.#waitingMax) return undefined;
    return new Promise((resolve) => {
      const waiter: Waiter = { wake: resolve };
      waiter.timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        resolve(undefined);
      }, waitMsMax);
      this.#waiting.push(waiter);
    });
  }

  #release(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#used -= 1;
        return;
      }
      clearTimeout(next.timer);
      next.wake(this.#release());
    };
  }
}

interface Waiter {
  timer?: ReturnType<typeof setTimeout>;
  readonly wake: (release: (() => void) | undefined) => void;
}

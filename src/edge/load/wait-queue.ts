// Requests that wait for one thing, in the order in which they came. The newest is let in first: under load the others
// have waited too long already, and would be answered late each, one after another. Those whose time is over are
// refused, the oldest first.

/** Resolves to false when there was no room in time. */
export type Wait = Promise<boolean>;

interface Waiting {
  readonly until: number;
  readonly request: Request;
  readonly decide: (admitted: boolean) => void;
}

/** So many are refused in one look: they came in one moment, and their replies would be another lag. */
const REFUSED_AT_ONCE = 256;

export class WaitQueue {
  readonly #max: number;
  #waiting: Waiting[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#waiting.length;
  }

  get full(): boolean {
    return this.#waiting.length >= this.#max;
  }

  /** Undefined when too many wait already. */
  wait(request: Request, until: number): Wait | undefined {
    if (this.full) return undefined;
    return new Promise((decide) => this.#waiting.push({ until, request, decide }));
  }

  /** Lets the newest in whose client is still there; false when there is none. */
  admit(): boolean {
    for (let one = this.#waiting.pop(); one !== undefined; one = this.#waiting.pop()) {
      const gone = one.request.signal.aborted;
      one.decide(!gone);
      if (!gone) return true;
    }
    return false;
  }

  /** Refuses those whose time is over. */
  expire(now: number): void {
    let over = 0;
    while (over < REFUSED_AT_ONCE && (this.#waiting[over]?.until ?? Infinity) <= now) over += 1;
    for (const { decide } of this.#waiting.splice(0, over)) decide(false);
  }
}

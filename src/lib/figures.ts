// What a queue and a cache say of themselves, for people who watch: how full, of how much, and what came of it.

export interface QueueFigures {
  readonly waiting: number;
  /** What comes beyond is refused or dropped. */
  readonly waiting_max: number;
  /** What is being worked on, where the queue is one for places. */
  readonly running?: number;
  readonly running_max?: number;
}

export interface CacheFigures {
  readonly used: number;
  readonly max: number;
  readonly unit: "entries" | "bytes";
  /** Since the start of the process. */
  readonly hits: number;
  readonly misses: number;
}

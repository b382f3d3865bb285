// Rows that are sent without a file. What arrives while a dataset's last rows are being written goes into its next
// data file together: one file and one snapshot for as many senders as there are, so that none of them waits longer
// than for the write before and their own. A sender's rows are all in one snapshot or in none.

import type { QueueFigures } from "#lib/figures";
import { Fault } from "#rpc/fault";

/** What one sender sent: lines that were checked. */
export interface Batch {
  readonly lines: readonly string[];
  /** Under which the sender may send it again. */
  readonly commitIds: readonly string[];
}

/** Thrown by `write` when the rows cannot be made a file, and nothing was committed. The cause goes to the sender. */
export class UnwritableRows extends Error {}

interface Waiting<R> {
  readonly batch: Batch;
  readonly done: PromiseWithResolvers<R>;
}

/** Senders of one dataset that wait; at fifty a file that is some seconds of work. */
const WAITING_MAX = 2000;
/** Of all datasets together: what waits is held in memory. */
const WAITING_BYTES_MAX = 128 * 1024 * 1024;
/** Rows of one file; more wait for the next. */
const ROWS_MAX = 50_000;

export class AppendQueue<R> {
  readonly #write: (dataset: string, batches: readonly Batch[]) => Promise<R>;
  readonly #waiting = new Map<string, Waiting<R>[]>();
  #bytes = 0;
  readonly #writing = new Set<Promise<void>>();

  /** `write` makes one snapshot of all rows of the batches, in their order. */
  constructor(write: (dataset: string, batches: readonly Batch[]) => Promise<R>) {
    this.#write = write;
  }

  /** Resolves when the rows are in a snapshot. Throws `unavailable` when too many wait. */
  add(dataset: string, batch: Batch): Promise<R> {
    const done = Promise.withResolvers<R>();
    const waiting = this.#waiting.get(dataset);
    const bytes = batch.lines.reduce((sum, line) => sum + line.length, 0);
    const full =
      this.#bytes + bytes > WAITING_BYTES_MAX || (waiting !== undefined && waiting.length >= WAITING_MAX);
    if (full) {
      throw new Fault("unavailable", `Too many appends to ${dataset} are waiting. Try again in a moment.`, {
        retryAfterMs: 1000,
      });
    }
    if (waiting === undefined) {
      this.#waiting.set(dataset, [{ batch, done }]);
      const writing = this.#run(dataset).finally(() => this.#writing.delete(writing));
      this.#writing.add(writing);
    } else {
      waiting.push({ batch, done });
    }
    this.#bytes += bytes;
    return done.promise.finally(() => (this.#bytes -= bytes));
  }

  async #run(dataset: string): Promise<void> {
    // What is sent in one turn of the loop is one file already.
    await Promise.resolve();
    for (;;) {
      const waiting = this.#waiting.get(dataset) ?? [];
      if (waiting.length === 0) {
        this.#waiting.delete(dataset);
        return;
      }
      let rows = 0;
      const first = waiting.findIndex(({ batch }) => (rows += batch.lines.length) > ROWS_MAX);
      const taken = waiting.splice(0, first === -1 ? waiting.length : Math.max(1, first));
      if (!(await this.#together(dataset, taken))) {
        // What cannot be written is its own sender's trouble.
        for (const one of taken) await this.#together(dataset, [one], true);
      }
    }
  }

  /** False when the write failed and no sender has a reply yet. */
  async #together(
    dataset: string,
    taken: readonly Waiting<R>[],
    last = taken.length === 1,
  ): Promise<boolean> {
    try {
      const made = await this.#write(
        dataset,
        taken.map(({ batch }) => batch),
      );
      for (const { done } of taken) done.resolve(made);
      return true;
    } catch (error) {
      // Of any other failure it may not be known whether the rows are in: a second write could double them.
      if (!last && error instanceof UnwritableRows) return false;
      const reason: unknown = error instanceof UnwritableRows ? error.cause : error;
      for (const { done } of taken) done.reject(reason);
      return true;
    }
  }

  /** Of the dataset that most senders wait for. */
  get figures(): QueueFigures {
    const lengths = [...this.#waiting.values()].map(({ length }) => length);
    return { waiting: Math.max(0, ...lengths), waiting_max: WAITING_MAX };
  }

  /** Resolves when what was added is written. */
  async close(): Promise<void> {
    await Promise.all(this.#writing);
  }
}

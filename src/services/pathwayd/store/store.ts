// All events in one table. Rows are only ever added; what is kept beside a row for searches (`derived`, `vector`) follows
// from its body, is made again when it does not verify, and is no part of what is remembered.

import { LRUCache } from "lru-cache";
import type { State, StateRow } from "#adapters/state";
import { columnsOf, type EventHead, eventOf, HEAD_COLUMNS, headOf, type TraceEvent } from "./events.ts";

/** Kept beside a version for searches; null until the text was embedded. */
export interface Derived {
  readonly derived: Uint8Array | null;
  readonly vector: Uint8Array | null;
}

export interface LoadedHead {
  readonly head: EventHead;
  readonly derived: Uint8Array | null;
}

const COLUMNS = `${HEAD_COLUMNS}, body, derived, vector`;
const COLUMN_COUNT = COLUMNS.split(",").length;
/** Rows that are read between two turns of the event loop at a start: about 2 ms. */
const LOAD_ROWS = 1000;
/** Bodies are larger. */
const READ_ROWS = 200;
/** How many rows a statement names: a few sizes, because each text of a statement stays prepared. */
const IN_SIZES = [1, 8, 32, 128, 512] as const;
const IN_MAX = 512;
const NO_ROW = -1;
/** Vectors that searches read are kept: some 20,000 of 768 dimensions. */
const VECTOR_BYTES_MAX = 16 * 2 ** 20;
/** The first event is 1. */
export const BEFORE_ALL = 0;

export class TraceStore {
  readonly #state: State;
  /** By seq. */
  readonly #vectors = new LRUCache<number, Uint8Array>({
    maxSize: VECTOR_BYTES_MAX,
    sizeCalculation: ({ byteLength }) => byteLength,
  });

  private constructor(state: State) {
    this.#state = state;
  }

  static async open(state: State): Promise<TraceStore> {
    await state.run(
      "create table if not exists trace_events (seq integer primary key, trace_id text not null, version integer not null, at integer not null, event text not null, kind text not null, subject text not null, score real, key text, request text, body_sum text not null, head_sum text not null, body text not null, derived blob, vector blob)",
    );
    await state.run("create index if not exists trace_events_of on trace_events (trace_id, seq)");
    await state.run(
      "create unique index if not exists trace_events_key on trace_events (key) where key is not null",
    );
    return new TraceStore(state);
  }

  /** In one commit: all of them are durable when it resolves, or none is there. */
  async append(events: readonly (TraceEvent & Derived)[]): Promise<void> {
    const places = events.map((_, at) => {
      const numbers = Array.from({ length: COLUMN_COUNT }, (__, i) => `$${at * COLUMN_COUNT + i + 1}`);
      return `(${numbers.join(", ")})`;
    });
    await this.#state.run(
      `insert into trace_events (${COLUMNS}) values ${places.join(", ")}`,
      events.flatMap((event) => [...columnsOf(event), event.derived, event.vector]),
    );
  }

  async putDerived(seq: number, { derived, vector }: Derived): Promise<void> {
    await this.#state.run("update trace_events set derived = $2, vector = $3 where seq = $1", [
      seq,
      derived,
      vector,
    ]);
    this.#vectors.delete(seq);
  }

  /** The heads of the events after one in order, some at a time. Throws Fault `internal` at one that is damaged. */
  async *heads(after: number): AsyncGenerator<readonly LoadedHead[]> {
    for await (const rows of this.#pages(`${HEAD_COLUMNS}, derived`, LOAD_ROWS, after)) {
      yield rows.map((row) => ({ head: headOf(row), derived: row["derived"] as Uint8Array | null }));
    }
  }

  /** All rows as they lie, for a look at whether each is whole. */
  rows(): AsyncGenerator<readonly StateRow[]> {
    return this.#pages(COLUMNS, READ_ROWS, BEFORE_ALL);
  }

  async *#pages(columns: string, limit: number, after: number): AsyncGenerator<readonly StateRow[]> {
    for (let last = after; ;) {
      const rows = await this.#state.all(
        `select ${columns} from trace_events where seq > $1 order by seq limit ${limit}`,
        [last],
      );
      if (rows.length === 0) return;
      yield rows;
      last = rows.at(-1)?.["seq"] as number;
    }
  }

  async event(seq: number): Promise<TraceEvent> {
    const [event] = await this.events([seq]);
    if (event === undefined) throw new Error(`there is no event ${seq}`);
    return event;
  }

  /** In the order of `seqs`. */
  async events(seqs: readonly number[]): Promise<TraceEvent[]> {
    const found = new Map<number, TraceEvent>();
    for (const row of await this.#chosen(`${HEAD_COLUMNS}, body`, seqs)) {
      const event = eventOf(row);
      found.set(event.seq, event);
    }
    return seqs.flatMap((seq) => found.get(seq) ?? []);
  }

  async vectors(seqs: readonly number[]): Promise<Map<number, Uint8Array>> {
    const found = new Map<number, Uint8Array>();
    const missing: number[] = [];
    for (const seq of seqs) {
      const kept = this.#vectors.get(seq);
      if (kept === undefined) missing.push(seq);
      else found.set(seq, kept);
    }
    for (const { seq, vector } of await this.#chosen("seq, vector", missing)) {
      if (vector === null) continue;
      found.set(seq as number, vector as Uint8Array);
      this.#vectors.set(seq as number, vector as Uint8Array);
    }
    return found;
  }

  async #chosen(columns: string, seqs: readonly number[]): Promise<StateRow[]> {
    const rows: StateRow[] = [];
    for (let at = 0; at < seqs.length; at += IN_MAX) {
      const some = seqs.slice(at, at + IN_MAX);
      const size = IN_SIZES.find((many) => many >= some.length) ?? IN_MAX;
      const places = Array.from({ length: size }, (_, i) => `$${i + 1}`).join(", ");
      const values = Array.from({ length: size }, (_, i) => some[i] ?? NO_ROW);
      rows.push(
        ...(await this.#state.all(`select ${columns} from trace_events where seq in (${places})`, values)),
      );
    }
    return rows;
  }

  async history(traceId: string, after: number, limit: number): Promise<TraceEvent[]> {
    const rows = await this.#state.all(
      `select ${HEAD_COLUMNS}, body from trace_events where trace_id = $1 and seq > $2 order by seq limit $3`,
      [traceId, after, limit],
    );
    return rows.map(eventOf);
  }

  async count(): Promise<number> {
    const [row] = await this.#state.all("select count(*) as events from trace_events");
    return Number(row?.["events"] ?? 0);
  }

  async byKey(key: string): Promise<TraceEvent | undefined> {
    const [row] = await this.#state.all(`select ${HEAD_COLUMNS}, body from trace_events where key = $1`, [
      key,
    ]);
    return row === undefined ? undefined : eventOf(row);
  }

  close(): Promise<void> {
    return this.#state.close();
  }
}

// The board and the journal behind it. A write is checked against the board, recorded, and applied once the journal has
// acknowledged it; writes take turns, so what was checked still holds when it is recorded.
//
// An append whose reply was lost may have been recorded. Its events carry ids, so it is sent again under the same ids until
// the journal has said what became of it; nothing else is written or read before that.

import type { journal, JournalEvent, NewEvent } from "#contracts/journal";
import type { Clock } from "#lib/clock";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { Board } from "./board.ts";
import { EVENTS, FILL_EVENT_TYPES, type EventData, type FillEvent, type FillEventType } from "./events.ts";

/** An event to be recorded. */
export interface Draft<T extends FillEventType = FillEventType> {
  readonly type: T;
  readonly data: EventData<T>;
  readonly causationId?: string;
}

export interface Write {
  readonly fillId: string;
  readonly actor: string | undefined;
  readonly drafts: readonly Draft[];
}

export interface LedgerDeps {
  readonly journal: Service<typeof journal>;
  readonly clock: Clock;
  /** An event under one of our ids that is not of our form, or does not follow from those before it. */
  readonly ignored: (event: { readonly seq: number; readonly type: string }) => void;
}

/** The most that one page of the journal gives. */
const PAGE = 1000;
/** Every event that filld records has such an id. Those of others are no fill's, whatever their type. */
const ID_PREFIX = "fill-";
/** Faults after which an append may have been recorded all the same. */
const LOST_REPLY = new Set(["timeout", "unavailable", "upstream", "internal", "cancelled"]);
/** Of an event, which the journal takes to 256 KiB with all that is around its data. */
const DATA_BYTES_MAX = 250 * 1024;
/**
 * Up to so many events all are read in their order, a hundred thousand in 1.5 s; through the index by type an event of ours
 * costs three times that, and those of others nothing.
 */
const SCANNED_MAX = 200_000;
/** How old the journal's last word on its state may be when a read relies on it. */
const CHECK_MS = 1000;

export class Ledger {
  readonly #deps: LedgerDeps;
  readonly #listeners = new Set<(event: FillEvent) => void>();
  readonly board = new Board();
  #turn: Promise<unknown> = Promise.resolve();
  /** The journal may have events that are not on the board. */
  #behind = true;
  /** Events that were sent, and of which it is not known whether they were recorded. */
  #unsettled: readonly NewEvent[] | undefined;
  #checkedAt = -Infinity;

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
  }

  /** The board, with everything that the journal has acknowledged. Throws what the journal says when it is damaged. */
  async current(): Promise<Board> {
    if (this.#behind) await this.#inTurn(() => this.#catchUp());
    else await this.#refuseDamaged();
    return this.board;
  }

  /**
   * Decides on the board and records what was decided; nothing else is recorded in between. `decide` throws to refuse, and
   * gives no `write` when nothing is to be done.
   */
  async write<R>(call: CallInit, decide: (board: Board) => { write?: Write; result: R }): Promise<R> {
    return this.#inTurn(async () => {
      await this.#catchUp();
      const { write, result } = decide(this.board);
      if (write !== undefined && write.drafts.length > 0) await this.#record(write, call);
      return result;
    });
  }

  /** Events as they are applied after the first fold, until the returned function is called. */
  listen(listener: (event: FillEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A fill's events until a moment, from the journal itself. */
  async eventsOf(fillId: string, until?: string): Promise<FillEvent[]> {
    const events: FillEvent[] = [];
    for await (const page of this.#pages({ subject: fillId, ...(until === undefined ? {} : { until }) }))
      events.push(...page);
    return events;
  }

  async #record({ fillId, actor, drafts }: Write, call: CallInit): Promise<void> {
    const at = new Date(this.#deps.clock.now()).toISOString();
    const events = drafts.map((draft) => ({
      id: `${ID_PREFIX}${crypto.randomUUID()}`,
      type: draft.type,
      subject: fillId,
      at,
      data: recordable(draft),
      ...(actor === undefined ? {} : { actor }),
      ...(draft.causationId === undefined ? {} : { causation_id: draft.causationId }),
    }));
    // Once it is sent it is seen through: a caller that goes away must not leave it unknown whether it was recorded.
    const lasting = { requestId: call.requestId, caller: call.caller, traceparent: call.traceparent };
    const append = async (): Promise<number> =>
      (await this.#deps.journal.record({ events }, lasting)).first_seq;
    const first = await append().catch((error: unknown) => {
      if (!isLostReply(error)) throw error;
      return append().catch((again: unknown) => {
        if (isLostReply(again)) {
          this.#unsettled = events;
          this.#behind = true;
        }
        throw again;
      });
    });
    for (const [index, { id, type, data, causation_id }] of events.entries()) {
      const seq = first + index;
      this.#apply({ type, fillId, id, seq, at, actor, causationId: causation_id, data } as FillEvent);
    }
  }

  /** Applies what the journal has after the board's last event, and finds out what became of what was sent last. */
  async #catchUp(): Promise<void> {
    if (!this.#behind) return;
    const { journal } = this.#deps;
    if (this.#unsettled !== undefined) {
      await journal.record({ events: [...this.#unsettled] }).catch((error: unknown) => {
        // A refusal says that it was never recorded.
        if (isLostReply(error)) throw error;
      });
      this.#unsettled = undefined;
    }
    const isNews = this.board.seq > 0;
    const after = this.board.seq;
    const { events } = await journal.status({});
    if (events - after <= SCANNED_MAX) {
      for await (const page of this.#pages({ after })) for (const event of page) this.#apply(event, isNews);
    } else {
      const found: FillEvent[] = [];
      for (const type of FILL_EVENT_TYPES)
        for await (const page of this.#pages({ type, after })) found.push(...page);
      for (const event of found.sort((a, b) => a.seq - b.seq)) this.#apply(event, isNews);
    }
    this.#behind = false;
  }

  async *#pages(which: {
    readonly type?: string;
    readonly subject?: string;
    readonly after?: number;
    readonly until?: string;
  }): AsyncGenerator<FillEvent[]> {
    let cursor: string | undefined;
    do {
      const page = await this.#deps.journal.events({
        ...which,
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      yield page.events.flatMap((event) => this.#read(event));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
  }

  /** Nothing for an event that others recorded under one of our types or for one of our fills. */
  #read({ seq, id, type, subject, actor, at, data, causation_id }: JournalEvent): FillEvent[] {
    if (!id.startsWith(ID_PREFIX) || !Object.hasOwn(EVENTS, type)) return [];
    const read = EVENTS[type as FillEventType].safeParse(data);
    if (read.success) {
      const event = { type, fillId: subject, id, seq, at, actor, causationId: causation_id, data: read.data };
      return [event as FillEvent];
    }
    this.#deps.ignored({ seq, type });
    return [];
  }

  #apply(event: FillEvent, isNews = true): void {
    if (!this.board.apply(event)) this.#deps.ignored(event);
    else if (isNews) for (const listener of this.#listeners) listener(event);
  }

  /** A board whose journal is damaged is nothing to work by. One that cannot be reached has lost nothing. */
  async #refuseDamaged(): Promise<void> {
    const now = performance.now();
    if (now - this.#checkedAt < CHECK_MS) return;
    this.#checkedAt = now;
    try {
      await this.#deps.journal.status({}, { timeoutMs: CHECK_MS });
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "internal") return;
      this.#checkedAt = -Infinity;
      throw error;
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }
}

function isLostReply(error: unknown): boolean {
  return error instanceof Fault && LOST_REPLY.has(error.code);
}

/** As it will be read from the journal: what is applied now is what a later fold applies. Throws `invalid` and `too_large`. */
function recordable({ type, data }: Draft): Record<string, unknown> {
  const text = JSON.stringify(data);
  if (Buffer.byteLength(text) > DATA_BYTES_MAX) {
    throw new Fault(
      "too_large",
      "That is more than the journal keeps of one change (250 KiB). Shorten the order, or name fewer people at once.",
    );
  }
  const read = EVENTS[type].safeParse(JSON.parse(text));
  if (read.success) return read.data;
  throw new Fault("invalid", "The order or the proposal has a value that cannot be kept.", {
    details: read.error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.join("."), message })),
  });
}

// The board and the journal behind it. A write is checked against the board, recorded, and applied once the journal has
// acknowledged it; writes take turns, so what was checked still holds when it is recorded.
//
// An append whose reply was lost may have been recorded. Its events carry ids, so it is sent again under the same ids;
// where that fails too, the board is brought up to the journal before the next write or read goes on.

import type { journal, JournalEvent } from "#contracts/journal";
import { assert } from "#lib/assert";
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

type Journal = Service<typeof journal>;

/** The most that one page of the journal gives. */
const PAGE = 1000;
/** Every event that filld records has such an id. Those of others are no fill's, whatever their type. */
const ID_PREFIX = "fill-";
/** Faults after which an append may have been recorded all the same. */
const LOST_REPLY = new Set(["timeout", "unavailable", "upstream", "internal", "cancelled"]);

export class Ledger {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: FillEvent) => void>();
  readonly board = new Board();
  #turn: Promise<unknown> = Promise.resolve();
  /** Events that may have been recorded are not on the board. */
  #behind = true;

  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
  }

  /** The board, with everything that the journal has acknowledged. */
  async current(): Promise<Board> {
    if (this.#behind) await this.#inTurn(() => this.#catchUp());
    return this.board;
  }

  /**
   * Decides on the board and records what was decided; nothing else is recorded in between. `decide` throws to refuse, and
   * gives undefined when nothing is to be done.
   */
  async write<R>(
    call: CallInit,
    decide: (board: Board) => { write: Write; result: R } | { write?: undefined; result: R },
  ): Promise<R> {
    return this.#inTurn(async () => {
      if (this.#behind) await this.#catchUp();
      const { write, result } = decide(this.board);
      if (write !== undefined) await this.#record(write, call);
      return result;
    });
  }

  /** Events as they are applied, until the returned function is called. */
  listen(listener: (event: FillEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A fill's events until a moment, from the journal itself. */
  async eventsOf(fillId: string, until?: string): Promise<FillEvent[]> {
    const events: FillEvent[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#journal.events({
        subject: fillId,
        limit: PAGE,
        ...(until === undefined ? {} : { until }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      events.push(...page.events.flatMap(parsed));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    return events;
  }

  async #record({ fillId, actor, drafts }: Write, call: CallInit): Promise<void> {
    const at = new Date(this.#clock.now()).toISOString();
    const events = drafts.map(({ type, data, causationId }) => ({
      id: `${ID_PREFIX}${crypto.randomUUID()}`,
      type,
      subject: fillId,
      at,
      data,
      ...(actor === undefined ? {} : { actor }),
      ...(causationId === undefined ? {} : { causation_id: causationId }),
    }));
    // Once it is sent it is seen through: a caller that goes away must not leave it unknown whether it was recorded.
    const lasting = { requestId: call.requestId, caller: call.caller, traceparent: call.traceparent };
    const append = async (): Promise<number> => (await this.#journal.append({ events }, lasting)).first_seq;
    let first: number;
    try {
      first = await append();
    } catch (error) {
      if (!(error instanceof Fault) || !LOST_REPLY.has(error.code)) throw error;
      this.#behind = true;
      first = await append();
      this.#behind = false;
    }
    for (const [index, { id, type, data, causation_id }] of events.entries()) {
      const seq = first + index;
      this.#apply({ type, fillId, id, seq, at, actor, causationId: causation_id, data } as FillEvent);
    }
  }

  /** Applies what the journal has after the board's last event. */
  async #catchUp(): Promise<void> {
    this.#behind = true;
    const after = this.board.seq;
    const found = await Promise.all(FILL_EVENT_TYPES.map((type) => this.#after(type, after)));
    const events = found.flat().sort((a, b) => a.seq - b.seq);
    for (const event of events) this.#apply(event);
    this.#behind = false;
  }

  async #after(type: FillEventType, after: number): Promise<FillEvent[]> {
    const events: FillEvent[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#journal.events({
        type,
        after,
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      events.push(...page.events.flatMap(parsed));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    return events;
  }

  #apply(event: FillEvent): void {
    assert(event.seq > this.board.seq, "events are applied in the order of the journal, each once");
    this.board.apply(event);
    for (const listener of this.#listeners) listener(event);
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

/** Nothing for an event that others recorded under one of our types. */
function parsed({ seq, id, type, subject, actor, at, data, causation_id }: JournalEvent): FillEvent[] {
  const schema = Object.hasOwn(EVENTS, type) ? EVENTS[type as FillEventType] : undefined;
  const read = id.startsWith(ID_PREFIX) ? schema?.safeParse(data) : undefined;
  if (read?.success !== true) return [];
  return [
    { type, fillId: subject, id, seq, at, actor, causationId: causation_id, data: read.data } as FillEvent,
  ];
}

// What the fills are: the fold of their events, in the order of the journal. Nothing else changes it, so two readers of the
// same events hold the same board, and the board of a moment is the fold of the events until then.
//
// Beside the fills it keeps two indexes that follow from them: who is booked when, and who is blocked where.

import type { Fill, FillOrder, FillReading, Message, Proposal, Seat, SeatStatus } from "#contracts/fill";
import type { Block } from "#contracts/validate";
import { assert } from "#lib/assert";
import type { FillEvent } from "./events.ts";
import { Bookings } from "./bookings.ts";

export interface FillState {
  readonly fillId: string;
  version: number;
  /** Of the last event. */
  seq: number;
  readonly orderText: string | undefined;
  /** When the text was written, which is what its "tomorrow" means. */
  readonly textAt: string;
  order: FillOrder;
  readonly corpus: string;
  reading: FillReading | undefined;
  missing: readonly string[];
  assumed: Fill["assumed"];
  /** A person changed what was read. */
  corrected: boolean;
  readonly seats: Map<string, Seat>;
  proposal: Proposal | undefined;
  readonly messages: Message[];
  closed: Fill["closed"];
  readonly actor: string | undefined;
  readonly createdAt: string;
  updatedAt: string;
}

/** An outcome whose playbook and trace are not recorded yet. */
export interface Unlearnt {
  readonly eventId: string;
  readonly fillId: string;
  readonly workerId: string;
  readonly corpus: string;
  readonly result: SeatStatus;
  readonly score: number;
  readonly queryText: string | undefined;
  readonly role: string | undefined;
  readonly client: string | undefined;
  readonly orderId: string;
  readonly actor: string | undefined;
  readonly reason: string | undefined;
}

/** A role that a person corrected, and the text that it was read from. */
export interface UnlearntRole {
  readonly eventId: string;
  readonly fillId: string;
  readonly orderText: string;
  readonly textAt: string;
  readonly soc: string;
}

export type FillBlock = Block & {
  readonly block_id: string;
  readonly fill_id: string;
  readonly worker_id: string;
  readonly start_at: string;
  readonly reason: string;
};

/** Statuses whose people are not free at that time; the first two only while they are held. */
const BOOKED: ReadonlySet<SeatStatus> = new Set(["proposed", "contacted", "confirmed", "completed"]);

/** Ends of a place that nothing afterwards undoes. */
const HAPPENED: ReadonlySet<string | undefined> = new Set(["completed", "no_show", "late_cancel"]);

export class Board {
  readonly fills = new Map<string, FillState>();
  readonly bookings = new Bookings();
  /** By the person. */
  readonly blocks = new Map<string, readonly FillBlock[]>();
  /** By the id of the outcome's event, the oldest first. */
  readonly unlearnt = new Map<string, Unlearnt>();
  /** Corrections of a role, by the id of their event, the oldest first. */
  readonly unlearntRoles = new Map<string, UnlearntRole>();
  /** How often a title was corrected to an occupation, by `title\tsoc`. */
  readonly learntTitles = new Map<string, number>();
  /** How often somebody confirmed less than a day before the shift. */
  readonly quickYeses = new Map<string, number>();
  /** Of the last event that was applied. */
  seq = 0;

  /**
   * False when the event does not follow from those before it, as one that somebody else wrote into the journal: it
   * changes nothing, whoever folds. Of its fill it must be the same write as the last event, or the next.
   */
  apply(event: FillEvent): boolean {
    assert(event.seq > this.seq, "events are applied in the order of the journal, each once");
    this.seq = event.seq;
    const fill = this.fills.get(event.fillId);
    if (event.type === "order.received") {
      if (fill !== undefined) return false;
      this.#received(event);
      return true;
    }
    if (fill === undefined) return false;
    if (event.type === "fill.learnt") {
      if (event.causationId === undefined || !this.unlearnt.delete(event.causationId)) return false;
      fill.seq = event.seq;
      return true;
    }
    if (event.type === "fill.role_learnt") {
      if (event.causationId === undefined || !this.unlearntRoles.delete(event.causationId)) return false;
      fill.seq = event.seq;
      const { title, soc, refused } = event.data;
      if (title !== undefined && refused === undefined)
        this.learntTitles.set(`${title}\t${soc}`, this.timesLearnt(title, soc) + 1);
      return true;
    }
    const { version } = event.data;
    if (version !== fill.version && version !== fill.version + 1) return false;
    fill.seq = event.seq;
    fill.version = version;
    fill.updatedAt = event.at;
    this.#change(fill, event);
    return true;
  }

  #received({ fillId, seq, at, actor, data }: Extract<FillEvent, { type: "order.received" }>): void {
    this.fills.set(fillId, {
      fillId,
      version: data.version,
      seq,
      orderText: data.order_text,
      textAt: data.text_at ?? at,
      order: data.order ?? {},
      corpus: data.corpus,
      reading: undefined,
      missing: [],
      assumed: [],
      corrected: false,
      seats: new Map(),
      proposal: undefined,
      messages: [],
      closed: undefined,
      actor,
      createdAt: at,
      updatedAt: at,
    });
  }

  #change(
    fill: FillState,
    event: Exclude<FillEvent, { type: "order.received" | "fill.learnt" | "fill.role_learnt" }>,
  ): void {
    switch (event.type) {
      case "order.parsed":
        Object.assign(fill, {
          order: event.data.order,
          reading: event.data.reading,
          missing: event.data.missing,
          assumed: event.data.assumed,
        });
        break;
      case "order.corrected":
        Object.assign(fill, {
          order: event.data.order,
          missing: event.data.missing,
          assumed: event.data.assumed,
          corrected: true,
        });
        this.#correctedRole(fill, event);
        this.#rebook(fill);
        break;
      case "fill.proposed":
        this.#proposed(fill, event);
        break;
      case "contact.drafted":
        this.#drafted(fill, event);
        break;
      case "worker.blocked": {
        const { worker_id, scope, client_id, site_id, reason } = event.data;
        const of = { block_id: event.id, fill_id: fill.fillId };
        const block = { ...of, worker_id, scope, client_id, site_id, reason, start_at: event.at };
        this.blocks.set(worker_id, [...(this.blocks.get(worker_id) ?? []), block]);
        // What became of the shift stays: whoever worked it leaves no place open.
        if (!HAPPENED.has(fill.seats.get(worker_id)?.status))
          this.#setSeat(fill, worker_id, { status: "blocked", since: event.at, reason });
        break;
      }
      case "worker.unblocked": {
        const { worker_id, block_id } = event.data;
        const left = (this.blocks.get(worker_id) ?? []).filter((block) => block.block_id !== block_id);
        if (left.length === 0) this.blocks.delete(worker_id);
        else this.blocks.set(worker_id, left);
        if (fill.seats.get(worker_id)?.status === "blocked")
          this.#setSeat(fill, worker_id, { status: "replaced", since: event.at });
        break;
      }
      case "shift.confirmed":
      case "shift.declined":
      case "shift.completed":
      case "shift.cancelled":
      case "no_show":
      case "late_cancel":
        this.#outcome(fill, event);
        break;
      case "outcome.rated":
        this.#setSeat(fill, event.data.worker_id, { rating: event.data.rating });
        break;
      case "fill.closed":
        fill.closed = { result: event.data.result, ...reasonOf(event.data) };
        for (const seat of fill.seats.values()) {
          if (isLive(seat)) this.#setSeat(fill, seat.worker_id, { status: "cancelled", since: event.at });
        }
        break;
      case "shortlist.proposed":
      case "fill.validated":
      case "fill.backfilled":
        break;
    }
  }

  #correctedRole(
    { fillId, orderText, textAt }: FillState,
    { id, data: { before, order } }: Extract<FillEvent, { type: "order.corrected" }>,
  ): void {
    const { role, soc } = order;
    if (orderText === undefined || role === before.role || soc === undefined || soc === null) return;
    this.unlearntRoles.set(id, { eventId: id, fillId, orderText, textAt, soc });
  }

  get hasUnlearnt(): boolean {
    return this.unlearnt.size + this.unlearntRoles.size > 0;
  }

  timesLearnt(title: string, soc: string): number {
    return this.learntTitles.get(`${title}\t${soc}`) ?? 0;
  }

  #proposed(fill: FillState, { at, data }: Extract<FillEvent, { type: "fill.proposed" }>): void {
    fill.proposal = data.proposal;
    if (!data.proposal.ok) return;
    const named = new Set(data.places.map(({ worker_id }) => worker_id));
    for (const seat of fill.seats.values()) {
      const undecided = seat.status === "proposed" || seat.status === "contacted";
      if (undecided && !named.has(seat.worker_id)) {
        this.#setSeat(fill, seat.worker_id, { status: "replaced", since: at });
      }
    }
    for (const { worker_id, corpus, name, backup } of data.places) {
      const before = fill.seats.get(worker_id);
      if (before !== undefined && (before.status === "confirmed" || before.status === "completed")) continue;
      fill.seats.set(worker_id, {
        worker_id,
        corpus,
        ...(name === undefined ? {} : { name }),
        ...(backup === true ? { backup } : {}),
        status: "proposed",
        since: at,
        held_until: data.held_until,
        messages: before?.messages ?? 0,
      });
    }
    this.#rebook(fill);
  }

  #drafted(fill: FillState, { at, data }: Extract<FillEvent, { type: "contact.drafted" }>): void {
    const { version: _, ...message } = data;
    fill.messages.push({ ...message, drafted_at: at });
    const seat = fill.seats.get(data.worker_id);
    if (seat === undefined) return;
    const contacted = data.ok && seat.status === "proposed";
    this.#setSeat(fill, data.worker_id, {
      messages: seat.messages + 1,
      ...(contacted ? { status: "contacted", since: at } : {}),
    });
  }

  #outcome(
    fill: FillState,
    event: Extract<FillEvent, { data: { status: SeatStatus; worker_id: string; score?: unknown } }>,
  ): void {
    const { worker_id, status, rating, score, query_text, reason } = event.data;
    this.#setSeat(fill, worker_id, {
      status,
      since: event.at,
      ...(rating === undefined ? {} : { rating }),
      ...reasonOf(event.data),
    });
    if (score !== undefined) {
      this.unlearnt.set(event.id, {
        eventId: event.id,
        fillId: fill.fillId,
        workerId: worker_id,
        corpus: fill.seats.get(worker_id)?.corpus ?? fill.corpus,
        result: status,
        score,
        queryText: query_text,
        role: fill.order.role,
        client: fill.order.client_id,
        orderId: fill.order.order_id ?? fill.fillId,
        actor: event.actor,
        reason,
      });
    }
    const start = fill.order.start_at;
    const short = start !== undefined && Date.parse(start) - Date.parse(event.at) < SHORT_NOTICE_MS;
    if (status === "confirmed" && short) {
      this.quickYeses.set(worker_id, (this.quickYeses.get(worker_id) ?? 0) + 1);
    }
  }

  /** The first block that keeps the person from the order. */
  blockOn(workerId: string, { client_id, site_id }: FillOrder): FillBlock | undefined {
    return this.blocks
      .get(workerId)
      ?.find(
        (block) =>
          block.scope === "system" ||
          (client_id !== undefined &&
            block.client_id === client_id &&
            (block.scope === "client" || (site_id !== undefined && block.site_id === site_id))),
      );
  }

  #setSeat(fill: FillState, workerId: string, change: Partial<Seat>): void {
    const seat = fill.seats.get(workerId);
    if (seat === undefined) return;
    const { held_until, ...changed } = { ...seat, ...change };
    const holds = changed.status === "proposed" || changed.status === "contacted";
    fill.seats.set(workerId, holds && held_until !== undefined ? { ...changed, held_until } : changed);
    this.#rebook(fill);
  }

  #rebook(fill: FillState): void {
    const { start_at, end_at } = fill.order;
    const seats = [...fill.seats.values()].filter(({ status }) => BOOKED.has(status));
    this.bookings.replace(
      fill.fillId,
      start_at === undefined || end_at === undefined
        ? []
        : seats.map((seat) => ({
            workerId: seat.worker_id,
            fillId: fill.fillId,
            startMs: Date.parse(start_at),
            endMs: Date.parse(end_at),
            status: seat.status,
            untilMs: seat.held_until === undefined ? Infinity : Date.parse(seat.held_until),
          })),
    );
  }
}

/** A confirmation later than this before the shift is one at short notice. */
const SHORT_NOTICE_MS = 24 * 3600 * 1000;

function reasonOf({ reason }: { reason?: string | undefined }): { reason?: string } {
  return reason === undefined ? {} : { reason };
}

/** The person may still work the shift. */
export function isLive({ status }: Seat): boolean {
  return status === "proposed" || status === "contacted" || status === "confirmed";
}

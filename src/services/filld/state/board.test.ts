// The board is the fold of its events: whatever the order of work, it can be folded again to any moment, nobody is booked
// twice by what it allows, and its indexes say what its fills say.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Board, type FillState, isLive } from "./board.ts";
import { EVENTS, type FillEvent, type FillEventType } from "./events.ts";
import { shortOf, statusOf, viewOf } from "./view.ts";

const FILLS = ["a", "b", "c"];
const WORKERS = ["w1", "w2", "w3", "w4"];
const START = Date.parse("2026-12-04T06:00:00Z");
const HOUR = 3_600_000;

const iso = (ms: number): string => new Date(ms).toISOString();

/** What a person does next; only some of it is possible at that moment. */
const step = fc.record({
  fill: fc.constantFrom(...FILLS),
  worker: fc.constantFrom(...WORKERS),
  others: fc.subarray(WORKERS),
  what: fc.constantFrom(
    "propose",
    "draft",
    "confirm",
    "decline",
    "no_show",
    "complete",
    "block",
    "close",
    "move",
  ),
  hours: fc.integer({ min: 0, max: 12 }),
});

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function eventOf(type: FillEventType, fillId: string, seq: number, data: unknown): FillEvent {
  return {
    type,
    fillId,
    seq,
    id: `fill-${seq}`,
    at: iso(START - 48 * HOUR + seq * 1000),
    actor: "dana",
    causationId: undefined,
    data: EVENTS[type].parse(data),
  } as FillEvent;
}

const windowOf = (hours: number): { start_at: string; end_at: string } => ({
  start_at: iso(START + hours * HOUR),
  end_at: iso(START + (hours + 4) * HOUR),
});

/** The events that the steps lead to, checked against the board as the service checks them. */
function eventsOf(steps: readonly Step[]): FillEvent[] {
  const board = new Board();
  const events: FillEvent[] = [];
  const record = (event: FillEvent): void => {
    events.push(event);
    board.apply(event);
  };
  for (const [index, fillId] of FILLS.entries()) {
    const order = { headcount: 2, role: "Cook", ...windowOf(index) };
    record(eventOf("order.received", fillId, events.length + 1, { version: 1, corpus: "workers", order }));
  }
  for (const { fill: fillId, worker, others, what, hours } of steps) {
    const fill = board.fills.get(fillId);
    if (fill === undefined || fill.closed !== undefined) continue;
    const seq = events.length + 1;
    const now = START - 48 * HOUR + seq * 1000;
    const version = fill.version + 1;
    const free = (id: string): boolean =>
      board.bookings.conflict(id, fillId, {
        startMs: Date.parse(fill.order.start_at ?? ""),
        endMs: Date.parse(fill.order.end_at ?? ""),
        nowMs: now,
      }) === undefined;
    const seat = fill.seats.get(worker);
    const live = seat !== undefined && isLive(seat);
    if (what === "propose") {
      const places = others.filter(free).map((worker_id) => ({ worker_id, corpus: "workers" }));
      const proposal = { at: iso(now), by: "hand", ok: true, findings: [] };
      record(
        eventOf("fill.proposed", fillId, seq, { version, proposal, places, held_until: iso(now + 1800_000) }),
      );
    } else if (what === "confirm" && seat?.status === "proposed" && free(worker)) {
      record(eventOf("shift.confirmed", fillId, seq, { version, worker_id: worker, status: "confirmed" }));
    } else if (what === "decline" && live) {
      record(eventOf("shift.declined", fillId, seq, { version, worker_id: worker, status: "declined" }));
    } else if (what === "no_show" && seat?.status === "confirmed") {
      record(eventOf("no_show", fillId, seq, { version, worker_id: worker, status: "no_show", score: 0 }));
    } else if (what === "complete" && seat?.status === "confirmed") {
      record(
        eventOf("shift.completed", fillId, seq, {
          version,
          worker_id: worker,
          status: "completed",
          score: 1,
        }),
      );
    } else if (what === "block" && seat !== undefined) {
      record(
        eventOf("worker.blocked", fillId, seq, { version, worker_id: worker, scope: "system", reason: "x" }),
      );
    } else if (what === "close") {
      record(eventOf("fill.closed", fillId, seq, { version, result: "lost" }));
    } else if (what === "move" && [...fill.seats.values()].every((one) => !isLive(one))) {
      const order = { ...fill.order, ...windowOf(hours) };
      record(
        eventOf("order.corrected", fillId, seq, {
          version,
          order,
          before: fill.order,
          missing: [],
          assumed: [],
        }),
      );
    }
  }
  return events;
}

function folded(events: readonly FillEvent[]): Board {
  const board = new Board();
  for (const event of events) board.apply(event);
  return board;
}

const viewsOf = (board: Board): unknown => [...board.fills.values()].map(viewOf);

test("any prefix of the events folds to the board of that moment", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, cut) => {
      const events = eventsOf(steps);
      const length = cut % (events.length + 1);
      const live = folded(events.slice(0, length));
      const then = JSON.stringify(viewsOf(live));
      for (const event of events.slice(length)) live.apply(event);
      expect(JSON.stringify(viewsOf(folded(events.slice(0, length))))).toBe(then);
      expect(viewsOf(live)).toEqual(viewsOf(folded(events)));
    }),
    { numRuns: 300 },
  );
});

test("nobody has two confirmed places that overlap, and the index of bookings is what the fills say", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const board = folded(eventsOf(steps));
      for (const worker of WORKERS) {
        const taken = [...board.fills.values()]
          .filter(({ seats }) => ["confirmed", "completed"].includes(seats.get(worker)?.status ?? ""))
          .map(({ order }) => [Date.parse(order.start_at ?? ""), Date.parse(order.end_at ?? "")] as const)
          .sort(([a], [b]) => a - b);
        for (const [index, [start]] of taken.entries()) {
          expect(start).toBeGreaterThanOrEqual(taken[index - 1]?.[1] ?? -Infinity);
        }
        const booked = board.bookings.of(worker, "", Number.MAX_SAFE_INTEGER).map(({ fillId }) => fillId);
        const confirmed = [...board.fills.values()]
          .filter(({ seats }) => ["confirmed", "completed"].includes(seats.get(worker)?.status ?? ""))
          .map(({ fillId }) => fillId);
        expect(booked.sort()).toEqual(confirmed.sort());
      }
    }),
    { numRuns: 300 },
  );
});

test("an outcome is to be learnt from until it was", () => {
  const board = new Board();
  const order = { headcount: 1, ...windowOf(0) };
  const proposal = { at: iso(START), by: "auto", ok: true, findings: [] };
  const places = [{ worker_id: "w1", corpus: "workers" }];
  board.apply(eventOf("order.received", "a", 1, { version: 1, corpus: "workers", order }));
  board.apply(eventOf("fill.proposed", "a", 2, { version: 2, proposal, places, held_until: iso(START) }));
  board.apply(eventOf("shift.confirmed", "a", 3, { version: 3, worker_id: "w1", status: "confirmed" }));
  const outcome = eventOf("shift.completed", "a", 4, {
    version: 4,
    worker_id: "w1",
    status: "completed",
    score: 1,
  });
  board.apply(outcome);
  expect([...board.unlearnt.keys()]).toEqual([outcome.id]);
  const fill = board.fills.get("a") as FillState;
  expect([statusOf(fill), shortOf(fill)]).toEqual(["completed", 0]);
  const learnt = {
    ...eventOf("fill.learnt", "a", 5, { worker_id: "w1" }),
    causationId: outcome.id,
  } as FillEvent;
  board.apply(learnt);
  expect(board.unlearnt.size).toBe(0);
  expect(fill.version).toBe(4);
});

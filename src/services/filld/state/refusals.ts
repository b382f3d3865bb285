// Why a write to a fill is refused, decided on the board just before it would be recorded.

import { Fault } from "#rpc/fault";
import type { Board, FillState } from "./board.ts";
import { shortOf, statusOf } from "./view.ts";

/** The fill has another version than the caller has seen. */
export class Unseen extends Error {
  readonly fill: FillState;

  constructor(fill: FillState) {
    super(`The fill is at version ${fill.version}.`);
    this.fill = fill;
  }
}

/** Of a state in a fault; a fill of hundreds of people is told without them. */
const STATE_TEXT_MAX = 20_000;

/** Both states are told: what the fill is, and what it was at the version that the caller has seen. */
export function unseenFault(current: FillState, version: number, seen: FillState | undefined): Fault {
  return new Fault(
    "conflict",
    `The fill is at version ${current.version} and was changed since version ${version}. Read it again.`,
    {
      details: [
        { path: "current", message: stateText(current) },
        ...(seen === undefined ? [] : [{ path: "seen", message: stateText(seen) }]),
      ],
    },
  );
}

function stateText(fill: FillState): string {
  const brief = { version: fill.version, status: statusOf(fill), short: shortOf(fill) };
  const seats = [...fill.seats.values()].map(({ worker_id, status }) => ({ worker_id, status }));
  const whole = JSON.stringify({ ...brief, order: fill.order, seats });
  return whole.length <= STATE_TEXT_MAX ? whole : JSON.stringify(brief);
}

export function known(board: Board, fillId: string): FillState {
  const fill = board.fills.get(fillId);
  if (fill === undefined) throw new Fault("not_found", `There is no fill ${fillId}.`);
  return fill;
}

export function refuseTaken(board: Board, fillId: string): void {
  if (!board.fills.has(fillId)) return;
  throw new Fault("conflict", `There is a fill ${fillId} already.`);
}

export function refuseClosed({ closed }: FillState): void {
  if (closed !== undefined) throw new Fault("rejected", `The fill is ${closed.result}.`);
}

export function refuseIncomplete({ missing }: FillState): void {
  if (missing.length === 0) return;
  throw new Fault(
    "rejected",
    `The order does not say ${missing.join(", ")}. Correct it with PATCH, then propose.`,
    { details: missing.map((field) => ({ path: `order.${field}`, message: "is missing" })) },
  );
}

/** Nobody is booked twice: the last look before it is recorded. */
export function refuseBooked(
  board: Board,
  fill: Pick<FillState, "fillId" | "order">,
  places: readonly { worker_id: string }[],
  nowMs: number,
): void {
  const { start_at, end_at } = fill.order;
  if (start_at === undefined || end_at === undefined) return;
  const window = { startMs: Date.parse(start_at), endMs: Date.parse(end_at), nowMs };
  for (const { worker_id } of places) {
    const booking = board.bookings.conflict(worker_id, fill.fillId, window);
    if (booking === undefined) continue;
    const until = Number.isFinite(booking.untilMs)
      ? `held until ${new Date(booking.untilMs).toISOString()}`
      : booking.status;
    throw new Fault("conflict", `${worker_id} is ${until} for ${booking.fillId} at that time.`, {
      reason: "booked",
      details: [{ path: "worker_ids", message: `${worker_id} is booked by ${booking.fillId}` }],
    });
  }
}

/** Somebody may have been blocked since the proposal was checked. */
export function refuseBlocked(
  board: Board,
  { order }: Pick<FillState, "order">,
  places: readonly { worker_id: string }[],
): void {
  for (const { worker_id } of places) {
    const block = board.blockOn(worker_id, order);
    if (block === undefined) continue;
    const where =
      block.scope === "system" ? "everywhere" : `from this ${block.scope === "site" ? "site" : "client"}`;
    throw new Fault("rejected", `${worker_id} is blocked ${where}: ${block.reason}`, {
      details: [{ path: "worker_id", message: "is blocked" }],
    });
  }
}

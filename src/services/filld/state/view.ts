// A fill as callers see it: its state, and the status and the open places that follow from it.

import type { Fill, FillStatus } from "#contracts/fill";
import { type FillState, isLive } from "./board.ts";

/** Places of an order that names no number. */
const HEADCOUNT_STANDARD = 1;

export function headcountOf({ order }: Pick<FillState, "order">): number {
  return order.headcount ?? HEADCOUNT_STANDARD;
}

function counted(fill: FillState, ...statuses: readonly string[]): number {
  return [...fill.seats.values()].filter(({ status }) => statuses.includes(status)).length;
}

/** Places that nobody has confirmed. */
export function shortOf(fill: FillState): number {
  return Math.max(0, headcountOf(fill) - counted(fill, "confirmed", "completed"));
}

export function statusOf(fill: FillState): FillStatus {
  if (fill.closed !== undefined) return fill.closed.result;
  const headcount = headcountOf(fill);
  const completed = counted(fill, "completed");
  const confirmed = counted(fill, "confirmed");
  if (completed >= headcount && confirmed === 0) return "completed";
  if (confirmed + completed >= headcount) return "filled";
  if (confirmed + completed > 0) return "partially_filled";
  if (counted(fill, "contacted") > 0) return "contacted";
  if (fill.proposal === undefined) return "open";
  if ([...fill.seats.values()].some(isLive)) return "validated";
  return fill.proposal.ok ? "open" : "proposed";
}

export function viewOf(fill: FillState): Fill {
  const { fillId, version, orderText, order, corpus, reading, missing, assumed, proposal, closed, actor } =
    fill;
  return {
    fill_id: fillId,
    version,
    status: statusOf(fill),
    ...(orderText === undefined ? {} : { order_text: orderText }),
    order,
    corpus,
    ...(reading === undefined ? {} : { reading }),
    missing: [...missing],
    assumed: [...assumed],
    short: shortOf(fill),
    seats: [...fill.seats.values()],
    ...(proposal === undefined ? {} : { proposal }),
    ...(closed === undefined ? {} : { closed }),
    ...(actor === undefined ? {} : { actor }),
    created_at: fill.createdAt,
    updated_at: fill.updatedAt,
  };
}

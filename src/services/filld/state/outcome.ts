// What may become of a person's place, and the events that say so.

import type { OutcomeResult, Seat } from "#contracts/fill";
import { Fault } from "#rpc/fault";
import { scoreOf } from "../learn/scores.ts";
import { wordsOf } from "../order/complete.ts";
import type { Board, FillState } from "./board.ts";
import type { FillEventType } from "./events.ts";
import type { Draft } from "./ledger.ts";
import { refuseBlocked, refuseBooked, refuseClosed } from "./refusals.ts";
import { shortOf } from "./view.ts";

export interface Outcome {
  readonly worker_id: string;
  readonly result: OutcomeResult;
  readonly rating?: number | undefined;
  readonly reason?: string | undefined;
  readonly scope?: "client" | "site" | "system" | undefined;
}

const EVENT_OF = {
  confirmed: "shift.confirmed",
  declined: "shift.declined",
  completed: "shift.completed",
  cancelled: "shift.cancelled",
  no_show: "no_show",
  late_cancel: "late_cancel",
} as const satisfies Record<Exclude<OutcomeResult, "blocked">, FillEventType>;

/** What may follow on what: a result for a place in another state is refused with that state. */
const AFTER: Readonly<Record<Exclude<OutcomeResult, "blocked">, readonly Seat["status"][]>> = {
  confirmed: ["proposed", "contacted", "declined", "replaced"],
  declined: ["proposed", "contacted", "confirmed"],
  no_show: ["confirmed"],
  late_cancel: ["confirmed"],
  completed: ["confirmed"],
  cancelled: ["proposed", "contacted", "confirmed"],
};

/** Throws `rejected` where the outcome cannot be, and `conflict` where the person is booked elsewhere. */
export function outcomeDrafts(
  fill: FillState,
  board: Board,
  { worker_id, result, rating, reason, scope = "client" }: Outcome,
  version: number,
  now: number,
): Draft[] {
  const seat = fill.seats.get(worker_id);
  if (seat === undefined) {
    throw new Fault("rejected", `${worker_id} was not proposed for this fill. Propose first.`);
  }
  if (result === "blocked") return [blockOf(fill, worker_id, scope, reason, version)];
  if (!AFTER[result].includes(seat.status)) {
    throw new Fault(
      "rejected",
      `${worker_id} is ${seat.status} on this fill, which ${result} cannot follow.${stepBefore(result, seat.status)}`,
    );
  }
  if (result === "confirmed") {
    refuseClosed(fill);
    if (shortOf(fill) === 0) throw new Fault("rejected", "Every place of this order is confirmed already.");
    refuseBlocked(board, fill, [{ worker_id }]);
    refuseBooked(board, fill, [{ worker_id }], now);
  }
  const score = scoreOf(result, rating);
  const drafts: Draft[] = [
    {
      type: EVENT_OF[result],
      data: {
        version,
        worker_id,
        status: result,
        ...(reason === undefined ? {} : { reason }),
        ...(rating === undefined ? {} : { rating }),
        ...(score === undefined
          ? {}
          : { score, query_text: wordsOf(fill.order, fill.orderText, fill.corrected) }),
      },
    },
  ];
  if (rating !== undefined) drafts.push({ type: "outcome.rated", data: { version, worker_id, rating } });
  return drafts;
}

/** What to do about it, where one step leads from the place as it is to the result. */
function stepBefore(result: keyof typeof AFTER, status: Seat["status"]): string {
  if (status === result) return " It is recorded already.";
  const needsConfirmed = AFTER[result].includes("confirmed") && AFTER.confirmed.includes(status);
  return needsConfirmed ? " Record confirmed first." : "";
}

function blockOf(
  { order: { client_id, site_id } }: FillState,
  worker_id: string,
  scope: "client" | "site" | "system",
  reason: string | undefined,
  version: number,
): Draft<"worker.blocked"> {
  if (scope !== "system" && client_id === undefined) {
    throw new Fault(
      "rejected",
      "The order names no client to block the person from. Correct it, or use scope system.",
    );
  }
  if (scope === "site" && site_id === undefined) {
    throw new Fault(
      "rejected",
      "The order names no site to block the person from. Correct it, or use scope client.",
    );
  }
  return {
    type: "worker.blocked",
    data: {
      version,
      worker_id,
      scope,
      reason: reason ?? "No reason given",
      ...(client_id === undefined || scope === "system" ? {} : { client_id }),
      ...(site_id === undefined || scope !== "site" ? {} : { site_id }),
    },
  };
}

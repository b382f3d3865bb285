// An order and what happens to it, in a coordinator's words.

import type { Fill, FillOrder, FillStatus, OutcomeResult, SeatStatus } from "#contracts/fill";
import { counted, money, shiftTime } from "../parts/words.ts";

export const STATUS_WORDS: Readonly<Record<FillStatus, string>> = {
  open: "Open",
  proposed: "Proposal refused",
  validated: "People held",
  contacted: "Contacting",
  partially_filled: "Partly filled",
  filled: "Filled",
  completed: "Completed",
  cancelled: "Cancelled",
  lost: "Lost",
};

export const SEAT_WORDS: Readonly<Record<SeatStatus, string>> = {
  proposed: "Held",
  contacted: "Message drafted",
  confirmed: "Confirmed",
  completed: "Worked the shift",
  declined: "Declined",
  no_show: "Did not show up",
  late_cancel: "Cancelled late",
  blocked: "Blocked",
  cancelled: "Cancelled",
  replaced: "Released",
};

export const RESULT_WORDS: Readonly<Record<OutcomeResult, string>> = {
  confirmed: "Confirmed",
  declined: "Declined",
  no_show: "No-show",
  late_cancel: "Late cancel",
  completed: "Completed",
  blocked: "Block",
  cancelled: "Cancel",
};

/** What may be recorded next for a person's place, the likeliest first. */
export const NEXT_RESULTS: Readonly<Record<SeatStatus, readonly OutcomeResult[]>> = {
  proposed: ["confirmed", "declined", "cancelled", "blocked"],
  contacted: ["confirmed", "declined", "cancelled", "blocked"],
  confirmed: ["completed", "no_show", "late_cancel", "declined", "cancelled", "blocked"],
  completed: ["blocked"],
  declined: ["confirmed", "blocked"],
  no_show: ["blocked"],
  late_cancel: ["blocked"],
  blocked: [],
  cancelled: ["blocked"],
  replaced: ["confirmed", "blocked"],
};

export const FIELD_WORDS: Readonly<Record<string, string>> = {
  role: "role",
  headcount: "people",
  city: "city",
  state: "state",
  start_at: "start",
  end_at: "end",
  pay_rate: "pay",
  bill_rate: "bill rate",
  required_certs: "certificates",
  client_id: "client",
  site_id: "site",
  max_miles: "radius",
  notes: "notes",
  timezone: "time zone",
  postal_code: "ZIP code",
};

export function fieldWord(field: string): string {
  return FIELD_WORDS[field] ?? field.replaceAll("_", " ");
}

/** What one would ask the client for: a place, not a city and a state. */
const ASKED_FOR: Readonly<Record<string, string>> = {
  city: "the place",
  state: "the place",
  start_at: "the time",
  end_at: "the time",
  role: "the role",
  headcount: "how many people",
};

/** What must be said of an order before anybody can be proposed for it. */
export function missingWords(missing: readonly string[]): string {
  const asked = [...new Set(missing.map((field) => ASKED_FOR[field] ?? fieldWord(field)))];
  const last = asked.at(-1) ?? "";
  const all = asked.length > 1 ? `${asked.slice(0, -1).join(", ")} and ${last}` : last;
  return `Say ${all} before anybody can be proposed.`;
}

export function placeOf({ city, state }: Pick<FillOrder, "city" | "state">): string {
  return [city, state].filter((part) => part !== undefined).join(", ");
}

export function orderTitle({ order, order_text }: Pick<Fill, "order" | "order_text">): string {
  if (order.role === undefined) return order_text ?? "An order without a role";
  const people = order.headcount === undefined ? order.role : `${order.headcount} × ${order.role}`;
  const place = placeOf(order);
  return place === "" ? people : `${people}, ${place}`;
}

export function whenOf({ start_at, end_at, timezone }: FillOrder): string {
  return start_at === undefined ? "No time yet" : shiftTime(start_at, end_at, timezone);
}

interface EventLike {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One event of a fill as a sentence. */
export function eventWords({ type, data }: EventLike, nameOf: (workerId: string) => string): string {
  const worker = typeof data["worker_id"] === "string" ? nameOf(data["worker_id"]) : "Somebody";
  switch (type) {
    case "order.received":
      return "The order came in";
    case "order.parsed":
      return "The order was read";
    case "order.corrected":
      return `The order was corrected${changedFields(data)}`;
    case "shortlist.proposed":
      return "People were ranked";
    case "fill.proposed":
      return `${counted(lengthOf(data["places"]), "person", "people")} proposed`;
    case "fill.validated":
      return "The proposal passed the rules; its people are held";
    case "contact.drafted":
      return `A message for ${worker} was drafted`;
    case "shift.confirmed":
      return `${worker} confirmed`;
    case "shift.declined":
      return `${worker} declined`;
    case "shift.completed":
      return `${worker} worked the shift`;
    case "shift.cancelled":
      return `${worker}'s place was cancelled`;
    case "no_show":
      return `${worker} did not show up`;
    case "late_cancel":
      return `${worker} cancelled late`;
    case "outcome.rated":
      return `${worker} was rated ${String(data["rating"])} of 5`;
    case "worker.blocked":
      return `${worker} was blocked`;
    case "worker.unblocked":
      return `${worker} may be proposed again`;
    case "fill.backfilled":
      return `${counted(Number(data["places"] ?? 0), "place")} opened again`;
    case "fill.closed":
      return data["result"] === "lost" ? "The order was marked as lost" : "The client cancelled the order";
    case "fill.role_learnt":
      return "The reading of orders learnt from the correction";
    case "fill.learnt":
      return "The ranking learnt from it";
    default:
      return type.replaceAll(/[._]/g, " ");
  }
}

function changedFields(data: Readonly<Record<string, unknown>>): string {
  const [before, after] = [data["before"], data["order"]] as (Record<string, unknown> | undefined)[];
  if (before === undefined || after === undefined) return "";
  const changed = Object.keys({ ...before, ...after }).filter(
    (field) => field in FIELD_WORDS && JSON.stringify(before[field]) !== JSON.stringify(after[field]),
  );
  return changed.length === 0 ? "" : `: ${changed.map((field) => describe(field, after[field])).join(", ")}`;
}

function describe(field: string, value: unknown): string {
  if (value === undefined) return `${fieldWord(field)} taken away`;
  const text = field === "pay_rate" && typeof value === "number" ? money(value) : String(value);
  return field.endsWith("_at") ? fieldWord(field) : `${fieldWord(field)} ${text}`;
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

export const FILL_STATUSES_SHOWN = Object.keys(STATUS_WORDS) as readonly FillStatus[];
export const SEAT_STATUSES_SHOWN = Object.keys(SEAT_WORDS) as readonly SeatStatus[];

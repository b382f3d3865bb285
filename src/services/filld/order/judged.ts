// The order as the fill rules take it. They need a whole one; what this one does not say is stood in for, and the rules that
// would judge the stand-in are left out and named.

import type { FillOrder } from "#contracts/fill";
import type { Order } from "#contracts/validate";

interface Gap {
  readonly field: keyof FillOrder;
  readonly rules: readonly string[];
  readonly sentence: string;
}

const GAPS: readonly Gap[] = [
  {
    field: "pay_rate",
    rules: [
      "fill.pay_below_min",
      "fill.pay_floor",
      "fill.pay_above_bill",
      "fill.pay_overtime",
      "fill.pay_band",
    ],
    sentence: "Pay rules: the order names no pay.",
  },
  {
    field: "start_at",
    rules: [
      "fill.double_booked",
      "fill.rest_gap",
      "fill.weekly_hours",
      "fill.cert_expired",
      "fill.background",
      "fill.drug",
      "fill.i9",
      "fill.pay_below_min",
    ],
    sentence: "Bookings, hours and dates of certificates: the order names no time.",
  },
  { field: "city", rules: ["fill.location"], sentence: "Distance: the order names no place." },
  { field: "role", rules: ["fill.role_mismatch"], sentence: "Role: the order names none that is known." },
];

export interface Judged {
  readonly order: Order;
  /** Codes whose findings say nothing about this order. */
  readonly moot: ReadonlySet<string>;
  /** The rules that could not be looked at, in words. */
  readonly unchecked: string[];
}

/** A week ahead no booking ends and no certificate is near its end by chance: those rules are moot then anyway. */
const STAND_IN_MS = 7 * 24 * 3_600_000;
const STAND_IN_SHIFT_MS = 8 * 3_600_000;

export function judged(fillId: string, order: FillOrder, now: number): Judged {
  const open = GAPS.filter(({ field }) => order[field] === undefined);
  const start = order.start_at ?? new Date(now + STAND_IN_MS).toISOString();
  const end = order.end_at ?? new Date(Date.parse(start) + STAND_IN_SHIFT_MS).toISOString();
  const { soc, languages: _, ...said } = order;
  return {
    order: {
      ...said,
      order_id: order.order_id ?? fillId,
      client_id: order.client_id ?? "unknown",
      role: order.role ?? "Worker",
      ...(soc === undefined ? {} : { soc_code: soc }),
      city: order.city ?? "",
      state: order.state ?? "",
      start_at: start,
      end_at: end,
      timezone: order.timezone ?? "UTC",
      headcount: order.headcount ?? 1,
      pay_rate: order.pay_rate ?? 0,
    },
    moot: new Set(open.flatMap(({ rules }) => rules)),
    unchecked: open.map(({ sentence }) => sentence),
  };
}

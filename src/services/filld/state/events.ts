// The events of a fill as they stand in the journal: one schema a type. The subject of each is the fill's id, and `version`
// counts the writes to the fill, so that several events of one write share it. What is not here is not state.

import { z } from "zod";
import { CHANNELS, fill, fillOrder, PURPOSES, SEAT_STATUSES } from "#contracts/fill";
import { finding } from "#contracts/validate";

const version = z.int().min(1);
const findings = z.array(finding);
const { assumed, missing, reading, proposal } = fill.shape;

const place = z.object({
  worker_id: z.string(),
  corpus: z.string(),
  name: z.string().optional(),
  backup: z.boolean().optional(),
});
export type Place = z.infer<typeof place>;

/** What became of one person's place; nobody says yet that a shift has begun. */
const seatResult = z.object({
  version,
  worker_id: z.string(),
  status: z.enum(SEAT_STATUSES),
  rating: z.int().optional(),
  reason: z.string().optional(),
  /** The score with which it is learnt, 0 to 1; nothing is learnt without one. */
  score: z.number().optional(),
  query_text: z.string().optional(),
});

export const EVENTS = {
  "order.received": z.object({
    version,
    order_text: z.string().optional(),
    text_at: z.string().optional(),
    order: fillOrder.optional(),
    corpus: z.string(),
  }),
  "order.parsed": z.object({ version, order: fillOrder, reading, missing, assumed }),
  "order.corrected": z.object({
    version,
    order: fillOrder,
    before: fillOrder,
    missing,
    assumed,
    reason: z.string().optional(),
  }),
  "shortlist.proposed": z.object({
    version,
    shortlist: z.array(
      z.object({ worker_id: z.string(), score: z.number(), playbook_id: z.string().optional() }),
    ),
    excluded: z.array(z.object({ worker_id: z.string(), code: z.string() })),
  }),
  "fill.proposed": z.object({
    version,
    proposal: proposal.unwrap(),
    places: z.array(place),
    held_until: z.string(),
  }),
  "fill.validated": z.object({ version, workers: z.int(), warnings: z.int() }),
  "contact.drafted": z.object({
    version,
    message_id: z.string(),
    worker_id: z.string(),
    channel: z.enum(CHANNELS),
    purpose: z.enum(PURPOSES),
    language: z.string(),
    to: z.string().optional(),
    subject: z.string().optional(),
    body: z.string(),
    by: z.enum(["template", "model", "hand"]),
    ok: z.boolean(),
    findings,
    refused: proposal.unwrap().shape.refused,
  }),
  "shift.confirmed": seatResult,
  "shift.declined": seatResult,
  "shift.completed": seatResult,
  "shift.cancelled": seatResult,
  no_show: seatResult,
  late_cancel: seatResult,
  "worker.blocked": z.object({
    version,
    worker_id: z.string(),
    scope: z.enum(["client", "site", "system"]),
    client_id: z.string().optional(),
    site_id: z.string().optional(),
    reason: z.string(),
  }),
  /** `block_id` is the id of the event that blocked the person. */
  "worker.unblocked": z.object({
    version,
    worker_id: z.string(),
    block_id: z.string(),
    reason: z.string(),
  }),
  "outcome.rated": z.object({ version, worker_id: z.string(), rating: z.int() }),
  "fill.backfilled": z.object({ version, places: z.int() }),
  "fill.closed": z.object({ version, result: z.enum(["cancelled", "lost"]), reason: z.string().optional() }),
  /** What an outcome taught: written once the playbook and the trace are recorded. `causation_id` is the outcome. */
  "fill.learnt": z.object({
    worker_id: z.string(),
    playbook_id: z.string().optional(),
    trace_id: z.string().optional(),
    refused: z.string().optional(),
  }),
  /**
   * What the correction of a role taught: the title that the order's text has for it. Nothing where the text has none that
   * is short enough to be one. `causation_id` is the correction.
   */
  "fill.role_learnt": z.object({
    soc: z.string(),
    title: z.string().optional(),
    refused: z.string().optional(),
  }),
} as const;

export type FillEventType = keyof typeof EVENTS;
export const FILL_EVENT_TYPES = Object.keys(EVENTS) as readonly FillEventType[];

export type EventData<T extends FillEventType> = z.output<(typeof EVENTS)[T]>;

/** An event of a fill, read from the journal or about to be written. */
export type FillEvent = {
  [T in FillEventType]: {
    readonly type: T;
    readonly fillId: string;
    readonly id: string;
    readonly seq: number;
    readonly at: string;
    readonly actor: string | undefined;
    readonly causationId: string | undefined;
    readonly data: EventData<T>;
  };
}[FillEventType];

// A fill as rows of the datasets. Types are fixed, so that a column whose first values are all missing is what it will be.

import { headcountOf, shortOf, statusOf } from "../state/view.ts";
import type { FillState } from "../state/board.ts";

type Row = Readonly<Record<string, unknown>>;

export interface Table {
  readonly key: string;
  readonly types: Readonly<Record<string, string>>;
  readonly rowsOf: (fill: FillState) => Row[];
}

const TEXT = "VARCHAR";
const TIME = "TIMESTAMP WITH TIME ZONE";

/** In the order of writing: when a row of `fills` is up to date, those of its people and messages are. */
export const TABLES = {
  contacts: {
    key: "message_id",
    types: {
      message_id: TEXT,
      fill_id: TEXT,
      worker_id: TEXT,
      channel: TEXT,
      purpose: TEXT,
      language: TEXT,
      to: TEXT,
      subject: TEXT,
      body: TEXT,
      drafted_by: TEXT,
      ok: "BOOLEAN",
      errors: TEXT,
      drafted_at: TIME,
    },
    rowsOf: ({ fillId, messages }) =>
      messages.map((message) => ({
        message_id: message.message_id,
        fill_id: fillId,
        worker_id: message.worker_id,
        channel: message.channel,
        purpose: message.purpose,
        language: message.language,
        to: message.to,
        subject: message.subject,
        body: message.body,
        drafted_by: message.by,
        ok: message.ok,
        errors: message.findings
          .filter(({ severity }) => severity === "error")
          .map(({ code }) => code)
          .join(" "),
        drafted_at: message.drafted_at,
      })),
  },
  assignments: {
    key: "assignment_id",
    types: {
      assignment_id: TEXT,
      fill_id: TEXT,
      seq: "BIGINT",
      order_id: TEXT,
      client_id: TEXT,
      site_id: TEXT,
      worker_id: TEXT,
      name: TEXT,
      status: TEXT,
      backup: "BOOLEAN",
      role: TEXT,
      city: TEXT,
      state: TEXT,
      start_at: TIME,
      end_at: TIME,
      held_until: TIME,
      rating: "BIGINT",
      reason: TEXT,
      since: TIME,
    },
    rowsOf: ({ fillId, seq, order, seats }) =>
      [...seats.values()].map((seat) => ({
        assignment_id: `${fillId}/${seat.worker_id}`,
        fill_id: fillId,
        seq,
        order_id: order.order_id ?? fillId,
        client_id: order.client_id,
        site_id: order.site_id,
        worker_id: seat.worker_id,
        name: seat.name,
        status: seat.status,
        backup: seat.backup ?? false,
        role: order.role,
        city: order.city,
        state: order.state,
        start_at: order.start_at,
        end_at: order.end_at,
        held_until: seat.held_until,
        rating: seat.rating,
        reason: seat.reason,
        since: seat.since,
      })),
  },
  fills: {
    key: "fill_id",
    types: {
      fill_id: TEXT,
      version: "BIGINT",
      seq: "BIGINT",
      status: TEXT,
      order_id: TEXT,
      client_id: TEXT,
      site_id: TEXT,
      role: TEXT,
      soc: TEXT,
      city: TEXT,
      state: TEXT,
      start_at: TIME,
      end_at: TIME,
      timezone: TEXT,
      headcount: "BIGINT",
      confirmed: "BIGINT",
      completed: "BIGINT",
      no_shows: "BIGINT",
      late_cancels: "BIGINT",
      declined: "BIGINT",
      short: "BIGINT",
      pay_rate: "DOUBLE",
      corpus: TEXT,
      order_text: TEXT,
      opened_by: TEXT,
      created_at: TIME,
      updated_at: TIME,
    },
    rowsOf: (fill) => {
      const { order } = fill;
      const count = (status: string): number =>
        [...fill.seats.values()].filter((seat) => seat.status === status).length;
      return [
        {
          fill_id: fill.fillId,
          version: fill.version,
          seq: fill.seq,
          status: statusOf(fill),
          order_id: order.order_id ?? fill.fillId,
          client_id: order.client_id,
          site_id: order.site_id,
          role: order.role,
          soc: order.soc,
          city: order.city,
          state: order.state,
          start_at: order.start_at,
          end_at: order.end_at,
          timezone: order.timezone,
          headcount: headcountOf(fill),
          confirmed: count("confirmed"),
          completed: count("completed"),
          no_shows: count("no_show"),
          late_cancels: count("late_cancel"),
          declined: count("declined"),
          short: shortOf(fill),
          pay_rate: order.pay_rate,
          corpus: fill.corpus,
          order_text: fill.orderText,
          opened_by: fill.actor,
          created_at: fill.createdAt,
          updated_at: fill.updatedAt,
        },
      ];
    },
  },
} as const satisfies Record<string, Table>;

export type TableName = keyof typeof TABLES;

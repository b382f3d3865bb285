// The lanes of the board, and the board as a table for spreadsheets.

import type { Fill, FillStatus } from "#contracts/fill";
import { csvText } from "../parts/csv.ts";

export interface Column {
  readonly name: string;
  readonly title: string;
  readonly statuses: readonly FillStatus[];
  readonly empty: string;
}

const ENDED: Column = {
  name: "ended",
  title: "Done",
  statuses: ["completed", "cancelled", "lost"],
  empty: "Nothing has ended yet.",
};

export const COLUMNS: readonly Column[] = [
  { name: "open", title: "To do", statuses: ["open", "proposed"], empty: "Nothing waits for people." },
  {
    name: "contacting",
    title: "Contacting",
    statuses: ["validated", "contacted"],
    empty: "Nobody is being asked.",
  },
  {
    name: "partial",
    title: "Partly filled",
    statuses: ["partially_filled"],
    empty: "Nothing is half filled.",
  },
  { name: "filled", title: "Filled", statuses: ["filled"], empty: "Nothing is filled yet." },
  ENDED,
];

export function columnOf({ status }: Pick<Fill, "status">): Column {
  return COLUMNS.find(({ statuses }) => statuses.includes(status)) ?? ENDED;
}

/** Still needs people. */
export function isShort(fill: Pick<Fill, "status" | "short">): boolean {
  return fill.short > 0 && columnOf(fill) !== ENDED;
}

const FIELDS: Readonly<Record<string, (fill: Fill) => string | number | undefined>> = {
  fill_id: ({ fill_id }) => fill_id,
  status: ({ status }) => status,
  client: ({ order }) => order.client_id,
  role: ({ order }) => order.role,
  city: ({ order }) => order.city,
  state: ({ order }) => order.state,
  start_at: ({ order }) => order.start_at,
  end_at: ({ order }) => order.end_at,
  headcount: ({ order }) => order.headcount,
  short: ({ short }) => short,
  pay_rate: ({ order }) => order.pay_rate,
};

export function csvOf(fills: readonly Fill[]): string {
  return csvText(
    Object.keys(FIELDS),
    fills.map((fill) => Object.values(FIELDS).map((read) => read(fill))),
  );
}

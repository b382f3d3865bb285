// The lanes of the board, and the board as a table for spreadsheets.

import type { Fill, FillStatus } from "#contracts/fill";

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

/** RFC 4180. A cell that a spreadsheet would take for a formula is quoted with an apostrophe. */
export function csvOf(fills: readonly Fill[]): string {
  const rows = fills.map((fill) =>
    Object.values(FIELDS)
      .map((read) => cell(read(fill)))
      .join(","),
  );
  return [Object.keys(FIELDS).join(","), ...rows, ""].join("\r\n");
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

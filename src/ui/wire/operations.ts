// The operations that the console uses. Their types are the contracts'; of their values only method and path stand here, so
// that no schema is sent to a browser. A test compares every row with its contract.

import type { fills } from "#contracts/fill";
import type { matrix } from "#contracts/matrix";

export interface Operation {
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  /** The same on the command line; names in braces are fields of the request. */
  readonly cli?: string;
}

export const FILLS = {
  open: { method: "POST", path: "/v1/fills", cli: "fill open {order_text} --set {order}" },
  list: { method: "GET", path: "/v1/fills", cli: "fill board" },
  state: { method: "GET", path: "/v1/fills/{fill_id}", cli: "fill show {fill_id}" },
  shortlist: { method: "GET", path: "/v1/fills/{fill_id}/shortlist", cli: "fill shortlist {fill_id}" },
  correct: { method: "PATCH", path: "/v1/fills/{fill_id}", cli: "fill correct {fill_id} --set {order}" },
  propose: {
    method: "POST",
    path: "/v1/fills/{fill_id}/propose",
    cli: "fill propose {fill_id} {worker_ids} {--auto}",
  },
  draft: {
    method: "POST",
    path: "/v1/fills/{fill_id}/messages",
    cli: "fill draft {fill_id} {worker_ids} --channel {channel} --purpose {purpose}",
  },
  messages: { method: "GET", path: "/v1/fills/{fill_id}/messages", cli: "fill messages {fill_id} --json" },
  outcome: {
    method: "POST",
    path: "/v1/fills/{fill_id}/outcomes",
    cli: "fill outcome {fill_id} {worker_id} {result}",
  },
  backfill: { method: "POST", path: "/v1/fills/{fill_id}/backfill", cli: "fill backfill {fill_id}" },
  close: { method: "POST", path: "/v1/fills/{fill_id}/close", cli: "fill close {fill_id} {result}" },
  history: { method: "GET", path: "/v1/fills/{fill_id}/events", cli: "fill history {fill_id}" },
} as const satisfies Partial<Record<keyof typeof fills, Operation>>;

export const MATRIX = {
  corpora: { method: "GET", path: "/v1/matrix/corpora", cli: "corpus ls" },
} as const satisfies Partial<Record<keyof typeof matrix, Operation>>;

/** Followed as server-sent events. */
export const STREAMS = {
  boardEvents: { method: "GET", path: "/v1/fills", cli: "fill watch" },
  fillEvents: { method: "GET", path: "/v1/fills/{fill_id}/events", cli: "fill history {fill_id}" },
} as const satisfies Partial<Record<keyof typeof fills, Operation>>;

// The operations that the console uses. Their types are the contracts'; of their values only method and path stand here, so
// that no schema is sent to a browser. A test compares every row with its contract.

import type { catalog } from "#contracts/catalog";
import type { fills } from "#contracts/fill";
import type { ingest } from "#contracts/ingest";
import type { matrix } from "#contracts/matrix";
import type { query } from "#contracts/query";
import type { vector } from "#contracts/vector";

export interface Operation {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
  /** The body is a file, and the fields are in the query. */
  readonly body?: "file";
  /** The same on the command line; names in braces are fields of the request, those with dots repeat the flag before them. */
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
  corpus: { method: "GET", path: "/v1/matrix/corpora/{corpus}", cli: "corpus show {corpus}" },
  putCorpus: { method: "PUT", path: "/v1/matrix/corpora/{corpus}" },
  dropCorpus: { method: "DELETE", path: "/v1/matrix/corpora/{corpus}", cli: "corpus rm {corpus}" },
  search: {
    method: "POST",
    path: "/v1/matrix/search",
    cli: "search {query_text} -c {corpora...} -k {k} --mode {mode}",
  },
  tuneCorpus: { method: "POST", path: "/v1/matrix/corpora/{corpus}/tune" },
  corpusWeights: { method: "GET", path: "/v1/matrix/corpora/{corpus}/weights" },
  setWeights: { method: "PUT", path: "/v1/matrix/corpora/{corpus}/weights" },
  playbooks: { method: "GET", path: "/v1/matrix/playbooks", cli: "playbook list" },
  playbook: {
    method: "GET",
    path: "/v1/matrix/playbooks/{playbook_id}",
    cli: "playbook show {playbook_id}",
  },
  playbookLedger: { method: "GET", path: "/v1/matrix/playbooks/ledger", cli: "playbook ledger" },
  disablePlaybook: {
    method: "POST",
    path: "/v1/matrix/playbooks/{playbook_id}/disable",
    cli: "playbook disable {playbook_id} --reason {reason}",
  },
  enablePlaybook: {
    method: "POST",
    path: "/v1/matrix/playbooks/{playbook_id}/enable",
    cli: "playbook enable {playbook_id}",
  },
} as const satisfies Partial<Record<keyof typeof matrix, Operation>>;

export const CATALOG = {
  datasets: { method: "GET", path: "/v1/catalog/datasets", cli: "datasets" },
  dataset: { method: "GET", path: "/v1/catalog/datasets/{dataset}", cli: "datasets {dataset}" },
  snapshots: { method: "GET", path: "/v1/catalog/datasets/{dataset}/snapshots" },
  rollback: {
    method: "POST",
    path: "/v1/catalog/datasets/{dataset}/rollback",
    cli: "datasets rollback {dataset} {snapshot_id}",
  },
  tag: { method: "POST", path: "/v1/catalog/datasets/{dataset}/tags" },
  schema: { method: "PATCH", path: "/v1/catalog/datasets/{dataset}/schema" },
} as const satisfies Partial<Record<keyof typeof catalog, Operation>>;

export const INGEST = {
  ingest: {
    method: "POST",
    path: "/v1/ingest",
    body: "file",
    cli: "ingest {source} --dataset {dataset} --mode {mode} --types {types...} {--dry_run}",
  },
  replay: { method: "POST", path: "/v1/ingest/replay" },
} as const satisfies Partial<Record<keyof typeof ingest, Operation>>;

export const QUERY = {
  sql: { method: "POST", path: "/v1/sql", cli: "sql {sql} -p {params...} --at {at...} --limit {limit}" },
} as const satisfies Partial<Record<keyof typeof query, Operation>>;

export const VECTORS = {
  indexes: { method: "GET", path: "/v1/vectors" },
  recall: { method: "POST", path: "/v1/vectors/{index}/recall" },
  search: { method: "POST", path: "/v1/vectors/{index}/search" },
} as const satisfies Partial<Record<keyof typeof vector, Operation>>;

/** Followed as server-sent events. */
export const STREAMS = {
  boardEvents: { method: "GET", path: "/v1/fills", cli: "fill watch" },
  fillEvents: { method: "GET", path: "/v1/fills/{fill_id}/events", cli: "fill history {fill_id}" },
} as const satisfies Partial<Record<keyof typeof fills, Operation>>;

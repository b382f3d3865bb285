// The operations that the console uses. Their types are the contracts'; of their values only method and path stand here, so
// that no schema is sent to a browser. A test compares every row with its contract.

import type { catalog } from "#contracts/catalog";
import type { chat } from "#contracts/chat";
import type { distill } from "#contracts/distill";
import type { fills } from "#contracts/fill";
import type { gateway } from "#contracts/gateway";
import type { ingest } from "#contracts/ingest";
import type { journal } from "#contracts/journal";
import type { matrix } from "#contracts/matrix";
import type { observe } from "#contracts/observe";
import type { pathway } from "#contracts/pathway";
import type { query } from "#contracts/query";
import type { truth } from "#contracts/truth";
import type { validate } from "#contracts/validate";
import type { vector } from "#contracts/vector";

export interface Operation {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
  /** The body is a file, and the fields are in the query. */
  readonly body?: "file";
  /** The same on the command line; names in braces are fields of the request, those with dots repeat the flag before them, those with a comma are one list. */
  readonly cli?: string | ((input: Readonly<Record<string, unknown>>) => string);
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

export const JOURNAL = {
  events: {
    method: "GET",
    path: "/v1/journal/events",
    cli: "journal export --type {type} --subject {subject} --after {after} --until {until}",
  },
  status: { method: "GET", path: "/v1/journal", cli: "journal status" },
  verify: { method: "GET", path: "/v1/journal/verify", cli: "journal verify" },
  seal: { method: "POST", path: "/v1/journal/seal", cli: "journal seal" },
} as const satisfies Partial<Record<keyof typeof journal, Operation>>;

export const JOURNAL_RAW = {
  export: {
    method: "GET",
    path: "/v1/journal/export",
    cli: "journal export --type {type} --subject {subject}",
  },
} as const satisfies Partial<Record<keyof typeof journal, Operation>>;

export const JOURNAL_STREAMS = {
  tail: {
    method: "GET",
    path: "/v1/journal/tail",
    cli: "journal tail --type {type} --subject {subject}",
  },
} as const satisfies Partial<Record<keyof typeof journal, Operation>>;

export const OBSERVER = {
  events: {
    method: "GET",
    path: "/v1/observer/events",
    cli: "observe events --source {source} --level {level}",
  },
  stats: { method: "GET", path: "/v1/observer/stats", cli: "observe stats" },
  rules: { method: "GET", path: "/v1/observer/rules", cli: "observe alerts" },
  putRule: { method: "PUT", path: "/v1/observer/rules/{rule}" },
  dropRule: { method: "DELETE", path: "/v1/observer/rules/{rule}" },
} as const satisfies Partial<Record<keyof typeof observe, Operation>>;

export const OBSERVER_STREAMS = {
  tail: { method: "GET", path: "/v1/observer/tail", cli: "observe tail --source {source} --level {level}" },
} as const satisfies Partial<Record<keyof typeof observe, Operation>>;

export const GATEWAY = {
  keys: { method: "GET", path: "/v1/keys", cli: "keys" },
} as const satisfies Partial<Record<keyof typeof gateway, Operation>>;

export const CHAT = {
  providers: { method: "GET", path: "/v1/chat/providers" },
  usage: { method: "GET", path: "/v1/chat/usage" },
  budgets: { method: "GET", path: "/v1/chat/budgets", cli: "budget list" },
  setBudget: {
    method: "PUT",
    path: "/v1/chat/budgets/{key}",
    cli: "budget set {key} --tokens {tokens_per_day} --usd {usd_per_day}",
  },
} as const satisfies Partial<Record<keyof typeof chat, Operation>>;

export const CHAT_STREAMS = {
  chatEvents: { method: "POST", path: "/v1/chat", cli: "chat -m {model}" },
} as const satisfies Partial<Record<keyof typeof chat, Operation>>;

export const PATHWAY = {
  traces: { method: "GET", path: "/v1/pathway/traces", cli: "trace ls --kind {kind} --subject {subject}" },
  trace: { method: "GET", path: "/v1/pathway/traces/{trace_id}", cli: "trace show {trace_id}" },
  history: {
    method: "GET",
    path: "/v1/pathway/traces/{trace_id}/history",
    cli: "trace history {trace_id}",
  },
  search: { method: "POST", path: "/v1/pathway/search", cli: "trace search {query}" },
  feedback: {
    method: "POST",
    path: "/v1/pathway/traces/{trace_id}/feedback",
    cli: "trace feedback {trace_id} --result {result} --score {score}",
  },
  retire: {
    method: "POST",
    path: "/v1/pathway/traces/{trace_id}/retire",
    cli: "trace retire {trace_id} --reason {reason}",
  },
} as const satisfies Partial<Record<keyof typeof pathway, Operation>>;

export const TRUTH = {
  conflicts: { method: "GET", path: "/v1/truth/conflicts", cli: "truth conflicts" },
  entity: { method: "GET", path: "/v1/truth/entities/{entity+}", cli: "truth show {entity}" },
  entities: { method: "GET", path: "/v1/truth/entities" },
  decide: {
    method: "POST",
    path: "/v1/truth/decisions",
    cli: ({ value }) =>
      `truth decide {entity} {attribute} ${value === null ? "--none" : typeof value === "number" ? "{value} --number" : "{value}"} --actor {actor} --reason {reason}`,
  },
  decisions: { method: "GET", path: "/v1/truth/decisions" },
  rules: { method: "GET", path: "/v1/truth/rules", cli: "truth rules" },
  putRule: {
    method: "POST",
    path: "/v1/truth/rules",
    cli: "truth rules {attribute} --sources {sources,} {--majority} --half-life {half_life_days} --tolerance {tolerance} --normaliser {normaliser}",
  },
} as const satisfies Partial<Record<keyof typeof truth, Operation>>;

export const VALIDATE = {
  rosters: { method: "GET", path: "/v1/validate/rosters" },
} as const satisfies Partial<Record<keyof typeof validate, Operation>>;

export const DISTILL = {
  start: { method: "POST", path: "/v1/distill/runs" },
  runs: { method: "GET", path: "/v1/distill/runs", cli: "distill runs" },
  run: { method: "GET", path: "/v1/distill/runs/{run_id}", cli: "distill watch {run_id}" },
  cancel: { method: "POST", path: "/v1/distill/runs/{run_id}/cancel" },
  audit: { method: "GET", path: "/v1/distill/audit", cli: "distill audit --observe" },
  quarantine: { method: "GET", path: "/v1/distill/quarantine" },
  exports: { method: "GET", path: "/v1/distill/exports" },
  export: { method: "GET", path: "/v1/distill/exports/{name}" },
  evidence: { method: "GET", path: "/v1/distill/evidence/{evidence_id}" },
  trace: {
    method: "GET",
    path: "/v1/distill/trace",
    cli: ({ file, row }) => `distill trace ${String(file)}:${String(row)}`,
  },
} as const satisfies Partial<Record<keyof typeof distill, Operation>>;

export const DISTILL_RAW = {
  report: { method: "GET", path: "/v1/distill/runs/{run_id}/reports/{report}" },
  exportFile: { method: "GET", path: "/v1/distill/exports/{name}/files/{file+}" },
} as const satisfies Partial<Record<keyof typeof distill, Operation>>;

export const DISTILL_STREAMS = {
  runEvents: { method: "GET", path: "/v1/distill/runs/{run_id}", cli: "distill watch {run_id}" },
} as const satisfies Partial<Record<keyof typeof distill, Operation>>;

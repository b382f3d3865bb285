// The material of a load in a house: a dataset of made-up workers and the corpus over it, made where they are not there, and
// removed afterwards with all that scenarios left. Everything has names of its own; a dataset of such a name whose rows are
// not a load's is refused and never written to or removed.

import type { Corpus } from "#contracts/matrix";
import type { SqlResult } from "#contracts/query";
import { Fault, faultFromBody } from "#rpc/fault";
import type { LoadCaller, WireCall, WireReply } from "../caller.ts";
import type { LoadClock } from "../clock/load-clock.ts";
import { rowsPrefix } from "../scenarios/ingest.ts";
import { csvOf, type LoadRoster, OWN_ROWS_SQL } from "./roster.ts";

export interface MaterialCalls {
  readonly call: LoadCaller;
  readonly clock: LoadClock;
  readonly signal: AbortSignal;
  /** What is being done, with its share where that is known. */
  readonly progress: (text: string, part?: number) => void;
}

/** A load of a hundred thousand workers takes seconds; a million on a slow disk takes this. */
const LOAD_MS_MAX = 600_000;
/** A graph of a million workers is built in less. */
const BUILD_MS_MAX = 3_600_000;
const BUILD_POLL_MS = 250;
const REFUSED_SQL: ReadonlySet<number> = new Set([400, 422]);
/** Of a listing. */
const PAGE = 1000;

/** The name of the dataset and the corpus of a roster. */
export function materialName({ workers, seed }: LoadRoster): string {
  return `lakehouse_load_${workers}_${seed}`;
}

/** Loads the roster and builds its corpus, where they are not there yet. True when it made any of it. */
export async function makeMaterial(roster: LoadRoster, calls: MaterialCalls): Promise<boolean> {
  const name = materialName(roster);
  const rows = await ownRows(name, calls);
  if (rows !== roster.workers) {
    calls.progress(`loading ${roster.workers} workers`);
    const body = [...csvOf(roster)].join("");
    const path = `/v1/ingest?dataset=${name}&mode=replace`;
    const loaded = await send({ method: "POST", path, body, timeoutMs: LOAD_MS_MAX }, calls);
    const { rows_loaded = 0 } = loaded as { rows_loaded?: number };
    if (rows_loaded !== roster.workers)
      throw new Fault("upstream", `The house loaded ${rows_loaded} of ${roster.workers} made-up workers.`);
  }
  const before = await replyTo({ method: "GET", path: `/v1/matrix/corpora/${name}` }, calls);
  const corpus = before.status === 200 ? (before.body as Corpus) : null;
  if (corpus?.status === "ready" && corpus.rows === roster.workers && rows === roster.workers) {
    await loadRoster(name, calls);
    return false;
  }
  await build(name, calls);
  await loadRoster(name, calls);
  return true;
}

/** The rows of the dataset that a load made; null where there is no such dataset. */
async function ownRows(name: string, calls: MaterialCalls): Promise<number | null> {
  const path = `/v1/catalog/datasets/${name}`;
  const there = await replyTo({ method: "GET", path }, calls);
  if (there.status === 404) return null;
  if (there.status !== 200) throw refusal(`GET ${path}`, there);
  const sql = `SELECT count(*) AS n, count(*) FILTER (${OWN_ROWS_SQL}) AS own FROM ${name}`;
  const counted = await replyTo({ method: "POST", path: "/v1/sql", body: { sql } }, calls);
  // A column that is not there is a statement that is refused, and a dataset that is another's.
  if (counted.status !== 200 && !REFUSED_SQL.has(counted.status)) throw refusal("POST /v1/sql", counted);
  const [row] = counted.status === 200 ? (counted.body as SqlResult).rows : [];
  const { n, own } = (row ?? {}) as { n?: number; own?: number };
  if (n === undefined || n !== own)
    throw new Fault(
      "conflict",
      `The dataset ${name} is there and was not made by a load. Choose another --seed, or rename that dataset.`,
    );
  return n;
}

async function build(name: string, calls: MaterialCalls): Promise<void> {
  await send(
    {
      method: "PUT",
      path: `/v1/matrix/corpora/${name}`,
      body: {
        dataset: name,
        id: "worker_id",
        text: "{role} in {city}, {state}; {certifications}",
        refresh: "manual",
        fields: {
          name: "text",
          role: "keyword",
          city: "keyword",
          state: "keyword",
          status: "keyword",
          location: "geo",
        },
      },
    },
    calls,
  );
  const giveUpAt = calls.clock.now() + BUILD_MS_MAX;
  for (;;) {
    const corpus = (await send({ method: "GET", path: `/v1/matrix/corpora/${name}` }, calls)) as Corpus;
    if (corpus.status === "failed")
      throw new Fault("upstream", `The corpus was not built: ${corpus.build?.error ?? "no reason was told"}`);
    if (corpus.status === "ready" && corpus.build === undefined) return;
    if (calls.clock.now() > giveUpAt) throw new Fault("timeout", "The corpus was not built within an hour.");
    const { phase = "read", done = 0, total = 0 } = corpus.build ?? {};
    calls.progress(`building the corpus: ${phase}`, total === 0 ? undefined : done / total);
    await calls.clock.until(calls.clock.now() + BUILD_POLL_MS, calls.signal);
  }
}

/** Validation loads a roster when it first needs it; the first scenarios would wait for that. */
async function loadRoster(name: string, calls: MaterialCalls): Promise<void> {
  const reply = await replyTo(
    { method: "POST", path: `/v1/validate/rosters/${name}/load`, body: {}, timeoutMs: LOAD_MS_MAX },
    calls,
  );
  // A key that only reads cannot load it, and need not.
  if (reply.status !== 200 && reply.fault !== "forbidden") throw refusal("loading the roster", reply);
}

/** Removes the corpus, the workers, the playbooks and the files of scenarios, those of earlier runs over them too. */
export async function removeMaterial(roster: LoadRoster, calls: MaterialCalls): Promise<void> {
  const name = materialName(roster);
  // Nobody else's rows are removed.
  if ((await ownRows(name, calls)) === null) return;
  calls.progress("removing what the load made");
  const playbooks = await listed(`/v1/matrix/playbooks?corpus=${name}&`, "playbooks", "playbook_id", calls);
  for (const id of playbooks) await drop(`/v1/matrix/playbooks/${id}`, calls);
  await drop(`/v1/matrix/corpora/${name}`, calls);
  const datasets = await listed("/v1/catalog/datasets?", "datasets", "name", calls);
  // The workers last: they are what tells that the rest is a load's.
  for (const dataset of datasets.filter((one) => one.startsWith(rowsPrefix(name))))
    await drop(`/v1/catalog/datasets/${dataset}?purge=true`, calls);
  await drop(`/v1/catalog/datasets/${name}?purge=true`, calls);
}

/** One field of everything that a listing has, page by page. */
async function listed(path: string, rows: string, field: string, calls: MaterialCalls): Promise<string[]> {
  const found: string[] = [];
  let cursor = "";
  do {
    const at = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = (await send({ method: "GET", path: `${path}limit=${PAGE}${at}` }, calls)) as {
      readonly [rows: string]: readonly Readonly<Record<string, string>>[];
    } & { readonly next_cursor?: string };
    found.push(...(page[rows] ?? []).flatMap((row) => row[field] ?? []));
    cursor = page.next_cursor ?? "";
  } while (cursor !== "");
  return found;
}

async function drop(path: string, calls: MaterialCalls): Promise<void> {
  const reply = await replyTo({ method: "DELETE", path }, calls);
  if (reply.status !== 204 && reply.status !== 404) throw refusal(`DELETE ${path}`, reply);
}

async function send(call: WireCall, calls: MaterialCalls): Promise<unknown> {
  const reply = await replyTo(call, calls);
  if (reply.status >= 200 && reply.status < 300) return reply.body;
  throw refusal(`${call.method} ${call.path}`, reply);
}

/** One call; again while the house is busy, which before and after a load is no finding. */
async function replyTo(call: WireCall, { call: ask, clock, signal }: MaterialCalls): Promise<WireReply> {
  for (let tries = 1; ; tries += 1) {
    const got = await ask(call, signal);
    if (got.status !== 503 || tries === TRIES_MAX) return got;
    await clock.until(clock.now() + RETRY_MS, signal);
  }
}

/** Half a minute. */
const TRIES_MAX = 30;
const RETRY_MS = 1000;

/** The house's own words where it has any. */
function refusal(what: string, { status, fault, body }: WireReply): Fault {
  if (fault === "cut_short") return new Fault("cancelled", "Interrupted.");
  const told = typeof body === "string" ? body : JSON.stringify(body);
  const got = status === 0 ? `${fault}` : `status ${status}`;
  return (
    faultFromBody(body) ??
    new Fault("upstream", `${what} gave ${got} and no answer of a Lakehouse: ${told.slice(0, TOLD_CHARS)}`)
  );
}

const TOLD_CHARS = 300;

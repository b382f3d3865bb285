// ingestd: messy files in, honest tables out. The body goes to disk, a child process reads it and writes
// Parquet, and one commit makes it a snapshot. Every row that came in is loaded, quarantined or deduplicated,
// and the three numbers add up or nothing is committed.

import type { SnapshotId } from "#contracts/shapes";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { catalog, Dataset } from "#contracts/catalog";
import type { ingest, Ingested } from "#contracts/ingest";
import type { storage } from "#contracts/storage";
import { assert, present } from "#lib/assert";
import { type Clock, systemClock } from "#lib/clock";
import type { Call } from "#rpc/call";
import type { Handlers, ParsedOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { type DateOrders, dateOrdersOf, dayOf, keptDateOrders, knownColumns } from "./date-order.ts";
import { type Content, earlier, SUMMARY } from "./dedupe.ts";
import { fileIn } from "./multipart.ts";
import {
  columnsOf,
  commit,
  datasetOf,
  type Neighbours,
  preparedFor,
  type Publication,
  store,
} from "./publish.ts";
import { RejectsReplay } from "./rejects-replay.ts";
import { REJECT_COLUMNS, type Table } from "./source/shapes.ts";
import { receive, Spool, type Spooled } from "./spool.ts";
import type { loader } from "./worker/contract.ts";
import { LoaderPool } from "./worker/pool.ts";
import { Progress } from "./worker/progress.ts";

export interface IngestdDeps {
  readonly catalog: Service<typeof catalog>;
  readonly storage: Service<typeof storage>;
  /** Years of two digits are read as near today. */
  readonly clock?: Clock;
  readonly settings: {
    /** Where files lie while they are loaded; needs room for the file, its text and its Parquet. */
    readonly spoolDir: string;
    /** Bytes that one loader child may hold. */
    readonly memoryBytesMax?: number;
  };
}

export interface Ingestd {
  readonly handlers: Handlers<typeof ingest>;
  close(): Promise<void>;
}

const MEMORY_BYTES_MAX = 1024 * 1024 * 1024;
/** Warnings that one answer carries: after these everybody has stopped recipe. */
const WARNINGS_MAX = 50;

type Input = ParsedOf<typeof ingest.ingest>;
type Note = {
  phase: "receive" | "read" | "write" | "commit";
  rows: number;
  bytes: number;
  bytes_total?: number;
};
type Tell = (note: Note, always?: boolean) => void;

export async function ingestd({
  catalog: tables,
  storage: objects,
  clock = systemClock,
  settings,
}: IngestdDeps): Promise<Ingestd> {
  const spool = await Spool.open(settings.spoolDir);
  const pool = new LoaderPool({ memoryBytesMax: settings.memoryBytesMax ?? MEMORY_BYTES_MAX });
  const deps: Deps = { neighbours: { catalog: tables, storage: objects }, pool, clock };

  const run = (input: Input, call: Call, tell: Tell): Promise<Ingested> => {
    refuseUnserved(input);
    return spool.within(async (folder) => {
      const started = performance.now();
      pool.expect();
      const sent = await fileIn(input.body, input.content_type);
      const file = await receive(sent.body, join(folder, "body"), call.signal, (bytes) =>
        tell({ phase: "receive", rows: 0, bytes }),
      );
      const source = input.source ?? sent.name;
      const named = source === undefined ? input : { ...input, source };
      const answer = await load(deps, named, file, folder, call, tell);
      return { ...answer, took_ms: Math.round(performance.now() - started) };
    });
  };

  const rejectsReplay = new RejectsReplay(deps.neighbours, pool, clock);

  return {
    handlers: {
      replay: (input, call) =>
        spool.within(async (folder) => {
          const started = performance.now();
          const answer = await rejectsReplay.run(input, folder, call);
          return { ...answer, took_ms: Math.round(performance.now() - started) };
        }),
      ingest: (input, call) => run(input, call, () => undefined),
      ingestEvents: async function* (input, call) {
        const progress = new Progress<Note>();
        const work = run(input, call, (note, always) => progress.note(note, always));
        for await (const told of progress.during(work)) {
          yield "note" in told
            ? { event: "progress" as const, ...told.note }
            : { event: "done" as const, ...told.result };
        }
      },
    },
    close: () => pool.close(),
  };
}

interface Deps {
  readonly neighbours: Neighbours;
  readonly pool: LoaderPool;
  readonly clock: Clock;
}

type Answer = Omit<Ingested, "took_ms">;

function refuseUnserved({ mode, format, dataset }: Input): void {
  if (mode === "upsert") throw new Fault("invalid", "mode=upsert is not served yet: use append or replace.");
  if (format === "xlsx")
    throw new Fault("invalid", "Excel workbooks are not read yet: save the sheet as CSV.");
  if (dataset.endsWith("$rejects"))
    throw new Fault("invalid", "A rejects table is filled by ingests alone: name the dataset itself.");
}

async function load(
  deps: Deps,
  input: Input,
  file: Spooled,
  folder: string,
  call: Call,
  tell: Tell,
): Promise<Answer> {
  const { neighbours, pool } = deps;
  if (file.bytes === 0) throw new Fault("invalid", "The file is empty: there is nothing to load.");
  const content: Content = {
    dataset: input.dataset,
    mode: input.mode === "replace" ? "replace" : "append",
    sha256: file.sha256,
    key: input.idempotency_key,
  };
  const before = await earlier(neighbours.catalog, content, call);
  if ("replayed" in before) return replayedAnswer(neighbours, input, file, before.replayed, call);
  const existing = await datasetOf(neighbours.catalog, input.dataset, call);
  const orders = await dateOrdersOf(neighbours.catalog, existing, call);
  const { commitId } = before;
  return pool.with(call.signal, (child) =>
    loadWith(child, { deps, input, content, file, folder, existing, orders, commitId, call, tell }),
  );
}

interface Work {
  readonly deps: Deps;
  readonly input: Input;
  readonly content: Content;
  readonly file: Spooled;
  readonly folder: string;
  readonly existing: Dataset | undefined;
  readonly orders: DateOrders;
  readonly commitId: string;
  readonly call: Call;
  readonly tell: Tell;
}

async function loadWith(child: Service<typeof loader>, work: Work): Promise<Answer> {
  const { deps, input, content, file, existing, orders, commitId, call, tell } = work;
  const { neighbours } = deps;
  const { dataset } = input;
  const { mode } = content;
  const prepare = (name: string, columns: readonly { name: string; type: string }[]) =>
    neighbours.catalog.prepare(
      {
        dataset: name,
        columns: columns.map((column) => ({ name: column.name, type: column.type })),
        mode: name === dataset ? mode : "append",
        contract:
          name === dataset && input.contract !== "evolve" && existing !== undefined ? "freeze" : "evolve",
      },
      call,
    );
  const attempt = async (careful: boolean) => {
    const table = await read(child, work, careful);
    const prepared = await prepare(dataset, table.columns);
    tell({ phase: "write", rows: 0, bytes: file.bytes }, true);
    return { table, prepared, written: await child.write(preparedFor(prepared), call) };
  };
  let { table, prepared, written } = await attempt(false);
  if (!written.written) ({ table, prepared, written } = await attempt(true));
  assert(written.written, "a careful attempt always writes");

  const loaded = written.files.reduce((total, { rows }) => total + rows, 0);
  const { rows_in: rowsIn, rows_rejected: rejected } = written;
  assert(
    rowsIn === loaded + rejected,
    `${rowsIn} rows came in, ${loaded} are loaded and ${rejected} quarantined`,
  );
  // Under a quarantine a file of which nothing fits is kept as well: as rejected rows.
  if (rejected > 0 && loaded === 0 && input.contract !== "quarantine") {
    throw new Fault("rejected", `None of the ${rowsIn} rows can be loaded: ${written.examples.join("; ")}.`);
  }
  const counts = { rows_in: rowsIn, rows_loaded: loaded, rows_quarantined: rejected, rows_deduped: 0 };
  const ingestId = ingestIdOf(dataset, commitId);
  const told: Omit<Answer, "snapshot_id" | "fingerprint" | "dry_run"> = {
    dataset,
    ingest_id: ingestId,
    ...counts,
    bytes_in: file.bytes,
    ...(table.dialect === undefined ? {} : { dialect: table.dialect }),
    columns: columnsOf(table, prepared.columns),
    schema_changes: prepared.schema_changes,
    warnings: warningsOf(table, dataset, counts),
    replayed: false,
  };
  if (input.dry_run)
    return { ...told, snapshot_id: null, fingerprint: fingerprintOf(prepared.columns), dry_run: true };

  tell({ phase: "commit", rows: loaded, bytes: file.bytes }, true);
  const dayFirst = keptDateOrders(orders, table, prepared.columns);
  const summary = {
    ...summaryOf(content, input, file, ingestId, counts),
    ...(dayFirst === undefined ? {} : { [SUMMARY.dayFirst]: dayFirst }),
  };
  const main: Publication = { dataset, mode, prepared, ingestId, files: written.files, commitId, summary };
  const quarantine =
    rejected === 0 ? undefined : await rejectsOf(child, main, table, input.source ?? "", prepare, call);
  const mainFiles = await store(neighbours, main, call);
  const quarantineFiles = quarantine === undefined ? [] : await store(neighbours, quarantine, call);
  if (call.signal.aborted) throw call.signal.reason;
  // From here on nothing is cancelled: the two commits belong together, the rejects first.
  const settled = { requestId: call.requestId, traceparent: call.traceparent, caller: call.caller };
  if (quarantine !== undefined) await commit(neighbours, quarantine, quarantineFiles, settled);
  const committed = await commit(neighbours, main, mainFiles, settled);
  return {
    ...told,
    snapshot_id: committed.snapshot_id,
    fingerprint: committed.dataset.fingerprint,
    dry_run: false,
  };
}

async function read(child: Service<typeof loader>, work: Work, careful: boolean): Promise<Table> {
  const { deps, input, file, folder, existing, orders, call, tell } = work;
  const format = input.format === "xlsx" ? "auto" : input.format;
  const events = child.read(
    {
      path: file.path,
      plain: file.plain,
      folder,
      format,
      types: input.types ?? {},
      known: knownColumns(existing, orders),
      quarantine: input.contract === "quarantine",
      careful,
      today: dayOf(deps.clock),
    },
    call,
  );
  for await (const told of events) {
    if (told.event === "table") return told;
    const { event: _, ...note } = told;
    tell({ phase: "read", ...note });
  }
  throw new Fault("unavailable", "The worker that read the file ended. Send the file again.");
}

type Prepare = (
  name: string,
  columns: readonly { name: string; type: string }[],
) => Promise<Publication["prepared"]>;

/** The rejected rows as a table of their own, committed before the rows that fit. */
async function rejectsOf(
  child: Service<typeof loader>,
  main: Publication,
  { recipe }: Table,
  source: string,
  prepare: Prepare,
  call: Call,
): Promise<Publication> {
  const dataset = `${main.dataset}$rejects`;
  const prepared = await prepare(dataset, REJECT_COLUMNS);
  const { files } = await child.reject({ ...preparedFor(prepared), source, ingest_id: main.ingestId }, call);
  const ids = Object.fromEntries(main.prepared.columns.map(({ id, name }) => [name, id]));
  const summary = {
    ...main.summary,
    ...(recipe === undefined ? {} : { [SUMMARY.recipe]: recipe, [SUMMARY.columns]: JSON.stringify(ids) }),
  };
  return { ...main, dataset, mode: "append", prepared, files, commitId: `${main.commitId}:rejects`, summary };
}

/** The same file into the same dataset has the same id, so that what a crash left half done is not done twice. */
function ingestIdOf(dataset: string, commitId: string): string {
  return createHash("sha256").update(`${dataset}\n${commitId}`).digest("hex").slice(0, 16);
}

type Counts = Pick<Ingested, "rows_in" | "rows_loaded" | "rows_quarantined" | "rows_deduped">;

function summaryOf(
  { sha256, mode, key }: Content,
  input: Input,
  file: Spooled,
  ingestId: string,
  counts: Counts,
): Record<string, string> {
  return {
    [SUMMARY.sha256]: sha256,
    [SUMMARY.mode]: mode,
    ...(key === undefined ? {} : { [SUMMARY.key]: key }),
    [SUMMARY.ingestId]: ingestId,
    [SUMMARY.rowsIn]: String(counts.rows_in),
    [SUMMARY.rowsLoaded]: String(counts.rows_loaded),
    [SUMMARY.rowsQuarantined]: String(counts.rows_quarantined),
    [SUMMARY.rowsDeduped]: String(counts.rows_deduped),
    [SUMMARY.bytesIn]: String(file.bytes),
    ...(input.source === undefined ? {} : { [SUMMARY.source]: input.source }),
  };
}

function warningsOf(table: Table, dataset: string, { rows_in, rows_quarantined }: Counts): string[] {
  const warnings = table.warnings.slice(0, WARNINGS_MAX);
  if (table.warnings.length > WARNINGS_MAX)
    warnings.push(`${table.warnings.length - WARNINGS_MAX} more warnings are left out.`);
  if (rows_quarantined > 0) {
    const counted = `${rows_quarantined.toLocaleString("en")} of ${rows_in.toLocaleString("en")} rows did not fit`;
    warnings.unshift(`${counted} and are in ${dataset}$rejects: SELECT * FROM "${dataset}$rejects"`);
  }
  return warnings;
}

/** As catalogd computes it: SHA-256 over names and types, in order. */
function fingerprintOf(columns: readonly { name: string; type: string }[]): string {
  const hash = createHash("sha256");
  for (const { name, type } of columns) hash.update(`${JSON.stringify(name)}:${type}\n`);
  return hash.digest("hex");
}

async function replayedAnswer(
  { catalog: service }: Neighbours,
  { dataset, dry_run }: Input,
  file: Spooled,
  snapshot: { readonly snapshot_id: SnapshotId; readonly summary: Readonly<Record<string, string>> },
  call: Call,
): Promise<Answer> {
  const { columns, fingerprint } = present(
    await datasetOf(service, dataset, call),
    "the dataset of a snapshot",
  );
  const count = (name: string): number => Number(snapshot.summary[name] ?? 0);
  return {
    dataset,
    snapshot_id: snapshot.snapshot_id,
    ingest_id: snapshot.summary[SUMMARY.ingestId] ?? "",
    rows_in: count(SUMMARY.rowsIn),
    rows_loaded: count(SUMMARY.rowsLoaded),
    rows_quarantined: count(SUMMARY.rowsQuarantined),
    rows_deduped: count(SUMMARY.rowsDeduped),
    bytes_in: file.bytes,
    fingerprint,
    columns: columns.map(({ name, type, nullable }) => ({
      name,
      type,
      nullable,
      confidence: 1,
      samples: [],
    })),
    schema_changes: [],
    warnings: ["This file is in the dataset already: nothing was loaded again."],
    replayed: true,
    dry_run,
  };
}

// One file into one dataset, from its bytes on disk to a snapshot: reserved, compared with what was loaded before,
// read and written by a loader worker, stored, committed. Two loads of the same file, or under the same
// Idempotency-Key, come one after the other, so the second finds what the first did. Between processes the commit
// decides: the catalog refuses a second snapshot with the same id or the same key.

import type { Dataset } from "#contracts/catalog";
import { REJECT_COLUMNS } from "#contracts/rejects";
import type { ingest } from "#contracts/ingest";
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { didYouMean } from "#lib/nearest";
import { Semaphore } from "#lib/semaphore";
import type { Call, CallInit } from "#rpc/call";
import type { ParsedOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { type DateOrders, dateOrdersOf, dayOf, keptDateOrders, knownColumns } from "./date-order.ts";
import { type Content, earlier, type Snapshot, SUMMARY } from "./dedupe.ts";
import {
  columnsOf,
  commit,
  type Committed,
  datasetOf,
  type Neighbours,
  preparedFor,
  type Publication,
  someFilesOf,
  storeAll,
} from "./publish.ts";
import { decimalColumns } from "../drift/decimals.ts";
import { encodingLabel } from "../decode/encoding-label.ts";
import type { LikelyRename, Said, Table, Way } from "../source/shapes.ts";
import type { Spooled } from "../receive/spool.ts";
import type { loader } from "../worker/contract.ts";
import type { LoaderPool } from "../worker/pool.ts";
import { type Answer, fingerprintOf, ingestIdOf, replayedAnswer, summaryOf, warningsOf } from "./answer.ts";
import { decimalsOffer, type Effect, renameOffer, withOffers } from "./offers.ts";
import type { Reservations } from "./reservations.ts";
import { commitUpsert } from "./upsert.ts";

export interface LoadDeps {
  readonly neighbours: Neighbours;
  readonly pool: LoaderPool;
  readonly clock: Clock;
  readonly reservations: Reservations;
  /** Of loads whose rows are written and whose snapshot is not. */
  readonly publishing: Semaphore;
}

/** Loads that store and commit at once: each writes two or three objects side by side, and storaged takes sixteen. */
const PUBLISHING_MAX = 8;
/** Each is a file on this disk, which its sender waits for. */
const PUBLISHING_WAITING_MAX = 1024;
const PUBLISHING_WAIT_MS_MAX = 600_000;
const PUBLISHING_RETRY_MS = 5000;

export function publishingQueue(): Semaphore {
  return new Semaphore(PUBLISHING_MAX, PUBLISHING_WAITING_MAX);
}

export type LoadInput = Omit<ParsedOf<typeof ingest.ingest>, "body">;

export type ProgressNote = {
  phase: "receive" | "read" | "write" | "commit";
  rows: number;
  bytes: number;
  bytes_total?: number;
};
export type OnProgress = (note: ProgressNote, always?: boolean) => void;

export async function load(
  deps: LoadDeps,
  input: LoadInput,
  file: Spooled,
  folder: string,
  call: Call,
  onProgress: OnProgress,
): Promise<Answer> {
  if (file.bytes === 0) throw new Fault("invalid", "The file is empty: there is nothing to load.");
  const { dataset, idempotency_key: idempotencyKey } = input;
  const content: Content = {
    dataset,
    mode: input.mode,
    sha256: file.sha256,
    keyColumns: input.mode === "upsert" ? (input.key ?? []) : [],
    idempotencyKey,
    sheet: input.sheet === undefined ? {} : { requested: input.sheet },
  };
  const load: Load = { deps, input, content, file, folder, call, onProgress };
  // A dry run leaves nothing that another load would have to wait for.
  if (input.dry_run) return loadOnce(load);
  const names = [`content ${dataset} ${file.sha256}`];
  if (idempotencyKey !== undefined) names.push(`key ${dataset} ${idempotencyKey}`);
  return deps.reservations.within(names, call.signal, () => loadOnce(load));
}

interface Load {
  readonly deps: LoadDeps;
  readonly input: LoadInput;
  readonly content: Content;
  readonly file: Spooled;
  readonly folder: string;
  readonly call: Call;
  readonly onProgress: OnProgress;
}

async function loadOnce(load: Load): Promise<Answer> {
  const { deps, input, content, call } = load;
  const { neighbours, pool } = deps;
  const before = await earlier(neighbours.catalog, content, call);
  if ("replayed" in before) return replay(load, before.replayed);
  const existing = await datasetOf(neighbours.catalog, input.dataset, call);
  const dateOrders = await dateOrdersOf(neighbours.catalog, existing, call);
  const finish = await pool.with(call.signal, async (child): Promise<Finish> => {
    const inWorker: InWorker = { ...load, child, existing, dateOrders };
    // An upsert needs the order of the rows, which only a careful reading tells.
    const table = await read(inWorker, content.mode === "upsert" ? "careful" : "quick");
    if (table.sheet === undefined) return write({ ...inWorker, commitId: before.commitId }, table);
    // Which sheet of a workbook it is, is known only now: other sheets of the same file are other loads.
    const known: Content = { ...content, sheet: { name: table.sheet } };
    const again = await earlier(neighbours.catalog, known, call);
    if ("replayed" in again) return () => replay(load, again.replayed);
    return write({ ...inWorker, content: known, commitId: again.commitId }, table);
  });
  return finish();
}

/** What is left to do without a worker, which reads the next file while this one's snapshot waits for the disk. */
type Finish = () => Promise<Answer>;

async function replay({ deps, input, file, call }: Load, snapshot: Snapshot): Promise<Answer> {
  const answer = await replayedAnswer(deps.neighbours, input.dataset, file, snapshot, call);
  return { ...answer, dry_run: input.dry_run };
}

interface InWorker extends Load {
  readonly child: Service<typeof loader>;
  readonly existing: Dataset | undefined;
  readonly dateOrders: DateOrders;
}

interface Work extends InWorker {
  readonly commitId: string;
}

async function write(work: Work, first: Table): Promise<Finish> {
  const { deps, input, content, file, child, existing, dateOrders, commitId, call, onProgress } = work;
  const { neighbours } = deps;
  const { dataset } = input;
  const { mode, keyColumns } = content;
  const prepare = (name: string, columns: readonly { name: string; type: string }[]) =>
    neighbours.catalog.prepare(
      {
        dataset: name,
        columns: columns.map((column) => ({ name: column.name, type: column.type })),
        mode: name === dataset && mode === "replace" ? "replace" : "append",
        contract:
          name === dataset && input.contract !== "evolve" && existing !== undefined ? "freeze" : "evolve",
      },
      call,
    );
  const attempt = async (table: Table) => {
    refuseUnknownKeys(keyColumns, table.columns, "file");
    if (existing !== undefined) refuseUnknownKeys(keyColumns, existing.columns, "dataset");
    const renames = await likelyRenames(work, table);
    const prepared = await prepare(dataset, table.columns).catch((error: unknown) => {
      throw withOffers(error, dataset, renames, decimalColumns(table.columns, existing?.columns ?? []));
    });
    onProgress({ phase: "write", rows: 0, bytes: file.bytes }, true);
    return {
      table,
      renames,
      prepared,
      written: await child.write({ ...preparedFor(prepared), key_columns: [...keyColumns] }, call),
    };
  };
  let { table, renames, prepared, written } = await attempt(first);
  for (const way of ["sifted", "careful"] as const)
    if (!written.written && table.way !== way)
      ({ table, renames, prepared, written } = await attempt(await read(work, way)));
  assert(written.written, "a careful attempt always writes");

  const loaded = written.files.reduce((total, { rows }) => total + rows, 0);
  const { rows_in: rowsIn, rows_rejected: rejected, rows_deduped: deduped } = written;
  assert(
    rowsIn === loaded + rejected + deduped,
    `${rowsIn} rows came in, ${loaded} are loaded, ${rejected} quarantined and ${deduped} deduplicated`,
  );
  const { decimals } = written;
  // Under a quarantine a file of which nothing fits is kept as well: as rejected rows.
  if (rejected > 0 && loaded === 0 && input.contract !== "quarantine") {
    const offers = decimals.map((found) => decimalsOffer(dataset, found, { was: "nothing" }));
    throw new Fault(
      "rejected",
      [`None of the ${rowsIn} rows can be loaded: ${written.examples.join("; ")}.`, ...offers].join(" "),
    );
  }
  const counts = { rows_in: rowsIn, rows_loaded: loaded, rows_quarantined: rejected, rows_deduped: deduped };
  const ingestId = ingestIdOf(dataset, commitId);
  const effect = effectOf(work, ingestId);
  const answer: Uncommitted = {
    dataset,
    ingest_id: ingestId,
    ...counts,
    bytes_in: file.bytes,
    ...(table.dialect === undefined ? {} : { dialect: table.dialect }),
    columns: columnsOf(table, prepared.columns, written.personal),
    schema_changes: prepared.schema_changes,
    warnings: [
      ...renames.map((rename) => renameOffer(dataset, rename, effect)),
      ...decimals.map((found) => decimalsOffer(dataset, found, effect)),
      ...warningsOf(table, dataset, counts),
    ],
    replayed: false,
  };
  if (input.dry_run) {
    const fingerprint = fingerprintOf(prepared.columns);
    return () => Promise.resolve({ ...answer, snapshot_id: null, fingerprint, dry_run: true });
  }

  onProgress({ phase: "commit", rows: loaded, bytes: file.bytes }, true);
  const loadId = crypto.randomUUID();
  const dayFirst = keptDateOrders(dateOrders, table, prepared.columns);
  const summary = {
    ...summaryOf({ content, source: input.source, file, ingestId, loadId, counts }),
    ...(dayFirst === undefined ? {} : { [SUMMARY.dayFirst]: dayFirst }),
  };
  const { idempotencyKey } = content;
  const main: Publication = {
    dataset,
    mode: mode === "replace" ? "replace" : "append",
    prepared: {
      ...prepared,
      columns: prepared.columns.map((column) => {
        const personal = Object.hasOwn(written.personal, column.name)
          ? written.personal[column.name]
          : undefined;
        return personal === undefined ? column : { ...column, personal };
      }),
    },
    ingestId,
    files: written.files,
    commitId,
    summary,
    ...(idempotencyKey === undefined ? {} : { unlessSummary: { [SUMMARY.idempotencyKey]: idempotencyKey } }),
  };
  const quarantine =
    rejected === 0 ? undefined : await rejectsOf(child, main, table, input.source ?? "", prepare, call);
  const publish = (): Promise<Answer> => publishInTurn(work, { answer, main, quarantine, loadId });
  if (mode !== "upsert") return publish;
  // It merges the dataset's own rows, which takes the worker.
  const upserted = await publish();
  return () => Promise.resolve(upserted);
}

type Uncommitted = Omit<Answer, "snapshot_id" | "fingerprint" | "dry_run">;

interface Publishing {
  readonly answer: Uncommitted;
  readonly main: Publication;
  readonly quarantine: Publication | undefined;
  readonly loadId: string;
}

async function publishInTurn(work: Work, publishing: Publishing): Promise<Answer> {
  const release = await work.deps.publishing.take(PUBLISHING_WAIT_MS_MAX, work.call.signal);
  if (release === undefined) {
    throw new Fault("unavailable", "Too many files are being loaded at once. Try again in a moment.", {
      retryAfterMs: PUBLISHING_RETRY_MS,
    });
  }
  try {
    return await publishBoth(work, publishing);
  } finally {
    release();
  }
}

async function publishBoth(work: Work, { answer, main, quarantine, loadId }: Publishing): Promise<Answer> {
  const { deps, content, child, call } = work;
  const { neighbours } = deps;
  const publications = quarantine === undefined ? [main] : [main, quarantine];
  const [mainFiles = [], quarantineFiles = []] = await storeAll(neighbours, publications, call);
  const settled = { requestId: call.requestId, traceparent: call.traceparent, caller: call.caller };
  // An upsert must not find the dataset changed by a load that runs beside it.
  const committed: Committed & { rowsReplaced?: number } = await deps.reservations.within(
    [`commit ${main.dataset}`],
    call.signal,
    async () => {
      if (call.signal.aborted) throw call.signal.reason;
      // From here on nothing is cancelled: the two commits belong together, the rejects first.
      if (quarantine !== undefined) await commit(neighbours, quarantine, quarantineFiles, settled);
      return content.mode === "upsert"
        ? commitUpsert(neighbours, child, work.folder, main, mainFiles, content.keyColumns, settled)
        : commit(neighbours, main, mainFiles, settled);
    },
  );
  const other = committed.replayed ? await committedByOther(work, loadId, settled) : undefined;
  if (other !== undefined) return replay(work, other);
  return {
    ...answer,
    ...(committed.rowsReplaced === undefined ? {} : { rows_replaced: committed.rowsReplaced }),
    snapshot_id: committed.snapshot_id,
    fingerprint: committed.dataset.fingerprint,
    dry_run: false,
  };
}

function effectOf({ input, existing }: InWorker, ingestId: string): Effect {
  const before = existing?.snapshot_id ?? null;
  if (input.dry_run || before === null) return { was: "nothing" };
  return input.contract === "quarantine"
    ? { was: "quarantined", before, ingestId }
    : { was: "loaded", before };
}

/** Unknown columns whose values are those of a column that the file lacks. */
async function likelyRenames(
  { deps, child, input, existing, folder, call }: InWorker,
  table: Table,
): Promise<readonly LikelyRename[]> {
  if (existing === undefined || existing.rows === 0) return [];
  const inFile = new Set(table.columns.map(({ name }) => name.toLowerCase()));
  const inDataset = new Set(existing.columns.map(({ name }) => name.toLowerCase()));
  const lacking = [...inDataset].some((name) => !inFile.has(name));
  // A table leaves out what a quarantine rejects.
  const unknown = input.contract === "quarantine" || [...inFile].some((name) => !inDataset.has(name));
  if (!lacking || !unknown) return [];
  const { files, columns, read_schema } = await someFilesOf(deps.neighbours, input.dataset, folder, call);
  const named = columns.map(({ name, type }) => ({ name, type }));
  return (await child.likelyRenames({ files, columns: named, read_schema }, call)).renames;
}

/** The snapshot that another process made of the same file, or under the same key, while this one worked. */
async function committedByOther({ deps, content }: Work, loadId: string, call: CallInit) {
  const before = await earlier(deps.neighbours.catalog, content, call);
  if (!("replayed" in before) || before.replayed.summary[SUMMARY.loadId] === loadId) return undefined;
  return before.replayed;
}

function refuseUnknownKeys(
  keyColumns: readonly string[],
  columns: readonly { readonly name: string }[],
  where: "file" | "dataset",
): void {
  const names = columns.map(({ name }) => name);
  const known = new Set(names.map((name) => name.toLowerCase()));
  const unknown = keyColumns.find((name) => !known.has(name.toLowerCase()));
  if (unknown === undefined) return;
  throw new Fault(
    "invalid",
    `key: the ${where} has no column "${unknown}".${didYouMean(unknown, names)} It has ${names.slice(0, NAMED_MAX).join(", ")}.`,
  );
}

/** Columns that one message names. */
const NAMED_MAX = 50;

async function read(
  { deps, child, input, file, folder, existing, dateOrders, call, onProgress }: InWorker,
  way: Way,
): Promise<Table> {
  const events = child.read(
    {
      path: file.path,
      plain: file.plain,
      folder,
      format: input.format,
      ...(input.sheet === undefined ? {} : { sheet: input.sheet }),
      types: input.types ?? {},
      said: saidOf(input),
      known: knownColumns(existing, dateOrders),
      quarantine: input.contract === "quarantine",
      way,
      today: dayOf(deps.clock),
    },
    call,
  );
  for await (const event of events) {
    if (event.event === "table") return event;
    const { event: _, ...note } = event;
    onProgress({ phase: "read", ...note });
  }
  throw new Fault("unavailable", "The worker that read the file ended. Send the file again.");
}

/** What the caller says of the file; a caller that says nothing leaves it to the reader. */
function saidOf({ delimiter, quote, encoding, header_row }: LoadInput): Said {
  return {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(quote === undefined ? {} : { quote }),
    ...(encoding === undefined ? {} : { encoding: encodingLabel(encoding) }),
    ...(header_row === undefined ? {} : { header_row }),
  };
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

// Rejected rows once more: those that fit the dataset as it is now move out of its rejects. Two tables change,
// and no commit holds both. So the rows are added first, under an id that follows from the rejected rows, with a
// note of which of them they are; only then their table is written without them. A crash in between
// loses nothing: the next try finds the first commit by its id, adds nothing again and ends the second.

import type { Dataset } from "#contracts/catalog";
import { REJECT_COLUMNS } from "#contracts/rejects";
import type { ingest, Ingested } from "#contracts/ingest";
import { assert, present } from "#lib/assert";
import type { Clock } from "#lib/clock";
import type { Call, CallInit } from "#rpc/call";
import type { OutputOf, ParsedOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { type DateOrders, dateOrdersOf, dayOf, keptDateOrders, knownColumns } from "./date-order.ts";
import { liveOf, type Snapshot, snapshotsOf, SUMMARY } from "./dedupe.ts";
import type { LoadDeps } from "./load.ts";
import {
  columnsOf,
  commit,
  type Committed,
  datasetOf,
  filesOf,
  type Neighbours,
  preparedFor,
  store,
} from "./publish.ts";
import type { Reservations } from "./reservations.ts";
import { commitUpsert } from "./upsert.ts";
import type { Table } from "../source/shapes.ts";
import type { loader } from "../worker/contract.ts";
import type { LoaderPool } from "../worker/pool.ts";

/** Other ingests may reject rows while the table is written; each of them costs one more try. */
const SHRINK_TRIES_MAX = 5;

type Input = ParsedOf<typeof ingest.replay>;
type Answer = Omit<Ingested, "took_ms">;
type RejectsRead = OutputOf<typeof loader.readRejects>;

interface Work {
  readonly child: Service<typeof loader>;
  readonly input: Input;
  readonly folder: string;
  readonly existing: Dataset;
  readonly orders: DateOrders;
  /** Of rows that an upsert rejected: they take the place of rows of their key, as they would have. */
  readonly keyColumns: readonly string[];
  readonly call: Call;
}

export class RejectsReplay {
  readonly #neighbours: Neighbours;
  readonly #pool: LoaderPool;
  readonly #clock: Clock;
  readonly #reservations: Reservations;

  constructor({ neighbours, pool, clock, reservations }: LoadDeps) {
    this.#neighbours = neighbours;
    this.#pool = pool;
    this.#clock = clock;
    this.#reservations = reservations;
  }

  /** One at a time for each dataset: two would find the same rows rejected. */
  run(input: Input, folder: string, call: Call): Promise<Answer> {
    return this.#reservations.within([`replay ${input.dataset}`], call.signal, () =>
      this.#replay(input, folder, call),
    );
  }

  async #replay(input: Input, folder: string, call: Call): Promise<Answer> {
    const { catalog } = this.#neighbours;
    const existing = await datasetOf(catalog, input.dataset, call);
    if (existing === undefined) throw new Fault("not_found", `There is no dataset ${input.dataset}.`);
    const { keyColumns, ...kept } = await keptRecipe(this.#neighbours, input, existing, call);
    const orders = await dateOrdersOf(catalog, existing, call);
    return this.#pool.with(call.signal, async (child) => {
      const work: Work = { child, input, folder, existing, orders, keyColumns, call };
      const { files, read_schema } = await this.#rejects(work);
      const read =
        files.length === 0
          ? undefined
          : await child.readRejects(
              {
                folder,
                files,
                read_schema,
                ingest_id: input.ingest_id,
                ...kept,
                types: input.types ?? {},
                known: knownColumns(existing, orders),
                today: dayOf(this.#clock),
              },
              call,
            );
      const live = liveOf(await snapshotsOf(catalog, input.dataset, call)).filter(
        ({ summary }) => summary[SUMMARY.replayOf] === input.ingest_id,
      );
      if (read?.table == null) return replayed(input, existing, live[0]);
      return this.#settle(work, read, live);
    });
  }

  /** Adds what fits, unless that was done, and takes it out of the rejects. */
  async #settle(work: Work, read: RejectsRead, live: readonly Snapshot[]): Promise<Answer> {
    const { input, existing, call } = work;
    const half = live.find(({ summary }) => summary[SUMMARY.replayDigest] === read.digest);
    const added =
      half === undefined
        ? await this.#add(work, read)
        : {
            answer: replayed(input, existing, half),
            loaded: present(half.summary[SUMMARY.replayRows], "rows"),
          };
    // From here on nothing is cancelled: what was added is still among the rejects.
    const settled = { requestId: call.requestId, traceparent: call.traceparent, caller: call.caller };
    if (added.loaded !== undefined) await this.#shrink(work, added.loaded, added.answer, settled);
    return added.answer;
  }

  /** `loaded` says which rows they were; undefined when none fits. */
  async #add(
    work: Work,
    { table, rows, bytes, digest }: RejectsRead,
  ): Promise<{ answer: Answer; loaded?: string }> {
    const { child, input, folder, existing, orders, keyColumns, call } = work;
    const { catalog } = this.#neighbours;
    const { dataset, ingest_id } = input;
    const found = present(table, "the table of rows that were read");
    refuseLostKeys(dataset, keyColumns, found);
    const prepared = await catalog.prepare(
      {
        dataset,
        columns: found.columns.map(({ name, type }) => ({ name, type })),
        mode: "append",
        contract: "evolve",
      },
      call,
    );
    const written = await child.write({ ...preparedFor(prepared), key_columns: [...keyColumns] }, call);
    const count = written.files.reduce((total, file) => total + file.rows, 0);
    const { rows_rejected: rejected, rows_deduped: deduped } = written;
    assert(
      written.rows_in === rows && rows === count + rejected + deduped,
      `${rows} rows were rejected, ${count} fit now, ${rejected} do not and ${deduped} are deduplicated`,
    );
    const counts = {
      rows_in: rows,
      rows_loaded: count,
      rows_quarantined: rejected,
      rows_deduped: deduped,
      bytes_in: bytes,
    };
    const answer: Answer = {
      dataset,
      snapshot_id: existing.snapshot_id,
      ingest_id,
      ...counts,
      fingerprint: existing.fingerprint,
      columns: columnsOf(found, prepared.columns, written.personal),
      schema_changes: [],
      warnings: [...warningsOf(dataset, counts, written.examples), ...found.warnings],
      replayed: false,
      dry_run: false,
    };
    if (count === 0) return { answer };
    const loaded = present(written.loaded, "which rows fit");
    const dayFirst = keptDateOrders(orders, found, prepared.columns);
    const publication = {
      dataset,
      mode: "append" as const,
      prepared,
      ingestId: digest.slice(0, 16),
      files: written.files,
      commitId: await commitIdOf(this.#neighbours, work, digest),
      summary: {
        [SUMMARY.replayOf]: ingest_id,
        [SUMMARY.replayDigest]: digest,
        [SUMMARY.replayRows]: loaded,
        [SUMMARY.rowsIn]: String(rows),
        [SUMMARY.rowsLoaded]: String(count),
        [SUMMARY.rowsQuarantined]: String(rejected),
        [SUMMARY.rowsDeduped]: String(deduped),
        [SUMMARY.bytesIn]: String(bytes),
        ...(dayFirst === undefined ? {} : { [SUMMARY.dayFirst]: dayFirst }),
        ...(keyColumns.length === 0 ? {} : { [SUMMARY.mode]: "upsert" }),
      },
    };
    const files = await store(this.#neighbours, publication, call);
    if (call.signal.aborted) throw call.signal.reason;
    const settled = { requestId: call.requestId, traceparent: call.traceparent, caller: call.caller };
    const committed: Committed & { rowsReplaced?: number } = await this.#reservations.within(
      [`commit ${dataset}`],
      call.signal,
      () =>
        keyColumns.length === 0
          ? commit(this.#neighbours, publication, files, settled)
          : commitUpsert(this.#neighbours, child, folder, publication, files, keyColumns, settled),
    );
    const { snapshot_id, dataset: after, rowsReplaced } = committed;
    const { fingerprint } = after;
    return {
      answer: {
        ...answer,
        ...(rowsReplaced === undefined ? {} : { rows_replaced: rowsReplaced }),
        snapshot_id,
        fingerprint,
        schema_changes: prepared.schema_changes,
      },
      loaded,
    };
  }

  /** Writes the rejects without the rows that were added, and starts over when others came in meanwhile. */
  async #shrink(work: Work, loaded: string, answer: Answer, call: CallInit): Promise<void> {
    const { child, input, folder } = work;
    const { catalog } = this.#neighbours;
    const dataset = `${input.dataset}$rejects`;
    for (let tries = 1; ; tries += 1) {
      const { files, read_schema, rows, snapshotId } = await this.#rejects(work);
      const prepared = await catalog.prepare(
        { dataset, columns: [...REJECT_COLUMNS], mode: "replace", contract: "evolve" },
        call,
      );
      const remaining = await child.writeRemaining(
        { ...preparedFor(prepared), folder, files, read_schema, ingest_id: input.ingest_id, loaded },
        call,
      );
      const left = remaining.files.reduce((total, file) => total + file.rows, 0);
      const gone = answer.rows_loaded + answer.rows_deduped;
      assert(left === rows - gone, `${rows} rejects less ${gone} are not ${left}`);
      const publication = {
        dataset,
        mode: "replace" as const,
        prepared,
        ingestId: input.ingest_id,
        files: remaining.files,
        commitId: `reload:${input.ingest_id}:${snapshotId}`,
        summary: { [SUMMARY.replayOf]: input.ingest_id },
        ifSnapshotId: snapshotId,
      };
      const stored = await store(this.#neighbours, publication, call);
      try {
        await commit(this.#neighbours, publication, stored, call);
        return;
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== "conflict" || tries === SHRINK_TRIES_MAX) throw error;
      }
    }
  }

  /** The rejects table as it is now, its files on this host. */
  async #rejects({ input, folder, call }: Pick<Work, "input" | "folder" | "call">) {
    const name = `${input.dataset}$rejects`;
    const { files, rows, read_schema, snapshotId } = await filesOf(this.#neighbours, name, folder, call);
    return {
      files,
      rows,
      read_schema,
      snapshotId: snapshotId ?? 0,
    };
  }
}

/** As long as nothing that was added under it was rolled back. */
async function commitIdOf(
  { catalog }: Neighbours,
  { input, existing, call }: Work,
  digest: string,
): Promise<string> {
  const commitId = `reload:${input.ingest_id}:${digest}`;
  const { snapshot } = await catalog.committed({ dataset: input.dataset, commit_id: commitId }, call);
  return snapshot === null ? commitId : `${commitId}:after-${existing.snapshot_id ?? "nothing"}`;
}

/** How the ingest's lines were read, and which of its columns have other names now. */
async function keptRecipe(
  { catalog }: Neighbours,
  { dataset, ingest_id }: Input,
  existing: Dataset,
  call: Call,
): Promise<{ recipe: string; renamed: Record<string, string>; keyColumns: string[] }> {
  const snapshots = await snapshotsOf(catalog, `${dataset}$rejects`, call);
  const of = snapshots.filter(({ summary }) => summary[SUMMARY.ingestId] === ingest_id);
  if (of.length === 0) {
    throw new Fault(
      "not_found",
      `${dataset} has no ingest ${ingest_id} with rejected rows: SELECT DISTINCT ingest_id FROM "${dataset}$rejects" lists them.`,
    );
  }
  const summary = of.find((snapshot) => snapshot.summary[SUMMARY.recipe] !== undefined)?.summary;
  const recipe = summary?.[SUMMARY.recipe];
  if (recipe === undefined) {
    throw new Fault(
      "rejected",
      "How these rows were read was not kept: correct them, and send them as a file of their own.",
    );
  }
  const ids = Object.entries(JSON.parse(summary?.[SUMMARY.columns] ?? "{}") as Record<string, number>);
  const renamed = ids.flatMap(([name, id]) => {
    const now = existing.columns.find((column) => column.id === id)?.name;
    return now === undefined || now === name ? [] : [[name, now] as const];
  });
  const today = new Map(renamed.map(([name, now]) => [name.toLowerCase(), now]));
  const keys = JSON.parse(summary?.[SUMMARY.keyColumns] ?? "[]") as string[];
  return {
    recipe,
    renamed: Object.fromEntries(renamed),
    keyColumns: keys.map((name) => today.get(name) ?? name),
  };
}

function refuseLostKeys(dataset: string, keyColumns: readonly string[], { columns }: Table): void {
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  const lost = keyColumns.find((name) => !names.has(name.toLowerCase()));
  if (lost === undefined) return;
  throw new Fault(
    "conflict",
    `${dataset} has no column "${lost}" any more, which named these rows: correct them, and send them as a file of their own.`,
  );
}

/** The answer that was given when the rows were loaded. */
function replayed({ dataset, ingest_id }: Input, existing: Dataset, snapshot: Snapshot | undefined): Answer {
  if (snapshot === undefined)
    throw new Fault(
      "not_found",
      `No row of ingest ${ingest_id} is rejected any more: there is nothing to load.`,
    );
  const count = (name: string): number => Number(snapshot.summary[name] ?? 0);
  return {
    dataset,
    snapshot_id: snapshot.snapshot_id,
    ingest_id,
    rows_in: count(SUMMARY.rowsIn),
    rows_loaded: count(SUMMARY.rowsLoaded),
    rows_quarantined: count(SUMMARY.rowsQuarantined),
    rows_deduped: count(SUMMARY.rowsDeduped),
    bytes_in: count(SUMMARY.bytesIn),
    fingerprint: existing.fingerprint,
    columns: existing.columns.map(({ name, type, nullable }) => ({
      name,
      type,
      nullable,
      confidence: 1,
      samples: [],
    })),
    schema_changes: [],
    warnings: ["These rows are in the dataset already: nothing was loaded again."],
    replayed: true,
    dry_run: false,
  };
}

function warningsOf(
  dataset: string,
  { rows_in, rows_quarantined }: Pick<Answer, "rows_in" | "rows_quarantined">,
  examples: readonly string[],
): string[] {
  if (rows_quarantined === 0) return [];
  const counted = `${rows_quarantined.toLocaleString("en")} of ${rows_in.toLocaleString("en")} rows still do not fit`;
  return [`${counted} and stay in ${dataset}$rejects: ${examples.map(withoutPlace).join("; ")}`];
}

/** Examples count the rows that were read again; that is no line of the file. */
function withoutPlace(example: string): string {
  return example.replace(/^line \d+: /, "");
}

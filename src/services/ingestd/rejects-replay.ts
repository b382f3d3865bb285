// Rejected rows once more: those that fit the dataset as it is now move out of its rejects. Two tables change,
// and no commit holds both. So the rows are added first, under an id that follows from the rejected rows, with a
// note of which of them they are; only then their table is written without them. Whoever dies in between has
// lost nothing, and the next try finds the first commit by its id, adds nothing again and ends the second.

import { readSchema } from "#adapters/duckdb-columns";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Dataset } from "#contracts/catalog";
import type { ingest, Ingested } from "#contracts/ingest";
import { assert, present } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { writeAll } from "#lib/durable";
import type { Call, CallInit } from "#rpc/call";
import type { OutputOf, ParsedOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { type DateOrders, dateOrdersOf, dayOf, keptDateOrders, knownColumns } from "./date-order.ts";
import { liveOf, type Snapshot, snapshotsOf, SUMMARY } from "./dedupe.ts";
import { columnsOf, commit, datasetOf, type Neighbours, preparedFor, store } from "./publish.ts";
import { REJECT_COLUMNS } from "./source/shapes.ts";
import type { loader } from "./worker/contract.ts";
import type { LoaderPool } from "./worker/pool.ts";

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
  readonly call: Call;
}

export class RejectsReplay {
  readonly #neighbours: Neighbours;
  readonly #pool: LoaderPool;
  readonly #clock: Clock;
  /** One at a time for each dataset: two would find the same rows rejected. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(neighbours: Neighbours, pool: LoaderPool, clock: Clock) {
    this.#neighbours = neighbours;
    this.#pool = pool;
    this.#clock = clock;
  }

  async run(input: Input, folder: string, call: Call): Promise<Answer> {
    const before = this.#turns.get(input.dataset) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => this.#replay(input, folder, call));
    this.#turns.set(input.dataset, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(input.dataset) === mine) this.#turns.delete(input.dataset);
    }
  }

  async #replay(input: Input, folder: string, call: Call): Promise<Answer> {
    const { catalog } = this.#neighbours;
    const existing = await datasetOf(catalog, input.dataset, call);
    if (existing === undefined) throw new Fault("not_found", `There is no dataset ${input.dataset}.`);
    const kept = await keptRecipe(this.#neighbours, input, existing, call);
    const orders = await dateOrdersOf(catalog, existing, call);
    return this.#pool.with(call.signal, async (child) => {
      const work: Work = { child, input, folder, existing, orders, call };
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
    const { child, input, existing, orders, call } = work;
    const { catalog } = this.#neighbours;
    const { dataset, ingest_id } = input;
    const found = present(table, "the table of rows that were read");
    const prepared = await catalog.prepare(
      {
        dataset,
        columns: found.columns.map(({ name, type }) => ({ name, type })),
        mode: "append",
        contract: "evolve",
      },
      call,
    );
    const written = await child.write(preparedFor(prepared), call);
    const count = written.files.reduce((total, file) => total + file.rows, 0);
    assert(
      written.rows_in === rows && rows === count + written.rows_rejected,
      `${rows} rows were rejected, ${count} fit now and ${written.rows_rejected} do not`,
    );
    const counts = {
      rows_in: rows,
      rows_loaded: count,
      rows_quarantined: written.rows_rejected,
      rows_deduped: 0,
      bytes_in: bytes,
    };
    const answer: Answer = {
      dataset,
      snapshot_id: existing.snapshot_id,
      ingest_id,
      ...counts,
      fingerprint: existing.fingerprint,
      columns: columnsOf(found, prepared.columns),
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
        [SUMMARY.rowsQuarantined]: String(written.rows_rejected),
        [SUMMARY.rowsDeduped]: "0",
        [SUMMARY.bytesIn]: String(bytes),
        ...(dayFirst === undefined ? {} : { [SUMMARY.dayFirst]: dayFirst }),
      },
    };
    const files = await store(this.#neighbours, publication, call);
    if (call.signal.aborted) throw call.signal.reason;
    const settled = { requestId: call.requestId, traceparent: call.traceparent, caller: call.caller };
    const committed = await commit(this.#neighbours, publication, files, settled);
    const { snapshot_id, dataset: after } = committed;
    const { fingerprint } = after;
    return {
      answer: { ...answer, snapshot_id, fingerprint, schema_changes: prepared.schema_changes },
      loaded,
    };
  }

  /** Writes the rejects without the rows that were added, and begins anew when others came in meanwhile. */
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
      assert(
        left === rows - answer.rows_loaded,
        `${rows} rejects less ${answer.rows_loaded} are not ${left}`,
      );
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
    const { catalog, storage } = this.#neighbours;
    const scan = await catalog.scan({ dataset: `${input.dataset}$rejects` }, call);
    const files: { path: string; sha256?: string }[] = [];
    let rows = 0;
    for (const [index, file] of scan.files.entries()) {
      rows += file.rows;
      const near = (await storage.locate({ key: file.key }, call)).path;
      const path = near ?? join(folder, `rejects-${index}.parquet`);
      if (near === undefined) await download(storage, file.key, path, call);
      files.push({ path, ...(file.sha256 === undefined ? {} : { sha256: file.sha256 }) });
    }
    return { files, rows, read_schema: readSchema(scan.columns), snapshotId: scan.snapshot_id ?? 0 };
  }
}

async function download(
  storage: Neighbours["storage"],
  key: string,
  path: string,
  call: CallInit,
): Promise<void> {
  const { body } = await storage.get({ key }, call);
  const file = await open(path, "w");
  try {
    for await (const chunk of present(body, "an object's bytes")) await writeAll(file, chunk);
  } finally {
    await file.close();
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
): Promise<{ recipe: string; renamed: Record<string, string> }> {
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
      "How these rows were read was not kept: mend them, and send them as a file of their own.",
    );
  }
  const ids = Object.entries(JSON.parse(summary?.[SUMMARY.columns] ?? "{}") as Record<string, number>);
  const renamed = ids.flatMap(([name, id]) => {
    const now = existing.columns.find((column) => column.id === id)?.name;
    return now === undefined || now === name ? [] : [[name, now] as const];
  });
  return { recipe, renamed: Object.fromEntries(renamed) };
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

// Rows as JSON into a dataset that is there: checked against its columns, written by the worker, committed as one
// snapshot for all senders that came together. A repeated Idempotency-Key appends nothing and answers the first
// snapshot; with other rows it is a conflict.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { catalog } from "#contracts/catalog";
import type { storage } from "#contracts/storage";
import { present } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { makeFolder } from "#lib/durable";
import { timeSlicer } from "#lib/event-loop";
import type { QueueFigures } from "#lib/figures";
import type { OutputOf, ParsedOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { commitFiles, type Ids } from "../commits/files.ts";
import { metadataFor } from "../commits/shape.ts";
import { wireId } from "../describe.ts";
import { columnsOf } from "../duckdb/columns.ts";
import { currentSchema } from "../iceberg/metadata/metadata.ts";
import type { Schema } from "../iceberg/types/schema.ts";
import type { Long } from "../iceberg/types/long.ts";
import { sha256Of } from "../tables/checksum.ts";
import { COMMIT_IDS, type Tables } from "../tables/tables.ts";
import type { FileWorker } from "../worker/pool.ts";
import { AppendQueue, type Batch, UnwritableRows } from "./queue.ts";
import { type Misfit, rowText } from "./row-text.ts";

export interface AppendDeps {
  readonly tables: Tables;
  readonly storage: Service<typeof storage>;
  readonly worker: FileWorker;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly scratch: string;
  /** A small file was added to a dataset. */
  readonly appended: (dataset: string) => void;
}

type Appended = OutputOf<typeof catalog.append>;

/** So many misfits are named; the rest are counted. */
const MISFITS_MAX = 20;
/** Fitted between two looks at the clock: less than a millisecond of them. */
const ROWS_PER_LOOK = 100;

export class Appends {
  readonly #deps: AppendDeps;
  readonly #queue: AppendQueue<Long>;
  /** Appends under way by dataset and key: a second sender of a key waits for the first. */
  readonly #keyed = new Map<string, { readonly digest: string; readonly done: Promise<Appended> }>();

  constructor(deps: AppendDeps) {
    this.#deps = deps;
    this.#queue = new AppendQueue((dataset, batches) => this.#write(dataset, batches));
  }

  get figures(): QueueFigures {
    return this.#queue.figures;
  }

  async append({ dataset, rows, idempotency_key: key }: ParsedOf<typeof catalog.append>): Promise<Appended> {
    const table = await this.#deps.tables.get(dataset);
    const lines = await linesOf(currentSchema(table.metadata), rows);
    if (key === undefined) return this.#add(dataset, { lines, commitIds: [] });
    const digest = sha256Of(lines.join("\n"));
    const running = this.#keyed.get(`${dataset} ${key}`);
    if (running !== undefined) {
      if (running.digest !== digest) throw otherRows();
      return { ...(await running.done), replayed: true };
    }
    const done = this.#once(dataset, key, digest, lines);
    this.#keyed.set(`${dataset} ${key}`, { digest, done });
    try {
      return await done;
    } finally {
      this.#keyed.delete(`${dataset} ${key}`);
    }
  }

  async #once(dataset: string, key: string, digest: string, lines: readonly string[]): Promise<Appended> {
    const { tables } = this.#deps;
    // As it is now: another sender of the key may have ended while these rows were fitted to the columns.
    const table = await tables.get(dataset);
    const commitIds = [`append:${key}`, `append:${key}:${digest}`] as const;
    const before = await tables.committedBy(table, commitIds[0]);
    if (before === undefined) return this.#add(table.name, { lines, commitIds });
    if ((await tables.committedBy(table, commitIds[1])) === undefined) throw otherRows();
    return { dataset: table.name, snapshot_id: wireId(before), rows: lines.length, replayed: true };
  }

  async #add(dataset: string, batch: Batch): Promise<Appended> {
    const id = await this.#queue.add(dataset, batch);
    return { dataset, snapshot_id: wireId(id), rows: batch.lines.length, replayed: false };
  }

  async #write(dataset: string, batches: readonly Batch[]): Promise<Long> {
    const { tables, storage: store, worker, ids, clock, scratch } = this.#deps;
    const table = await tables.get(dataset);
    const schema = currentSchema(table.metadata);
    const columns = columnsOf(schema);
    await makeFolder(scratch);
    const folder = await mkdtemp(join(scratch, "append-"));
    try {
      const from = join(folder, "rows.ndjson");
      const to = join(folder, "rows.parquet");
      await writeFile(from, batches.flatMap(({ lines }) => lines).join("\n"));
      const written = await worker
        .inTurn(async (start) =>
          (await start()).write({
            from,
            to,
            columns: columns.map(({ id, name, type }) => ({ id, name, type })),
            iceberg_schema: JSON.stringify(schema),
          }),
        )
        .catch((cause: unknown) => {
          throw new UnwritableRows("The worker could not write the rows.", { cause });
        });
      const place = tables.placeOf(table);
      const key = `${place.prefix}data/${ids.uuid()}-${written.sha256}.parquet`;
      await store.put({ key, body: Bun.file(to).stream() });
      const commitIds = batches.flatMap((batch) => batch.commitIds);
      const notes = commitIds.length === 0 ? {} : { [COMMIT_IDS]: JSON.stringify(commitIds) };
      let made: Long | undefined;
      await tables.commit(dataset, async (current) => {
        if (current?.prefix !== table.prefix) {
          throw new Fault("conflict", `${dataset} was dropped meanwhile.`);
        }
        const metadata = metadataFor(current, place, columns, clock.now(), () => ids.uuid());
        const files = [{ key, ...written }];
        const change = await commitFiles(tables, {
          current,
          metadata,
          place,
          mode: "append",
          files,
          notes,
          clock,
          ids,
        });
        made = change.commit.snapshot["snapshot-id"];
        return change;
      });
      this.#deps.appended(dataset);
      return present(made, "the snapshot just made");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  close(): Promise<void> {
    return this.#queue.close();
  }
}

function otherRows(): Fault {
  return new Fault("conflict", "The Idempotency-Key was used for other rows: take a new key for new rows.");
}

async function linesOf(
  schema: Schema,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<string[]> {
  const lines: string[] = [];
  const misfits: Misfit[] = [];
  const slice = timeSlicer();
  for (const [n, row] of rows.entries()) {
    if (n % ROWS_PER_LOOK === 0) await slice();
    const fitted = rowText(schema, row, `rows[${n}]`);
    if ("line" in fitted) lines.push(fitted.line);
    else misfits.push(fitted.misfit);
  }
  if (misfits.length === 0) return lines;
  const [first] = misfits;
  throw new Fault(
    "rejected",
    `${misfits.length} of ${rows.length} rows do not fit the dataset, and none was appended: ${first?.path} ${first?.message}.`,
    { details: misfits.slice(0, MISFITS_MAX) },
  );
}

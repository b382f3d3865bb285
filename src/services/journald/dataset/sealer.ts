// The journal as the dataset `journal`, for SQL: events become rows in their order, some thousand at a time, as Parquet
// that catalogd writes. The dataset follows from the journal and may be dropped: it is made again.
//
// How far it reaches is not kept anywhere: the dataset has one row for each event from the first on, so the number of its
// rows says it. A part is appended under an Idempotency-Key that names its first event: whatever became of an append that
// was cut off, sending it again, or another part from the same event on, adds no row twice.

import type { catalog } from "#contracts/catalog";
import type { SnapshotId } from "#contracts/shapes";
import { timeSlicer } from "#lib/event-loop";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { decodeRecord } from "../events/chained-event.ts";
import type { Journal } from "../journal.ts";
import { COLUMNS, DATASET, type Row, rowOf } from "./rows.ts";

/** Rows of one append: what catalogd takes at once. */
const ROWS_MAX = 10_000;
/** Their records. Text within text is at most twice as long, and catalogd takes 4 MiB; it is some thousand events. */
const RECORD_BYTES_MAX = 1536 * 1024;
/** As many events that wait are sealed without waiting longer. */
const UNSEALED_MAX = 10_000;

export interface Sealed {
  readonly sealedSeq: number;
  readonly rows: number;
  readonly snapshotId: SnapshotId | null;
}

export interface SealerDeps {
  readonly catalog: Service<typeof catalog>;
  /** The age at which events are sealed. */
  readonly sealMs: number;
  readonly failed: (error: unknown) => void;
}

interface DatasetState {
  readonly sealedSeq: number;
  readonly snapshotId: SnapshotId | null;
}

export class Sealer {
  readonly #deps: SealerDeps;
  readonly #journal: Journal;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sealing: Promise<Sealed> | undefined;
  #sealedSeq: number | null = null;
  #hasFailed = false;
  #isClosed = false;

  constructor(journal: Journal, deps: SealerDeps) {
    this.#journal = journal;
    this.#deps = deps;
  }

  /** The last event in the dataset, as far as it is known. */
  get sealedSeq(): number | null {
    return this.#sealedSeq;
  }

  /** Events were recorded, or may have been before the start. */
  notice(): void {
    if (this.#isClosed) return;
    const unsealed = this.#journal.end.seq - (this.#sealedSeq ?? 0);
    if (unsealed === 0) return;
    // What failed is not tried again at once: the catalog may be away for long.
    const isUrgent = this.#sealedSeq !== null && unsealed >= UNSEALED_MAX && !this.#hasFailed;
    if (isUrgent) void this.#sealSoon();
    else this.#timer ??= setTimeout(() => void this.#sealSoon(), this.#deps.sealMs);
  }

  /** Seals what was recorded before the call. */
  async seal(): Promise<Sealed> {
    // What is under way may have begun before the newest events.
    await this.#sealing?.catch(() => undefined);
    this.#sealing ??= this.#run()
      .then(
        (sealed) => {
          this.#hasFailed = false;
          return sealed;
        },
        (error: unknown) => {
          this.#hasFailed = true;
          throw error;
        },
      )
      .finally(() => {
        this.#sealing = undefined;
        this.notice();
      });
    return this.#sealing;
  }

  /** Throws `internal` when the dataset reaches farther than the journal. */
  async look(): Promise<DatasetState> {
    const found = await datasetIfThere(this.#deps.catalog);
    const rows = found?.rows ?? 0;
    const sealedSeq = seqOfRow(rows, this.#journal);
    this.#sealedSeq = sealedSeq;
    return { sealedSeq, snapshotId: found?.snapshot_id ?? null };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    // Its failure was given to its caller, or counted.
    await this.#sealing?.catch(() => undefined);
  }

  async #sealSoon(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sealing !== undefined || this.#isClosed) return;
    try {
      await this.seal();
    } catch (error) {
      this.#deps.failed(error);
    }
  }

  async #run(): Promise<Sealed> {
    const target = this.#journal.end.seq;
    let state = await this.look();
    let added = 0;
    while (state.sealedSeq < target && !this.#isClosed) {
      const part = await this.#nextPart(state.sealedSeq, target);
      if (part.rows.length > 0) {
        if (state.snapshotId === null) await createDataset(this.#deps.catalog);
        added += await this.#append(part, state);
      }
      const before = state;
      state = part.rows.length === 0 ? { ...state, sealedSeq: part.last } : await this.look();
      if (state.sealedSeq <= before.sealedSeq) throw stuck();
    }
    this.#sealedSeq = state.sealedSeq;
    return { sealedSeq: state.sealedSeq, rows: added, snapshotId: state.snapshotId };
  }

  /** Rows of the events behind `after`. */
  async #nextPart(after: number, target: number): Promise<{ rows: Row[]; first: number; last: number }> {
    const rows: Row[] = [];
    let bytes = 0;
    let last = after;
    const sliced = timeSlicer();
    for await (const records of this.#journal.segments.records(after, target)) {
      for (const { seq, record } of records) {
        bytes += record.length;
        if (rows.length === ROWS_MAX || (rows.length > 0 && bytes > RECORD_BYTES_MAX))
          return { rows, first: after + 1, last };
        const event = decodeRecord(record)?.event;
        if (event !== undefined) rows.push(rowOf(event));
        last = seq;
        const rest = sliced();
        if (rest !== null) await rest;
      }
    }
    return { rows, first: after + 1, last };
  }

  /** The number of rows that this call added. */
  async #append({ rows, first }: { rows: Row[]; first: number }, before: DatasetState): Promise<number> {
    const { catalog } = this.#deps;
    const send = async (key: string): Promise<number> => {
      const { replayed } = await catalog.append({ dataset: DATASET, rows, idempotency_key: key });
      return replayed ? 0 : rows.length;
    };
    const added = await send(`journal-${first}`).catch((error: unknown) => {
      // The key was used for a longer part, or a shorter one, by an append that was cut off.
      if (error instanceof Fault && error.code === "conflict") return 0;
      throw error;
    });
    if (added > 0) return added;
    const now = await this.look();
    if (now.sealedSeq >= first) return 0;
    // It was there, and the dataset was rolled back since: the snapshot that it was rolled back to makes another key.
    return send(`journal-${first}-${before.snapshotId}`);
  }
}

function stuck(): Fault {
  return new Fault(
    "conflict",
    `Rows that were appended to the dataset ${DATASET} are not there: it is being changed by others. It may be dropped, and is then made again from the journal.`,
  );
}

async function datasetIfThere(
  catalog: SealerDeps["catalog"],
): Promise<{ rows: number; snapshot_id: SnapshotId | null } | undefined> {
  try {
    return await catalog.dataset({ dataset: DATASET });
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return undefined;
    throw error;
  }
}

/** Rows of the dataset, 0 when there is none. */
export async function rowsOfDataset(catalog: SealerDeps["catalog"]): Promise<number> {
  return (await datasetIfThere(catalog))?.rows ?? 0;
}

/** The event of the dataset's last row: events that were lost have none. Throws `internal` when there is no such event. */
function seqOfRow(rows: number, { end, segments }: Journal): number {
  let seq = rows;
  for (const { from, to } of segments.lost) if (from <= seq) seq += to - from + 1;
  if (seq <= end.seq) return seq;
  throw new Fault(
    "internal",
    `The dataset ${DATASET} has ${rows} rows, and the journal ends at event ${end.seq}: the journal is older than its dataset, or rows were added by others.`,
  );
}

async function createDataset(catalog: SealerDeps["catalog"]): Promise<void> {
  const { columns } = await catalog.prepare({ dataset: DATASET, columns: [...COLUMNS], mode: "append" });
  await catalog.commit({ dataset: DATASET, mode: "append", columns, files: [], commit_id: "journal" });
}

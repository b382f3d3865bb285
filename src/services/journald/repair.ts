// Repair of a damaged journal, on purpose: a new folder from every event that verifies, by its frame and by the chain. An
// event that does not is taken from the dataset `journal`, where it was sealed, if its hash fits; one that is nowhere keeps
// its number as lost. The damaged folder is only read, and stays beside the new one.
//
// The new folder is whole before it takes its place. A repair that was cut off between the two renames is completed by
// the next opening.

import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Log } from "#adapters/wal/log";
import { createLog } from "#adapters/wal/recovery";
import { salvageLog } from "#adapters/wal/salvage";
import type { query as queryContract } from "#contracts/query";
import { nodeDisk } from "#lib/disk";
import { makeFolder, syncFolder } from "#lib/durable";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { BrokenChain, Chain } from "./events/check-chain.ts";
import { DATASET, recordOf, type Row } from "./dataset/rows.ts";
import { unfinishedFolder } from "./journal.ts";
import type { SeqRange } from "./segments/open-index.ts";

/** Records of one frame. */
const FRAME_BYTES = 1024 * 1024;
/** Rows of one statement: at their largest some fifty megabytes. */
const ROWS_AT_ONCE = 200;
const SEGMENT_BYTES = 16 * 1024 * 1024;
const LOST = new Uint8Array(0);

export interface Repaired {
  readonly damage: readonly string[];
  readonly lost: readonly SeqRange[];
  readonly restored: number;
  readonly keptAs: string;
}

/** `rows` gives the sealed rows of a range of events, those that are there. */
export type SealedRows = (from: number, to: number) => Promise<readonly Row[]>;

export function sealedRows(query: Service<typeof queryContract>): SealedRows {
  return async (from, to) => {
    const { rows } = await query.sql({
      sql: `SELECT * FROM ${DATASET} WHERE seq BETWEEN ? AND ? ORDER BY seq`,
      params: [from, to],
      limit: ROWS_AT_ONCE,
    });
    return rows;
  };
}

/**
 * `sealedSeq` is the last event that the dataset may have. `goOn` is called all along and throws where the repair is to be given
 * up: the folder is as it was then.
 */
export async function repairJournal(
  folder: string,
  sealedSeq: number,
  rows: SealedRows,
  goOn: () => void,
): Promise<Repaired> {
  const to = unfinishedFolder(folder);
  await rm(to, { recursive: true, force: true });
  await makeFolder(to);
  await createLog(nodeDisk, to, 0);
  const writer = await Writer.open(to);
  const damage: string[] = [];
  let restored = 0;
  /** Events up to `until` that no frame has. */
  const fill = async (until: number): Promise<void> => {
    while (writer.seq < until) {
      goOn();
      const from = writer.seq + 1;
      const last = Math.min(until, writer.seq + ROWS_AT_ONCE);
      const found = from <= sealedSeq ? await rows(from, last) : [];
      const sealed = new Map(found.map((row) => [Number(row["seq"]), row]));
      for (let seq = from; seq <= last; seq += 1) {
        const row = sealed.get(seq);
        const record = row === undefined ? undefined : recordOf(row);
        if (record !== undefined && (await writer.add(record)) === undefined) restored += 1;
        else await writer.add(LOST);
      }
    }
  };
  try {
    const log = existsSync(folder)
      ? await salvageLog({
          dir: folder,
          after: 0,
          replay: async ({ sequence, record }) => {
            goOn();
            await fill(sequence - 1);
            const problem = await writer.add(record);
            if (problem === undefined) return;
            damage.push(problem);
            await fill(sequence);
          },
        })
      : { sequence: 0, damage: ["The folder of the journal is missing."] };
    damage.unshift(...log.damage);
    await fill(Math.max(log.sequence, sealedSeq));
  } finally {
    await writer.close();
  }
  goOn();
  const keptAs = await putInPlace(folder);
  return { damage, lost: writer.lost, restored, keptAs };
}

/** A folder that is whole and has not its name yet. */
function repairedFolder(folder: string): string {
  return join(dirname(folder), `${basename(folder)}.repaired`);
}

async function putInPlace(folder: string): Promise<string> {
  await rename(unfinishedFolder(folder), repairedFolder(folder));
  await syncFolder(dirname(folder));
  return completeRepair(folder);
}

/** Where a repair was cut off after its folder was whole: puts it in place. Gives the name that the damaged one has now. */
export async function completeRepair(folder: string): Promise<string> {
  if (!existsSync(repairedFolder(folder))) return "";
  let n = 1;
  const aside = (): string => `${folder}.damaged-${n}`;
  while (existsSync(aside())) n += 1;
  const isThere = existsSync(folder);
  if (isThere) await rename(folder, aside());
  await rename(repairedFolder(folder), folder);
  await syncFolder(dirname(folder));
  return isThere ? basename(aside()) : "";
}

/** The new log: records in their order, each checked against the chain. */
class Writer {
  readonly #log: Log;
  readonly #chain = new Chain();
  readonly #lost: SeqRange[] = [];
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  private constructor(log: Log) {
    this.#log = log;
  }

  static async open(dir: string): Promise<Writer> {
    return new Writer(await Log.open({ dir, after: 0, replay: () => undefined }));
  }

  get seq(): number {
    return this.#chain.end.seq;
  }

  get lost(): readonly SeqRange[] {
    return this.#lost;
  }

  /** Adds the next event's record, or gives what is wrong with it. */
  async add(record: Uint8Array): Promise<string | undefined> {
    try {
      const decoded = this.#chain.next(record);
      if (decoded === undefined) this.#addLost(this.seq);
    } catch (error) {
      if (error instanceof BrokenChain) return `${error.message}.`;
      throw error;
    }
    // Its bytes are those of a file that is read whole, and would keep all of it.
    this.#waiting.push(record.slice());
    this.#waitingBytes += record.length + 4;
    if (this.#waitingBytes >= FRAME_BYTES) await this.#flush();
    return undefined;
  }

  async close(): Promise<void> {
    await this.#flush();
    await this.#log.close();
  }

  async #flush(): Promise<void> {
    const records = this.#waiting;
    const bytes = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (records.length === 0) return;
    await this.#log.appendAll({ bytes, records: () => records, apply: () => undefined });
    if (this.#log.newest.end >= SEGMENT_BYTES) await this.#log.rotate(() => undefined);
  }

  #addLost(seq: number): void {
    const before = this.#lost.at(-1);
    if (before?.to === seq - 1) this.#lost[this.#lost.length - 1] = { from: before.from, to: seq };
    else this.#lost.push({ from: seq, to: seq });
  }
}

/** The last event of the dataset; 0 where there is none. */
export async function lastSealed(query: Service<typeof queryContract>): Promise<number> {
  try {
    const { rows } = await query.sql({ sql: `SELECT max(seq) AS last FROM ${DATASET}` });
    return Number((rows[0] as { last?: unknown } | undefined)?.last ?? 0);
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return 0;
    throw error;
  }
}

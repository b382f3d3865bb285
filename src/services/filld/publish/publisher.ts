// The datasets `fills`, `assignments` and `contacts`: what the fills are now, as rows for SQL. They follow from the board and
// are written behind it: changed rows go in together soon after a change, each taking the place of the one before it.
//
// A fill's row has the sequence number of the last event in it, and so has each of its people's. After a start, fills whose
// rows are behind the board, or missing, are written again: a crash between journal and dataset leaves nothing behind.

import type { FillState } from "../state/board.ts";
import type { ingest } from "#contracts/ingest";
import type { query } from "#contracts/query";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { Service } from "#rpc/contract";
import { toFault } from "#rpc/fault";
import type { Ledger } from "../state/ledger.ts";
import { type Table, TABLES, type TableName } from "./rows.ts";

export interface PublisherDeps {
  readonly ledger: Ledger;
  readonly ingest: Service<typeof ingest>;
  readonly query: Service<typeof query>;
  readonly failures: BackgroundFailures;
  /** From a change until it is written; all changes within it are one write. */
  readonly delayMs: number;
}

export type Published = Readonly<Record<TableName, number>>;

const CALL_MS = 300_000;
const RETRY_MS = 10_000;
/** Rows of one file that is loaded, and of one page that is read. */
const ROWS_MAX = 50_000;

/** By fill: the oldest sequence number in its rows, and how many there are. */
type Kept = ReadonlyMap<string, { readonly seq: number; readonly rows: number }>;

export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #changed = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #compared = false;
  #closed = false;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  changed(fillId: string): void {
    this.#changed.add(fillId);
    this.#schedule(this.#deps.delayMs);
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.publish().catch((error: unknown) => {
        this.#deps.failures.note("writing the datasets of fills", error);
        this.#schedule(RETRY_MS);
      });
    }, ms);
    this.#timer.unref();
  }

  /** Compares all rows with the board, soon: what a crash left behind is written. */
  begin(): void {
    this.#schedule(this.#deps.delayMs);
  }

  /** Writes what changed and resolves when the datasets hold it. With `compare` every row is compared with its fill first. */
  publish({ compare = false }: { compare?: boolean } = {}): Promise<Published> {
    const work = async (): Promise<Published> => {
      if (compare) this.#compared = false;
      return this.#write();
    };
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Fills that are newer than their rows, by dataset. */
  async behind(): Promise<Published> {
    const { fills } = await this.#deps.ledger.current();
    const [contacts, assignments, own] = await this.#behind(fills);
    return { contacts: contacts.length, assignments: assignments.length, fills: own.length };
  }

  /** Writes the rest. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#changed.size > 0) {
      await this.publish().catch((error: unknown) =>
        this.#deps.failures.note("writing the datasets of fills", error),
      );
    }
    await this.#turn;
  }

  async #write(): Promise<Published> {
    const board = await this.#deps.ledger.current();
    if (!this.#compared) {
      for (const fillId of (await this.#behind(board.fills)).flat()) this.#changed.add(fillId);
      this.#compared = true;
    }
    const ids = [...this.#changed];
    this.#changed.clear();
    const states = ids.flatMap((id) => board.fills.get(id) ?? []);
    try {
      const counts: Record<string, number> = {};
      // The rows of one moment: what changes while they are written is written next.
      const batches = Object.entries<Table>(TABLES).map(
        ([name, table]) => [name, table, states.flatMap(table.rowsOf)] as const,
      );
      for (const [name, { key, types }, rows] of batches) {
        counts[name] = rows.length;
        for (let from = 0; from < rows.length; from += ROWS_MAX) {
          await this.#load(name, key, types, rows.slice(from, from + ROWS_MAX));
        }
      }
      return counts as Published;
    } catch (error) {
      for (const id of ids) this.#changed.add(id);
      throw error;
    }
  }

  async #load(
    dataset: string,
    key: string,
    types: Readonly<Record<string, string>>,
    rows: readonly Readonly<Record<string, unknown>>[],
  ): Promise<void> {
    // Every column stands in every row: one that no row has yet is there all the same.
    const columns = Object.keys(types);
    const whole = rows.map((row) => Object.fromEntries(columns.map((name) => [name, row[name] ?? null])));
    const body = new Blob(whole.map((row) => `${JSON.stringify(row)}\n`)).stream();
    const call = { timeoutMs: CALL_MS };
    const { rows_quarantined } = await this.#deps.ingest.ingest(
      { dataset, mode: "upsert", key: [key], format: "ndjson", types, source: "filld", body },
      call,
    );
    if (rows_quarantined > 0) {
      throw new Error(`${rows_quarantined} rows of ${dataset} were rejected`);
    }
  }

  /** Fills whose rows of contacts, of assignments and of fills are older than the board, or missing. */
  async #behind(
    fills: ReadonlyMap<string, FillState>,
  ): Promise<[contacts: string[], assignments: string[], fills: string[]]> {
    if (fills.size === 0) return [[], [], []];
    const contacts = await this.#kept("contacts", "0");
    const assignments = await this.#kept("assignments", "min(seq)");
    const own = await this.#kept("fills", "min(seq)");
    const idsOf = (isBehind: (fill: FillState) => boolean): string[] =>
      [...fills.values()].filter(isBehind).map(({ fillId }) => fillId);
    return [
      idsOf(({ fillId, messages }) => (contacts.get(fillId)?.rows ?? 0) < messages.length),
      idsOf(({ fillId, seats, seq }) => {
        const { rows, seq: kept } = assignments.get(fillId) ?? { rows: 0, seq };
        return rows < seats.size || kept < seq;
      }),
      idsOf(({ fillId, seq }) => (own.get(fillId)?.seq ?? 0) < seq),
    ];
  }

  async #kept(dataset: TableName, seq: string): Promise<Kept> {
    const kept = new Map<string, { seq: number; rows: number }>();
    const sql = `SELECT fill_id, ${seq} AS seq, count(*) AS n FROM "${dataset}" GROUP BY fill_id ORDER BY fill_id`;
    for (let offset = 0; ; offset += ROWS_MAX) {
      const rows = await this.#rows(`${sql} LIMIT ${ROWS_MAX} OFFSET ${offset}`);
      for (const { fill_id, seq: oldest, n } of rows)
        kept.set(String(fill_id), { seq: Number(oldest), rows: Number(n) });
      if (rows.length < ROWS_MAX) return kept;
    }
  }

  async #rows(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
    try {
      return (await this.#deps.query.sql({ sql, limit: ROWS_MAX }, { timeoutMs: CALL_MS })).rows;
    } catch (error) {
      // Before the first write there is no such dataset.
      if (toFault(error).code === "not_found") return [];
      throw error;
    }
  }
}

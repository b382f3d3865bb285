// The datasets `fills`, `assignments` and `contacts`: what the fills are now, as rows for SQL. They follow from the board and
// are written behind it: changed rows go in together soon after a change, each taking the place of the one before it.
//
// Each row has the sequence number of the last event in it. After a start, rows that are behind the board are written
// again, so that a crash between journal and dataset leaves nothing behind for good.

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
/** Rows of one file that is loaded. */
const ROWS_MAX = 50_000;

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

  /** Writes what changed and resolves when the datasets hold it. */
  publish(): Promise<Published> {
    const mine = this.#turn.then(
      () => this.#write(),
      () => this.#write(),
    );
    this.#turn = mine.catch(() => undefined);
    return mine;
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
      for (const fillId of await this.#behind(board.fills)) this.#changed.add(fillId);
      this.#compared = true;
    }
    const ids = [...this.#changed];
    this.#changed.clear();
    const states = ids.flatMap((id) => board.fills.get(id) ?? []);
    try {
      const counts: Record<string, number> = {};
      for (const [name, { key, types, rowsOf }] of Object.entries<Table>(TABLES)) {
        const rows = states.flatMap(rowsOf);
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

  /** Fills whose rows in the dataset are older than the board, or missing. */
  async #behind(fills: ReadonlyMap<string, FillState>): Promise<string[]> {
    const seqs = new Map<string, number>();
    for (let offset = 0; ; offset += ROWS_MAX) {
      const rows = await this.#seqs(offset);
      for (const { fill_id, seq } of rows) seqs.set(String(fill_id), Number(seq));
      if (rows.length < ROWS_MAX) break;
    }
    return [...fills.values()]
      .filter(({ fillId, seq }) => (seqs.get(fillId) ?? 0) < seq)
      .map(({ fillId }) => fillId);
  }

  async #seqs(offset: number): Promise<Readonly<Record<string, unknown>>[]> {
    const call = { timeoutMs: CALL_MS };
    try {
      const { rows } = await this.#deps.query.sql(
        {
          sql: `SELECT fill_id, seq FROM fills ORDER BY fill_id LIMIT ${ROWS_MAX} OFFSET ${offset}`,
          limit: ROWS_MAX,
        },
        call,
      );
      return rows;
    } catch (error) {
      // Before the first write there is no such dataset.
      const { code } = toFault(error);
      if (code === "not_found" || code === "invalid") return [];
      throw error;
    }
  }
}

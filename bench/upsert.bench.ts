// Ten thousand rows that replace rows of a dataset of a million, through the whole house: from the first byte over HTTP
// to the snapshot, against a bare DuckDB that reads the same file, writes the dataset's Parquet again without
// its keys and writes the new rows, and finds no types, rejects nothing and commits nothing.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { quoteLiteral } from "#lib/sql-text";
import { assert } from "#lib/assert";
import { writeStaffingCsv } from "./data/staffing-csv.ts";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const ROWS = 1_000_000;
const CHANGED = 10_000;
const RATIO_MAX = 3;
const MEMORY_BYTES_MAX = 1024 ** 3;
const SPILL_BYTES_MAX = 4 * 1024 ** 3;
const THREADS = 2;

export const bench: Bench = {
  name: "upsert",
  summary: "Ten thousand rows over a dataset of a million, by key, against a bare DuckDB",
  rows,
};

async function rows({ rounds }: Settings): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-upsert-"));
  const house = await startHouse({ apart: false });
  const db = await openDuckdb({
    memoryBytesMax: MEMORY_BYTES_MAX,
    threads: THREADS,
    tempDir: folder,
    tempBytesMax: SPILL_BYTES_MAX,
  });
  try {
    const whole = join(folder, "whole.csv");
    await writeStaffingCsv(whole, { rows: ROWS });
    const loaded = await ingest(house, "", Bun.file(whole));
    assert(loaded["rows_loaded"] === ROWS, "the dataset is there");
    const table = join(folder, "table.parquet");
    await db.run(`COPY (SELECT * FROM read_csv(${quoteLiteral(whole)})) TO ${quoteLiteral(table)}`);
    let round = 0;
    const changes = async (): Promise<Blob> => {
      round += 1;
      const path = join(folder, `changes-${round}.csv`);
      await db.run(
        `COPY (SELECT * REPLACE (${round} AS shifts_completed) FROM ${quoteLiteral(table)} USING SAMPLE ${CHANGED} ROWS (reservoir, ${round})) TO ${quoteLiteral(path)} (HEADER)`,
      );
      return Bun.file(path);
    };
    const { house: ours, bare } = await inTurns(rounds, {
      house: async () => upsert(house, await changes()),
      bare: async () => {
        await changes();
        return merge(db, table, join(folder, `changes-${round}.csv`), join(folder, "out.parquet"));
      },
    });
    return [
      {
        name: "10 k rows over 1 M, to a snapshot",
        unit: "ms",
        subject: spreadOf(ours),
        reference: { name: "DuckDB anti join and COPY", figure: medianOf(bare) },
        ratio: ratioOf(ours, bare, (ms) => ms),
        bar: { of: "ratio", is: "<=", limit: RATIO_MAX },
        figures: {},
      },
    ];
  } finally {
    db.close();
    await house.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ingest(house: HouseProcess, query: string, body: Blob): Promise<Record<string, unknown>> {
  const reply = await fetch(`${house.url}/v1/ingest?dataset=staffing${query}`, { method: "POST", body });
  const answer = (await reply.json()) as Record<string, unknown>;
  assert(reply.status === 201, `the file was taken: ${JSON.stringify(answer)}`);
  return answer;
}

/** Milliseconds. */
async function upsert(house: HouseProcess, body: Blob): Promise<number> {
  const started = performance.now();
  const answer = await ingest(house, "&mode=upsert&key=worker_id", body);
  const ms = performance.now() - started;
  assert(answer["rows_replaced"] === CHANGED, "every row takes the place of one");
  return ms;
}

async function merge(db: Duckdb, table: string, changes: string, to: string): Promise<number> {
  const started = performance.now();
  await db.run(
    `CREATE OR REPLACE TEMP TABLE changes AS SELECT * FROM read_csv(${quoteLiteral(changes)});
     COPY (FROM ${quoteLiteral(table)} ANTI JOIN changes USING (worker_id)) TO ${quoteLiteral(to)} (COMPRESSION zstd);
     COPY changes TO ${quoteLiteral(`${to}.new`)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return performance.now() - started;
}

// A large file through the whole house: from the first byte over HTTP until SQL counts its rows, against a bare
// DuckDB that copies the same file to Parquet, trusts it, hashes and commits nothing. Once tidy, and once with
// a few rows that do not fit. Memory is that of all processes of the house, at its highest.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { quoteLiteral } from "#lib/sql-text";
import { assert, present } from "#lib/assert";
import { writeStaffingCsv } from "./data/staffing-csv.ts";
import { memoryOf } from "./load/processes.ts";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const ROWS = 1_000_000;
const MISFITS = 10;
const RATIO_MAX = 2;
/** DuckDB reads the file once more to name the rows that do not fit; those alone are read with their lines. */
const MISFITS_RATIO_MAX = 6;
const MEMORY_MIB_MAX = 600;
const MEMORY_EVERY_MS = 20;
const MEBIBYTE = 1024 ** 2;
/** Of a loader child on the machine that the bars were set on. */
const THREADS = 2;

/** Loads whose memory is measured. Measuring walks all pages of all processes, so they are not the ones that are timed. */
const MEMORY_LOADS = 3;

interface Memory {
  readonly memoryMib: number;
  readonly childMib: number;
}

export const bench: Bench = {
  name: "ingest",
  summary: "A million rows of CSV into a table, against a bare DuckDB COPY to Parquet",
  rows,
};

async function rows({ rounds }: Settings): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-ingest-"));
  const house = await startHouse({ apart: false });
  const db = await openDuckdb({
    memoryBytesMax: 1024 * MEBIBYTE,
    threads: THREADS,
    tempDir: folder,
    tempBytesMax: 4096 * MEBIBYTE,
  });
  try {
    const tidy = join(folder, "tidy.csv");
    const found: Row[] = [];
    for (const misfits of [0, MISFITS]) {
      const path = misfits === 0 ? tidy : join(folder, "untidy.csv");
      await writeStaffingCsv(path, { rows: ROWS, misfits });
      const runs = await inTurns(rounds, {
        house: () => load(house, path, misfits),
        // Bare, it refuses a file with misfits.
        bare: () => copy(db, tidy, join(folder, "bare.parquet")),
      });
      const memory: Memory[] = [];
      while (memory.length < MEMORY_LOADS)
        memory.push(await withPeakMemory(house, () => load(house, path, misfits)));
      found.push(...rowsOf(runs, memory, misfits, statSync(path).size));
    }
    return found;
  } finally {
    db.close();
    await house.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf(
  { house, bare }: { readonly house: readonly number[]; readonly bare: readonly number[] },
  memory: readonly Memory[],
  misfits: number,
  bytes: number,
): Row[] {
  const file = misfits === 0 ? "1 M rows of CSV" : `1 M rows of CSV, ${misfits} of them misfits`;
  const time: Row = {
    name: `${file}, to queryable`,
    unit: "ms",
    subject: spreadOf(house),
    reference: { name: "DuckDB COPY", figure: medianOf(bare) },
    ratio: ratioOf(house, bare, (ms) => ms),
    bar: { of: "ratio", is: "<=", limit: misfits === 0 ? RATIO_MAX : MISFITS_RATIO_MAX },
    figures: { mib: bytes / MEBIBYTE, mib_per_second: bytes / MEBIBYTE / (medianOf(house) / 1000) },
  };
  const resident: Row = {
    name: `${file}, memory`,
    unit: "MiB resident",
    subject: spreadOf(memory.map(({ memoryMib }) => memoryMib)),
    reference: null,
    ratio: null,
    bar: { of: "figure", is: "<=", limit: MEMORY_MIB_MAX },
    figures: { child_memory_mib: medianOf(memory.map(({ childMib }) => childMib)) },
  };
  return [time, resident];
}

/** The most that all processes of the house held at once while `work` went on, and the most that a child of it did. */
async function withPeakMemory(house: HouseProcess, work: () => Promise<unknown>): Promise<Memory> {
  let memoryMib = 0;
  let childMib = 0;
  const look = (): void => {
    const each = house.pids().map((pid) => (memoryOf([pid])?.pssBytes ?? 0) / MEBIBYTE);
    memoryMib = Math.max(
      memoryMib,
      each.reduce((sum, mib) => sum + mib, 0),
    );
    childMib = Math.max(childMib, ...each.slice(1));
  };
  const watch = setInterval(look, MEMORY_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(watch);
  }
  return { memoryMib, childMib };
}

let datasets = 0;

/** Milliseconds. A new dataset each time, because the same file into the same one would change nothing. */
async function load(house: HouseProcess, path: string, misfits: number): Promise<number> {
  datasets += 1;
  const dataset = `staffing_${datasets}`;
  try {
    const started = performance.now();
    const reply = await fetch(`${house.url}/v1/ingest?dataset=${dataset}`, {
      method: "POST",
      headers: { "content-type": "text/csv" },
      body: Bun.file(path),
    });
    const answer = (await reply.json()) as { rows_loaded: number; rows_quarantined: number };
    const told = (await house.call("POST", "/v1/sql", { sql: `SELECT count(*) AS n FROM ${dataset}` })) as {
      rows: { n: number }[];
    };
    const ms = performance.now() - started;
    assert(reply.status === 201, `the file was taken: ${JSON.stringify(answer)}`);
    assert(answer.rows_quarantined === misfits, "misfits are quarantined");
    assert(present(told.rows[0], "a count").n === ROWS - misfits, "every other row is there");
    return ms;
  } finally {
    for (const name of misfits === 0 ? [dataset] : [dataset, `${dataset}$rejects`])
      await house.call("DELETE", `/v1/catalog/datasets/${encodeURIComponent(name)}?purge=true`);
  }
}

async function copy(db: Duckdb, from: string, to: string): Promise<number> {
  const started = performance.now();
  await db.run(
    `COPY (SELECT * FROM read_csv(${quoteLiteral(from)})) TO ${quoteLiteral(to)} (FORMAT parquet)`,
  );
  return performance.now() - started;
}

// SQL through the whole house: what a short question costs on top of DuckDB itself, what others feel while
// somebody's question runs without end, and what memory a long answer takes as a stream.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, type DuckdbStatement, openDuckdb } from "#adapters/duckdb";
import { quoteLiteral } from "#lib/sql-text";
import { assert, present } from "#lib/assert";
import { type LoadRequest, type LoadResult, measure } from "./load/load.ts";
import { memoryOf } from "./load/processes.ts";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const OVERHEAD_MS_MAX = 0.5;
const BESIDE_RATIO_MAX = 2;
const GROWTH_MIB_MAX = 64;
const MEBIBYTE = 1024 ** 2;
/** Of an engine in the house. */
const THREADS = 2;
/** About a millisecond of DuckDB's own work each, without a table and over one. */
const SHORT = "SELECT sum(hash(range)) AS h FROM range(100000)";
const OVER_TABLE = "SELECT sum(pay) AS pay FROM shifts";
const SHIFTS = 100_000;
const ENDLESS = "SELECT count(*) FROM range(1000000000000) a, range(1000) b WHERE a.range % 7 = b.range";
/** Some times what starting one takes. */
const ENGINES_READY_MS = 500;
const LONG_ROWS = 1_000_000;
const LONG = `SELECT range AS id, 'name ' || range AS name, range % 7 AS day FROM range(${LONG_ROWS})`;
const MEMORY_EVERY_MS = 50;

const question = (sql: string): LoadRequest => ({ path: "/v1/sql", body: JSON.stringify({ sql }) });

export const bench: Bench = {
  name: "sql",
  summary: "SQL through the house, against DuckDB in process",
  rows,
};

async function rows({ seconds, rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  const tempDir = mkdtempSync(join(tmpdir(), "lakehouse-bench-sql-"));
  const db = await openDuckdb({
    memoryBytesMax: 512 * MEBIBYTE,
    threads: THREADS,
    tempDir,
    tempBytesMax: 1024 * MEBIBYTE,
  });
  try {
    await fill(house, db, tempDir);
    const asked = async (sql: string): Promise<LoadResult> =>
      sound(
        await measure({
          target: { url: house.url },
          clients: 1,
          seconds,
          bodies: [question(sql)],
          pids: house.pids(),
        }),
      );
    const overhead = async (name: string, sql: string): Promise<Row> => {
      const prepared = await db.prepare(sql);
      const short = await inTurns<"house" | "bare", Asked>(rounds, {
        house: () => asked(sql),
        bare: () => askedBare(prepared, seconds),
      });
      prepared.close();
      return overheadRow(name, short.house, short.bare);
    };
    const short = await overhead("1 ms question, overhead", SHORT);
    const overTable = await overhead("1 ms question over a table, overhead", OVER_TABLE);
    const crowd = await inTurns(rounds, {
      one: () => beside(house, 1, () => asked(SHORT)),
      two: () => beside(house, 2, () => asked(SHORT)),
      alone: () => asked(SHORT),
    });
    const long = await inTurns(rounds, {
      ndjson: () => streamed(house, "application/x-ndjson"),
      arrow: () => streamed(house, "application/vnd.apache.arrow.stream"),
    });
    return [
      short,
      overTable,
      besideRow("1 ms question, p99 beside an endless one", crowd.one, crowd.alone),
      besideRow("1 ms question, p99 beside two endless ones", crowd.two, crowd.alone),
      streamRow("1 M rows streamed as NDJSON", long.ndjson),
      streamRow("1 M rows streamed as Arrow", long.arrow),
    ];
  } finally {
    db.close();
    rmSync(tempDir, { recursive: true, force: true });
    await house.stop();
  }
}

/** The same table in the house and, from the file that the house made of it, in bare DuckDB. */
async function fill(house: HouseProcess, db: Duckdb, folder: string): Promise<void> {
  const lines = Array.from(
    { length: SHIFTS },
    (_, n) => `${n},city ${n % 97},${n % 13},${(n * 7) % 4000}.5\n`,
  );
  await house.call("POST", "/v1/ingest?dataset=shifts", `id,city,hours,pay\n${lines.join("")}`);
  const listed = await house.call("GET", "/v1/storage?prefix=warehouse/shifts/data/");
  const { objects } = listed as { readonly objects: readonly { readonly key: string }[] };
  assert(objects.length === 1, "the table is one file");
  const file = await fetch(`${house.url}/v1/storage/${present(objects[0], "a file").key}`);
  const path = join(folder, "shifts.parquet");
  writeFileSync(path, new Uint8Array(await file.arrayBuffer()));
  await db.run(`CREATE VIEW shifts AS SELECT * FROM read_parquet(${quoteLiteral(path)})`);
}

type Asked = Pick<LoadResult, "p50_ms" | "p99_ms" | "per_second">;

async function askedBare(prepared: DuckdbStatement, seconds: number): Promise<Asked> {
  const took: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const started = performance.now();
    const stream = await prepared.stream();
    while ((await stream.next()) !== null) continue;
    took.push(performance.now() - started);
  }
  const p99_ms = present(took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)], "a question");
  return { p50_ms: medianOf(took), p99_ms, per_second: took.length / seconds };
}

function overheadRow(name: string, house: readonly Asked[], bare: readonly Asked[]): Row {
  return {
    name,
    unit: "ms",
    subject: spreadOf(house.map(({ p50_ms }, round) => p50_ms - present(bare[round], "its pair").p50_ms)),
    reference: { name: "DuckDB in process", figure: medianOf(bare.map(({ p50_ms }) => p50_ms)) },
    ratio: null,
    bar: { of: "figure", is: "<=", limit: OVERHEAD_MS_MAX },
    figures: {
      p50_ms: medianOf(house.map(({ p50_ms }) => p50_ms)),
      p99_ms: medianOf(house.map(({ p99_ms }) => p99_ms)),
      requests_per_second: medianOf(house.map(({ per_second }) => per_second)),
    },
  };
}

function besideRow(name: string, beside: readonly LoadResult[], alone: readonly LoadResult[]): Row {
  return {
    name,
    unit: "ms",
    subject: spreadOf(beside.map(({ p99_ms }) => p99_ms)),
    reference: { name: "alone", figure: medianOf(alone.map(({ p99_ms }) => p99_ms)) },
    ratio: ratioOf(beside, alone, ({ p99_ms }) => p99_ms),
    bar: { of: "ratio", is: "<=", limit: BESIDE_RATIO_MAX },
    figures: {
      p50_ms: medianOf(beside.map(({ p50_ms }) => p50_ms)),
      alone_p50_ms: medianOf(alone.map(({ p50_ms }) => p50_ms)),
    },
  };
}

/** Does `work` while other callers' questions run; they go away afterwards. */
async function beside<T>(house: HouseProcess, endless: number, work: () => Promise<T>): Promise<T> {
  const gone = new AbortController();
  const others = Array.from({ length: endless }, () =>
    fetch(`${house.url}/v1/sql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sql: ENDLESS, timeout_ms: 60_000 }),
      signal: gone.signal,
    }).then(
      () => "answered",
      () => "gone",
    ),
  );
  // Until an engine has been started for each.
  await Bun.sleep(ENGINES_READY_MS);
  try {
    return await work();
  } finally {
    gone.abort();
    assert(
      (await Promise.all(others)).every((end) => end === "gone"),
      "a question without end was not answered",
    );
  }
}

interface Streamed {
  readonly ms: number;
  readonly growthMib: number;
}

function streamRow(name: string, streams: readonly Streamed[]): Row {
  return {
    name,
    unit: "MiB more memory",
    subject: spreadOf(streams.map(({ growthMib }) => growthMib)),
    reference: null,
    ratio: null,
    bar: { of: "figure", is: "<=", limit: GROWTH_MIB_MAX },
    figures: {
      rows_per_second: medianOf(streams.map(({ ms }) => (LONG_ROWS / ms) * 1000)),
      ms: medianOf(streams.map(({ ms }) => ms)),
    },
  };
}

/** Reads the long answer whole; memory is that of all processes of the house, at its highest. */
async function streamed(house: HouseProcess, accept: string): Promise<Streamed> {
  const memoryMib = (): number => present(memoryOf(house.pids()), "memory, from /proc,").pssBytes / MEBIBYTE;
  const before = memoryMib();
  let highest = before;
  const watch = setInterval(() => (highest = Math.max(highest, memoryMib())), MEMORY_EVERY_MS);
  try {
    const started = performance.now();
    const reply = await fetch(`${house.url}/v1/sql`, {
      method: "POST",
      headers: { "content-type": "application/json", accept },
      body: JSON.stringify({ sql: LONG }),
    });
    let bytes = 0;
    for await (const piece of present(reply.body, "a body")) bytes += piece.byteLength;
    // A stream that is cut off fails; each of its rows holds a number of eight bytes at least.
    assert(bytes > LONG_ROWS * 8, `the answer has ${LONG_ROWS} rows`);
    return { ms: performance.now() - started, growthMib: highest - before };
  } finally {
    clearInterval(watch);
  }
}

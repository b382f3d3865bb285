// SQL through the whole house: what a short question costs on top of DuckDB itself, what others feel while
// somebody's question runs without end, and what memory a long answer takes as a stream.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDuckdb } from "#adapters/duckdb";
import { assert, present } from "#lib/assert";
import { type HouseProcess, startHouse } from "./house.ts";
import { type LoadRequest, type LoadResult, measure } from "./load.ts";
import { memoryOf } from "./processes.ts";
import { inTurns, medianOf, ratioOf, spreadOf } from "./rounds.ts";
import type { Bench, Row, Settings } from "./row.ts";
import { sound } from "./sound.ts";

const OVERHEAD_MS_MAX = 0.5;
const BESIDE_RATIO_MAX = 2;
const GROWTH_MIB_MAX = 64;
const MEBIBYTE = 1024 ** 2;
/** Of an engine in the house. */
const THREADS = 2;
/** About a millisecond of DuckDB's own work. */
const SHORT = "SELECT sum(hash(range)) AS h FROM range(100000)";
const ENDLESS = "SELECT count(*) FROM range(1000000000000) a, range(1000) b WHERE a.range % 7 = b.range";
const LONG_ROWS = 1_000_000;
const LONG = `SELECT range AS id, 'name ' || range AS name, range % 7 AS day FROM range(${LONG_ROWS})`;
const MEMORY_EVERY_MS = 50;

const QUESTION: LoadRequest = { path: "/v1/sql", body: JSON.stringify({ sql: SHORT }) };

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
    const prepared = await db.prepare(SHORT);
    const bare = async (): Promise<Pick<LoadResult, "p50_ms" | "p99_ms" | "per_second">> => {
      const took: number[] = [];
      const end = performance.now() + seconds * 1000;
      while (performance.now() < end) {
        const started = performance.now();
        const stream = await prepared.stream();
        while ((await stream.next()) !== null) continue;
        took.push(performance.now() - started);
      }
      const sorted = took.toSorted((a, b) => a - b);
      const p99_ms = present(sorted[Math.floor(sorted.length * 0.99)], "a question");
      return { p50_ms: medianOf(took), p99_ms, per_second: took.length / seconds };
    };
    const asked = async (): Promise<LoadResult> =>
      sound(
        await measure({
          target: { url: house.url },
          clients: 1,
          seconds,
          bodies: [QUESTION],
          pids: house.pids(),
        }),
      );
    const short = await inTurns(rounds, { house: asked, bare });
    const crowd = await inTurns(rounds, { beside: () => beside(house, asked), alone: asked });
    const long = await inTurns(rounds, { house: () => streamed(house) });
    const bareMs = medianOf(short.bare.map(({ p50_ms }) => p50_ms));
    return [
      {
        name: "1 ms question, overhead",
        unit: "ms",
        subject: spreadOf(
          short.house.map(({ p50_ms }, round) => p50_ms - present(short.bare[round], "its pair").p50_ms),
        ),
        reference: { name: "DuckDB in process", figure: bareMs },
        ratio: null,
        bar: { of: "figure", is: "<=", limit: OVERHEAD_MS_MAX },
        figures: {
          p50_ms: medianOf(short.house.map(({ p50_ms }) => p50_ms)),
          p99_ms: medianOf(short.house.map(({ p99_ms }) => p99_ms)),
          requests_per_second: medianOf(short.house.map(({ per_second }) => per_second)),
        },
      },
      {
        name: "1 ms question, p99 beside an endless one",
        unit: "ms",
        subject: spreadOf(crowd.beside.map(({ p99_ms }) => p99_ms)),
        reference: { name: "alone", figure: medianOf(crowd.alone.map(({ p99_ms }) => p99_ms)) },
        ratio: ratioOf(crowd.beside, crowd.alone, ({ p99_ms }) => p99_ms),
        bar: { of: "ratio", is: "<=", limit: BESIDE_RATIO_MAX },
        figures: {
          p50_ms: medianOf(crowd.beside.map(({ p50_ms }) => p50_ms)),
          alone_p50_ms: medianOf(crowd.alone.map(({ p50_ms }) => p50_ms)),
        },
      },
      {
        name: "1 M rows streamed as NDJSON",
        unit: "MiB more memory",
        subject: spreadOf(long.house.map(({ growthMib }) => growthMib)),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: GROWTH_MIB_MAX },
        figures: {
          rows_per_second: medianOf(long.house.map(({ ms }) => (LONG_ROWS / ms) * 1000)),
          ms: medianOf(long.house.map(({ ms }) => ms)),
        },
      },
    ];
  } finally {
    db.close();
    rmSync(tempDir, { recursive: true, force: true });
    await house.stop();
  }
}

/** Does `work` while another caller's question runs; it goes away afterwards. */
async function beside<T>(house: HouseProcess, work: () => Promise<T>): Promise<T> {
  const gone = new AbortController();
  const endless = fetch(`${house.url}/v1/sql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sql: ENDLESS, timeout_ms: 60_000 }),
    signal: gone.signal,
  }).then(
    () => "answered",
    () => "gone",
  );
  try {
    return await work();
  } finally {
    gone.abort();
    assert((await endless) === "gone", "a question without end was not answered");
  }
}

/** Reads the long answer whole; memory is that of all processes of the house, at its highest. */
async function streamed(house: HouseProcess): Promise<{ ms: number; growthMib: number }> {
  const memoryMib = (): number => present(memoryOf(house.pids()), "memory, from /proc,").pssBytes / MEBIBYTE;
  const before = memoryMib();
  let highest = before;
  const watch = setInterval(() => (highest = Math.max(highest, memoryMib())), MEMORY_EVERY_MS);
  try {
    const started = performance.now();
    const reply = await fetch(`${house.url}/v1/sql`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/x-ndjson" },
      body: JSON.stringify({ sql: LONG }),
    });
    let lines = 0;
    for await (const piece of present(reply.body, "a body")) {
      for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) lines += 1;
    }
    assert(lines === LONG_ROWS, `the answer has ${LONG_ROWS} rows`);
    return { ms: performance.now() - started, growthMib: highest - before };
  } finally {
    clearInterval(watch);
  }
}

// 100,000 vectors of 768 numbers in vectord, behind its own HTTP: what searches find and cost, alone, through filters and
// beside writes; how long it takes from a start to the first answer; for how long one turn of its event loop is held while rows
// are written, a graph is built and swapped in, and a snapshot is kept and restored; and what memory it holds.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "#lib/assert";
import { base64OfVector } from "#lib/vector-text";
import { clusters, DIMENSION } from "./data/clusters.ts";
import { type BenchRow, recallAt, settledIndex, upsertBody } from "./data/vector-rows.ts";
import { type LoadResult, measure } from "./load/load.ts";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { callServer as call, type ServerProcess, startServer } from "./servers/server-process.ts";

const ROWS = 100_000;
/** Written when all others are in the graph: enough for the next build to be due. */
const MORE_ROWS = 4_000;
const BATCH_ROWS = 1_000;
const QUESTIONS = 500;
const K = 10;
const CLIENTS = 10;
const RECALL_MIN = 0.97;
/** Shares of the rows that pass, by the number of each. */
const SHARES = [0.05, 0.01, 0.001] as const;
const FILTERED_MS_MAX = 2;
const WRITTEN_ROWS_A_SECOND = 500;
const ROWS_A_WRITE = 50;
/** Of the searches without writes, so much is left beside them. */
const BESIDE_MIN = 0.6;
const HELD_MS_MAX = 20;
const RESTART_MS_MAX = 2_000;
const GIB = 1024 ** 3;
const GIB_A_MILLION_MAX = 2.2e9 / GIB;
const MILLION = 1_000_000;

export const bench: Bench = {
  name: "vector-scale",
  summary: `${ROWS} x ${DIMENSION}: recall, filters, searches beside writes, restart, the event loop, memory`,
  rows,
};

async function rows({ rounds, seconds }: Settings): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-vector-"));
  let server = await start(folder);
  try {
    const idle = memoryOf(server.pid);
    await call(server, "PUT", "/v1/vectors/bench", { dimension: DIMENSION, fields: { n: "number" } });
    const source = clusters(2);
    const write = async (first: number, count: number): Promise<void> => {
      for (let at = first; at < first + count; at += BATCH_ROWS) {
        const batch = Array.from({ length: BATCH_ROWS }, (_, i): BenchRow => ({
          n: at + i,
          vector: source.next(),
        }));
        await call(server, "POST", "/v1/vectors/bench/upsert", upsertBody(batch));
      }
    };
    await write(0, ROWS);
    await settled(server);
    await held(server);
    await write(ROWS, BATCH_ROWS);
    const upsertMs = await held(server);
    await write(ROWS + BATCH_ROWS, MORE_ROWS);
    await settled(server);
    const buildMs = await held(server);
    await search(server, QUESTIONS);
    const written = memoryOf(server.pid);
    const recall = await recallAt(K, questions(), (path, body) => call(server, "POST", path, body));
    const filtered = await inTurns(rounds, {
      [String(SHARES[0])]: () => filteredMs(server, SHARES[0]),
      [String(SHARES[1])]: () => filteredMs(server, SHARES[1]),
      [String(SHARES[2])]: () => filteredMs(server, SHARES[2]),
    });
    const loads = await inTurns(rounds, {
      alone: () => load(server, seconds),
      beside: async () => {
        const writer = startWriter(server);
        const result = await load(server, seconds);
        await writer.stop();
        return result;
      },
    });
    await settled(server);
    await held(server);
    const snapshot = await timed(() => call(server, "POST", "/v1/vectors/bench/snapshot", { name: "one" }));
    const snapshotMs = await held(server);
    const restore = await timed(() => call(server, "POST", "/v1/vectors/bench/restore", { name: "one" }));
    const restoreMs = await held(server);
    const restartMs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await server.stop();
      const startedAt = performance.now();
      server = await start(folder);
      await search(server, 1);
      restartMs.push(performance.now() - startedAt);
    }
    await settled(server);
    await search(server, QUESTIONS);
    const memory = memoryOf(server.pid);
    const perMillion = (bytes: number): number => ((bytes / GIB) * MILLION) / (ROWS + BATCH_ROWS + MORE_ROWS);
    const heldRow = (name: string, ms: number, figures: Row["figures"] = {}): Row => ({
      name: `event loop held: ${name}`,
      unit: "ms",
      subject: spreadOf([ms]),
      reference: null,
      ratio: null,
      bar: { of: "figure", is: "<=", limit: HELD_MS_MAX },
      figures,
    });
    const perSecond = ({ per_second }: LoadResult): number => per_second;
    return [
      {
        name: `recall@${K}`,
        unit: "of 1",
        subject: spreadOf([recall]),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: ">=", limit: RECALL_MIN },
        figures: {},
      },
      ...SHARES.map((share): Row => ({
        name: `${share * 100} % pass a filter, p50 of one client`,
        unit: "ms",
        subject: spreadOf(filtered[String(share)] ?? []),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: FILTERED_MS_MAX },
        figures: {},
      })),
      {
        name: `searches while ${WRITTEN_ROWS_A_SECOND} rows/s are written`,
        unit: "requests/s",
        subject: spreadOf(loads.beside.map(perSecond)),
        reference: { name: "without writes", figure: medianOf(loads.alone.map(perSecond)) },
        ratio: ratioOf(loads.beside, loads.alone, perSecond),
        bar: { of: "ratio", is: ">=", limit: BESIDE_MIN },
        figures: {
          p99_ms: medianOf(loads.beside.map(({ p99_ms }) => p99_ms)),
          reference_p99_ms: medianOf(loads.alone.map(({ p99_ms }) => p99_ms)),
        },
      },
      heldRow(`${BATCH_ROWS} rows written`, upsertMs),
      heldRow("a build and its swap", buildMs),
      heldRow("a named snapshot", snapshotMs, { took_ms: snapshot }),
      heldRow("a restore", restoreMs, { took_ms: restore }),
      {
        name: `restart of ${ROWS} x ${DIMENSION}`,
        unit: "ms",
        subject: spreadOf(restartMs),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: RESTART_MS_MAX },
        figures: {},
      },
      {
        name: "memory of a million rows",
        unit: "GiB",
        subject: spreadOf([perMillion(memory.anonymous - idle.anonymous)]),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: GIB_A_MILLION_MAX },
        figures: {
          mapped_and_touched_gib: perMillion(memory.file - idle.file),
          before_the_restart_gib: perMillion(written.anonymous - idle.anonymous),
        },
      },
    ];
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(folder: string): Promise<ServerProcess> {
  return startServer(import.meta.resolve("./servers/vectord-server.ts"), folder);
}

async function settled(server: ServerProcess): Promise<void> {
  await settledIndex((path) => call(server, "GET", path));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function held(server: ServerProcess): Promise<number> {
  return ((await call(server, "GET", "/held")) as { held_ms: number }).held_ms;
}

async function search(server: ServerProcess, count: number): Promise<void> {
  const source = clusters(3);
  for (let i = 0; i < count; i += 1) {
    await call(server, "POST", "/v1/vectors/bench/search", {
      vector: base64OfVector(source.next()),
      k: 10,
    });
  }
}

function questions(): string[] {
  const source = clusters(3);
  return Array.from({ length: QUESTIONS }, () => base64OfVector(source.next()));
}

/** The middle of what a filtered search takes; each of them has k results. */
async function filteredMs(server: ServerProcess, share: number): Promise<number> {
  const times: number[] = [];
  for (const vector of questions()) {
    const body = { vector, k: K, filter: { n: { lt: ROWS * share } } };
    const startedAt = performance.now();
    const { hits } = (await call(server, "POST", "/v1/vectors/bench/search", body)) as { hits: unknown[] };
    times.push(performance.now() - startedAt);
    assert(hits.length === K, "a filter that k rows pass has k results");
  }
  return medianOf(times);
}

async function load({ url, pid }: ServerProcess, seconds: number): Promise<LoadResult> {
  const path = "/v1/vectors/bench/search";
  const bodies = questions().map((vector) => ({ path, body: JSON.stringify({ vector, k: K }) }));
  return sound(await measure({ target: { url }, clients: CLIENTS, seconds, bodies, pids: [pid] }));
}

let writes = 0;

/** Replaces rows at an even rate, each with a vector it never had. */
function startWriter(server: ServerProcess): { stop(): Promise<void> } {
  const source = clusters(1000 + writes);
  const stopping = new AbortController();
  const startedAt = performance.now();
  const run = (async () => {
    for (let i = 0; !stopping.signal.aborted; i += 1) {
      const batch = Array.from({ length: ROWS_A_WRITE }, () => ({
        n: writes++ % ROWS,
        vector: source.next(),
      }));
      const dueAt = startedAt + (i * 1000 * ROWS_A_WRITE) / WRITTEN_ROWS_A_SECOND;
      await Bun.sleep(Math.max(0, dueAt - performance.now()));
      await call(server, "POST", "/v1/vectors/bench/upsert", upsertBody(batch));
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await run;
    },
  };
}

/**
 * Bytes of a process that are its own, and those of mapped files that it has touched: the second kind the
 * kernel takes back when others need it (Linux, proc(5)).
 */
function memoryOf(pid: number): { readonly anonymous: number; readonly file: number } {
  const text = readFileSync(`/proc/${pid}/status`, "latin1");
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1024;
  return { anonymous: bytes("RssAnon"), file: bytes("RssFile") };
}

// 100,000 vectors of 768 numbers in vectord, behind its own HTTP: how long it takes from a start to the first
// answer, for how long one turn of its event loop is held while rows are written, a graph is built and swapped
// in, and a snapshot is kept and restored, and what memory it holds.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "#lib/assert";
import { base64OfVector } from "#lib/vector-text";
import { clusters, DIMENSION } from "./data/clusters.ts";
import { type BenchRow, settledIndex, upsertBody } from "./data/vector-rows.ts";
import { spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { type ServerProcess, startServer } from "./servers/server-process.ts";

const ROWS = 100_000;
/** Written when all others are in the graph: enough for the next build to be due. */
const MORE_ROWS = 4_000;
const BATCH_ROWS = 1_000;
const QUESTIONS = 500;
const HELD_MS_MAX = 20;
const RESTART_MS_MAX = 2_000;
const GIB = 1024 ** 3;
const GIB_A_MILLION_MAX = 2.2e9 / GIB;
const MILLION = 1_000_000;

export const bench: Bench = {
  name: "vector-scale",
  summary: `${ROWS} x ${DIMENSION}: restart, the event loop, memory`,
  rows,
};

async function rows({ rounds }: Settings): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-vector-"));
  let server = await start(folder);
  try {
    const idle = memoryOf(server.pid);
    await call(server, "PUT", "/v1/vectors/bench", { dimension: DIMENSION, fields: { role: "number" } });
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
    return [
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

async function call(server: ServerProcess, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(server.url + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert(response.ok, `${method} ${path} answers ${response.status}`);
  return response.json();
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

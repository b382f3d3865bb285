// What a search costs as an index grows: the same questions over a thousand, ten thousand, a hundred thousand and a million
// vectors of 128 numbers, over HTTP. The cost of a graph grows with the logarithm of its rows; a scan's would grow with them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "#lib/assert";
import { base64OfVector } from "#lib/vector-text";
import { clusters } from "./data/clusters.ts";
import { type BenchIndex, recallAt, settledIndex, upsertBody } from "./data/vector-rows.ts";
import { type LoadResult, measure } from "./load/load.ts";
import { medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { callServer, startServer } from "./servers/server-process.ts";

const SIZES = [1_000, 10_000, 100_000, 1_000_000] as const;
const DIMENSION = 128;
const BATCH_ROWS = 1_000;
const QUESTIONS = 500;
const K = 10;
/** Of a thousand times the rows: the logarithm's double, and what is read from memory that no cache holds. */
const RATIO_MAX = 10;
/** So few rows are scanned, and never in a graph. */
const SCANNED_MAX = 2_000;
/** The graph of a million takes some ten minutes on two processors. */
const SETTLED_MS_MAX = 3_600_000;

export const bench: Bench = {
  name: "vector-sizes",
  summary: `what a search costs over ${SIZES.map((size) => size.toLocaleString("en")).join(", ")} x ${DIMENSION}`,
  rows,
};

async function rows({ rounds, seconds }: Settings): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-sizes-"));
  const server = await startServer(import.meta.resolve("./servers/vectord-server.ts"), folder);
  const path = "/v1/vectors/bench/search";
  const asked = clusters(3, DIMENSION);
  const questions = Array.from({ length: QUESTIONS }, () => base64OfVector(asked.next()));
  const bodies = questions.map((vector) => ({ path, body: JSON.stringify({ vector, k: K }) }));
  const load = async (): Promise<LoadResult> =>
    sound(await measure({ target: { url: server.url }, clients: 1, seconds, bodies, pids: [server.pid] }));
  const found: Row[] = [];
  let fewest: number[] | undefined;
  try {
    await callServer(server, "PUT", "/v1/vectors/bench", { dimension: DIMENSION, fields: { n: "number" } });
    const source = clusters(2, DIMENSION);
    let written = 0;
    for (const size of SIZES) {
      const startedAt = performance.now();
      for (; written < size; written += BATCH_ROWS) {
        const first = written;
        const batch = Array.from({ length: BATCH_ROWS }, (_, i) => ({ n: first + i, vector: source.next() }));
        await callServer(server, "POST", "/v1/vectors/bench/upsert", upsertBody(batch));
      }
      const read = (from: string): Promise<unknown> => callServer(server, "GET", from);
      const { bytes_memory } =
        size > SCANNED_MAX
          ? await settledIndex(read, SETTLED_MS_MAX)
          : ((await read("/v1/vectors/bench")) as BenchIndex);
      const built_s = (performance.now() - startedAt) / 1000;
      const recall = await recallAt(K, questions, (to, body) => callServer(server, "POST", to, body));
      const loads: LoadResult[] = [];
      for (let round = 0; round < rounds; round += 1) loads.push(await load());
      const cpuUs = loads.map(({ server_cpu_us_per_request: us }) => present(us, "the server's CPU"));
      fewest ??= cpuUs;
      found.push({
        name: `${size.toLocaleString("en")} rows, CPU of a search`,
        unit: "us",
        subject: spreadOf(cpuUs),
        reference: { name: "the fewest rows", figure: medianOf(fewest) },
        ratio: ratioOf(cpuUs, fewest, (us) => us),
        bar: { of: "ratio", is: "<=", limit: RATIO_MAX },
        figures: {
          p50_ms: medianOf(loads.map(({ p50_ms: ms }) => ms)),
          p99_ms: medianOf(loads.map(({ p99_ms: ms }) => ms)),
          recall_at_10: recall,
          memory_mib: bytes_memory / 2 ** 20,
          written_and_built_s: built_s,
        },
      });
    }
    return found;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

// A million vectors of 128 numbers in an index with engine lance, behind its own HTTP: more than the memory that its
// processes may hold while they serve. How fast rows come in, what a search takes beside Lance itself on the same table,
// and what memory all processes have, upkeep by itself because it ends.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@lancedb/lancedb";
import { assert } from "#lib/assert";
import { base64OfVector } from "#lib/vector-text";
import { clusters } from "./data/clusters.ts";
import { upsertBody } from "./data/vector-rows.ts";
import { spreadOf } from "./report/rounds.ts";
import type { Bench, Row } from "./report/row.ts";
import { callServer as call, type ServerProcess, startServer } from "./servers/server-process.ts";

const ROWS = 1_000_000;
const DIMENSION = 128;
const BATCH_ROWS = 1_000;
const QUESTIONS = 300;
/** The vectors alone, as they are searched: an index in memory has them and a graph, and the metadata of each row. */
const CAP_BYTES = ROWS * DIMENSION * 4;
const MIB = 1024 * 1024;
const ROWS_A_SECOND_MIN = 2_000;
/** Over HTTP, with a process between. */
const RATIO_MAX = 2;
const BUILT_MS_MAX = 3_600_000;
const POLL_MS = 250;

export const bench: Bench = {
  name: "vector-lance",
  summary: `${ROWS} x ${DIMENSION} in a Lance table`,
  rows,
};

interface Described {
  readonly count: number;
  readonly pending: number;
  readonly building: boolean;
  readonly bytes_disk: number;
}

async function rows(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-lance-"));
  const server = await startServer(import.meta.resolve("./servers/vectord-server.ts"), folder);
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    await call(server, "PUT", "/v1/vectors/bench", {
      dimension: DIMENSION,
      engine: "lance",
      fields: { role: "number" },
    });
    const idle = memoryOf(server.pid).served;
    let [served, upkeep, held] = [0, 0, 0];
    const look = (): void => {
      const now = memoryOf(server.pid);
      served = Math.max(served, now.served);
      upkeep = Math.max(upkeep, now.upkeep);
    };
    timer = setInterval(look, POLL_MS);
    await call(server, "GET", "/held");
    const source = clusters(2, DIMENSION);
    const startedAt = performance.now();
    for (let at = 0; at < ROWS; at += BATCH_ROWS) {
      const batch = Array.from({ length: BATCH_ROWS }, (_, i) => ({ n: at + i, vector: source.next() }));
      await call(server, "POST", "/v1/vectors/bench/upsert", upsertBody(batch));
    }
    const loadS = (performance.now() - startedAt) / 1000;
    const flatMs = await searches(server, 20);
    const { bytes_disk } = await built(server);
    const buildS = (performance.now() - startedAt) / 1000 - loadS;
    ({ held_ms: held } = (await call(server, "GET", "/held")) as { held_ms: number });
    served = 0;
    const ownMs = await searches(server, QUESTIONS);
    const filteredMs = await searches(server, 50, { role: 3 });
    look();
    const { recall } = (await call(server, "POST", "/v1/vectors/bench/recall", { sample: 50, k: 10 })) as {
      recall: number;
    };
    const bareMs = await bare(join(folder, "vectors", "bench", "lance"));
    const row = (name: string, unit: string, value: number, rest: Pick<Row, "bar"> & Partial<Row>): Row => ({
      name,
      unit,
      subject: spreadOf([value]),
      reference: null,
      ratio: null,
      figures: {},
      ...rest,
    });
    const own = percentile(ownMs, 0.5);
    const reference = percentile(bareMs, 0.5);
    return [
      row("rows written a second, durable", "rows/s", ROWS / loadS, {
        bar: { of: "figure", is: ">=", limit: ROWS_A_SECOND_MIN },
        figures: { until_indexed_s: buildS },
      }),
      row("a search of ten, p50", "ms", own, {
        reference: { name: "lancedb in process, same table", figure: reference },
        ratio: spreadOf([own / reference]),
        bar: { of: "ratio", is: "<=", limit: RATIO_MAX },
        figures: {
          p99_ms: percentile(ownMs, 0.99),
          filtered_5_percent_p50_ms: percentile(filteredMs, 0.5),
          before_the_index_p50_ms: percentile(flatMs, 0.5),
          recall_at_10: recall,
        },
      }),
      row("memory while serving", "MiB", (served - idle) / MIB, {
        bar: { of: "figure", is: "<=", limit: CAP_BYTES / MIB },
        figures: { upkeep_mib: upkeep / MIB, disk_mib: bytes_disk / MIB },
      }),
      row("event loop held, loading and building", "ms", held, {
        bar: { of: "figure", is: "<=", limit: 20 },
      }),
    ];
  } finally {
    clearInterval(timer);
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function built(server: ServerProcess): Promise<Described> {
  const giveUpAt = Date.now() + BUILT_MS_MAX;
  for (;;) {
    const index = (await call(server, "GET", "/v1/vectors/bench")) as Described;
    if (!index.building) return index;
    assert(Date.now() < giveUpAt, "the index is built within an hour");
    await Bun.sleep(POLL_MS);
  }
}

async function searches(server: ServerProcess, count: number, filter?: object): Promise<number[]> {
  const source = clusters(3, DIMENSION);
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const body = {
      vector: base64OfVector(source.next()),
      k: 10,
      ...(filter === undefined ? {} : { filter }),
    };
    const startedAt = performance.now();
    await call(server, "POST", "/v1/vectors/bench/search", body);
    times.push(performance.now() - startedAt);
  }
  return times;
}

async function bare(uri: string): Promise<number[]> {
  const table = await (await connect(uri)).openTable("t");
  const source = clusters(3, DIMENSION);
  const times: number[] = [];
  for (let i = 0; i < QUESTIONS; i += 1) {
    const startedAt = performance.now();
    await table
      .query()
      .nearestTo(source.next())
      .distanceType("cosine")
      .limit(10)
      .refineFactor(3)
      .select(["id", "metadata", "_distance"])
      .toArrow();
    times.push(performance.now() - startedAt);
  }
  return times;
}

function percentile(times: readonly number[], share: number): number {
  return [...times].sort((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? 0;
}

/** Anonymous memory of the service and the process that holds its tables, and that of the one for upkeep (Linux, proc(5)). */
function memoryOf(pid: number): { readonly served: number; readonly upkeep: number } {
  let [served, upkeep] = [anonymous(pid), 0];
  for (const child of childrenOf(pid)) {
    const background = readText(`/proc/${child}/cmdline`).includes('"background":true');
    if (background) upkeep += anonymous(child);
    else served += anonymous(child);
  }
  return { served, upkeep };
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readText(`/proc/${pid}/task/${task}/children`).split(" ").filter(Boolean).map(Number),
  );
}

function anonymous(pid: number): number {
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Empty when the process is gone. */
function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

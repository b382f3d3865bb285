// Vector search over HTTP, through the whole house with its log on: 20,000 vectors of 768 numbers, ten clients,
// against usearch behind Bun.serve. Recall is measured against reading all vectors, in this process and by code
// of its own, so that a fast but wrong reply shows. `vector-scale.bench.ts` has 100,000.

import { assert, present } from "#lib/assert";
import { base64OfVector } from "#lib/vector-text";
import { clusters, DIMENSION, nearestTo } from "./data/clusters.ts";
import { settledIndex, upsertBody } from "./data/vector-rows.ts";
import { type LoadRequest, type LoadResult, measure } from "./load/load.ts";
import { throughputRow } from "./report/figures.ts";
import { inTurns, medianOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";
import { startServer } from "./servers/server-process.ts";

const CLIENTS = 10;
const ROWS = 20_000;
const BATCH_ROWS = 500;
const K = 10;
/** More than a house keeps ready: each question is new to it when it comes round again. */
const QUESTIONS = 500;
const QUESTIONS_SCORED = 100;
const ROWS_SEED = 2;
const QUESTIONS_SEED = 3;
/** One role of twenty: 5 % of the rows. */
const FILTER = { role: 3 };
const QUIET_MS = 4000;
const WRITTEN_ROWS_PER_SECOND = 500;
const WRITES_PER_SECOND = 10;

export const bench: Bench = {
  name: "vector",
  summary: `search over ${ROWS} x ${DIMENSION} through the house, ${CLIENTS} clients, against usearch behind Bun.serve`,
  rows,
};

interface BenchQuery {
  readonly vector: Float32Array;
  readonly text: string;
}

async function rows({ seconds, rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  const bare = await startServer(
    import.meta.resolve("./servers/bare-vector.ts"),
    String(ROWS_SEED),
    String(ROWS),
  );
  try {
    const matrix = await fill(house);
    const source = clusters(QUESTIONS_SEED);
    const questions = Array.from({ length: QUESTIONS }, (): BenchQuery => {
      const vector = source.next();
      return { vector, text: base64OfVector(vector) };
    });
    const pids = house.pids();
    const load = async (bodies: readonly object[], clients = CLIENTS): Promise<LoadResult> => {
      const path = "/v1/vectors/bench/search";
      return sound(
        await measure({ target: { url: house.url }, clients, seconds, bodies: sent(path, bodies), pids }),
      );
    };
    const loadBare = async (bodies: readonly object[]): Promise<LoadResult> =>
      sound(
        await measure({
          target: { url: bare.url },
          clients: CLIENTS,
          seconds,
          bodies: sent("/search", bodies),
          pids: [bare.pid],
        }),
      );
    const short = questions.map(({ text }) => ({ vector: text, k: K }));
    const numbers = questions.map(({ vector }) => ({ vector: [...vector], k: K }));
    const filtered = short.map((body) => ({ ...body, filter: FILTER }));
    // Its first query waits until the bare graph is built.
    await (await fetch(`${bare.url}/search`, { method: "POST", body: JSON.stringify(short[0]) })).text();
    const recall = await recallOf(house, matrix, questions);
    const written: Written[] = [];
    const results = await inTurns(rounds, {
      short: () => load(short),
      shortBare: () => loadBare(short),
      numbers: () => load(numbers),
      numbersBare: () => loadBare(numbers),
      filtered: () => load(filtered, 1),
    });
    // By itself: what writes leave to be built goes on for seconds after them.
    const busy = await inTurns(rounds, {
      writing: async () => {
        const writer = startWriter(house);
        const result = await load(short);
        written.push(await writer.stop());
        return result;
      },
      bare: () => loadBare(short),
    });
    const recallAfter = await recallOf(house, await stored(house, matrix), questions);
    const name = `${ROWS} x ${DIMENSION}`;
    const referenceName = "Bun.serve + usearch, i8, no log";
    const searched = throughputRow({
      name,
      subject: results.short,
      reference: results.shortBare,
      referenceName,
      bar: { of: "figure", is: ">=", limit: 1500 },
    });
    const whileWriting = throughputRow({
      name: `${name}, while ${WRITTEN_ROWS_PER_SECOND} rows/s are written`,
      subject: busy.writing,
      reference: busy.bare,
      referenceName,
      bar: { of: "figure", is: ">=", limit: 1000 },
    });
    return [
      searched,
      throughputRow({
        name: `${name}, vectors as JSON numbers`,
        subject: results.numbers,
        reference: results.numbersBare,
        referenceName,
        bar: { of: "figure", is: ">=", limit: 1000 },
      }),
      {
        ...whileWriting,
        figures: {
          ...whileWriting.figures,
          rows_written_per_second: medianOf(written.map(({ rowsPerSecond }) => rowsPerSecond)),
          write_p99_ms: medianOf(written.map(({ p99Ms }) => p99Ms)),
        },
      },
      {
        name: `${name}, 5 % pass a filter, p50 of one client`,
        unit: "ms",
        subject: spreadOf(results.filtered.map(({ p50_ms }) => p50_ms)),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: 1.5 },
        figures: { p99_ms: medianOf(results.filtered.map(({ p99_ms }) => p99_ms)) },
      },
      {
        name: `recall@${K}`,
        unit: "of 1",
        subject: spreadOf([recall, recallAfter]),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: ">=", limit: 0.99 },
        figures: { before_writes: recall, after_writes: recallAfter },
      },
    ];
  } finally {
    await house.stop();
    await bare.stop();
  }
}

function sent(path: string, bodies: readonly object[]): LoadRequest[] {
  return bodies.map((body) => ({ path, body: JSON.stringify(body) }));
}

/** Stores the rows; resolves with their vectors once the graph has them. */
async function fill(house: HouseProcess): Promise<Float32Array> {
  const matrix = new Float32Array(ROWS * DIMENSION);
  await house.call("PUT", "/v1/vectors/bench", { dimension: DIMENSION, fields: { role: "number" } });
  const source = clusters(ROWS_SEED);
  for (let first = 0; first < ROWS; first += BATCH_ROWS) {
    const batch = Array.from({ length: BATCH_ROWS }, (_, i) => ({ n: first + i, vector: source.next() }));
    for (const { n, vector } of batch) matrix.set(vector, n * DIMENSION);
    await house.call("POST", "/v1/vectors/bench/upsert", upsertBody(batch));
  }
  await settledIndex((path) => house.call("GET", path));
  // What came last is in a second graph until no more comes.
  await Bun.sleep(QUIET_MS);
  await settledIndex((path) => house.call("GET", path));
  return matrix;
}

/** What the house holds after the writes, read back from it. */
async function stored(house: HouseProcess, before: Float32Array): Promise<Float32Array> {
  const matrix = before.slice();
  for (let first = 0; first < ROWS; first += BATCH_ROWS) {
    const ids = Array.from({ length: BATCH_ROWS }, (_, i) => `row-${first + i}`);
    const { items } = (await house.call("POST", "/v1/vectors/bench/fetch", { ids })) as {
      items: { id: string; vector: string }[];
    };
    assert(items.length === ids.length, "every row is still there");
    for (const { id, vector } of items) {
      const bytes = Uint8Array.from(Buffer.from(vector, "base64"));
      matrix.set(new Float32Array(bytes.buffer), Number(id.slice("row-".length)) * DIMENSION);
    }
  }
  return matrix;
}

/** The share of the true nearest that the house finds. */
async function recallOf(
  house: HouseProcess,
  matrix: Float32Array,
  questions: readonly BenchQuery[],
): Promise<number> {
  let found = 0;
  for (const { vector, text } of questions.slice(0, QUESTIONS_SCORED)) {
    const truth = new Set(nearestTo(matrix, vector, K).map((row) => `row-${row}`));
    const { hits } = (await house.call("POST", "/v1/vectors/bench/search", { vector: text, k: K })) as {
      hits: { id: string }[];
    };
    found += hits.filter(({ id }) => truth.has(id)).length;
  }
  return found / (K * Math.min(QUESTIONS_SCORED, questions.length));
}

interface Written {
  readonly rowsPerSecond: number;
  readonly p99Ms: number;
}

let writes = 0;

/** Replaces rows at an even rate, each with a vector it never had. */
function startWriter(house: HouseProcess): { stop(): Promise<Written> } {
  const source = clusters(1000 + writes);
  const took: number[] = [];
  const startedAt = performance.now();
  const perWrite = WRITTEN_ROWS_PER_SECOND / WRITES_PER_SECOND;
  const stopping = new AbortController();
  const run = (async () => {
    for (let i = 0; !stopping.signal.aborted; i += 1) {
      const batch = Array.from({ length: perWrite }, () => ({ n: writes++ % ROWS, vector: source.next() }));
      const body = upsertBody(batch);
      await Bun.sleep(Math.max(0, startedAt + (i * 1000) / WRITES_PER_SECOND - performance.now()));
      const sentAt = performance.now();
      await house.call("POST", "/v1/vectors/bench/upsert", body);
      took.push(performance.now() - sentAt);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      const seconds = (performance.now() - startedAt) / 1000;
      const rowsPerSecond = (took.length * perWrite) / seconds;
      await run;
      const p99Ms = present(took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)], "a write");
      return { rowsPerSecond, p99Ms };
    },
  };
}

// Searching workers as coordinators do, through the whole house: reading the role, ranking, explaining itself
// in its answer, against a bare handler that looks a vector up, searches it with usearch and answers JSON of
// the same shape. Once with the house in one process and once with each service in its own.

import { present } from "#lib/assert";
import { csvOf, QUERIES, roster, TEMPLATE, textOf } from "./data/roster.ts";
import { type LoadRequest, type LoadResult, measure } from "./load/load.ts";
import { tailRow, throughputRow } from "./report/figures.ts";
import { inTurns } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import type { Searchable } from "./servers/bare-search.ts";
import { handedFile } from "./servers/handed-file.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";
import { startServer } from "./servers/server-process.ts";

const CLIENTS = 10;
const WORKERS = 200;
const K = 10;
/** A corpus of this size is built in less than a second. */
const BUILD_MS_MAX = 30_000;
const BUILD_POLL_MS = 50;

const REQUESTS: readonly LoadRequest[] = QUERIES.map((query) => ({
  path: "/v1/matrix/search",
  body: JSON.stringify({ query_text: query, corpora: ["workers"], k: K }),
}));

export const bench: Bench = {
  name: "matrix",
  summary: `search over ${WORKERS} workers, ${CLIENTS} clients, against usearch behind Bun.serve`,
  rows,
};

async function rows({ seconds, rounds }: Settings): Promise<Row[]> {
  const running: { stop(): Promise<void> }[] = [];
  const started = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const one = await starting;
    running.push(one);
    return one;
  };
  const load = async (url: string, pids: readonly number[]): Promise<LoadResult> =>
    sound(await measure({ target: { url }, clients: CLIENTS, seconds, bodies: REQUESTS, pids }));
  try {
    const together = await started(startHouse({ apart: false }));
    const apart = await started(startHouse({ apart: true }));
    for (const house of [together, apart]) await fill(house);
    const file = handedFile(await searchable(together));
    const bare = await started(startServer(import.meta.resolve("./servers/bare-search.ts"), file.path));
    file.remove();
    const results = await inTurns(rounds, {
      together: () => load(together.url, together.pids()),
      apart: () => load(apart.url, apart.pids()),
      bare: () => load(bare.url, [bare.pid]),
    });
    return [
      ...rowsOf("together", results.together, results.bare, 0.55, 5),
      ...rowsOf("apart", results.apart, results.bare, 0.25, 8),
    ];
  } finally {
    for (const one of running) await one.stop();
  }
}

function rowsOf(
  name: string,
  subject: readonly LoadResult[],
  reference: readonly LoadResult[],
  ratioMin: number,
  p99MsMax: number,
): Row[] {
  const compared = { subject, reference, referenceName: "Bun.serve + usearch" };
  return [
    throughputRow({ ...compared, name, bar: { of: "ratio", is: ">=", limit: ratioMin } }),
    tailRow({ ...compared, name: `${name}, p99`, bar: { of: "figure", is: "<=", limit: p99MsMax } }),
  ];
}

async function fill(house: HouseProcess): Promise<void> {
  await house.call("POST", "/v1/ingest?dataset=workers", csvOf(roster(WORKERS)));
  await house.call("PUT", "/v1/matrix/corpora/workers", {
    dataset: "workers",
    id: "worker_id",
    text: TEMPLATE,
    fields: { role: "keyword", city: "keyword", state: "keyword", reliability: "number" },
  });
  const giveUpAt = Date.now() + BUILD_MS_MAX;
  for (;;) {
    const corpus = (await house.call("GET", "/v1/matrix/corpora/workers")) as { status: string };
    if (corpus.status === "ready") return;
    if (corpus.status === "failed" || Date.now() > giveUpAt)
      throw new Error(`The corpus was not built: ${JSON.stringify(corpus)}`);
    await Bun.sleep(BUILD_POLL_MS);
  }
}

/** What the bare handler needs to answer as the house does: its own vectors and the parts of its own answers. */
async function searchable(house: HouseProcess): Promise<Searchable> {
  const workers = roster(WORKERS);
  const rowVectors = await embed(house, workers.map(textOf));
  const queryVectors = await embed(house, QUERIES);
  const queries: Record<string, Searchable["queries"][string]> = {};
  for (const [index, query] of QUERIES.entries()) {
    const answer = await house.call("POST", "/v1/matrix/search", {
      query_text: query,
      corpora: ["workers"],
      k: K,
    });
    queries[query] = { vector: present(queryVectors[index], "a vector"), answer: answer as object };
  }
  return {
    dimension: present(rowVectors[0], "a vector").length,
    rows: workers.map(({ worker_id, role, city, state, reliability }, index) => ({
      vector: present(rowVectors[index], "a vector"),
      hit: {
        id: worker_id,
        corpus: "workers",
        cite: `workers@1#${worker_id}`,
        metadata: { role, city, state, reliability },
      },
    })),
    queries,
  };
}

async function embed(house: HouseProcess, texts: readonly string[]): Promise<number[][]> {
  return ((await house.call("POST", "/v1/embed", { texts })) as { vectors: number[][] }).vectors;
}

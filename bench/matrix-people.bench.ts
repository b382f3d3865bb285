// Searching a hundred thousand workers through the whole house: questions that coordinators ask again and again, questions that
// are new each time, a filter that most people pass, and the same beside a hundred thousand playbooks, which are imported in
// bulk as a house that changes systems would. What vectors find and cost by themselves is `vector-scale.bench.ts`.

import { generateOrders, generateWorkers } from "#cli/demo/sample/sample";
import { assert } from "#lib/assert";
import { loadPeople } from "./data/people.ts";
import { type LoadResult, measure } from "./load/load.ts";
import { medianOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const WORKERS = 100_000;
const PLAYBOOKS = 100_000;
const CLIENTS = 10;
const K = 10;
/** More than are asked in the same second, and few enough to be kept. */
const ASKED_AGAIN = 24;
/** More than a round asks. */
const NEW_A_ROUND = 4_000;
const ACTORS = 40;
const IMPORT_LINES = 5_000;
const PER_SECOND_MIN = 1_500;
const RATE = { of: "figure", is: ">=", limit: PER_SECOND_MIN } as const;
const P99_MS_MAX = 15;
const FILTERED_MS_MAX = 2;
const IMPORTED_A_SECOND_MIN = 200;
const SETTLED_MS_MAX = 600_000;
const POLL_MS = 500;

export const bench: Bench = {
  name: "matrix-people",
  summary: `search over ${WORKERS} workers, ${CLIENTS} clients, also beside ${PLAYBOOKS} playbooks`,
  rows,
};

async function rows({ seconds, rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  try {
    await loadPeople(house, WORKERS);
    await settled(house);
    const asked = questions(house, seconds, rounds);
    const without = await asked();
    const startedAt = performance.now();
    await importPlaybooks(house);
    const importS = (performance.now() - startedAt) / 1000;
    await settled(house);
    const beside = await asked();
    return [
      throughput("asked again", without.again, RATE),
      tail("asked again, p99", without.again),
      throughput("new questions", without.fresh, RATE),
      filtered("new questions, most people pass a filter, p50 of one client", without.filtered),
      {
        name: `${PLAYBOOKS} playbooks imported in bulk`,
        unit: "records/s",
        subject: spreadOf([PLAYBOOKS / importS]),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: ">=", limit: IMPORTED_A_SECOND_MIN },
        figures: {},
      },
      against(
        throughput(`asked again, beside ${PLAYBOOKS} playbooks`, beside.again, RATE),
        without.again,
        ({ per_second }) => per_second,
      ),
      against(
        tail(`asked again, beside ${PLAYBOOKS} playbooks, p99`, beside.again),
        without.again,
        ({ p99_ms }) => p99_ms,
      ),
      against(
        throughput(`new questions, beside ${PLAYBOOKS} playbooks`, beside.fresh, RATE),
        without.fresh,
        ({ per_second }) => per_second,
      ),
    ];
  } finally {
    await house.stop();
  }
}

interface Asked {
  readonly again: readonly LoadResult[];
  readonly fresh: readonly LoadResult[];
  readonly filtered: readonly LoadResult[];
}

/** Asks in all ways, whenever it is called; no question that is new was asked before. */
function questions(house: HouseProcess, seconds: number, rounds: number): () => Promise<Asked> {
  const orders = generateOrders({ seed: 12, count: 1_000_000, today: today() });
  const next = (count: number): string[] =>
    Array.from({ length: count }, () => {
      const { done, value } = orders.next();
      assert(done !== true, "there are more orders than anybody asks");
      return `Need ${value.headcount} ${value.role} in ${value.city}, ${value.state}`;
    });
  const again = next(ASKED_AGAIN);
  const load = async (texts: readonly string[], clients: number, rest: object = {}): Promise<LoadResult> => {
    const path = "/v1/matrix/search";
    const bodies = texts.map((query_text) => ({
      path,
      body: JSON.stringify({ query_text, corpora: ["workers"], k: K, ...rest }),
    }));
    return sound(await measure({ target: { url: house.url }, clients, seconds, bodies, pids: house.pids() }));
  };
  const several = async (run: () => Promise<LoadResult>): Promise<LoadResult[]> => {
    await run();
    const results: LoadResult[] = [];
    for (let round = 0; round < rounds; round += 1) results.push(await run());
    return results;
  };
  return async () => ({
    again: await several(() => load(again, CLIENTS)),
    fresh: await several(() => load(next(NEW_A_ROUND), CLIENTS)),
    filtered: await several(() => load(next(NEW_A_ROUND), 1, { filter: { status: "active" } })),
  });
}

/** Orders that were filled: somebody of the role for each, recorded by a few dozen coordinators. */
async function importPlaybooks(house: HouseProcess): Promise<void> {
  const byRole = new Map<string, string[]>();
  for (const { role, worker_id } of generateWorkers({ seed: 11, count: WORKERS, today: today() }))
    byRole.getOrInsert(role, []).push(worker_id);
  const orders = [...generateOrders({ seed: 13, count: PLAYBOOKS, today: today() })];
  for (let from = 0; from < orders.length; from += IMPORT_LINES) {
    const lines = orders.slice(from, from + IMPORT_LINES).map(({ headcount, role, city, state }, at) => {
      const people = byRole.get(role) ?? ["w-1"];
      return JSON.stringify({
        query_text: `${headcount} x ${role}, ${city} ${state}, order ${from + at}`,
        answer_id: people[(from + at) % people.length],
        score: 0.5 + ((from + at) % 50) / 100,
        actor: `coordinator-${(from + at) % ACTORS}`,
      });
    });
    const path = "/v1/matrix/playbooks/import?corpus=workers";
    const { imported } = (await house.call("POST", path, lines.join("\n"))) as { imported: number };
    if (imported !== lines.length) throw new Error(`${imported} of ${lines.length} playbooks were imported.`);
  }
}

/** Waits until every index has its graph, and no row is new. */
async function settled(house: HouseProcess): Promise<void> {
  const giveUpAt = Date.now() + SETTLED_MS_MAX;
  for (;;) {
    const { indexes } = (await house.call("GET", "/v1/vectors")) as {
      indexes: { pending: number; building: boolean }[];
    };
    if (indexes.every(({ pending, building }) => !building && pending < 1_000)) return;
    if (Date.now() > giveUpAt) throw new Error(`The graphs are not finished: ${JSON.stringify(indexes)}`);
    await Bun.sleep(POLL_MS);
  }
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function throughput(name: string, results: readonly LoadResult[], bar: Row["bar"]): Row {
  return row(name, "requests/s", results, ({ per_second }) => per_second, bar);
}

function tail(name: string, results: readonly LoadResult[]): Row {
  return row(name, "ms", results, ({ p99_ms }) => p99_ms, { of: "figure", is: "<=", limit: P99_MS_MAX });
}

function filtered(name: string, results: readonly LoadResult[]): Row {
  return row(name, "ms", results, ({ p50_ms }) => p50_ms, { of: "figure", is: "<=", limit: FILTERED_MS_MAX });
}

function row(
  name: string,
  unit: string,
  results: readonly LoadResult[],
  figure: (of: LoadResult) => number,
  bar: Row["bar"],
): Row {
  return {
    name,
    unit,
    subject: spreadOf(results.map(figure)),
    reference: null,
    ratio: null,
    bar,
    figures: {
      p50_ms: medianOf(results.map(({ p50_ms }) => p50_ms)),
      p99_ms: medianOf(results.map(({ p99_ms }) => p99_ms)),
      cpu_us_per_request: medianOf(results.map((result) => result.server_cpu_us_per_request ?? 0)),
    },
  };
}

/** Beside what the same took before: not by turns, since playbooks stay once they are there. */
function against(subject: Row, before: readonly LoadResult[], figure: (of: LoadResult) => number): Row {
  const reference = medianOf(before.map(figure));
  const { median, low, high } = subject.subject;
  return {
    ...subject,
    reference: { name: "without playbooks", figure: reference },
    ratio: { median: median / reference, low: low / reference, high: high / reference },
  };
}

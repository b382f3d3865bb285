// What the benches of vectors send and wait for alike: rows as the service takes them, and an index at rest.

import { base64OfVector } from "#lib/vector-text";

/** Ten times what a build of 100,000 takes. */
const SETTLED_MS_MAX = 600_000;
const POLL_MS = 100;

export interface BenchRow {
  readonly n: number;
  readonly vector: Float32Array;
}

export function upsertBody(rows: readonly BenchRow[]): object {
  return {
    items: rows.map(({ n, vector }) => ({
      id: `row-${n}`,
      vector: base64OfVector(vector),
      metadata: { n, role: n % 20 },
    })),
  };
}

export interface BenchIndex {
  readonly count: number;
  readonly pending: number;
  readonly building: boolean;
  readonly bytes_memory: number;
}

/** Waits until the graph holds every row; `read` is a GET. */
export async function settledIndex(
  read: (path: string) => Promise<unknown>,
  msMax = SETTLED_MS_MAX,
): Promise<BenchIndex> {
  const giveUpAt = Date.now() + msMax;
  for (;;) {
    const index = (await read("/v1/vectors/bench")) as BenchIndex;
    if (index.pending === 0 && !index.building) return index;
    if (Date.now() > giveUpAt) throw new Error(`The graph is not finished: ${JSON.stringify(index)}`);
    await Bun.sleep(POLL_MS);
  }
}

const QUESTIONS_SCORED = 100;
/** Distances of one pair of vectors agree to more digits than this. */
const TOLERANCE = 1e-9;

/** The share of the true nearest k that searches find, by distance; `post` is a POST. */
export async function recallAt(
  k: number,
  questions: readonly string[],
  post: (path: string, body: object) => Promise<unknown>,
): Promise<number> {
  const ask = async (vector: string, exact: boolean): Promise<number[]> => {
    const { hits } = (await post("/v1/vectors/bench/search", { vector, k, exact })) as {
      hits: { distance: number }[];
    };
    return hits.map(({ distance }) => distance);
  };
  let right = 0;
  const scored = questions.slice(0, QUESTIONS_SCORED);
  for (const vector of scored) {
    const furthest = ((await ask(vector, true)).at(-1) ?? 0) + TOLERANCE;
    right += (await ask(vector, false)).filter((distance) => distance <= furthest).length;
  }
  return right / (k * scored.length);
}

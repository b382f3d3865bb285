// A search without a house: usearch behind Bun.serve, vectors of known queries at hand, the same JSON as an
// answer. It parses, searches and replies; it checks nothing, ranks nothing and has no other operation.

import { Index, MetricKind, ScalarKind } from "usearch";
import { present } from "#lib/assert";
import { reportPort } from "./server-process.ts";

/** What the server is handed: for each row its vector and what a hit says of it, for each query text its vector. */
export interface Searchable {
  readonly dimension: number;
  readonly rows: readonly { readonly vector: readonly number[]; readonly hit: object }[];
  readonly queries: Readonly<Record<string, { readonly vector: readonly number[]; readonly answer: object }>>;
}

const handed = (await Bun.file(present(process.argv[2], "the file")).json()) as Searchable;
const index = new Index({
  dimensions: handed.dimension,
  metric: MetricKind.Cos,
  quantization: ScalarKind.F32,
  connectivity: 16,
  expansion_add: 128,
  expansion_search: 64,
  multi: false,
});
for (const [key, { vector }] of handed.rows.entries()) index.add(BigInt(key), Float32Array.from(vector), 1);
const queries = new Map(
  Object.entries(handed.queries).map(([text, { vector, answer }]) => [
    text,
    { vector: Float32Array.from(vector), answer },
  ]),
);
const headers = { "content-type": "application/json" };

function search(text: string, k: number): object {
  const { vector, answer } = present(queries.get(text), "a known query");
  const { keys, distances } = index.search(vector, k, 1);
  const hits = Array.from(distances, (distance, rank) => ({
    rank,
    base_rank: rank,
    distance,
    distance_raw: distance,
    score: 1 - distance,
    ...handed.rows[Number(keys[rank])]?.hit,
  }));
  return { ...answer, hits };
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  routes: {
    "/v1/matrix/search": {
      POST: async (request) => {
        const { query_text, k } = (await request.json()) as { query_text: string; k: number };
        return new Response(JSON.stringify(search(query_text, k)), { headers });
      },
    },
  },
  fetch: () => new Response(null, { status: 404 }),
});
reportPort(server.port);

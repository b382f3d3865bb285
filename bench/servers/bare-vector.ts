// A vector search without a service: usearch behind Bun.serve over the same rows, with the same JSON in and out.
// Its graph is of the same kind (i8, M 16), and it gives the graph's own distances: nothing is scored again,
// filtered, logged or checked.

import { Index, MetricKind, ScalarKind } from "usearch";
import { present } from "#lib/assert";
import { clusters, DIMENSION } from "../data/clusters.ts";
import { reportPort } from "./server-process.ts";

const [, , seed, count] = process.argv;
const rows = Number(present(count, "how many rows"));
const index = new Index({
  dimensions: DIMENSION,
  metric: MetricKind.Cos,
  quantization: ScalarKind.I8,
  connectivity: 16,
  expansion_add: 128,
  expansion_search: 64,
  multi: false,
});

interface Question {
  readonly vector: string | readonly number[];
  readonly k: number;
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  routes: {
    "/search": {
      POST: async (request) => {
        const { vector, k } = (await request.json()) as Question;
        const bytes = typeof vector === "string" ? Buffer.from(vector, "base64") : null;
        const query =
          bytes === null
            ? Float32Array.from(vector as readonly number[])
            : new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
        const { keys, distances } = index.search(query, k, 1);
        const hits = Array.from(distances, (distance, rank) => {
          const row = Number(keys[rank]);
          return { rank, id: `row-${row}`, distance, metadata: { n: row, role: row % 20 } };
        });
        return Response.json({ hits, plan: "hnsw", scanned: k, complete: true, took_ms: 0 });
      },
    },
  },
  fetch: () => new Response(null, { status: 404 }),
});
// Whoever asks first waits for the graph.
reportPort(server.port);
const source = clusters(Number(seed));
for (let row = 0; row < rows; row += 1) index.add(BigInt(row), source.next(), 1);

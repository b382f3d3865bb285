// Partitions: the same rows searched by the same filter, once by a field with graphs of its own for each value and once by its
// twin, which has an index and no graphs. Through vectord's own HTTP, one client, each query new. What the filter leaves is the
// same, so the ratio is what partitions are worth.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { base64OfVector } from "#lib/vector-text";
import { clusters, DIMENSION } from "./data/clusters.ts";
import { settledIndex } from "./data/vector-rows.ts";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { callServer, type ServerProcess, startServer } from "./servers/server-process.ts";

const ROWS = 50_000;
const BATCH_ROWS = 1_000;
/** A few tenants or roles: each is too large to be scanned. */
const VALUES = 8;
const K = 10;
const QUESTIONS = 200;
const RATIO_MAX = 0.5;

export const bench: Bench = {
  name: "vector-partitions",
  summary: `${ROWS} x ${DIMENSION}, a filter on one of ${VALUES} values, with graphs of their own and without`,
  rows,
};

async function rows({ rounds }: Settings): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-partitions-"));
  const server = await startServer(import.meta.resolve("./servers/vectord-server.ts"), folder);
  try {
    const fields = { tenant: "keyword", twin: "keyword" };
    const shape = { dimension: DIMENSION, fields, partition_by: "tenant" };
    await callServer(server, "PUT", "/v1/vectors/bench", shape);
    const source = clusters(2);
    for (let at = 0; at < ROWS; at += BATCH_ROWS) {
      const items = Array.from({ length: BATCH_ROWS }, (_, i) => {
        const value = `t${(at + i) % VALUES}`;
        const metadata = { tenant: value, twin: value };
        return { id: `row-${at + i}`, vector: base64OfVector(source.next()), metadata };
      });
      await callServer(server, "POST", "/v1/vectors/bench/upsert", { items });
    }
    await settledIndex((path) => callServer(server, "GET", path));
    const asked = clusters(3);
    const questions = Array.from({ length: QUESTIONS }, () => base64OfVector(asked.next()));
    const found = await inTurns(rounds, {
      tenant: () => asking(server, questions, "tenant"),
      twin: () => asking(server, questions, "twin"),
    });
    const truth = await asking(server, questions, "twin", true);
    const p50 = ({ p50Ms }: Found): number => p50Ms;
    return [
      {
        name: `one of ${VALUES} values, p50`,
        unit: "ms",
        subject: spreadOf(found.tenant.map(p50)),
        reference: { name: "the same filter without partitions", figure: medianOf(found.twin.map(p50)) },
        ratio: ratioOf(found.tenant, found.twin, p50),
        bar: { of: "ratio", is: "<=", limit: RATIO_MAX },
        figures: {
          recall_at_10: recallOf(found.tenant[0], truth),
          reference_recall_at_10: recallOf(found.twin[0], truth),
        },
      },
    ];
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Found {
  readonly p50Ms: number;
  /** Distances of each question's hits. */
  readonly distances: readonly (readonly number[])[];
}

async function asking(
  server: ServerProcess,
  questions: readonly string[],
  field: "tenant" | "twin",
  exact = false,
): Promise<Found> {
  const times: number[] = [];
  const distances: number[][] = [];
  for (const [n, vector] of questions.entries()) {
    const body = { vector, k: K, filter: { [field]: `t${n % VALUES}` }, exact };
    const startedAt = performance.now();
    const { hits } = (await callServer(server, "POST", "/v1/vectors/bench/search", body)) as {
      hits: { distance: number }[];
    };
    times.push(performance.now() - startedAt);
    distances.push(hits.map(({ distance }) => distance));
  }
  return { p50Ms: medianOf(times), distances };
}

/** The share of the true nearest, by distance. */
function recallOf(found: Found | undefined, truth: Found): number {
  let right = 0;
  for (const [n, nearest] of truth.distances.entries()) {
    const furthest = nearest.at(-1) ?? 0;
    right += (found?.distances[n] ?? []).filter((distance) => distance <= furthest + 1e-9).length;
  }
  return right / truth.distances.flat().length;
}

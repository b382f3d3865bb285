// What much change leaves of recall: 100,000 vectors of 768 numbers, each replaced by another one, and 50,000 of them deleted. Recall
// is measured before, at once after, when much is in no graph, and when the graphs have taken it all.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { base64OfVector } from "#lib/vector-text";
import { clusters, DIMENSION } from "./data/clusters.ts";
import { recallAt, settledIndex, upsertBody } from "./data/vector-rows.ts";
import { spreadOf } from "./report/rounds.ts";
import type { Bench, Row } from "./report/row.ts";
import { callServer, startServer } from "./servers/server-process.ts";

const ROWS = 100_000;
const DELETED = 50_000;
const BATCH_ROWS = 1_000;
const K = 10;
const QUESTIONS = 100;
const RECALL_MIN = 0.97;

export const bench: Bench = {
  name: "vector-churn",
  summary: `${ROWS} x ${DIMENSION}: recall after ${ROWS} upserts and ${DELETED} deletes`,
  rows,
};

async function rows(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-churn-"));
  const server = await startServer(import.meta.resolve("./servers/vectord-server.ts"), folder);
  try {
    const post = (path: string, body: object): Promise<unknown> => callServer(server, "POST", path, body);
    const settled = (): Promise<unknown> => settledIndex((path) => callServer(server, "GET", path));
    const shape = { dimension: DIMENSION, fields: { n: "number" } };
    await callServer(server, "PUT", "/v1/vectors/bench", shape);
    const source = clusters(2);
    const writeAll = async (): Promise<number> => {
      const startedAt = performance.now();
      for (let at = 0; at < ROWS; at += BATCH_ROWS) {
        const batch = Array.from({ length: BATCH_ROWS }, (_, i) => ({ n: at + i, vector: source.next() }));
        await post("/v1/vectors/bench/upsert", upsertBody(batch));
      }
      return (performance.now() - startedAt) / 1000;
    };
    const asked = clusters(3);
    const questions = Array.from({ length: QUESTIONS }, () => base64OfVector(asked.next()));
    const recall = (): Promise<number> => recallAt(K, questions, post);
    await writeAll();
    await settled();
    const before = await recall();
    const upsertS = await writeAll();
    await post("/v1/vectors/bench/delete", { filter: { n: { lt: DELETED } } });
    const atOnce = await recall();
    await settled();
    const after = await recall();
    return [
      {
        name: `recall@${K} after ${ROWS} upserts and ${DELETED} deletes`,
        unit: "of 1",
        subject: spreadOf([after]),
        reference: { name: "before them", figure: before },
        ratio: null,
        bar: { of: "figure", is: ">=", limit: RECALL_MIN },
        figures: { at_once: atOnce, upserts_per_second: ROWS / upsertS },
      },
    ];
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

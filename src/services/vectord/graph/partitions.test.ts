import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { seeded } from "#lib/random";
import { Fault } from "#rpc/fault";
import { parseFilter } from "../rows/filter.ts";
import { Rows } from "../rows/rows.ts";
import type { IndexShape } from "../rows/shape.ts";
import { runSearch } from "../search/search.ts";
import { GraphCache, GraphNumbers } from "./graph-cache.ts";
import { Partitions } from "./partitions.ts";
import { PARTITION } from "./thresholds.ts";

const DIMENSION = 8;
const KINDS = ["a", "b", "c"] as const;
const ROWS_A_KIND = PARTITION.unindexed + 100;
const shape: IndexShape = {
  dimension: DIMENSION,
  metric: "cosine",
  quantization: "f32",
  fields: { kind: "keyword" },
  partition_by: "kind",
};

const dir = mkdtempSync(join(tmpdir(), "vectord-partitions-"));
const numbers = new GraphNumbers(0);
const rows = new Rows(shape);
const whole = new GraphCache(dir, rows, systemClock, numbers);
const partitions = new Partitions("kind", dir, rows, systemClock, numbers);
const random = seeded(5);
const vector = (): Float32Array => Float32Array.from({ length: DIMENSION }, () => random.next() - 0.5);

afterEach(async () => {
  await Promise.all([whole.close(), partitions.close()]);
  rmSync(dir, { recursive: true, force: true });
});

function put(id: string, kind: string, numbersOf: Float32Array): number {
  const { row, replaced } = rows.put({ id, vector: numbersOf, metadata: { kind } }, 16);
  if (replaced !== undefined) partitions.removed(replaced);
  partitions.added(row);
  return row;
}

async function planOf(kind: string): Promise<string> {
  const search = { vector: vector(), k: 5, filter: parseFilter({ kind }), graphOnly: true };
  const { hits, plan } = await runSearch(rows, { whole, partitions }, search);
  expect(hits.map(({ metadata }) => metadata["kind"])).toEqual(Array.from({ length: 5 }, () => kind));
  return plan;
}

test("a partition whose build fails keeps no other from being built, and the failure is told until it is mended", async () => {
  const told: string[] = [];
  partitions.events = {
    onSwap: () => undefined,
    onRest: () => undefined,
    onBuilt: () => told.push("built"),
    onBuildFailure: (error) => told.push(error instanceof Fault ? error.code : "no fault"),
  };
  // No write lets such a vector in; a graph under cosine cannot take it, whichever build tries.
  put("bad", "b", new Float32Array(DIMENSION));
  for (const kind of KINDS) for (let n = 0; n < ROWS_A_KIND; n += 1) put(`${kind}${n}`, kind, vector());

  const failure: unknown = await partitions.rebuild(0).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Fault);
  expect((failure as Fault).code).toBe("internal");
  await partitions.settled();
  expect(partitions.count).toBe(2);
  // Those that succeed after it do not say that all is well.
  expect(told).toContain("internal");
  expect(told.slice(told.indexOf("internal"))).not.toContain("built");

  expect(await planOf("a")).toBe("partition");
  expect(await planOf("c")).toBe("partition");

  told.length = 0;
  put("bad", "b", vector());
  await partitions.rebuild(0);
  expect(partitions.count).toBe(3);
  expect(told.at(-1)).toBe("built");
  expect(told).not.toContain("internal");
  expect(await planOf("b")).toBe("partition");
});

// Statements that run without end, as many as there are places for them and more, keep nobody else out.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { getPriority } from "node:os";
import { join } from "node:path";
import { query } from "#contracts/query";
import type { Bytes, Service } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { queryd, type Queryd } from "./service.ts";
import { type Lake, openLake } from "../../../test/lake/lake.ts";

const ENDLESS = "SELECT count(*) FROM range(1000000000000) a, range(1000) b WHERE a.range % 7 = b.range";

/** The one beside those that are not sliced too. */
const ENGINES_MAX = 3;
const SLICE_MS = 100;

let lake: Lake;
let daemon: Queryd;
let service: Service<typeof query>;

beforeAll(async () => {
  lake = await openLake();
  await lake.append("workers", "SELECT range AS id FROM range(5000)");
  daemon = queryd({
    catalog: lake.catalog,
    storage: lake.storage,
    settings: { cacheDir: join(lake.folder, "cache"), workersMax: ENGINES_MAX - 1, sliceMs: SLICE_MS },
  });
  service = local(implement(query, "queryd", daemon.handlers));
});
afterAll(async () => {
  await daemon.close();
  await lake.close();
});

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await Bun.sleep(5);
};

/** Statements without end, each on the engine that it can get; ended by `end`, which gives their faults. */
async function startEndless(count: number): Promise<{ end(): Promise<string[]>; ended(): number }> {
  // What an earlier test has left may still be stopping.
  await until(() => daemon.stats().busy === 0);
  const over = new AbortController();
  let ended = 0;
  const codes = Array.from({ length: count }, () =>
    service.sql({ sql: ENDLESS, timeout_ms: 120_000 }, { signal: over.signal }).then(
      () => "done",
      (fault: Fault) => {
        ended += 1;
        return fault.code;
      },
    ),
  );
  await until(() => daemon.stats().busy === Math.min(count, ENGINES_MAX));
  return {
    ended: () => ended,
    end: () => {
      over.abort();
      return Promise.all(codes);
    },
  };
}

const short = async (count: number): Promise<unknown[]> => {
  const rows: unknown[] = [];
  for (let n = 0; n < count; n += 1) {
    // Each text is new, so that it is guarded as well.
    const result = await service.sql({
      sql: `SELECT count(*) AS n FROM workers WHERE id >= ${n}`,
      timeout_ms: 120_000,
    });
    rows.push(result.rows[0]?.["n"]);
  }
  return rows;
};

test.each([2, 3, 5])("short statements run beside %d endless ones", async (count) => {
  const endless = await startEndless(count);
  expect(await short(10)).toEqual(Array.from({ length: 10 }, (_, n) => 5000 - n));
  expect(endless.ended()).toBe(0);
  expect(daemon.stats().engines).toBeLessThanOrEqual(ENGINES_MAX);
  expect(await endless.end()).toEqual(Array(count).fill("cancelled"));
});

/** Some slices of work. */
const LONG = "SELECT sum(hash(range)) > 0 AS yes FROM range(40000000)";

test("what a slice is too short for starts again, and ends", async () => {
  const endless = await startEndless(2);
  const long = service.sql({ sql: LONG, timeout_ms: 120_000 });
  await until(() => daemon.stats().busy === ENGINES_MAX);
  // Somebody waits at the end of each slice, until the long one waits for an engine of its own.
  const over = new AbortController();
  const others = [1, 2, 3].map(async () => {
    while (!over.signal.aborted)
      await service.sql({ sql: "SELECT sum(hash(range)) FROM range(30000)", timeout_ms: 120_000 });
  });
  await Bun.sleep(10 * SLICE_MS);
  await endless.end();
  const result = await long;
  over.abort();
  await Promise.all(others);
  expect(result.rows).toEqual([{ yes: true }]);
  // The slice that it lost counts as waiting.
  expect(result.queue_ms).toBeGreaterThan(SLICE_MS / 2);
});

test("a statement that is alone in waiting has the sliced engine for as long as it takes", async () => {
  const endless = await startEndless(2);
  const result = await service.sql({ sql: LONG, timeout_ms: 120_000 });
  expect(result.rows).toEqual([{ yes: true }]);
  expect(result.took_ms).toBeGreaterThan(SLICE_MS);
  expect(endless.ended()).toBe(0);
  await endless.end();
});

test("a stream, which cannot start again, waits for an engine of its own and keeps nobody out", async () => {
  const endless = await startEndless(2);
  let streaming = false;
  const stream = service.sqlStream({ sql: "SELECT * FROM range(10)", accept: "text/csv" }).then((reply) => {
    streaming = true;
    return reply;
  });
  expect(await short(5)).toHaveLength(5);
  expect(streaming).toBe(false);
  await endless.end();
  const text = await new Response((await stream).body as Bytes).text();
  expect(text.trim().split("\n")).toHaveLength(11);
});

test("a statement that runs for long has a low priority, and the next one has not", async () => {
  const endless = await startEndless(1);
  const priorities = (): number[] => daemon.stats().pids.map((pid) => getPriority(pid));
  await until(() => Math.max(...priorities()) === 10);
  await endless.end();
  // An engine that was slow to stop is replaced.
  await until(() => daemon.stats().busy === 0 && daemon.stats().engines > 0);
  expect(Math.max(...priorities())).toBe(0);
});

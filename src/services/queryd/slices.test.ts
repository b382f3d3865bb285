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

let lake: Lake;
let daemon: Queryd;
let asked: Service<typeof query>;

beforeAll(async () => {
  lake = await openLake();
  await lake.append("workers", "SELECT range AS id FROM range(5000)");
  daemon = queryd({
    catalog: lake.catalog,
    storage: lake.storage,
    settings: { cacheDir: join(lake.folder, "cache"), workersMax: 2, sliceMs: 60 },
  });
  asked = local(implement(query, "queryd", daemon.handlers));
});
afterAll(async () => {
  await daemon.close();
  await lake.close();
});

/** Runs `work` beside endless statements; what it gives, and how many of those were still under way then. */
async function beside<T>(
  endless: number,
  work: () => Promise<T>,
): Promise<{ done: T; stillRunning: number; codes: string[] }> {
  const gone = new AbortController();
  let stillRunning = endless;
  const running = Array.from({ length: endless }, () =>
    asked.sql({ sql: ENDLESS }, { signal: gone.signal }).then(
      () => "answered",
      (fault: Fault) => {
        stillRunning -= 1;
        return fault.code;
      },
    ),
  );
  // Until each of them has what it can get.
  await Bun.sleep(400);
  const done = await work();
  const then = stillRunning;
  gone.abort();
  return { done, stillRunning: then, codes: await Promise.all(running) };
}

const short = async (count: number): Promise<unknown[]> => {
  const rows: unknown[] = [];
  for (let n = 0; n < count; n += 1) {
    // Each text is new, so that it is guarded as well.
    const answer = await asked.sql({ sql: `SELECT count(*) AS n FROM workers WHERE id >= ${n}` });
    rows.push(answer.rows[0]?.["n"]);
  }
  return rows;
};

test.each([2, 3, 5])("short questions are answered beside %d endless ones", async (endless) => {
  const { done, stillRunning, codes } = await beside(endless, () => short(10));
  expect(done).toEqual(Array.from({ length: 10 }, (_, n) => 5000 - n));
  expect(stillRunning).toBe(endless);
  expect(codes).toEqual(Array(endless).fill("cancelled"));
  expect(daemon.stats().engines).toBeLessThanOrEqual(3);
});

/** Some slices of work. */
const LONG = "SELECT sum(hash(range)) > 0 AS yes FROM range(20000000)";

test("what a slice is too short for begins anew, and is answered", async () => {
  const places = [1, 2].map(() => asked.sql({ sql: ENDLESS, timeout_ms: 1500 }).catch(() => undefined));
  await Bun.sleep(100);
  const long = asked.sql({ sql: LONG });
  await Bun.sleep(20);
  // Somebody waits at the end of each slice.
  const over = new AbortController();
  const others = [1, 2, 3].map(async () => {
    while (!over.signal.aborted) await asked.sql({ sql: "SELECT sum(hash(range)) FROM range(300000)" });
  });
  await Promise.all(places);
  const answer = await long;
  over.abort();
  await Promise.all(others);
  expect(answer.rows).toEqual([{ yes: true }]);
  // It waited for one of the places.
  expect(answer.queue_ms).toBeGreaterThan(500);
}, 20_000);

test("who is alone in waiting has the sliced engine for as long as it takes", async () => {
  const { done, stillRunning } = await beside(2, () => asked.sql({ sql: LONG }));
  expect(done.rows).toEqual([{ yes: true }]);
  expect(stillRunning).toBe(2);
  expect(done.took_ms).toBeGreaterThan(60);
}, 20_000);

test("a stream, which cannot begin anew, waits for a place of its own and keeps nobody out", async () => {
  const places = [1, 2].map(() => asked.sql({ sql: ENDLESS, timeout_ms: 1200 }).catch(() => undefined));
  await Bun.sleep(400);
  let streaming = false;
  const stream = asked.sqlStream({ sql: "SELECT * FROM range(10)", accept: "text/csv" }).then((reply) => {
    streaming = true;
    return reply;
  });
  expect(await short(5)).toHaveLength(5);
  expect(streaming).toBe(false);
  await Promise.all(places);
  const text = await new Response((await stream).body as Bytes).text();
  expect(text.trim().split("\n")).toHaveLength(11);
});

test("who runs for long stands back, and the next one does not", async () => {
  await beside(1, () => Promise.resolve());
  await short(1);
  const { done: beside_ } = await beside(1, async () => daemon.stats().pids.map((pid) => getPriority(pid)));
  expect(Math.max(...beside_)).toBe(10);
  for (let n = 0; n < 3; n += 1) await short(1);
  const after = await beside(0, async () => daemon.stats().pids.map((pid) => getPriority(pid)));
  expect(Math.max(...after.done)).toBe(0);
});

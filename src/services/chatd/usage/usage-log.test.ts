// Rows of usage reach their dataset, or are counted as lost; the queue never grows past its end.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { catalog } from "#contracts/catalog";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { type Lake, openLake } from "../../../../test/lake/lake.ts";
import { createUsageLog, USAGE_COLUMNS, USAGE_DATASET, type UsageRow } from "./usage-log.ts";

let lake: Lake;
beforeAll(async () => {
  lake = await openLake();
});
afterAll(() => lake.close());

const clock = { now: () => Date.now() };

function row(id: number): UsageRow {
  return {
    at: new Date(1_790_000_000_000).toISOString(),
    call_id: `c${id}`,
    request_id: "r",
    api_key: "local",
    provider: "scripted",
    model: "echo",
    streamed: false,
    outcome: "ok",
    finish_reason: "stop",
    input_tokens: 3,
    output_tokens: 4,
    cached_tokens: null,
    cache_write_tokens: null,
    reasoning_tokens: null,
    estimated: true,
    cost_usd: 0.000_001,
    attempts: 1,
    first_token_ms: null,
    took_ms: 1.5,
    metadata: '{"order":"o1"}',
    trace_id: "t",
  };
}

async function rowsOf(): Promise<number> {
  const { rows } = await lake.catalog.dataset({ dataset: USAGE_DATASET });
  return rows;
}

test("rows make their dataset, by age and at the end", async () => {
  const usage = createUsageLog({ catalog: lake.catalog, clock, log: undefined, ageMsMax: 5 });
  usage.add(row(1));
  while (usage.counts.written === 0) await Bun.sleep(5);
  expect(await rowsOf()).toBe(1);
  for (let id = 2; id < 5000; id += 1) usage.add(row(id));
  await usage.close();
  expect(usage.counts).toEqual({ written: 4999, waiting: 0, lost: 0 });
  expect(await rowsOf()).toBe(4999);
});

test("rows that come while others are written gather again, so that a busy house makes few commits", async () => {
  const before = await rowsOf();
  const seen = { appends: 0 };
  const held = Promise.withResolvers<void>();
  const slow: Pick<Service<typeof catalog>, "append" | "prepare" | "commit"> = {
    ...lake.catalog,
    append: async (input, init) => {
      seen.appends += 1;
      await held.promise;
      return lake.catalog.append(input, init);
    },
  };
  const usage = createUsageLog({ catalog: slow, clock, log: undefined, ageMsMax: 60_000 });
  let id = 0;
  // A whole batch does not wait for its age.
  while (seen.appends === 0) usage.add(row((id += 1)));
  for (let more = 0; more < 10; more += 1) usage.add(row((id += 1)));
  held.resolve();
  while (usage.counts.written === 0) await Bun.sleep(1);
  expect(seen.appends).toBe(1);
  expect(usage.counts.waiting).toBe(id - usage.counts.written);
  await usage.close();
  expect(seen.appends).toBe(2);
  expect((await rowsOf()) - before).toBe(id);
});

test("with the catalog away the queue ends, what does not fit is counted, and all of the rest comes later", async () => {
  let away = true;
  const before = await rowsOf();
  const flaky: Pick<Service<typeof catalog>, "append" | "prepare" | "commit"> = {
    ...lake.catalog,
    append: (input, init) =>
      away ? Promise.reject(new Fault("unavailable", "catalogd is away.")) : lake.catalog.append(input, init),
  };
  const usage = createUsageLog({ catalog: flaky, clock, log: undefined, ageMsMax: 5, rowsMax: 100 });
  for (let id = 0; id < 150; id += 1) usage.add(row(id));
  await Bun.sleep(20);
  for (let id = 0; id < 50; id += 1) usage.add(row(id));
  expect(usage.counts).toEqual({ written: 0, waiting: 100, lost: 100 });
  away = false;
  await usage.close();
  expect(usage.counts).toEqual({ written: 100, waiting: 0, lost: 100 });
  expect((await rowsOf()) - before).toBe(100);
});

test("an append that was done and not answered is not done again", async () => {
  const before = await rowsOf();
  const state = { answered: false };
  const deaf: Pick<Service<typeof catalog>, "append" | "prepare" | "commit"> = {
    ...lake.catalog,
    append: async (input, init) => {
      const reply = await lake.catalog.append(input, init);
      if (state.answered) return reply;
      state.answered = true;
      throw new Fault("unavailable", "the connection broke.");
    },
  };
  const usage = createUsageLog({ catalog: deaf, clock, log: undefined, ageMsMax: 1 });
  for (let id = 0; id < 10; id += 1) usage.add(row(id));
  while (!state.answered) await Bun.sleep(5);
  await usage.close();
  expect(usage.counts).toMatchObject({ written: 10, lost: 0 });
  expect((await rowsOf()) - before).toBe(10);
});

test("a dataset of an earlier version gets the columns that it lacks", async () => {
  await lake.catalog.drop({ dataset: USAGE_DATASET });
  const older = { dataset: USAGE_DATASET, mode: "append" as const };
  const { columns } = await lake.catalog.prepare({
    ...older,
    columns: USAGE_COLUMNS.filter(({ name }) => name !== "trace_id"),
  });
  await lake.catalog.commit({ ...older, columns, files: [], commit_id: "older" });
  const usage = createUsageLog({ catalog: lake.catalog, clock, log: undefined, ageMsMax: 1 });
  usage.add(row(1));
  while (usage.counts.written + usage.counts.lost === 0) await Bun.sleep(5);
  await usage.close();
  expect(usage.counts).toMatchObject({ written: 1, lost: 0 });
  const dataset = await lake.catalog.dataset({ dataset: USAGE_DATASET });
  expect(dataset).toMatchObject({ rows: 1 });
  expect(dataset.columns.map(({ name }) => name)).toContain("trace_id");
});

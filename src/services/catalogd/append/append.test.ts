// Appends under an Idempotency-Key, as several senders make them at once: the rows are in the dataset once.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Lake, openLake } from "../../../../test/lake/lake.ts";

const COLUMNS = Array.from({ length: 30 }, (_, n) => `c${n}`);

let lake: Lake;
beforeAll(async () => {
  lake = await openLake();
  await lake.create("events", Object.fromEntries(COLUMNS.map((name) => [name, "TIMESTAMP WITH TIME ZONE"])));
});
afterAll(() => lake.close());

test("senders of one key that begin before the first is committed, and go on after it, add nothing", async () => {
  // So many values take longer to be fitted to their columns than a commit takes to end.
  const row = Object.fromEntries(COLUMNS.map((name) => [name, "2026-01-02T03:04:05Z"]));
  const rows = Array.from({ length: 4000 }, () => row);
  for (const key of ["a", "b"]) {
    const append = () => lake.catalog.append({ dataset: "events", rows, idempotency_key: key });
    const before = (await lake.catalog.dataset({ dataset: "events" })).rows;
    const first = { done: false };
    const sent = [append().finally(() => (first.done = true))];
    while (!first.done) {
      sent.push(append());
      await Bun.sleep(40);
    }
    const answers = await Promise.all(sent);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(answers.map(({ snapshot_id }) => snapshot_id)).size).toBe(1);
    expect((await lake.catalog.dataset({ dataset: "events" })).rows - before).toBe(rows.length);
  }
}, 60_000);

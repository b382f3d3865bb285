// mode=upsert against a simple model: a map of keys to rows, the last one wins.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "#rpc/fault";
import { type TestLake, testLake } from "../lake.testing.ts";

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(Fault);
  return thrown as Fault;
}

describe.each([
  ["together", false],
  ["apart", true],
])("%s", (_, apart) => {
  let lake: TestLake;
  beforeAll(async () => {
    lake = await testLake({ apart });
  });
  afterAll(async () => {
    expect(lake.bugs).toEqual([]);
    await lake.close();
  });

  const upsert = (dataset: string, file: string, more: Parameters<TestLake["load"]>[2] = {}) =>
    lake.load(dataset, file, { mode: "upsert", key: ["id"], ...more });
  const pairs = (dataset: string) =>
    lake
      .rows(dataset, "SELECT id::INT AS id, v FROM t ORDER BY id, v")
      .then((rows) => rows.map(({ id, v }) => `${id}${v}`).join(" "));

  test("the last row of a key wins, in the file and over the dataset", async () => {
    expect(await upsert("people", "id,v\n1,a\n2,b\n1,c\n")).toMatchObject({
      rows_in: 3,
      rows_loaded: 2,
      rows_deduped: 1,
      rows_replaced: 0,
    });
    expect(await pairs("people")).toBe("1c 2b");
    expect(await upsert("people", "id,v\n2,x\n3,y\n3,z\n")).toMatchObject({
      rows_in: 3,
      rows_loaded: 2,
      rows_deduped: 1,
      rows_replaced: 1,
    });
    expect(await pairs("people")).toBe("1c 2x 3z");
  });

  test("over a dataset of appends it replaces every row of a key, and leaves the other files as they are", async () => {
    await lake.load("appended", "id,v\n1,a\n1,b\n2,c\n");
    await lake.load("appended", "id,v\n8,h\n9,i\n");
    const before = new Set((await lake.catalog.scan({ dataset: "appended" })).files.map(({ key }) => key));
    expect(await upsert("appended", "id,v\n1,z\n3,n\n")).toMatchObject({ rows_replaced: 2 });
    expect(await pairs("appended")).toBe("1z 2c 3n 8h 9i");
    const after = (await lake.catalog.scan({ dataset: "appended" })).files.map(({ key }) => key);
    expect(after.filter((key) => before.has(key))).toHaveLength(1);
  });

  test("a row without its key is rejected, and not the last of any", async () => {
    const lines = Array.from({ length: 200 }, (__, at) => `${at},w${at}`);
    lines[150] = ",lost";
    const answer = await upsert("keyless", `id,v\n${lines.join("\n")}\n`);
    expect(answer).toMatchObject({ rows_in: 200, rows_loaded: 199, rows_quarantined: 1 });
    expect(await lake.rows("keyless$rejects", 'SELECT line::INT AS line, reason, "column" FROM t')).toEqual([
      { line: 152, reason: '"id": "" is empty, and it names the row', column: "id" },
    ]);
    const none = await faultOf(upsert("keyless", "id,v\n,x\n,y\n"));
    expect(none.code).toBe("rejected");
  });

  test("keys of several columns, in any case, and of any format", async () => {
    const key = ["SITE", "day"];
    await upsert("shifts", "site,day,n\nA,2026-01-01,1\nA,2026-01-02,2\nB,2026-01-01,3\n", { key });
    const json =
      '[{"site":"A","day":"2026-01-02","n":8},{"site":"A","day":"2026-01-02","n":9},{"site":"C","day":"2026-01-01","n":4}]';
    expect(await upsert("shifts", json, { key })).toMatchObject({ rows_deduped: 1, rows_replaced: 1 });
    expect(
      await lake.rows("shifts", "SELECT string_agg(site || n, ' ' ORDER BY site, n) AS a FROM t"),
    ).toEqual([{ a: "A1 A9 B3 C4" }]);
  });

  test("columns may be added, and rows that are replaced are whole rows", async () => {
    await upsert("grown", "id,v\n1,a\n2,b\n3,c\n");
    const answer = await upsert("grown", "id,extra\n2,x\n4,y\n");
    expect(answer.schema_changes).toEqual(["add column extra VARCHAR"]);
    expect(await lake.rows("grown", "SELECT id::INT AS id, v, extra FROM t ORDER BY id")).toEqual([
      { id: 1, v: "a", extra: null },
      { id: 2, v: null, extra: "x" },
      { id: 3, v: "c", extra: null },
      { id: 4, v: null, extra: "y" },
    ]);
    const frozen = await faultOf(upsert("grown", "id,more\n2,x\n4,y\n", { contract: "freeze" }));
    expect(frozen.code).toBe("rejected");
    const quarantined = await upsert("grown", "id,v\n1,new\nx,bad\n", { contract: "quarantine" });
    expect(quarantined).toMatchObject({ rows_loaded: 1, rows_quarantined: 1, rows_replaced: 1 });
  });

  test("options that do not go together are refused, and key columns must be there", async () => {
    const file = "id,v\n1,a\n2,b\n";
    await lake.load("there", file);
    for (const [load, message] of [
      [() => lake.load("there", file, { mode: "upsert" }), "key=id"],
      [() => lake.load("there", file, { key: ["id"] }), "mode=upsert"],
      [() => upsert("there", file, { key: ["id", "ID"] }), "twice"],
      [() => upsert("there", file, { key: ["ids"] }), 'the file has no column "ids"'],
      [() => upsert("there", "id,w\n1,a\n2,b\n", { key: ["w"] }), 'the dataset has no column "w"'],
    ] as const) {
      const fault = await faultOf(load());
      expect([fault.code, fault.message]).toEqual(["invalid", expect.stringContaining(message)]);
    }
    expect(await pairs("there")).toBe("1a 2b");
    expect(await upsert("there", "id,v\n1,z\n", { dry_run: true })).toMatchObject({ dry_run: true });
    expect(await pairs("there")).toBe("1a 2b");
  });

  test("the same bytes change nothing, unless something came between", async () => {
    const [first, second] = ["id,v\n1,a\n2,b\n", "id,v\n1,z\n"];
    await upsert("again", first);
    expect(await upsert("again", first)).toMatchObject({ replayed: true, rows_loaded: 2, rows_replaced: 0 });
    await upsert("again", second);
    expect(await upsert("again", first)).toMatchObject({ replayed: false, rows_replaced: 2 });
    expect(await pairs("again")).toBe("1a 2b");
    // By other columns it is another load.
    expect(await upsert("again", first, { key: ["v"] })).toMatchObject({ replayed: false });
    const keyed = { idempotency_key: "k" };
    expect(await upsert("again", second, keyed)).toMatchObject({ replayed: false });
    await upsert("again", first);
    expect(await upsert("again", second, keyed)).toMatchObject({ replayed: true, rows_replaced: 1 });
    expect(await pairs("again")).toBe("1a 2b");
    // What was appended is still there after an upsert.
    await lake.load("again", "id,v\n7,q\n");
    await upsert("again", "id,v\n9,r\n");
    expect(await lake.load("again", "id,v\n7,q\n")).toMatchObject({ replayed: true });
  });

  test("a dataset that changes meanwhile is read again, and a refusal takes everything back", async () => {
    await lake.load("moving", "id,v\n1,a\n2,b\n");
    lake.refusalsOf.set("moving", new Fault("conflict", "moving was changed meanwhile."));
    expect(await upsert("moving", "id,v\n2,z\n")).toMatchObject({ rows_replaced: 1 });
    expect(await pairs("moving")).toBe("1a 2z");
    const before = lake.keys();
    lake.refusalsOf.set("moving", new Fault("forbidden", "No."));
    expect((await faultOf(upsert("moving", "id,v\n2,y\n"))).code).toBe("forbidden");
    expect(lake.keys()).toEqual(before);
  });

  test("rows that were rejected take the place of their key's once they fit", async () => {
    await upsert("fitted", "id,v\n1,a\n2,b\n3,c\n");
    const file = "id,v,note\n1,x,\n2,y,late\n2,z,later\n";
    const first = await upsert("fitted", file, { contract: "quarantine" });
    expect(first).toMatchObject({ rows_loaded: 1, rows_quarantined: 2, rows_replaced: 1 });
    await lake.load("fitted", "id,v,note\n9,q,new\n");
    const replay = () => lake.ingest.replay({ dataset: "fitted", ingest_id: first.ingest_id });
    const answer = await replay();
    expect(answer).toMatchObject({ rows_in: 2, rows_loaded: 1, rows_deduped: 1, rows_replaced: 1 });
    expect(await pairs("fitted")).toBe("1x 2z 3c 9q");
    expect(await lake.rows("fitted$rejects", "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 0 }]);
    expect(await replay()).toMatchObject({ replayed: true, rows_loaded: 1, rows_deduped: 1 });
    expect(await pairs("fitted")).toBe("1x 2z 3c 9q");
  });

  test("raced with appends and with each other, every row of every load is there once", async () => {
    const other = await lake.another();
    const loads = Array.from({ length: 8 }, (__, at) => {
      const via = at % 2 === 0 ? lake.ingest : other;
      const file = at % 3 === 0 ? `id,v\n${100 + at},p\n` : `id,v\n1,u${at}\n2,u${at}\n`;
      const body = new Blob([file]).stream();
      return at % 3 === 0
        ? via.ingest({ dataset: "busy", body })
        : via.ingest({ dataset: "busy", body, mode: "upsert", key: ["id"] });
    });
    await Promise.all(loads);
    const rows = await lake.rows(
      "busy",
      "SELECT id::INT AS id, count(*)::INT AS n FROM t GROUP BY ALL ORDER BY id",
    );
    expect(rows).toEqual([1, 2, 100, 103, 106].map((id) => ({ id, n: 1 })));
  });

  test("a sequence of loads leaves what a map of keys to rows would hold", async () => {
    const row = fc.record({ id: fc.integer({ min: 0, max: 8 }), v: fc.constantFrom("a", "b", "c", "d") });
    const load = fc.record({
      rows: fc.array(row, { minLength: 1, maxLength: 12 }),
      mode: fc.constantFrom("upsert", "upsert", "append", "replace"),
      json: fc.boolean(),
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(load, { minLength: 1, maxLength: 5 }), async (loads) => {
        const dataset = `model_${apart}_${(runs += 1)}`;
        let model: { id: number; v: string }[] = [];
        const seen = new Map<string, string>();
        for (const [at, { rows, mode, json }] of loads.entries()) {
          const file = json
            ? JSON.stringify(rows)
            : `id,v\n${rows.map(({ id, v }) => `${id},${v}`).join("\n")}\n`;
          // The same bytes appended twice are one load; the property of that is elsewhere.
          if (mode === "append" && seen.get(file) === "append") continue;
          seen.set(file, mode);
          const last = new Map(rows.map((each) => [each.id, each]));
          const before = model.length;
          if (mode === "append") model = model.concat(rows);
          else if (mode === "replace") model = [...rows];
          else model = [...model.filter(({ id }) => !last.has(id)), ...last.values()];
          const more = mode === "upsert" ? { key: ["id"] } : {};
          const answer = await lake.load(dataset, file, {
            mode: mode as "append",
            ...more,
            ...(at === 0 ? { types: { id: "bigint", v: "string" } } : {}),
          });
          if (answer.replayed || mode !== "upsert") continue;
          expect(answer.rows_deduped).toBe(rows.length - last.size);
          expect(answer.rows_replaced).toBe(before + last.size - model.length);
        }
        const sorted = model.map(({ id, v }) => `${id}${v}`).sort();
        expect((await pairs(dataset)).split(" ").sort()).toEqual(sorted);
      }),
      { numRuns: 12 },
    );
  });

  test("a large file keeps its order: of a hundred thousand rows the last of each key", async () => {
    const rows = Array.from({ length: 100_000 }, (__, at) => `${(at * 7919) % 1000},${at},${"x".repeat(80)}`);
    const answer = await lake.load("large", `id,v,pad\n${rows.join("\n")}\n`, {
      mode: "upsert",
      key: ["id"],
    });
    expect(answer).toMatchObject({ rows_in: 100_000, rows_loaded: 1000, rows_deduped: 99_000 });
    expect(await lake.rows("large", "SELECT min(v)::INT AS v, count(*)::INT AS n FROM t")).toEqual([
      { v: 99_000, n: 1000 },
    ]);
  });
});

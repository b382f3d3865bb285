// Files that come later into a dataset that is there: its columns rule, whatever the new file alone would look like.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Fault } from "#rpc/fault";
import { type TestLake, testLake } from "./lake.testing.ts";

let lake: TestLake;
beforeAll(async () => {
  lake = await testLake();
});
afterAll(async () => {
  expect(lake.bugs).toEqual([]);
  await lake.close();
});

const PEOPLE = "id,name,pay,hired\n1,Ann,10,13/02/2024\n2,Bob,12,14/02/2024\n3,Cyd,15,15/02/2024\n";

describe("a dataset's columns rule", () => {
  test.each(["append", "replace"] as const)(
    "over what a file would %s: a bad cell is a rejected row at 1 in 5",
    async (mode) => {
      const dataset = `ruled_${mode}`;
      await lake.load(dataset, PEOPLE);
      const answer = await lake.load(
        dataset,
        "id,name,pay,hired\n4,Dee,11,16/02/2024\n5,Eve,lots,17/02/2024\n6,Flo,9,18/02/2024\n7,Gus,8,19/02/2024\n8,Hal,7,20/02/2024\n",
        { mode },
      );
      expect(answer).toMatchObject({ rows_in: 5, rows_loaded: 4, rows_quarantined: 1 });
      expect(answer.columns.map(({ type }) => type)).toEqual(["BIGINT", "VARCHAR", "BIGINT", "DATE"]);
      expect(await lake.rows(`${dataset}$rejects`, 'SELECT line::INT AS line, "column" FROM t')).toEqual([
        { line: 3, column: "pay" },
      ]);
    },
  );

  test("a header alone replaces by zero rows and is no row itself", async () => {
    await lake.load("emptied", PEOPLE);
    const answer = await lake.load("emptied", "id,name,pay,hired\n", { mode: "replace" });
    expect(answer).toMatchObject({ rows_in: 0, rows_loaded: 0, rows_quarantined: 0 });
    expect(answer.columns.map(({ type }) => type)).toEqual(["BIGINT", "VARCHAR", "BIGINT", "DATE"]);
    expect((await lake.catalog.dataset({ dataset: "emptied" })).rows).toBe(0);
  });

  test("over dates of which none tells the order, also two ingests later and through a replay", async () => {
    await lake.load("dated", PEOPLE);
    await lake.load("dated", "id,name,pay,hired\n4,Dee,11,03/04/2024\n");
    const answer = await lake.load("dated", "id,name,pay,hired\n5,Eve,x,05/06/2024\n6,Flo,9,07/08/2024\n");
    expect(answer.warnings.join()).not.toContain("the month was taken");
    await lake.ingest
      .replay({ dataset: "dated", ingest_id: answer.ingest_id, types: {} })
      .catch((error: unknown) => {
        expect(error).toBeInstanceOf(Fault);
      });
    expect(
      await lake.rows("dated", "SELECT CAST(hired AS VARCHAR) AS d FROM t WHERE id > 3 ORDER BY id"),
    ).toEqual([{ d: "2024-04-03" }, { d: "2024-08-07" }]);
  });

  test("a file of which nothing fits is refused, and under a quarantine kept as rejected rows", async () => {
    await lake.load("strict", PEOPLE);
    const none = "id,name,pay,hired\nx,Ann,?a,soon\ny,Bob,?b,later\n";
    expect(await lake.load("strict", none).catch((error: unknown) => (error as Fault).code)).toBe("rejected");
    const kept = await lake.load("strict", none, { contract: "quarantine" });
    expect(kept).toMatchObject({ rows_in: 2, rows_loaded: 0, rows_quarantined: 2 });
    expect(await lake.rows("strict$rejects", "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 2 }]);
    expect((await lake.catalog.dataset({ dataset: "strict" })).rows).toBe(3);
    expect(await lake.load("strict", none, { contract: "quarantine" })).toMatchObject({ replayed: true });
  });
});

describe("one bad cell", () => {
  test("turns no column of a new file to text without a warning that names it", async () => {
    const rows = Array.from({ length: 20 }, (_, row) => `${row},${row === 7 ? "unknown?" : row * 2}`);
    const answer = await lake.load("bad_cell", `id,qty\n${rows.join("\n")}\n`);
    expect(answer.columns[1]).toMatchObject({ name: "qty", type: "VARCHAR" });
    expect(answer.warnings.join()).toContain('"unknown?" in line 9');
    expect(answer.warnings.join()).toContain('"qty" stays text');
  });
});

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

/** Codes, names and amounts as a small roster has them. */
function roster(first: number, rows: number, columns: string, wage: (row: number) => string): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const n = first + row;
    return `${n},${["Welder", "Cook", "Nurse", "Driver"][n % 4]},${wage(n)}`;
  });
  return `${columns}\n${lines.join("\n")}\n`;
}

describe("a likely rename", () => {
  const trade = (dataset: string) =>
    `"trade" is likely the column "role" of ${dataset} under a new name: the file has no "role", and 4 of 4 different values`;
  const before = (dataset: string) =>
    lake.load(
      dataset,
      roster(1, 60, "id,role,pay", (n) => String(20 + (n % 7))),
    );
  const renamed = (dataset: string, more = {}) =>
    lake.load(
      dataset,
      roster(500, 40, "id,trade,pay", (n) => String(20 + (n % 5))),
      more,
    );

  test("is offered by name, with the way back when it was loaded as a column of its own", async () => {
    const { snapshot_id: first } = await before("likely");
    const dry = await renamed("likely", { dry_run: true });
    expect(dry.warnings[0]).toContain(trade("likely"));
    expect(dry.warnings[0]).toContain("lakehouse datasets rename likely role trade (or PATCH");
    const { warnings } = await renamed("likely");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`lakehouse datasets rollback likely ${first}`);
    expect(warnings[0]).toContain('schema {"drop":["trade"],"rename":{"role":"trade"}}');
  });

  test("is offered for a name that is spelled another way, whatever the values", async () => {
    await lake.load("respelled", "Full Name,Pay Rate\nAnn,10\nBo,11\n");
    const { warnings } = await lake.load("respelled", "full_name,PAY-RATE,site\nCy,12,Elko\n", {
      dry_run: true,
    });
    expect(warnings.filter((warning) => warning.includes("capitals, spaces and marks alone"))).toEqual([
      expect.stringContaining('"full_name" is likely the column "Full Name" of respelled'),
      expect.stringContaining('"PAY-RATE" is likely the column "Pay Rate" of respelled'),
    ]);
    await lake.load("two_alike", "a b,a_b\n1,2\n");
    expect((await lake.load("two_alike", "ab\n3\n", { dry_run: true })).warnings.join()).not.toContain(
      "is likely",
    );
  });

  test("is named by a refusal, and by a quarantine with the replay of its rows", async () => {
    await before("frozen");
    const refusal = await renamed("frozen", { contract: "freeze" }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Fault);
    expect((refusal as Fault).message).toContain("The dataset is frozen");
    expect((refusal as Fault).message).toContain(trade("frozen"));
    await before("quarantined");
    const { warnings, ingest_id } = await renamed("quarantined", { contract: "quarantine" });
    expect(warnings[0]).toContain(`and run lakehouse replay quarantined ${ingest_id}.`);
  });

  test("is not offered for other values, another type, a dataset that lacks nothing, or one without rows", async () => {
    const wages = (n: number) => String(n % 7);
    const others: [string, string][] = [
      ["other_values", "id,note,pay\n1,red,20\n2,green,21\n3,blue,22\n4,pink,23\n"],
      ["other_type", "id,since,pay\n1,2024-01-01,20\n2,2024-01-02,21\n3,2024-01-03,22\n"],
      [
        "nothing_lacking",
        roster(90, 9, "id,role,pay", wages).replaceAll(/$/gm, ",Cook").replace("pay,Cook", "pay,second"),
      ],
      ["few", "id,trade,pay\n1,Cook,20\n2,Nurse,21\n"],
    ];
    for (const [dataset, file] of others) {
      await before(dataset);
      const { warnings } = await lake.load(dataset, file);
      expect(warnings.join(), dataset).not.toContain("is likely");
    }
    await lake.load("emptied_too", "id,role,pay\n", { mode: "replace", types: { id: "bigint" } });
    expect((await renamed("emptied_too")).warnings.join()).not.toContain("is likely");
  });

  test("of small whole numbers counts only when the columns that are there are less alike", async () => {
    await lake.load(
      "numbers",
      `id,a,b\n${Array.from({ length: 30 }, (_, n) => `${n},${n},${900 + n}`).join("\n")}\n`,
    );
    const offers = async (values: (n: number) => number) => {
      const rows = Array.from({ length: 10 }, (_, n) => `${n},${values(n)}`);
      return (await lake.load("numbers", `id,z\n${rows.join("\n")}\n`, { dry_run: true })).warnings.join();
    };
    expect(await offers((n) => 910 + n)).toContain('the column "b"');
    expect(await offers((n) => n)).not.toContain("is likely");
  });
});

describe("integers that later have cents", () => {
  test("are rejected row by row, and the answer offers the change of the schema", async () => {
    const { snapshot_id: first } = await lake.load("cents", PEOPLE);
    const some = await lake.load(
      "cents",
      "id,name,pay,hired\n4,Dee,15.505,16/02/2024\n5,Eve,16,17/02/2024\n6,Flo,17,18/02/2024\n",
    );
    expect(some.rows_quarantined).toBe(1);
    expect(some.warnings[0]).toBe(
      `"pay" is BIGINT in cents, and rows with decimals ("15.505" in line 2) are rejected. To take them: lakehouse datasets rollback cents ${first}, then PATCH /v1/catalog/datasets/cents/schema {"rename":{"pay":"pay_whole"},"add":[{"name":"pay","type":"DECIMAL(18,3)"}]}, and load the file again; earlier values are then in "pay_whole".`,
    );
    const all = await lake
      .load("cents", "id,name,pay,hired\n7,Gus,15.50,16/02/2024\n8,Hal,16.25,17/02/2024\n")
      .catch((error: unknown) => error);
    expect(all).toBeInstanceOf(Fault);
    expect((all as Fault).message).toContain(
      '"pay" holds whole numbers in cents, and the file\'s have decimals.',
    );
    expect((all as Fault).message).toContain('"type":"DECIMAL(18,2)"');
  });

  test("words and dates in their place are no decimals", async () => {
    await lake.load("words", PEOPLE);
    const answer = await lake.load(
      "words",
      "id,name,pay,hired\n4,Dee,lots,16/02/2024\n5,Eve,16,17/02/2024\n6,Flo,17,18/02/2024\n",
    );
    expect(answer.warnings.join()).not.toContain("To take them");
  });
});

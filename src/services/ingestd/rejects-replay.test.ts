import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { Fault } from "#rpc/fault";
import { testLake, type TestLake } from "./lake.testing.ts";

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "none",
    (error: unknown) => (error instanceof Fault ? error.code : error),
  );

describe.each([
  ["together", false],
  ["apart", true],
])("rejected rows once more, %s", (_, apart) => {
  let lake: TestLake;
  beforeAll(async () => {
    lake = await testLake({ apart });
  });
  afterAll(async () => {
    expect(lake.bugs).toEqual([]);
    expect(readdirSync(lake.spoolDir)).toEqual([]);
    await lake.close();
  });

  /** Two rows are rejected for a column that the dataset gets later, one for a number that is none. */
  const prepared = async (dataset: string, file?: string) => {
    await lake.load(dataset, "id,name\n1,Ada\n");
    const first = await lake.load(
      dataset,
      file ?? 'id,name,note\n2,Bob,\n3,Cleo,late\n4,"Di, or\nDora",early\nlots,Ed,\n',
      { contract: "quarantine", source: "shifts.csv" },
    );
    expect(first.rows_quarantined).toBe(3);
    await lake.load(dataset, "id,name,note\n9,Zoe,new\n");
    return first;
  };
  const replay = (dataset: string, ingest_id: string, types?: Record<string, string>) =>
    lake.ingest.replay({ dataset, ingest_id, ...(types === undefined ? {} : { types }) });
  const ids = async (dataset: string): Promise<unknown[]> =>
    (await lake.rows(dataset, "SELECT id::INT AS id FROM t ORDER BY id")).map(({ id }) => id);
  const rejects = (dataset: string) =>
    lake.rows(`${dataset}$rejects`, "SELECT line::INT AS line, raw, source, ingest_id FROM t ORDER BY line");

  test("those that fit now move, the others stay, and a second time changes nothing", async () => {
    const first = await prepared("moves");
    const answer = await replay("moves", first.ingest_id);
    expect(answer).toMatchObject({
      dataset: "moves",
      ingest_id: first.ingest_id,
      rows_in: 3,
      rows_loaded: 2,
      rows_quarantined: 1,
      rows_deduped: 0,
      replayed: false,
    });
    expect(answer.warnings[0]).toContain('"id": "lots" is no BIGINT');
    expect(
      await lake.rows("moves", "SELECT id::INT AS id, name, note FROM t WHERE id IN (3, 4) ORDER BY id"),
    ).toEqual([
      { id: 3, name: "Cleo", note: "late" },
      { id: 4, name: "Di, or\nDora", note: "early" },
    ]);
    const left = [{ line: 6, raw: "lots,Ed,", source: "shifts.csv", ingest_id: first.ingest_id }];
    expect(await rejects("moves")).toEqual(left);

    const keys = lake.keys();
    expect(await replay("moves", first.ingest_id)).toMatchObject({
      snapshot_id: answer.snapshot_id,
      rows_in: 1,
      rows_loaded: 0,
      rows_quarantined: 1,
    });
    expect(await ids("moves")).toEqual([1, 2, 3, 4, 9]);
    expect(await rejects("moves")).toEqual(left);
    expect(lake.keys()).toEqual(keys);
  });

  test("when none is left the answer is that of the time they were loaded", async () => {
    const first = await prepared("all", "id,name,note\n2,Bob,a\n3,Cleo,b\n4,Di,c\n5,Ed,\n");
    const answer = await replay("all", first.ingest_id);
    expect(answer).toMatchObject({ rows_in: 3, rows_loaded: 3, rows_quarantined: 0 });
    expect(await replay("all", first.ingest_id)).toMatchObject({
      snapshot_id: answer.snapshot_id,
      rows_in: 3,
      rows_loaded: 3,
      replayed: true,
    });
    expect(await ids("all")).toEqual([1, 2, 3, 4, 5, 9]);
  });

  test("a death between the two commits neither loses nor doubles a row", async () => {
    const first = await prepared("dies");
    lake.refusalsOf.set("dies$rejects", new Fault("forbidden", "The house fell down."));
    expect(await codeOf(replay("dies", first.ingest_id))).toBe("forbidden");
    expect(await ids("dies")).toEqual([1, 2, 3, 4, 9]);
    expect(await rejects("dies")).toHaveLength(3);
    // Others are rejected meanwhile, and other types are asked for: the rows that were added are still known.
    await lake.load("dies", "id,name,more\n7,Fay,x\n8,Gus,\n", { contract: "quarantine" });
    expect(await replay("dies", first.ingest_id, { note: "text" })).toMatchObject({
      rows_in: 3,
      rows_loaded: 2,
      rows_quarantined: 1,
      replayed: true,
    });
    expect(await ids("dies")).toEqual([1, 2, 3, 4, 8, 9]);
    expect((await rejects("dies")).map(({ raw }) => raw)).toEqual(["7,Fay,x", "lots,Ed,"]);
  });

  test("rejects that come in while their table is written cost one more try", async () => {
    const first = await prepared("busy");
    lake.refusalsOf.set("busy$rejects", new Fault("conflict", "busy$rejects was changed meanwhile."));
    expect(await replay("busy", first.ingest_id)).toMatchObject({ rows_loaded: 2 });
    expect(await rejects("busy")).toHaveLength(1);
  });

  test("two at once are one", async () => {
    const first = await prepared("twice");
    const answers = await Promise.all([replay("twice", first.ingest_id), replay("twice", first.ingest_id)]);
    expect(answers.map(({ rows_loaded }) => rows_loaded).sort((a, b) => a - b)).toEqual([0, 2]);
    expect(await ids("twice")).toEqual([1, 2, 3, 4, 9]);
  });

  test("lines are read as the file was", async () => {
    const rows = Array.from({ length: 30 }, (__, row) => `${row};${(row % 28) + 1}/1/2026;1.${500 + row},25`);
    await lake.load("marks", `id;day;pay\n${rows.join("\n")}\n`);
    const first = await lake.load(
      "marks",
      `id;day;pay;note\n${rows.join(";\n")};\n99;5/6/2026;1.500;"a;b"\n`,
      {
        contract: "quarantine",
      },
    );
    expect(first).toMatchObject({ rows_loaded: 30, rows_quarantined: 1 });
    await lake.load("marks", "id;day;pay;note\n100;31/1/2026;1,25;x\n101;30/1/2026;2,25;y\n");
    expect(await replay("marks", first.ingest_id)).toMatchObject({ rows_loaded: 1 });
    expect(
      await lake.rows("marks", "SELECT day::VARCHAR AS day, pay::DOUBLE AS pay, note FROM t WHERE id = 99"),
    ).toEqual([{ day: "2026-06-05", pay: 1500, note: "a;b" }]);
  });

  test("objects of JSON, too", async () => {
    await lake.load("objects", '{"id":1,"name":"Ada"}\n');
    const first = await lake.load(
      "objects",
      '{"id":2,"name":"Bob","note":"x"}\n{"id":3,"name":"Cy"}\nnothing\n',
      {
        contract: "quarantine",
      },
    );
    expect(first).toMatchObject({ rows_loaded: 1, rows_quarantined: 2 });
    await lake.load("objects", '{"id":4,"name":"Di","note":"y"}\n');
    expect(await replay("objects", first.ingest_id)).toMatchObject({ rows_in: 2, rows_loaded: 1 });
    expect(await lake.rows("objects", "SELECT note FROM t WHERE id = 2")).toEqual([{ note: "x" }]);
    expect((await rejects("objects")).map(({ raw }) => raw)).toEqual(["nothing"]);
  });

  test("a type that is asked for holds, and one that is none is invalid", async () => {
    await lake.load("asked", "id,pay\n1,1.5\n2,2.5\n");
    const first = await lake.load("asked", "id,pay\n3,1.5\n4,about 3\n", { contract: "quarantine" });
    expect(await codeOf(replay("asked", first.ingest_id, { pay: "colour" }))).toBe("invalid");
    expect(await codeOf(replay("asked", first.ingest_id, { nobody: "text" }))).toBe("invalid");
    expect(await replay("asked", first.ingest_id)).toMatchObject({ rows_in: 1, rows_loaded: 0 });
  });

  test("what is not there is not found", async () => {
    await lake.load("plain", "id,name\n1,Ada\n");
    expect(await codeOf(replay("plain", "0123456789abcdef"))).toBe("not_found");
    expect(await codeOf(replay("nobody", "0123456789abcdef"))).toBe("not_found");
    await prepared("known");
    expect(await codeOf(replay("known", "0123456789abcdef"))).toBe("not_found");
  });
});

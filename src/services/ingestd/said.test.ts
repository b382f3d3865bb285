// What somebody says of a text holds, whatever it looks like; and to say what would have been found changes nothing.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { InputOf, OutputOf } from "#rpc/contract";
import type { ingest } from "#contracts/ingest";
import type { Fault } from "#rpc/fault";
import { testLake, type TestLake } from "./lake.testing.ts";
import { variantOf } from "./variants/generate.testing.ts";

type Said = Pick<InputOf<typeof ingest.ingest>, "delimiter" | "quote" | "encoding" | "header_row">;
type Answer = OutputOf<typeof ingest.ingest>;

describe.each([
  ["together", false],
  ["apart", true],
] as const)("what is said of a file, %s", (_, apart) => {
  let lake: TestLake;
  beforeAll(async () => {
    lake = await testLake({ apart });
  });
  afterAll(() => lake.close());

  let datasets = 0;
  const load = async (
    file: string | Uint8Array,
    said: Said & { readonly format?: "ndjson"; readonly dry_run?: boolean },
  ): Promise<{ answer: Answer; rows: Record<string, unknown>[]; rejects: Record<string, unknown>[] }> => {
    datasets += 1;
    const dataset = `said_${datasets}`;
    const answer = await lake.load(dataset, file, said);
    expect(answer.rows_in).toBe(answer.rows_loaded + answer.rows_quarantined + answer.rows_deduped);
    const rejects =
      answer.rows_quarantined === 0 || answer.dry_run
        ? []
        : await lake.rows(`${dataset}$rejects`, "SELECT line, raw FROM t ORDER BY line");
    return { answer, rows: answer.dry_run ? [] : await lake.rows(dataset), rejects };
  };
  const faultOf = (file: string, said: Parameters<typeof load>[1]): Promise<Fault> =>
    lake.load("refused", file, said).then(
      () => {
        throw new Error("There was no fault.");
      },
      (thrown: unknown) => thrown as Fault,
    );

  test("a delimiter that would have been another one", async () => {
    const file = "id;sum,note\n1;2,5\n4;5,6\n7;8,9\n";
    expect((await load(file, {})).answer.dialect?.delimiter).toBe(";");
    const { answer, rows } = await load(file, { delimiter: "," });
    expect(answer.dialect?.delimiter).toBe(",");
    expect(rows.map((row) => row["note"])).toEqual([5n, 6n, 9n]);
    expect(Object.keys(rows[0] ?? {})).toEqual(["id;sum", "note"]);
    const whole = await load(file, { delimiter: "", header_row: 1 });
    expect(whole.rows.map((row) => row["id;sum,note"])).toEqual(["1;2,5", "4;5,6", "7;8,9"]);
    const odd = await load("a::b\n1::2\n3::4\n", { delimiter: "::" });
    expect(odd.rows).toEqual([
      { a: 1n, b: 2n },
      { a: 3n, b: 4n },
    ]);
  });

  test("a quote, and none", async () => {
    const file = "a,b\n|x,y|,1\n|z|,2\nw,3\n";
    expect((await load(file, { quote: "|" })).rows.map((row) => row["a"])).toEqual(["x,y", "z", "w"]);
    const plain = await load('a,b\n"x",1\n"y",2\n', { quote: "" });
    expect(plain.rows.map((row) => row["a"])).toEqual(['"x"', '"y"']);
  });

  test("an encoding, by any of its names", async () => {
    const bytes = Buffer.from("name,city\nJos\xe9,M\xfcnchen\nAn\xe6l,\xc5rhus\n", "latin1");
    const cyrillic = await load(bytes, { encoding: "koi8-r" });
    expect(cyrillic.answer.dialect?.encoding).toBe("koi8-r");
    expect(cyrillic.rows[0]?.["name"]).toBe("JosИ");
    const western = await load(bytes, { encoding: "latin1" });
    expect(western.answer.dialect?.encoding).toBe("windows-1252");
    expect(western.rows.map((row) => row["city"])).toEqual(["München", "Århus"]);
    const broken = await load(bytes, { encoding: "UTF-8" });
    expect(broken.answer.warnings.join()).toContain("4 characters are not utf-8");
    const wide = Buffer.from("名前,市\n太郎,東京\n花子,大阪\n", "utf16le");
    expect((await load(wide, { encoding: "utf-16le" })).rows.map((row) => row["市"])).toEqual([
      "東京",
      "大阪",
    ]);
  });

  test("a header: another line, and none; what stands above it is passed over or rejected, never lost", async () => {
    const file = "id,name\nid2,name2\n1,Ann\n2,Bob\n3,Cy\n";
    const second = await load(file, { header_row: 2 });
    expect(second.answer.dialect).toMatchObject({ header_row: 2 });
    expect(second.answer.dialect?.evidence.join()).toContain("line 1 passed over");
    expect(second.rows).toEqual([
      { id2: 1n, name2: "Ann" },
      { id2: 2n, name2: "Bob" },
      { id2: 3n, name2: "Cy" },
    ]);
    const none = await load(file, { header_row: 0 });
    expect(none.answer).toMatchObject({ rows_in: 5, rows_loaded: 5, dialect: { header_row: null } });
    const deep = Array.from({ length: 100 }, (_row, index) => `${index},n${index}`).join("\n");
    const far = await load(`a,b\n${deep}\n`, { header_row: 51 });
    // Fifty lines are more than what may stand above a table in silence.
    expect(far.rejects.map((row) => Number(row["line"]))).toEqual(
      Array.from({ length: 50 }, (_line, at) => at + 1),
    );
    expect(far.answer.rows_loaded).toBe(50);
    const wider = await load("x,y,z\n1,2\n3,4\n5,6\n", { header_row: 1 });
    expect(wider.rows.map((row) => row["y"])).toEqual([2n, 4n, 6n]);
  });

  test("is refused by its name where it cannot be", async () => {
    const file = "a,b\n1,2\n";
    for (const [said, name] of [
      [{ delimiter: "x" }, "delimiter"],
      [{ delimiter: ";;;;;" }, "delimiter"],
      [{ quote: "ab" }, "quote"],
      [{ quote: "|", delimiter: "|" }, "quote"],
      [{ encoding: "klingon" }, "encoding"],
      [{ header_row: -1 }, "header_row"],
      [{ header_row: 7 }, "header_row"],
    ] as const) {
      const fault = await faultOf(file, said);
      expect([name, fault.code, fault.message]).toEqual([name, "invalid", expect.stringContaining(name)]);
    }
    expect(await faultOf('{"a":1}\n', { delimiter: ";", format: "ndjson" })).toMatchObject({
      code: "invalid",
      message: expect.stringContaining("delimiter"),
    });
  });

  test("a dry run shows what it gives", async () => {
    const { answer } = await load("a;b,c\n1;2,3\n4;5,6\n", { delimiter: ",", header_row: 0, dry_run: true });
    expect(answer).toMatchObject({
      dry_run: true,
      rows_in: 3,
      dialect: { delimiter: ",", header_row: null },
    });
    expect(answer.columns.map(({ name }) => name)).toEqual(["column_1", "column_2"]);
  });

  // One topology is enough for what only the reader decides.
  test.skipIf(apart)(
    "what was found, said, gives the same rows",
    async () => {
      for (let seed = 1; seed <= VARIANTS; seed += 1) {
        const { bytes } = variantOf(seed, ROWS_MAX);
        const found = await load(bytes, {});
        const { dialect } = found.answer;
        if (dialect === undefined) continue;
        const said = await load(bytes, {
          delimiter: dialect.delimiter,
          quote: dialect.quote,
          encoding: dialect.encoding,
          header_row: dialect.header_row ?? 0,
        });
        const figuresOf = ({ answer }: typeof found): unknown[] => [
          answer.rows_in,
          answer.rows_loaded,
          answer.rows_quarantined,
          answer.columns.map(({ name, type }) => [name, type]),
        ];
        expect([seed, ...figuresOf(said)]).toEqual([seed, ...figuresOf(found)]);
        expect([seed, said.rows, said.rejects]).toEqual([seed, found.rows, found.rejects]);
      }
    },
    240_000,
  );
});

/** A few seconds' worth of files of every dialect. */
const VARIANTS = 20;
const ROWS_MAX = 40;

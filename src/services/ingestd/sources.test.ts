// Parquet, large files on the quick way, encodings: what the service does with sources that are not small CSV.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { present } from "#lib/assert";
import { openDuckdb } from "#adapters/duckdb";
import { gzipSync } from "node:zlib";
import { idsByPath } from "./parquet/field-ids.ts";
import { type Dialect, type Fit, rowsOf } from "./csv/rows.ts";
import { countRows, rowsAt } from "./csv/count-rows.ts";
import { decode } from "./decode/decode.ts";
import { textOf } from "./decode/files.ts";
import { unpack } from "./decode/unpack.ts";
import { type TestLake, testLake } from "./lake.testing.ts";

let lake: TestLake;
beforeAll(async () => {
  lake = await testLake();
});
afterAll(async () => {
  expect(lake.bugs).toEqual([]);
  await lake.close();
});

/** More than fits the careful way: 150,000 rows of about 60 bytes. */
const ROWS = 150_000;

function bigCsv(change: (row: number) => string | undefined = () => undefined): string {
  const lines = ["id,worker,at,pay,sms,zip,note"];
  for (let row = 0; row < ROWS; row += 1) {
    lines.push(
      change(row) ??
        `${row},W${row % 5000},2026-01-${String((row % 28) + 1).padStart(2, "0")} 07:30:00,${row % 40}.25,${row % 2 === 0},0${row % 9000},"note, ${row}"`,
    );
  }
  return `${lines.join("\n")}\n`;
}

describe("large files", () => {
  test("a tidy one is loaded the quick way with the same types and values", async () => {
    const answer = await lake.load("big", bigCsv());
    expect(answer).toMatchObject({ rows_in: ROWS, rows_loaded: ROWS, rows_quarantined: 0 });
    expect(answer.columns.map(({ type }) => type)).toEqual([
      "BIGINT",
      "VARCHAR",
      "TIMESTAMP",
      "DOUBLE",
      "BOOLEAN",
      "VARCHAR",
      "VARCHAR",
    ]);
    expect(
      await lake.rows(
        "big",
        "SELECT sum(id)::DOUBLE AS ids, count(DISTINCT note)::INT AS notes, count(*) FILTER (sms)::INT AS yes, min(zip) AS zip FROM t",
      ),
    ).toEqual([{ ids: (ROWS * (ROWS - 1)) / 2, notes: ROWS, yes: ROWS / 2, zip: "00" }]);
  });

  // Each of these hides between the samples, and a reader that trusts them would load something else.
  test.each([
    ["a row that is too short", "77777,W1,2026-01-01 07:30:00", "where the table has 7"],
    [
      "a number that is none",
      '77777,W1,2026-01-01 07:30:00,lots,true,01234,"n"',
      '"pay": "lots" is no DOUBLE',
    ],
    ["a day that does not exist", '77777,W1,2026-02-30 07:30:00,1.5,true,01234,"n"', "is no TIMESTAMP"],
    [
      "a stray quote",
      '77777,"W1,2026-01-01 07:30:00,1.5,true,01234,n,extra',
      "a quote is opened and never closed",
    ],
  ])("%s goes to the rejects alone", async (name, line, reason) => {
    const dataset = name.replaceAll(" ", "_");
    const answer = await lake.load(
      dataset,
      bigCsv((row) => (row === 77_777 ? line : undefined)),
    );
    expect(answer).toMatchObject({ rows_in: ROWS, rows_loaded: ROWS - 1, rows_quarantined: 1 });
    const [reject] = await lake.rows(`${dataset}$rejects`, "SELECT line::INT AS line, raw, reason FROM t");
    expect(reject).toMatchObject({ line: 77_779, raw: line });
    expect(reject?.["reason"]).toContain(reason);
  });

  test("words for nothing and values of a column that is else empty are found behind the samples", async () => {
    const answer = await lake.load(
      "seldom",
      bigCsv((row) => {
        const rest = '2026-01-01 07:30:00,unknown,true,01234,"n"';
        return row === 77_777 || row === 99_999 ? `${row},W1,${rest}` : undefined;
      }),
    );
    expect(answer).toMatchObject({ rows_in: ROWS, rows_loaded: ROWS, rows_quarantined: 0 });
    expect(
      await lake.rows("seldom", "SELECT count(*)::INT AS n, sum(id)::INT AS ids FROM t WHERE pay IS NULL"),
    ).toEqual([{ n: 2, ids: 177_776 }]);
  });

  test("a quarantine rejects what the dataset has no column for, of large files too", async () => {
    const row = "7,W1,2026-01-01 07:30:00,1.5,true,01234";
    await lake.load("narrow", `id,worker,at,pay,sms,zip\n${row}\n${row}\n`);
    const answer = await lake.load(
      "narrow",
      bigCsv((at) => `${row},${at === 77_777 ? "n" : ""}`),
      { contract: "quarantine" },
    );
    expect(answer).toMatchObject({ rows_in: ROWS, rows_loaded: ROWS - 1, rows_quarantined: 1 });
  });

  test("a text kept from becoming a number, between the samples, is told as in a small file", async () => {
    const answer = await lake.load(
      "guarded",
      bigCsv((row) => (row === 77_777 ? '77777,="W1",2026-01-01 07:30:00,1.5,true,01234,"n"' : undefined)),
    );
    expect(answer).toMatchObject({ rows_in: ROWS, rows_loaded: ROWS });
    expect(answer.warnings.join(" ")).toContain('1 rows have cells such as ="00123"');
    expect(await lake.rows("guarded", "SELECT worker FROM t WHERE id = 77777")).toEqual([{ worker: "W1" }]);
  });

  test("a note below a table of many rows is rejected as below a short one", async () => {
    const text = `${bigCsv()}\nChecked by the night office,,,,,,\n`;
    const answer = await lake.load("noted", text);
    expect(answer).toMatchObject({ rows_in: ROWS + 1, rows_loaded: ROWS, rows_quarantined: 1 });
  });

  test("quotes that begin far behind the sample are quotes", async () => {
    const lines = Array.from({ length: ROWS }, (_, row) =>
      row < ROWS - 10
        ? `${row},Ann O'Brien,and here stands what makes it a large file`
        : `${row},"Acme, Inc.",x`,
    );
    const answer = await lake.load("late_quotes", `id,name,note\n${lines.join("\n")}\n`);
    expect(answer).toMatchObject({ rows_loaded: ROWS, rows_quarantined: 0 });
    expect(
      await lake.rows("late_quotes", "SELECT count(*)::INT AS n FROM t WHERE name = 'Acme, Inc.'"),
    ).toEqual([{ n: 10 }]);
  });

  test("a leading zero that no sample saw makes the column text after all", async () => {
    const answer = await lake.load(
      "zeros",
      bigCsv((row) => (row === 77_777 ? '007,W1,2026-01-01 07:30:00,1.5,true,01234,"n"' : undefined)),
    );
    expect(answer.columns[0]).toMatchObject({ name: "id", type: "VARCHAR" });
    expect(answer.rows_loaded).toBe(ROWS);
    expect(await lake.rows("zeros", "SELECT count(*)::INT AS n FROM t WHERE id = '007'")).toEqual([{ n: 1 }]);
  });
});

const COMMAS: Dialect = { delimiter: ",", quote: '"', escape: "double", newline: "\n", padded: false };
const TWO: Fit = { width: 2, ragged: false };

describe("counting rows a second time", () => {
  test("sees quotes, blank lines, and the end of the file", async () => {
    const path = join(lake.folder, "count.csv");
    const counted = async (text: string, quote = '"', skip = 0): Promise<number | undefined> => {
      await Bun.write(path, text);
      return (await countRows(path, { ...COMMAS, quote }, TWO, skip))?.rows;
    };
    expect(await counted('a,"x\ny"\n\r\nb,2')).toBe(2);
    expect(await counted('a,"x\ny"\nb,2\n', "")).toBe(3);
    expect(await counted('"title\na,b\n1,2\n', '"', 2)).toBe(1);
    expect(await counted("")).toBe(0);
    expect(await counted("title\n\n", '"', 1)).toBe(0);
    expect(await counted("a\r\n\r\n\nb\r")).toBe(2);
  });

  test("a row that two chunks share is one", async () => {
    const path = join(lake.folder, "chunks.csv");
    const half = 1024 * 1024;
    for (const [before, after] of [
      ["x".repeat(half - 2), `y"\n"z`],
      ["x".repeat(half - 1), "\nz"],
      ["x".repeat(half), "\nz"],
      [`${"x".repeat(half - 3)},"`, 'a\nb"\nz'],
    ] as const) {
      await Bun.write(path, before + after);
      // A quote that closes a cell it did not open merges two lines, which our parser reads as two.
      const rows = before.endsWith('"') || after.startsWith("\n") ? 2 : undefined;
      expect((await countRows(path, COMMAS, TWO, 0))?.rows).toBe(rows);
    }
  });

  test("rows are found again by their numbers, with their lines", async () => {
    const path = join(lake.folder, "found.csv");
    const lines = Array.from({ length: 5000 }, (_, row) =>
      row % 7 === 3 ? `${row},"two\nlines"\n\n` : `${row},ü\n`,
    );
    await Bun.write(path, `title\na,b\n${lines.join("")}`);
    const counted = present(await countRows(path, COMMAS, TWO, 2), "a count");
    expect(counted.rows).toBe(5000);
    const numbers = [1, 2, 1024, 1025, 1026, 3000, 5000];
    const found = present(await rowsAt(path, counted, numbers, COMMAS, TWO), "rows");
    const all = rowsOf(await Bun.file(path).text(), COMMAS, TWO, 3);
    expect(found).toEqual(numbers.map((number) => present(all[number - 1], "a row")));
    expect(await rowsAt(path, { ...counted, rows: 5001 }, [5001], COMMAS, TWO)).toBeUndefined();
    const ended = new AbortController();
    ended.abort();
    expect(await countRows(path, COMMAS, TWO, 2, { signal: ended.signal })).toBeUndefined();
  });
});

/** One column "pay" of DECIMAL(40,1), with one row. */
const LONG_DECIMALS =
  "UEFSMRUAFS4VLiwVAhUAFQYVBhwAAAACAAAAAgEAAAAAAAAAAAAAAAAAAAAAUBUEGSw1ABgGc2NoZW1hFQIAFQ4VIhUCGANwYXklChUCFVAsXBUCFVAAAAAWAhkcGRwmABwVDhklBgAZGANwYXkVABYCFlQWVCYISRwVABUAFQIAPCkGGSYAAgAAABZUFgImCBZUACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZHBwAAACOAAAAUEFSMQ==";

describe("Parquet", () => {
  test("keeps its columns and types, and is refused when it is damaged", async () => {
    const path = join(lake.folder, "made.parquet");
    const db = await openDuckdb({
      memoryBytesMax: 2 ** 28,
      threads: 1,
      tempDir: lake.folder,
      tempBytesMax: 2 ** 28,
    });
    await db.run(
      `COPY (SELECT range AS id, 'n' || range AS name, DATE '2026-01-01' + range::INT AS day, [range, 2] AS list, {a: range, b: 'x'} AS pair FROM range(500)) TO '${path}' (FORMAT parquet)`,
    );
    db.close();
    const bytes = await Bun.file(path).bytes();
    const answer = await lake.load("made", bytes);
    expect(answer).toMatchObject({ rows_in: 500, rows_loaded: 500 });
    expect(answer.dialect).toBeUndefined();
    expect(answer.columns.map(({ type }) => type)).toEqual([
      "BIGINT",
      "VARCHAR",
      "DATE",
      "BIGINT[]",
      'STRUCT("a" BIGINT, "b" VARCHAR)',
    ]);
    expect(answer.columns[0]?.samples).toEqual(["0", "1", "2"]);
    expect(await lake.rows("made", "SELECT sum(pair.a)::INT AS n, max(day)::VARCHAR AS day FROM t")).toEqual([
      { n: 124_750, day: "2027-05-15" },
    ]);
    const typed = await lake
      .load("typed", bytes, { types: { id: "string", name: "bigint" } })
      .catch((error: Error) => error.message);
    expect(typed).toContain('"name": "n0" is no BIGINT');
    const cut = await lake.load("cut", bytes.slice(0, 400)).catch((error: Error) => error.message);
    expect(cut).toContain("Parquet file cannot be read");
    expect(cut).not.toContain("/");
  });

  const written = async (select: string): Promise<Uint8Array> => {
    const path = join(lake.folder, "written.parquet");
    const db = await openDuckdb({
      memoryBytesMax: 2 ** 28,
      threads: 1,
      tempDir: lake.folder,
      tempBytesMax: 2 ** 28,
    });
    await db.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
    db.close();
    return Bun.file(path).bytes();
  };

  test("decimals of more digits than are kept are refused, and not read as floats", async () => {
    const message = await lake
      .load("long_decimals", Buffer.from(LONG_DECIMALS, "base64"))
      .catch((error: Error) => error.message);
    expect(message).toContain('"pay" holds decimals of 40 digits');
  });

  test("times finer than a microsecond are cut to it, and told", async () => {
    const fine = await lake.load(
      "fine_times",
      await written("SELECT TIMESTAMP_NS '2026-03-01 07:15:00.000001250' AS seen"),
    );
    expect(fine.warnings.join(" ")).toContain('"seen": times finer than a microsecond were cut to it');
    const coarse = await written("SELECT TIMESTAMP_NS '2026-03-01 07:15:00.25' AS seen");
    expect((await lake.load("coarse_times", coarse)).warnings).toEqual([]);
  });

  test("a value that the dataset's column would change is a rejected row", async () => {
    await lake.load("held", await written("SELECT 1.5::DOUBLE AS score UNION ALL SELECT 2.5"));
    const rows = "SELECT 3::BIGINT AS score UNION ALL SELECT 9007199254740993 UNION ALL SELECT 8";
    const answer = await lake.load("held", await written(rows));
    expect(answer).toMatchObject({ rows_in: 3, rows_loaded: 2, rows_quarantined: 1 });
    expect(await lake.rows("held", "SELECT sum(score) AS sum FROM t")).toEqual([{ sum: 15 }]);
  });

  test.each([
    ["CSV", "constructor,toString,__proto__\n1,Ann,x\n2,Bob,y\n"],
    [
      "NDJSON",
      '{"constructor":1,"TOSTRING":"Ann","__PROTO__":"x"}\n{"constructor":2,"toString":"Bob","__proto__":"y"}\n',
    ],
  ])("columns of %s may be called like what every object has", async (kind, text) => {
    await lake.load(`named_${kind}`, text);
    expect(
      await lake.query(
        `SELECT "constructor"::INT AS n, "toString" AS name, "__proto__" AS proto FROM t ORDER BY 1`,
        {
          t: `named_${kind}`,
        },
      ),
    ).toEqual([
      { n: 1, name: "Ann", proto: "x" },
      { n: 2, name: "Bob", proto: "y" },
    ]);
  });

  test("statistics find their columns by path, nested ones too", () => {
    const fields = [
      { id: 1, name: "a-b", type: "long" },
      {
        id: 2,
        name: "l",
        type: {
          type: "list",
          "element-id": 3,
          element: { type: "struct", fields: [{ id: 4, name: "x", type: "int" }] },
        },
      },
      { id: 5, name: "m", type: { type: "map", "key-id": 6, key: "string", "value-id": 7, value: "int" } },
    ] as const;
    expect([...idsByPath(["a_x2Db", "l", "m"], [1, 2, 5], fields)]).toEqual([
      ['"a_x2Db"', 1],
      ['"l"', 2],
      ['"l"."element"', 3],
      ['"l"."element"."x"', 4],
      ['"m"', 5],
      ['"m"."key"', 6],
      ['"m"."value"', 7],
    ]);
  });
});

describe("encodings", () => {
  async function decodedFrom(
    bytes: Uint8Array | readonly number[],
  ): Promise<{ encoding: string; text: string; warnings: readonly string[] }> {
    const path = join(lake.folder, "in");
    await Bun.write(path, Uint8Array.from(bytes));
    const { encoding, warnings, path: out } = await decode(path, join(lake.folder, "out"));
    let text = "";
    for await (const piece of textOf(out)) text += piece;
    return { encoding, text, warnings };
  }

  const wide = (text: string, big: boolean): number[] =>
    Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).flatMap((code) => {
      return big ? [code >> 8, code & 255] : [code & 255, code >> 8];
    });

  test("UTF-16 with a mark and without, in both orders", async () => {
    const text = "name,city\nZoë,Köln\n";
    for (const big of [true, false]) {
      const encoding = big ? "utf-16be" : "utf-16le";
      expect(await decodedFrom(wide(`\ufeff${text}`, big))).toMatchObject({ encoding, text });
      expect(await decodedFrom(wide(text, big))).toMatchObject({ encoding, text });
    }
  });

  // Bytes of the encodings' own tables.
  test.each([
    ["windows-1252", [0x4a, 0x6f, 0x73, 0xe9, 0x2c, 0x4b, 0xf6, 0x6c, 0x6e], "José,Köln"],
    ["windows-1251", [0xcc, 0xee, 0xf1, 0xea, 0xe2, 0xe0, 0x2c, 0xc8, 0xe2, 0xe0, 0xed], "Москва,Иван"],
    ["shift_jis", [0x93, 0x8c, 0x8b, 0x9e, 0x82, 0xcc, 0x83, 0x72, 0x83, 0x8b], "東京のビル"],
    ["big5", [0xa4, 0x40, 0xa4, 0xa3, 0xac, 0x4f, 0xa4, 0x48, 0xa4, 0xa4, 0xb0, 0xea], "一不是人中國"],
    ["gb18030", [0xd6, 0xd0, 0xb9, 0xfa, 0xc8, 0xcb, 0xb5, 0xc4, 0xca, 0xc7], "中国人的是"],
    ["macintosh", [0x4d, 0x75, 0x96, 0x6f, 0x7a, 0x2c, 0x4a, 0x6f, 0x73, 0x8e], "Muñoz,José"],
    ["windows-1252", [0x79, 0x65, 0x73, 0x97, 0x6e, 0x6f, 0x2c, 0x63, 0x61, 0x66, 0xe9], "yes—no,café"],
    ["ibm850", [0x4d, 0x81, 0x6c, 0x6c, 0x65, 0x72, 0x2c, 0x4a, 0x84, 0x67, 0x65, 0x72], "Müller,Jäger"],
    [
      "windows-1252",
      [0x69, 0x74, 0x92, 0x73, 0x2c, 0x93, 0x6f, 0x6b, 0x94, 0x2c, 0x35, 0x96, 0x36],
      "it’s,“ok”,5–6",
    ],
    ["euc-kr", [0xc7, 0xd1, 0xb1, 0xdb, 0xc0, 0xcc, 0xb8, 0xa7], "한글이름"],
  ])("%s", async (encoding, bytes, text) => {
    expect(await decodedFrom([...bytes, 10])).toMatchObject({ encoding, text: `${text}\n` });
  });

  test.each([
    ["two carriage returns and a feed", "a,b\r\r\n1,é\r\r\n2,y\r\r\n", "a,b\r\n1,é\r\n2,y\r\n"],
    ["NEL", "a,b\u00851,é\u00852,y", "a,b\n1,é\n2,y"],
    ["the line separator", "a,b\u20281,é\u20282,y", "a,b\n1,é\n2,y"],
    ["line feeds beside NEL", "a,b\n1,\u0085é\n", "a,b\n1,\u0085é\n"],
  ])("lines that end with %s", async (_, text, mended) => {
    for (const bytes of [new TextEncoder().encode(text), Uint8Array.from(wide(`\ufeff${text}`, false))])
      expect((await decodedFrom(bytes)).text).toBe(mended);
  });

  test("as many lines of windows-1252 as of UTF-8 are read each as they are", async () => {
    const lines = Buffer.concat([Buffer.from("José,x\n"), Buffer.from([0x4d, 0x75, 0xf1, 0x6f, 0x7a, 10])]);
    expect(await decodedFrom(lines)).toMatchObject({ encoding: "utf-8", text: "José,x\nMuñoz\n" });
  });

  test("a mark of UTF-8 is no part of the first name", async () => {
    expect(await decodedFrom(new TextEncoder().encode("\ufeffa,b\n"))).toMatchObject({
      encoding: "utf-8",
      text: "a,b\n",
    });
  });

  test("some foreign lines in a file of UTF-8 are read and told", async () => {
    const good = "Zoë,Köln\n".repeat(50);
    const { text, encoding, warnings } = await decodedFrom(
      Buffer.concat([Buffer.from(good), Buffer.from([0x4a, 0xe9, 0x2c, 0x78, 10]), Buffer.from(good)]),
    );
    expect({ encoding, text }).toEqual({ encoding: "utf-8", text: `${good}Jé,x\n${good}` });
    expect(warnings).toEqual(["1 lines are not UTF-8 and were read as windows-1252."]);
  });

  test("what unpacks to more than is taken is stopped", async () => {
    const path = join(lake.folder, "bomb.gz");
    await Bun.write(path, gzipSync(Buffer.alloc(5_000_000)));
    const stopped = unpack(path, join(lake.folder, "bomb"), 1_000_000);
    expect(stopped).rejects.toMatchObject({ code: "too_large" });
    await stopped.catch(() => undefined);
  });
});

describe("rows that share a line", () => {
  const objects = Array.from(
    { length: 300 },
    (_, row) => `{"id":${row},"n":${row % 200 === 150 ? '"lots"' : row}}`,
  );
  const lines = Array.from({ length: 300 }, (_, row) => `${row},${row === 151 ? "lots" : row},x`);
  test("a rejected row may hold line breaks of any kind", async () => {
    const odd = '3,"c\r\nd",e,f\r4,"g"';
    const answer = await lake.load("odd_breaks", `id,name\n${odd}\n1,a\n2,b\n`);
    expect(answer).toMatchObject({ rows_loaded: 2, rows_in: 2 + answer.rows_quarantined });
    const raws = await lake.rows("odd_breaks$rejects", "SELECT raw FROM t ORDER BY line");
    expect(raws.map(({ raw }) => raw).join("\n")).toContain("f\r4");
  });

  test.each([
    ["members of an array", `[${objects.join(",")}]`, 1, '{"id":150,"n":"lots"}'],
    [
      "what only a carriage return parts",
      `id,n,t\n${lines.map((line, row) => line + (row === 150 ? "\r" : "\n")).join("")}`,
      152,
      "151,lots,x",
    ],
  ])("%s: a rejected row is kept with its own text", async (name, text, line, raw) => {
    const dataset = `shared_${name.replaceAll(" ", "_")}`;
    expect(await lake.load(dataset, text)).toMatchObject({ rows_quarantined: 1, rows_loaded: 299 });
    const rejects = await lake.rows(`${dataset}$rejects`, "SELECT line::INT AS line, raw FROM t");
    expect(rejects).toEqual([{ line, raw }]);
  });
});

describe("lines that go on as they stand", () => {
  test.each([
    ["empty cells beyond the width", "a,b\n1,x,\n2,y,,\n3,z\n", 3],
    ["words for nothing", "a,b\n1,NULL\n2,N/A\n3,\\N\n", 0],
    ["carriage returns and quotes", 'a,b\n1,"x"\r\n2,y\r\n3,5" z\n', 3],
    ["a delimiter that stands in a word for nothing", "a#b\n1#x\n2#y\n3#z\n", 3],
    ["quotes of the other kind", "a;b\n1;'x'\n2;'y;z'\n3;'w'\n", 3],
  ])("%s", async (name, text, filled) => {
    const dataset = `stand_${name.replaceAll(/\W/g, "_")}`;
    expect(await lake.load(dataset, text)).toMatchObject({ rows_loaded: 3, rows_quarantined: 0 });
    expect(await lake.rows(dataset, "SELECT sum(a)::INT AS a, count(b)::INT AS b FROM t")).toEqual([
      { a: 6, b: filled },
    ]);
  });
});

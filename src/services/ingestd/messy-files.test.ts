// Files that were collected because they break readers. What each must give was counted by hand.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sharedFile, testLake, type TestLake } from "./lake.testing.ts";

interface Expected {
  readonly rows: number;
  readonly columns: number;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly header?: number | null;
  readonly rejected?: number;
  readonly types?: Readonly<Record<string, string>>;
  /** A query over `t`, and its one row. */
  readonly sql?: readonly [string, Readonly<Record<string, unknown>>];
}

const FILES: Readonly<Record<string, Expected>> = {
  "spectrum/comma_in_quotes.csv": {
    rows: 1,
    columns: 5,
    types: { zip: "VARCHAR" },
    sql: ["SELECT city, zip FROM t", { city: "Anytown, WW", zip: "08123" }],
  },
  "spectrum/empty.csv": { rows: 2, columns: 3, sql: ["SELECT count(b)::INT AS b FROM t", { b: 1 }] },
  "spectrum/empty_crlf.csv": { rows: 2, columns: 3, sql: ["SELECT count(c)::INT AS c FROM t", { c: 1 }] },
  "spectrum/escaped_quotes.csv": {
    rows: 2,
    columns: 2,
    sql: ["SELECT b FROM t WHERE a = 1", { b: 'ha "ha" ha' }],
  },
  "spectrum/json.csv": {
    rows: 1,
    columns: 2,
    sql: ["SELECT val FROM t", { val: '{"type": "Point", "coordinates": [102.0, 0.5]}' }],
  },
  "spectrum/newlines.csv": {
    rows: 3,
    columns: 3,
    sql: ["SELECT a FROM t WHERE b = 5", { a: "Once upon \na time" }],
  },
  "spectrum/newlines_crlf.csv": {
    rows: 3,
    columns: 3,
    sql: ["SELECT replace(a, chr(13), '') AS a FROM t WHERE b = 5", { a: "Once upon \na time" }],
  },
  "spectrum/quotes_and_newlines.csv": {
    rows: 2,
    columns: 2,
    sql: ["SELECT b FROM t WHERE a = 1", { b: 'ha \n"ha" \nha' }],
  },
  "spectrum/simple.csv": { rows: 1, columns: 3, types: { a: "BIGINT", b: "BIGINT", c: "BIGINT" } },
  "spectrum/simple_crlf.csv": { rows: 1, columns: 3, types: { c: "BIGINT" } },
  "spectrum/utf8.csv": { rows: 2, columns: 3, sql: ["SELECT c FROM t WHERE a = 4", { c: "ʤ" }] },
  // Names spread over three rows under a title of three; totals with grouping commas and "- 1".
  "horror/begrotingsanalyse-2011.csv": {
    rows: 36,
    columns: 20,
    header: 7,
    types: {
      "NR.": "BIGINT",
      Cluster: "VARCHAR",
      Groningen: "BIGINT",
      Flevoland: "BIGINT",
      column_15: "VARCHAR",
    },
    sql: [
      'SELECT Groningen::INT AS a, "Noord-Brabant"::INT AS b FROM t WHERE "NR." = 34',
      { a: 566_216, b: 2_444_594 },
    ],
  },
  "horror/characters.csv": {
    rows: 382,
    columns: 18,
    encoding: "big5",
    sql: ["SELECT 景點中文名稱 AS name FROM t WHERE id = 'v_2'", { name: "蘆竹溝" }],
  },
  "horror/complex.csv": {
    rows: 3,
    columns: 4,
    types: { date: "DATE", "another date": "DATE", temperature: "BIGINT", place: "VARCHAR" },
    sql: [
      `SELECT temperature::INT AS t, "another date" IS NULL AS gap FROM t WHERE date = '2011-01-03'`,
      { t: 6_000_000, gap: true },
    ],
  },
  "horror/example.tsv": {
    rows: 140,
    columns: 17,
    delimiter: "\t",
    types: { hour: "TIMESTAMP", expr1_0_imp: "BIGINT" },
  },
  // Three rows of title, years as names, totals that add up, a row without a value, and two notes that have the width.
  "horror/excel_pasting.csv": {
    rows: 13,
    rejected: 3,
    columns: 9,
    header: 4,
    types: { Year: "VARCHAR", "2000": "BIGINT", "2007": "BIGINT" },
    sql: [`SELECT sum("2007")::INT AS n FROM t`, { n: 108_610 }],
  },
  "horror/long.csv": {
    rows: 4000,
    columns: 1,
    header: null,
    sql: ["SELECT count(*)::INT AS n FROM t WHERE column_1 = 'foo'", { n: 4000 }],
  },
  // Carriage returns alone, three rows of title, asterisks for what was not measured.
  "horror/mixedGLB.csv": {
    rows: 133,
    columns: 19,
    header: 4,
    types: { Year: "BIGINT", Jun: "BIGINT", "D-N": "BIGINT" },
    sql: [
      'SELECT "May"::INT AS may, "Jun" IS NULL AS gap FROM t WHERE "Year" = 2012',
      { may: 61, gap: true },
    ],
  },
  "horror/null.csv": {
    rows: 10,
    columns: 4,
    header: null,
    types: { column_2: "BIGINT" },
    sql: ["SELECT count(column_2)::INT AS n FROM t", { n: 5 }],
  },
  "horror/simple.csv": { rows: 6, columns: 3, types: { date: "DATE", temperature: "BIGINT" } },
  "horror/simple.psv": {
    rows: 28,
    columns: 6,
    delimiter: "|",
    types: { "Former owner occupiers": "BIGINT" },
  },
  "horror/simple.ssv": { rows: 6, columns: 3, delimiter: ";" },
  "horror/skip_initials.csv": {
    rows: 2,
    columns: 2,
    sql: ["SELECT field2 FROM t WHERE field1 = 'hello'", { field2: "goodbye" }],
  },
  "horror/small.csv": { rows: 1, columns: 1, header: null },
  "horror/spanish_chars.csv": {
    rows: 114,
    columns: 8,
    encoding: "windows-1252",
    // The note of the source below the table.
    rejected: 1,
    types: { "Gasto total 2011": "DOUBLE" },
    sql: [`SELECT "Gasto total 2011" AS n FROM t WHERE "F" = 'Legislación'`, { n: 10_105.4 }],
  },
  "horror/sparse_with_column_errors.csv": {
    rows: 2200,
    columns: 4,
    encoding: "windows-1252",
    sql: [`SELECT Bezeichnung AS b FROM t WHERE LP = 'Y38000'`, { b: "Studentenwohnraumförderung" }],
  },
  "horror/utf-16le_encoded.csv": {
    rows: 327,
    columns: 19,
    encoding: "utf-16le",
    sql: [
      "SELECT Organisation_classification AS c FROM t WHERE Organisation_code = '5C1'",
      { c: "NHS Facilities" },
    ],
  },
  "horror/utf8bom.csv": {
    rows: 1,
    columns: 2,
    header: null,
    sql: ["SELECT column_1 FROM t", { column_1: "kitten" }],
  },
  // A title, notes above and below, thousands with points; the notes below the table are no rows of it.
  "horror/weird_head_padding.csv": {
    rows: 60,
    columns: 11,
    delimiter: ";",
    header: 12,
    rejected: 10,
    types: { "2000": "BIGINT" },
    sql: [`SELECT "2000"::INT AS n FROM t WHERE column_1 LIKE '%Unfallchirurgie'`, { n: 2003 }],
  },
};

const here = sharedFile("messy_csv/spectrum/simple.csv") !== undefined;

describe.skipIf(!here)("messy files (the shared data stand beside the checkout)", () => {
  let lake: TestLake;
  beforeAll(async () => {
    lake = await testLake();
  });
  afterAll(async () => {
    expect(lake.bugs).toEqual([]);
    await lake.close();
  });

  for (const [name, expected] of Object.entries(FILES)) {
    test(name, async () => {
      const dataset = name.replace(/\W/g, "_");
      const answer = await lake.load(dataset, sharedFile(`messy_csv/${name}`) ?? "", { source: name });
      const rejected = expected.rejected ?? 0;
      expect(answer).toMatchObject({
        rows_in: expected.rows + rejected,
        rows_loaded: expected.rows,
        rows_quarantined: rejected,
      });
      expect(answer.columns).toHaveLength(expected.columns);
      const types = Object.fromEntries(answer.columns.map((column) => [column.name, column.type]));
      expect(types).toMatchObject(expected.types ?? {});
      expect(answer.dialect?.encoding).toBe(expected.encoding ?? "utf-8");
      expect(answer.dialect?.header_row).toBe(expected.header === undefined ? 1 : expected.header);
      if (expected.columns > 1) expect(answer.dialect?.delimiter).toBe(expected.delimiter ?? ",");
      if (expected.sql !== undefined) {
        const [sql, row] = expected.sql;
        expect(await lake.rows(dataset, sql)).toEqual([row]);
      }
      if (rejected > 0) {
        const [told] = await lake.rows(
          `${dataset}$rejects`,
          "SELECT count(*)::INT AS n, count(raw)::INT AS raws FROM t",
        );
        expect(told).toEqual({ n: rejected, raws: rejected });
      }
    });
  }

  test("none is forgotten", () => {
    expect(Object.keys(FILES)).toHaveLength(29);
  });
});

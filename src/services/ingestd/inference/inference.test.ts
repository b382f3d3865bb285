import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { quoteLiteral } from "#lib/sql-text";
import fc from "fast-check";
import { misfitSql, strictSql, valueSql } from "./column-sql.ts";
import { ColumnStats } from "./column-stats.ts";
import { dayFirstOf, inferType, type Surroundings, typeAs, type Typing } from "./infer.ts";
import { exactDecimal, KINDS } from "./kinds.ts";
import { isPlainText, type Look, lookKeyOf, lookOf, rememberedLook, TEXT_LOOK } from "./looks.ts";
import { isNull } from "./nulls.ts";
import { wantedType } from "./types.ts";

const AROUND: Surroundings = {
  semicolons: false,
  dayFirst: undefined,
  decimalMark: undefined,
  today: "2026-11-29",
};

function statsOf(values: readonly string[]): ColumnStats {
  const stats = new ColumnStats();
  for (const value of values) stats.add(value);
  return stats;
}

function typeOf(values: readonly string[], around: Surroundings = AROUND): string {
  return inferType(statsOf(values), around, "c").type;
}

describe("what a column is", () => {
  test.each([
    ["BIGINT", ["1", "-2", "0", "123456789012345678"]],
    ["VARCHAR", ["1", "02139", "3"]],
    ["VARCHAR", ["1234567890123456789", "2"]],
    ["VARCHAR", ["+15551234567", "+15557654321"]],
    ["DOUBLE", ["1", "2.5", "-3e10", ".5"]],
    ["DECIMAL(18,2)", ["$1,234.50", "$5", "-$3.20", "($7.00)"]],
    ["DECIMAL(18,2)", ["1,50 €", "1.234,00 €"]],
    ["DECIMAL(18,4)", ["$0.1255", "$2"]],
    ["BIGINT", ["1,234", "5", "1,234,567"]],
    ["DOUBLE", ["1,234.5", "5"]],
    ["DOUBLE", ["1,5", "2,25", "1.234,75"]],
    ["DOUBLE", ["12.5%", "3 %"]],
    ["BOOLEAN", ["yes", "No", "YES"]],
    ["BOOLEAN", ["Y", "N", "Y"]],
    ["BOOLEAN", ["true", "true"]],
    ["VARCHAR", ["Y", "Y"]],
    ["VARCHAR", ["F", "M"]],
    ["DATE", ["2026-01-05", "1999-12-31"]],
    ["DATE", ["2026/1/5", "1999.12.31"]],
    ["DATE", ["1/31/2026", "2/1/26"]],
    ["DATE", ["31.1.2026", "1.2.2026"]],
    ["DATE", ["24 October 2011", "3 Mar 2012", "01-Feb-99"]],
    ["DATE", ["October 24, 2011", "Mar 3 2012"]],
    ["DATE", ["2026-01-05", "1/31/2026", "5 May 2026"]],
    ["DATE", ["5 de enero de 2024", "12 de Febrero del 2024", "1 agosto 2023"]],
    ["DATE", ["05-ene-2024", "12-feb-24", "01-AGO-23", "9-dic-2023"]],
    ["DATE", ["1er janvier 2024", "12 févr. 2024", "3 août 2023", "2 juin 2023", "4 juil. 2023"]],
    ["DATE", ["3. März 2024", "12. Okt. 2023", "1. Dezember 2023"]],
    ["DATE", ["Fri, 05 Jan 2024", "Monday, February 12th, 2024", "05/Jan/2024", "3 Sept 2024"]],
    ["TIMESTAMP", ["Jan 5, 2024 3:14 PM", "February 12, 2024 at 11:02 AM"]],
    ["TIMESTAMP", ["05-JAN-24 10:15:00", "12-FEB-24 08:00:30"]],
    ["VARCHAR", ["5 apples 2024", "3 marbles 2023"]],
    ["VARCHAR", ["Jan 2024", "Feb 2024"]],
    ["TIME", ["07:30", "23:59:59"]],
    ["TIME", ["7:30 AM", "12:05 pm"]],
    ["TIMESTAMP", ["2026-01-05 07:30", "2026-01-05T07:30:15.250"]],
    ["TIMESTAMP", ["1/31/2026 7:30 PM", "2/1/2026 12:00 AM"]],
    ["TIMESTAMP", ["31.01.2026 19:30", "01.02.2026 08:00:01"]],
    ["TIMESTAMP WITH TIME ZONE", ["2026-01-05T07:30:00Z", "2026-01-05 07:30:00+02:00"]],
    ["DATE", ["31. 12. 2024", "5. 1. 2024"]],
    ["DATE", ["2024. 12. 31.", "2024. 01. 05."]],
    ["DATE", ["2024年12月31日", "2024年1月5日"]],
    ["DATE", ["2024년 12월 31일", "2024년 1월 5일"]],
    ["TIMESTAMP", ["2024-12-31 11:05 PM", "2024/1/5 12:15:30 AM"]],
    ["TIMESTAMP", ["2024-01-02 08:30:00,250", "2024-01-03T08:30:01,5"]],
    ["TIMESTAMP", ["Dec 31 2024 11:05PM", "Jan  5 2024 12:00AM"]],
    ["TIMESTAMP", ["31. 12. 2024 23:05", "5. 1. 2024 0:00"]],
    ["VARCHAR", ["37-2012", "39-9032"]],
    ["VARCHAR", ["555-01-1234", "555-02-9999"]],
    ["VARCHAR", ["x", "1", "2"]],
    ["BIGINT", ["1", "NA", "-", "", "2", "*****"]],
    ["BIGINT", ["1", "(null)", "Null", "n.a.", "\u2014", "[blank]", "not available", "#SPILL!", "2"]],
    ["VARCHAR", ["Null", "None", "Nan", "True"]],
    ["BIGINT", ["1,23,456", "5", "12,34,567"]],
    ["DOUBLE", ["12,34,567.50", "1,00,000", "7.25"]],
    ["DOUBLE", ["1\u2019234.50", "999.00"]],
    ["DOUBLE", ["1\u2009234.50", "999.00"]],
    ["DOUBLE", ["\u22125.5", "3", "\u22121.25"]],
    ["DECIMAL(18,2)", ["1 250,50 kr", "99,00 kr"]],
    ["DECIMAL(18,2)", ["1.250,50 zł", "99,00 zł"]],
    ["DECIMAL(18,2)", ["Rs. 1,00,000.50", "Rs. 99"]],
    ["DECIMAL(18,2)", ["(1.050,25 €)", "33,00 €", "7,50- €"]],
    ["DECIMAL(18,2)", ["( 500.00 )", "300.00", "$(20.50)", "$ -"]],
    ["DECIMAL(18,2)", ["$-10.50", "-$5.25", "$3.00-"]],
    ["VARCHAR", ["CAD-12", "CAD-13"]],
    ["VARCHAR", ["INR5", "INR12"]],
    ["VARCHAR", ["10-", "12-"]],
    ["VARCHAR", ["$5", "5 kr"]],
    ["VARCHAR", ["--5", "--7"]],
    ["DECIMAL(18,2)", ["123456789012345.67", "1.10"]],
    ["DOUBLE", ["40.12345678901234", "-119.5"]],
    ["TIMESTAMP", ["2024/02/13 08:05", "2024/02/14 19:30:15"]],
    ["VARCHAR", ["", "NULL", "n/a"]],
  ] as const)("%s: %p", (type, values) => {
    expect(typeOf(values)).toBe(type);
  });

  test("a dataset's whole numbers are taken with zeros behind the point, and other decimals are not", async () => {
    const { typing, share } = typeAs(statsOf(["5.0", "7.00", "", "12"]), "BIGINT", AROUND, "c", false);
    expect([typing.type, share]).toEqual(["BIGINT", 1]);
    expect(typeAs(statsOf(["5.5", "7.25"]), "BIGINT", AROUND, "c", false).share).toBe(0);
    expect(typeOf(["5.0", "7.00"])).toBe("DOUBLE");
  });

  test("among dates of several forms the order that the file shows is kept", () => {
    const dayFirst = { ...AROUND, dayFirst: true };
    const typing = inferType(
      statsOf(["02/11/2016", "04/07/2008", "10/07/2022", "2026-02-28"]),
      dayFirst,
      "c",
    );
    expect([typing.type, typing.dayFirst]).toEqual(["DATE", true]);
  });

  test("dates of which none shows its order are doubted, also where the dataset has dates", () => {
    const { typing } = typeAs(statsOf(["03/05/2024"]), "DATE", AROUND, "c", false);
    expect(typing.warning).toContain("no date shows whether the day or the month comes first");
    const known = { ...AROUND, dayFirst: true };
    expect(typeAs(statsOf(["03/05/2024"]), "DATE", known, "c", false).typing).toMatchObject({
      dayFirst: true,
    });
    expect(typeAs(statsOf(["03/05/2024"]), "DATE", known, "c", false).typing.warning).toBeUndefined();
  });

  test("more than 99 % must fit for the others to be mistakes", () => {
    const numbers = Array.from({ length: 199 }, (_, index) => String(index));
    expect(typeOf([...numbers, "x"])).toBe("BIGINT");
    expect(typeOf([...numbers.slice(0, 98), "x"])).toBe("VARCHAR");
    // One leading zero makes names of all of them.
    expect(typeOf([...numbers, "007"])).toBe("VARCHAR");
  });

  test("day or month first is decided by the column, else by the file, else doubted", () => {
    const unclear = statsOf(["1/2/2026", "3/4/2026"]);
    const dayFirst = statsOf(["31/1/2026", "2/3/2026"]);
    expect(dayFirstOf([unclear, dayFirst])).toBe(true);
    expect(dayFirstOf([unclear])).toBeUndefined();
    expect(inferType(unclear, { ...AROUND, dayFirst: true }, "c").kinds[0]?.name).toBe("date, day first");
    const doubted = inferType(unclear, AROUND, "c");
    expect(doubted.kinds[0]?.name).toBe("date, month first");
    expect(doubted.warning).toContain("the month was taken");
    expect(doubted.confidence).toBeLessThan(0.5);
    expect(inferType(dayFirst, AROUND, "c").warning).toBeUndefined();
  });

  test("numbers of versions are texts by the name of their column, amounts tell the sign they lose", () => {
    const versions = statsOf(["1.9", "1.10", "2.0"]);
    expect(inferType(versions, AROUND, "App Version").type).toBe("VARCHAR");
    expect(inferType(versions, AROUND, "conversion").type).toBe("DOUBLE");
    expect(inferType(statsOf(["1", "2"]), AROUND, "version").type).toBe("BIGINT");
    const pay = statsOf(["€5.00", "€7.50", "-"]);
    const told = '"pay": amounts in € are loaded as numbers without it; "-" was read as NULL.';
    expect(inferType(pay, AROUND, "pay").warning).toBe(told);
    expect(typeAs(pay, "DECIMAL(18,2)", AROUND, "pay", false).typing.warning).toBe(told);
  });

  test("words that were read as NULL are named, where a type takes them so", () => {
    expect(inferType(statsOf(["2024-01-31", "open", "2024-02-29"]), AROUND, "due").type).toBe("VARCHAR");
    const dates = inferType(statsOf(["2024-01-31", "TBD", "2024-02-29", "?"]), AROUND, "due");
    expect(dates).toMatchObject({ type: "DATE", warning: '"due": "TBD", "?" was read as NULL.' });
    expect(inferType(statsOf(["2024-01-31", "", "N/A"]), AROUND, "due").warning).toBeUndefined();
  });

  test("points are thousands where semicolons separate cells and nothing speaks against it", () => {
    expect(typeOf(["1.613", "379"], { ...AROUND, semicolons: true })).toBe("BIGINT");
    expect(typeOf(["1.613", "3.5"], { ...AROUND, semicolons: true })).toBe("DOUBLE");
    expect(typeOf(["1.613", "379"])).toBe("DOUBLE");
  });

  test("types can be asked for by the words of three worlds, and by nothing else", () => {
    expect(
      ["text", "long", "Decimal(12, 2)", "timestamptz", "VARCHAR(10)"].map((word) => wantedType("c", word)),
    ).toEqual(["VARCHAR", "BIGINT", "DECIMAL(12,2)", "TIMESTAMP WITH TIME ZONE", "VARCHAR"]);
    for (const word of ["", "DECIMAL(50,2)", "BIGINT) FROM x; --", "STRUCT(a INT)"])
      expect(() => wantedType("c", word)).toThrow("is not a type");
  });
});

describe("the short cuts", () => {
  test("give every text the look that a full look gives", () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom("0", "1", "9", ".", "-", ",", " ", "$", "/", ":"), maxLength: 18 }),
      fc.string({
        unit: fc.constantFrom("a", "y", "e", "s", "T", "M", "r", " ", "5", "U", "S", "D"),
        maxLength: 8,
      }),
      fc.constantFrom("May 5 2026", "usd 5", "missing", "Off", "tbd", "none", "CHF5", "December 1, 2020"),
      fc.constantFrom(
        "kr 5",
        "Kč 5",
        "zł",
        "not available",
        "n.a.",
        "Rs. 5",
        "rs",
        "blank",
        "no data",
        "nobody",
        "22.00",
      ),
      fc.integer().map(String),
      fc
        .tuple(
          fc.constantFrom("2024-01-05", "2024-13-05", "2024-1-5", "2024-02-40", "0000-00-00"),
          fc.constantFrom("", " 10:00", "T25:61:00", "T10:00:00Z", " x", "-5", "+02:00"),
        )
        .map((parts) => parts.join("")),
      fc.double({ noNaN: true }).map(String),
    );
    const seen = new Map<string, Look>();
    fc.assert(
      fc.property(text, (raw) => {
        const value = raw.trim();
        if (value === "") return;
        const look = lookOf(value);
        if (isPlainText(value)) expect(look).toBe(TEXT_LOOK);
        const key = lookKeyOf(value);
        expect([value, seen.get(key) ?? look]).toEqual([value, look]);
        expect(rememberedLook(value)).toBe(look);
        seen.set(key, look);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("the SQL says the same", () => {
  let db: Duckdb;
  const folder = mkdtempSync(join(tmpdir(), "ingestd-columns-"));
  beforeAll(async () => {
    db = await openDuckdb({ memoryBytesMax: 2 ** 28, threads: 1, tempDir: folder, tempBytesMax: 2 ** 28 });
  });
  afterAll(() => {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Each value's text and whether it is a misfit; nulls are NULL as the readers make them. */
  async function evaluated(values: readonly string[], typing: Typing): Promise<[unknown, unknown][]> {
    const list = values
      .map((value, index) => `(${index}, ${isNull(value) ? "NULL" : quoteLiteral(value)})`)
      .join(", ");
    const rows = await db.rows(
      `SELECT CAST(${valueSql(typing, "v")} AS VARCHAR) AS value, ${misfitSql(typing, "v")} AS misfit FROM (VALUES ${list}) t(i, v) ORDER BY i`,
    );
    return rows.map((row) => [row["value"], row["misfit"]]);
  }

  async function valuesOf(values: readonly string[], around = AROUND): Promise<unknown[]> {
    const told = await evaluated(values, inferType(statsOf(values), around, "c"));
    expect(told.map(([, misfit]) => misfit)).toEqual(values.map(() => false));
    return told.map(([value]) => value);
  }

  test("for money, grouping, percentages and booleans", async () => {
    expect(await valuesOf(["$1,234.50", "-$3.20", "($7.00)", "5", "NA"])).toEqual([
      "1234.50",
      "-3.20",
      "-7.00",
      "5.00",
      null,
    ]);
    expect(await valuesOf(["1,234,567", "- 1", " 12 "])).toEqual(["1234567", "-1", "12"]);
    expect(await valuesOf(["1.234,75", "-1,5"])).toEqual(["1234.75", "-1.5"]);
    expect(await valuesOf(["12.5%", "3 %"])).toEqual(["12.5", "3.0"]);
    expect(await valuesOf(["12,34,567.50", "1,00,000", "\u22127.25"])).toEqual([
      "1234567.5",
      "100000.0",
      "-7.25",
    ]);
    expect(await valuesOf(["Rs. 1,00,000.50", "-Rs. 99", "Rs. 5-"])).toEqual([
      "100000.50",
      "-99.00",
      "-5.00",
    ]);
    expect(await valuesOf(["(1.050,25 €)", "33,00 €", "7,50- €"])).toEqual(["-1050.25", "33.00", "-7.50"]);
    expect(await valuesOf(["1 250,50 kr", "-99,00 kr"])).toEqual(["1250.50", "-99.00"]);
    expect(await valuesOf(["Yes", "off", "T"])).toEqual(["true", "false", "true"]);
  });

  test.each([
    ["Spanish", "ene feb mar abr may jun jul ago sep oct nov dic"],
    ["Spanish", "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"],
    ["French", "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."],
    ["French", "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"],
    ["German", "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"],
    [
      "Portuguese",
      "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    ],
    [
      "Italian",
      "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    ],
    ["Dutch", "januari februari maart april mei juni juli augustus september oktober november december"],
  ])("for dates with the months of %s", async (_, months) => {
    const days = months.split(" ").map((month) => `3 ${month} 2024`);
    const expected = days.map((_day, index) => `2024-${String(index + 1).padStart(2, "0")}-03`);
    expect(await valuesOf(days)).toEqual(expected);
  });

  test("for dates and times in every order", async () => {
    expect(await valuesOf(["1/31/2026", "2/1/26", "12-05-1999"])).toEqual([
      "2026-01-31",
      "2026-02-01",
      "1999-12-05",
    ]);
    expect(await valuesOf(["31.1.2026", "1/2/26"])).toEqual(["2026-01-31", "2026-02-01"]);
    expect(await valuesOf(["24 October 2011", "3-mar-2012", "May 5, 2026", "01-Feb-99"])).toEqual([
      "2011-10-24",
      "2012-03-03",
      "2026-05-05",
      "1999-02-01",
    ]);
    expect(await valuesOf(["05-JAN-24 10:15:00", "Feb 12, 2024 at 3:02 PM", "1 août 2023"])).toEqual([
      "2024-01-05 10:15:00",
      "2024-02-12 15:02:00",
      "2023-08-01 00:00:00",
    ]);
    expect(await valuesOf(["7:30 AM", "12:05:10pm"])).toEqual(["07:30:00", "12:05:10"]);
    expect(await valuesOf(["1/31/2026 7:30 PM", "2/1/26 12:00 AM", "2/1/2026"])).toEqual([
      "2026-01-31 19:30:00",
      "2026-02-01 00:00:00",
      "2026-02-01 00:00:00",
    ]);
    expect(
      await valuesOf([
        "2026-01-05T07:30:00Z",
        "2026-01-05 07:30:00+0200",
        "2026-01-05 07:30-05",
        "2026-01-05 07:30:00 UTC",
      ]),
    ).toEqual([
      "2026-01-05 07:30:00+00",
      "2026-01-05 05:30:00+00",
      "2026-01-05 12:30:00+00",
      "2026-01-05 07:30:00+00",
    ]);
  });

  test("days and clocks as other countries and programs write them keep what they say", async () => {
    expect(await valuesOf(["31. 12. 2024", "5. 1. 2024"])).toEqual(["2024-12-31", "2024-01-05"]);
    expect(await valuesOf(["2024. 12. 31.", "2024年1月5日", "2024년 3월 7일"])).toEqual([
      "2024-12-31",
      "2024-01-05",
      "2024-03-07",
    ]);
    expect(await valuesOf(["2024-12-31 11:05 PM", "2024-01-05 12:15 AM"])).toEqual([
      "2024-12-31 23:05:00",
      "2024-01-05 00:15:00",
    ]);
    expect(await valuesOf(["2024-01-02 08:30:00,250", "2024-01-03 08:30:01,5"])).toEqual([
      "2024-01-02 08:30:00.25",
      "2024-01-03 08:30:01.5",
    ]);
    expect(await valuesOf(["Dec 31 2024 11:05PM", "Jan  5 2024 12:00AM"])).toEqual([
      "2024-12-31 23:05:00",
      "2024-01-05 00:00:00",
    ]);
  });

  test("a day that does not exist is a misfit, and nothing is rounded", async () => {
    const dates = [...Array.from({ length: 200 }, () => "2026-02-03"), "2026-02-30"];
    const told = await evaluated(dates, inferType(statsOf(dates), AROUND, "c"));
    expect(told.at(-1)).toEqual([null, true]);
    const long = typeAs(
      statsOf(["123456789012345.123456", "1.5", "0.1234567"]),
      "DECIMAL(30,6)",
      AROUND,
      "c",
      true,
    ).typing;
    expect(await evaluated(["123456789012345.123456", "1.5", "0.1234567"], long)).toEqual([
      ["123456789012345.123456", false],
      ["1.500000", false],
      [null, true],
    ]);
    const values = ["1.255", "3", "1,234.5", "$2.125", "12.5"];
    for (const type of ["DOUBLE", "DECIMAL(12,4)", "FLOAT"]) {
      const told = await evaluated(values, typeAs(statsOf(values), type, AROUND, "c", true).typing);
      expect(told.map(([value]) => Number(value))).toEqual([1.255, 3, 1234.5, 2.125, 12.5]);
    }
    const commas = ["1.234,5", "3", "0,25"];
    const read = await evaluated(commas, typeAs(statsOf(commas), "DOUBLE", AROUND, "c", true).typing);
    expect(read.map(([value]) => Number(value))).toEqual([1234.5, 3, 0.25]);
    const wanted = typeAs(
      statsOf(["1", "2.5", "x", "1e3", "0x10", "007", ""]),
      "BIGINT",
      AROUND,
      "c",
      true,
    ).typing;
    const numbers = await evaluated(["1", "2.5", "x", "1e3", "0x10", "007", ""], wanted);
    expect(numbers.map(([value, misfit]) => (misfit === true ? "misfit" : value))).toEqual([
      "1",
      "misfit",
      "misfit",
      "misfit",
      "misfit",
      "misfit",
      null,
    ]);
  });

  test("for every kind: the pattern matches alike here and there, and the strict form agrees with the loose one", async () => {
    const texts = [
      "1",
      "-1",
      "007",
      "1.5",
      "1,234",
      "$5",
      "5 €",
      "12%",
      "yes",
      "2026-01-05",
      "216-06-15",
      "1/2/2026",
      "31.12.26",
      "3 May 2026",
      "07:30",
      "7:30 PM",
      "2026-01-05 07:30",
      "2026-01-05T07:30:00Z",
      "1/2/2026 7:30",
      "x",
      "1e5",
      "１",
      "ǅ",
      "(5)",
      "- 5",
      "22.00",
      "5-",
      "$5-",
      "CAD-12",
      "Rs. 1,00,000",
      "(1.050,25 €)",
      "\u22125",
      "31. 12. 2024",
      "31. 12. 2024 8:05 PM",
      "2024. 12. 31.",
      "2024年1月5日",
      "2024년 1월 5일",
      "2024-01-05 8:30:00,25",
      "2024-01-05 11:05 PM",
      "Jan  5 2024 12:00AM",
      "2024/02/13 08:05",
      "1\u2019000",
    ];
    const kinds = [...KINDS.filter(({ name }) => name !== "exact decimal"), exactDecimal(18, 2)];
    for (const kind of kinds) {
      const typing: Typing = {
        type: kind.type,
        kinds: [kind],
        nothing: [],
        spaced: false,
        share: 1,
        confidence: 1,
        samples: [],
        empty: false,
      };
      const list = texts.map((text) => `(${quoteLiteral(text)})`).join(", ");
      const rows = await db.rows(
        `SELECT v, regexp_full_match(v, ${quoteLiteral(kind.pattern)}, 'i') AS matches, CAST(${valueSql(typing, "v")} AS VARCHAR) AS value FROM (VALUES ${list}) t(v)`,
      );
      const pattern = new RegExp(`^(?:${kind.pattern})$`, "i");
      for (const { v, matches, value } of rows) {
        expect([kind.name, v, matches]).toEqual([kind.name, v, pattern.test(String(v))]);
        const strict = db.rows(
          `SELECT CAST(${strictSql(typing, "v")} AS VARCHAR) AS value FROM (VALUES (${quoteLiteral(String(v))})) t(v)`,
        );
        const outcome = await strict.then(
          ([row]) => row?.["value"],
          () => "error",
        );
        // Booleans and times may be tried by DuckDB's own cast when asked for, never when found.
        const foreign =
          kind.type === "BOOLEAN" ||
          kind.type === "DOUBLE" ||
          kind.type.startsWith("DECIMAL") ||
          kind.type === "TIME";
        if (matches === true || !foreign)
          expect([kind.name, v, outcome]).toEqual([kind.name, v, value ?? "error"]);
      }
    }
  });

  test("what a double or a decimal cannot hold fits neither here nor there", async () => {
    const digit = fc.constantFrom("0", "1", "9", "5");
    const text = fc.oneof(
      fc.string({ unit: digit, minLength: 1, maxLength: 22 }),
      fc
        .tuple(
          fc.string({ unit: digit, maxLength: 12 }),
          fc.string({ unit: digit, minLength: 1, maxLength: 20 }),
        )
        .map((parts) => parts.join(".")),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.constantFrom(
        "8871596476099487",
        "9228307791998361",
        "+15551234567",
        "+5",
        "1E05",
        "1e-7",
        "1e400",
        "50.25-",
        "1 234.5",
      ),
    );
    const guarded = [
      ...KINDS.filter(({ guard, name }) => guard !== undefined && name !== "exact decimal"),
      exactDecimal(20, 4),
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 20 }), async (texts) => {
        const list = texts.map((value) => `(${quoteLiteral(value)})`).join(", ");
        const checks = guarded.map(({ pattern, guard, sql }, at) => {
          const fits = `regexp_full_match(v, ${quoteLiteral(pattern)}, 'i') AND ${guard?.("v") ?? "true"}`;
          return `CASE WHEN ${fits} THEN (${sql("v")}) IS NOT NULL ELSE false END AS k${at}`;
        });
        for (const row of await db.rows(`SELECT v, ${checks.join(", ")} FROM (VALUES ${list}) t(v)`)) {
          const value = String(row["v"]);
          for (const [at, kind] of guarded.entries())
            expect([kind.name, value, row[`k${at}`]]).toEqual([kind.name, value, kind.matches(value)]);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("whatever is found in any column of texts, its misfits are exactly what has no value", async () => {
    const value = fc.constantFrom(
      "1",
      "2",
      "3.5",
      "$4",
      "yes",
      "no",
      "2026-01-05",
      "1/2/2026",
      "31/12/2026",
      "NA",
      "",
      "x y",
      "07",
      "7:30",
      " 5 ",
      "1,000",
      "-",
      "12%",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 30 }), async (values) => {
        const typing = inferType(statsOf(values), AROUND, "c");
        for (const [index, [text, misfit]] of (await evaluated(values, typing)).entries()) {
          const nothing =
            isNull(values[index] ?? "") ||
            (typing.type !== "VARCHAR" && typing.nothing.includes((values[index] ?? "").trim()));
          expect(misfit === true).toBe(text === null && !nothing);
        }
      }),
      { numRuns: 60 },
    );
  });
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { unescapeText } from "./escaped-text.ts";
import { fillTemplate, numberFormat } from "./number-format.ts";
import { numberText } from "./number-text.ts";
import { dateText } from "./serial-date.ts";
import { columnName, columnOf } from "./sheet.ts";
import { escaped } from "./workbook.testing.ts";

describe("dates", () => {
  test("every day from March 1900 on is the one the calendar has, in both epochs", () => {
    const first = Date.UTC(1900, 2, 1) / 86_400_000;
    fc.assert(
      fc.property(fc.nat({ max: 2_958_404 }), fc.nat({ max: 86_399 }), (days, seconds) => {
        const at = new Date((first + days) * 86_400_000 + seconds * 1000).toISOString();
        const [day, clock] = [at.slice(0, 10), at.slice(11, 19)];
        const serial = 61 + days + seconds / 86_400;
        expect(dateText(serial, "datetime", false)).toBe(`${day} ${clock}`);
        expect(dateText(serial, "date", false)).toBe(seconds === 0 ? day : `${day} ${clock}`);
        if (serial >= 1462) expect(dateText(serial - 1462, "datetime", true)).toBe(`${day} ${clock}`);
      }),
    );
  });

  test.each([
    [1, "date", "1900-01-01"],
    [59, "date", "1900-02-28"],
    [60, "date", "1900-02-29"],
    [61, "date", "1900-03-01"],
    [46_082.270833333336, "datetime", "2026-03-01 06:30:00"],
    [46_082.99999999, "datetime", "2026-03-01 23:59:59.999"],
    [0.5, "time", "12:00:00"],
    [0.25, "elapsed", "06:00:00"],
    [1.5, "elapsed", "36:00:00"],
    [46_082.5, "time", "2026-03-01 12:00:00"],
    [0, "date", "1900-01-00"],
    [-1, "date", undefined],
    [3_000_000, "date", undefined],
  ] as const)("%p as %s is %s", (serial, kind, text) => {
    expect(dateText(serial, kind, false)).toBe(text);
  });
});

describe("number formats", () => {
  test.each([
    ["yyyy-mm-dd", "date"],
    ["m/d/yy h:mm", "datetime"],
    ["[$-409]d\\-mmm\\-yyyy;@", "date"],
    ["mmm", "date"],
    ["h:mm AM/PM", "time"],
    ["mm:ss.0", "time"],
    ["[h]:mm:ss", "elapsed"],
    ["[Red]General", "number"],
    ['#,##0.00 "days"', "number"],
    ["0.00E+00", "number"],
    ["_($* #,##0.00_);_($* (#,##0.00)", "number"],
    ['0;"hms"', "number"],
    ["@", "number"],
    ["0", "number"],
    ["00.00", "number"],
    ["00000", "digits"],
    ["000\\-00\\-0000", "digits"],
    ['"ID "0000', "digits"],
  ])("%s is a %s", (code, kind) => {
    expect(numberFormat(164, code).kind).toBe(kind as "number");
  });

  test("the formats of the list are known by number, in the order of the standard", () => {
    const kinds = [14, 18, 20, 22, 45, 46, 47].map((id) => numberFormat(id, undefined).kind);
    expect(kinds).toEqual(["date", "time", "time", "datetime", "time", "elapsed", "time"]);
    expect(numberFormat(9, undefined)).toEqual({ kind: "number", percent: true });
    expect(numberFormat(164, "0.0%").percent).toBe(true);
    expect(numberFormat(164, '"$"#,##0').currency).toBe("$");
    expect(numberFormat(164, "[$€-407]#,##0").currency).toBe("€");
  });

  test("digits keep their zeros, and more of them than there are places stay in front", () => {
    expect(fillTemplate("00000", 2139)).toBe("02139");
    expect(fillTemplate("000-00-0000", 12_345_678)).toBe("012-34-5678");
    expect(fillTemplate("ID 00", 1234)).toBe("ID 1234");
  });
});

test("a number is written without an exponent, and is the same number", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = numberText(value);
      expect(text).toMatch(/^-?\d+(\.\d+)?$/);
      expect(Number(text)).toBe(value === 0 ? 0 : value);
    }),
  );
});

test("columns are named as Excel names them, there and back", () => {
  expect(["A1", "Z9", "AA1", "XFD1048576", "1", "ZZZZ1"].map(columnOf)).toEqual([0, 25, 26, 16_383, -1, -1]);
  for (let column = 0; column < 16_384; column += 1) expect(columnOf(`${columnName(column)}1`)).toBe(column);
});

test("characters that XML has not come back", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("_", "x", "0", "5", "F", "\r", "a") }), (text) => {
      expect(unescapeText(escaped(text))).toBe(text);
    }),
    { numRuns: 5000, examples: [["_xF50a\r"], ["_x0000_x0000_"]] },
  );
});

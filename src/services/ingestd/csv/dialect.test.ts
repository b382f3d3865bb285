import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { guessDialect } from "./dialect.ts";
import { findHeader } from "./header/header.ts";
import { rowsOf } from "./rows.ts";

function found(text: string, known: readonly string[] = []) {
  const guess = guessDialect(text, true);
  const header = findHeader(guess.rows, guess.width, known);
  return { ...guess, ...guess.dialect, header };
}

const TABLE = [
  ["id", "name", "start", "pay"],
  ["1", "Ada", "2026-01-05", "12.50"],
  ["2", "Bob", "2026-02-01", "9.00"],
  ["3", "Cleo", "2026-03-09", "15.25"],
];

describe("delimiters and quotes", () => {
  test("every delimiter is found, quoted or not", () => {
    for (const delimiter of [",", ";", "\t", "|", "~", "^"]) {
      for (const quote of ["", '"', "'"]) {
        const text = TABLE.map((row) => row.map((cell) => `${quote}${cell}${quote}`).join(delimiter)).join(
          "\n",
        );
        const guess = found(text);
        expect({ delimiter: guess.delimiter, quote: guess.quote, width: guess.width }).toEqual({
          delimiter,
          // Where none is seen the usual one may still come.
          quote: quote === "" ? '"' : quote,
          width: 4,
        });
        expect(guess.header.names).toEqual(["id", "name", "start", "pay"]);
      }
    }
  });

  test("apostrophes inside cells quote nothing", () => {
    const lines = Array.from({ length: 40 }, (_, index) => `${index},Ann O'Brien,the 'old' dock`);
    expect(found(`id,name,place\n${lines.join("\n")}`)).toMatchObject({ quote: '"', width: 3 });
    const text = lines.map((_, index) => `${index},'Ann Brown','the dock, gate 1'`).join("\n");
    expect(found(text)).toMatchObject({ quote: "'", width: 3 });
  });

  test("one malformed row does not change the answer", () => {
    const lines = Array.from({ length: 60 }, (_, index) => `${index},name ${index},2026-01-05,x`);
    for (const broken of ["1,2", "a,b,c,d,e,f,g", '"never closed,1,2,3', ",,,,,,,,,,", "words alone"]) {
      const text = `id,name,day,note\n${lines.toSpliced(30, 0, broken).join("\n")}`;
      expect(found(text)).toMatchObject({ delimiter: ",", width: 4 });
    }
  });

  test("decimal commas do not look like delimiters among semicolons", () => {
    expect(found("ort;preis\nKöln;1,50\nBonn;2,75\nUlm;3,00\n")).toMatchObject({ delimiter: ";", width: 2 });
  });

  test("commas that part the thousands of a number part no cells, whatever else is in the rows", () => {
    for (const delimiter of [";", "; ", "\t", "|"]) {
      const rows = Array.from({ length: 20 }, (_, n) => [`${n + 1}`, `${n + 2},${310 + n},${425 + n}`]);
      const text = [["id", "name"], ...rows, ["7", "1,200,300", "more"]]
        .map((row) => row.join(delimiter))
        .join("\n");
      expect(found(text).width).toBe(2);
    }
    const lakhs = Array.from({ length: 20 }, (_, n) => `${n + 3}; ${n + 1},0${n % 10},5${n % 10},${400 + n}`);
    expect(found(`no; turnover\n-----;-----\n${lakhs.join("\n")}\n`)).toMatchObject({ width: 2 });
    expect(found("a,b,c\n1,200,300\n2,310,420\n3,999,111\n").width).toBe(3);
  });

  test("one row behind a lone carriage return does not make two columns of numbers one", () => {
    const guess = found(
      "id,name\n118,3828\n409,1975\n676,944\n136,922\n2108,2020\r2812,2558\n359,4763\n264,2307\n",
    );
    expect([guess.delimiter, guess.width, guess.header.names]).toEqual([",", 2, ["id", "name"]]);
  });

  test("a mark before numbers is no part of the delimiter, though the first row lacks it once", () => {
    const rows = Array.from(
      { length: 30 },
      (_, n) => `${n}~+4930${100 + n}~${n === 0 ? "none" : `+4940${n}`}`,
    );
    const guess = found(`no~home~work\n${rows.join("\n")}\n`);
    expect([guess.delimiter, guess.header.names]).toEqual(["~", ["no", "home", "work"]]);
  });

  test("one column stays one column, with spaces, times and commas in its text", () => {
    for (const text of [
      "note\nall is well\nthe night was calm\n",
      "t\n10:20\n11:30\n12:45\n",
      "foo\nfoo\nfoo\n",
    ]) {
      expect(found(text).width).toBe(1);
    }
  });

  test("backslashes before quotes are seen", () => {
    expect(found('a,b\n1,"say \\"hi, you\\""\n2,"no"\n3,"x \\"y\\""\n')).toMatchObject({
      escape: "backslash",
      width: 2,
    });
  });

  test("the evidence says what was seen, and what DuckDB would take", () => {
    const guess = guessDialect("a;b\n1;2\n", true, { delimiter: ",", quote: '"' });
    expect(guess.evidence.join()).toContain('";" splits 100 % of 2 sampled rows into 2 cells');
    expect(guess.evidence.join()).toContain('sniffer would take ","');
  });

  test("any table of words and numbers is found in any dialect", () => {
    const word = fc.constantFrom("alpha", "beta", "Gamma Ray", "x1", "2026-01-05", "17", "3.5", "yes", "");
    fc.assert(
      fc.property(
        fc.array(fc.array(word, { minLength: 3, maxLength: 3 }), { minLength: 8, maxLength: 20 }),
        fc.constantFrom(",", ";", "\t", "|"),
        fc.constantFrom('"', ""),
        fc.constantFrom("\n", "\r\n", "\r"),
        (rows, delimiter, quote, newline) => {
          const filled = rows.map((row, index) => [String(index), ...row]);
          const text = filled
            .map((row) => row.map((cell) => `${quote}${cell}${quote}`).join(delimiter))
            .join(newline);
          const guess = guessDialect(text, true);
          expect(guess.dialect.delimiter).toBe(delimiter);
          expect(rowsOf(text, guess.dialect).map(({ cells }) => cells)).toEqual(filled);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("wild text never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const guess = guessDialect(text, true);
        expect(findHeader(guess.rows, guess.width, []).names).toHaveLength(guess.width);
      }),
      { numRuns: 300 },
    );
  });
});

describe("headers", () => {
  test("text above numbers is a header; numbers above numbers are none", () => {
    expect(found("a,b\n1,2\n3,4\n").header).toMatchObject({ headerLine: 1, bodyLine: 2 });
    expect(found("5,6\n1,2\n3,4\n").header).toMatchObject({
      headerLine: null,
      bodyLine: 1,
      names: ["column_1", "column_2"],
    });
  });

  test("titles, notes and empty rows above the table are passed over", () => {
    const { header } = found("Report for January,,\n,,\nid,name,pay\n1,Ada,2\n2,Bob,3\n");
    expect(header).toMatchObject({ headerLine: 3, bodyLine: 4, names: ["id", "name", "pay"] });
  });

  test("years are names", () => {
    expect(found("Region,2019,2020,2021\nNorth,5,6,7\nSouth,8,9,10\n").header.names).toEqual([
      "Region",
      "2019",
      "2020",
      "2021",
    ]);
  });

  test("names that are empty or come twice are made up and made different", () => {
    expect(found("id,,Name,name, a\tb \n1,2,x,y,3\n4,5,x,y,6\n").header.names).toEqual([
      "id",
      "column_2",
      "Name",
      "name_2",
      "a b",
    ]);
  });

  test("a dataset's own names are a header even above text, or alone", () => {
    expect(found("name,city\n", ["name", "city"]).header.headerLine).toBe(1);
    expect(found("x,y\nx,y\n", ["x", "y"]).header.headerLine).toBe(1);
    expect(found("1,2\n3,4\n", ["x", "y"]).header.names).toEqual(["x", "y"]);
  });

  test("a header of several lines in quotes ends where it ends", () => {
    expect(found('id,"two\nlines"\n1,2\n3,4\n').header).toMatchObject({
      names: ["id", "two lines"],
      bodyLine: 3,
    });
  });
});

describe("a first row that may be a value", () => {
  test.each([
    ["n\n0\n1\n0\n", ["n"]],
    ["n\n0\n", ["n"]],
    ["t\n20.5\n21\n", ["t"]],
    ["id,y,n\n1,2,3\n2,3,4\n", ["id", "y", "n"]],
    ["y,n\n1,2\n3,4\n", ["y", "n"]],
    ["on,off\n2026-01-05,2026-01-06\n2026-01-07,2026-01-08\n", ["on", "off"]],
  ])("%j begins with names", (text, names) => {
    expect(found(text).header).toMatchObject({ names, headerLine: 1 });
  });

  test.each(["n\ny\nn\n", "no\nyes\nyes\nno\n", "n,1\ny,2\nn,3\n", "0\n1\n0\n", "f,t\nt,t\nf,f\n"])(
    "%j begins with values",
    (text) => {
      expect(found(text).header.headerLine).toBeNull();
    },
  );

  test("a header alone, and one column, are what they look like", () => {
    expect(found("id,name,start\n").header).toMatchObject({ headerLine: 1, bodyLine: 2 });
    expect(found("hello\n").header.headerLine).toBeNull();
    expect(found("worker_id\nW-1001\nW-1002\nW-1003\n").header.names).toEqual(["worker_id"]);
    expect(found("Ann\nBob\nCleo\nDi\n").header.headerLine).toBeNull();
  });
});

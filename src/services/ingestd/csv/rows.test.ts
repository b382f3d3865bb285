import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Dialect, type Fit, type Row, RowScanner, rowsOf } from "./rows.ts";

const COMMAS: Dialect = { delimiter: ",", quote: '"', escape: "double", newline: "\n", padded: false };
const three: Fit = { width: 3, ragged: false };

function cellsOf(text: string, dialect = COMMAS, fit?: Fit): string[][] {
  return rowsOf(text, dialect, fit).map(({ cells }) => cells);
}

function told(text: string, fit = three): string[] {
  return rowsOf(text, COMMAS, fit).map(({ line, cells, reason }) => `${line}: ${reason ?? cells.join("|")}`);
}

describe("well-formed text", () => {
  test("quotes, doubled quotes, line breaks in cells, CRLF, blank lines, no line break at the end", () => {
    expect(cellsOf('a,b\r\n"x, y","say ""hi"""\r\n\r\n"two\nlines",\r\n,"last"')).toEqual([
      ["a", "b"],
      ["x, y", 'say "hi"'],
      ["two\nlines", ""],
      ["", "last"],
    ]);
  });

  test("lines are counted through cells of several lines and blank lines", () => {
    expect(rowsOf('a,b\n"1\n2\n3",x\n\nc,d\n', COMMAS).map(({ line }) => line)).toEqual([1, 2, 6]);
  });

  test("backslashes, single quotes, spaces around cells, carriage returns alone", () => {
    const odd: Dialect = { delimiter: ";", quote: "'", escape: "backslash", newline: "\r", padded: true };
    expect(cellsOf("a ; 'it\\'s; so' ;b\rc;d;'e'", odd)).toEqual([
      ["a", "it's; so", "b"],
      ["c", "d", "e"],
    ]);
  });

  test("lines above the table are passed over, whatever quotes they have", () => {
    const rows = rowsOf('Say "what\n\na,b,c\n1,2,3\n', COMMAS, three, 3);
    expect(rows.map(({ line, cells }) => [line, cells.join()])).toEqual([
      [3, "a,b,c"],
      [4, "1,2,3"],
    ]);
  });
});

describe("damaged text", () => {
  test("a row of another width is rejected alone", () => {
    expect(told("1,2,3\n4,5\n6,7,8\n9,10,11,12\n13,14,15\n")).toEqual([
      "1: 1|2|3",
      "2: 2 cells where the table has 3",
      "3: 6|7|8",
      "4: 4 cells where the table has 3",
      "5: 13|14|15",
    ]);
  });

  test("a quote that is opened and never closed costs its line at most", () => {
    expect(told('1,2,3\n4,"5,6\n7,8,9\n10,11,12\n')).toEqual([
      "1: 1|2|3",
      '2: 4|"5|6',
      "3: 7|8|9",
      "4: 10|11|12",
    ]);
    expect(told('1,2,3\n4,"5\n7,8,9\n')).toEqual([
      "1: 1|2|3",
      "2: a quote is opened and never closed",
      "3: 7|8|9",
    ]);
  });

  test("two stray quotes do not swallow the rows between them", () => {
    expect(told('1,2,3\n4,5,"x\n7,8,9\n10,11,12\n13,14,y"\n16,17,18\n')).toEqual([
      "1: 1|2|3",
      '2: 4|5|"x',
      "3: 7|8|9",
      "4: 10|11|12",
      '5: 13|14|y"',
      "6: 16|17|18",
    ]);
  });

  test("quotes inside a quoted cell that nobody doubled are part of it", () => {
    expect(cellsOf('1,"the "big" one",3\n', COMMAS, three)).toEqual([["1", 'the "big" one', "3"]]);
    expect(cellsOf('1,5" pipe,3\n', COMMAS, three)).toEqual([["1", '5" pipe', "3"]]);
  });

  test("empty cells beyond the width are dropped, values never are", () => {
    expect(told("1,2,3,,\n1,2,3,,x\n")).toEqual(["1: 1|2|3", "2: 5 cells where the table has 3"]);
  });

  test("a carriage return alone ends a row where rows are known to be wider than nothing", () => {
    const rows = rowsOf("1,2,3\r4,5,6\n7,8\r,9\n", COMMAS, { ...three, returns: true });
    expect(
      rows.map(({ line, cells, reason }) => [line, reason === undefined ? cells.join() : "rejected"]),
    ).toEqual([
      [1, "1,2,3"],
      [1, "4,5,6"],
      [2, "7,8\r,9"],
    ]);
    // A file that was joined behind such a row brings its mark along.
    const joined = rowsOf("1,2,3\r\uFEFF4,5,6\n", COMMAS, { ...three, returns: true });
    expect(joined.map(({ cells }) => cells)).toEqual([
      ["1", "2", "3"],
      ["4", "5", "6"],
    ]);
  });

  test("a row behind a carriage return is one, and not the empty cells of the row before it", () => {
    const returns: Fit = { ...three, returns: true };
    expect(cellsOf("1,2,3\rSource,,\n4,5,6\r,,\n", COMMAS, returns)).toEqual([
      ["1", "2", "3"],
      ["Source", "", ""],
      ["4", "5", "6"],
      ["", "", ""],
    ]);
    expect(cellsOf("1,a\rb,3,,\n", COMMAS, returns)).toEqual([["1", "a\rb", "3"]]);
  });

  test("rows in quotes that a carriage return parts are rows, where each fits", () => {
    const returns: Fit = { ...three, returns: true };
    const told = rowsOf('"1","a","x, y"\r"2","b","z"\n"3","c\rd","w"\n"4","e"\r"5"\n', COMMAS, returns);
    expect(told.map(({ line, part, cells, reason }) => [line, part, reason ?? cells.join("|")])).toEqual([
      [1, 0, "1|a|x, y"],
      [1, 1, "2|b|z"],
      [2, undefined, "3|c\rd|w"],
      [3, undefined, expect.stringContaining("where the table has 3")],
    ]);
  });

  test("short rows are filled up where that is the file's habit", () => {
    expect(cellsOf("1,2\n", COMMAS, { width: 3, ragged: true })).toEqual([["1", "2", ""]]);
  });
});

const delimiter = fc.constantFrom(",", ";", "\t", "|", "~", "^");
const cell = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("", " x ", '"', '""', "a\nb", "a\r\nb", ";,|", "\\", "'", "1,5", '","', "\n"),
);

function written(rows: readonly (readonly string[])[], dialect: Dialect, always: boolean): string {
  const quoted = (text: string): string => {
    const plain =
      !always && text !== "" && !/["\n\r]|^[ \f\ufeff]|'/.test(text) && !text.includes(dialect.delimiter);
    return plain ? text : `"${text.replaceAll('"', '""')}"`;
  };
  return rows.map((cells) => cells.map(quoted).join(dialect.delimiter)).join("\n");
}

/** All ways to feed a scanner must give the same rows. */
function inPieces(text: string, dialect: Dialect, fit: Fit | undefined, size: number): Row[] {
  const scanner = new RowScanner(dialect, fit);
  const rows: Row[] = [];
  for (let at = 0; at < text.length; at += size)
    rows.push(...[...scanner.push(text.slice(at, at + size))].flat());
  return [...rows, ...[...scanner.finish()].flat()];
}

describe("any table, any dialect", () => {
  test("what is written is read back", () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 2, max: 5 })
          .chain((width) =>
            fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
          ),
        delimiter,
        fc.boolean(),
        (rows, mark, always) => {
          const dialect = { ...COMMAS, delimiter: mark };
          expect(cellsOf(written(rows, dialect, always), dialect)).toEqual(rows);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("the size of the pieces makes no difference", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "1", ",", '"', "\n", "\r", " "), maxLength: 80 }),
        fc.integer({ min: 1, max: 9 }),
        (text, size) => {
          for (const fit of [undefined, { width: 2, ragged: false }, three]) {
            expect(inPieces(text, COMMAS, fit, size)).toEqual(rowsOf(text, COMMAS, fit));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("no text is ever refused, no line is lost, and what fits has the width", () => {
    const wild = fc.string({
      unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "'", "\\", ";", "é", "\0"),
      maxLength: 120,
    });
    fc.assert(
      fc.property(
        wild,
        fc.constantFrom('"', "'", ""),
        fc.constantFrom("double" as const, "backslash" as const),
        (text, quote, escape) => {
          const dialect: Dialect = { ...COMMAS, quote, escape };
          const rows = rowsOf(text, dialect, three);
          for (const row of rows) if (row.reason === undefined) expect(row.cells).toHaveLength(3);
          const kept = rows
            .map(({ raw }) => raw)
            .join("\n")
            .replace(/\s/g, "");
          expect(kept).toBe(
            text
              .split("\n")
              .filter((line) => line.trim() !== "")
              .join("\n")
              .replace(/\s/g, ""),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});

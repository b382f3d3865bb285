// What stands around a table: titles, comments, records, units, groups, drawn lines, notes; each written with every
// delimiter, above and below tables of several shapes. The names and the first line of data must be the table's.

import { describe, expect, test } from "bun:test";
import { guessDialect } from "./dialect.ts";
import { cellsAt, cutsOf } from "./fixed-width.ts";
import { findHeader } from "./header/header.ts";
import { isDrawnLine, mayBeNote } from "./odd-rows.ts";
import { type Fit, rowsOf } from "./rows.ts";

const DELIMITERS = [",", ";", "\t", "|"];
type Cells = readonly string[];

const TABLES: Readonly<Record<string, readonly Cells[]>> = {
  "numbers and dates": [
    ["emp", "name", "hours", "hired"],
    ["101", "Ann Lee", "38.5", "2024-02-01"],
    ["102", "Bo Kim", "40", "2024-02-02"],
    ["103", "Cy Diaz", "12.25", "2024-02-03"],
    ["104", "Di Roe", "8", "2024-02-04"],
  ],
  "one column of numbers": [
    ["site", "crew", "n"],
    ["Reno", "north", "4"],
    ["Elko", "south", "5"],
    ["Ely", "east", "6"],
  ],
};

interface Around {
  /** Tables beside which it cannot be told from a row. */
  readonly unclear?: string;
  readonly above?: (width: number) => readonly Cells[];
  /** Below the names. */
  readonly below?: (table: readonly Cells[]) => readonly Cells[];
  /** Lines that are one text, whatever the delimiter. */
  readonly lines?: readonly string[];
}

const fill = (width: number, ...cells: string[]): string[] => [
  ...cells,
  ...Array<string>(width - cells.length).fill(""),
];

const AROUND: Readonly<Record<string, Around>> = {
  nothing: {},
  "a title": { lines: ["Weekly Export", ""] },
  "a title with empty cells": { above: (width) => [fill(width, "Weekly Export"), fill(width)] },
  "comments with as many cells as the table": {
    above: (width) => [["# source: payroll", ...fill(width - 1, "week 5", "site 2")], fill(width, "# end")],
  },
  "comments of another kind": { lines: ["// made by a tool", "// do not edit"] },
  "a record of an interface": {
    unclear: "one column of numbers",
    above: (width) => [["HDR", "PAYROLL", "20240501", ...fill(width - 3)].slice(0, width)],
  },
  "drawn lines": { lines: ["-----------"] },
  "a row of units": {
    below: ([names = [], first = []]) => [
      names.map((_, column) => (/^[0-9.]+$/.test(first[column] ?? "") && column > 0 ? "h" : "")),
    ],
  },
};

function found(text: string) {
  const guess = guessDialect(text, true);
  return { ...guess, header: findHeader(guess.rows, guess.width, []) };
}

describe("around a table", () => {
  for (const [kind, { above, below, lines = [], unclear }] of Object.entries(AROUND))
    for (const [shape, table] of Object.entries(TABLES).filter(([name]) => name !== unclear))
      for (const delimiter of DELIMITERS)
        test(`${kind}, ${shape}, ${JSON.stringify(delimiter)}`, () => {
          const [names = [], ...rows] = table;
          const between = below?.(table) ?? [];
          const written = [...(above?.(names.length) ?? []), names, ...between, ...rows];
          const text = [...lines, ...written.map((cells) => cells.join(delimiter)), ""].join("\n");
          const { header, width } = found(text);
          expect(width).toBe(names.length);
          expect(header.names).toEqual([...names]);
          // What describes the columns is rejected; everything else above them is passed over.
          expect(header.rejected.map(({ reason }) => reason)).toEqual(
            between.map(() => "it describes the columns and is no row of them"),
          );
          const body = text.split("\n").findIndex((line) => line === rows[0]?.join(delimiter)) + 1;
          expect(header.bodyLine).toBe(body);
        });

  test("rows that all end in a delimiter have the width of their names", () => {
    for (const delimiter of DELIMITERS) {
      const [names = [], ...rows] = TABLES["numbers and dates"] ?? [];
      const text = [names, ...rows.map((row) => [...row, ""])]
        .map((cells) => cells.join(delimiter))
        .join("\n");
      expect(found(text)).toMatchObject({ width: 4, header: { names } });
    }
  });

  test("most rows may leave out their last cells when the header and some rows have them", () => {
    const rows = Array.from({ length: 30 }, (_, row) => `${row},n${row},${row}${row % 3 === 0 ? ",x" : ""}`);
    expect(found(`id,name,qty,note\n${rows.join("\n")}\n`)).toMatchObject({
      width: 4,
      header: { names: ["id", "name", "qty", "note"] },
    });
  });

  test("lines of one cell below a table are its footer, however many there are", () => {
    const footer = ["Report", "Copyright", "Confidential", "By Ann", "On Monday"].join("\n");
    expect(found(`"a","b","c"\n"1","2","x"\n"3","4","y"\n\n\n${footer}\n`)).toMatchObject({
      width: 3,
      header: { names: ["a", "b", "c"] },
    });
  });

  test("texts with commas in some of them, below one name, are one column", () => {
    expect(found("place\nReno, NV\nElko\nEly, NV\nLas Vegas\n")).toMatchObject({ width: 1 });
    expect(found("url\nhttp://a.example/x?y=1,2\nhttp://b.example/z\n")).toMatchObject({ width: 1 });
  });

  test("groups of thousands are not split where another delimiter splits the header too", () => {
    const rows = Array.from({ length: 20 }, (_, row) => `${900 + row};${1 + (row % 9)},533,23${row % 10}`);
    for (const delimiter of [";", "\u001f"]) {
      const text = ["id;name", ...rows, "7;1,000,000;more"].join("\n").replaceAll(";", delimiter);
      expect(found(text)).toMatchObject({ width: 2, header: { names: ["id", "name"] } });
    }
  });

  test("names over two rows keep their groups where they would come again", () => {
    const body = Array.from({ length: 3 }, (_, row) => [`S${row}`, "1", "2", "3", "4"].join(",")).join("\n");
    const { header } = found(`Site,Jan,,Feb,\n,Plan,Actual,Plan,Actual\n${body}\n`);
    expect(header.names).toEqual(["Site", "Jan Plan", "Jan Actual", "Feb Plan", "Feb Actual"]);
  });

  test("numbers that count the columns are names beside a name, and a row where there is none", () => {
    const days = Array.from({ length: 31 }, (_, day) => String(day + 1));
    const rows = ["Ann", "Bob"].map((name) => [name, ...days.map(() => "8")].join(","));
    expect(found(`Crew,${days.join(",")}\n${rows.join("\n")}\n`).header.headerLine).toBe(1);
    expect(found("worker,1,2,3\nAnn,8,7,8\nBob,8,8,8\n").header.headerLine).toBe(1);
    expect(found("Ann,1,2,3\nBob,8,8,8\nCyd,7,7,7\n").header.headerLine).toBe(null);
    expect(found("1,2,3\n4,5,6\n7,8,8\n").header.headerLine).toBe(null);
  });

  test("years, days and times are names above what is none of them", () => {
    expect(found("sku,unit,2023,2024\nA,kg,10,20\nB,kg,11,21\n").header.headerLine).toBe(1);
    expect(found("gate,08:00,09:00\nN,4,5\nS,6,7\n").header.headerLine).toBe(1);
    expect(found("ann,2024-01-05,2024-01-06\nbob,2024-02-05,2024-02-06\n").header.headerLine).toBe(null);
    expect(found("Ann,Reno,2023,2024\nBob,Elko,2022,2023\nCyd,Ely,2020,2021\n").header.headerLine).toBe(null);
  });

  test("names that stand for several columns side by side are names", () => {
    const { header } = found("Summary,Key,Sprint,Sprint,Note,Note\nFix,AB-1,S1,S2,x,\nAdd,AB-2,S2,,,y\n");
    expect(header.names).toEqual(["Summary", "Key", "Sprint", "Sprint_2", "Note", "Note_2"]);
  });

  test("a column that counts the rows may have no name", () => {
    const { header } = found('"name" "qty"\n"1" "Ann" 5\n"2" "Bob" 6\n"3" "Cy" 7\n');
    expect(header.names).toEqual(["column_1", "name", "qty"]);
    expect(header.warnings.join()).toContain("counts the rows");
  });

  test("control characters that separate fields do", () => {
    for (const delimiter of ["\u001f", "\u0001"])
      expect(found(["id,n,q", "1,a,5", "2,b,6"].join("\n").replaceAll(",", delimiter))).toMatchObject({
        width: 3,
        header: { names: ["id", "n", "q"] },
      });
  });
});

describe("cells told apart by their place", () => {
  const cells = [
    ["EMPNO", "NAME", "DEPT", "RATE"],
    ["00012", "LEE ANN", "A01", "21.50"],
    ["00013", "KIM BO", "B02", "122.00"],
    ["00107", "VAN DYK", "A01", "9.75"],
  ];
  for (const gap of [2, 3, 5])
    for (const aligned of ["left", "right"])
      test(`gaps of ${gap}, numbers on the ${aligned}`, () => {
        const widths = [5, 7, 4, 6];
        const lines = cells.map((row) =>
          row
            .map((cell, column) =>
              aligned === "right" && column === 3
                ? cell.padStart(widths[column] ?? 0)
                : cell.padEnd(widths[column] ?? 0),
            )
            .join(" ".repeat(gap))
            .trimEnd(),
        );
        const cuts = cutsOf(lines.join("\n"), "\n") ?? [];
        expect(lines.map((line) => cellsAt(line, cuts))).toEqual(cells);
        expect(found(lines.join("\n"))).toMatchObject({ width: 4, header: { names: cells[0] } });
      });

  test("a line of dashes says where the columns are", () => {
    const text = "id  name        n\n--- ----------- --\n1   Ann van Lee 5\n20  Bo          60\n";
    expect(found(text)).toMatchObject({ width: 3, header: { names: ["id", "name", "n"], bodyLine: 2 } });
    expect(cellsAt("Report of all that was paid", [0, 4, 16])).toEqual(["Report of all that was paid"]);
  });

  test("numbers on the right of their column end before a single space", () => {
    const text =
      "   id name          pay\n    1 Ann Lee     12.50\n   20 Bob       1200.00\n  300 Cyd Diaz     7.25\n";
    expect(found(text)).toMatchObject({ width: 3, header: { names: ["id", "name", "pay"] } });
  });

  test("texts with spaces are none", () => {
    expect(cutsOf("all is well\nthe night was calm\nnothing to say\n", "\n")).toBeUndefined();
    expect(cutsOf("a,b\n1,2\n3,4\n", "\n")).toBeUndefined();
  });
});

test("drawn lines and notes are told from rows without values and from values", () => {
  for (const line of ["-----", "+---+----+", "|:--|---:|", "=====;=====", "---- -----"])
    expect([line, isDrawnLine(line)]).toEqual([line, true]);
  for (const line of ["", "--", "-,-,-", ",,,", "1---2", "-- a", "-5.0,-6.0"])
    expect([line, isDrawnLine(line)]).toEqual([line, false]);
  expect(mayBeNote(["Source: HR", "", ""])).toBe(true);
  for (const row of [["12", ""], ["a"], ["a", "b", ""], ["", ""], ["N/A", ""], ["-", ""]])
    expect([row, mayBeNote(row)]).toEqual([row, false]);
});

test("two rows that a quote joined are two where both have values in the columns of values", () => {
  const isValue = (cell: string): boolean => /^[0-9]+$/.test(cell);
  const fit: Fit = { width: 3, ragged: false, values: { columns: [0, 2], isValue } };
  const comma = { delimiter: ",", quote: '"', escape: "double", newline: "\n", padded: false } as const;
  const read = (text: string): string[][] => rowsOf(text, comma, fit).map(({ cells }) => cells);
  expect(read('1,"Ann,5\n2,Bob",6\n3,Cy,7\n')).toEqual([
    ["1", '"Ann', "5"],
    ["2", 'Bob"', "6"],
    ["3", "Cy", "7"],
  ]);
  // An address that happens to have as many commas has no values there.
  expect(read('1,"12 Main St, Apt 5\nReno, NV",6\n')).toEqual([["1", "12 Main St, Apt 5\nReno, NV", "6"]]);
});

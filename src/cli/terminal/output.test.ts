import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { csvLine, formatOf, pairLines, tableOf } from "./output.ts";

describe("csv", () => {
  test("quotes what needs it and nothing else", () => {
    expect(csvLine(["a", "b,c", 'say "x"', "two\nlines", " padded", "", null, 12, true, { a: 1 }])).toBe(
      'a,"b,c","say ""x""","two\nlines"," padded","",,12,true,"{""a"":1}"\r\n',
    );
  });

  test("any line is read back as it was", () => {
    const field = /"((?:[^"]|"")*)"|([^,]*)/y;
    const parsed = (line: string): string[] => {
      const fields: string[] = [];
      field.lastIndex = 0;
      for (;;) {
        const [, quoted, bare] = field.exec(line) ?? [];
        fields.push(quoted?.replaceAll('""', '"') ?? bare ?? "");
        if (field.lastIndex >= line.length) return fields;
        field.lastIndex += 1;
      }
    };
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", "é") }), { minLength: 1 }),
        (values) => {
          expect(parsed(csvLine(values).slice(0, -2))).toEqual(values);
        },
      ),
    );
  });
});

test("the format is that of -o", () => {
  expect(formatOf("csv")).toBe("csv");
  expect(formatOf("table")).toBe("table");
});

test("a table shows the formatted text instead of the value", () => {
  const lines = tableOf(
    {
      fields: [
        { name: "name", value: (row: { name: string; bytes: number }) => row.name },
        {
          name: "bytes",
          align: "right",
          value: ({ bytes }) => bytes,
          show: ({ bytes }) => `${bytes / 1024} KiB`,
        },
      ],
      rows: [{ name: "workers", bytes: 2048 }],
    },
    Infinity,
  );
  expect(lines.map((line) => Bun.stripANSI(line))).toEqual(["name     bytes", "workers  2 KiB"]);
});

test("pairs stand below each other", () => {
  expect(
    pairLines([
      ["Gateway", "http://x"],
      ["Data", "/y"],
    ]),
  ).toEqual(["Gateway  http://x", "Data     /y"]);
});

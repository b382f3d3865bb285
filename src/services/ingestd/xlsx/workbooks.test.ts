// Workbooks as people make them, loaded as a whole: what comes out is what the sheet shows, each row of it counted.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "#rpc/fault";
import { type TestLake, testLake } from "../lake.testing.ts";
import { csvCell } from "../source/csv-cell.ts";
import { type TestCell, type TestWorkbook, workbookBytes, zipBytes } from "./workbook.testing.ts";

let lake: TestLake;
beforeAll(async () => {
  lake = await testLake();
});
afterAll(async () => {
  expect(lake.bugs).toEqual([]);
  await lake.close();
});

let made = 0;
const fresh = (): string => `book_${(made += 1)}`;

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Fault);
  return thrown as Fault;
}

const sheet = (rows: TestWorkbook["sheets"][number]["rows"], merges: string[] = []): TestWorkbook => ({
  sheets: [{ name: "Data", rows, merges }],
});
const date = (serial: number): TestCell => ({ v: serial, format: "m/d/yyyy" });

async function loaded(book: TestWorkbook, more: Parameters<TestLake["load"]>[2] = {}) {
  const dataset = fresh();
  const answer = await lake.load(dataset, workbookBytes(book), more);
  const { rows_in, rows_loaded, rows_quarantined } = answer;
  expect(rows_in).toBe(rows_loaded + rows_quarantined);
  return { answer, dataset, rows: await lake.rows(dataset) };
}

describe("cells", () => {
  test.each([true, false])(
    "of every kind are what the sheet shows (shared texts: %p)",
    async (sharedStrings) => {
      const rows = Array.from({ length: 12 }, (_, at): TestCell[] => [
        at,
        `Ann & "Bo" <${at}>`,
        date(46_082 + at),
        { v: 46_082.270833333336 + at, format: "yyyy-mm-dd hh:mm" },
        { v: 0.25, format: "h:mm" },
        { v: 1234.5 + at, format: '"$"#,##0.00' },
        { v: 0.25, format: "0%" },
        at % 2 === 0,
        { v: 2139 + at, format: "00000" },
        { v: at * 2, f: `A${at + 2}*2` },
        { v: at === 3 ? "#DIV/0!" : 5, ...(at === 3 ? { t: "e", f: "1/0" } : {}) },
        { v: "2026-03-01T00:00:00", t: "d" },
      ]);
      const names = ["id", "name", "day", "at", "shift", "pay", "part", "ok", "zip", "twice", "odd", "iso"];
      const { answer, dataset } = await loaded({ ...sheet([names, ...rows]), sharedStrings });
      expect(answer).toMatchObject({ rows_in: 12, rows_loaded: 12 });
      expect(answer.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
        "id BIGINT",
        "name VARCHAR",
        "day DATE",
        "at TIMESTAMP",
        "shift TIME",
        "pay DOUBLE",
        "part DOUBLE",
        "ok BOOLEAN",
        "zip VARCHAR",
        "twice BIGINT",
        expect.stringContaining("odd"),
        "iso DATE",
      ]);
      const [row] = await lake.rows(
        dataset,
        "SELECT name, day::VARCHAR AS day, t.at::VARCHAR AS stamp, shift::VARCHAR AS shift, pay, part, ok, zip, twice::INT AS twice, iso::VARCHAR AS iso FROM t WHERE id = 1",
      );
      expect(row).toEqual({
        name: 'Ann & "Bo" <1>',
        day: "2026-03-02",
        stamp: "2026-03-02 06:30:00",
        shift: "06:00:00",
        pay: 1235.5,
        part: 0.25,
        ok: false,
        zip: "02140",
        twice: 2,
        iso: "2026-03-01",
      });
      expect(answer.warnings.join()).toContain("Column G: shown as percentages");
      expect(answer.warnings.join()).toContain("1 formula gave an error (the first, K5 holds #DIV/0!)");
      expect(answer.dialect?.evidence[0]).toBe('sheet "Data": 13 rows, columns A to L');
    },
  );

  test("dates counted from 1904 are the same dates", async () => {
    const { dataset } = await loaded({
      ...sheet([["id", "day"], ...[1, 2, 3].map((at) => [at, date(44_620 + at)])]),
      since1904: true,
    });
    expect(await lake.rows(dataset, "SELECT min(day)::VARCHAR AS day FROM t")).toEqual([
      { day: "2026-03-02" },
    ]);
  });

  test("a formula whose value was never saved gives a warning, for its cell is empty", async () => {
    const { answer, rows } = await loaded(
      sheet([
        ["id", "sum"],
        [1, 5],
        [2, { f: "A3*2" }],
        [3, { f: "A4*2" }],
        [4, { v: "", f: '""', t: "str" }],
      ]),
    );
    expect(answer.warnings.join()).toContain("2 formulas (the first in B3) have no value saved");
    expect(rows.map((row) => row["sum"])).toEqual([5n, null, null, null]);
  });

  test("amounts in two currencies give a warning", async () => {
    const { answer } = await loaded(
      sheet([
        ["id", "pay"],
        [1, { v: 5, format: "[$$-409]0.00" }],
        [2, { v: 6, format: "[$€-407]0.00" }],
        [3, 7],
      ]),
    );
    expect(answer.warnings.join()).toContain("Column B: amounts in $ and €");
  });
});

describe("what other writers make of it", () => {
  const relation = (id: string, type: string, target: string) =>
    `<Relationships><Relationship Id="${id}" Type="http://purl.oclc.org/ooxml/x/${type}" Target="${target}"/></Relationships>`;
  const bookOf = (sheetXml: string | Uint8Array, name = "w.xml"): Uint8Array =>
    zipBytes([
      ["_rels/.rels", relation("a", "officeDocument", `/${name}`)],
      [name, '<x:workbook><x:sheets><x:sheet name="A" r:id="s"/></x:sheets></x:workbook>'],
      [`_rels/${name}.rels`, relation("s", "worksheet", "S.xml")],
      ["s.xml", sheetXml],
    ]);
  const rows = [
    ["id", "v"],
    ["1", "a"],
    ["2", "b"],
  ];
  const cells = (row: readonly string[]): string =>
    row.map((text) => `<x:c t="inlineStr"><x:is><x:t>${text}</x:t></x:is></x:c>`).join("");
  const xml = `<x:worksheet><x:sheetData>${rows.map((row) => `<x:row>${cells(row)}</x:row>`).join("")}</x:sheetData></x:worksheet>`;

  test.each([
    ["prefixes, places left out, names of parts in other capitals", bookOf(xml)],
    ["UTF-16", bookOf(Buffer.from(`\ufeff${xml}`, "utf16le"))],
    [
      "comments, sections of text, runs and phonetics",
      bookOf(
        xml.replace(
          "<x:t>a</x:t>",
          "<x:r><x:t><![CDATA[a]]></x:t></x:r><x:rPh><x:t>eh</x:t></x:rPh><!-- b -->",
        ),
      ),
    ],
  ])("%s is read alike", async (_, bytes) => {
    const dataset = fresh();
    expect(await lake.load(dataset, bytes)).toMatchObject({ rows_in: 2, rows_loaded: 2 });
    expect(await lake.rows(dataset)).toEqual([
      { id: 1n, v: "a" },
      { id: 2n, v: "b" },
    ]);
  });
});

describe("layout", () => {
  const body = [1, 2, 3, 4, 5].map((at): TestCell[] => [
    null,
    300 + at,
    `Hand ${at}`,
    36 + at,
    at / 2,
    38,
    at,
  ]);

  test("titles, groups of names, empty columns and rows, a table that starts further down", async () => {
    const { answer, rows } = await loaded(
      sheet(
        [
          ["Weekly report"],
          undefined,
          ["printed by Ann"],
          [null, null, null, "Week 1", null, "Week 2", null],
          [null, "Emp No", "Name", "Reg", "OT", "Reg", "OT"],
          ...body.slice(0, 3),
          undefined,
          ...body.slice(3),
        ],
        ["A1:G1", "D4:E4", "F4:G4"],
      ),
    );
    expect(answer.columns.map(({ name }) => name)).toEqual([
      "Emp No",
      "Name",
      "Week 1 Reg",
      "Week 1 OT",
      "Week 2 Reg",
      "Week 2 OT",
    ]);
    expect(answer).toMatchObject({ rows_in: 5, rows_loaded: 5, dialect: { header_row: 5 } });
    expect(answer.dialect?.evidence.join("; ")).toContain("columns without anything were left out: A");
    expect(answer.dialect?.evidence.join("; ")).toContain("row 4 stand before those of row 5");
    expect(rows[4]).toMatchObject({ "Emp No": 305n, "Week 2 OT": 5n });
  });

  test("one group alone, and names that are merged over two rows", async () => {
    const { answer } = await loaded(
      sheet(
        [["Emp No", "Hours", null], [null, "2025", 2026], ...body.map((row) => [row[1] ?? 0, 36, 40])],
        ["A1:A2", "B1:C1"],
      ),
    );
    expect(answer.columns.map(({ name }) => name)).toEqual(["Emp No", "Hours 2025", "Hours 2026"]);
    expect(answer.rows_in).toBe(5);
    const lone = await loaded(
      sheet(
        [[null, null, "Hours"], ["Emp No", "Name", "Reg", "OT"], ...body.map((row) => row.slice(1, 5))],
        ["C1:D1"],
      ),
    );
    expect(lone.answer.columns.map(({ name }) => name)).toEqual(["Emp No", "Name", "Hours Reg", "Hours OT"]);
  });

  test("a title over the whole table is no group, and neither is a merged cell of a row", async () => {
    const { answer, rows } = await loaded(
      sheet([["Roster"], ["id", "name"], [1, "x"], [2, "y"], ["3", null], [4, "z"]], ["A1:B1", "A5:B5"]),
    );
    expect(answer.columns.map(({ name }) => name)).toEqual(["id", "name"]);
    expect(rows).toHaveLength(4);
    const low = Array.from({ length: 20 }, (_, at): TestCell[] => [at, at === 15 ? "both" : "x", null]);
    const merged = await loaded(sheet([["id", "a", "b"], ...low, [99, "y", "z"]], ["B17:C17"]));
    expect(merged.answer.warnings.join()).toContain("1 merged range below the header (the first at B17)");
  });

  test("cells merged below the header are told in a short sheet too, those of the header are not", async () => {
    const names = ["crew", "name", "hours"];
    const rows = [names, ["north", "Ann", 8], [null, "Bob", 7], ["south", "Cyd", 6]];
    const { answer } = await loaded(sheet(rows, ["A2:A3"]));
    expect(answer.warnings.join(" ")).toContain("1 merged range below the header (the first at A2)");
    const titled = await loaded(sheet([["Crews of the week", null, null], ...rows], ["A1:C1"]));
    expect(titled.answer.warnings).toEqual([]);
  });

  test("a rejected row has its number in Excel, whatever line breaks stand above it", async () => {
    const rows = Array.from({ length: 300 }, (_, at): TestCell[] => [
      at,
      at % 7 === 0 ? "two\nlines" : "one",
      at === 250 ? "soon" : date(46_082),
    ]);
    const { answer, dataset } = await loaded(sheet([["id", "note\nof it", "day"], undefined, ...rows]), {
      source: "shifts.xlsx",
    });
    expect(answer).toMatchObject({ rows_in: 300, rows_quarantined: 1 });
    expect(await lake.rows(`${dataset}$rejects`, "SELECT line::INT AS line, reason, raw FROM t")).toEqual([
      { line: 253, reason: '"day": "soon" is no DATE', raw: "250,one,soon" },
    ]);
    const { ingest_id } = answer;
    const replay = await lake.ingest.replay({ dataset, ingest_id }).catch((error: unknown) => error);
    expect(replay).toMatchObject({ rows_in: 1, rows_loaded: 0 });
  });
});

describe("sheets", () => {
  const table = (from: number): TestCell[][] => [
    ["id", "v"],
    ...[0, 1, 2].map((at) => [from + at, `v${at}`]),
  ];
  const book = workbookBytes({
    sheets: [
      { name: "Notes", rows: [] },
      { name: "East", rows: table(10) },
      { name: "West & Co", rows: table(20) },
      { name: "Lists", rows: table(30), state: "hidden" },
    ],
  });

  test("several with data are not chosen among; one is named, by name or number", async () => {
    const fault = await faultOf(lake.load("several", book));
    expect([fault.code, fault.message]).toEqual([
      "invalid",
      expect.stringContaining('2 sheets with data, "East", "West & Co"'),
    ]);
    const dataset = fresh();
    await lake.load(dataset, book, { sheet: "East" });
    await lake.load(dataset, book, { sheet: "west & co" });
    await lake.load(dataset, book, { sheet: "4" });
    expect(await lake.rows(dataset, "SELECT list(id::INT ORDER BY id) AS ids FROM t")).toEqual([
      { ids: [10, 11, 12, 20, 21, 22, 30, 31, 32] },
    ]);
    // The same sheet is the same load, however it is named; another one under the same key is a conflict.
    expect(await lake.load(dataset, book, { sheet: "2" })).toMatchObject({ replayed: true });
    const keyed = { idempotency_key: "k", sheet: "East" };
    expect(await lake.load(`${dataset}_k`, book, keyed)).toMatchObject({ replayed: false });
    expect(await lake.load(`${dataset}_k`, book, { ...keyed, sheet: "2" })).toMatchObject({ replayed: true });
    expect((await faultOf(lake.load(`${dataset}_k`, book, { ...keyed, sheet: "3" }))).code).toBe("conflict");
    const unknown = await faultOf(lake.load(dataset, book, { sheet: "Eats" }));
    expect([unknown.code, unknown.message]).toEqual(["invalid", expect.stringContaining("East")]);
  });

  test("a hidden one gives a warning and is not loaded, unless it is the only one", async () => {
    const hidden = { name: "Lists", rows: table(30), state: "veryHidden" as const };
    const { answer } = await loaded({ sheets: [{ name: "East", rows: table(10) }, hidden] });
    expect(answer.rows_in).toBe(3);
    expect(answer.warnings.join()).toContain('Hidden sheets have data and were not loaded: "Lists"');
    expect((await loaded({ sheets: [{ name: "Notes", rows: [] }, hidden] })).answer.rows_in).toBe(3);
    expect(
      (await faultOf(loaded({ sheets: [{ name: "Notes", rows: [[null, { format: "0" }]] }] }))).code,
    ).toBe("invalid");
  });
});

describe("the same table", () => {
  // Spaces at the ends of a CSV's cells may be layout; in a sheet they never are.
  const text = fc
    .string({ unit: fc.constantFrom("a", "Z", " ", ",", '"', "é", "\n", "0", "7", "&", "<"), maxLength: 8 })
    .map((found) => found.trim());
  const numbered = { csv: (value: number) => String(value), cell: (value: number): TestCell => value };
  const columns: fc.Arbitrary<{ csv: (value: number) => string; cell: (value: number) => TestCell }>[] = [
    fc.constant({ csv: (value) => String(value), cell: (value) => value }),
    fc.constant({ csv: (value) => String(value / 4), cell: (value) => value / 4 }),
    fc.constant({ csv: (value) => (value % 2 === 0 ? "TRUE" : "FALSE"), cell: (value) => value % 2 === 0 }),
    fc.constant({
      csv: (value) => new Date(Date.UTC(2020, 0, 1 + value)).toISOString().slice(0, 10),
      cell: (value) => date(43_831 + value),
    }),
    fc.constant({
      csv: (value) => `2026-03-01 ${String(value % 24).padStart(2, "0")}:30:00`,
      cell: (value) => ({ v: 46_082 + (value % 24) / 24 + 1 / 48, format: "yyyy-mm-dd h:mm" }),
    }),
    fc.constant({
      csv: (value) => String(value).padStart(5, "0"),
      cell: (value) => ({ v: value, format: "00000" }),
    }),
    fc.array(text, { minLength: 1, maxLength: 5 }).map((texts) => ({
      csv: (value) => texts[value % texts.length] ?? "",
      cell: (value) => texts[value % texts.length] ?? "",
    })),
    fc.constant({
      csv: (value) => (value % 3 === 0 ? "" : "x"),
      cell: (value) => (value % 3 === 0 ? null : "x"),
    }),
  ];

  test("as a workbook and as CSV is read alike", async () => {
    const tables = fc.record({
      // The first column is never empty: a row without anything is none in a sheet.
      kinds: fc
        .array(fc.oneof(...columns), { minLength: 1, maxLength: 6 })
        .map((kinds) => [numbered, ...kinds]),
      values: fc.array(fc.nat({ max: 999 }), { minLength: 2, maxLength: 30 }),
      above: fc.nat({ max: 2 }),
      sharedStrings: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(tables, async ({ kinds, values, above, sharedStrings }) => {
        const names = kinds.map((_, at) => `column ${String.fromCharCode(97 + at)}`);
        const csv = [names, ...values.map((value) => kinds.map((kind) => kind.csv(value)))]
          .map((cells) => cells.map((cell) => csvCell(cell)).join(","))
          .join("\n");
        const cells = values.map((value) => kinds.map((kind) => kind.cell(value)));
        const rows = [...Array<undefined>(above).fill(undefined), names, ...cells];
        const book = workbookBytes({ ...sheet(rows), sharedStrings });
        const [a, b] = [fresh(), fresh()];
        const outcome = async (dataset: string, file: string | Uint8Array) => {
          const answer = await lake.load(dataset, file).catch((error: unknown) => error);
          if (answer instanceof Fault) return answer.code;
          const { rows_in, rows_loaded, columns: found } = answer as Awaited<ReturnType<TestLake["load"]>>;
          const shape = found.map(({ name, type }) => `${name} ${type}`);
          return { rows_in, rows_loaded, shape, rows: await lake.rows(dataset) };
        };
        expect(await outcome(b, book)).toEqual(await outcome(a, csv));
      }),
      { numRuns: 25 },
    );
  });
});

describe("what is no workbook of ours", () => {
  const compound = (name: string): Uint8Array => {
    const bytes = Buffer.alloc(2048);
    Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]).copy(bytes);
    bytes.writeUInt16LE(9, 30);
    bytes.writeUInt32LE(1, 48);
    bytes.write(name, 1024 + 128, "utf16le");
    return new Uint8Array(bytes);
  };
  test.each([
    ["an old workbook", compound("Workbook"), "save it as .xlsx"],
    ["a protected one", compound("EncryptedPackage"), "password"],
    ["an old document", compound("WordDocument"), "old Office document"],
    ["a compound file that is cut", compound("x").subarray(0, 20), "old Office document"],
    [
      "a binary workbook",
      zipBytes([
        ["_rels/.rels", ""],
        ["xl/workbook.bin", "x"],
      ]),
      ".xlsb",
    ],
    [
      "an OpenDocument",
      zipBytes([
        ["mimetype", "x"],
        ["content.xml", "x"],
      ]),
      "OpenDocument",
    ],
    [
      "a Word document",
      zipBytes([
        ["_rels/.rels", "<a/>"],
        ["word/document.xml", "x"],
      ]),
      "Word",
    ],
    ["an archive of files", zipBytes([["a.csv", "id\n1\n"]]), "unpack it"],
    ["an archive of nothing", zipBytes([]), "unpack it"],
  ])("%s is refused with what to do", async (_, bytes, advice) => {
    const fault = await faultOf(lake.load("foreign", bytes));
    expect([fault.code, fault.message]).toEqual(["invalid", expect.stringContaining(advice)]);
  });

  test("format and sheet name what the file must be", async () => {
    const book = workbookBytes(sheet([["a"], [1], [2]]));
    expect((await faultOf(lake.load("formats", book, { format: "csv" }))).message).toContain("format=csv");
    expect((await faultOf(lake.load("formats", "a,b\n1,2\n", { format: "xlsx" }))).message).toContain(
      "format=xlsx",
    );
    expect((await faultOf(lake.load("formats", "a,b\n1,2\n", { sheet: "x" }))).message).toContain("sheet");
    expect(await lake.load("formats", book, { format: "xlsx", sheet: "Data" })).toMatchObject({ rows_in: 2 });
  });

  test("a part that unpacks to a thousand times its size is a bomb, and is not unpacked", async () => {
    const good = workbookBytes(sheet([["a"], [1]]));
    const parts = zipBytes([
      [
        "_rels/.rels",
        '<Relationships><Relationship Id="a" Type="x/officeDocument" Target="w.xml"/></Relationships>',
      ],
      ["w.xml", '<workbook><sheets><sheet name="A" r:id="s"/></sheets></workbook>'],
      [
        "_rels/w.xml.rels",
        '<Relationships><Relationship Id="s" Type="x/worksheet" Target="s.xml"/></Relationships>',
      ],
      ["s.xml", Buffer.alloc(80 * 1024 * 1024, " ")],
    ]);
    expect(parts.length).toBeLessThan(good.length * 1000);
    const started = performance.now();
    expect(await faultOf(lake.load("bomb", parts))).toMatchObject({ code: "too_large" });
    expect(performance.now() - started).toBeLessThan(120_000);
  });

  test.each([
    ["XML that ends", "<worksheet><sheetData><row><c><v>1</v></c>"],
    ["XML that is none", "<worksheet><<<"],
    [
      "rows out of order",
      '<worksheet><row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row></worksheet>',
    ],
    ["a row beyond the last", '<worksheet><row r="99999999"><c><v>1</v></c></row></worksheet>'],
    ["a cell beyond the last", '<worksheet><row r="1"><c r="ZZZZ1"><v>1</v></c></row></worksheet>'],
    [
      "a text without an end",
      `<worksheet><row><c t="str"><v>${"x".repeat(9 * 1024 * 1024)}</v></c></row></worksheet>`,
    ],
  ])("%s is refused in words", async (_, xml) => {
    const relation = (id: string, type: string, target: string) =>
      `<Relationships><Relationship Id="${id}" Type="x/${type}" Target="${target}"/></Relationships>`;
    const bytes = zipBytes([
      ["_rels/.rels", relation("a", "officeDocument", "w.xml")],
      ["w.xml", '<workbook><sheets><sheet name="A" r:id="s"/></sheets></workbook>'],
      ["_rels/w.xml.rels", relation("s", "worksheet", "s.xml")],
      ["s.xml", xml],
    ]);
    const fault = await faultOf(lake.load("broken", bytes));
    expect([fault.code, fault.message]).toEqual(["rejected", expect.stringMatching(/damaged|longer than/)]);
  });

  test("a byte that changed anywhere is found, or changes nothing", async () => {
    const rows = Array.from({ length: 60 }, (_, at): TestCell[] => [at, `text ${at}`, date(46_000 + at)]);
    const book = workbookBytes(sheet([["id", "name", "day"], ...rows]));
    const whole = await lake.load("whole", book, { dry_run: true });
    const damage = fc.record({
      at: fc.nat({ max: book.length - 1 }),
      bit: fc.nat({ max: 7 }),
      cut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, bit, cut }) => {
        const bytes = cut ? book.slice(0, at) : book.slice();
        if (!cut) bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const outcome = await lake
          .load("mutant", bytes, { dry_run: true, format: "xlsx" })
          .catch((error: unknown) => error);
        if (outcome instanceof Error)
          expect((outcome as Fault).code).toMatch(/^(invalid|rejected|too_large)$/);
        else
          expect({ ...(outcome as object), took_ms: 0, dataset: "", ingest_id: "" }).toEqual({
            ...whole,
            took_ms: 0,
            dataset: "",
            ingest_id: "",
          });
      }),
      { numRuns: 80 },
    );
  });
});

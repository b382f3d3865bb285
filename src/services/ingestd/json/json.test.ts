import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { textFormat } from "../decode/format.ts";
import { type TestLake, testLake } from "../lake.testing.ts";
import { fitsShape, mergeShapes, shapeOf, shapeOfType, shapeType } from "./shape.ts";
import { type Cutter, lineCutter, valueCutter } from "./values.ts";

function cut(cutter: Cutter, text: string, size = text.length || 1): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += size)
    for (const { raw } of cutter.push(text.slice(at, at + size))) pieces.push(raw);
  return [...pieces, ...cutter.finish().map(({ raw }) => raw)];
}

describe("cutting", () => {
  test("lines of NDJSON and members of arrays know where they start", () => {
    const cutter = valueCutter();
    expect(cutter.push('[\n {"a": "]},"},\n\n {"b": [1, {"c": "\\""}]}\n]')).toEqual([
      { line: 2, raw: '{"a": "]},"}' },
      { line: 4, raw: '{"b": [1, {"c": "\\""}]}' },
    ]);
    expect(lineCutter().push('{"a":1}\r\n\n{"b":2}\n')).toEqual([
      { line: 1, raw: '{"a":1}' },
      { line: 3, raw: '{"b":2}' },
    ]);
  });

  test("arrays that follow each other are one table, an array among objects is none", () => {
    expect(cut(valueCutter(), '[{"a":1},{"a":2}]\n[]\n[{"a":3}]\n', 3)).toEqual([
      '{"a":1}',
      '{"a":2}',
      '{"a":3}',
    ]);
    expect(cut(valueCutter(), '[{"a":1},[{"a":2}]]')).toEqual(['{"a":1}', '[{"a":2}]']);
    expect(cut(valueCutter(), '{"a":1}\n[{"a":2}]')).toEqual(['{"a":1}', '[{"a":2}]']);
  });

  test("any values come back, in pieces of any size", () => {
    const object = fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
    fc.assert(
      fc.property(
        fc.array(object, { maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (values, size, pretty) => {
          const text = JSON.stringify(values, null, pretty ? 2 : 0);
          expect(cut(valueCutter(), text, size).map((raw): unknown => JSON.parse(raw))).toEqual(
            JSON.parse(text),
          );
          const lines = values.map((value) => JSON.stringify(value));
          expect(cut(lineCutter(), lines.join("\n"), size)).toEqual(lines);
          expect(cut(valueCutter(), lines.join("\n"), size)).toEqual(lines);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("wild text never throws", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom("{", "}", "[", "]", '"', ",", "\\", "a", "\n", ":"),
          maxLength: 60,
        }),
        (text) => {
          expect(cut(valueCutter(), text, 3)).toEqual(cut(valueCutter(), text));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("shapes", () => {
  test("agree on structs and lists, give up where values differ", () => {
    const of = (...values: unknown[]): string =>
      shapeType(values.map((value) => shapeOf(value)).reduce(mergeShapes));
    expect(of({ a: 1 }, { a: 2.5, b: [true] })).toBe('STRUCT("a" DOUBLE, "b" BOOLEAN[])');
    expect(of([1, null], [], null)).toBe("BIGINT[]");
    expect(of({ a: 1 }, [1])).toBe("VARCHAR");
    expect(of({ a: 1 }, { A: 2 })).toBe("VARCHAR");
    expect(of({}, {})).toBe("VARCHAR");
    expect(of(1e300, 1)).toBe("DOUBLE");
  });

  test("types lead back to shapes, and say whether values fit", () => {
    for (const value of [{ a: 1, 'q"x': [{ b: "x", c: [1.5] }] }, [[true]], "x", 1]) {
      const shape = shapeOf(value);
      expect(shapeOfType(shapeType(shape))).toEqual(shape);
      expect(fitsShape(shape, shape)).toBe(true);
    }
    const held = shapeOf({ a: 1.5, b: [{ c: "x" }] });
    expect(fitsShape(shapeOf({ a: 1 }), held)).toBe(true);
    expect(fitsShape(shapeOf({ a: null, b: [] }), held)).toBe(true);
    expect(fitsShape(shapeOf({ b: [{ c: { any: 1 } }] }), held)).toBe(true);
    expect(fitsShape(shapeOf({ a: "x" }), held)).toBe(false);
    expect(fitsShape(shapeOf({ z: 1 }), held)).toBe(false);
    expect(fitsShape(shapeOf([1]), held)).toBe(false);
    expect(shapeOfType("MAP(VARCHAR, BIGINT)")).toBeUndefined();
  });

  test("formats are told by how a text starts", () => {
    expect(textFormat('{"a":1}\n{"a":2}')).toBe("ndjson");
    expect(textFormat('{"a":1,\n{"a":2}\n{"a":3}')).toBe("ndjson");
    expect(textFormat('{\n "a": 1\n}')).toBe("json");
    expect(textFormat('  [\n {"a": 1}]')).toBe("json");
    expect(textFormat("[id],[name]\n1,2\n")).toBe("csv");
    expect(textFormat("a,b\n1,2\n")).toBe("csv");
    expect(textFormat("<TICKER>,<DATE>\nAAA,20240102\n")).toBe("csv");
  });
});

describe("loading", () => {
  let lake: TestLake;
  beforeAll(async () => {
    lake = await testLake();
  });
  afterAll(async () => {
    expect(lake.bugs).toEqual([]);
    await lake.close();
  });

  test("NDJSON: types over all lines, nested values, malformed lines to the rejects", async () => {
    const text = [
      '{"id": 1, "at": "2026-01-05T10:00:00Z", "tags": ["a","b"], "place": {"city": "Rome", "zip": "00100"}, "n": 1, "code": "7"}',
      '{"id": 2, "at": "2026-01-06T10:00:00Z", "tags": [], "place": {"city": null, "lat": 1.5}, "n": 2.5, "code": "8", "late": true}',
      '{"id": 3, "at": ',
      "[1, 2]",
      "",
      '{"id": 9007199254740993, "mixed": 1}',
      '{"id": 4, "mixed": {"x": 1}}',
    ].join("\n");
    const answer = await lake.load("events", text);
    expect(answer).toMatchObject({ rows_in: 6, rows_loaded: 4, rows_quarantined: 2 });
    expect(Object.fromEntries(answer.columns.map(({ name, type }) => [name, type]))).toEqual({
      id: "BIGINT",
      at: "TIMESTAMP WITH TIME ZONE",
      tags: "VARCHAR[]",
      place: 'STRUCT("city" VARCHAR, "zip" VARCHAR, "lat" DOUBLE)',
      n: "DOUBLE",
      code: "VARCHAR",
      late: "BOOLEAN",
      mixed: "VARCHAR",
    });
    expect(
      await lake.rows(
        "events",
        "SELECT id, len(tags)::INT AS tags, place.city AS city, mixed, n FROM t ORDER BY id",
      ),
    ).toEqual([
      { id: 1n, tags: 2, city: "Rome", mixed: null, n: 1 },
      { id: 2n, tags: 0, city: null, mixed: null, n: 2.5 },
      { id: 4n, tags: null, city: null, mixed: '{"x":1}', n: null },
      { id: 9007199254740993n, tags: null, city: null, mixed: "1", n: null },
    ]);
    const rejects = await lake.rows(
      "events$rejects",
      "SELECT line::INT AS line, raw, reason FROM t ORDER BY line",
    );
    expect(rejects.map(({ line, raw }) => [line, raw])).toEqual([
      [3, '{"id": 3, "at": '],
      [4, "[1, 2]"],
    ]);
    expect(rejects[0]?.["reason"]).toContain("not valid JSON");
  });

  test("a JSON array over many lines, and one object, are rows", async () => {
    const rows = [
      { a: 1, b: "x" },
      { a: 2, b: "line\nbreak" },
    ];
    expect(await lake.load("listed", JSON.stringify(rows, null, 2))).toMatchObject({
      rows_in: 2,
      rows_loaded: 2,
    });
    expect(await lake.rows("listed", "SELECT a::INT AS a, b FROM t ORDER BY a")).toEqual(rows);
    expect(await lake.load("single", '{\n "a": 1\n}')).toMatchObject({ rows_loaded: 1 });
  });

  test("types that are asked for, and the dataset's own, hold", async () => {
    await lake.load("asked", '{"id": 1, "code": "x"}\n{"id": 2, "code": "y"}', { types: { id: "string" } });
    const answer = await lake.load("asked", '{"id": 3, "code": 7}\n{"id": 4, "code": 8}');
    expect(answer.rows_loaded).toBe(2);
    expect(await lake.rows("asked", "SELECT id, code FROM t ORDER BY id")).toEqual([
      { id: "1", code: "x" },
      { id: "2", code: "y" },
      { id: "3", code: "7" },
      { id: "4", code: "8" },
    ]);
  });

  test("a nested column takes fewer members and whole numbers, a text column takes objects as JSON", async () => {
    await lake.load(
      "nested",
      '{"id": 1, "at": {"x": 1.5, "y": [1]}, "note": "a"}\n{"id": 2, "at": {"x": 2.5}, "note": "b"}',
    );
    const answer = await lake.load(
      "nested",
      '{"id": 3, "at": {"x": 3}, "note": {"k": 1}}\n{"id": 4, "at": null, "note": 7}',
    );
    expect(answer).toMatchObject({ rows_loaded: 2, schema_changes: [] });
    expect(await lake.rows("nested", 'SELECT "at".x AS x, note FROM t WHERE id > 2 ORDER BY id')).toEqual([
      { x: 3, note: '{"k":1}' },
      { x: null, note: "7" },
    ]);
  });

  test("a number is never rounded to the type that is asked for", async () => {
    const answer = await lake.load("exact", '{"n": 1.5, "m": 1.25}\n{"n": 2, "m": 2}\n{"n": 3, "m": 1.255}', {
      types: { N: "bigint", m: "decimal(10,2)" },
    });
    expect(answer).toMatchObject({ rows_loaded: 1, rows_quarantined: 2 });
    expect(answer.columns.map(({ type }) => type)).toEqual(["BIGINT", "DECIMAL(10,2)"]);
    const refused = await lake
      .load("exact", '{"n": 1}', { types: { nope: "bigint" } })
      .catch((error: Error) => error.message);
    expect(refused).toContain('"nope"');
  });

  test("JSON without objects is refused with the reason", async () => {
    const refused = async (text: string): Promise<string> =>
      lake.load("odd", text).then(
        () => "loaded",
        (error: Error) => error.message,
      );
    expect(await refused("[1, 2, 3]")).toContain("no object");
    expect(await refused('[{"a": ')).toContain("not valid JSON");
  });

  test("arrays are rows, whose first names the columns where it is unlike the others", async () => {
    for (const [name, text] of [
      [
        "census",
        '[["NAME","POP","state"],\n["Nevada","3104614","32"],["Utah",9007199254740993,"04"],["Ohio"]]',
      ],
      [
        "lines",
        '["NAME","POP","state"]\n["Nevada","3104614","32"]\n["Utah",9007199254740993,"04"]\n["Ohio"]\n',
      ],
    ] as const) {
      const answer = await lake.load(name, text);
      expect(answer).toMatchObject({ rows_in: 3, rows_loaded: 2, rows_quarantined: 1 });
      expect(
        await lake.query('SELECT "NAME", "POP"::VARCHAR AS pop, state FROM t ORDER BY 1', { t: name }),
      ).toEqual([
        { NAME: "Nevada", pop: "3104614", state: "32" },
        { NAME: "Utah", pop: "9007199254740993", state: "04" },
      ]);
      expect((await lake.load(name, '[["Iowa",5,"19"],["Texas",6,"48"]]')).warnings.join(" ")).toContain(
        "in order",
      );
      expect(await lake.query('SELECT count("NAME")::INT AS n FROM t', { t: name })).toEqual([{ n: 4 }]);
    }
    const bare = await lake.load("bare_arrays", '[[1,"a",[2]],[3,"b",[]]]');
    expect(bare.columns.map(({ name }) => name)).toEqual(["column_1", "column_2", "column_3"]);
    expect(bare.warnings.join(" ")).toContain("numbered");
    expect((await lake.load("letters", '[["id","n"],[1,"a"],[2,"b"]]')).rows_in).toBe(2);
    const texts = await lake.load("texts_alone", '[["first","last"],["Ann","Lee"],["Bo","Kim"]]');
    expect([texts.rows_in, texts.warnings.join(" ")]).toEqual([2, expect.stringContaining("first array")]);
  });

  test("keys that SQL cannot tell apart, and empty ones, get names of their own, said in a warning", async () => {
    const { warnings } = await lake.load(
      "twins",
      '{"id": 1, "Name": "a", "name": "b", "": 9007199254740993}\n{"id": 2, "NAME": "c"}\n',
    );
    const rows = await lake.query('SELECT * FROM t ORDER BY "id"', { t: "twins" });
    expect(rows).toEqual([
      { id: 1n, Name: "a", name_2: "b", column_4: 9007199254740993n },
      { id: 2n, Name: "c", name_2: null, column_4: null },
    ]);
    expect(warnings.join(" ")).toContain('The key "name" was read as "name_2".');
  });

  test("a JSON text sequence is read as its values, on one line each or on several", async () => {
    for (const [name, space] of [
      ["sequence", 0],
      ["tall_sequence", 2],
    ] as const) {
      const values = [
        { site: "Elko", n: 1 },
        { site: "Ely", n: 2 },
      ].map((row) => JSON.stringify(row, null, space));
      await lake.load(name, values.map((value) => `\u001e${value}\n`).join(""));
      expect(await lake.query("SELECT site, n FROM t ORDER BY n", { t: name })).toEqual([
        { site: "Elko", n: 1n },
        { site: "Ely", n: 2n },
      ]);
    }
  });

  test("half of a surrogate pair is shown as no character, in values, keys and lists, and told", async () => {
    const { warnings, rows_loaded } = await lake.load(
      "halves",
      '{"id": 1, "who": "A\\ud83dB"}\n{"id": 2, "who": "\\ud83d\\ude00", "tags": ["\\uDE00"]}\n{"id": 3, "who": "\\\\ud800"}\n',
    );
    expect(rows_loaded).toBe(3);
    expect(warnings.join(" ")).toContain("2 rows hold half of a surrogate pair");
    expect(await lake.query("SELECT who, tags[1] AS tag FROM t ORDER BY id", { t: "halves" })).toEqual([
      { who: "A\uFFFDB", tag: null },
      { who: "😀", tag: "\uFFFD" },
      { who: "\\ud800", tag: null },
    ]);
  });

  test("texts that say there is nothing are NULL among numbers, however many, and told", async () => {
    const lines = [
      '{"pay": 12.5, "n": 1}',
      '{"pay": "", "n": 2}',
      '{"pay": "N/A", "n": "three"}',
      '{"pay": "-", "n": 4}',
    ];
    const { warnings, columns, rows_loaded } = await lake.load("gaps", lines.join("\n"));
    expect(rows_loaded).toBe(4);
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual(["pay DOUBLE", "n VARCHAR"]);
    expect(warnings.join(" ")).toContain('"pay": "", "N/A", "-" was read as NULL.');
    expect(await lake.query("SELECT pay, n FROM t ORDER BY n", { t: "gaps" })).toEqual([
      { pay: 12.5, n: "1" },
      { pay: null, n: "2" },
      { pay: null, n: "4" },
      { pay: null, n: "three" },
    ]);
  });

  test("texts that say there is nothing are NULL among days too, and stay what they are among texts", async () => {
    const lines = ["2026-12-01", "", " ", "N/A", "2026-12-09 ", "-", "soon"].map((until, n) =>
      JSON.stringify({ n, until, note: n === 1 ? "" : "N/A" }),
    );
    const days = Array.from(
      { length: 200 },
      (_, n) => `{"n": ${n + 10}, "until": "2027-01-0${1 + (n % 9)}"}`,
    );
    const loaded = await lake.load("until", [...lines, ...days].join("\n"));
    expect([loaded.rows_loaded, loaded.rows_quarantined]).toEqual([206, 1]);
    expect(loaded.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "n BIGINT",
      "until DATE",
      "note VARCHAR",
    ]);
    expect(loaded.warnings.join(" ")).toContain('"until": "", " ", "N/A" was read as NULL.');
    const rows = await lake.query(
      "SELECT n::INT AS n, until::VARCHAR AS u, note FROM t WHERE n < 10 ORDER BY n",
      {
        t: "until",
      },
    );
    expect(rows).toEqual([
      { n: 0, u: "2026-12-01", note: "N/A" },
      { n: 1, u: null, note: "" },
      { n: 2, u: null, note: "N/A" },
      { n: 3, u: null, note: "N/A" },
      { n: 4, u: "2026-12-09", note: "N/A" },
      { n: 5, u: null, note: "N/A" },
    ]);
  });

  test("any objects are loaded whole or told why not", async () => {
    const value = fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ maxLength: 6 }),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 2 }),
    );
    const rows = fc.array(
      fc.dictionary(fc.constantFrom("a", "b b", 'c"', "d'", "é"), value, { minKeys: 1 }),
      { minLength: 1, maxLength: 6 },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(rows, async (objects) => {
        const answer = await lake.load(
          `any_${(run += 1)}`,
          objects.map((object) => JSON.stringify(object)).join("\n"),
          { dry_run: true },
        );
        expect(answer.rows_in).toBe(objects.length);
        // What may be rejected is a text with a NUL in it, which no engine keeps.
        const nul = objects.filter((object) => JSON.stringify(object).includes("\\u0000")).length;
        expect(answer.rows_quarantined).toBe(nul);
      }),
      { numRuns: 25 },
    );
  });
});

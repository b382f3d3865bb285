import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { extractJson } from "./extract-json.ts";

const found = (text: string): unknown => extractJson(text).value;

describe("the classes of replies", () => {
  const cases: readonly (readonly [name: string, text: string, value: unknown, repaired?: true])[] = [
    ["fenced json", 'Here:\n```json\n{"a":1}\n```\nDone.', { a: 1 }],
    ["a bare fence", '```\n{"a":1}\n```', { a: 1 }],
    ["braces in prose", 'The set {x} holds {"a":1} and more', { a: 1 }],
    ["the first of many", '{"a":1} {"a":2}', { a: 1 }],
    ["nested", 'x {"a":{"b":[{"c":{}}]}} y', { a: { b: [{ c: {} }] } }],
    ["unicode in strings", '{"naïve":"\u{1F600} \\u00e9 {"}', { naïve: "\u{1F600} é {" }],
    ["escaped quotes", String.raw`{"a":"he said \"}\" \\"}`, { a: 'he said "}" \\' }],
    ["an empty object", "-> {} <-", {}],
    ["a top-level array", '[{"a":1},{"b":2}]', { a: 1 }],
    ["none", "There is no json here", null],
    ["balanced and no JSON", "{this is no json}", null],
    ["trailing garbage", '{"a":1} }}} ]] """', { a: 1 }],
    ["balanced, and repaired", "{a: 1, 'b': 'x',}", { a: 1, b: "x" }, true],
    ["a fence before other objects", '{"no":1}\n```json\n{"a":1}\n```', { a: 1 }],
    ["a fence without an object", '```sh\nls\n```\n{"a":1}', { a: 1 }],
    ["a fence that is not closed", '```json\n{"a":1}\n', { a: 1 }],
    ["a thought", '<think>{"no":1}</think>{"a":1}', { a: 1 }],
    ["a fence in a thought", '<think>\n```\n{"no":1}\n```\n</think>\n{"a":1}', { a: 1 }],
    ["a brace that nothing closes", 'if (x) { then {"a":1}', { a: 1 }],
    ["a quotation mark behind such a brace", 'a { b " c {"a":1}', { a: 1 }],
    ["a number that a double would change", '{"a":9007199254740993}', { a: "9007199254740993" }, true],
    ["a number that it would not", '{"a":9007199254740992,"b":0.1,"c":1.50}', { a: 2 ** 53, b: 0.1, c: 1.5 }],
    ["numbers that are none", '{"a":NaN,"b":-Infinity}', { a: null, b: null }, true],
    ["a prototype", '{"__proto__":{"x":1},"a":1}', { a: 1 }, true],
    ["a brace in a comment", '{"a":1, // {one}, oops }\n "b":2, /* } */ "c":3}', { a: 1, b: 2, c: 3 }, true],
    ["a quotation mark in a comment", '{"a":1, // 5" wide\n "b":2} and "so on"', { a: 1, b: 2 }, true],
    ["braces in single quotes", "{'a': '}', 'b': '{', 'c': \"it's\"}", { a: "}", b: "{", c: "it's" }, true],
    ["a quotation mark in single quotes", `{'a': '5" pipe'} {"no":1}`, { a: '5" pipe' }, true],
    [
      "an address without quotes",
      "{a: http://x.example/, b: 1} // done",
      { a: "http://x.example/", b: 1 },
      true,
    ],
    ["nothing", "", null],
  ];
  test.each(cases.map(([name, ...rest]) => [name, rest] as const))("%s", (_name, [text, value, repaired]) => {
    const { matched, value: got, repaired: told } = extractJson(text);
    expect([matched, got, told]).toEqual([value !== null, value as never, repaired]);
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

/** JSON objects without what is changed on purpose. */
const object = fc
  .dictionary(fc.string({ maxLength: 12 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>)
  .filter((value) => !JSON.stringify(value).includes("__proto__"));
/** Prose without braces, fences, and thoughts. */
const prose = fc
  .array(
    fc.constantFrom("Sure,", "here", 'it "is"', "don't", "[1]", "3.5", "\n", "<b>", "`x`", "(ok)", "ñ"),
    { maxLength: 12 },
  )
  .map((words) => words.join(" "));

describe("generated replies", () => {
  test("an object is found in any prose, as it is", () => {
    fc.assert(
      fc.property(prose, object, prose, fc.boolean(), (before, value, after, pretty) => {
        const text = `${before}\n${JSON.stringify(value, null, pretty ? 2 : 0)}${after}`;
        expect(found(text)).toEqual(value);
      }),
      { numRuns: 400 },
    );
  });

  test("the fenced one wins over those around it", () => {
    fc.assert(
      fc.property(prose, object, object, (before, outside, inside) => {
        const text = `${before} ${JSON.stringify(outside)}\n\`\`\`json\n${JSON.stringify(inside)}\n\`\`\`\n`;
        expect(found(text)).toEqual(inside);
      }),
      { numRuns: 200 },
    );
  });

  test("of a list the first object", () => {
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 4 }), (values) => {
        expect(found(JSON.stringify(values))).toEqual(values[0] as never);
      }),
      { numRuns: 200 },
    );
  });

  test("whatever the text is, the answer is an object or nothing, and soon", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      '"',
      "\\",
      ":",
      ",",
      "```",
      "\n",
      "<think>",
      "</think>",
      "a",
      "1",
      "NaN",
      "{}",
      '{"a":1}',
      "~~~",
      "'",
      "//",
      "\u0000",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        const { matched, value } = extractJson(pieces.join(""));
        expect(matched).toBe(value !== null);
        if (value !== null) expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      }),
      { numRuns: 400 },
    );
  });
});

describe("hostile replies", () => {
  const BRACKETS = 200_000;
  const texts: readonly (readonly [string, (units: number) => string])[] = [
    ["[", (n) => "[".repeat(n)],
    ["{", (n) => "{".repeat(n)],
    ['{"a":', (n) => '{"a":'.repeat(n / 5)],
    ['{"', (n) => '{"'.repeat(n / 2)],
    [String.raw`{"\"{`, (n) => String.raw`{"\"{`.repeat(n / 5)],
    ["{x}", (n) => "{x}".repeat(n / 3)],
    ["<think>", (n) => "<think>".repeat(n / 7)],
    ["fences", (n) => "```\n".repeat(n / 4)],
    ["single quotes", (n) => "{'a':'".repeat(n / 6)],
    ["comments", (n) => "{// \n".repeat(n / 5)],
    ["open comments", (n) => "{/*".repeat(n / 3)],
    ["deep", (n) => `${"{a:".repeat(n / 4)}${"}".repeat(n / 4)}`],
  ];
  test.each(texts)("%s, 200,000 of it, is answered", (_name, make) => {
    expect(extractJson(make(BRACKETS)).matched).toBe(false);
  });

  test("what would be repaired for seconds is not repaired, and a long draft is", () => {
    expect(extractJson(`{"a":${`"b"c`.repeat(60_000)}}`).matched).toBe(false);
    const row = "{'worker_id':'w-1','ok':True,},";
    const draft = extractJson(`{'fills':[${row.repeat(900)}]}`);
    expect(draft).toMatchObject({ repaired: true, value: { fills: { length: 900 } } });
  });

  test("behind thousands of braces that hold no object nothing is looked for", () => {
    expect(extractJson(`${"{x}".repeat(100)}{"a":1}`).value).toEqual({ a: 1 });
    expect(extractJson(`${"{x}".repeat(10_000)}{"a":1}`).matched).toBe(false);
  });
});

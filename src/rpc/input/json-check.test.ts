// What is taken and what is refused, against the parser that everybody has.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../fault.ts";
import { checkDecoded, decodedText, encodeJson, parseJson } from "./json-check.ts";

/** The message of the refusal, or "taken". */
function refusal(body: string | Uint8Array): string {
  try {
    parseJson(typeof body === "string" ? body : decodedText(body));
    return "taken";
  } catch (error) {
    if (error instanceof Fault && error.code === "invalid") return error.message;
    throw error;
  }
}

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const objects = (depth: number): string => '{"a":'.repeat(depth) + "1" + "}".repeat(depth);

describe("is taken unchanged", () => {
  test("whatever JSON can say, however it is laid out", () => {
    const value = fc.jsonValue({ maxDepth: 8 }).filter((json) => !JSON.stringify(json).includes("__proto__"));
    fc.assert(
      fc.property(value, fc.constantFrom(0, 1, "\t"), (json, indent) => {
        const text = JSON.stringify(json, null, indent);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["escaped keys", '{"\\u0061":1,"b\\n":2}'],
    ["two keys with the same letters in another case", '{"a":1,"A":2}'],
    ["the same key at two levels, and side by side", '{"a":{"a":1},"b":[{"a":1},{"a":2}]}'],
    ["a key in a text", '{"a":"\\"a\\":1","b":"{\\"a\\":{"}'],
    [
      "keys that hash alike, should there be any",
      `{${Array.from({ length: 5000 }, (_, i) => `"k${i}":${i}`).join()}}`,
    ],
    ["a long key", `{"${"k".repeat(200)}":1,"${"k".repeat(199)}":2}`],
    [
      "long texts with escapes",
      JSON.stringify([`${"a".repeat(90)}"\\${"b".repeat(90)}`, '"', "\\".repeat(99)]),
    ],
    ["a million backslashes", JSON.stringify("\\".repeat(500_000))],
    ["a million escaped quotes", JSON.stringify('"'.repeat(500_000))],
    ["64 levels", nested(64)],
    ["64 levels of objects", objects(64)],
    ["letters beyond ASCII", '{"name":"José 日本 🚚","日本":"\\ud83d\\ude9a"}'],
    ["U+FFFD that was sent", '"\ufffd"'],
    ["a text that names __proto__", '["__proto__"]'],
    ["blanks everywhere", ' \t\r\n{ "a" : [ 1 , 2 ] } '],
  ])("%s", (_name, text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test("a byte order mark before it", () => {
    expect(parseJson(decodedText(Buffer.from('\ufeff{"a":"é"}')))).toEqual({ a: "é" });
  });
});

describe("is refused, with the byte", () => {
  test.each([
    ["65 levels", nested(65), "byte 64, it nests deeper than 64 levels"],
    ["65 levels of objects", objects(65), "nests deeper"],
    ["a million open brackets", "[".repeat(1_000_000), "byte 64, it nests deeper"],
    ["a key twice", '{"a":1,"b":2,"a":3}', 'byte 13, the key "a" appears twice'],
    ["a key twice, once escaped", '{"a":1,"\\u0061":3}', 'byte 7, the key "a" appears twice'],
    ["a key twice, deep down", '[{"b":{"a":1,"a":3}}]', "byte 13"],
    [
      "a key twice in a wide object",
      `{${Array.from({ length: 100 }, (_, i) => `"k${i}":1`).join()},"k0":2}`,
      "twice",
    ],
    ["a long key twice", `{"${"k".repeat(99)}":1,"${"k".repeat(99)}":2}`, "twice"],
    ["a key twice after a long text", `{"a":${JSON.stringify('x\\"y'.repeat(50))},"a":1}`, "twice"],
    ["an empty key twice", '{"":1,"":2}', "twice"],
    ["__proto__", '{"__proto__":{"admin":true}}', "byte 1, the key __proto__ is not accepted"],
    ["__proto__, escaped", '{"a":[{"\\u005f_proto__":1}]}', "__proto__"],
    ["an end in the middle", '{"a":', "byte 5, it ends where a value is expected"],
    ["a text without end", '{"a":"b', "byte 5, a string does not end"],
    ["more after the end", "{} {}", "byte 3, the value is followed by more text"],
    ["a comma too many", "[1,]", "byte 3, a value is expected"],
    ["a comma too few", "[1 2]", "byte 3, , is expected"],
    ["a key without quotes", "{a:1}", "byte 1, a quoted key"],
    ["single quotes", "{'a':1}", "byte 1"],
    ["a number with a leading zero", "[01]", "byte 2"],
    ["NaN", "[NaN]", "byte 1, a value is expected"],
    ["Infinity", "[-Infinity]", "byte 1"],
    ["a control character", '"a\nb"', "byte 2, a control character"],
    ["a broken escape", '"\\x41"', "byte 2, a backslash"],
    ["half a surrogate pair", '["\\ud83d!"]', "byte 1, a text has half of a surrogate pair"],
    ["half a surrogate pair in a key", '{"\\uDC00":1}', "byte 1, a text has half"],
    ["a surrogate pair in the wrong order", '"\\ude9a\\ud83d"', "byte 0, a text has half"],
    ["half a code", '"\\u12"', "four hexadecimal"],
    ["a no-break space", "\u00a0{}", "byte 0"],
    ["brackets that do not match", "[1}", "byte 2"],
    ["a closing bracket", "]", "byte 0"],
    ["nothing but blanks", "  ", "byte 2"],
  ])("%s", (_name, text, says) => {
    expect(refusal(text)).toContain(says);
  });

  test.each([
    ["a lone continuation byte", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a letter cut off", [0xf0, 0x9f, 0x98]],
    ["beyond Unicode", [0xf5, 0x80, 0x80, 0x80]],
  ])("what is no UTF-8: %s", async (_name, wrong) => {
    const body = Uint8Array.from([0x7b, 0x22, ...wrong, 0x22, 0x3a, 0x31, 0x7d]);
    expect(refusal(body)).toContain("byte 2, there are bytes that are not UTF-8");
    const read = await new Response(body).text();
    expect(() => checkDecoded(read)).toThrow("byte 2, there are bytes that are not UTF-8");
  });

  test("U+FFFD that was sent is taken escaped, as our own clients write it", () => {
    const text = encodeJson({ name: "Jos\ufffd \ufffd" });
    expect(parseJson(checkDecoded(text))).toEqual({ name: "Jos\ufffd \ufffd" });
    expect(() => checkDecoded(JSON.stringify({ name: "Jos\ufffd" }))).toThrow("byte 12");
  });

  test("bytes are counted, not letters", () => {
    expect(refusal('{"日本":1,"日本":2}')).toContain("byte 12, ");
  });

  test("exactly what the parser refuses as well, as far as keys and depth are in order", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"b"',
      "1",
      "-",
      "true",
      '"\\',
      " ",
      "é",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        const said = refusal(text);
        if (said.includes("appears twice")) return;
        expect(said === "taken").toBe(parses(text));
        if (said !== "taken") expect(said).toMatch(/at byte \d+, /);
      }),
      { numRuns: 5000 },
    );
  });

  test("a body that was damaged anywhere, or is as good as before", () => {
    const body = Buffer.from('{"texts":["José, 3 cooks","b"],"k":[1.5e3,{"x":null}],"é":"\\u00e9"}');
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), (place, byte) => {
        const damaged = Uint8Array.from(body);
        damaged[place] = byte;
        const said = refusal(damaged);
        if (said.includes("twice")) return;
        expect(said === "taken").toBe(parses(damaged));
      }),
      { numRuns: 3000 },
    );
  });
});

function parses(body: string | Uint8Array): boolean {
  try {
    const text = typeof body === "string" ? body : new TextDecoder("utf-8", { fatal: true }).decode(body);
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("numbers that a double does not hold", () => {
  test.each([
    ["9007199254740993", "2^53"],
    ['{"a":[1,-9007199254740993]}', "2^53"],
    ['{"a": 123456789012345678901234567890}', "2^53"],
    ["1e400", "larger than a number"],
    ['{"a":-1E+999}', "larger than a number"],
    ["1".repeat(400), "larger than a number"],
  ])("%s is refused", (text, words) => {
    expect(refusal(text)).toContain(words);
  });

  test.each([
    "9007199254740992",
    "9007199254740994",
    "-9007199254740991",
    "1e22",
    "1E300",
    "0.12345678901234567890",
    "18446744073709552000",
    '"9007199254740993"',
    '{"9007199254740993":"1e400"}',
  ])("%s is taken", (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test("whatever JSON.stringify prints of a double is taken", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseJson(JSON.stringify([value]))).toEqual(JSON.parse(JSON.stringify([value])));
      }),
      { numRuns: 2000 },
    );
  });

  test("an integer is taken as it is or refused", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (value) => {
        if (refusal(`[${value}]`) !== "taken") return;
        const [number] = parseJson(`[${value}]`) as [number];
        expect(BigInt(number) === value || JSON.stringify(number) === String(value)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

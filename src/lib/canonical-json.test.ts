import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { canonicalJson, NotJson } from "./canonical-json.ts";

describe("canonical JSON", () => {
  test("the RFC's example of primitive data types (section 3.2.2 to 3.2.4)", () => {
    const input = JSON.parse(
      String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    ) as unknown;
    // Section 3.2.4 gives the bytes.
    const bytes =
      "7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62 65 72 73 22 3a 5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31 65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37 5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30 30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d";
    expect(Buffer.from(canonicalJson(input)).toString("hex")).toBe(bytes.replaceAll(" ", ""));
  });

  test("the RFC's example of sorting (section 3.2.3)", () => {
    const input = JSON.parse(
      String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
    ) as unknown;
    const values = [...canonicalJson(input).matchAll(/:"([^"]+)"/g)].map(([, value]) => value);
    expect(values).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  // Appendix B of the RFC: the bits of a double, and its text.
  test.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("the double %s is %s", (bits, text) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(`0x${bits}`));
    expect(canonicalJson(view.getFloat64(0))).toBe(text);
  });

  test("what JSON cannot hold is refused with its place", () => {
    const refused = (value: unknown): string => {
      try {
        canonicalJson(value);
      } catch (error) {
        if (error instanceof NotJson) return `${error.path}: ${error.message}`;
      }
      return "taken";
    };
    expect(refused({ a: [1, Number.NaN] })).toBe("a[1]: must be a finite number");
    expect(refused({ a: { b: 1n } })).toBe("a.b: cannot be bigint");
    expect(refused({ at: new Date(0) })).toBe("at: must be a plain object or an array");
    expect(refused({ a: "\ud83d" })).toContain("half of a surrogate pair");
    expect(refused({ b: { "\ud83d": 1 } })).toContain("b.\ud83d: has half of a surrogate pair");
    expect(refused([1, undefined])).toBe("[1]: cannot be undefined");
    // A hole is what an array should not have, and must not be taken for nothing.
    // oxlint-disable-next-line no-sparse-arrays
    expect(refused([1, , 2])).toBe("[1]: cannot be undefined");
    // Of several wrong members the first in order is told.
    expect(refused({ z: 1n, b: Number.NaN, "10": { x: 1n } })).toBe("10.x: cannot be bigint");
    let deep: unknown = 1;
    for (let n = 0; n < 100_000; n += 1) deep = [deep];
    expect(refused(deep)).toContain("nested deeper");
  });

  test("members named like numbers, like the prototype, in any number, are in order like all others", () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", maxLength: 3 }).filter((each) => each.isWellFormed()),
      fc.constantFrom("10", "2", "-1", "01", "1e3", "__proto__", "__proto", "toJSON", "\\ud800", "\u20ac"),
    );
    const leaf = fc.oneof(
      fc.constantFrom("\\ud800", -0, 1e21, null, "\u20ac"),
      fc.double({ noDefaultInfinity: true, noNaN: true }),
    );
    const members = (value: fc.Arbitrary<unknown>, maxLength: number): fc.Arbitrary<[string, unknown][]> =>
      fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength });
    const object = members(fc.oneof(leaf, members(leaf, 4).map(parsedFrom)), 30);
    fc.assert(
      fc.property(object, (entries) => {
        const value = parsedFrom(entries);
        expect(canonicalJson(value)).toBe(byDefinition(value));
      }),
    );
  });

  test("the same value has one text, whatever order its members came in, and reads back as it was", () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const value = JSON.parse(json) as unknown;
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(value as never);
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(reversed);
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, member]) => [name, reversed(member)]));
}

/** As `JSON.parse` makes it, whatever the names are. */
function parsedFrom(entries: readonly [string, unknown][]): unknown {
  const said = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return JSON.parse(`{${said.join()}}`);
}

function byDefinition(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(byDefinition).join()}]`;
  const names = Object.keys(value).sort();
  const entries = new Map(Object.entries(value));
  return `{${names.map((name) => `${JSON.stringify(name)}:${byDefinition(entries.get(name))}`).join()}}`;
}

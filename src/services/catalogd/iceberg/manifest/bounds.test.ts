import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { toLong } from "../types/long.ts";
import { compareValues, encodeValue, type Value } from "../types/values.ts";
import { BOUND_LENGTH, lowerBound, truncateLower, truncateUpper, upperBound } from "./bounds.ts";

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(toLong);
/** The years 1 to 9999, which every reader of text agrees on. */
const micros = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }).map(toLong);
const text = fc.string({ unit: "binary", maxLength: 40 });

const KINDS: readonly [string, fc.Arbitrary<Value>][] = [
  ["boolean", fc.boolean()],
  ["int", fc.integer()],
  ["long", long],
  ["float", fc.float({ noNaN: true })],
  ["double", fc.double({ noNaN: true })],
  ["date", fc.integer({ min: -719_162, max: 2_932_896 })],
  ["time", fc.integer({ min: 0, max: 86_399_999_999 })],
  ["timestamp", micros],
  ["timestamptz", micros],
  ["decimal(38,10)", fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })],
  ["decimal(5,0)", fc.bigInt({ min: -99_999n, max: 99_999n })],
  ["string", text],
  ["uuid", fc.uuid()],
  ["binary", fc.uint8Array({ maxLength: 40 })],
  ["fixed[4]", fc.uint8Array({ minLength: 4, maxLength: 4 })],
];

const hex = (type: string, value: Value): string => encodeValue(type, value).toHex();

describe("single values", () => {
  test.each(KINDS)("of %s that differ have bytes that differ", (type, values) => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const same = hex(type, a) === hex(type, b);
        expect(same).toBe(compareValues(type, a, b) === 0);
      }),
    );
  });

  test.each(KINDS)("of %s are ordered, and the order is total", (type, values) => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(Math.sign(compareValues(type, a, b)) + Math.sign(compareValues(type, b, a))).toBe(0);
        expect(compareValues(type, a, a)).toBe(0);
      }),
    );
  });

  test("have the bytes that the format names", () => {
    expect(hex("int", 34)).toBe("22000000");
    expect(hex("long", 34)).toBe("2200000000000000");
    expect(hex("long", -(2n ** 63n))).toBe("0000000000000080");
    expect(hex("boolean", true)).toBe("01");
    expect(hex("date", -1)).toBe("ffffffff");
    expect(hex("float", 1)).toBe("0000803f");
    expect(hex("decimal(9,2)", 1420n)).toBe("058c");
    expect(hex("decimal(9,2)", 0n)).toBe("00");
    expect(hex("decimal(9,2)", 128n)).toBe("0080");
    expect(hex("decimal(9,2)", -128n)).toBe("80");
    expect(hex("decimal(9,2)", -129n)).toBe("ff7f");
    expect(hex("uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e7")).toBe("f79c3e09677c4bbda4793f349cb785e7");
    expect(hex("string", "é")).toBe("c3a9");
  });

  test("put text in the order of its bytes, not of its UTF-16 codes", () => {
    expect(compareValues("string", "\uFFFD", "😀")).toBeLessThan(0);
    expect(compareValues("double", -0, 0)).toBeLessThan(0);
    expect(compareValues("double", NaN, Infinity)).toBeGreaterThan(0);
  });
});

describe("truncated bounds", () => {
  test("enclose every text within 16 code points", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 0, maxLength: 60 }), (value) => {
        const low = truncateLower("string", value) as string;
        const high = truncateUpper("string", value) as string | undefined;
        expect(compareValues("string", low, value)).toBeLessThanOrEqual(0);
        expect(Array.from(low).length).toBeLessThanOrEqual(BOUND_LENGTH);
        if (high === undefined) return;
        expect(compareValues("string", high, value)).toBeGreaterThanOrEqual(0);
        expect(Array.from(high).length).toBeLessThanOrEqual(BOUND_LENGTH);
        expect(high.isWellFormed()).toBe(true);
      }),
    );
  });

  test("increment the last code point that can be, and give up when none can", () => {
    expect(truncateUpper("string", "abcdefghijklmnop")).toBe("abcdefghijklmnop");
    expect(truncateUpper("string", "abcdefghijklmnopq")).toBe("abcdefghijklmnoq");
    const top = "\u{10FFFF}";
    expect(truncateUpper("string", `a${top.repeat(16)}`)).toBe("b");
    expect(truncateUpper("string", top.repeat(17))).toBeUndefined();
    expect(truncateUpper("string", `${"a".repeat(15)}\uD7FFz`)).toBe(`${"a".repeat(15)}\uE000`);
    expect(truncateUpper("string", `${"😀".repeat(16)}x`)).toBe(`${"😀".repeat(15)}😁`);
    expect(truncateLower("string", "😀".repeat(20))).toBe("😀".repeat(16));
  });

  test("of bytes do the same by byte", () => {
    const long = new Uint8Array(20).fill(0xff);
    expect(truncateUpper("binary", long)).toBeUndefined();
    long[3] = 0;
    expect(truncateUpper("binary", long)).toEqual(new Uint8Array([0xff, 0xff, 0xff, 1]));
    expect((truncateLower("binary", long) as Uint8Array).length).toBe(16);
    expect(truncateUpper("uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e7")).toBe(
      "f79c3e09-677c-4bbd-a479-3f349cb785e7",
    );
  });

  test("cover both zeros", () => {
    expect(lowerBound("double", 0)).toEqual(encodeValue("double", -0));
    expect(upperBound("double", -0)).toEqual(encodeValue("double", 0));
  });
});

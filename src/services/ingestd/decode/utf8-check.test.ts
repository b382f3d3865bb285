import { isUtf8 } from "node:buffer";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { Utf8Check } from "./utf8-check.ts";

function checked(bytes: Uint8Array, cuts: readonly number[]): boolean {
  const check = new Utf8Check();
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [index, from] of places.slice(0, -1).entries())
    check.push(bytes.subarray(from, places[index + 1]));
  return check.holds();
}

const cuts = fc.array(fc.nat(), { maxLength: 8 });
const text = fc.string({ unit: "binary" }).map((string) => new TextEncoder().encode(string));
const damaged = fc.tuple(text, fc.nat(), fc.nat(255)).map(([bytes, place, byte]) => {
  if (bytes.length > 0) bytes[place % bytes.length] = byte;
  return bytes;
});

test("is right for any bytes, wherever they are cut", () => {
  fc.assert(
    fc.property(fc.oneof(text, damaged, fc.uint8Array()), cuts, (bytes, at) => {
      expect(checked(bytes, at)).toBe(isUtf8(bytes) && !bytes.includes(0));
    }),
    { numRuns: 1000 },
  );
});

test("a character that is never ended is none", () => {
  for (const bytes of [[0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0x61, 0xf0]]) {
    expect(checked(Uint8Array.from(bytes), [])).toBe(false);
  }
});

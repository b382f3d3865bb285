import { expect, test } from "bun:test";
import fc from "fast-check";
import { base64OfVector, jsonOfVector, readVector } from "./vector-text.ts";

const vectors = fc
  .array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 64 })
  .map((numbers) => Float32Array.from(numbers));

test("both forms carry every 32-bit float there and back", () => {
  fc.assert(
    fc.property(vectors, (vector) => {
      expect(readVector(base64OfVector(vector))).toEqual(vector);
      const json = JSON.parse(jsonOfVector(vector)) as number[];
      // JSON has no negative zero.
      expect(readVector(json)?.map((number) => number + 0)).toEqual(vector.map((number) => number + 0));
    }),
  );
});

test("base64 that is no whole number of floats is none", () => {
  expect(readVector("AAA=")).toBeUndefined();
  expect(readVector(base64OfVector(Float32Array.of(1, 2)).slice(0, -4))).toBeUndefined();
});

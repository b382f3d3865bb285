import { expect, test } from "bun:test";
import fc from "fast-check";
import { BLOCK_BYTES, BlockHasher, blocksMatch } from "./block-checksums.ts";

test("the checksums of the same bytes are the same however the bytes arrive", () => {
  const bytes = new Uint8Array(3 * BLOCK_BYTES + 77).map((_, at) => (at * 31) % 251);
  const whole = new BlockHasher();
  whole.add(bytes);
  const sums = whole.finish();
  expect(sums.blocks.length).toBe(4);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 * BLOCK_BYTES }), { maxLength: 20 }), (cuts) => {
      const hasher = new BlockHasher();
      let at = 0;
      for (const length of cuts) {
        hasher.add(bytes.subarray(at, at + length));
        at = Math.min(bytes.length, at + length);
      }
      hasher.add(bytes.subarray(at));
      expect(hasher.finish()).toEqual(sums);
    }),
  );
  expect(blocksMatch(bytes, 0, sums)).toBe(true);
  expect(blocksMatch(bytes.subarray(BLOCK_BYTES), 1, sums)).toBe(true);
  expect(blocksMatch(bytes.subarray(BLOCK_BYTES), 0, sums)).toBe(false);
});

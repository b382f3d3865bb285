import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "#rpc/fault";
import { sealed, unsealed } from "./sealed-row.ts";

const row = { name: "roster", prefix: "warehouse/roster/", version: 3 };
const metadata = '{"format-version":2,"location":"file:///data"}';

test("a row is read as it was written, and one of before seals as it is", () => {
  expect(unsealed(row, sealed(row, metadata))).toBe(metadata);
  expect(unsealed(row, metadata)).toBe(metadata);
});

test("a bit that turned anywhere in it is found", () => {
  const text = Buffer.from(sealed(row, metadata));
  fc.assert(
    fc.property(fc.nat(text.length * 8 - 1), (bit) => {
      const damaged = Buffer.from(text);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => unsealed(row, damaged.toString("latin1"))).toThrow(Fault);
    }),
  );
  for (const other of [{ name: "rostes" }, { prefix: "warehouse/rosteq/" }, { version: 2 }]) {
    expect(() => unsealed({ ...row, ...other }, text.toString())).toThrow("damaged");
  }
});

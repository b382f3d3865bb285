import { expect, test } from "bun:test";
import { z } from "zod";
import { Fault } from "../fault.ts";
import { parseInput } from "./invalid-input.ts";

const schema = z.strictObject({
  name: z.string().min(1).max(5).optional(),
  exact: z.string().min(3).optional(),
  count: z.int().min(1).max(10).optional(),
  share: z.number().gt(0).lt(1).optional(),
  mode: z.enum(["dense", "lexical", "hybrid"]).optional(),
  only: z.literal("l2").optional(),
  either: z.union([z.string(), z.number(), z.boolean(), z.null()]).optional(),
  parts: z.union([z.array(z.int()), z.strictObject({ all: z.boolean() }), z.number()]).optional(),
  texts: z.array(z.string()).min(1).max(2).optional(),
  own: z
    .string()
    .regex(/^[a-z]+$/, "must be letters")
    .optional(),
  at: z.iso.datetime({ offset: true }).optional(),
  like: z.string().regex(/^\d+$/).optional(),
  step: z.number().multipleOf(5).optional(),
  keys: z.record(z.string().max(3), z.int()).optional(),
  inner: z.strictObject({ deep: z.boolean() }).optional(),
  lists: z.record(z.string(), z.array(z.int())).optional(),
});

function faultOf(read: z.core.$ZodType, input: unknown): Fault {
  try {
    parseInput(read, input);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
  }
  throw new Error("it was taken");
}

test("what is right comes back as its schema reads it", () => {
  expect(parseInput(z.strictObject({ k: z.int().default(10) }), {})).toEqual({ k: 10 });
});

test.each([
  [{ name: 5 }, "name: must be a string, not a number"],
  [{ name: "" }, "name: must not be empty"],
  [{ name: "abcdef" }, "name: must have at most 5 characters"],
  [{ exact: "ab" }, "exact: must have at least 3 characters"],
  [{ count: "x" }, "count: must be a number, not a string"],
  [{ count: 1.5 }, "count: must be a whole number, not a number"],
  [{ count: 0 }, "count: must be at least 1"],
  [{ count: 11 }, "count: must be at most 10"],
  [{ share: 0 }, "share: must be more than 0"],
  [{ share: 1 }, "share: must be less than 1"],
  [{ mode: "hybird" }, 'mode: must be "dense", "lexical" or "hybrid"'],
  [{ only: 7 }, 'only: must be "l2"'],
  [{ either: {} }, "either: must be a string, a number, true or false or null, not an object"],
  [{ parts: [1, "2"] }, "parts: 1 must be a number, not a string"],
  [{ parts: { all: 1 } }, "parts: all must be true or false, not a number"],
  [{ texts: "x" }, "texts: must be an array, not a string"],
  [{ texts: [] }, "texts: must have at least 1 item"],
  [{ texts: ["a", "b", "c"] }, "texts: must have at most 2 items"],
  [{ texts: [null] }, "texts.0: must be a string, not null"],
  [{ own: "A1" }, "own: must be letters"],
  [{ like: "a" }, "like: must match /^\\d+$/"],
  [
    { at: "2026-02-30T00:00:00Z" },
    "at: must be a time with its offset (RFC 3339), such as 2026-12-07T06:00:00Z",
  ],
  [{ step: 3 }, "step: must be a multiple of 5"],
  [{ inner: {} }, "inner.deep: is missing; it must be true or false"],
  [{ lists: { a: [1, "2"] } }, "lists.a.1: must be a number, not a string"],
  [{ keys: { long: 1 } }, "keys.long: has a key that must have at most 3 characters"],
  [{ nmae: "x" }, "nmae: is not a known field. Did you mean name?"],
  [{ zebra: "x" }, "zebra: is not a known field"],
  [{ inner: { deep: true, name: 1 } }, "inner.name: is not a known field"],
  [[], "input: must be an object, not an array"],
])("%j: %s", (input, message) => {
  const fault = faultOf(schema, input);
  expect([fault.code, fault.message]).toEqual(["invalid", message]);
  const place = message.slice(0, message.indexOf(":"));
  expect(fault.details).toEqual([
    { path: place === "input" ? "" : place, message: message.slice(place.length + 2) },
  ]);
});

test("no more places are named than somebody reads", () => {
  const fields = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`f${n}`, z.int()]));
  expect(faultOf(z.strictObject(fields), {}).details?.length).toBe(20);
  const strange = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`g${n}`, n]));
  expect(faultOf(schema, strange).details?.length).toBe(20);
  expect(faultOf(z.strictObject(fields), strange).details?.length).toBe(20);
});

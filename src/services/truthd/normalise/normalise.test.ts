import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Normaliser } from "#contracts/truth";
import { normaliserNamed } from "./normalise.ts";

const SAME: readonly (readonly [Normaliser, ...(string | number)[]])[] = [
  [
    "phone",
    "(217) 555-0134",
    "217.555.0134",
    "+1 217 555 0134",
    "1-217-555-0134",
    "tel: 217 555 0134",
    2175550134,
  ],
  ["phone", "217-555-0134 x12", "(217) 555-0134 ext. 12"],
  ["phone", "+44 20 7946 0958", "+442079460958"],
  ["phone", "555-0134", " 555-0134"],
  [
    "email",
    "Ann.Lee@Example.com",
    " ann.lee@example.COM ",
    "mailto:ann.lee@example.com",
    "<ann.lee@example.com>",
  ],
  ["name", "Ann Lee", "LEE, ANN", "ann  lee", "Ms. Ann Lee"],
  ["name", "José O’Neil Jr.", "jose o'neil, Junior", "O'NEIL, JOSE, JR"],
  ["name", "Maria Smith-Jones", "maria smith jones"],
  [
    "address",
    "123 North Main Street, Apartment 4, Springfield, Illinois 62701-1234",
    "123 N. Main St #4, Springfield, IL 62701",
    "123 N MAIN ST APT # 4 SPRINGFIELD IL 62701 USA",
  ],
  ["address", "9 West Virginia Ave, Charleston, West Virginia", "9 W Virginia Avenue, Charleston, WV"],
  ["address", "40 Fifth Ave Suite 100", "40 5th Avenue, Ste. 100"],
  ["text", "Forklift  Operator ", "forklift operator"],
  ["none", "a", "a"],
];

const DIFFERENT: readonly (readonly [Normaliser, string, string])[] = [
  ["phone", "217-555-0134", "217-555-0135"],
  ["phone", "217-555-0134", "217-555-0134 x1"],
  ["phone", "217-555-0134", "+44 217 555 0134"],
  ["phone", "n/a", "none"],
  ["email", "ann@example.com", "anne@example.com"],
  ["name", "John Lee Jr", "John Lee Sr"],
  ["name", "John Lee", "John Q Lee"],
  ["address", "123 Main St", "123 Main Ave"],
  ["address", "123 N Main St", "123 S Main St"],
  ["address", "123 Main St Apt 4", "123 Main St Apt 5"],
  ["none", "a", "A"],
  ["none", "a", "a "],
];

describe("a normaliser", () => {
  test.each(SAME)("%s: %p is said in these ways", async (name, first, ...others) => {
    const normalise = await normaliserNamed(name);
    for (const other of others) expect([other, normalise(other).key]).toEqual([other, normalise(first).key]);
  });

  test.each(DIFFERENT)("%s: %p is not %p", async (name, a, b) => {
    const normalise = await normaliserNamed(name);
    expect(normalise(a).key).not.toBe(normalise(b).key);
  });

  test("what is shown of a value has the value's key, whatever the text", async () => {
    for (const name of ["none", "text", "email", "name", "address", "phone"] as const) {
      const normalise = await normaliserNamed(name);
      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (text) => {
          const { key, shown } = normalise(text);
          expect(normalise(String(shown)).key).toBe(key);
        }),
        { numRuns: 300 },
      );
    }
  });
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { civilFromDays, daysFromCivil } from "./civil-date.ts";

test("days and dates are each other's inverse, and agree with the platform where it knows the year", () => {
  fc.assert(
    fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (days) => {
      const { year, month, day } = civilFromDays(days);
      expect(daysFromCivil(year, month, day)).toBe(days);
      const date = new Date(days * 86_400_000);
      expect([year, month, day]).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
    }),
  );
});

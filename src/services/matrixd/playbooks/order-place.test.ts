import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { orderPlaceOf, placeShare, type OrderPlace } from "./order-place.ts";

const AUSTIN = { state: "TX", point: { lat: 30.27, lon: -97.74 } };
const ROUND_ROCK = { state: "TX", point: { lat: 30.51, lon: -97.68 } };
const DALLAS = { state: "TX", point: { lat: 32.78, lon: -96.8 } };
const RENO = { state: "NV", point: { lat: 39.53, lon: -119.81 } };
const TEXAS = { state: "TX", point: undefined };
const NOWHERE = {};

describe("a record is worth", () => {
  test("all of itself at its own place, less the farther away, nothing where other people go", () => {
    expect(placeShare(AUSTIN, AUSTIN)).toBe(1);
    const [near, far] = [placeShare(AUSTIN, ROUND_ROCK), placeShare(AUSTIN, DALLAS)];
    expect(near).toBeGreaterThan(0.5);
    expect(near).toBeLessThan(1);
    expect([far, placeShare(AUSTIN, RENO), placeShare(TEXAS, RENO)]).toEqual([0, 0, 0]);
  });

  test("all of itself where people of the whole state are wanted, or of any place", () => {
    expect([placeShare(TEXAS, AUSTIN), placeShare(TEXAS, TEXAS)]).toEqual([1, 1]);
    expect([NOWHERE, AUSTIN, TEXAS].map((one) => placeShare(NOWHERE, one))).toEqual([1, 1, 1]);
  });

  test("little where it does not say the place as exactly as the order does", () => {
    for (const vague of [placeShare(AUSTIN, TEXAS), placeShare(AUSTIN, NOWHERE)]) {
      expect(vague).toBeGreaterThan(0);
      expect(vague).toBeLessThan(0.5);
    }
  });

  test("a share, for any two places", () => {
    const point = fc.record({
      lat: fc.double({ min: -90, max: 90, noNaN: true }),
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    const place: fc.Arbitrary<OrderPlace> = fc.record({
      state: fc.option(fc.constantFrom("TX", "NV"), { nil: undefined }),
      point: fc.option(point, { nil: undefined }),
    });
    fc.assert(
      fc.property(place, place, (wanted, recorded) => {
        const share = placeShare(wanted, recorded);
        expect(share >= 0 && share <= 1).toBe(true);
        expect(placeShare(wanted, wanted)).toBe(1);
      }),
    );
  });
});

test("a caller's place goes over the one that the text names", () => {
  const order = { slots: { city: "Austin", state: "TX", ...AUSTIN.point } };
  expect(orderPlaceOf(order)).toEqual(AUSTIN);
  expect(orderPlaceOf(order, RENO.point)).toEqual({ point: RENO.point });
  expect(orderPlaceOf({ slots: {} })).toEqual({ state: undefined, point: undefined });
});

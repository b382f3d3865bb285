import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { marksWanted, orderPlaceOf, placeMarks, placeShare, type OrderPlace } from "./order-place.ts";

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

describe("the marks of a place", () => {
  const any = fc.record({
    state: fc.option(fc.constantFrom("TX", "NV"), { nil: undefined }),
    point: fc.option(
      fc.record({
        lat: fc.double({ min: -90, max: 90, noNaN: true }),
        lon: fc.double({ min: -180, max: 180, noNaN: true }),
      }),
      { nil: undefined },
    ),
  });
  /** Somewhere around it: within 50 miles and not. */
  const near = ({ lat, lon }: { readonly lat: number; readonly lon: number }): fc.Arbitrary<OrderPlace> => {
    const away = fc.double({ min: -1.2, max: 1.2, noNaN: true });
    return fc.tuple(away, away).map(([north, east]) => {
      const there = lon + east / Math.max(0.01, Math.cos((lat * Math.PI) / 180));
      return {
        state: "TX",
        point: {
          lat: Math.min(90, Math.max(-90, lat + north)),
          lon: ((((there + 180) % 360) + 360) % 360) - 180,
        },
      };
    });
  };

  test("are among those that are wanted wherever a record is worth something", () => {
    const pairs = any.chain((wanted) =>
      fc.tuple(fc.constant(wanted), wanted.point === undefined ? any : fc.oneof(any, near(wanted.point))),
    );
    fc.assert(
      fc.property(pairs, ([wanted, recorded]) => {
        const wantedMarks = marksWanted(wanted);
        if (wantedMarks === undefined || placeShare(wanted, recorded) === 0) return;
        expect(placeMarks(recorded).some((mark) => wantedMarks.includes(mark))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("are few, and keep most of the country out", () => {
    expect(marksWanted(AUSTIN)?.length).toBeLessThan(20);
    expect(marksWanted(NOWHERE)).toBeUndefined();
    expect(marksWanted(AUSTIN)).not.toContain(placeMarks(DALLAS)[0]);
    expect(marksWanted(TEXAS)).toEqual(expect.arrayContaining(placeMarks(TEXAS)));
    expect(placeMarks(undefined)).toEqual(placeMarks(NOWHERE));
    expect(marksWanted(RENO)).toContain(placeMarks(undefined)[0]);
  });
});

test("a caller's place goes over the one that the text names", () => {
  const order = { slots: { city: "Austin", state: "TX", ...AUSTIN.point } };
  expect(orderPlaceOf(order)).toEqual(AUSTIN);
  expect(orderPlaceOf(order, RENO.point)).toEqual({ point: RENO.point });
  expect(orderPlaceOf({ slots: {} })).toEqual({ state: undefined, point: undefined });
});

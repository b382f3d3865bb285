import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  cityPoint,
  collectFacts,
  factBytes,
  type Facts,
  locate,
  NONE,
  readFacts,
  type RowFacts,
  rowsByOccupation,
  stateOf,
} from "./row-facts.ts";

const row: fc.Arbitrary<RowFacts> = fc.record({
  title: fc.constantFrom(0, 1, 7, NONE),
  soc: fc.constantFrom(undefined, "53-7051", "35-2014", "title gaffer"),
  city: fc.constantFrom(undefined, "Denver", "denver ", "Nowhere"),
  state: fc.constantFrom(undefined, "CO", "TX"),
  point: fc.option(
    fc.record({
      lat: fc.float({ min: -90, max: 90, noNaN: true }),
      lon: fc.float({ min: -180, max: 180, noNaN: true }),
    }),
    { nil: undefined },
  ),
  status: fc.constantFrom("active", "do_not_hire", undefined),
  certificates: fc.constantFrom(["Forklift|", "OSHA 10|2027-01-31"], []),
  languages: fc.constantFrom(["en", "es"], []),
  freeFrom: fc.constantFrom(20_000, undefined),
  textHash: fc.bigInt(0n, 2n ** 64n - 1n),
});

function factsOf(rows: readonly RowFacts[]): Facts {
  const facts = collectFacts();
  for (const one of rows) facts.add(one);
  return facts.finish();
}

describe("facts of rows", () => {
  test("come back from their bytes as they were", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
        const facts = factsOf(rows);
        const again = readFacts(factBytes(facts), rows.length, facts);
        const columns = [
          ...(["title", "soc", "place", "lat", "lon", "textHash"] as const),
          ...(["status", "certificates", "languages", "freeFrom"] as const),
        ];
        for (const column of columns) expect(again[column].join(), column).toBe(facts[column].join());
      }),
    );
    expect(() => readFacts(new Uint8Array(43), 1, factsOf([]))).toThrow("as many rows");
  });

  test("say of every row what was said of it", () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        const facts = factsOf(rows);
        const located = locate(facts);
        for (const [at, { soc, city, state, point }] of rows.entries()) {
          expect(facts.socs[facts.soc[at] ?? NONE]).toBe(soc as string);
          expect(located.stateOf(at)).toBe(state ?? "");
          const somewhere = city !== undefined || state !== undefined;
          expect(facts.place[at]).toBe(somewhere ? located.placeNumber(city, state) : NONE);
          const miles = located.milesTo(at, { lat: 10, lon: 10 });
          expect(miles === undefined).toBe(point === undefined);
        }
        const byOccupation = rowsByOccupation(facts);
        for (const [number, code] of facts.socs.entries()) {
          const own = rows.flatMap(({ soc }, at) => (soc === code ? [at] : []));
          expect([[...byOccupation.of(number)], byOccupation.count(number)]).toEqual([own, own.length]);
        }
      }),
    );
  });

  test("know the middle of a place that no gazetteer has", () => {
    const at = { title: NONE, soc: undefined, textHash: 0n, city: "Nowhere", state: "CO" };
    const facts = factsOf([
      { ...at, point: { lat: 40, lon: -100 } },
      { ...at, city: "nowhere", point: { lat: 42, lon: -102 } },
      { ...at, point: undefined },
    ]);
    const located = locate(facts);
    expect(located.middleOf(located.placeNumber("NOWHERE", "CO"))).toEqual({ lat: 41, lon: -101 });
    expect(located.middleOf(located.placeNumber("Nowhere", "TX"))).toBeUndefined();
    expect([located.mapped, locate(factsOf([{ ...at, point: undefined }])).mapped]).toEqual([true, false]);
  });

  test("states and cities are read as the gazetteer has them", () => {
    expect([stateOf("illinois"), stateOf("il"), stateOf("Ontario")]).toEqual(["IL", "IL", "Ontario"]);
    expect(cityPoint("Denver", "CO")?.lat).toBeCloseTo(39.7, 0);
    expect([cityPoint("Denver", undefined), cityPoint("Nowhere", "CO")]).toEqual([undefined, undefined]);
  });
});

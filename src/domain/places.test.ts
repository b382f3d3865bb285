import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { CITIES, citiesNamed, milesBetween, STATES, stateNamed, type City } from "./places.ts";

const CITIES_FILE = join(import.meta.dir, "../../../shared/data/us_cities.csv");

describe("the tables", () => {
  test("hold 300 cities, largest first, none twice, and 52 states", () => {
    expect(CITIES.length).toBe(300);
    expect(new Set(CITIES.map(({ city, state }) => `${city}, ${state}`)).size).toBe(300);
    const populations = CITIES.map((city) => city.population);
    expect(populations).toEqual(populations.toSorted((a, b) => b - a));
    expect(new Set(STATES.map((state) => state.code)).size).toBe(52);
  });

  test("every city lies in a state of the table, and not far from its centre", () => {
    const far = CITIES.filter((city) => {
      const state = STATES.find(({ code }) => code === city.state);
      return state === undefined || milesBetween(city, state) > 520;
    });
    expect(far).toEqual([]);
  });

  test("every zone is one that the runtime knows", () => {
    for (const zone of new Set(CITIES.map((city) => city.timezone))) {
      expect(new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone).toBe(zone);
    }
  });
});

describe("names", () => {
  test("Springfield is three places", () => {
    expect(citiesNamed("springfield").map((city) => city.state)).toEqual(["MO", "MA", "IL"]);
    expect(citiesNamed("Springfield", "illinois").map((city) => city.population)).toEqual([114_394]);
  });

  test.each([
    ["saint paul", "St. Paul"],
    ["ST PETERSBURG", "St. Petersburg"],
    ["Ft. Worth", "Fort Worth"],
    ["winston salem", "Winston-Salem"],
    ["Port Saint  Lucie", "Port St. Lucie"],
    ["lees summit", undefined],
    ["", undefined],
    ["constructor", undefined],
  ])("%p is %p", (given, city) => {
    expect(citiesNamed(given)[0]?.city).toBe(city);
  });

  test("a state that does not exist has no cities", () => {
    expect(citiesNamed("Springfield", "ZZ")).toEqual([]);
  });

  test.each([
    ["il", "IL"],
    [" North  Carolina ", "NC"],
    ["district of columbia", "DC"],
    ["puerto rico", "PR"],
    ["ill", undefined],
    ["", undefined],
  ])("state %p is %p", (given, code) => {
    expect(stateNamed(given)).toBe(code);
  });

  test("every city and state is found by its own name", () => {
    for (const city of CITIES) expect(citiesNamed(city.city.toUpperCase(), city.state)).toEqual([city]);
    for (const { code, name } of STATES) expect([stateNamed(code), stateNamed(name)]).toEqual([code, code]);
  });
});

describe("milesBetween", () => {
  const pointOf = (name: string, state: string): City => {
    const [city] = citiesNamed(name, state);
    if (city === undefined) throw new Error(`${name} is not in the table`);
    return city;
  };

  test.each([
    ["Chicago", "IL", "New York", "NY", 712],
    ["Los Angeles", "CA", "New York", "NY", 2446],
    ["Minneapolis", "MN", "St. Paul", "MN", 9],
  ])("%s %s to %s %s", (a, aState, b, bState, miles) => {
    expect(Math.abs(milesBetween(pointOf(a, aState), pointOf(b, bState)) - miles)).toBeLessThan(
      1 + miles / 200,
    );
  });

  test("one degree of latitude is 69.09 miles, half the Earth 12,437", () => {
    expect(milesBetween({ lat: 0, lon: 0 }, { lat: 1, lon: 0 })).toBeCloseTo(69.094, 3);
    expect(milesBetween({ lat: 0, lon: 0 }, { lat: 0, lon: 180 })).toBeCloseTo(12_436.94, 2);
  });

  test("is a distance: symmetric, zero at home, no shorter way round", () => {
    const point = fc.record({
      lat: fc.double({ min: -90, max: 90, noNaN: true }),
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    fc.assert(
      fc.property(point, point, point, (a, b, c) => {
        const direct = milesBetween(a, b);
        expect(milesBetween(b, a)).toBeCloseTo(direct, 6);
        expect(milesBetween(a, a)).toBe(0);
        expect(milesBetween(a, c) + milesBetween(c, b)).toBeGreaterThan(direct - 1e-3);
      }),
    );
  });
});

interface Listed {
  readonly city: string;
  readonly state: string;
  readonly lat: number;
  readonly lon: number;
  readonly population: number;
  readonly timezone: string;
}

// A public file that stands beside the checkout of some machines and is never part of the project.
describe.skipIf(!existsSync(CITIES_FILE))(
  "against a public file (skipped when it is not beside the checkout)",
  () => {
    async function listed(): Promise<Listed[]> {
      const [, ...lines] = (await Bun.file(CITIES_FILE).text()).split(/\r?\n/);
      return lines
        .map((line) => line.split(","))
        .map(([city = "", state = "", , lat, lon, population, timezone = ""]) => ({
          city,
          state,
          lat: Number(lat),
          lon: Number(lon),
          population: Number(population),
          timezone,
        }));
    }

    // The file gives the middle of Anchorage's vast municipality and of other places that are mostly desert or lake,
    // names Ventura in full, and puts Brownsville into a Mexican zone of the same hours.
    const milesMax = (city: City): number => (city.city === "Anchorage" ? 30 : 15);
    const nameIn = (city: City): string => (city.city === "Ventura" ? "San Buenaventura" : city.city);
    const zoneIn = (city: City): string =>
      city.city === "Brownsville" ? "America/Matamoros" : city.timezone;

    test("each city is where it says, in its zone", async () => {
      const places = Map.groupBy(
        await listed(),
        (place) => `${place.city.replace(/^Saint /, "St. ")}, ${place.state}`,
      );
      const wrong = CITIES.filter(
        (city) =>
          !(places.get(`${nameIn(city)}, ${city.state}`) ?? []).some(
            (place) => milesBetween(city, place) <= milesMax(city) && place.timezone === zoneIn(city),
          ),
      );
      expect(wrong.map(({ city, state }) => `${city}, ${state}`)).toEqual([]);
    });

    test("these are large cities", async () => {
      const largest = (await listed()).toSorted((a, b) => b.population - a.population).slice(0, 400);
      const names = new Set(largest.map(({ city, state }) => `${city.replace(/^Saint /, "St. ")}, ${state}`));
      expect(
        CITIES.filter((city) => names.has(`${nameIn(city)}, ${city.state}`)).length,
      ).toBeGreaterThanOrEqual(270);
    });
  },
);

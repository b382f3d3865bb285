// What the samples of workers and orders draw from: how common each role is, where people live, what an hour costs
// in each state, and days as plain numbers. Everything follows from the random numbers passed in, so that the same seed
// gives the same sample on every machine.

import { assert, present } from "#lib/assert";
import type { Random } from "#lib/random";
import { CITIES, type City, citiesNamed, type Point, STATES } from "#domain/places";
import { type Role, roleNamed, ROLES } from "#domain/roles";

interface WeightedPick<T> {
  pick(random: Random): T;
}

/** Draws items in proportion to their weights: a running total and a binary search. */
function weighted<T>(items: readonly T[], weightOf: (item: T) => number): WeightedPick<T> {
  const totals: number[] = [];
  let total = 0;
  for (const item of items) totals.push((total += weightOf(item)));
  assert(total > 0, "nothing to draw from");
  return {
    pick(random) {
      const at = random.next() * total;
      let low = 0;
      let high = totals.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (present(totals[middle], "a running total") > at) high = middle;
        else low = middle + 1;
      }
      return present(items[low], "a weighted item");
    },
  };
}

/** Parts of the market by how much of a general staffing office's work they are; about 100 together. */
const FAMILY_WEIGHTS: Readonly<Record<string, number>> = {
  warehouse: 20,
  manufacturing: 14,
  landscaping: 13,
  hospitality: 11,
  "food service": 11,
  construction: 7,
  healthcare: 5,
  cleaning: 4,
  driving: 3,
  events: 2,
  agriculture: 2,
  amusement: 2,
  "food processing": 2,
  "skilled trades": 1,
  office: 1,
  security: 1,
  retail: 1,
};

/** Roles that are ordered several times as often as the others of their family. */
const ROLE_WEIGHTS: Readonly<Record<string, number>> = {
  "Forklift Operator": 4,
  "Warehouse Associate": 5,
  "Order Picker": 3,
  Packer: 3,
  Housekeeper: 6,
  "Line Cook": 4,
  Dishwasher: 3,
  Server: 3,
  "Landscape Laborer": 8,
  "Production Worker": 5,
  Assembler: 4,
  "CNC Machinist": 4,
  Welder: 3,
  "Construction Laborer": 6,
  "Certified Nursing Assistant": 5,
  Janitor: 4,
};

const ROLES_IN_FAMILY = Map.groupBy(ROLES, (role) => role.family);

export const rolePick: WeightedPick<Role> = weighted(ROLES, (role) => {
  const shared = (FAMILY_WEIGHTS[role.family] ?? 0.5) / (ROLES_IN_FAMILY.get(role.family)?.length ?? 1);
  return shared * (ROLE_WEIGHTS[role.name] ?? 1);
});

/** By the square root of the population: large cities lead without crowding out the rest of the map. */
export const cityPick: WeightedPick<City> = weighted(CITIES, (city) => Math.sqrt(city.population));

/** How far from the middle of their city people live at most. */
export const SCATTER_MILES_MAX = 12;
const MILES_PER_DEGREE = 69.09;

/** A point near the city, denser towards its middle, to four decimals (some ten metres). */
export function near(random: Random, city: City): Point {
  const miles = SCATTER_MILES_MAX * random.next();
  const bearing = 2 * Math.PI * random.next();
  const lonMiles = MILES_PER_DEGREE * Math.cos((city.lat * Math.PI) / 180);
  return {
    lat: rounded(city.lat + (miles * Math.cos(bearing)) / MILES_PER_DEGREE, 4),
    lon: rounded(city.lon + (miles * Math.sin(bearing)) / lonMiles, 4),
  };
}

export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

interface StateCosts {
  /** What an hour costs against the national level. */
  readonly factor: number;
  /** The least that an hour may cost, in USD; 7.25 is the federal minimum. */
  readonly leastUsdPerHour: number;
  readonly areaCode: string;
}

// Rough levels of 2026, to make samples plausible; not a reference for anyone's wage.
const STATE_COSTS: Readonly<
  Record<string, readonly [factor: number, leastUsdPerHour: number, areaCode: string]>
> = {
  AL: [0.9, 7.25, "205"],
  AK: [1.15, 13, "907"],
  AZ: [1, 15.15, "602"],
  AR: [0.88, 11, "501"],
  CA: [1.18, 16.9, "213"],
  CO: [1.07, 15.16, "303"],
  CT: [1.1, 16.94, "203"],
  DC: [1.22, 17.95, "202"],
  DE: [1.02, 15, "302"],
  FL: [0.97, 14, "407"],
  GA: [0.95, 7.25, "404"],
  HI: [1.15, 16, "808"],
  IA: [0.94, 7.25, "515"],
  ID: [0.94, 7.25, "208"],
  IL: [1.03, 15, "217"],
  IN: [0.94, 7.25, "317"],
  KS: [0.92, 7.25, "316"],
  KY: [0.91, 7.25, "502"],
  LA: [0.9, 7.25, "504"],
  MA: [1.16, 15, "617"],
  MD: [1.07, 15, "410"],
  ME: [1.02, 15.1, "207"],
  MI: [0.97, 13.73, "313"],
  MN: [1.04, 11.41, "612"],
  MO: [0.94, 15, "816"],
  MS: [0.86, 7.25, "601"],
  MT: [0.96, 10.85, "406"],
  NC: [0.95, 7.25, "704"],
  ND: [0.99, 7.25, "701"],
  NE: [0.95, 15, "402"],
  NH: [1.05, 7.25, "603"],
  NJ: [1.12, 15.92, "973"],
  NM: [0.94, 12, "505"],
  NV: [1, 12, "702"],
  NY: [1.15, 16, "212"],
  OH: [0.95, 11, "216"],
  OK: [0.89, 7.25, "405"],
  OR: [1.08, 15.05, "503"],
  PA: [0.98, 7.25, "215"],
  PR: [0.75, 10.5, "787"],
  RI: [1.07, 16, "401"],
  SC: [0.92, 7.25, "803"],
  SD: [0.92, 11.85, "605"],
  TN: [0.93, 7.25, "615"],
  TX: [0.95, 7.25, "512"],
  UT: [0.98, 7.25, "801"],
  VA: [1.03, 12.77, "804"],
  VT: [1.04, 14.42, "802"],
  WA: [1.16, 17.13, "206"],
  WI: [0.97, 7.25, "414"],
  WV: [0.88, 8.75, "304"],
  WY: [0.95, 7.25, "307"],
};

const COSTS: ReadonlyMap<string, StateCosts> = new Map(
  STATES.map(({ code }) => {
    const [factor, leastUsdPerHour, areaCode] = present(STATE_COSTS[code], `the costs of ${code}`);
    return [code, { factor, leastUsdPerHour, areaCode }];
  }),
);

export function costsIn(state: string): StateCosts {
  return present(COSTS.get(state), `the costs of ${state}`);
}

/** USD an hour in a state, at `level` (0 to 1) of the role's band, to the cent and never under the state's least. */
export function payFor(role: Role, state: string, level: number): number {
  const { factor, leastUsdPerHour } = costsIn(state);
  const [low, high] = role.pay;
  return rounded(Math.max(leastUsdPerHour, factor * (low + (high - low) * level)), 2);
}

// Days are counted from 1970-01-01, so that adding and comparing them is arithmetic.
const DAY_MS = 86_400_000;

/** The day's number; `date` is "YYYY-MM-DD" and has to be one that the calendar holds. */
export function dayOf(date: string): number {
  const day = Date.parse(`${date}T00:00:00Z`) / DAY_MS;
  assert(
    /^\d{4}-\d\d-\d\d$/.test(date) && dateOf(day) === date,
    `today is "YYYY-MM-DD", not ${JSON.stringify(date)}`,
  );
  return day;
}

export function dateOf(day: number): string {
  return Number.isNaN(day) ? "" : new Date(day * DAY_MS).toISOString().slice(0, 10);
}

const OFFSETS = new Map<string, Intl.DateTimeFormat>();

/** The zone's offset at local noon of the day, "-05:00". Clocks change at night, so shifts by day are exact. */
export function offsetOn(day: number, timezone: string): string {
  let format = OFFSETS.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", { timeZone: timezone, timeZoneName: "longOffset" });
    OFFSETS.set(timezone, format);
  }
  const zone = format.formatToParts((day + 0.75) * DAY_MS).find((part) => part.type === "timeZoneName");
  return present(zone, `the offset of ${timezone}`).value.replace(/^GMT/, "") || "+00:00";
}

/** A role in a city that the demo searches for. */
export interface DemoPlace {
  readonly role: Role;
  readonly city: City;
}

/** The first rows of each sample use these in turn, so that the searches of the demo have hits. */
export const DEMO_PLACES: readonly DemoPlace[] = (
  [
    ["Forklift Operator", "Springfield", "IL"],
    ["Line Cook", "Denver", "CO"],
    ["Housekeeper", "Orlando", "FL"],
    ["CNC Machinist", "Cleveland", "OH"],
    ["Landscape Laborer", "Charlotte", "NC"],
    ["Certified Nursing Assistant", "Phoenix", "AZ"],
  ] as const
).map(([role, city, state]) => ({
  role: present(roleNamed(role), role),
  city: present(citiesNamed(city, state)[0], city),
}));

// Where workers live and orders are: the large cities and the states of the United States, names folded the way
// people vary them, and distances as the crow flies. Everything here is a constant or a pure function; it holds
// no personal address. A city name alone is often not a place (there are three Springfields), so looking one up
// gives a list, largest first, and choosing is the caller's business.

import { present } from "#lib/assert";
import { readTable } from "#lib/tsv";
import cityTable from "./cities.tsv" with { type: "text" };
import stateTable from "./states.tsv" with { type: "text" };

export interface Point {
  /** Degrees north. */
  readonly lat: number;
  /** Degrees east: negative all over the United States. */
  readonly lon: number;
}

export interface City extends Point {
  readonly city: string;
  /** Two-letter postal code. */
  readonly state: string;
  /** IANA zone name. */
  readonly timezone: string;
  /** Residents in the census of 2020. */
  readonly population: number;
}

export interface State extends Point {
  /** Two-letter postal code. */
  readonly code: string;
  readonly name: string;
  /** IANA zone name. */
  readonly timezone: string;
}

const STATE_ROWS = readTable(stateTable, ["code", "name", "lat", "lon", "timezone"]);
const CITY_ROWS = readTable(cityTable, ["city", "state", "lat", "lon", "population", "timezone"]);

/** The fifty states, DC and Puerto Rico, each with its rough centre and the zone that most of its people keep. */
export const STATES: readonly State[] = STATE_ROWS.map(({ code, name, lat, lon, timezone }) => ({
  code,
  name,
  lat: Number(lat),
  lon: Number(lon),
  timezone,
}));

const ZONE_BY_STATE: ReadonlyMap<string, string> = new Map(
  STATES.map(({ code, timezone }) => [code, timezone]),
);

/**
 * The 300 most populous incorporated places of the fifty states and DC in the census of 2020, with Honolulu and
 * Arlington, Virginia, which have no municipality and are counted like one; largest first. Points are the middle of
 * town, to a hundredth of a degree (some 0.7 miles).
 */
export const CITIES: readonly City[] = CITY_ROWS.map(({ city, state, lat, lon, population, timezone }) => ({
  city,
  state,
  lat: Number(lat),
  lon: Number(lon),
  // The table names a zone only for cities that do not keep their state's.
  timezone: timezone || present(ZONE_BY_STATE.get(state), `the zone of ${state}`),
  population: Number(population),
}));

/** The mean radius of the Earth in statute miles (6,371.2 km). */
export const EARTH_RADIUS_MILES = 3958.8;
const RADIANS = Math.PI / 180;

/** Great-circle distance in statute miles by the haversine formula; good to half a percent on the real Earth. */
export function milesBetween(a: Point, b: Point): number {
  const north = Math.sin(((b.lat - a.lat) * RADIANS) / 2);
  const east = Math.sin(((b.lon - a.lon) * RADIANS) / 2);
  const h = north * north + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * east * east;
  return 2 * EARTH_RADIUS_MILES * Math.asin(Math.min(1, Math.sqrt(h)));
}

const SHORT_WORDS: Readonly<Record<string, string>> = { saint: "st", fort: "ft", mount: "mt" };

/** "Saint  Paul", "St. Paul" and "st paul" are one name; hyphens and apostrophes do not distinguish names either. */
function folded(name: string): string {
  return name
    .normalize("NFKD")
    .replaceAll(/\p{M}|['’.]/gu, "")
    .toLowerCase()
    .split(/[\s-]+/)
    .filter((word) => word !== "")
    .map((word) => (Object.hasOwn(SHORT_WORDS, word) ? SHORT_WORDS[word] : word))
    .join(" ");
}

const CITIES_BY_NAME: ReadonlyMap<string, readonly City[]> = Map.groupBy(CITIES, (city) => folded(city.city));

const CODE_BY_STATE_NAME: ReadonlyMap<string, string> = new Map(
  STATES.flatMap(({ code, name }) => [
    [folded(code), code],
    [folded(name), code],
  ]),
);

/**
 * The postal code of a state given by code or by name, whatever the case. It takes the whole text as one state: a
 * reader of sentences has to know by itself that "in", "or", "me", "hi" and "ok" are mostly words.
 */
export function stateNamed(text: string): string | undefined {
  return CODE_BY_STATE_NAME.get(folded(text));
}

/** The cities of this name, largest first; of one state when `state` (code or name) is given. Empty when none is known. */
export function citiesNamed(name: string, state?: string): City[] {
  const named = CITIES_BY_NAME.get(folded(name)) ?? [];
  if (state === undefined) return [...named];
  const code = stateNamed(state);
  return named.filter((city) => city.state === code);
}

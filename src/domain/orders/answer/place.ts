// Where an order is: of all places that are named the one that most speaks for, completed by what the others add, and
// its point and time zone.

import type { Point } from "../../places.ts";
import type { Gazetteer, Place } from "../places/gazetteer.ts";
import { placeName } from "../places/gazetteer.ts";
import type { Claim, Of, PlaceValue } from "../grammar/claim.ts";
import type { OrderSlots } from "../order-reading.ts";
import type { Token } from "../text/tokens.ts";

type PlaceSlots = Pick<
  OrderSlots,
  | "site"
  | "city"
  | "state"
  | "postal_code"
  | "metro"
  | "county"
  | "lat"
  | "lon"
  | "timezone"
  | "city_ambiguous"
>;

export interface PlaceAnswer {
  readonly slots: PlaceSlots;
  readonly point: Point | undefined;
  readonly used: ReadonlySet<Claim>;
}

export function placeOf(
  tokens: readonly Token[],
  claims: readonly Claim[],
  gazetteer: Gazetteer,
  zoneOfState: (code: string) => string | undefined,
): PlaceAnswer {
  const places = claims.filter((claim): claim is Of<"place"> => claim.kind === "place");
  const heaviest = places.toSorted((left, right) => right.weight - left.weight)[0];
  const best = heaviest && firstOfTwo(tokens, places, heaviest, gazetteer);
  if (best === undefined) return { slots: {}, point: undefined, used: new Set() };
  const used = new Set<Claim>([best, ...places.filter(({ from }) => from === best.from)]);
  let value = best.value;
  for (const other of places) {
    if (other.from === best.from) continue;
    const completed = together(value, other.value, gazetteer);
    if (completed === undefined) continue;
    value = completed;
    used.add(other);
  }
  // The district is its city.
  if (value.state === "DC" && value.city === undefined && value.site === undefined)
    value = { ...value, city: "Washington", known: inState("Washington", "DC", gazetteer) };
  const { site, city, state, known, ambiguous, postal, postalCode, county, metro } = value;
  const point: Point | undefined = site === undefined ? (postal ?? known ?? county) : known;
  const timezone =
    point === undefined
      ? state === undefined
        ? undefined
        : zoneOfState(state)
      : ((known as { timezone?: string } | undefined)?.timezone ??
        gazetteer.timezone(point) ??
        (state === undefined ? undefined : zoneOfState(state)));
  const slots: PlaceSlots = {
    ...(site !== undefined && { site }),
    ...(city !== undefined && { city: postalForm(city) }),
    ...(ambiguous === true && { city_ambiguous: true as const }),
    ...(state !== undefined && { state }),
    ...(postalCode !== undefined && { postal_code: postalCode }),
    ...(metro !== undefined && { metro }),
    ...(county !== undefined && { county: county.county }),
    ...(point !== undefined && { lat: rounded(point.lat), lon: rounded(point.lon) }),
    ...(timezone !== undefined && { timezone }),
  };
  return { slots, point, used };
}

const JOINS: ReadonlySet<string> = new Set(["or", "and", "/", "&", ",", "o", "y", "-", "+"]);

/** Smaller places are rather words. */
const TOWN_POPULATION_MIN = 5000;

/** "Tulsa or Broken Arrow, OK": the first of two cities that share a state, which is said once. */
function firstOfTwo(
  tokens: readonly Token[],
  places: readonly Of<"place">[],
  last: Of<"place">,
  gazetteer: Gazetteer,
): Of<"place"> {
  const { city, state } = last.value;
  const joined = JOINS.has(tokens[last.from - 1]?.word ?? "");
  const first = places.find(({ to, value }) => joined && to + 1 === last.from && value.city !== undefined);
  const apart = last.to === last.from + 1;
  if (apart || first?.value.city === undefined || city === undefined || state === undefined) return last;
  const known = inState(first.value.city, state, gazetteer);
  if (known === undefined || known.population < TOWN_POPULATION_MIN || first.value.city === city) return last;
  return { ...first, value: { city: known.city, state, known } };
}

/** What two mentions say together, undefined when they are of different places. */
function together(value: PlaceValue, other: PlaceValue, gazetteer: Gazetteer): PlaceValue | undefined {
  if (value.state === undefined) return { ...other, ...value };
  if (other.city === undefined && other.postalCode === undefined && other.county === undefined) {
    if (other.state === value.state) return { ...value, ambiguous: false };
    if (other.state === undefined || value.city === undefined || value.postalCode !== undefined)
      return undefined;
    // "Springfield ... in IL": the state decides which one.
    const known = inState(value.city, other.state, gazetteer);
    return known === undefined
      ? undefined
      : { ...value, city: known.city, state: known.state, known, ambiguous: false };
  }
  if (other.state !== value.state && value.city !== undefined) return undefined;
  if (value.city === undefined && other.city !== undefined) {
    const known = value.state === other.state ? other.known : inState(other.city, value.state, gazetteer);
    if (known === undefined && other.state !== value.state) return undefined;
    return { ...other, ...value, city: known?.city ?? other.city, known, ambiguous: false };
  }
  if (other.postalCode !== undefined && value.postalCode === undefined)
    return { ...value, postalCode: other.postalCode, postal: other.postal, ambiguous: false };
  if (other.county !== undefined && value.county === undefined) return { ...value, county: other.county };
  return other.city !== undefined && other.city === value.city ? value : undefined;
}

function inState(city: string, state: string, gazetteer: Gazetteer): Place | undefined {
  return gazetteer.named(placeName(city)).find((place) => place.state === state);
}

/** "Cañon City", "Wahiawā": as the post and rosters write them, in plain letters. */
function postalForm(city: string): string {
  return city.normalize("NFKD").replaceAll(/\p{M}|[ʻ‘]/gu, "");
}

/** To a ten-thousandth of a degree, some ten yards. */
function rounded(degrees: number): number {
  return Math.round(degrees * 10_000) / 10_000;
}

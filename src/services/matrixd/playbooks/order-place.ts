// Where an order is, as far as playbooks compare orders: who did well at one place says little about another, however alike
// the words of both orders are. The marks of places say the same more coarsely, for an index: a record that has none of those
// that are wanted is worth nothing. Pure.

import type { OrderReading } from "#domain/orders/order-reading";
import { EARTH_RADIUS_MILES, milesBetween, type Point } from "#domain/places";

/** Empty for an order that names no place. */
export interface OrderPlace {
  readonly state?: string | undefined;
  readonly point?: Point | undefined;
}

/** The same people go to both places; beyond it, a record says nothing about who goes there. Miles. */
const MILES_MAX = 50;
/** What is left of a record where only one of both orders says where it is, or says it as exactly. */
const VAGUE = 0.25;

/** The place that an order names, or the one that its caller names over it. */
export function orderPlaceOf({ slots }: Pick<OrderReading, "slots">, given?: Point): OrderPlace {
  const { state, lat, lon } = slots;
  if (given !== undefined) return { point: given };
  return { state, point: lat === undefined || lon === undefined ? undefined : { lat, lon } };
}

/** What is left of a record that was made for one place when people are wanted at another: 1 for the same, 0 for none. */
export function placeShare(wanted: OrderPlace, recorded: OrderPlace): number {
  const [here, there] = [wanted, recorded].map(isPlaced);
  if (here !== true) return 1;
  if (there !== true) return VAGUE;
  if (wanted.point !== undefined && recorded.point !== undefined)
    return Math.max(0, 1 - milesBetween(wanted.point, recorded.point) / MILES_MAX);
  const isSameState = wanted.state !== undefined && wanted.state === recorded.state;
  if (!isSameState) return 0;
  // People of any town of the state are people of the state, and not the other way round.
  return wanted.point === undefined ? 1 : VAGUE;
}

/** Marks of a place: `any` is of records that may act everywhere. */
const ANY = "any";
/** Degrees. */
const CELL = 1;
const RADIANS = Math.PI / 180;
/** Rounding must not take a record off the edge. */
const MARGIN = 1.001;

/** The marks of a record; of one that was made before its place was kept, too. */
export function placeMarks(recorded: OrderPlace | undefined): string[] {
  if (recorded === undefined || !isPlaced(recorded)) return [ANY];
  const { state, point } = recorded;
  if (point === undefined) return [`state ${state}`];
  return [cellMark(cellOf(point.lat), cellOf(point.lon)), ...(state === undefined ? [] : [`in ${state}`])];
}

/** One of these marks has every record that is worth something where people are wanted; undefined where all may be. */
export function marksWanted(wanted: OrderPlace): string[] | undefined {
  if (!isPlaced(wanted)) return undefined;
  const { state, point } = wanted;
  const states = state === undefined ? [] : [`state ${state}`];
  if (point === undefined) return [ANY, ...states, `in ${state}`];
  const radius = (MARGIN * MILES_MAX) / EARTH_RADIUS_MILES;
  // The meridians that touch a circle around a point of latitude: asin(sin r / cos lat) away.
  const reach = Math.sin(radius) / Math.cos(point.lat * RADIANS);
  const [north, east] = [radius / RADIANS, reach < 1 ? Math.asin(Math.max(0, reach)) / RADIANS : 180];
  const cells: string[] = [];
  for (let lat = cellOf(point.lat - north); lat <= cellOf(point.lat + north); lat += 1)
    for (let lon = cellOf(point.lon - east); lon <= cellOf(point.lon + east); lon += 1)
      cells.push(cellMark(lat, lon));
  return [ANY, ...states, ...new Set(cells)];
}

function cellOf(degrees: number): number {
  return Math.floor(degrees / CELL);
}

/** Of the same cell on either side of the line where 180 degrees east are 180 degrees west. */
function cellMark(lat: number, lon: number): string {
  const around = 360 / CELL;
  return `cell ${lat} ${((lon % around) + around) % around}`;
}

function isPlaced({ state, point }: OrderPlace): boolean {
  return state !== undefined || point !== undefined;
}

// Where an order is, as far as playbooks compare orders: who did well at one place says little about another, however alike
// the words of both orders are. Pure.

import type { OrderReading } from "#domain/orders/order-reading";
import { milesBetween, type Point } from "#domain/places";

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

function isPlaced({ state, point }: OrderPlace): boolean {
  return state !== undefined || point !== undefined;
}

// Orders as coordinators write them, with what a house must read of each: role, place, headcount, hours, pay. An order
// follows from its number and the run, so that no two are alike and no run finds in a cache what another one left there.

import type { City } from "#domain/places";
import { present } from "#lib/assert";
import { seeded } from "#lib/random";
import { ASKED, PLACES } from "./roster.ts";

export interface LoadOrder {
  readonly text: string;
  /** Places in ASKED and PLACES. */
  readonly roleAt: number;
  readonly placeAt: number;
  readonly role: string;
  readonly place: City;
  readonly headcount: number;
  readonly pay: number;
  /** Local hours as the house writes them. */
  readonly shift: string;
}

const HOURS: readonly (readonly [text: string, shift: string])[] = [
  ["6a-2p", "06:00-14:00"],
  ["7am-3pm", "07:00-15:00"],
  ["2p-10p", "14:00-22:00"],
  ["10p-6a", "22:00-06:00"],
];
const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
const HEADCOUNT_MAX = 12;
/** Above every band and minimum wage of the roles and places here. */
const PAY_LOW_CENTS = 3200;
const PAY_SPREAD_CENTS = 900;

/** One order after the other through all roles, then all places. `run` 0 is that of orders which every run sends. */
export function orderAt(run: number, number: number): LoadOrder {
  const placeAt = Math.floor(number / ASKED.length) % PLACES.length;
  return orderFor(run, number, number % ASKED.length, placeAt);
}

/** An order of a given role and place. */
export function orderFor(run: number, number: number, roleAt: number, placeAt: number): LoadOrder {
  const random = seeded(Math.imul(run, 0x10001) ^ Math.imul(number, 0x9e3779b1));
  const { role, words } = present(ASKED[roleAt], "a role");
  const place = present(PLACES[placeAt], "a place");
  const [hours, shift] = random.pick(HOURS);
  const headcount = 2 + random.below(HEADCOUNT_MAX - 1);
  const pay = (PAY_LOW_CENTS + random.below(PAY_SPREAD_CENTS)) / 100;
  const at = `${place.city}, ${place.state}`;
  const text = `Need ${headcount} ${random.pick(words)} in ${at} ${random.pick(DAYS)} ${hours}, $${pay.toFixed(2)}/hr`;
  return { text, roleAt, placeAt, role: role.name, place, headcount, pay, shift };
}

/** The same as fields, for the checks of a fill; a shift that starts a week after ORDER_NOW. */
export function orderFields(order: LoadOrder, orderId: string, headcount: number): Record<string, unknown> {
  const { role, place, pay } = order;
  return {
    order_id: orderId,
    client_id: "lakehouse-load",
    role,
    city: place.city,
    state: place.state,
    lat: place.lat,
    lon: place.lon,
    start_at: "2026-12-07T16:00:00Z",
    end_at: "2026-12-08T00:00:00Z",
    timezone: place.timezone,
    headcount,
    pay_rate: pay,
  };
}

export function orderIdOf(run: number, turn: number): string {
  return `load-${run.toString(36)}-${turn}`;
}

/** When fills are judged, whatever the day of the run: the same answers every day. */
export const ORDER_NOW = "2026-11-30T16:00:00Z";

// What tests of orders share: a reader over the whole taxonomy and every place, and the table of orders as people type
// them with what must be read in each (`orders.cases.tsv`).

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openGazetteer } from "#adapters/places/geonames";
import { STATES } from "#domain/places";
import { ROLES } from "#domain/roles";
import type { OrderReading, OrderSlots } from "#domain/orders/order-reading";
import { type OrderReader, orderReader } from "#domain/orders/read-order";
import { titlesOf } from "#domain/orders/tables/titles";

/** The moment of the cases: a Friday. */
export const NOW = Date.parse("2026-11-27T15:00:00Z");

export async function testReader(): Promise<OrderReader> {
  return orderReader({ titles: titlesOf(ROLES), states: STATES, gazetteer: await openGazetteer() });
}

export interface OrderCase {
  readonly kind: string;
  readonly text: string;
  readonly want: string;
}

export function orderCases(): OrderCase[] {
  const table = readFileSync(join(import.meta.dir, "orders.cases.tsv"), "utf8");
  return table
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith("kind\t"))
    .map((line) => {
      const [kind = "", text = "", want = ""] = line.split("\t");
      return { kind, text: text.replaceAll("\\n", "\n"), want };
    });
}

/** What of a case was not read as wanted; empty when all was. */
export function mistakes({ want }: OrderCase, reading: OrderReading): string[] {
  return want.split("; ").filter((part) => !holds(part, reading));
}

function holds(part: string, reading: OrderReading): boolean {
  if (part.startsWith("-")) return valueOf(part.slice(1), reading) === undefined;
  const at = part.indexOf(": ");
  const [name, wanted] = [part.slice(0, at), part.slice(at + 2)];
  const others = reading.roles.map(({ role }) => role);
  const { start } = reading.slots;
  switch (name) {
    case "role":
      return wanted.split("|").includes(reading.role ?? "none");
    case "not_role":
      return !wanted.split("|").includes(reading.role ?? "none");
    case "also":
      return wanted.split(" + ").every((role) => others.some((other) => role.split("|").includes(other)));
    case "exclude":
      return wanted.split("+").every((role) => reading.exclude?.roles.includes(role));
    case "person":
      return wanted === reading.person?.name || wanted === reading.person?.id;
    case "weekday":
      return start !== undefined && new Date(start.slice(0, 10)).toUTCString().startsWith(wanted);
    case "start_day":
      return start?.slice(0, 10) === wanted;
    case "metro":
      return reading.slots.metro?.includes(wanted) === true;
    case "certifications":
    case "languages":
      return wanted.split("+").every((one) => reading.slots[name]?.includes(one));
    case "days":
      return wanted.split("+").join() === reading.slots.days?.join();
    case "city":
      return sameCity(wanted, reading.slots.city);
    default:
      return String(valueOf(name, reading)) === wanted;
  }
}

function valueOf(name: string, { slots, exclude, person }: OrderReading): unknown {
  if (name === "exclude") return exclude;
  return name === "person" ? person : slots[name as keyof OrderSlots];
}

/** "Saint", "St." and "Fort", "Ft." are spellings of one name. */
function sameCity(left: string, right: string | undefined): boolean {
  const plain = (name: string): string =>
    name
      .toLowerCase()
      .replace("saint ", "st ")
      .replaceAll(/[^\p{L} ]/gu, "");
  return right !== undefined && plain(left) === plain(right);
}

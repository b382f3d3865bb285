// What checks know of the trade and the country: how an order's text is read, which occupation a title is, where a city is.
// Tables are read at the first check and not before; they belong to the process.

import { setImmediate } from "node:timers/promises";
import { openGazetteer } from "#adapters/places/geonames";
import { gazetteerOf, placeName } from "#domain/orders/places/gazetteer";
import { type OrderReader, orderReader } from "#domain/orders/read-order";
import { titleSteps } from "#domain/orders/tables/titles";
import { titleKeys } from "#domain/orders/text/words";
import { type Point, STATES, stateNamed } from "#domain/places";
import { type Role, ROLES, roleNamed } from "#domain/roles";

export interface Occupation {
  /** SOC 2018, six digits; undefined for a title that the taxonomy does not have. */
  readonly soc: string | undefined;
  readonly role: Role | undefined;
}

export interface Knowledge {
  readonly reader: OrderReader;
  /** What work a title and a code name; the code decides where both are given. */
  occupation(title: string, soc?: string): Occupation;
  /** The middle of a city; undefined when no table has it. */
  pointOf(city: string, state: string): Point | undefined;
}

/** Titles and places repeat: more than the distinct ones of most rosters. */
const REMEMBERED_MAX = 50_000;

let known: Promise<Knowledge> | undefined;

export function knowledge(): Promise<Knowledge> {
  known ??= learn();
  return known;
}

async function learn(): Promise<Knowledge> {
  const gazetteer = await openGazetteer();
  const steps = titleSteps(ROLES);
  let step = steps.next();
  while (step.done !== true) {
    // Other requests get their turn between the parts of the work.
    await setImmediate();
    step = steps.next();
  }
  const titles = step.value;
  const reader = orderReader({ titles, states: STATES, gazetteer });
  const titleReader = orderReader({ titles, states: [], gazetteer: gazetteerOf([]) });

  const roleOf = (title: string): Role | undefined => {
    const named = roleNamed(title);
    if (named !== undefined) return named;
    const [sense] = titles.phrases.get(titleKeys(title).join("")) ?? [];
    if (sense !== undefined) return sense.weak || sense.near ? undefined : sense.role;
    const { role, unread, roles } = titleReader.read(title, 0);
    // A title is sure only as a whole.
    return role === null || unread.length > 0 || roles.length > 0 ? undefined : roleNamed(role);
  };
  const roles = remembered(roleOf);
  const points = remembered((place: string): Point | undefined => {
    const [city = "", state = ""] = place.split("|");
    const code = stateNamed(state) ?? state;
    return gazetteer.named(placeName(city)).find((found) => found.state === code);
  });
  return {
    reader,
    occupation: (title, soc) => {
      const role = roles(title);
      const code = socCode(soc) ?? role?.soc;
      // A title of another occupation than the code says nothing of the work.
      return { soc: code, role: role?.soc === code ? role : undefined };
    },
    pointOf: (city, state) => (city === "" ? undefined : points(`${city}|${state}`)),
  };
}

/** "53-7051.00" of O*NET is 53-7051. */
function socCode(text: string | undefined): string | undefined {
  return /^\d\d-\d{4}/.exec(text ?? "")?.[0];
}

function remembered<T>(find: (text: string) => T): (text: string) => T {
  const found = new Map<string, { readonly value: T }>();
  return (text) => {
    const before = found.get(text);
    if (before !== undefined) return before.value;
    const value = find(text);
    if (found.size >= REMEMBERED_MAX) found.clear();
    found.set(text, { value });
    return value;
  };
}

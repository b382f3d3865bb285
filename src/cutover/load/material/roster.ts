// The workers of a load, made up and known by heart: a worker follows from its number and a seed alone, so that whatever a
// house says of one can be checked without keeping any. People of the six roles that are asked for stand at twenty places far
// from each other, as many at each; the other four tenths are of other roles at the same places.
//
// Worker `n` has the role n mod 10, the place n/10 mod 20, and is the n/200th of its role there, whatever the seed: so the
// people whom an order must find are a progression, and counting them is arithmetic.

import { CITIES, type City } from "#domain/places";
import { ROLES, type Role, roleNamed } from "#domain/roles";
import { present } from "#lib/assert";

export interface LoadRoster {
  readonly seed: number;
  readonly workers: number;
}

export interface LoadWorker {
  readonly worker_id: string;
  readonly name: string;
  readonly role: string;
  readonly soc_code: string;
  readonly city: string;
  readonly state: string;
  readonly lat: number;
  readonly lon: number;
  readonly certifications: string;
  readonly pay_floor: number;
  readonly status: "active" | "inactive" | "do_not_hire";
  readonly reliability: number;
  readonly made_by: string;
}

/** What orders ask for, in the words of coordinators, and the role of the taxonomy that they mean. */
export interface AskedRole {
  readonly words: readonly string[];
  readonly role: Role;
}

const asked = (name: string, ...words: string[]): AskedRole => ({
  words,
  role: present(roleNamed(name), `the role ${name}`),
});

/** Forklift, CNC, Warehouse, Picker, Loader, Shipping. */
export const ASKED: readonly AskedRole[] = [
  asked("Forklift Operator", "forklift operators", "forklift drivers"),
  asked("CNC Machinist", "CNC machinists", "CNC operators"),
  asked("Warehouse Associate", "warehouse associates", "warehouse workers"),
  asked("Order Picker", "order pickers", "pickers"),
  asked("Loader", "loaders", "truck loaders"),
  asked("Shipping and Receiving Clerk", "shipping clerks", "shipping and receiving clerks"),
];

/** One a state, hundreds of miles from the next: a radius around one holds nobody of another. */
export const PLACES: readonly City[] = [
  "Chicago, IL",
  "Houston, TX",
  "Phoenix, AZ",
  "Philadelphia, PA",
  "Jacksonville, FL",
  "Columbus, OH",
  "Omaha, NE",
  "Charlotte, NC",
  "Seattle, WA",
  "Denver, CO",
  "Nashville, TN",
  "Oklahoma City, OK",
  "Boston, MA",
  "Portland, OR",
  "Las Vegas, NV",
  "Detroit, MI",
  "Kansas City, MO",
  "Minneapolis, MN",
  "Albuquerque, NM",
  "Atlanta, GA",
].map((text) =>
  present(
    CITIES.find(({ city, state }) => `${city}, ${state}` === text),
    `the place ${text}`,
  ),
);

const ROLES_PER_PLACE = 10;
const BLOCK = ROLES_PER_PLACE * PLACES.length;
/** Two of each asked role at each place: what a scenario may need. */
export const WORKERS_MIN = 2 * BLOCK;
/** Of every ten of a role at a place, one does not work now and one must not be sent. */
const INACTIVE_AT = 3;
const DO_NOT_HIRE_AT = 7;
const OTHERS: readonly Role[] = ROLES.filter(
  ({ name, soc }) => !ASKED.some(({ role }) => role.name === name || role.soc === soc),
);
const FIRST_NAMES =
  "Ana Ben Cleo Dan Eva Finn Gia Hugo Iris Jon Kim Leo Mia Ned Ola Pat Rae Sam Tess Uma".split(" ");
const LAST_NAMES =
  "Abbot Baker Carver Dyer Ellis Fisher Glover Hooper Inman Joyner Keeler Lister Mercer Naylor Osborn Porter Quill Roper Sawyer Turner".split(
    " ",
  );
const MADE_BY = "lakehouse load";

export function idOf(number: number): string {
  return `load-${String(number).padStart(7, "0")}`;
}

/** The number of a worker of this roster; undefined for any other id. */
export function numberOf({ workers }: LoadRoster, id: string): number | undefined {
  const number = /^load-\d{7}$/.test(id) ? Number(id.slice("load-".length)) : Number.NaN;
  return number < workers ? number : undefined;
}

export function workerAt(roster: LoadRoster, number: number): LoadWorker {
  const { name, role, city, state, status } = shownAt(roster, number);
  const { soc, certifications, pay } = roleAt(roster, number);
  const { lat, lon } = placeOf(number);
  return {
    worker_id: idOf(number),
    name,
    role,
    soc_code: soc,
    city,
    state,
    lat,
    lon,
    certifications: certifications.join("; "),
    pay_floor: Math.round(pay[0] * 100) / 100,
    status,
    reliability: (mixed(roster, number, 3) % 1000) / 1000,
    made_by: MADE_BY,
  };
}

/** What hits of the corpus show of a worker: computed for every hit that is checked. */
export function shownAt(roster: LoadRoster, number: number): Pick<LoadWorker, Shown> {
  const place = placeOf(number);
  const round = Math.floor(number / BLOCK) % 10;
  const first = FIRST_NAMES[mixed(roster, number, 1) % FIRST_NAMES.length];
  const last = LAST_NAMES[mixed(roster, number, 2) % LAST_NAMES.length];
  return {
    name: `${first} ${last}`,
    role: roleAt(roster, number).name,
    city: place.city,
    state: place.state,
    status: round === INACTIVE_AT ? "inactive" : round === DO_NOT_HIRE_AT ? "do_not_hire" : "active",
  };
}

type Shown = (typeof SHOWN)[number];
export const SHOWN = ["name", "role", "city", "state", "status"] as const;

function roleAt(roster: LoadRoster, number: number): Role {
  const asked = ASKED[number % ROLES_PER_PLACE]?.role;
  return asked ?? present(OTHERS[mixed(roster, number, 0) % OTHERS.length], "a role");
}

/** A number that follows from seed, worker and what it is for, and looks like chance: the finaliser of MurmurHash3. */
function mixed({ seed }: LoadRoster, number: number, purpose: number): number {
  let hash = Math.imul(seed, 0x9e3779b1) ^ Math.imul(number * 4 + purpose, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function placeOf(number: number): City {
  return present(PLACES[Math.floor(number / ROLES_PER_PLACE) % PLACES.length], "a place");
}

/** How many people of an asked role at a place have a status, by their places in ASKED and PLACES. */
export function countAt(
  { workers }: LoadRoster,
  role: number,
  place: number,
  status: LoadWorker["status"],
): number {
  const first = role + ROLES_PER_PLACE * place;
  const all = workers <= first ? 0 : Math.floor((workers - first - 1) / BLOCK) + 1;
  const nth = (at: number): number => Math.floor(all / 10) + (all % 10 > at ? 1 : 0);
  if (status === "inactive") return nth(INACTIVE_AT);
  if (status === "do_not_hire") return nth(DO_NOT_HIRE_AT);
  return all - nth(INACTIVE_AT) - nth(DO_NOT_HIRE_AT);
}

/** The nth person of an asked role at a place, of any status; undefined where there are not so many. */
export function nthAt({ workers }: LoadRoster, role: number, place: number, nth: number): number | undefined {
  const number = role + ROLES_PER_PLACE * place + BLOCK * nth;
  return number < workers ? number : undefined;
}

/** The file of the roster, in pieces of some thousand lines. */
export function* csvOf(roster: LoadRoster): Generator<string, void, undefined> {
  let piece = `${Object.keys(workerAt(roster, 0)).join(",")}\n`;
  for (let number = 0; number < roster.workers; number += 1) {
    piece += `${Object.values(workerAt(roster, number)).join(",")}\n`;
    if (number % LINES_A_PIECE !== 0) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

const LINES_A_PIECE = 5000;

/** Whose rows these are, as SQL: what tells the material of a load from data of the same name. */
export const OWN_ROWS_SQL = `made_by = '${MADE_BY}'`;

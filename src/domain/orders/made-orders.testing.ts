// Orders made at random, with what they mean known: a role, a place and mostly more, said in one of many ways, in English
// or Spanish, with typing errors and with words around it that mean nothing. The same seed gives the same order.

import { CITIES, type City } from "../places.ts";
import { ROLES, type Role } from "../roles.ts";
import { type Random, seeded } from "#lib/random";
import type { OrderReading } from "./order-reading.ts";

export const ORDER_SLOTS = [
  "role",
  "headcount",
  "city",
  "state",
  "start",
  "shift",
  "pay",
  "certifications",
  "exclude",
] as const;
type Slot = (typeof ORDER_SLOTS)[number];

export interface MadeOrder {
  readonly text: string;
  /** What each slot must be; "" for one that must be absent. */
  readonly want: Readonly<Record<Slot, string>>;
}

interface Phrase {
  readonly text: string;
  readonly want: Partial<Record<Slot, string>>;
}

const NOTHING: Record<Slot, string> = {
  role: "",
  headcount: "",
  city: "",
  state: "",
  start: "",
  shift: "",
  pay: "",
  certifications: "",
  exclude: "",
};

export function makeOrder(seed: number): MadeOrder {
  const random = seeded(seed);
  const spanish = random.below(4) === 0;
  const role = random.pick(ROLES);
  const parts = [
    rolePhrase(role, spanish, random),
    placePhrase(random.pick(CITIES), spanish, random),
    ...maybe(random, 0.4, () => dayPhrase(spanish, random)),
    ...maybe(random, 0.3, () => shiftPhrase(random)),
    ...maybe(random, 0.3, () => payPhrase(spanish, random)),
    ...maybe(random, 0.2, () => certificatePhrase(spanish, random)),
    ...maybe(random, 0.15, () => excludePhrase(role, spanish, random)),
    ...maybe(random, 0.2, () => ({ text: random.pick(spanish ? SPANISH_NOISE : NOISE), want: {} })),
  ];
  const order = [...parts.slice(0, 1), ...shuffled(parts.slice(1), random)];
  const joint = random.pick([" ", ", ", " - ", " / "]);
  const body = order.map(({ text }) => text).join(order.length > 4 && joint === " " ? ", " : joint);
  const want = Object.assign({ ...NOTHING }, ...order.map((part) => part.want)) as Record<Slot, string>;
  const framed = random.below(5) === 0 ? random.pick(FRAMES)(body) : body;
  return { text: random.below(6) === 0 ? framed.toLowerCase() : framed, want };
}

/** The slots that were not read as they were meant. */
export function slotMistakes({ want }: MadeOrder, reading: OrderReading): Slot[] {
  const { slots } = reading;
  const read: Record<Slot, string> = {
    role: reading.role ?? "",
    headcount: String(slots.headcount ?? ""),
    city: slots.city ?? "",
    state: slots.state ?? "",
    start: slots.start?.slice(0, 10) ?? "",
    shift: slots.shift ?? "",
    pay: String(slots.pay ?? ""),
    certifications: slots.certifications?.join() ?? "",
    exclude: reading.exclude?.roles.join() ?? "",
  };
  return ORDER_SLOTS.filter((slot) => read[slot].toLowerCase() !== want[slot].toLowerCase());
}

const AMOUNTS: readonly (readonly [words: string, amount: number])[] = [
  ["a dozen", 12],
  ["half a dozen", 6],
  ["two dozen", 24],
  ["a couple of", 2],
  ["twenty-five", 25],
  ["thirty two", 32],
  ["(4) four", 4],
];
const SPANISH_AMOUNTS: readonly (readonly [words: string, amount: number])[] = [
  ["una docena de", 12],
  ["media docena de", 6],
  ["un par de", 2],
  ["treinta y dos", 32],
];

const SPANISH_TITLES: Readonly<Record<string, string>> = {
  "Forklift Operator": "montacarguistas",
  Welder: "soldadores",
  Dishwasher: "lavaplatos",
  Packer: "empacadores",
  Server: "meseros",
  "Security Guard": "guardias de seguridad",
  Painter: "pintores",
  Carpenter: "carpinteros",
  Cashier: "cajeros",
  "Line Cook": "cocineros",
  Plumber: "plomeros",
  Electrician: "electricistas",
};

function rolePhrase(wanted: Role, spanish: boolean, random: Random): Phrase {
  const role = spanish
    ? (ROLES.find(({ name }) => name === random.pick(Object.keys(SPANISH_TITLES))) ?? wanted)
    : wanted;
  const title = spanish
    ? (SPANISH_TITLES[role.name] ?? role.name)
    : random.pick([role.name, role.name.toLowerCase(), ...role.aliases]);
  const written = random.below(8) === 0 ? misspelt(title, random) : title;
  const count = 1 + random.below(40);
  const leads = spanish
    ? ["necesito", "buscamos", "se necesitan", "hacen falta", "ocupamos"]
    : ["need", "looking for", "we need", "client wants", "please send", "can you find", "short", "backfill"];
  const shapes: (() => Phrase)[] = [
    () => ({ text: `${count} ${written}`, want: { headcount: String(count) } }),
    () => ({ text: `${random.pick(leads)} ${count} ${written}`, want: { headcount: String(count) } }),
    () => ({ text: `${written} x${count}`, want: { headcount: String(count) } }),
    () => ({ text: `${count}x ${written}`, want: { headcount: String(count) } }),
    () => ({ text: `crew of ${count} ${written}`, want: { headcount: String(count) } }),
    () => {
      const [words, amount] = random.pick(spanish ? SPANISH_AMOUNTS : AMOUNTS);
      return { text: `${words} ${written}`, want: { headcount: String(amount) } };
    },
    () => ({
      text: `${1 + random.below(9)} ${written}, make that ${count}`,
      want: { headcount: String(count) },
    }),
    () => ({ text: `${count} not ${count + 1} ${written}`, want: { headcount: String(count) } }),
    () => ({ text: written, want: {} }),
    () => ({ text: `${random.pick(leads)} ${written}`, want: {} }),
  ];
  const { text, want } = random.pick(shapes)();
  // A title may say a certificate as well; without the licence in it, it says none.
  const [, licence] = /^(?:cdl|class) ([ab])\b/i.exec(title) ?? [];
  const certifications = licence === undefined ? {} : { certifications: `CDL ${licence.toUpperCase()}` };
  return { text, want: { ...want, ...certifications, role: role.name } };
}

function placePhrase({ city, state }: City, spanish: boolean, random: Random): Phrase {
  const written = random.below(10) === 0 && city.length > 6 ? misspelt(city, random) : city;
  const near = spanish ? ["en", "cerca de"] : ["in", "near", "for our", "@"];
  const text = random.pick([
    `${written}, ${state}`,
    `${written} ${state}`,
    `${random.pick(near)} ${written}, ${state}`,
    `${city} (${state})`,
    `${state} - ${city}`,
    `${random.pick(near)} ${written} ${state}`,
  ]);
  return { text, want: { city, state } };
}

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const SPANISH_WEEKDAYS = ["domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"];
/** The Friday of the cases. */
const TODAY = Date.UTC(2026, 10, 27);
const DAY_MS = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function dayPhrase(spanish: boolean, random: Random): Phrase {
  const on = (days: number): string => new Date(TODAY + days * DAY_MS).toISOString().slice(0, 10);
  const ahead = 1 + random.below(60);
  const date = new Date(TODAY + ahead * DAY_MS);
  const weekday = random.below(7);
  const toWeekday = (weekday - 5 + 7) % 7 || 7;
  return random.pick<() => Phrase>([
    () => ({ text: spanish ? "mañana" : "tomorrow", want: { start: on(1) } }),
    () => ({
      text: spanish ? `el ${SPANISH_WEEKDAYS[weekday]}` : (WEEKDAYS[weekday] ?? ""),
      want: { start: on(toWeekday) },
    }),
    () => ({ text: `${date.getUTCMonth() + 1}/${date.getUTCDate()}`, want: { start: on(ahead) } }),
    () => ({ text: `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}`, want: { start: on(ahead) } }),
    () => ({ text: spanish ? "la próxima semana" : "next week", want: { start: on(3) } }),
    () => ({ text: random.pick(["tommorow", "tomorow", "tomorrrow"]), want: { start: on(1) } }),
    () => {
      const [name, day] = random.pick(spanish ? SPANISH_HOLIDAYS : HOLIDAYS);
      return { text: name, want: { start: day } };
    },
    () => ({ text: spanish ? "pasado mañana" : "the day after tomorrow", want: { start: on(2) } }),
    () => ({ text: "a week from Monday", want: { start: on(10) } }),
    () => ({ text: "in two weeks", want: { start: on(14) } }),
    () => ({ text: "December tenth", want: { start: "2026-12-10" } }),
    () => ({ text: "the 9th of December", want: { start: "2026-12-09" } }),
  ])();
}

const HOLIDAYS: readonly (readonly [name: string, day: string])[] = [
  ["Christmas Eve", "2026-12-24"],
  ["the day after Christmas", "2026-12-26"],
  ["NYE", "2026-12-31"],
  ["MLK day", "2027-01-18"],
  ["Easter Sunday", "2027-03-28"],
  ["Memorial Day", "2027-05-31"],
  ["the 4th of July", "2027-07-04"],
];
const SPANISH_HOLIDAYS: readonly (readonly [name: string, day: string])[] = [
  ["nochebuena", "2026-12-24"],
  ["año nuevo", "2027-01-01"],
  ["viernes santo", "2027-03-26"],
];

function shiftPhrase(random: Random): Phrase {
  const from = 5 + random.below(6);
  const to = (from + 8) % 12 || 12;
  const two = (hour: number): string => String(hour).padStart(2, "0");
  const shift = `${two(from)}:00-${two(from + 8)}:00`;
  const text = random.pick([
    `${from}am-${to}pm`,
    `${from}a-${to}p`,
    `${from}:00am to ${to}:00pm`,
    `${two(from)}:00-${two(from + 8)}:00`,
    `${two(from)}00-${two(from + 8)}00`,
    `starts at ${from}am ends at ${to}pm`,
    `from ${from} in the morning until ${to} in the afternoon`,
    `${from}-to-${to}`,
    `${two(from)}h-${two(from + 8)}h`,
  ]);
  return { text, want: { shift } };
}

function payPhrase(spanish: boolean, random: Random): Phrase {
  const pay = 14 + random.below(30) + random.pick([0, 0.5, 0.75]);
  const text = random.pick([
    `$${pay}/hr`,
    `$${pay} per hour`,
    `$${pay.toFixed(2)}`,
    `$${pay}-${Math.ceil(pay) + 3}/hr`,
    spanish ? `pago ${pay} la hora` : `pays ${pay} an hour`,
    `USD ${pay.toFixed(2)}`,
    `${pay.toFixed(2)}-${(pay + 4).toFixed(2)} DOE`,
    `pay ${pay} bill ${pay + 9}`,
    `$${pay} + tips`,
  ]);
  return { text, want: { pay: String(pay) } };
}

const CERTIFICATES: readonly (readonly [written: string, name: string])[] = [
  ["OSHA 10", "OSHA 10"],
  ["TWIC card", "TWIC"],
  ["food handlers card", "Food Handler"],
  ["BLS", "BLS"],
  ["forklift certified", "Forklift"],
  ["boom lift cert", "Aerial Lift"],
  ["CPR card", "CPR/First Aid"],
  ["guard card", "Guard Card"],
];

function certificatePhrase(spanish: boolean, random: Random): Phrase {
  const [written, name] = random.pick(CERTIFICATES);
  if (random.below(4) === 0) return { text: spanish ? `sin ${written}` : `no ${written} needed`, want: {} };
  return {
    text: `${spanish ? "con" : random.pick(["with", "must have", "w/"])} ${written}`,
    want: { certifications: name },
  };
}

const DENIED = ["Barista", "Roofer", "Lifeguard", "Machinist"];

function excludePhrase(role: Role, spanish: boolean, random: Random): Phrase {
  const name = random.pick(DENIED.filter((one) => one !== role.name));
  const written = `${name.toLowerCase()}s`;
  return {
    text: spanish
      ? `no ${written}`
      : random.pick([
          `not ${written}`,
          `no ${written}`,
          `but not ${written}`,
          `do not send ${written}`,
          `cancel the 3 ${written}`,
          `we are all set on ${written}`,
        ]),
    want: { exclude: name },
  };
}

const NOISE = [
  "steel toes required",
  "parking is free",
  "must lift 50 lbs",
  "3 years experience",
  "call 555-201-4432",
  "PO 88121",
  "dock 7",
  "long term",
  "must be 21+",
  "Ref 2026-1187",
  "suite 300",
];
const SPANISH_NOISE = ["con botas", "dos años de experiencia", "buen ambiente", "llamar al 555-201-4432"];
const FRAMES: readonly ((body: string) => string)[] = [
  (body) => `Hi team,\n${body}\nThanks, Dana`,
  (body) => `RE: order / ${body}`,
  (body) => `Good morning, ${body}. Thank you!`,
  (body) => `URGENT: ${body}`,
  (body) => `Hope you had a great weekend! ${body}`,
  (body) => `${body}\n\nThank you,\nPat Cook\nBaker Industries\n1200 Main St, Omaha, NE 68102\n402-555-0144`,
  (body) =>
    `${body}\n\nOn Tue, Nov 24, 2026 at 4:12 PM Sam Porter <sam@mill.example> wrote:\n> 9 machinists in Erie, PA`,
  (body) =>
    `FYI\n\n---------- Forwarded message ---------\nFrom: Jo Mason <jo@mill.example>\nTo: orders\n\n${body}`,
  (body) => `Customer: Porter Foods LLC\n${body}`,
];

function maybe(random: Random, share: number, make: () => Phrase): Phrase[] {
  return random.next() < share ? [make()] : [];
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const all: T[] = [];
  while (left.length > 0) all.push(...left.splice(random.below(left.length), 1));
  return all;
}

/** One letter left out, doubled, or swapped with its neighbour, inside a word of some length. */
function misspelt(text: string, random: Random): string {
  const words = text.split(" ");
  const long = words.findIndex((word) => word.length > 6);
  if (long < 0) return text;
  const word = words[long] ?? "";
  const at = 2 + random.below(word.length - 4);
  const broken = random.pick([
    word.slice(0, at) + word.slice(at + 1),
    word.slice(0, at) + (word[at] ?? "") + word.slice(at),
    word.slice(0, at) + (word[at + 1] ?? "") + (word[at] ?? "") + word.slice(at + 2),
  ]);
  return words.with(long, broken).join(" ");
}

// Two hundred invented workers, the same ones on every machine, and the orders of coordinators.

import { seeded } from "#lib/random";

export interface Worker {
  readonly worker_id: string;
  readonly role: string;
  readonly city: string;
  readonly state: string;
  readonly certifications: string;
  readonly reliability: number;
}

const ROLES = [
  "Forklift Operator",
  "Line Cook",
  "Registered Nurse",
  "Warehouse Associate",
  "Welder",
  "Housekeeper",
  "Electrician",
  "Security Guard",
  "Machine Operator",
  "Landscaper",
];
const CITIES: readonly (readonly [city: string, state: string])[] = [
  ["Dallas", "TX"],
  ["Houston", "TX"],
  ["Chicago", "IL"],
  ["Phoenix", "AZ"],
  ["Orlando", "FL"],
  ["Denver", "CO"],
  ["Atlanta", "GA"],
  ["Columbus", "OH"],
];
const CERTIFICATIONS = ["OSHA 10", "OSHA 30", "ServSafe", "CPR", "none"];

/** The text a worker is embedded by, as a corpus template. */
export const TEMPLATE = "{role} in {city}, {state}; {certifications}";

export const QUERIES = [
  "Need 3 forklift operators in Dallas, TX",
  "line cook in Chicago, IL for the weekend",
  "registered nurse, night shift, Phoenix, AZ",
  "2x warehouse associate, Columbus, OH",
  "welder with OSHA 30 in Houston, TX",
  "backfill: housekeeper, Orlando, FL",
] as const;

export function roster(count: number): Worker[] {
  const random = seeded(200);
  return Array.from({ length: count }, (_, index) => {
    const [city, state] = random.pick(CITIES);
    return {
      worker_id: `w-${index + 1}`,
      role: random.pick(ROLES),
      city,
      state,
      certifications: random.pick(CERTIFICATIONS),
      reliability: Math.round(random.next() * 1000) / 1000,
    };
  });
}

export function csvOf(workers: readonly Worker[]): string {
  const names = Object.keys(workers[0] ?? {}) as (keyof Worker)[];
  return [names, ...workers.map((worker) => names.map((name) => worker[name]))]
    .map((cells) => `${cells.join(",")}\n`)
    .join("");
}

export function textOf(worker: Worker): string {
  return TEMPLATE.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(worker[name as keyof Worker]));
}

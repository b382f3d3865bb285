// The staffing taxonomy: the roles that temporary orders name, each with its occupation code, the other titles
// people write for it, what else its workers could do, and what the work pays. Ingest, role extraction and the check of
// which roles may substitute all use these names. Invariant: across the whole table a title belongs to exactly one role,
// whether as its name or as an alias, so that looking one up is never a guess.
//
// Codes are those of the Standard Occupational Classification 2018 (US Bureau of Labor Statistics). Titles, aliases,
// neighbours, certifications and pay bands are our own; the bands are rough national levels of 2026 and are meant
// for samples and plausibility checks, never for setting a wage.

import { CONSTRUCTION, SKILLED_TRADES } from "./roles/construction.ts";
import { CLEANING, EVENTS, FOOD_SERVICE, HOSPITALITY } from "./roles/hospitality.ts";
import { DRIVING, WAREHOUSE } from "./roles/logistics.ts";
import { FOOD_PROCESSING, MANUFACTURING } from "./roles/manufacturing.ts";
import { AGRICULTURE, AMUSEMENT, LANDSCAPING } from "./roles/outdoors.ts";
import { HEALTHCARE, OFFICE, PERSONAL_CARE, RETAIL, SECURITY } from "./roles/people.ts";
import type { RoleRow } from "./roles/row.ts";

export interface Role extends RoleRow {
  /** The part of the market: "warehouse", "food service", ... */
  readonly family: string;
}

const FAMILIES: Readonly<Record<string, readonly RoleRow[]>> = {
  warehouse: WAREHOUSE,
  driving: DRIVING,
  manufacturing: MANUFACTURING,
  "food processing": FOOD_PROCESSING,
  hospitality: HOSPITALITY,
  "food service": FOOD_SERVICE,
  cleaning: CLEANING,
  events: EVENTS,
  landscaping: LANDSCAPING,
  agriculture: AGRICULTURE,
  amusement: AMUSEMENT,
  construction: CONSTRUCTION,
  "skilled trades": SKILLED_TRADES,
  healthcare: HEALTHCARE,
  "personal care": PERSONAL_CARE,
  office: OFFICE,
  security: SECURITY,
  retail: RETAIL,
};

/** All roles, family by family, in the order of the tables. */
export const ROLES: readonly Role[] = Object.entries(FAMILIES).flatMap(([family, rows]) =>
  rows.map((row) => ({ ...row, family })),
);

function folded(title: string): string {
  return title.normalize("NFKC").trim().replaceAll(/\s+/g, " ").toLowerCase();
}

const BY_TITLE: ReadonlyMap<string, Role> = new Map(
  ROLES.flatMap((role) => [role.name, ...role.aliases].map((title) => [folded(title), role] as const)),
);

/**
 * The role with this name or alias, whatever the case and the spacing. Plurals and typing errors are not its
 * business: they belong to whoever reads free text.
 */
export function roleNamed(name: string): Role | undefined {
  return BY_TITLE.get(folded(name));
}

// The staffing taxonomy: the roles that temporary orders name, each with its occupation code, the other titles
// people write for it, what else its workers could do, and what the work pays. Ingest, role extraction and the check of
// which roles may substitute all use these names. Invariant: across the whole table a title belongs to exactly one role,
// whether as its name or as an alias, so that looking one up is never a guess.
//
// Codes are those of the Standard Occupational Classification 2018 (US Bureau of Labor Statistics). Titles, aliases,
// neighbours, certifications and pay bands are our own; the bands are rough national levels of 2026 and are meant
// for samples and plausibility checks, never for setting a wage.

import { listOf, readTable } from "#lib/tsv";
import table from "./roles.tsv" with { type: "text" };

export interface Role {
  /** Canonical title: singular, title case, unique among all roles and aliases. */
  readonly name: string;
  /** SOC 2018 code of six digits, "53-7051". */
  readonly soc: string;
  /** Titles that employers and coordinators write for the same work: lower case, singular. */
  readonly aliases: readonly string[];
  /**
   * Canonical names of roles that a worker of this role could be asked to do. It is directed: a line cook can be asked
   * to wash dishes, a dishwasher cannot be asked to cook.
   */
  readonly adjacent: readonly string[];
  /** Certifications that orders for the role ask for, the most usual first. */
  readonly certifications: readonly string[];
  /** Usual hourly pay in USD, before a state's cost of living. */
  readonly pay: readonly [lowUsdPerHour: number, highUsdPerHour: number];
  /** The part of the market: "warehouse", "food service", ... */
  readonly family: string;
}

const COLUMNS = ["family", "name", "soc", "low", "high", "aliases", "adjacent", "certifications"] as const;

/** All roles, family by family, in the order of the table. */
export const ROLES: readonly Role[] = readTable(table, COLUMNS).map((row) => ({
  name: row.name,
  soc: row.soc,
  aliases: listOf(row.aliases),
  adjacent: listOf(row.adjacent),
  certifications: listOf(row.certifications),
  pay: [Number(row.low), Number(row.high)],
  family: row.family,
}));

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

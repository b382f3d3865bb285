// Which of several roles a title stands for: the one that goes with the rest of the order, its licences, its field, or the
// trade whose helper is asked for.

import type { Role } from "../../roles.ts";
import type { Of } from "../grammar/claim.ts";
import type { Token } from "../text/tokens.ts";

type RoleClaim = Of<"role">;

/** What the rest of the order says. */
interface Said {
  readonly tokens: readonly Token[];
  readonly certificates: readonly string[];
  /** Who holds a certificate, by its name. */
  readonly holders: ReadonlyMap<string, Role>;
}

const DRIVING_CERTIFICATES: ReadonlySet<string> = new Set([
  "CDL A",
  "CDL B",
  "CDL",
  "CDL C",
  "Hazmat",
  "Tanker",
]);
/** Words that say which field is meant, by the family of roles. */
const FIELD_WORDS: Readonly<Record<string, string>> = {
  warehouse: "warehouse",
  dock: "warehouse",
  loading: "warehouse",
  distribution: "warehouse",
  construction: "construction",
  jobsite: "construction",
  concrete: "construction",
  demo: "construction",
  building: "construction",
  obra: "construction",
  production: "manufacturing",
  factory: "manufacturing",
  plant: "manufacturing",
  manufacturing: "manufacturing",
  restaurant: "food service",
  kitchen: "food service",
  banquet: "food service",
  landscaping: "landscaping",
};

/** Of several roles that a title stands for, the one that goes with the rest of the order. */
export function roleOf(claim: RoleClaim, view: Said, all: readonly RoleClaim[]): Role {
  const [first, ...others] = claim.value.roles;
  if (first === undefined) throw new Error("a claim to a role names one");
  if (first.name === "Delivery Driver" && view.certificates.some((name) => DRIVING_CERTIFICATES.has(name))) {
    return view.holders.get("CDL") ?? first;
  }
  if (others.length === 0) return first;
  if (first.name.endsWith(" Helper")) return helperOf(claim, all) ?? first;
  const families = new Set<string | undefined>();
  for (const other of all)
    if (other !== claim && other.value.roles.length === 1) families.add(other.value.roles[0]?.family);
  for (const { word } of view.tokens) if (Object.hasOwn(FIELD_WORDS, word)) families.add(FIELD_WORDS[word]);
  return claim.value.roles.find(({ family }) => families.has(family)) ?? first;
}

/** "electrician and helper": whose helper it is. */
function helperOf(claim: RoleClaim, all: readonly RoleClaim[]): Role | undefined {
  const trades = all.flatMap(({ value }) => (value === claim.value ? [] : (value.roles[0]?.name ?? [])));
  return claim.value.roles.find(({ name }) => trades.some((trade) => name === `${trade} Helper`));
}

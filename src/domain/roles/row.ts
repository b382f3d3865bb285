// One line of the role tables. The tables hold their lists as comma-separated text so that a role reads as one
// entry and a person can compare neighbours at a glance; `row` splits them once, when the module is loaded.
// `adjacent` is directed: a line cook can take work as a prep cook or a dishwasher, a dishwasher cannot work as a cook.

export interface RoleRow {
  /** Canonical title: singular, title case, unique among all roles and aliases. */
  readonly name: string;
  /** SOC 2018 code of six digits, "53-7051". */
  readonly soc: string;
  /** Titles that employers and coordinators write for the same work: lower case, singular. */
  readonly aliases: readonly string[];
  /** Canonical names of roles that a worker of this role could also do. */
  readonly adjacent: readonly string[];
  /** Certifications that orders for the role require, the most usual first. */
  readonly certifications: readonly string[];
  /** Usual hourly pay in USD, before a state's cost of living. */
  readonly pay: readonly [lowUsdPerHour: number, highUsdPerHour: number];
}

interface RowLists {
  readonly aliases: string;
  readonly adjacent: string;
  readonly certifications?: string;
}

function listed(text: string): string[] {
  return text.split(", ").filter((item) => item !== "");
}

export function row(name: string, soc: string, pay: readonly [number, number], lists: RowLists): RoleRow {
  return {
    name,
    soc,
    aliases: listed(lists.aliases),
    adjacent: listed(lists.adjacent),
    certifications: listed(lists.certifications ?? ""),
    pay,
  };
}

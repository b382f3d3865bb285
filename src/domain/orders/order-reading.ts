// What was read in an order: the shape that the services answer, with what ranking needs besides. Field names are those of
// the wire, so that nothing has to be mapped.

import type { Point } from "../places.ts";

export interface RoleShare {
  readonly role: string;
  readonly soc: string;
  /** How likely it is that this role is meant, 0 to 1. */
  readonly p: number;
}

export interface RoleRequest {
  readonly role: string;
  readonly soc: string;
  readonly headcount?: number;
}

export interface OrderSlots {
  readonly headcount?: number;
  /** A place of one's own, by the name it was imported with. */
  readonly site?: string;
  readonly city?: string;
  /** Two-letter postal code. */
  readonly state?: string;
  readonly postal_code?: string;
  readonly metro?: string;
  /** Without the word "county". */
  readonly county?: string;
  /** Degrees north and east, of the postal code, the city, the county or the middle of the metropolitan area. */
  readonly lat?: number;
  readonly lon?: number;
  /** The radius around the place that was asked for. */
  readonly miles?: number;
  /** IANA zone name. */
  readonly timezone?: string;
  /** Several states have a city of this name, and the text names none; this is the most populous. */
  readonly city_ambiguous?: true;
  /** RFC 3339: a date when no time is said, "-00:00" when the zone is not known. */
  readonly start?: string;
  /** The last day, RFC 3339 full-date. */
  readonly end?: string;
  /** Local hours, "06:00-14:00"; "17:00-01:00" ends on the next day. */
  readonly shift?: string;
  readonly shift_name?: "1st" | "2nd" | "3rd" | "night" | "weekend";
  /** Weekdays, "mon" to "sun". */
  readonly days?: readonly string[];
  /** US dollars by `pay_unit`; of a range the lower, and `pay_max` the upper. */
  readonly pay?: number;
  readonly pay_max?: number;
  readonly pay_unit?: string;
  readonly urgent?: true;
  /** ISO 639 codes. */
  readonly languages?: readonly string[];
  /** Canonical names, see `certificates.tsv`. */
  readonly certifications?: readonly string[];
  readonly status?: string;
}

export interface Person {
  readonly id?: string;
  readonly name?: string;
}

export interface OrderReading {
  /** Canonical title, null when none is known for sure enough to be named. */
  readonly role: string | null;
  readonly soc: string | null;
  readonly source: "pattern" | "dictionary" | "none";
  /** 0 to 1; 0 when the role is null. */
  readonly confidence: number;
  /** The role and what else may be meant, the likeliest first; at most five. */
  readonly candidates: readonly RoleShare[];
  /** Further requests of the same order. */
  readonly roles: readonly RoleRequest[];
  /** Who is not wanted, by role and by name or id. */
  readonly exclude?: { readonly roles: readonly string[]; readonly persons?: readonly Person[] };
  readonly person?: Person;
  readonly slots: OrderSlots;
  /** Words that were read as nothing, in order. */
  readonly unread: readonly string[];
  /** Words that were read as others: typing errors. */
  readonly corrections: readonly { readonly typed: string; readonly read: string }[];
  /** The text without what the slots took: the role, and what is said of it that is not understood. */
  readonly rest: string;
  /** Where the order is, undefined when that is not known. */
  readonly point: Point | undefined;
}

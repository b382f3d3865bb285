// What an order's conditions mean for one corpus. Status and excluded roles are filters: a row that fails one is never
// shown. Certificates, languages and availability are preferences in hybrid mode (a row without ranks below every row
// with) and filters in the modes that promise a plain score. What the corpus has no column for is named, not dropped.

import type { MatrixHit } from "#contracts/matrix";
import type { OrderReading } from "#domain/orders/order-reading";
import { roleNamed } from "#domain/roles";
import {
  CERTIFICATES_FIELD,
  FREE_FROM_FIELD,
  LANGUAGES_FIELD,
  ROLE_FIELD,
  SOC_FIELD,
  STATUS_FIELD,
} from "../corpus/build.ts";
import type { Generation } from "../corpus/generation.ts";
import { canonicalStatus, dayNumber, isValidCertificate, UNAVAILABLE_STATUSES } from "#domain/qualifications";
import { NONE } from "../corpus/row-facts.ts";

export type Filter = Record<string, unknown>;

export interface Conditions {
  /** Every hit passes these. */
  readonly filters: readonly Filter[];
  /** A row passes all of these when it has everything that is preferred; empty when nothing is. */
  readonly preferences: readonly Filter[];
  /** What a row does not have of what is preferred, in words. */
  missing(row: number): string[];
  /** The row's status where it is one that searches leave out. */
  unavailableStatus(row: number): MatrixHit["status"];
  /** Names of what the order asks for and the corpus has no column for. */
  readonly notApplied: readonly string[];
}

const DAY_CHARS = "2026-01-31".length;

/** What conditions come from: the order, the caller's filter, and when the text is meant. */
interface ConditionsRequest {
  readonly understood: { readonly order: OrderReading };
  readonly filter: Filter | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** vectord takes at most so many values in one condition; beyond them, an expiry is judged by rank alone. */
const VALUES_MAX = 4096;

export function conditionsOf(
  generation: Generation,
  { understood: { order }, filter, now }: ConditionsRequest,
  askedSocs: readonly string[],
): Conditions {
  const { facts, meanings } = generation;
  const { slots, exclude } = order;
  const startDay = slots.start?.slice(0, DAY_CHARS);
  // No shift starts before its order is written.
  const day = startDay ?? new Date(now).toISOString().slice(0, DAY_CHARS);
  const filters: Filter[] = [];
  const preferences: Filter[] = [];
  const notApplied: string[] = [];

  if (meanings.status === undefined) {
    if (slots.status !== undefined) notApplied.push("status");
  } else if (slots.status !== undefined) filters.push({ [STATUS_FIELD]: slots.status });
  else {
    const wanted = new Set(valuesWanted(filter, meanings.status).map(canonicalStatus));
    const left = UNAVAILABLE_STATUSES.filter((status) => !wanted.has(status));
    if (left.length > 0) filters.push({ [STATUS_FIELD]: { nin: left } });
  }

  const excluded = exclude?.roles ?? [];
  if (excluded.length > 0) {
    if (generation.titles === undefined && meanings.soc === undefined) notApplied.push("exclude");
    filters.push({ [ROLE_FIELD]: { nin: excluded } });
    // Two roles of one occupation are told apart by their titles alone.
    const socs = excluded
      .flatMap((name) => roleNamed(name)?.soc ?? [])
      .filter((soc) => !askedSocs.includes(soc));
    if (socs.length > 0) filters.push({ [SOC_FIELD]: { nin: socs } });
  }

  const certificates = meanings.certifications === undefined ? [] : (slots.certifications ?? []);
  if (meanings.certifications === undefined && slots.certifications !== undefined)
    notApplied.push("certifications");
  const tokens = certificates.length === 0 ? [] : [...new Set(facts.certificateSets.flatMap(entriesIn))];
  for (const name of certificates) {
    const valid = tokens.filter((token) => isValidCertificate(token, name, day));
    preferences.push({
      [CERTIFICATES_FIELD]: valid.length > VALUES_MAX ? { prefix: `${name}|` } : { in: valid },
    });
  }

  const languages = meanings.languages === undefined ? [] : (slots.languages ?? []);
  if (meanings.languages === undefined && slots.languages !== undefined) notApplied.push("languages");
  for (const code of languages) preferences.push({ [LANGUAGES_FIELD]: code });

  const start =
    meanings.available_from === undefined || startDay === undefined ? undefined : dayNumber(startDay);
  if (start !== undefined) preferences.push({ not: { [FREE_FROM_FIELD]: { gt: start } } });

  const certificatesMissing = memoized((set: number) => {
    const held = entriesIn(facts.certificateSets[set] ?? "");
    return certificates.filter((name) => !held.some((token) => isValidCertificate(token, name, day)));
  });
  const languagesMissing = memoized((set: number) => {
    const spoken = entriesIn(facts.languageSets[set] ?? "");
    return languages.filter((code) => !spoken.includes(code));
  });
  return {
    filters,
    preferences,
    notApplied,
    missing: (row) => {
      const from = facts.freeFrom[row] ?? NONE;
      return [
        ...certificatesMissing(facts.certificates[row] ?? NONE),
        ...languagesMissing(facts.languages[row] ?? NONE),
        ...(start !== undefined && from !== NONE && from > start ? ["available_from"] : []),
      ];
    },
    unavailableStatus: (row) => {
      const status = facts.statuses[facts.status[row] ?? NONE];
      return UNAVAILABLE_STATUSES.find((one) => one === status);
    },
  };
}

function entriesIn(set: string): string[] {
  return set === "" ? [] : set.split("\n");
}

function memoized(of: (set: number) => string[]): (set: number) => string[] {
  const known = new Map<number, string[]>();
  return (set) => {
    const before = known.get(set);
    if (before !== undefined) return before;
    const found = of(set);
    known.set(set, found);
    return found;
  };
}

/** The texts that a filter asks a field to be equal to; what it rules out is not asked for. */
function valuesWanted(filter: unknown, field: string): string[] {
  if (Array.isArray(filter)) return filter.flatMap((part) => valuesWanted(part, field));
  if (typeof filter !== "object" || filter === null) return [];
  return Object.entries(filter).flatMap(([key, value]: [string, unknown]) => {
    if (key === "and" || key === "or") return valuesWanted(value, field);
    if (key !== field) return [];
    if (typeof value === "string") return [value];
    const { eq, in: among, prefix } = (value ?? {}) as Readonly<Record<string, unknown>>;
    return [eq, prefix, ...(Array.isArray(among) ? among : [])].filter((one) => typeof one === "string");
  });
}

// A worker as checks see one, and how workers are looked up. The interface is all that checks know of a roster: where it
// came from, and how it lies in memory, is its own business.

import type { Block } from "#contracts/validate";

export interface Screening {
  /** `background`, `i9`, `drug`, or the roster's own word for another one. */
  readonly name: string;
  /** The day on which it was passed, `YYYY-MM-DD`; empty where the roster does not say. */
  readonly passed: string;
}

export interface Worker {
  /** The row's number in its roster. */
  readonly row: number;
  readonly worker_id: string;
  readonly name: string;
  /** As `canonicalStatus` gives it; empty where the roster does not say. */
  readonly status: string;
  readonly role: string;
  readonly soc: string | undefined;
  readonly city: string;
  /** Two-letter code where the text is a state. */
  readonly state: string;
  readonly timezone: string;
  readonly lat: number | undefined;
  readonly lon: number | undefined;
  /** USD an hour. */
  readonly pay_floor: number | undefined;
  readonly no_shows_90d: number;
  /** Entries of `heldCertificates`. */
  readonly certificates: readonly string[];
  readonly screenings: readonly Screening[];
  readonly blocks: readonly Block[];
  readonly email: string;
  readonly phone: string;
  readonly sms_consent: string;
  /** `bounced` and the like. */
  readonly email_status: string;
  /** The id under which a merged duplicate lives on. */
  readonly merged_into: string | undefined;
  readonly minor: "under_16" | "under_18" | undefined;
}

export interface WorkerLookup {
  /** Ids are compared as written. */
  get(id: string): Worker | undefined;
  getMany(ids: readonly string[]): (Worker | undefined)[];
  /** Everybody of this name, whatever the case, the accents and the order of its words; at most 100. */
  byName(name: string, where?: { readonly city?: string; readonly state?: string }): Worker[];
  readonly size: number;
  readonly version: string;
  /** Workers with a phone number of these digits. */
  byPhone(digits: string): Worker[];
  /** The three nearest workers by name, where one is given, and by id. */
  nearest(id: string, name?: string): Worker[];
}

/** One key for a name however it is written: "Núñez, Ana" and "ana nunez". */
export function nameKey(name: string): string {
  return foldName(name).split(" ").sort().join(" ");
}

const PLAIN = /^[a-z ]*$/;

/** Lower case, without accents and marks, words apart by one blank. */
export function foldName(name: string): string {
  const lower = name.toLowerCase();
  const plain = PLAIN.test(lower)
    ? lower
    : lower
        .normalize("NFKD")
        .replaceAll(/[\p{M}'’.]/gu, "")
        .replaceAll(/[^\p{L}\p{N}]+/gu, " ");
  return plain.includes("  ") || plain.startsWith(" ") || plain.endsWith(" ")
    ? plain.replaceAll(/ +/g, " ").trim()
    : plain;
}

/** The last ten digits, which is a number of the United States without its country; empty for fewer. */
export function phoneDigits(text: string): string {
  const digits = text.replaceAll(/\D/g, "");
  return digits.length < PHONE_DIGITS ? "" : digits.slice(-PHONE_DIGITS);
}

const PHONE_DIGITS = 10;

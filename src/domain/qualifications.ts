// What a roster's columns say of a person besides the job: status, certificates with their expiry, languages, the first
// day on which the person is free. Rosters write these in many forms (JSON, lists, codes, words); each is brought into
// one canonical text, so that an order and a row are compared by equality alone.

import { certificatePhrases } from "./orders/tables/certificates.ts";
import { orderLexicon } from "./orders/tables/lexicon.ts";
import { folded, titleKeys } from "./orders/text/words.ts";

/** Statuses of people who must not be sent: a search shows them only when it asks for that status. */
export const UNAVAILABLE_STATUSES = ["inactive", "do_not_hire"] as const;

const DO_NOT_HIRE =
  /^(?:dnh|dnr|dnu|no rehire|no hire)$|\b(?:do not|don ?t|not? (?:be )?(?:re)?hir(?:e|able)|not eligible|ineligible|black ?list(?:ed)?|banned|barred)\b/;
const INACTIVE =
  /\b(?:inactive|inactivo|inactiva|not active|no longer active|terminated|termed|deactivated|resigned|retired|separated|suspended|dismissed|fired|laid off|quit|former|archived|deceased|disabled)\b/;
const ON_ASSIGNMENT = /^(?:on assignment|assigned|placed|working)$/;

/** `active`, `inactive`, `do_not_hire`, `on_assignment`, or the text itself in lower case where it is none of them. */
export function canonicalStatus(text: string): string {
  const words = text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
  if (DO_NOT_HIRE.test(words)) return "do_not_hire";
  if (INACTIVE.test(words)) return "inactive";
  if (ON_ASSIGNMENT.test(words)) return "on_assignment";
  return words === "activo" || words === "activa" ? "active" : words;
}

/** A certificate that a person has: `Forklift|2027-03-14`, `Forklift|` where no expiry is known. */
export function heldCertificates(value: unknown): string[] {
  const held = new Set<string>();
  for (const { text, expires } of entriesOf(value))
    for (const name of certificateNames(text)) held.add(`${name}|${expires ?? ""}`);
  return [...held].sort();
}

/** Whether an entry of `heldCertificates` is the named certificate, valid on a day, `YYYY-MM-DD`. */
export function isValidCertificate(held: string, name: string, day: string): boolean {
  const at = held.lastIndexOf("|");
  const expires = held.slice(at + 1);
  return held.slice(0, at) === name && (expires === "" || expires >= day);
}

/** ISO 639 codes of the languages that a person speaks. */
export function spokenLanguages(value: unknown): string[] {
  const { meaningsOf } = orderLexicon();
  const codes = new Set<string>();
  for (const { text } of entriesOf(value)) {
    for (const word of folded(text).match(/\p{L}+/gu) ?? []) {
      const code = meaningsOf(word)?.get("language") ?? (LANGUAGE_CODE.test(word) ? word : undefined);
      if (code !== undefined) codes.add(code);
    }
  }
  return [...codes].sort();
}

/** The first day in a text, `YYYY-MM-DD`; of `1/31/2027` too. */
export function dayIn(text: string): string | undefined {
  const iso = /\b(\d{4}-\d\d-\d\d)(?!\d)/.exec(text)?.[1];
  if (iso !== undefined) return iso;
  const [, month, day, year] = /\b(\d{1,2})\/(\d{1,2})\/(\d{4})\b/.exec(text) ?? [];
  return month === undefined || day === undefined
    ? undefined
    : `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}

/** Days since 1970-01-01; undefined for a text without a day. */
export function dayNumber(text: string): number | undefined {
  const day = dayIn(text);
  const ms = day === undefined ? Number.NaN : Date.parse(day);
  return Number.isNaN(ms) || ms < 0 ? undefined : ms / 86_400_000;
}

const LANGUAGE_CODE = /^[a-z]{2}$/;

interface Entry {
  readonly text: string;
  readonly expires: string | undefined;
}

/** The entries of a list, however it is written: JSON, an array, or a text with separators. */
function entriesOf(value: unknown): Entry[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap(entriesOf);
  if (typeof value === "object") return entryOf(value as Record<string, unknown>);
  const text = String(value).trim();
  if (text.startsWith("[") || text.startsWith("{")) {
    try {
      return entriesOf(JSON.parse(text));
    } catch {
      // Not JSON after all: a list in brackets.
    }
  }
  return text
    .replaceAll(/[[\]{}"]/g, "")
    .split(/[;,|\n]/)
    .filter((part) => part.trim() !== "")
    .map((part) => ({ text: part, expires: dayIn(part) }));
}

function entryOf(entry: Record<string, unknown>): Entry[] {
  const { name = entry["certification"] ?? entry["certificate"] ?? entry["title"] ?? entry["language"] } =
    entry;
  if (typeof name !== "string") return [];
  const expires = entry["expires"] ?? entry["expiry"] ?? entry["expires_on"] ?? entry["valid_until"];
  return [{ text: name, expires: typeof expires === "string" ? dayIn(expires) : undefined }];
}

/** No entry of a roster has more words that say something. */
const WORDS_MAX = 16;

/**
 * Every certificate that the words name: "CDL-A" is CDL A and CDL, "ServSafe Food Handler" is ServSafe and Food Handler.
 * What the table does not have is its own words.
 */
function certificateNames(text: string): string[] {
  const cached = namesByText.get(text);
  if (cached !== undefined) return cached;
  const phrases = certificatePhrases();
  const keys = titleKeys(text.replace(/\(?\b(?:exp|expires|valid)\b.*$/i, "")).slice(0, WORDS_MAX);
  const names = new Set<string>();
  for (let from = 0; from < keys.length; from++)
    for (let to = from + 1; to <= keys.length; to++)
      for (const name of phrases.get(keys.slice(from, to).join("")) ?? []) names.add(name);
  if (names.size === 0 && keys.length > 0) names.add(keys.join(" "));
  const found = [...names];
  if (namesByText.size < TEXTS_MAX) namesByText.set(text, found);
  return found;
}

/** Rosters name the same few certificates in every row; texts with dates in them are many. */
const TEXTS_MAX = 5_000;
const namesByText = new Map<string, string[]>();

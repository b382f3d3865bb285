// What a roster's columns say of a person besides the job: status, certificates with their expiry, languages, the first
// day on which the person is free. Rosters write these in many forms (JSON, lists, codes, words); each is brought into
// one canonical text, so that an order and a row are compared by equality alone.

import { certificatePhrases } from "./orders/tables/certificates.ts";
import { orderLexicon } from "./orders/tables/lexicon.ts";
import { folded, titleKeys } from "./orders/text/words.ts";

/** Grows with how any of these is read, so that what was kept of rows is read again. */
export const QUALIFICATIONS_VERSION = 2;

/** Statuses of people who must not be sent: a search shows them only when it asks for that status. */
export const UNAVAILABLE_STATUSES = ["inactive", "do_not_hire"] as const;

// Rosters put a reason behind it ("DNR - attendance"), so that all of these are looked for anywhere.
const DO_NOT_HIRE =
  /\b(?:dnh|dnr|dnu|do not|don ?t|no (?:re ?)?hire|(?:not?|non|un|never)(?: to)?(?: be)? ?(?:re ?)?hir(?:e|able|eable)|rehire (?:eligible |eligibility )?(?:no|n|false)|not eligible|ineligible|black ?list(?:ed)?|banned|barred|no (?:volver a )?(?:re)?contratar|vetad[oa]|lista negra)\b/;
const INACTIVE =
  /^(?:term|baja|false|no|n|0)$|\b(?:inactive|in active|non ?active|inactiv[oa]|not active|no longer|not employed|terminated|termination|terminad[oa]|termed|deactivated|resigned|retired|separated|suspended|suspendid[oa]|dismissed|discharged|fired|despedid[oa]|de baja|laid off|quit|ex employee|left (?:the )?company|withdrawn|former|archived|deceased|disabled)\b/;
const ON_ASSIGNMENT = /^(?:on assignment|assigned|placed|working)$/;
/** Also of a column that says "active" and holds yes or no. */
const ACTIVE = /^(?:activ[oa]|true|yes|y|1|si|sí)$/;

/** `active`, `inactive`, `do_not_hire`, `on_assignment`, or the text itself in lower case where it is none of them. */
export function canonicalStatus(text: string): string {
  const words = text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
  if (DO_NOT_HIRE.test(words)) return "do_not_hire";
  if (INACTIVE.test(words)) return "inactive";
  if (ON_ASSIGNMENT.test(words)) return "on_assignment";
  return ACTIVE.test(words) ? "active" : words;
}

const NOT_SO = /^(?:|0+|n|no|none|null|false|f|n\/?a|-+|eligible|ok)$/i;

/** The status of a row whose roster may have a column of its own for people who must not be sent: a flag, a date, a reason. */
export function rosterStatus(status: string, doNotHire: unknown): string {
  const flag = doNotHire === null || doNotHire === undefined ? "" : String(doNotHire).trim();
  if (!NOT_SO.test(flag)) return "do_not_hire";
  return status === "" ? "" : canonicalStatus(status);
}

/**
 * A certificate that a person has: `Forklift|2027-03-14`, `Forklift|` where no expiry is known. One that is called expired
 * or revoked is not held, and neither is one whose expiry is said in a way that nobody can read. `endOfAll` is that of those
 * which say none.
 */
export function heldCertificates(value: unknown, endOfAll?: unknown): string[] {
  const held = new Set<string>();
  for (const { text, expiry } of entriesOf(value)) {
    const expires = expiryOf(expiry ?? endOfAll);
    if (expires === "lapsed") continue;
    for (const name of certificateNames(text, expires !== undefined)) held.add(`${name}|${expires ?? ""}`);
  }
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
    const words = folded(text).match(/\p{L}+/gu) ?? [];
    for (const word of words) {
      const code = meaningsOf(word)?.get("language") ?? languageCode(word, words.length === 1);
      if (code !== undefined) codes.add(code);
    }
  }
  return [...codes].sort();
}

/** The first day in a text, `YYYY-MM-DD`; of `1/31/2027`, `2027/1/31`, `Jan 31, 2027` and `31 January 2027` too. */
export function dayIn(text: string): string | undefined {
  const iso = /\b(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)/.exec(text);
  if (iso !== null) return dayText(iso[1], iso[3], iso[4]);
  const us = /\b(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)\b/.exec(text);
  if (us !== null) {
    const [, first = "", , second = "", year = ""] = us;
    // No month is above 12: the day stands first.
    const [month, day] = Number(first) > 12 ? [second, first] : [first, second];
    return dayText(year, month, day);
  }
  const [, name, day, year] = /\b([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})\b/i.exec(text) ?? [];
  const [, dayBefore, nameBehind, yearBehind] =
    /\b(\d{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})\.?,?[ -](\d{4})\b/i.exec(text) ?? [];
  return dayText(year, monthNumber(name), day) ?? dayText(yearBehind, monthNumber(nameBehind), dayBefore);
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

function monthNumber(name: string | undefined): string | undefined {
  const at = MONTHS.indexOf((name ?? "").slice(0, 3).toLowerCase());
  return at === -1 ? undefined : String(at + 1);
}

/** Undefined for a day that no calendar has; a year of two digits is of this century. */
function dayText(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
): string | undefined {
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const full = year.length === 2 ? `20${year}` : year;
  const text = `${full}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text) ? undefined : text;
}

/** The last day of a month that is all that is said: `12/2026`, `12/26`, `2026-12`, `Dec 2026`. */
function lastDayOfMonth(text: string): string | undefined {
  const [, month, year] = /(?<![\d/.-])(\d{1,2})[-/](\d{4}|\d\d)(?![\d/.-])/.exec(text) ?? [];
  const [, yearBefore, monthBehind] = /(?<![\d/.-])(\d{4})[-/](\d{1,2})(?![\d/.-])/.exec(text) ?? [];
  const [, name, yearNamed] = /\b([a-z]{3,9})\.?,? +(\d{4})\b/i.exec(text) ?? [];
  for (const [y, m] of [
    [year, month],
    [yearBefore, monthBehind],
    [yearNamed, monthNumber(name)],
  ]) {
    const first = dayText(y, m, "1");
    if (first === undefined) continue;
    const [full, of] = first.split("-").map(Number);
    return new Date(Date.UTC(full ?? 0, of ?? 0, 0)).toISOString().slice(0, first.length);
  }
  return undefined;
}

/** Days since 1970-01-01; undefined for a text without a day. */
export function dayNumber(text: string): number | undefined {
  const day = dayIn(text);
  const ms = day === undefined ? Number.NaN : Date.parse(day);
  return Number.isNaN(ms) || ms < 0 ? undefined : ms / 86_400_000;
}

/** Of three letters only where nothing stands beside it: "spa" is Spanish, and "may" in a sentence is not Malay. */
function languageCode(word: string, isAlone: boolean): string | undefined {
  if (/^[a-z]{2}$/.test(word)) return word;
  if (!isAlone || !/^[a-z]{3}$/.test(word)) return undefined;
  const [code = ""] = Intl.getCanonicalLocales(word);
  return code.length === 2 ? code : undefined;
}

interface Entry {
  readonly text: string;
  /** What is said of its end, as it is written; undefined where nothing is. */
  readonly expiry: unknown;
}

const LAPSED =
  /\b(?:expired|lapsed|revoked|suspended|invalid|inactive|void|denied|failed|pending|vencid[oa])\b/i;
const NO_END =
  /^(?:|n\/?a|none|null|never|no|lifetime|permanent|indefinite|does not expire|no expir\w*|-+)$/i;
/** 2001: fewer are seconds, and no certificate ends before. */
const EPOCH_MS_MIN = 1e12;
const EPOCH_S_MIN = 1e9;

/** `YYYY-MM-DD`; undefined where it does not end, "lapsed" where it ended or nobody can tell. */
function expiryOf(said: unknown): string | undefined {
  if (said === undefined || said === null) return undefined;
  if (typeof said === "number" && said >= EPOCH_S_MIN)
    return new Date(said < EPOCH_MS_MIN ? said * 1000 : said).toISOString().slice(0, DAY_CHARS);
  const text = String(said).trim();
  if (NO_END.test(text)) return undefined;
  if (LAPSED.test(text)) return "lapsed";
  return dayIn(text) ?? lastDayOfMonth(text) ?? "lapsed";
}

const DAY_CHARS = "2026-01-31".length;

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
    .replaceAll(COMMA_IN_DATE, "$1")
    .split(/[;,|\n]/)
    .filter((part) => part.trim() !== "")
    .map((part) => ({ text: part, expiry: expiryIn(part) }));
}

/** "Dec 5, 2026" is one thing. */
const COMMA_IN_DATE = /\b([a-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?),(?= *\d{4}\b)/gi;
const ISSUED = /\b(?:issued|issue date|since|obtained|earned|completed)\b.*?(?=\b(?:exp|valid|good)|\)|$)/i;
const ENDS = /\(?\b(?:exp|expir\w*|valid|good (?:until|thru|through|to)|vence|vencid[oa])\b(.*)$/i;

/** What an entry of plain words says of its end: behind a word for it, or a day alone. */
function expiryIn(part: string): string | undefined {
  const text = part.replace(ISSUED, "");
  if (LAPSED.test(text)) return "lapsed";
  const [, said = ""] = ENDS.exec(text) ?? [];
  return /\d/.test(said) ? said : dayIn(text);
}

const NAMES = [
  "name",
  "certification",
  "certificate",
  "cert",
  "license",
  "licence",
  "credential",
  "title",
  "type",
  "language",
];
const EXPIRY_KEY =
  /^(?:exp|expir(?:es|y|ed|ation|ing)?)(?:date|on|at|day)?$|^valid(?:until|to|through|thru)$|^(?:enddate|gooduntil|goodthrough|validtill)$/;

function entryOf(entry: Readonly<Record<string, unknown>>): Entry[] {
  const named = NAMES.map((key) => entry[key]).find((one) => typeof one === "string");
  // No names, but what each name has: {"Forklift": "2027-01-31", "TWIC": true}.
  if (typeof named !== "string")
    return Object.entries(entry).flatMap(([text, value]) => {
      if (value === false || value === null) return [];
      if (typeof value === "object")
        return Array.isArray(value) ? entriesOf(value) : entryOf({ name: text, ...value });
      return [{ text, expiry: value === true ? undefined : value }];
    });
  const { status, valid, active, expired } = entry;
  if (valid === false || active === false || expired === true || LAPSED.test(String(status ?? ""))) return [];
  const said = Object.entries(entry).find(
    ([key, value]) =>
      EXPIRY_KEY.test(key.toLowerCase().replaceAll(/[^a-z]/g, "")) &&
      value !== null &&
      typeof value !== "boolean",
  );
  return [{ text: named, expiry: said?.[1] ?? expiryIn(named) }];
}

/** No entry of a roster has more words that say something. */
const WORDS_MAX = 16;

/**
 * Every certificate that the words name: "CDL-A" is CDL A and CDL, "ServSafe Food Handler" is ServSafe and Food Handler.
 * What the table does not have is its own words.
 */
function certificateNames(text: string, ends: boolean): string[] {
  const asked = `${text}|${ends}`;
  const cached = namesByText.get(asked);
  if (cached !== undefined) return cached;
  const phrases = certificatePhrases();
  const keys = titleKeys(text.replace(ENDS, "")).slice(0, WORDS_MAX);
  const names = new Set<string>();
  for (let from = 0; from < keys.length; from++)
    for (let to = from + 1; to <= keys.length; to++)
      for (const name of phrases.get(keys.slice(from, to).join("")) ?? []) names.add(name);
  // What ends is a certificate, also where the word for it was left out: "Powered Industrial Truck Operator". A skill is none.
  if (names.size === 0 && ends)
    for (const word of WORDS_FOR_IT)
      for (const name of phrases.get([...keys, word].join("")) ?? []) names.add(name);
  if (names.size === 0 && keys.length > 0) names.add(keys.join(" "));
  const found = [...names];
  if (namesByText.size < TEXTS_MAX) namesByText.set(asked, found);
  return found;
}

const WORDS_FOR_IT = ["certification", "certificate", "license", "card", "training"];

/** Rosters name the same few certificates in every row; texts with dates in them are many. */
const TEXTS_MAX = 5_000;
const namesByText = new Map<string, string[]>();

// A row of a roster, however its columns are called and its values written, as what is kept of it. Names of columns are
// those of `domain/columns`, and beside them what only validators ask for.

import { z } from "zod";
import type { Block } from "#contracts/validate";
import { columnsNamed, WORKER_NAMES } from "#domain/columns";
import { STATES, stateNamed } from "#domain/places";
import { dayIn, heldCertificates, rosterStatus } from "#domain/qualifications";
import type { RosterRow } from "./roster.ts";
import type { Screening } from "./worker.ts";

/** Columns by meaning: those of any roster, and those of a staffing office's. */
const NAMES = {
  ...WORKER_NAMES,
  timezone: ["timezone", "time_zone", "tz"],
  email: ["email", "e_mail", "email_address"],
  email_status: ["email_status"],
  phone: ["phone", "phone_number", "mobile", "cell"],
  sms_consent: ["sms_consent", "text_consent", "sms_opt_in"],
  no_shows: ["no_shows_90d", "no_shows"],
  screenings: ["screenings", "background_checks", "screens"],
  background: ["background_checked_at", "background_check", "background"],
  i9: ["i9_verified_at", "i9_verified", "i9"],
  drug: ["drug_screened_at", "drug_screen", "drug_test", "drug"],
  blocks: ["blocks", "dnr"],
  merged_into: ["merged_into", "duplicate_of"],
  minor: ["minor"],
} as const satisfies Record<string, readonly string[]>;

export type RosterColumn = keyof typeof NAMES;
export type RosterColumns = Readonly<Partial<Record<RosterColumn, string>>>;

/** Meanings that checks ask for; the rest of a roster is not read. */
const READ: ReadonlySet<RosterColumn> = new Set(
  (Object.keys(NAMES) as RosterColumn[]).filter(
    (name) => name !== "languages" && name !== "reliability" && name !== "available_from",
  ),
);

/** The columns of a roster that are read, by their meaning. */
export function rosterColumns(columns: readonly string[]): RosterColumns {
  const named = columnsNamed<RosterColumn>(NAMES, columns);
  return Object.fromEntries(Object.entries(named).filter(([about]) => READ.has(about as RosterColumn)));
}

const ZONES: ReadonlyMap<string, string> = new Map(STATES.map(({ code, timezone }) => [code, timezone]));

/** One row; fields are found by `columns`. A missing id is an empty one, which no roster takes. */
export function readRosterRow(row: Readonly<Record<string, unknown>>, columns: RosterColumns): RosterRow {
  const value = (about: RosterColumn): unknown => {
    const column = columns[about];
    return column === undefined ? undefined : row[column];
  };
  const text = (about: RosterColumn): string => textOf(value(about));
  const state = stateOf(text("state"));
  const name = text("name");
  const merged = text("merged_into");
  return {
    worker_id: value("id") === null || value("id") === undefined ? "" : String(value("id")),
    name: name === "" ? `${text("first")} ${text("last")}`.trim() : name,
    role: text("role"),
    soc: text("soc") === "" ? undefined : text("soc"),
    city: text("city"),
    state,
    timezone: text("timezone") || (ZONES.get(state) ?? ""),
    lat: numberOf(value("lat")),
    lon: numberOf(value("lon")),
    status: statusOf(text("status"), text("do_not_hire")),
    pay_floor: numberOf(value("pay_floor")),
    no_shows_90d: Math.max(0, Math.trunc(numberOf(value("no_shows")) ?? 0)),
    certificates: heldCertificates(value("certifications"), value("certifications_expire")),
    screenings: screeningsOf(value("screenings"), [
      ["background", value("background")],
      ["i9", value("i9")],
      ["drug", value("drug")],
    ]),
    blocks: blocksOf(value("blocks"), String(value("id") ?? "")),
    email: text("email"),
    email_status: text("email_status").toLowerCase(),
    phone: text("phone"),
    sms_consent: consentOf(value("sms_consent")),
    merged_into: merged === "" ? undefined : merged,
    minor: minorOf(text("minor").toLowerCase()),
  };
}

/** Rosters repeat the same few words in every row. */
function remembered(read: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const found = read(text);
    if (known.size < WORDS_MAX) known.set(text, found);
    return found;
  };
}

const WORDS_MAX = 1000;
const stateOf = remembered((text) => stateNamed(text) ?? text);
const canonical = remembered((text) => rosterStatus(text, undefined));

function statusOf(status: string, doNotHire: string): string {
  return doNotHire === "" ? canonical(status) : rosterStatus(status, doNotHire);
}

function textOf(value: unknown): string {
  return value === null || value === undefined || typeof value === "object" ? "" : String(value).trim();
}

function numberOf(value: unknown): number | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  const number = typeof value === "number" ? value : Number(String(value).replaceAll(/[$,\s]/g, ""));
  return Number.isFinite(number) ? number : undefined;
}

function consentOf(value: unknown): string {
  if (value === true || value === 1) return "granted";
  const text = textOf(value).toLowerCase();
  return YES.has(text) ? "granted" : text;
}

const YES: ReadonlySet<string> = new Set([
  "granted",
  "yes",
  "y",
  "true",
  "1",
  "opted_in",
  "opt_in",
  "opted in",
]);

/** An age in years, or a word for one: "under 18", "<16", "17", "minor". What says nothing of an age is an adult's. */
function minorOf(text: string): RosterRow["minor"] {
  const words = text.replaceAll(/[\s_-]+/g, " ");
  const [, below, years] =
    /^(under|below|<|u)? ?(\d{1,3})(?: ?(?:y\/?o|yrs?|years?)(?: old)?)?$/.exec(words) ?? [];
  // As a flag, 1 is yes: nobody of that age works.
  if (years !== undefined && Number(years) > 1) {
    const age = below === undefined ? Number(years) : Number(years) - 1;
    return age < 16 ? "under_16" : age < 18 ? "under_18" : undefined;
  }
  return words === "minor" || words === "menor" || YES.has(words) ? "under_18" : undefined;
}

/** What a screening is called here, by what rosters and clients call it. */
const SCREENINGS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["i9", /\bi\s*9\b|\be ?verify\b|work authori[sz]ation|right to work/],
  ["drug", /\bdrug\b|\bsubstance\b|\btox(?:icology)?\b|\bpanel\b/],
  ["background", /\bbackground\b|\bcriminal\b|\bbg ?c(?:heck)?\b/],
];

/** `background`, `i9` or `drug`, or the words themselves. */
export function screeningName(text: string): string {
  const words = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, " ")
    .trim();
  return SCREENINGS.find(([, pattern]) => pattern.test(words))?.[0] ?? words;
}

const FAILED =
  /\b(?:fail(?:ed)?|positive|not clear|pending|declined|denied|no|false|none|expired|in progress)\b/i;
const PASSED = /\b(?:pass(?:ed)?|clear(?:ed)?|verified|complete(?:d)?|yes|true|negative|ok)\b/i;

/** Those that were passed, from a list in any form and from columns of their own. */
function screeningsOf(value: unknown, columns: readonly (readonly [string, unknown])[]): Screening[] {
  const found: Screening[] = [];
  for (const entry of listed(value)) {
    if (typeof entry === "string") {
      if (!FAILED.test(entry)) found.push({ name: screeningName(entry), passed: dayIn(entry) ?? "" });
      continue;
    }
    const { name, type, result, status } = entry as Record<string, unknown>;
    const called = textOf(name ?? type);
    if (called === "" || FAILED.test(textOf(result ?? status))) continue;
    const { passed_at, date, completed_at, at, passed } = entry as Record<string, unknown>;
    const when = textOf(passed_at ?? date ?? completed_at ?? at ?? passed);
    found.push({ name: screeningName(called), passed: dayIn(when) ?? "" });
  }
  for (const [name, cell] of columns) {
    const text = textOf(cell);
    const day = dayIn(text);
    if (text === "" || FAILED.test(text)) continue;
    if (day !== undefined || PASSED.test(text)) found.push({ name, passed: day ?? "" });
  }
  return found;
}

function listed(value: unknown): unknown[] {
  if (value === undefined || value === null || value === "") return [];
  if (Array.isArray(value)) return value;
  const text = textOf(value);
  if (typeof value === "object" && value !== null) return [value];
  if (text.startsWith("[") || text.startsWith("{")) {
    try {
      const parsed = JSON.parse(text) as unknown;
      return Array.isArray(parsed) ? parsed : [parsed];
    } catch {
      // Not JSON after all: words with separators.
    }
  }
  return text.split(/[;,|]/).filter((part) => part.trim() !== "");
}

const rosterBlock = z.object({
  client_id: z.string().nullish(),
  site_id: z.string().nullish(),
  scope: z.enum(["system", "client", "site"]).nullish(),
  reason: z.string().nullish(),
  start_at: z.string().nullish(),
  end_at: z.string().nullish(),
});

/** A block that cannot be read holds everywhere: it was meant to keep somebody away. */
function blocksOf(value: unknown, worker_id: string): Block[] {
  if (value === null || value === undefined || value === "") return [];
  return listed(value).map((entry) => {
    const read = rosterBlock.safeParse(entry);
    if (!read.success) return { worker_id, scope: "system" as const, reason: textOf(entry) || null };
    const { site_id, client_id, scope } = read.data;
    const of = scope ?? (site_id ? "site" : client_id ? "client" : "system");
    return { worker_id, ...read.data, scope: of };
  });
}

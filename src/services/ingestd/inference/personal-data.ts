// Which columns hold personal data: names of people, e-mail addresses, telephone, social security and bank account
// numbers. A column is judged by its name and by some of its values. What looks like a number of people's is one only
// where its values say so or its name does; what is called `name` is a person's only in a table that has other data of people.

import type { PersonalKind } from "#contracts/catalog";

/** A column with some of its values as text; empty ones are left out. */
export interface SampledColumn {
  readonly name: string;
  readonly values: readonly string[];
}

/** Values that a judgement by values alone needs. */
const VALUES_MIN = 3;

/** By the column's name, the kind of what it holds; columns that hold none are left out. */
export function personalKinds(columns: readonly SampledColumn[]): Map<string, PersonalKind> {
  const found = new Map<string, PersonalKind>();
  for (const { name, values } of columns) {
    const kind = kindOf(wordsOf(name), values);
    if (kind !== undefined) found.set(name, kind);
  }
  // `name` beside a telephone number, or beside the number of a worker, is a person's.
  const ofPeople =
    found.size > 0 || columns.some(({ name }) => wordsOf(name).some((word) => PERSON.has(word)));
  for (const { name, values } of columns) {
    if (!found.has(name) && ofPeople && isPlainName(wordsOf(name)) && share(values, isFullName) >= 0.6)
      found.set(name, "name");
  }
  return found;
}

const PERSON = new Set(
  "worker employee candidate applicant associate person people talent temp contractor nurse driver staff patient trabajador empleado".split(
    " ",
  ),
);
const NAME_PARTS = new Set(
  "first last full middle given family sur maiden nick legal preferred forename surname lastname firstname fullname nombre nombres apellido apellidos vorname nachname prenom".split(
    " ",
  ),
);
/** Whoever is written behind these is a person: `supervisor_name`, `contact name`. */
const NAMED_PERSONS = new Set([
  ...PERSON,
  ..."supervisor manager contact recruiter coordinator caller owner spouse emergency patient guardian".split(
    " ",
  ),
]);

function kindOf(words: readonly string[], values: readonly string[]): PersonalKind | undefined {
  const has = (...some: string[]): boolean => some.some((word) => words.includes(word));
  const said = words.join(" ");
  const enough = values.length >= VALUES_MIN;
  if (enough && share(values, isEmail) >= 0.6) return "email";
  if (/\b(e ?mail|correo)\b/.test(said) && !has("count", "opt", "sent", "status", "verified"))
    return values.length === 0 || share(values, isEmail) > 0 ? "email" : undefined;
  if (/\b(ssn|itin|social security|soc sec)\b/.test(said)) return mostlyDigits(values) ? "ssn" : undefined;
  if (enough && share(values, isSsn) >= 0.8) return "ssn";
  if (enough && share(values, isIban) >= 0.8) return "bank";
  if (
    /\b(iban|routing|aba|bank account|account (no|num|number)|direct deposit|card (no|num|number)|credit card)\b/.test(
      said,
    )
  )
    return mostlyDigits(values) || share(values, isIban) >= 0.5 ? "bank" : undefined;
  if (
    has("phone", "telephone", "mobile", "cell", "cellphone", "tel", "fax", "telefono", "celular", "whatsapp")
  )
    return values.length === 0 || share(values, isPhoneNumber) >= 0.5 ? "phone" : undefined;
  if (enough && share(values, isWrittenPhone) >= 0.8) return "phone";
  if (has(...NAME_PARTS) && !has("date", "day", "time", "seen", "shift", "order", "id", "count"))
    return isNameColumn(words) && share(values, isNamePart) >= 0.6 ? "name" : undefined;
  if (has("name", "nombre") && has(...NAMED_PERSONS) && !has("company", "client", "site"))
    return share(values, isNamePart) >= 0.6 ? "name" : undefined;
  return undefined;
}

/** `First Name`, `last_name`, `apellidos`, `legalName`: and not `last client`. */
function isNameColumn(words: readonly string[]): boolean {
  return words.every((word) => NAME_PARTS.has(word) || NAMED_PERSONS.has(word) || word === "name");
}

function isPlainName(words: readonly string[]): boolean {
  return words.length === 1 && (words[0] === "name" || words[0] === "nombre");
}

/** The words of a column's name, lower-case, without accents. */
function wordsOf(name: string): string[] {
  return name
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

function share(values: readonly string[], holds: (value: string) => boolean): number {
  return values.length === 0 ? 0 : values.filter((value) => holds(value.trim())).length / values.length;
}

function isEmail(value: string): boolean {
  return /^[^\s@<>]{1,64}@[^\s@<>.]+(\.[^\s@<>.]+)+$/.test(value);
}

/** Written with its dashes; area, group and serial as the Social Security Administration gives them out. */
function isSsn(value: string): boolean {
  return /^(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$/.test(value);
}

/** ISO 13616: the country's letters moved behind the rest, letters as numbers from 10, modulo 97 is 1. */
function isIban(value: string): boolean {
  const compact = value.replaceAll(" ", "").toUpperCase();
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(compact)) return false;
  let rest = 0;
  for (const digit of `${compact.slice(4)}${compact.slice(0, 4)}`) {
    const value97 = Number.parseInt(digit, 36);
    rest = (rest * (value97 > 9 ? 100 : 10) + value97) % 97;
  }
  return rest === 1;
}

function digitsOf(value: string): number {
  return value.replaceAll(/\D/g, "").length;
}

function isPhoneNumber(value: string): boolean {
  const digits = digitsOf(value);
  return digits >= 7 && digits <= 15 && /^[+\d(][\d\s().+/x-]*$/i.test(value);
}

/** With the separators of a telephone number, so that it is no other number: (217) 555-0134, +49 30 1234567. */
function isWrittenPhone(value: string): boolean {
  return (
    /^(\+?1[\s.-]?)?(\(\d{3}\)\s?|\d{3}[\s.-])\d{3}[\s.-]\d{4}(\s?(x|ext\.?)\s?\d{1,6})?$/i.test(value) ||
    (/^\+\d[\d\s().-]{7,18}$/.test(value) && isPhoneNumber(value))
  );
}

function mostlyDigits(values: readonly string[]): boolean {
  return values.length === 0 || share(values, (value) => digitsOf(value) >= value.length / 2) >= 0.5;
}

function isNamePart(value: string): boolean {
  return /^\p{L}[\p{L}\p{M}.'’ -]{0,60}(, [\p{L}\p{M}.'’ -]{1,60})?$/u.test(value);
}

const BUSINESS =
  /\b(inc|llc|ltd|corp|co|company|group|services?|staffing|hospital|hotel|warehouse|foods?|center|school)\b/i;

/** Two to four words of letters that are no firm's: `Ana Lucía Pérez`, `Smith, John`. */
function isFullName(value: string): boolean {
  const words = value.split(/[\s,]+/).length;
  return isNamePart(value) && words >= 2 && words <= 4 && !BUSINESS.test(value);
}

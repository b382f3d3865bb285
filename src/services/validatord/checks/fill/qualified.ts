// Fill checks about what a worker must hold: certificates through the last day of the shift, and screenings that the client
// asks for.

import { isValidCertificate } from "#domain/qualifications";
import { type Check, NOTHING, type Tell } from "../check.ts";
import type { FillRow, FillSubject, OrderFacts } from "./subject.ts";

type FillCheck = Check<FillSubject, FillRow>;

/** OSHA's rule on training for powered industrial trucks, for which agency and host answer both. */
const FORKLIFT_LAW = "OSHA 1910.178(l)";
const asksForCertificates = ({ facts }: FillSubject): boolean => (facts?.certificates.length ?? 0) > 0;

export const certMissing: FillCheck = {
  code: "fill.cert_missing",
  kind: "policy",
  severity: "error",
  tests: "the worker has each required certificate, by its canonical name",
  law: FORKLIFT_LAW,
  applies: ({ facts }) => facts !== undefined,
  row: ({ worker, idPath }, subject) => {
    if (worker === undefined || subject.facts === undefined || !asksForCertificates(subject)) return NOTHING;
    const tells: Tell[] = [];
    const held = worker.certificates;
    for (const name of subject.facts.certificates) {
      if (held.some((entry) => nameOf(entry) === name)) continue;
      tells.push({
        path: idPath,
        message: `has no ${name} certificate`,
        expected: name,
        hint: "Propose a worker who has it, or ask for proof and update the roster.",
        law: lawOf(name),
      });
    }
    return tells;
  },
};

export const certExpired: FillCheck = {
  code: "fill.cert_expired",
  kind: "policy",
  severity: "error",
  tests:
    "each required certificate holds through the last day that is worked, in the site's zone; midnight is of the day before",
  law: FORKLIFT_LAW,
  applies: ({ facts }) => facts !== undefined,
  row: ({ worker, idPath }, subject) => {
    if (worker === undefined || subject.facts === undefined || !asksForCertificates(subject)) return NOTHING;
    const tells: Tell[] = [];
    const held = worker.certificates;
    const { certificates, lastDay } = subject.facts;
    for (const name of certificates) {
      const own = held.filter((entry) => nameOf(entry) === name);
      if (own.length === 0 || own.some((entry) => isValidCertificate(entry, name, lastDay))) continue;
      const expires =
        own
          .map((entry) => entry.slice(entry.lastIndexOf("|") + 1))
          .sort()
          .at(-1) ?? "";
      tells.push({
        path: idPath,
        message: `the ${name} certificate expires on ${expires}, before the shift ends on ${lastDay}`,
        expected: lastDay,
        actual: expires,
        hint: "Propose a worker whose certificate holds, or have it renewed and update the roster.",
        law: lawOf(name),
      });
    }
    return tells;
  },
};

/** Only this certificate rests on a law that is named here. */
function lawOf(name: string): string | null {
  return name === "Forklift" ? FORKLIFT_LAW : null;
}

function nameOf(entry: string): string {
  return entry.slice(0, entry.lastIndexOf("|"));
}

const DAY_MS = 86_400_000;

/** The screenings that are `name`, or none of the named ones where that is undefined. */
function screeningCheck(code: string, name: string | undefined, what: string, law?: string): FillCheck {
  return {
    code,
    kind: "policy",
    severity: "error",
    tests: `${what} that the order asks for was passed, and is not older on the day of the shift than max_age_days`,
    ...(law === undefined ? {} : { law }),
    applies: ({ facts }) => facts !== undefined,
    row: ({ worker, idPath }, { facts }) => {
      if (worker === undefined || facts === undefined || facts.screenings.length === 0) return NOTHING;
      const tells: Tell[] = [];
      for (const required of facts.screenings) {
        const isOwn = name === undefined ? !NAMED.has(required.name) : required.name === name;
        const found = isOwn && screeningTell(required, worker.screenings, facts, idPath);
        if (found) tells.push(found);
      }
      return tells;
    },
  };
}

const NAMED: ReadonlySet<string> = new Set(["i9", "drug"]);
const LABELS: Readonly<Record<string, string>> = {
  background: "background check",
  i9: "I-9 verification",
  drug: "drug screen",
};

function screeningTell(
  { name, maxAgeDays }: OrderFacts["screenings"][number],
  held: readonly { readonly name: string; readonly passed: string }[],
  { startDay }: OrderFacts,
  path: string,
): Tell | undefined {
  const label = LABELS[name] ?? name;
  const own = held.filter((screening) => screening.name === name);
  const hint =
    name === "background"
      ? "Order a new one. Before the worker is dropped because of what a report says, the adverse-action steps of the FCRA are due."
      : "Have it done, update the roster, and propose the worker again; or propose another one.";
  const law = name === "background" ? {} : { law: null };
  if (own.length === 0)
    return { path, message: `has no ${label} that was passed`, expected: name, hint, ...law };
  if (maxAgeDays === undefined) return undefined;
  const newest = own
    .map(({ passed }) => passed)
    .sort()
    .at(-1);
  if (newest === undefined || newest === "")
    return {
      path,
      message: `the day of the ${label} is not known`,
      expected: `at most ${maxAgeDays} days old`,
      hint,
      ...law,
    };
  const age = Math.round((Date.parse(startDay) - Date.parse(newest)) / DAY_MS);
  if (age <= maxAgeDays) return undefined;
  return {
    path,
    message: `the ${label} of ${newest} is ${age} days old on the day of the shift; the order allows ${maxAgeDays}`,
    expected: maxAgeDays,
    actual: age,
    hint,
    ...law,
  };
}

export const background = screeningCheck(
  "fill.background",
  undefined,
  "a background check, or another screening,",
  "FCRA",
);
export const i9 = screeningCheck("fill.i9", "i9", "the I-9 verification");
export const drug = screeningCheck("fill.drug", "drug", "the drug screen");

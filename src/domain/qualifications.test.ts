import { describe, expect, test } from "bun:test";
import {
  canonicalStatus,
  dayNumber,
  heldCertificates,
  isValidCertificate,
  spokenLanguages,
} from "./qualifications.ts";

describe("what a roster says of a person", () => {
  test.each([
    [
      "do_not_hire",
      ["do_not_hire", "Do Not Hire", "DNR", "dnu", "DO NOT REHIRE", "Not eligible for rehire", "blacklisted"],
    ],
    ["inactive", ["inactive", "Terminated", "INACTIVE - moved", "no longer active", "Laid off", "Resigned"]],
    ["active", ["active", "Active", " ACTIVE "]],
    ["on_assignment", ["on_assignment", "On Assignment", "assigned"]],
    ["onboarding", ["Onboarding"]],
  ])("%s is written in many ways", (status, spellings) => {
    expect(spellings.map(canonicalStatus)).toEqual(spellings.map(() => status));
  });

  test("certificates are read from JSON, lists and texts, with their expiry", () => {
    const json = '[{"name": "OSHA Forklift (PIT)", "expires": "2026-10-17"}]';
    expect(heldCertificates(json)).toContain("Forklift|2026-10-17");
    expect(heldCertificates(JSON.parse(json))).toContain("Forklift|2026-10-17");
    expect(heldCertificates("Forklift (exp 2026-05-01); OSHA 10 (exp 1/31/2027)")).toEqual([
      "Forklift|2026-05-01",
      "OSHA 10|2027-01-31",
      "OSHA|2027-01-31",
    ]);
    expect(heldCertificates(["CDL-A", "TWIC"])).toEqual(["CDL A|", "CDL|", "TWIC|"]);
    expect(heldCertificates("ServSafe Food Handler")).toEqual(["Food Handler|", "ServSafe|"]);
    expect([heldCertificates("[]"), heldCertificates(""), heldCertificates(null)]).toEqual([[], [], []]);
  });

  test("a certificate is valid to the end of its last day, and always where it has none", () => {
    const held = "Forklift|2026-10-17";
    const valid = (day: string): boolean => isValidCertificate(held, "Forklift", day);
    expect([valid("2026-10-17"), valid("2026-10-18")]).toEqual([true, false]);
    expect(isValidCertificate("Forklift|", "Forklift", "2099-01-01")).toBe(true);
    expect(isValidCertificate(held, "OSHA 10", "2026-10-17")).toBe(false);
  });

  test("languages are codes however they are written", () => {
    expect(spokenLanguages("English, Spanish")).toEqual(["en", "es"]);
    expect(spokenLanguages('["es","en"]')).toEqual(["en", "es"]);
    expect([spokenLanguages("es"), spokenLanguages("Español; inglés"), spokenLanguages(null)]).toEqual([
      ["es"],
      ["en", "es"],
      [],
    ]);
  });

  test("days are numbers where there is one", () => {
    expect([dayNumber("1970-01-02"), dayNumber("2026-11-30T06:00:00Z"), dayNumber("weekends")]).toEqual([
      1,
      20_787,
      undefined,
    ]);
  });
});

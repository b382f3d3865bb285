import { describe, expect, test } from "bun:test";
import {
  canonicalStatus,
  dayNumber,
  heldCertificates,
  isValidCertificate,
  rosterStatus,
  spokenLanguages,
} from "./qualifications.ts";

describe("what a roster says of a person", () => {
  test.each([
    [
      "do_not_hire",
      [
        "do_not_hire",
        "Do Not Hire",
        "DNR",
        "dnu",
        "DO NOT REHIRE",
        "Not eligible for rehire",
        "blacklisted",
        "DNR - attendance",
        "No-Rehire (theft)",
        "non-rehireable",
        "unhireable",
        "Never rehire",
        "rehire: no",
        "No contratar",
      ],
    ],
    [
      "inactive",
      [
        "inactive",
        "Terminated",
        "INACTIVE - moved",
        "no longer active",
        "Laid off",
        "Resigned",
        "Non-Active",
        "in-active",
        "No longer with us",
        "Despedido",
        "Baja",
        "false",
        "No",
      ],
    ],
    ["active", ["active", "Active", " ACTIVE ", "true", "Yes"]],
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

  test.each([
    ["2026-12-05", { name: "Forklift certification", expiration_date: "2026-12-05" }],
    ["2026-12-05", { certificate: "Forklift cert", expiresAt: "2026-12-05T00:00:00Z" }],
    ["2026-12-05", { name: "Forklift license", valid_through: "12/05/26" }],
    ["2026-12-05", { name: "Forklift license", expires: 1_796_428_800 }],
    ["2026-12-05", { "Forklift license": "2026-12-05", TWIC: false }],
    ["2026-12-05", { name: "Powered Industrial Truck Operator", expires: "Dec 5, 2026" }],
    ["2026-12-05", "Forklift certified (exp Dec 5, 2026)"],
    ["2026-12-05", "Forklift cert issued 2024-01-01, Forklift cert expires 5 December 2026"],
    ["2026-12-31", "Forklift cert exp 12/26"],
    ["2026-12-31", { name: "Forklift license", expiry: "2026-12" }],
    ["2026-02-28", { name: "Forklift license", expiry: "Feb 2026" }],
    ["", { name: "Forklift license", expires: "N/A" }],
    ["", { name: "Forklift license", expires: null }],
    ["", "Forklift certification (issued 2020-05-01)"],
  ])("an expiry is %s however it is written: %j", (day, value) => {
    expect(heldCertificates(value)).toContain(`Forklift|${day}`);
  });

  test.each([
    "Forklift certification (expired)",
    "Forklift certification - expiry 2026-31-12",
    { name: "Forklift certification", expires: "soon?" },
    { name: "Forklift certification", status: "Expired" },
    { name: "Forklift certification", valid: false },
    { "Forklift certification": false },
  ])("what has lapsed, or may have, is not held: %j", (value) => {
    expect(heldCertificates(value)).toEqual([]);
  });

  test("a skill of the same words is no certificate", () => {
    expect(heldCertificates("welding; boom lift").filter((held) => /^(?:AWS|Aerial)/.test(held))).toEqual([]);
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

  test("languages are codes of two letters, also where a roster has three", () => {
    expect([
      spokenLanguages("spa;eng"),
      spokenLanguages("fra"),
      spokenLanguages("may speak Spanish"),
    ]).toEqual([["en", "es"], ["fr"], ["es"]]);
  });

  test("a column for people who must not be sent goes before the status", () => {
    const flags = [true, "Y", "stole tools", "2026-01-31", false, "No", "0", "", null, "n/a"];
    expect(flags.map((flag) => rosterStatus("Active", flag))).toEqual([
      ...Array<string>(4).fill("do_not_hire"),
      ...Array<string>(6).fill("active"),
    ]);
  });

  test("a column of expiries is that of certificates which say none", () => {
    expect(heldCertificates("TWIC, OSHA 30 exp 2027-05-01", "2026-01-31")).toEqual([
      "OSHA 30|2027-05-01",
      "OSHA|2027-05-01",
      "TWIC|2026-01-31",
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

import { expect, test } from "bun:test";
import type { PersonalKind } from "#contracts/catalog";
import { personalKinds } from "./personal-data.ts";

type Case = readonly [column: string, values: readonly string[], kind: PersonalKind | undefined];

const EMAILS = ["ann@x.org", "bo.lee@mail.example.com", "c@d.co"];
const PHONES = ["(217) 555-0134", "217-555-0135", "+1 217 555 0136"];
const CASES: readonly Case[] = [
  ["email", EMAILS, "email"],
  ["contact", EMAILS, "email"],
  ["Correo Electrónico", [], "email"],
  ["email_count", ["1", "2", "3"], undefined],
  ["email_opt_in", ["true", "false", "true"], undefined],
  ["phone", PHONES, "phone"],
  ["Cell Phone", ["2175550134", "2175550135"], "phone"],
  ["reach_at", PHONES, "phone"],
  ["teléfono", ["+52 55 1234 5678"], "phone"],
  ["phone_model", ["iPhone", "Pixel"], undefined],
  ["order_no", ["2175550134", "2175550135", "2175550136"], undefined],
  ["shift_date", ["2026-11-30", "2026-12-01", "2026-12-02"], undefined],
  ["ssn", ["123-45-6789"], "ssn"],
  ["SSN (last 4)", ["6789", "1234"], "ssn"],
  ["tax", ["123-45-6789", "234-56-7890", "345-67-8901"], "ssn"],
  ["part", ["000-12-3456", "999-12-3456", "666-12-3456"], undefined],
  ["iban", ["DE89 3704 0044 0532 0130 00"], "bank"],
  ["konto", ["DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606"], "bank"],
  [
    "reference",
    ["DE88370400440532013000", "GB83WEST12345698765432", "FR1520041010050500013M02606"],
    undefined,
  ],
  ["routing_number", ["071000013", "121000248"], "bank"],
  ["bankAccount", ["12345678"], "bank"],
  ["account_manager", ["Ann Lee", "Bo Diaz"], undefined],
  ["first_name", ["Ann", "José"], "name"],
  ["lastName", ["O'Brien", "de la Cruz"], "name"],
  ["Apellidos", ["Pérez Gómez"], "name"],
  ["worker_name", ["Ann Lee", "Lee, Bo"], "name"],
  ["Supervisor Name", ["Ann Lee"], "name"],
  ["first_shift", ["Mon", "Tue"], undefined],
  ["last_client", ["Acme Foods"], undefined],
  ["client_name", ["Acme Foods Inc"], undefined],
  ["city", ["Springfield", "Aurora", "Peoria"], undefined],
];

test.each(CASES)("%s of %p is %p", (name, values, kind) => {
  expect(personalKinds([{ name, values }]).get(name)).toBe(kind as PersonalKind);
});

test("what is called name is a person's beside other data of people, and no firm's or product's", () => {
  const name = { name: "name", values: ["Ann Lee", "José Pérez Gómez", "Smith, John"] };
  const kind = (others: readonly string[], values = name.values): PersonalKind | undefined =>
    personalKinds([{ ...name, values }, ...others.map((other) => ({ name: other, values: [] }))]).get("name");
  expect(kind(["worker_id"])).toBe("name");
  expect(kind(["email"])).toBe("name");
  expect(kind(["sku", "price"])).toBeUndefined();
  expect(kind(["email"], ["Acme Foods Inc", "Globex LLC", "Springfield Hospital"])).toBeUndefined();
});

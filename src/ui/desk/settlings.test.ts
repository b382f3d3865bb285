import { expect, test } from "bun:test";
import type { Finding } from "#contracts/validate";
import { certificatesOf } from "./certificates.ts";
import { settlings } from "./settlings.ts";
import { changesOf, textsOf } from "./order-fields.ts";

const situation = {
  proposedIds: ["w-1", "w-2"],
  nextBest: [{ worker_id: "w-3", name: "Ana" }],
  nameOf: (id: string): string => (id === "w-2" ? "Bo" : id),
};
const finding = (part: Partial<Finding>): Finding => ({
  code: "fill.status",
  kind: "consistency",
  severity: "error",
  path: "fills[1].worker_id",
  message: "w-2 is inactive",
  ...part,
});

test("somebody whom a rule keeps out can be replaced or taken out", () => {
  expect(settlings(finding({}), situation)).toEqual([
    { label: "Take Ana instead", propose: ["w-1", "w-3"] },
    { label: "Take Bo out", propose: ["w-1"] },
  ]);
});

test("a warning about a person is theirs to weigh", () => {
  expect(settlings(finding({ severity: "warning" }), situation)).toEqual([]);
});

test("missing places are offered to the next best, and too many are cut", () => {
  const short = finding({
    code: "fill.headcount_short",
    severity: "warning",
    path: "fills",
    expected: 3,
    actual: 2,
  });
  expect(settlings(short, situation)).toEqual([
    { label: "Add the next best 1", propose: ["w-1", "w-2", "w-3"] },
  ]);
  const over = finding({ code: "fill.headcount_over", path: "fills", expected: 1, actual: 2 });
  expect(settlings(over, situation)).toEqual([{ label: "Keep the first 1", propose: ["w-1"] }]);
});

test("a fix of the order is a correction of the order", () => {
  const fix = { path: "order.pay_rate", value: 22.05 };
  expect(settlings(finding({ path: "order.pay_rate", fix }), situation)).toEqual([
    { label: "Set pay to 22.05", correct: { pay_rate: 22.05 } },
  ]);
});

test("a certificate has to hold through the end of the shift", () => {
  const end = Date.parse("2026-11-30T20:00:00Z");
  expect(
    certificatesOf("Forklift (exp 2026-11-09); OSHA 10 (exp 2026-11-30); BLS (exp 2028-01-01); CPR", end),
  ).toEqual([
    { name: "Forklift", expires: "2026-11-09", state: "expired" },
    { name: "OSHA 10", expires: "2026-11-30", state: "soon" },
    { name: "BLS", expires: "2028-01-01", state: "valid" },
    { name: "CPR", expires: undefined, state: "valid" },
  ]);
  expect(certificatesOf(null, end)).toEqual([]);
});

test("only what was changed in the form is sent, and what was emptied is taken away", () => {
  const order = { role: "Cook", headcount: 4, start_at: "2026-11-30T12:00:00Z", notes: "boots" };
  const before = textsOf(order, "America/Chicago");
  expect(changesOf(before, before, "America/Chicago")).toEqual({});
  const after = {
    ...before,
    headcount: "5",
    notes: " ",
    start_at: "2026-12-01T06:00",
    required_certs: "BLS, CPR",
  };
  expect(changesOf(before, after, "America/Chicago")).toEqual({
    headcount: 5,
    notes: null,
    start_at: "2026-12-01T12:00:00.000Z",
    required_certs: ["BLS", "CPR"],
  });
});

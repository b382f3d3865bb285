import { expect, test } from "bun:test";
import { letterParts } from "./letter.ts";

/** The parts of a kind as they stand in the text. */
function partsOf(text: string, kind: "header" | "signature" | "quoted"): string[] {
  return letterParts(text)
    .filter((part) => part.kind === kind)
    .map(({ start, end }) => text.slice(start, end).trim());
}

test.each<[text: string, quoted: string]>([
  [
    "Six, please.\n\nOn Mon, Nov 23, 2026 Kit <k@mill.example> wrote:\n> four",
    "On Mon, Nov 23, 2026 Kit <k@mill.example> wrote:\n> four",
  ],
  ["Seis.\nEl lun, 23 nov 2026 Kit escribió:\n> cuatro", "El lun, 23 nov 2026 Kit escribió:\n> cuatro"],
  [
    "FYI\n---------- Forwarded message ---------\nfour bakers",
    "---------- Forwarded message ---------\nfour bakers",
  ],
  ["ok\nFrom: Kit\nSent: Monday\nfour bakers", "From: Kit\nSent: Monday\nfour bakers"],
  ["six\n> four", "> four"],
  ["> four bakers\n> in Erie\n\nSix, please.", "> four bakers\n> in Erie"],
  ["Kit wrote\n> four\nsix\n> on Monday\nFriday", "> four\nsix\n> on Monday"],
])("%j quotes what was written before", (text, quoted) => {
  expect(partsOf(text, "quoted")).toEqual([quoted]);
});

test("a signature stands behind a closing line, and a greeting of thanks closes nothing", () => {
  expect(partsOf("2 hosts in Provo\n\nBest regards,\nJo Baker\nErie, PA", "signature")).toEqual([
    "Jo Baker\nErie, PA",
  ]);
  expect(partsOf("Thanks!\n2 hosts in Provo", "signature")).toEqual([]);
});

test("who says what in a chat or a call asks for nobody", () => {
  const chat = "[3/9/27, 7:05 PM] Kit: two hosts\n09/03/2027, 19:06 - Jo Ann: where?";
  expect(partsOf(chat, "header")).toEqual(["[3/9/27, 7:05 PM] Kit:", "09/03/2027, 19:06 - Jo Ann:"]);
  const call = "Caller: two hosts. Operator: where? Caller: Erie";
  expect(partsOf(call, "header")).toEqual(["Caller:", "Operator:", "Caller:"]);
  expect(partsOf("Supervisor: 1, operator: 4", "header")).toEqual([]);
});

test("addresses, header lines of a block and the customer's line ask for nobody", () => {
  expect(partsOf("write to jo@mill.example or www.mill.example/jobs", "header")).toEqual([
    "jo@mill.example",
    "www.mill.example/jobs",
  ]);
  expect(partsOf("To: warehouse\n3 packers", "header")).toEqual([]);
  expect(partsOf("Customer: Baker Industries\n3 packers", "signature")).toEqual([
    "Customer: Baker Industries",
  ]);
});

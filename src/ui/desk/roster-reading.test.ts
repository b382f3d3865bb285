import { expect, test } from "bun:test";
import { faultFrom, toWireFault } from "../wire/wire-fault.ts";
import { isRefusal, rosterWords } from "./roster-reading.tsx";

test("of the rosters the one that is being read is told, with how far it is where that is known", () => {
  const ready = { status: "ready" as const };
  expect(rosterWords([ready, { status: "failed" }, { status: "absent" }])).toBeUndefined();
  expect(rosterWords([ready, { status: "loading" }])).toBe("The roster is about to be read.");
  expect(rosterWords([{ status: "loading", reading: { read: 40_000, of: 100_000 } }])).toBe(
    "The roster is being read: 40,000 of 100,000 people.",
  );
  expect(rosterWords([{ status: "loading", reading: { read: 7, of: null } }])).toContain("7 people so far");
});

test("a call is made again where whoever has the rosters refused it, and not where a line broke", () => {
  const said = (origin: string): boolean =>
    isRefusal(faultFrom({ error: { code: "unavailable", message: "Not now.", origin, request_id: "r" } }));
  expect([said("validatord"), said("filld"), said("gateway")]).toEqual([true, false, false]);
  expect(isRefusal(toWireFault(new TypeError("Failed to fetch")))).toBe(false);
});

import { expect, test } from "bun:test";
import { rosterWords } from "./roster-reading.tsx";

test("of the rosters the one that is being read is told, with how far it is where that is known", () => {
  const ready = { status: "ready" as const };
  expect(rosterWords([ready, { status: "failed" }, { status: "absent" }])).toBeUndefined();
  expect(rosterWords([ready, { status: "loading" }])).toBe("The roster is about to be read.");
  expect(rosterWords([{ status: "loading", reading: { read: 40_000, of: 100_000 } }])).toBe(
    "The roster is being read: 40,000 of 100,000 people.",
  );
  expect(rosterWords([{ status: "loading", reading: { read: 7, of: null } }])).toContain("7 people so far");
});

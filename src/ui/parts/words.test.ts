import { expect, test } from "bun:test";
import fc from "fast-check";
import { fromNow, localIn, momentIn, money, shiftTime } from "./words.ts";

const ZONES = [
  "America/Chicago",
  "America/Phoenix",
  "America/St_Johns",
  "Asia/Kathmandu",
  "Pacific/Apia",
  "UTC",
];

test("a moment goes to the clock of a zone and comes back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: Date.UTC(2020, 0, 1) / 60_000, max: Date.UTC(2035, 0, 1) / 60_000 }),
      fc.constantFrom(...ZONES),
      (minute, zone) => {
        const local = localIn(new Date(minute * 60_000).toISOString(), zone);
        // An hour that the clock shows twice comes back as its first time, which the clock shows the same.
        expect(localIn(momentIn(local, zone), zone)).toBe(local);
      },
    ),
  );
});

test("hours that are shown twice or left out have a moment", () => {
  expect(momentIn("2026-11-01T01:30", "America/Chicago")).toBe("2026-11-01T06:30:00.000Z");
  expect(momentIn("2026-03-08T02:30", "America/Chicago")).toBe("2026-03-08T08:30:00.000Z");
});

test("a shift is told in the time of its place", () => {
  const told = shiftTime("2026-11-30T12:00:00Z", "2026-11-30T20:00:00Z", "America/Chicago");
  expect(told.replaceAll("\u202f", " ")).toBe("Mon, Nov 30, 6:00 AM–2:00 PM CST");
});

test("amounts and distances in time are short", () => {
  expect([money(19), money(19.5), money(22.05)]).toEqual(["$19", "$19.50", "$22.05"]);
  const now = Date.parse("2026-11-30T12:00:00Z");
  expect(fromNow("2026-11-30T13:00:00Z", now)).toBe("in 60 min");
  expect(fromNow("2026-11-29T12:00:00Z", now)).toBe("24 h ago");
  expect(fromNow("2026-12-10T12:00:00Z", now)).toBe("in 10 d");
});

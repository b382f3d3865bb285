import { expect, test } from "bun:test";
import fc from "fast-check";
import type { JournalEvent } from "#contracts/journal";
import { dataLine, eventText, namesIn } from "./event-text.ts";
import { duration, lifeOf } from "./life.ts";
import { olderThan, type ReadStretch } from "./older.ts";

const event = (seq: number, more: Partial<JournalEvent> = {}): JournalEvent => ({
  seq,
  id: `e-${seq}`,
  type: "order.received",
  subject: "f-1",
  at: new Date(Date.UTC(2026, 10, 30, 6) + seq * 1000).toISOString(),
  data: {},
  prev_hash: "",
  hash: "",
  ...more,
});

test("an event is a sentence with the names that the events give, and its data a line", () => {
  const proposed = event(1, { type: "fill.proposed", data: { places: [{ worker_id: "w-1", name: "Ann" }] } });
  const names = namesIn([proposed]);
  expect(eventText(event(2, { type: "no_show", data: { worker_id: "w-1" } }), names)).toBe(
    "Ann did not show up",
  );
  expect(
    eventText(event(3, { type: "draft.iterated", data: { kind: "email", ok: true, iterations: 2 } })),
  ).toBe("A model's draft of an email passed the rules after 2 tries");
  expect(eventText(event(4, { type: "crane.moved" }))).toBe("crane moved");
  const flipped = { type: "cutover.flipped", subject: "go:*", data: { to: "shadow", reason: "compare" } };
  expect(eventText(event(5, flipped))).toBe("go:* went to shadow: compare");
  expect(dataLine({ version: 3, headcount: 3, places: [1, 2], missing: [], order: { a: 1 }, note: "" })).toBe(
    "headcount 3, 2 places, order",
  );
  expect(dataLine({ a: 1, b: 2, c: 3, d: 4, e: 5 })).toEndWith("1 more");
});

test("a life has days, says what came long after, and what follows from what", () => {
  const days = lifeOf(
    [
      event(1),
      event(2, { at: "2026-11-30T09:00:00.000Z", causation_id: "e-1" }),
      event(3, { at: "2026-12-01T09:00:00.000Z" }),
    ],
    (iso) => iso.slice(0, 10),
  );
  expect(days.map(({ day, moments }) => [day, moments.length])).toEqual([
    ["2026-11-30", 2],
    ["2026-12-01", 1],
  ]);
  expect(days[0]?.moments[1]).toMatchObject({ after: "3 hours", because: 1 });
  expect(days[0]?.moments[0]).toMatchObject({ after: undefined, because: undefined });
  expect([duration(0), duration(90_000), duration(1000), duration(86_400_000)]).toEqual([
    "0 seconds",
    "90 seconds",
    "1 second",
    "24 hours",
  ]);
});

test("older events are found however far back and however rare, and none twice", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: 90_000 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (seqs, perPage) => {
        const all = seqs.toSorted((a, b) => a - b).map((seq) => event(seq));
        const read: ReadStretch = async ({ after, until, cursor }) => {
          const rest = all.filter(({ seq }) => seq > Math.max(after, Number(cursor ?? 0)) && seq <= until);
          const events = rest.slice(0, perPage);
          const last = events.at(-1)?.seq;
          return rest.length > perPage && last !== undefined
            ? { events, next_cursor: String(last) }
            : { events };
        };
        const found: number[] = [];
        let before = 90_001;
        while (before > 1) {
          const { events, from } = await olderThan(before, false, read);
          expect(from).toBeLessThan(before);
          found.unshift(...events.map(({ seq }) => seq));
          before = from;
        }
        expect(found).toEqual(all.map(({ seq }) => seq));
      },
    ),
  );
});

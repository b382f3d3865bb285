import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { CITIES, STATES } from "#domain/places";
import { ROLES } from "#domain/roles";
import { makeOrder, ORDER_SLOTS, slotMistakes } from "#domain/orders/made-orders.testing";
import { mistakes, NOW, orderCases, testReader } from "./orders.testing.ts";
import type { OrderReader } from "#domain/orders/read-order";

let reader: OrderReader;
beforeAll(async () => {
  reader = await testReader();
});

describe("orders as people type them", () => {
  const cases = orderCases();
  const kinds = [...new Set(cases.map(({ kind }) => kind))];

  test("there are cases of every kind", () => {
    expect(kinds.length).toBeGreaterThan(25);
    expect(cases.length).toBeGreaterThan(300);
  });

  test.each(kinds)("%s", (kind) => {
    const wrong = cases
      .filter((one) => one.kind === kind)
      .flatMap((one) => {
        const missed = mistakes(one, reader.read(one.text, NOW));
        return missed.length === 0 ? [] : [`${one.text}: ${missed.join("; ")}`];
      });
    expect(wrong).toEqual([]);
  });
});

test("made orders are read as they were meant", () => {
  const counts = { right: 0, all: 0 };
  for (let seed = 1; seed <= MADE; seed++) {
    const made = makeOrder(seed);
    counts.right += ORDER_SLOTS.length - slotMistakes(made, reader.read(made.text, NOW)).length;
    counts.all += ORDER_SLOTS.length;
  }
  expect(counts.right / counts.all).toBeGreaterThan(0.95);
});

/** A short share; `npm run bench -- reading` makes ten thousand. */
const MADE = 300;

describe("titles", () => {
  test("every title of the taxonomy is its role, in the plural too", () => {
    const wrong = ROLES.flatMap((role) =>
      [role.name, ...role.aliases]
        .flatMap((title) => (/[a-rt-xz]$/.test(title) ? [title, `${title}s`] : [title]))
        .filter((title) => reader.read(title, NOW).role !== role.name)
        .map((title) => `${title}: ${role.name}`),
    );
    // Some aliases say two things ("deckhand" beside "deck hand"); they are few.
    expect(wrong.length, wrong.join(", ")).toBeLessThan(ROLES.length * 0.05);
  });

  test("a word that is misspelt is read, and told", () => {
    const { role, slots, corrections } = reader.read("machnist clevland ohio", NOW);
    expect([role, slots.city]).toEqual(["Machinist", "Cleveland"]);
    expect(corrections).toEqual([
      { typed: "machnist", read: "machinist" },
      { typed: "clevland", read: "Cleveland" },
    ]);
  });

  test("what nothing was made of is told, in order", () => {
    expect(reader.read("2 welders with purple hats at dock 12 in Gary IN, zorbing", NOW).unread).toEqual([
      "purple",
      "hats",
      "dock",
      "12",
      "zorbing",
    ]);
    expect(reader.read("Need 3 cooks in Denver, CO please", NOW).unread).toEqual([]);
  });
});

test("the day is the day of the place, not of Greenwich", () => {
  const late = Date.parse("2026-11-21T03:00:00Z");
  expect(reader.read("cook Denver CO tomorrow", late).slots.start).toBe("2026-11-21");
  expect(reader.read("cook Honolulu tomorrow", late).slots.start).toBe("2026-11-21");
  expect(reader.read("cook Boston tomorrow 6am", late).slots.start).toBe("2026-11-21T06:00:00-05:00");
});

test("the clock that changes is kept", () => {
  const spring = Date.parse("2027-03-12T15:00:00Z");
  expect(reader.read("cook Denver CO 3/14/2027 1am", spring).slots.start).toBe("2027-03-14T01:00:00-07:00");
  expect(reader.read("cook Denver CO 3/14/2027 6am", spring).slots.start).toBe("2027-03-14T06:00:00-06:00");
});

describe("places", () => {
  /** Of towns that are no title and have no nickname; the rest may be read by the larger town of the name. */
  const TOLD = 0.96;
  const towns = CITIES.filter(({ city }) => /^[A-Z][a-z]+(?: [A-Z][a-z]+)?$/.test(city));

  test("a state beside a town's name is the state, whatever town is meant", () => {
    const forms = [
      (town: string, code: string) => `2 welders, ${town}, ${code}`,
      (town: string, code: string) => `${town} (${code}): 2 welders`,
      (town: string, code: string) => `${code} - ${town} - 2 welders`,
      (town: string, code: string) => `need 2 welders in ${town.toLowerCase()} ${code.toLowerCase()} friday`,
    ];
    const wrong = towns.flatMap(({ city }, at) => {
      const code = STATES[(at * 7) % STATES.length]?.code ?? "";
      const text = forms[at % forms.length]?.(city, code) ?? "";
      const { role, slots } = reader.read(text, NOW);
      return role === "Welder" && slots.headcount === 2 && slots.state === code ? [] : [text];
    });
    expect(wrong.length, wrong.join("; ")).toBeLessThan(towns.length * (1 - TOLD));
  });

  test("in capitals a town and its state may stand before what is asked for", () => {
    const wrong = towns.flatMap(({ city, state }) => {
      const { role, slots } = reader.read(`${city} ${state} janitors`.toUpperCase(), NOW);
      return role === "Janitor" && slots.city === city && slots.state === state ? [] : [`${city} ${state}`];
    });
    expect(wrong.length, wrong.join("; ")).toBeLessThan(towns.length * (1 - TOLD));
  });
});

describe("any text", () => {
  const PIECES =
    "need 3 cooks in , . - / $ 18 hr 6am - 2pm mon dec 5 no not CDL dallas TX ( ) 60601 within miles of x4 él ñ 漢 \n O'Brien @ & + 24/7 w-4505 st.".split(
      " ",
    );
  const wild = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((list) => list.join(" ")),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((list) => list.join("")),
  );

  test("is read without an error, and every answer has its form", () => {
    fc.assert(
      fc.property(wild, (text) => {
        const { role, soc, confidence, candidates, slots, unread } = reader.read(text, NOW);
        expect((role === null) === (soc === null)).toBe(true);
        expect(confidence >= 0 && confidence <= 1 && (role !== null || confidence === 0)).toBe(true);
        expect(candidates.length).toBeLessThanOrEqual(5);
        const { headcount, state, start, end, shift, pay, miles, postal_code: postal } = slots;
        if (headcount !== undefined) expect(Number.isInteger(headcount) && headcount >= 1).toBe(true);
        if (state !== undefined) expect(state).toMatch(/^[A-Z]{2}$/);
        if (start !== undefined) expect(Number.isNaN(Date.parse(start))).toBe(false);
        if (end !== undefined) expect(end).toMatch(/^\d{4}-\d\d-\d\d$/);
        if (shift !== undefined) expect(shift).toMatch(/^[0-2]\d:[0-5]\d-[0-2]\d:[0-5]\d$/);
        if (pay !== undefined) expect(pay > 0).toBe(true);
        if (miles !== undefined) expect(miles > 0).toBe(true);
        if (postal !== undefined) expect(postal).toMatch(/^\d{5}$/);
        for (const word of unread) expect(text).toContain(word);
      }),
      { numRuns: 400 },
    );
  });

  test("costs no more than its length: four thousand characters of any piece", () => {
    for (const piece of [...PIECES, "a", "1", "Mac-", "New ", "in in ", "forklift ", "$1", "1:", "jan "]) {
      const text = `${piece} `.repeat(4000 / (piece.length + 1));
      const started = performance.now();
      reader.read(text, NOW);
      // Some 20 ms on a quiet machine; a quadratic reading would take seconds.
      expect(performance.now() - started, piece).toBeLessThan(60_000);
    }
  });
});

const DATA = join(import.meta.dir, "../../../../../shared/data");
const ORDERS = join(DATA, "retrieval_queries_dev.jsonl");
const TITLES = join(DATA, "alternate_titles.csv");

test.skipIf(!existsSync(ORDERS))(
  "agrees with judged orders (skipped without the data set beside the checkout)",
  () => {
    const agreed = { headcount: 0, city: 0, state: 0 };
    const judged = { headcount: 0, city: 0, state: 0 };
    for (const line of readFileSync(ORDERS, "utf8").trim().split("\n")) {
      const { text, gold } = JSON.parse(line) as { text: string; gold: Record<string, unknown> };
      const { slots } = reader.read(text, NOW);
      for (const slot of ["headcount", "city", "state"] as const) {
        if (gold[slot] === undefined) continue;
        judged[slot]++;
        if (gold[slot] === slots[slot]) agreed[slot]++;
      }
    }
    expect(agreed.headcount / judged.headcount).toBeGreaterThan(0.98);
    expect(agreed.city / judged.city).toBeGreaterThan(0.97);
    expect(agreed.state / judged.state).toBeGreaterThan(0.99);
  },
);

test.skipIf(!existsSync(TITLES))(
  "titles of other occupations are hardly ever read as a role for sure (skipped without the data set)",
  () => {
    const own = new Set(ROLES.map(({ soc }) => soc));
    const rows = readFileSync(TITLES, "utf8").trim().split("\n").slice(1);
    const titles = rows.flatMap((row) => {
      const [, soc = "", quoted, plain] = /^"?([\d-]{7})[^,]*,(?:"([^"]*)"|([^,]*))/.exec(row) ?? [];
      return own.has(soc) ? [] : [quoted ?? plain ?? ""];
    });
    // Every so many, so that a thousand are spread over all occupations.
    const step = Math.floor(titles.length / 1000);
    const sample = titles.filter((_, at) => at % step === 0).slice(0, 1000);
    const sure = sample.filter((title) => reader.read(title, NOW).confidence >= 0.8);
    expect(sample.length).toBe(1000);
    expect(sure.length, sure.join(", ")).toBeLessThanOrEqual(50);
  },
);

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ROLES } from "#domain/roles";
import { buildRoleIndex, readRole } from "./role.ts";

const index = buildRoleIndex(ROLES);
const read = (text: string) => readRole(index, text);

describe("step 1: the shape of an order", () => {
  test.each([
    ["Need 3 forklift operators in Springfield, IL Monday 6am", "Forklift Operator"],
    ["fill: 3x housekeeper - Mackinac Island MI - 08:00-16:00 - $9.94", "Housekeeper"],
    ["backfill asap 2 dishwashers Denver tomorrow 5p-1a $18/hr", "Dishwasher"],
    ["looking for an experienced line cook near Aspen", "Line Cook"],
    ["we're short two fork-lift drivers at the Austin site", "Forklift Operator"],
    ["find me room attendants available in TX", "Housekeeper"],
    ["client wants 4 CNC machinists", "CNC Machinist"],
  ])("%p asks for %p", (text, role) => {
    const reading = read(text);
    expect(reading).toMatchObject({ role, source: "pattern" });
    expect(reading.confidence).toBeGreaterThanOrEqual(0.7);
  });

  test("the span is the role and nothing else", () => {
    const text = "Need 3 forklift operators in Springfield";
    const [start, end] = read(text).span ?? [0, 0];
    expect(text.slice(start, end)).toBe("forklift operators");
  });
});

describe("step 2: titles and aliases", () => {
  test.each([
    ["Forklift Operators", "Forklift Operator"],
    ["fork lift operator", "Forklift Operator"],
    ["MAID", "Housekeeper"],
    ["cook, line", "Line Cook"],
    ["CNA", "Certified Nursing Assistant"],
    ["dish-washer", "Dishwasher"],
  ])("%p is %p", (text, role) => {
    expect(read(text)).toMatchObject({ role, source: "dictionary" });
  });

  test("every name and every alias is found as itself, in the plural too", () => {
    for (const { name, aliases } of ROLES) {
      for (const title of [name, ...aliases]) {
        expect(`${title}: ${read(title).role}`).toBe(`${title}: ${name}`);
        if (/[a-rt-xz]$/.test(title))
          expect(`${title}s: ${read(`${title}s`).role}`).toBe(`${title}s: ${name}`);
      }
    }
  });

  test("longest wins: a short order cook is not any cook", () => {
    const kitchen = buildRoleIndex([
      { name: "Cook", soc: "35-2014", aliases: [] },
      { name: "Short Order Cook", soc: "35-2015", aliases: [] },
    ]);
    expect(readRole(kitchen, "somebody asked about a short order cook").role).toBe("Short Order Cook");
    expect(readRole(kitchen, "cooks, short order").role).toBe("Short Order Cook");
    expect(readRole(kitchen, "a cook").role).toBe("Cook");
  });

  test("a title that several occupations share is unsure, and goes to the one named so", () => {
    const shared = buildRoleIndex([
      { name: "Ride Worker", soc: "39-3091", aliases: ["attendant"] },
      { name: "Parking Attendant", soc: "53-6021", aliases: ["attendant"] },
    ]);
    const reading = readRole(shared, "need 2 attendants");
    expect(reading.role).toBe("Parking Attendant");
    expect(reading.confidence).toBeLessThan(0.7);
  });
});

describe("what is not the role", () => {
  test("an unknown role is null, and its span says what looked like it", () => {
    const text = "Need 2 quantum gardeners' apprentices in Denver";
    const reading = read("need 5 blorptwizzlers in Denver");
    expect(reading).toMatchObject({ role: null, soc: null, source: "none", confidence: 0 });
    expect("need 5 blorptwizzlers in Denver".slice(...(reading.span ?? [0, 0]))).toBe("blorptwizzlers");
    expect(readRole(buildRoleIndex([]), text).role).toBeNull();
  });

  test("a welder helper is no welder, and what is not wanted is not asked for", () => {
    const trades = buildRoleIndex([
      { name: "Welder", soc: "51-4121", aliases: [] },
      { name: "Forklift Operator", soc: "53-7051", aliases: ["forklift"] },
      { name: "Loader", soc: "53-7062", aliases: [] },
    ]);
    expect(readRole(trades, "need 2 welder helpers").role).toBeNull();
    expect(readRole(trades, "welders").role).toBe("Welder");
    expect(readRole(trades, "not forklift, need 2 loaders").role).toBe("Loader");
    expect(readRole(trades, "anyone, but no forklift").role).toBeNull();
  });

  test("texts without words have no role and no span", () => {
    for (const text of ["", "   ", "3 - 5 $ , ."])
      expect(read(text)).toEqual({ role: null, soc: null, source: "none", confidence: 0 });
  });
});

describe("wild text", () => {
  test("never throws; a role has a code, a confidence and a span inside the text", () => {
    const words = fc.constantFrom(
      "need",
      "3x",
      "cooks",
      "forklift",
      "operator",
      "in",
      "not",
      ",",
      "-",
      "é",
      "helper",
      "\n",
      "漢",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(words, { maxLength: 20 }).map((list) => list.join(" ")),
    );
    fc.assert(
      fc.property(text, (line) => {
        const { role, soc, confidence, source, span } = read(line);
        expect(confidence >= 0 && confidence <= 1).toBe(true);
        expect((role === null) === (soc === null) && (role === null) === (source === "none")).toBe(true);
        if (role !== null) expect(span).toBeDefined();
        if (span !== undefined) expect(span[0] < span[1] && span[1] <= line.length).toBe(true);
      }),
    );
  });

  test("ten thousand characters take no longer than a moment", () => {
    for (const piece of ["a ", "cook ", "need ", "3x", "-", "a", "forklift operator "]) {
      const started = performance.now();
      read(piece.repeat(10_000 / piece.length));
      expect(performance.now() - started).toBeLessThan(250);
    }
  });
});

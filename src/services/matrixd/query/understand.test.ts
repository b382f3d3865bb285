import { describe, expect, test } from "bun:test";
import { openEmbed } from "../../../../test/lake/embed.ts";
import { shippedOnly } from "../taxonomy/titles.testing.ts";
import { createUnderstanding, type Understanding, type Understood } from "./understand.ts";

const NOON = Date.parse("2026-11-21T12:00:00Z");

async function started(): Promise<{ understanding: Understanding; asked: string[] }> {
  const { service, asked } = await openEmbed();
  return { understanding: createUnderstanding(service, { now: () => NOON }, shippedOnly()), asked };
}

const ask = (
  { understanding }: { understanding: Understanding },
  text: string,
  role?: string,
): Promise<Understood> => understanding.understand({ text, role, now: undefined, model: "hashed-v1" }, {});

describe("understanding", () => {
  test("takes an order apart, and asks for all vectors at once", async () => {
    const house = await started();
    const text = "Need 3 forklift operators in Denver, CO Monday 6am";
    const { role, known, order, asked } = await ask(house, text);
    expect(role).toMatchObject({ role: "Forklift Operator", soc: "53-7051", source: "pattern" });
    expect(known?.name).toBe("Forklift Operator");
    expect(order.slots).toMatchObject({
      headcount: 3,
      city: "Denver",
      state: "CO",
      start: "2026-11-23T06:00:00-07:00",
    });
    expect(asked?.text).toBe("forklift operators");
    expect(house.asked).toEqual([text, "forklift operators"]);
  });

  test("asks once for a text that comes again", async () => {
    const house = await started();
    const first = await ask(house, "2 welders in Houston, TX");
    expect(await ask(house, "2 welders in Houston, TX")).toBe(first);
    expect(house.asked).toHaveLength(2);
    expect(await ask(house, "2 welders in Houston, TX", "Line Cook")).not.toBe(first);
  });

  test("a role that is given counts over the text, whether the taxonomy has it or not", async () => {
    const house = await started();
    const given = await ask(house, "somebody for Denver", "fork-lift drivers");
    expect(given.role).toEqual({ role: "Forklift Operator", soc: "53-7051", source: "given", confidence: 1 });
    const unknown = await ask(house, "forklift operators in Denver", "wizard of nothing");
    expect([unknown.role.role, unknown.unknownRole, unknown.asked?.text]).toEqual([
      null,
      "wizard of nothing",
      "wizard of nothing",
    ]);
  });

  test("a role that no title names is null; the nearest ones are told, and rank", async () => {
    const house = await started();
    const text = "need 2 lift equipment runners in Denver, CO";
    const { role, shares, candidates } = await ask(house, text);
    expect(role).toEqual({ role: null, soc: null, source: "none", confidence: 0 });
    expect(shares[0]?.p).toBeGreaterThan(0);
    expect(candidates.every(({ p }) => p > 0 && p < 1)).toBe(true);
    const read = await house.understanding.read(text, undefined, {});
    expect([read.role, read.candidates]).toEqual([role, candidates]);
  });

  test("a text is read as it was meant at its moment", async () => {
    const { understanding } = await started();
    const then = Date.parse("2025-07-03T12:00:00Z");
    const { order } = await understanding.read("cook Denver CO tomorrow 6am", then, {});
    expect(order.slots.start).toBe("2025-07-04T06:00:00-06:00");
  });

  test("a city is found whatever the state is called, and a hamlet too", async () => {
    const { understanding } = await started();
    expect(await understanding.cityNamed("Marfa", "Texas")).toMatchObject({ lat: expect.any(Number) });
    expect(await understanding.cityNamed("Nowhere at all", "TX")).toBeUndefined();
  });

  test("a document has no role to compare titles with", async () => {
    const house = await started();
    const { asked } = await ask(house, "quantum entanglement of photons ".repeat(20));
    expect(asked).toBeUndefined();
  });

  test("titles are compared by their words: a text is all that is embedded", async () => {
    const house = await started();
    await house.understanding.warm();
    await ask(house, "blorptwizzlers in Denver, CO");
    expect(house.asked).toEqual(["blorptwizzlers in Denver, CO", "blorptwizzlers"]);
  });

  test("titles are read with their vectors; one that no title is near has no role", async () => {
    const { understanding } = await started();
    const titles = await understanding.readTitles(["Line Cook", "zzxqj"], "hashed-v1", {});
    expect(titles.map(({ title }) => title.role)).toEqual(["Line Cook", null]);
    expect(titles.map(({ vector }) => vector.length)).toEqual([768, 768]);
    expect(await understanding.readTitles([], "hashed-v1", {})).toEqual([]);
  });
});

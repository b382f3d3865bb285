import { describe, expect, test } from "bun:test";
import { hashedModel } from "#adapters/embed/hashed";
import { ROLES } from "#domain/roles";
import { nearestRole, type EmbeddedTitles } from "./nearest-role.ts";

const model = hashedModel();

async function embedded(
  titles: readonly (readonly [title: string, role: string, soc: string])[],
): Promise<EmbeddedTitles> {
  const vectors = await model.embed(titles.map(([title]) => title));
  const flat = new Float32Array(titles.length * model.dimension);
  for (const [i, vector] of vectors.entries()) flat.set(vector, i * model.dimension);
  return { roles: titles.map(([, role, soc]) => ({ role, soc })), vectors: flat, dimension: model.dimension };
}

async function vectorOf(text: string): Promise<Float32Array> {
  const [vector] = await model.embed([text]);
  return vector ?? new Float32Array(model.dimension);
}

const taxonomy = await embedded(
  ROLES.flatMap(({ name, soc, aliases }) => [name, ...aliases].map((title) => [title, name, soc] as const)),
);

describe("the nearest title", () => {
  test.each([
    ["forklfit operator", "53-7051"],
    ["lead hotel housekeeping attendant", "37-2012"],
    ["cnc lathe machinist", "51-9161"],
  ])("%p is of %p", async (text, soc) => {
    const reading = nearestRole(taxonomy, await vectorOf(text));
    expect(reading).toMatchObject({ soc, source: "nearest" });
    expect(reading.confidence).toBeLessThanOrEqual(0.9);
  });

  test("what is near to nothing has no role", async () => {
    const reading = nearestRole(taxonomy, await vectorOf("blorptwizzler"));
    expect(reading).toMatchObject({ role: null, soc: null, source: "none", confidence: 0 });
  });

  test("two occupations as near as each other leave it open, unless no margin is asked for", async () => {
    const twins = await embedded([
      ["yard hand", "Gardener", "37-3011"],
      ["yard hand", "Rail Yard Worker", "53-4022"],
    ]);
    const query = await vectorOf("yard hand");
    expect(nearestRole(twins, query)).toMatchObject({ role: null, margin: 0 });
    expect(nearestRole(twins, query, { marginMin: 0 }).role).toBe("Gardener");
  });

  test("without titles there is no role; another width is a bug", async () => {
    expect(nearestRole(await embedded([]), await vectorOf("cook")).role).toBeNull();
    expect(() => nearestRole(taxonomy, new Float32Array(3))).toThrow("width");
  });
});

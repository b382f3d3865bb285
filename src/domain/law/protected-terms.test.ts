import { describe, expect, test } from "bun:test";
import { protectedTerms } from "./protected-terms.ts";

describe("wishes about who a person is", () => {
  const refused: readonly (readonly [string, string])[] = [
    ["Male only please", "sex"],
    ["client prefers women", "sex"],
    ["solo hombres", "sex"],
    ["no pregnant workers", "pregnancy"],
    ["someone young and energetic", "age"],
    ["recent grad preferred", "age"],
    ["ages 18-35 only", "age"],
    ["nobody, only workers under 40", "age"],
    ["menores de 30 años", "age"],
    ["no accent", "national origin"],
    ["native English speakers", "national origin"],
    ["must be Christian", "religion"],
    ["able-bodied", "disability"],
    ["Prefiere gente joven", "age"],
    ["we'd rather have a guy at the dock", "sex"],
    ["Gender: F", "sex"],
    ["m a l e only", "sex"],
    ["f3male requested", "sex"],
    ["crew under 35, please", "age"],
    ["Under 40 preferred", "age"],
    ["nobody over 50", "age"],
    ["no over-40s on this line", "age"],
    ["helper, 25-30 y/o", "age"],
    ["45 years old max", "age"],
    ["que no sea mayor de 40 años", "age"],
    ["nobody near retirement", "age"],
    ["don't send anyone older again", "age"],
    ["only Vietnamese nail techs", "national origin"],
    ["English as their first language", "national origin"],
    ["U.S.-born", "national origin"],
    ["Nacionalidad: mexicana", "national origin"],
    ["no braids or dreadlocks", "race"],
    ["must be single", "family"],
    ["sin hijos", "family"],
    ["nobody with epilepsy", "disability"],
    ["in perfect health", "disability"],
    ["a DNA test is required", "genetics"],
    ["no reservists", "military service"],
  ];
  test.each(refused)("%s", (text, category) => {
    expect(protectedTerms(text).map((term) => term.category)).toContain(category);
  });

  const allowed = [
    "Must be 21 or older to serve alcohol",
    "Clean the women's restroom",
    "Regardless of race, sex, age or religion",
    "Need Christian Lopez again",
    "Under 30 minutes away",
    "Lift under 50 lbs",
    "Bilingual Spanish",
    "White gloves and black pants",
    "Under 5 years of experience is fine",
    "Need 4 guys for unloading",
    "Please see the lady at the front desk",
    "Need a caregiver for an elderly woman",
    "Need an aide for an autistic boy",
    "Female connectors must be crimped",
    "Young trees must be staked",
    "Keep the cooler under 40.",
    "Nobody over 250 lbs on the ladder",
    "Unit must be single phase",
    "Need cook for Indian restaurant, wok experience",
    "Must be 18 or older",
    "Sex: any",
    "Men's clothing store needs an associate",
    "",
  ];
  test.each(allowed)("%s is none", (text) => {
    expect(protectedTerms(text)).toEqual([]);
  });
});

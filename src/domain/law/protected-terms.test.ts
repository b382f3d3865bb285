import { describe, expect, test } from "bun:test";
import { protectedReasons, protectedTerms } from "./protected-terms.ts";

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
    ["strong and female, as the customer asked", "sex"],
    ["2 pickers, male, Dayton OH", "sex"],
    ["mujer", "sex"],
    ["young, fit", "age"],
    ["U.S. citizens only", "national origin"],
    ["no green card holders", "national origin"],
    ["solo ciudadanos", "national origin"],
    ["blacks need not apply", "race"],
    ["nobody with children", "family"],
    ["prefers moms", "family"],
    ["no prayer breaks", "religion"],
    ["no workers' comp claims", "disability"],
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
    "Restrooms: male, female",
    "Contact: Young, dock 3",
    "Must be authorized to work in the US",
    "Chef's blacks required, no black shoes",
    "Mother's Day brunch needs servers",
    "Staked the young trees as the client asked",
    "",
  ];
  test.each(allowed)("%s is none", (text) => {
    expect(protectedTerms(text)).toEqual([]);
  });
});

describe("reasons for which somebody was chosen", () => {
  test.each([
    ["because he is younger than the others", "age"],
    ["She's a woman, which suits the guests", "sex"],
    ["he is white", "race"],
    ["is single and flexible", "family"],
    ["better, since she has no kids", "family"],
  ])("%s", (text, category) => {
    expect(protectedReasons(text).map((term) => term.category)).toContain(category);
  });

  test.each([
    "nearest, and has the forklift certificate",
    "the client is elderly, and she cared for him before",
    "is a single point of contact",
    "she is older than 18",
    "knows the old dock",
    "worked the women's shelter last month",
  ])("%s is none", (text) => {
    expect(protectedReasons(text)).toEqual([]);
  });

  test("each has the sentence that it stands in", () => {
    const [term] = protectedTerms("Need 2 cooks Friday. No foreigners please. Pay $20.");
    expect(term?.sentence).toBe("No foreigners please.");
  });
});

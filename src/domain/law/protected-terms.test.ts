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
    "Men's clothing store needs an associate",
    "",
  ];
  test.each(allowed)("%s is none", (text) => {
    expect(protectedTerms(text)).toEqual([]);
  });
});

import { describe, expect, test } from "bun:test";
import { tokensOf } from "../text/tokens.ts";
import { type Site, sitesOf } from "./sites.ts";

const site = (name: string, ...aliases: string[]): Site => ({ name, aliases, lat: 1, lon: 2 });
const sites = sitesOf([site("Plant #7", "the old mill"), site("Plant"), site("St. Mary's Hospital")]);

/** Names in a text, from left to right. */
function found(text: string): string[] {
  const { tokens } = tokensOf(text);
  const names: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const one = sites.at(tokens, at);
    if (one !== undefined) names.push(one.site.name);
  }
  return names;
}

describe("names of places of one's own", () => {
  test("are found whatever capitals and marks they are written with", () => {
    expect(found("cooks at PLANT 7, please")).toEqual(["Plant #7"]);
    expect(found("plant-7: 2 welders")).toEqual(["Plant #7"]);
    expect(found("to the Old Mill by 6")).toEqual(["Plant #7"]);
    expect(found("nurses st marys hospital")).toEqual(["St. Mary's Hospital"]);
  });

  test("are whole, and the longest counts", () => {
    expect(found("welder for Plant 71")).toEqual(["Plant"]);
    expect(found("welder for Plant 7")).toEqual(["Plant #7"]);
    expect(found("a mill, an old one")).toEqual([]);
    expect(sitesOf([]).at(tokensOf("Plant 7").tokens, 0)).toBeUndefined();
  });
});

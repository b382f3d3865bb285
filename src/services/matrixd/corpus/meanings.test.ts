import { describe, expect, test } from "bun:test";
import { meaningsOf } from "./meanings.ts";

describe("what columns mean", () => {
  test("is found by their usual names, however they are written", () => {
    expect(meaningsOf({}, ["Job Title", "City", "state-code", "Latitude", "lng", "pay", "SOC Code"])).toEqual(
      {
        role: "Job Title",
        soc: "SOC Code",
        city: "City",
        state: "state-code",
        lat: "Latitude",
        lon: "lng",
      },
    );
    expect(meaningsOf({}, ["title", "role"])).toEqual({ role: "role" });
    expect(meaningsOf({}, ["a", "b"])).toEqual({});
  });

  test("is what somebody says it is, if there is such a column", () => {
    expect(meaningsOf({ role: "craft" }, ["role", "craft", "city"])).toEqual({ role: "craft", city: "city" });
    expect(() => meaningsOf({ role: "crafd" }, ["role", "craft"])).toThrow("There is no column crafd");
  });
});

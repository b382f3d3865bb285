import { beforeAll, describe, expect, test } from "bun:test";
import { type Gazetteer, placeName } from "#domain/orders/places/gazetteer";
import { openGazetteer } from "./geonames.ts";

let gazetteer: Gazetteer;
beforeAll(async () => {
  gazetteer = await openGazetteer();
});

describe("places of the country", () => {
  test("are found by name, the largest first, small ones too", () => {
    const springfields = gazetteer.named("springfield");
    expect(springfields.length).toBeGreaterThan(5);
    const sizes = springfields.map(({ population }) => population);
    expect(sizes).toEqual(sizes.toSorted((left, right) => right - left));
    expect(gazetteer.named("marfa")[0]).toMatchObject({ city: "Marfa", state: "TX" });
    expect(gazetteer.named(placeName("Coeur d'Alene"))[0]?.state).toBe("ID");
    expect(gazetteer.named("nowhere at all")).toEqual([]);
  });

  test("one place from two sources is one", () => {
    const houstons = gazetteer.named("houston").filter(({ state }) => state === "TX");
    expect(houstons).toHaveLength(1);
  });

  test("every way of writing a name finds it, whether its bytes are hashed or its letters", () => {
    for (const name of [
      "Saint Paul",
      "St. Paul",
      "ST PAUL",
      "Fort Worth",
      "Ft. Worth",
      "Winston-Salem",
      "winston salem",
    ])
      expect(gazetteer.named(placeName(name)).length, name).toBeGreaterThan(0);
  });

  test("misspelt names are found, of large cities alone and of any town of a state", () => {
    expect(gazetteer.similar("clevland", undefined)[0]?.city).toBe("Cleveland");
    expect(gazetteer.similar("pheonix", "AZ")[0]?.city).toBe("Phoenix");
    expect(gazetteer.similar("xqzzv", undefined)).toEqual([]);
  });

  test("postal codes have their place, county and point", () => {
    expect(gazetteer.postal("02139")).toMatchObject({ city: "Cambridge", state: "MA", county: "Middlesex" });
    expect(gazetteer.postal("60601")).toMatchObject({ city: "Chicago", state: "IL" });
    expect(gazetteer.postal("00000")).toBeUndefined();
  });

  test("counties and zones are known", () => {
    expect(gazetteer.counties("cook")[0]).toMatchObject({ county: "Cook", state: "IL" });
    expect(gazetteer.timezone({ lat: 41.88, lon: -87.63 })).toBe("America/Chicago");
    expect(gazetteer.timezone({ lat: 33.45, lon: -112.07 })).toBe("America/Phoenix");
  });
});

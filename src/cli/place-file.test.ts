import { expect, test } from "bun:test";
import { placesOf } from "./place-file.ts";
import { textTable } from "./separated-values.ts";

const read = (text: string) => {
  const { columns, rows } = textTable(text, "sites.csv");
  return placesOf({ columns, rows: [...rows] }, "sites.csv");
};

test("columns are found by their usual names, and what is empty is left out", () => {
  const { places, leftOut } = read(
    "Site,Also,City,State,Zip,Latitude,Longitude\nPlant 7,the mill; P7,Reno,NV,,,\nLakeside,,,,2139,,\nYard,,,,,41.5,-90\n,,Reno,NV,,,\n",
  );
  expect(leftOut).toBe(1);
  expect(places).toEqual([
    { name: "Plant 7", aliases: ["the mill", "P7"], city: "Reno", state: "NV" },
    { name: "Lakeside", aliases: [], postal_code: "02139" },
    { name: "Yard", aliases: [], lat: 41.5, lon: -90 },
  ]);
});

test("a file without a column of names is refused by name", () => {
  expect(() => read("city,state\nReno,NV\n")).toThrow("sites.csv has no column name");
});

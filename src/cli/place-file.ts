// A file of places of one's own: a row a place, with its columns found by their usual names. Pure.

import { UsageProblem } from "./failure.ts";
import type { TextTable } from "./separated-values.ts";

export interface GivenPlace {
  readonly name: string;
  readonly aliases: string[];
  readonly city?: string;
  readonly state?: string;
  readonly postal_code?: string;
  readonly lat?: number;
  readonly lon?: number;
}

const COLUMNS = {
  name: ["name", "site", "place", "location"],
  aliases: ["aliases", "alias", "also"],
  city: ["city", "town"],
  state: ["state"],
  postal_code: ["postal_code", "zip", "zipcode", "zip_code"],
  lat: ["lat", "latitude"],
  lon: ["lon", "lng", "longitude"],
} as const;

/** Places with a name; rows without one are left out. Other names stand in one cell, separated by `;` or `|`. */
export function placesOf(
  { columns, rows }: TextTable,
  file: string,
): { places: GivenPlace[]; leftOut: number } {
  const found = new Map(
    Object.entries(COLUMNS).flatMap(([part, names]) => {
      const column = columns.find((one) => (names as readonly string[]).includes(one.trim().toLowerCase()));
      return column === undefined ? [] : [[part, column] as const];
    }),
  );
  if (!found.has("name")) throw new UsageProblem(`${file} has no column name: it has ${columns.join(", ")}.`);
  const places: GivenPlace[] = [];
  for (const row of rows) {
    const text = (part: keyof typeof COLUMNS): string => (row[found.get(part) ?? ""] ?? "").trim();
    const name = text("name");
    if (name === "") continue;
    const point = [text("lat"), text("lon")].map((degrees) =>
      degrees === "" ? Number.NaN : Number(degrees),
    );
    const [lat = Number.NaN, lon = Number.NaN] = point;
    places.push({
      name,
      aliases: text("aliases")
        .split(/[;|]/)
        .map((one) => one.trim())
        .filter((one) => one !== ""),
      ...(text("city") === "" ? {} : { city: text("city") }),
      ...(text("state") === "" ? {} : { state: text("state") }),
      ...(text("postal_code") === ""
        ? {}
        : { postal_code: text("postal_code").padStart(POSTAL_DIGITS, "0") }),
      ...(Number.isFinite(lat) && Number.isFinite(lon) ? { lat, lon } : {}),
    });
  }
  return { places, leftOut: rows.length - places.length };
}

/** Spreadsheets take the zeros from before 02139. */
const POSTAL_DIGITS = 5;

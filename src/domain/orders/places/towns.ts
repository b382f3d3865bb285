// The towns that the gazetteer knows by their population: the 300 largest cities and the smaller ones of five thousand
// residents or more. Smaller places have names only, from the postal codes.

import { CITIES } from "../../places.ts";
import type { Place } from "./gazetteer.ts";
import table from "./towns.tsv" with { type: "text" };

/** Largest first. Read by hand and not by `readTable`: there are seven thousand rows, and the first order waits. */
export function towns(): Place[] {
  const places: Place[] = [...CITIES];
  for (const line of table.split("\n")) {
    const [city = "", state = "", lat, lon, population] = line.split("\t");
    if (population === undefined || state === "state") continue;
    places.push({ city, state, lat: Number(lat), lon: Number(lon), population: Number(population) });
  }
  return places;
}

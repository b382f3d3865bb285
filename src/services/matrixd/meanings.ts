// Which columns of a dataset say what a ranking needs to know of a row: its role, its occupation code, where it is.
// Whoever defines a corpus may name them; what is not named is found by the names that such columns usually have.
// A dataset without them is searched by words and vectors alone.

import type { Meanings } from "#contracts/matrix";
import { Fault } from "#rpc/fault";

type Meaning = keyof Meanings;

/** The first one that the dataset has counts, however it is written. */
const USUAL: Readonly<Record<Meaning, readonly string[]>> = {
  role: ["role", "job_title", "title", "position", "job_role", "job", "occupation"],
  soc: ["soc", "soc_code", "onet_code"],
  city: ["city", "home_city", "town", "worksite_city", "location_city"],
  state: ["state", "st", "home_state", "state_code", "worksite_state", "location_state"],
  lat: ["lat", "latitude"],
  lon: ["lon", "lng", "long", "longitude"],
};

/** The columns that have a meaning. Throws `invalid` for one that is named and not there. */
export function meaningsOf(given: Meanings, columns: readonly string[]): Meanings {
  const byFolded = new Map(columns.map((column) => [folded(column), column]));
  const found: Meanings = {};
  for (const [meaning, usual] of Object.entries(USUAL) as [Meaning, readonly string[]][]) {
    const named = given[meaning];
    if (named !== undefined && !columns.includes(named)) {
      throw new Fault("invalid", `There is no column ${named}. The dataset has: ${columns.join(", ")}.`, {
        details: [{ path: `meanings.${meaning}`, message: "is not a column of the dataset" }],
      });
    }
    const column = named ?? usual.map((name) => byFolded.get(name)).find((one) => one !== undefined);
    if (column !== undefined) found[meaning] = column;
  }
  return found;
}

/** "Job Title", "job-title" and "JobTitle" are one name. */
function folded(column: string): string {
  return column
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_|_$/g, "");
}

// First and last names of people that are common in the United States, in no order: evidence that two words are a person
// and not a title or a place.

import { listOf, readTable } from "#lib/tsv";
import { folded } from "../text/words.ts";
import firstTable from "./first-names.tsv" with { type: "text" };
import lastTable from "./last-names.tsv" with { type: "text" };

export interface PersonNames {
  readonly first: ReadonlySet<string>;
  readonly last: ReadonlySet<string>;
}

/** Made once, at the first use. */
export function personNames(): PersonNames {
  names ??= { first: namesIn(firstTable), last: namesIn(lastTable) };
  return names;
}

let names: PersonNames | undefined;

function namesIn(table: string): Set<string> {
  return new Set(readTable(table, ["names"]).flatMap(({ names: all }) => listOf(all).map(folded)));
}

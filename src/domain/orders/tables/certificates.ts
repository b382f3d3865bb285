// What workers must hold, under one name each, however it is written. The table is the trade's and not only for orders:
// rosters and validators name certificates by it too.

import { listOf, readTable } from "#lib/tsv";
import table from "../../certificates.tsv" with { type: "text" };
import { type Phrases, phrasesOf } from "./phrases.ts";

/** Canonical names by phrase; made once, at the first use. */
export function certificatePhrases(): Phrases<string> {
  if (phrases !== undefined) return phrases;
  phrases = phrasesOf<string>();
  for (const { name, aliases } of readTable(table, ["name", "aliases"])) {
    phrases.add(name, name);
    for (const alias of listOf(aliases)) phrases.add(alias, name);
  }
  return phrases;
}

let phrases: Phrases<string> | undefined;

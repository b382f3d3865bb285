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
    const all = new Set(listOf(aliases).flatMap(variants));
    for (const phrase of all) phrases.add(phrase, name);
  }
  return phrases;
}

const PROOF = /^(.{3,}) (?:certified|certification|cert|card|license)$/;
const PROOFS = [
  "certified",
  "certification",
  "certificate",
  "cert",
  "certs",
  "card",
  "license",
  "licence",
  "ticket",
  "training",
  "trained",
];

/** "boom lift certified" is also "boom lift cert", "boom lift card" and so on. */
function variants(alias: string): string[] {
  const base = PROOF.exec(alias)?.[1];
  return base === undefined ? [alias] : [alias, ...PROOFS.map((proof) => `${base} ${proof}`)];
}

let phrases: Phrases<string> | undefined;

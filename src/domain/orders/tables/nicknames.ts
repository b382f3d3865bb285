// What people call cities, metropolitan areas, airports and states besides their names.

import { STATES } from "../../places.ts";
import { listOf, readTable } from "#lib/tsv";
import { errorsAllowed, nearWords } from "../text/spelling.ts";
import { type Phrases, phrasesOf } from "./phrases.ts";
import nicknameTable from "./nicknames.tsv" with { type: "text" };
import stateTable from "./state-names.tsv" with { type: "text" };

export interface Nickname {
  readonly kind: "city" | "metro" | "airport";
  readonly name: string;
  readonly city: string;
  readonly state: string;
}

export interface StateName {
  readonly code: string;
  /** The postal code, a name, or an abbreviation that is a word of its own as well ("wash", "miss"). */
  readonly form: "code" | "name" | "short";
}

export interface PlaceNames {
  readonly nicknames: Phrases<Nickname>;
  readonly states: Phrases<StateName>;
  /** The state whose name of one word is this one with a typing error or two. */
  misspeltState(word: string): { readonly code: string; readonly name: string } | undefined;
}

/** Made once, at the first use. */
export function placeNames(): PlaceNames {
  names ??= read();
  return names;
}

let names: PlaceNames | undefined;

function read(): PlaceNames {
  const nicknames = phrasesOf<Nickname>();
  for (const { kind, name, city, state, aliases } of readTable(nicknameTable, [
    "kind",
    "name",
    "city",
    "state",
    "aliases",
  ])) {
    const nickname = { kind: kind as Nickname["kind"], name, city, state };
    for (const alias of listOf(aliases)) nicknames.add(alias, nickname);
    if (kind !== "city") nicknames.add(name, nickname);
  }
  const states = phrasesOf<StateName>();
  for (const { code, name } of STATES) {
    states.addKeys([code.toLowerCase()], { code, form: "code" });
    states.add(name, { code, form: "name" });
  }
  states.addKeys(["d", "c"], { code: "DC", form: "code" });
  for (const { code, names: all, words } of readTable(stateTable, ["code", "names", "words"])) {
    for (const name of listOf(all)) states.add(name, { code, form: "name" });
    for (const word of listOf(words)) states.add(word, { code, form: "short" });
  }
  const long = STATES.filter(({ name }) => !name.includes(" ") && name.length >= MISSPELT_LENGTH_MIN);
  const near = nearWords(long.map(({ name }) => name.toLowerCase()));
  return {
    nicknames,
    states,
    misspeltState: (word) => {
      if (word.length < MISSPELT_LENGTH_MIN) return undefined;
      const [first] = near.within(word, errorsAllowed(word.length));
      return first === undefined ? undefined : long[first.number];
    },
  };
}

/** Shorter names are near to too many words. */
const MISSPELT_LENGTH_MIN = 7;

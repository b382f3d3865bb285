// Places of one's own, by the names that people of the house use: "Plant 7", "the Lakeside store". A name is found where its
// words stand in a row, whatever marks stand between them, and the longest name counts. Pure.

import type { Token } from "../text/tokens.ts";
import { tokensOf } from "../text/tokens.ts";
import type { Place } from "./gazetteer.ts";

export interface Site extends Omit<Place, "city" | "state" | "population"> {
  readonly name: string;
  /** Other names of it. */
  readonly aliases: readonly string[];
  readonly city?: string | undefined;
  /** Two-letter postal code. */
  readonly state?: string | undefined;
}

export interface Sites {
  /** The site whose name begins at a token, and where it ends. */
  at(tokens: readonly Token[], from: number): { readonly site: Site; readonly to: number } | undefined;
}

export const NO_SITES: Sites = { at: () => undefined };

/** The words of a name as they are compared; empty for one without letters and digits. */
export function siteWords(name: string): string[] {
  return tokensOf(name)
    .tokens.filter(({ kind }) => kind !== "mark")
    .map(({ key }) => key);
}

export function sitesOf(sites: readonly Site[]): Sites {
  if (sites.length === 0) return NO_SITES;
  const byFirst = new Map<string, { words: readonly string[]; site: Site }[]>();
  for (const site of sites) {
    for (const name of [site.name, ...site.aliases]) {
      const words = siteWords(name);
      const [first] = words;
      if (first === undefined) continue;
      const own = byFirst.get(first) ?? [];
      byFirst.set(first, own);
      own.push({ words, site });
    }
  }
  for (const own of byFirst.values()) own.sort((left, right) => right.words.length - left.words.length);
  return {
    at: (tokens, from) => {
      for (const { words, site } of byFirst.get(tokens[from]?.key ?? "") ?? []) {
        const to = endOf(tokens, from, words);
        if (to !== undefined) return { site, to };
      }
      return undefined;
    },
  };
}

/** Marks that may stand within a name: "Plant #7", "Dock-4". */
const MARKS: ReadonlySet<string> = new Set(["#", "-", ".", "'", "&", "/"]);

function endOf(tokens: readonly Token[], from: number, words: readonly string[]): number | undefined {
  let at = from;
  for (const word of words) {
    while (at > from && tokens[at]?.kind === "mark" && MARKS.has(tokens[at]?.word ?? "")) at++;
    if (tokens[at]?.key !== word) return undefined;
    at++;
  }
  return at;
}

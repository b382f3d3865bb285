// What the parts of patterns look at: the token at a place of the text, what its word may mean, whether it is a word.

import type { Token } from "../../text/tokens.ts";
import type { Scope } from "../pattern.ts";

export function at({ tokens }: Scope, place: number): Token | undefined {
  return tokens[place];
}

export function meaning({ meanings }: Scope, place: number, kind: string): string | undefined {
  return meanings[place]?.get(kind);
}

export function isWord(scope: Scope, place: number, ...words: readonly string[]): boolean {
  return words.includes(at(scope, place)?.word ?? "");
}

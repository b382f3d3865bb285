// Postal addresses of the United States as keys: without case and punctuation, with the short forms of the Postal Service
// (Publication 28, appendices B, C1 and C2) for states, streets and units, and the ZIP code without its four extra digits.

import { STATES } from "#domain/places";
import { readTable } from "#lib/tsv";
import { foldText } from "./names.ts";
import words from "./address-words.tsv" with { type: "text" };

const SHORT: ReadonlyMap<string, string> = new Map(
  readTable(words, ["word", "short"]).map(({ word, short }) => [word, short]),
);

const ORDINALS: Readonly<Record<string, string>> = {
  first: "1st",
  second: "2nd",
  third: "3rd",
  fourth: "4th",
  fifth: "5th",
  sixth: "6th",
  seventh: "7th",
  eighth: "8th",
  ninth: "9th",
  tenth: "10th",
};

export function addressKey(text: string): string {
  const plain = foldText(text)
    // "#4" and "# 4" are a unit, and so are "No. 4" and "Unit 4".
    .replaceAll("#", " apt ")
    .replaceAll(/\b(\d{5})-\d{4}\b/g, "$1")
    .replaceAll(/['’.]/gu, "")
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
  const short = plain.split(" ").map((word) => SHORT.get(word) ?? ORDINALS[word] ?? word);
  const units = withOneUnit(short);
  return stateShort(units.join(" ").replace(/ (?:usa|us)$/, ""));
}

/** "Apt # 4" says its unit twice. */
function withOneUnit(words: readonly string[]): string[] {
  return words.filter((word, at) => !(word === "apt" && ["apt", "ste", "rm"].includes(words[at - 1] ?? "")));
}

const STATE_NAMES: readonly (readonly [name: string, code: string])[] = STATES.map(({ name, code }) => [
  foldText(name)
    .split(" ")
    .map((word) => SHORT.get(word) ?? word)
    .join(" "),
  code.toLowerCase(),
]);

/** A state's name at the end, or before the ZIP code, as its code. The longest first: "west virginia", "virginia". */
function stateShort(key: string): string {
  const [, before = key, zip = ""] = /^(.*?)( \d{5})?$/.exec(key) ?? [];
  const found = STATE_NAMES.filter(([name]) => before.endsWith(` ${name}`)).sort(
    ([a], [b]) => b.length - a.length,
  )[0];
  if (found === undefined) return key;
  return `${before.slice(0, -found[0].length)}${found[1]}${zip}`;
}

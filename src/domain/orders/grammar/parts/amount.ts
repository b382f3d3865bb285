// A number of things, in digits or in words.

import type { Match, Part } from "../pattern.ts";
import { at, isWord, meaning } from "./look.ts";

/** What a named part of a pattern read. */
export function amountIn(match: Match, name: string): number | undefined {
  return match.part(name) as number | undefined;
}

const WHOLE = /^(?:\d{1,4}|\d,\d{3})$/;

const DOZENS_MAX = 20;

/** Up to 9,999: "4", "twenty five", "a dozen", "half a dozen", "2 dozen". */
export const amount: Part = {
  first: ["#number", "number", "=half", "=a", "=media"],
  parse: (scope, place) => {
    const token = at(scope, place);
    if (token === undefined) return [];
    if (token.kind === "number") {
      if (!WHOLE.test(token.text) || token.value <= 0) return [];
      // "2 dozen".
      const dozens = isWord(scope, place + 1, "dozen", "dozens", "docenas") && token.value <= DOZENS_MAX;
      return [
        ...(dozens ? [{ to: place + 2, value: 12 * token.value }] : []),
        { to: place + 1, value: token.value },
      ];
    }
    if (token.word === "half") {
      const article = isWord(scope, place + 1, "a", "-") ? 1 : 0;
      return isWord(scope, place + 1 + article, "dozen") ? [{ to: place + 2 + article, value: 6 }] : [];
    }
    if (token.word === "media" && isWord(scope, place + 1, "docena")) return [{ to: place + 2, value: 6 }];
    if (token.word === "a" || token.word === "un" || token.word === "una") {
      const value = isWord(scope, place + 1, "dozen", "docena", "couple", "pair", "par")
        ? Number(meaning(scope, place + 1, "number"))
        : undefined;
      if (value !== undefined) return [{ to: place + (isWord(scope, place + 2, "of", "de") ? 3 : 2), value }];
      if (isWord(scope, place + 1, "half") && isWord(scope, place + 2, "dozen"))
        return [{ to: place + 3, value: 6 }];
      if (token.word === "a")
        return isWord(scope, place + 1, "hundred") ? [{ to: place + 2, value: 100 }] : [];
    }
    const value = meaning(scope, place, "number");
    if (value === undefined) return [];
    const tens = Number(value);
    // "twenty five", "twenty-five", "treinta y dos".
    const hyphen = at(scope, place + 1)?.glued === true && isWord(scope, place + 1, "-");
    const joined = hyphen || (tens >= 30 && isWord(scope, place + 1, "y")) ? 1 : 0;
    const ones = Number(meaning(scope, place + 1 + joined, "number"));
    if (tens >= 20 && tens < 100 && ones >= 1 && ones <= 9)
      return [{ to: place + 2 + joined, value: tens + ones }];
    if (tens <= 9 && isWord(scope, place + 1, "hundred")) return [{ to: place + 2, value: 100 * tens }];
    // "one dozen", "two dozen".
    if (isWord(scope, place + 1, "dozen", "docena", "docenas")) return [{ to: place + 2, value: tens * 12 }];
    if (isWord(scope, place + 1, "of", "de") && isWord(scope, place, "couple", "pair", "par"))
      return [{ to: place + 2, value: tens }];
    return [{ to: place + 1, value: tens }];
  },
};

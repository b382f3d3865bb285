import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { tokensOf } from "../text/tokens.ts";
import { longestPhrase, NO_PHRASE, NO_WORDS, phraseLinks, phrasesOf } from "./phrases.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 });

test("a phrase is followed word by word exactly where one of the table goes on so", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(word, { minLength: 1, maxLength: 3 }), { maxLength: 12 }),
      fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      (table, texts) => {
        const phrases = phrasesOf<string>();
        for (const keys of table) phrases.addKeys(keys, keys.join(""));
        const known = table.map((keys) => keys.join(""));
        for (const text of texts) {
          let beginning = NO_WORDS;
          let joined = "";
          for (const key of text) {
            joined += key;
            beginning = phrases.step(beginning, key);
            const goesOn = known.some((phrase) => phrase.startsWith(joined));
            expect(beginning !== NO_PHRASE).toBe(goesOn);
            if (!goesOn) break;
            expect(phrases.at(beginning)?.[0]).toBe(known.find((phrase) => phrase === joined));
          }
        }
      },
    ),
  );
});

test("a phrase that is added behind a look-up is found too", () => {
  const phrases = phrasesOf<number>();
  phrases.add("line cook", 1);
  expect(phrases.step(NO_WORDS, "lead")).toBe(NO_PHRASE);
  phrases.add("lead cook", 2);
  expect(phrases.at(phrases.step(phrases.step(NO_WORDS, "lead"), "cook"))).toEqual([2]);
});

test.each([
  ["fork-lift operators", "fork-lift operators"],
  ["c.n.a. needed", "c.n.a"],
  ["shipping and receiving clerk", "shipping and receiving clerk"],
  ["baker. clerk", undefined],
  ["cook, clerk", undefined],
  ["fork - lift", undefined],
])("%j has the phrase %j", (text, wanted) => {
  const phrases = phrasesOf<string>();
  for (const phrase of [
    "forklift operator",
    "cna",
    "shipping receiving clerk",
    "cook clerk",
    "baker clerk",
    "fork lift",
  ])
    phrases.add(phrase, phrase);
  const { tokens } = tokensOf(text);
  const found = longestPhrase(phrases, tokens, phraseLinks(tokens), 0);
  expect(found && text.slice(0, tokens[found.to - 1]?.end)).toBe(wanted);
});

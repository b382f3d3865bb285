import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { stem } from "./stem.ts";

// The examples that the paper gives for each step, carried through to the end of the algorithm.
const EXAMPLES: Readonly<Record<string, string>> = {
  // 1a
  caresses: "caress",
  ponies: "poni",
  ties: "ti",
  caress: "caress",
  cats: "cat",
  // 1b
  feed: "feed",
  agreed: "agre",
  plastered: "plaster",
  bled: "bled",
  motoring: "motor",
  sing: "sing",
  conflated: "conflat",
  troubled: "troubl",
  sized: "size",
  hopping: "hop",
  tanned: "tan",
  falling: "fall",
  hissing: "hiss",
  fizzed: "fizz",
  failing: "fail",
  filing: "file",
  // 1c
  happy: "happi",
  sky: "sky",
  // 2
  relational: "relat",
  conditional: "condit",
  rational: "ration",
  valenci: "valenc",
  hesitanci: "hesit",
  digitizer: "digit",
  conformabli: "conform",
  radicalli: "radic",
  differentli: "differ",
  vileli: "vile",
  analogousli: "analog",
  vietnamization: "vietnam",
  predication: "predic",
  operator: "oper",
  feudalism: "feudal",
  decisiveness: "decis",
  hopefulness: "hope",
  callousness: "callous",
  formaliti: "formal",
  sensitiviti: "sensit",
  sensibiliti: "sensibl",
  // 3
  triplicate: "triplic",
  formative: "form",
  formalize: "formal",
  electriciti: "electr",
  electrical: "electr",
  hopeful: "hope",
  goodness: "good",
  // 4
  revival: "reviv",
  allowance: "allow",
  inference: "infer",
  airliner: "airlin",
  gyroscopic: "gyroscop",
  adjustable: "adjust",
  defensible: "defens",
  irritant: "irrit",
  replacement: "replac",
  adjustment: "adjust",
  dependent: "depend",
  adoption: "adopt",
  homologou: "homolog",
  communism: "commun",
  activate: "activ",
  angulariti: "angular",
  homologous: "homolog",
  effective: "effect",
  bowdlerize: "bowdler",
  // 5
  probate: "probat",
  rate: "rate",
  cease: "ceas",
  controll: "control",
  roll: "roll",
  // the author's later changes
  possibly: "possibl",
  archaeology: "archaeolog",
  // y as both kinds of letter
  syzygy: "syzygi",
  toy: "toi",
  // words of the trade
  operators: "oper",
  housekeepers: "housekeep",
  housekeeping: "housekeep",
  landscaping: "landscap",
  landscapers: "landscap",
};

describe("stem", () => {
  for (const [word, expected] of Object.entries(EXAMPLES)) {
    test(`${word} -> ${expected}`, () => expect(stem(word)).toBe(expected));
  }

  test("short words, other scripts and mixed tokens come back unchanged", () => {
    for (const word of ["is", "as", "a", "", "naïve", "cnc3", "06", "厨师"]) expect(stem(word)).toBe(word);
  });

  test("never throws, never grows by more than the one e that step 1b restores", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from("abcdefghilmnoprstuvyz")), maxLength: 80 }),
        (word) => {
          const stemmed = stem(word);
          expect(stemmed.length).toBeLessThanOrEqual(word.length);
          expect(stemmed.length).toBeGreaterThanOrEqual(Math.min(1, word.length));
        },
      ),
    );
  });
});

// The parts of a ranking in words, what a text was read as, and judgements that a person gave.

import type { Searched } from "#contracts/matrix";
import { counted, dayOf, money, shiftTime } from "../parts/words.ts";

type Part = "role" | "place" | "title" | "lexical" | "dense";

/** In the order in which they decide. */
export const PARTS: readonly { readonly key: Part; readonly title: string; readonly means: string }[] = [
  { key: "role", title: "Role", means: "how likely the person's occupation is the one that is wanted" },
  { key: "place", title: "Place", means: "what the distance leaves of it" },
  { key: "title", title: "Title", means: "how near the person's own title is to the text" },
  {
    key: "lexical",
    title: "Words",
    means: "words of the text that stand in the row, rare ones counting more",
  },
  { key: "dense", title: "Meaning", means: "how near the row is in meaning, whatever its words" },
];

export const WEIGHT_WORDS: Readonly<Record<string, string>> = {
  title: "Title",
  lexical: "Words",
  dense: "Meaning",
  words: "How far words decide within one occupation",
  words_alone: "What words are worth without the occupation",
  role_power: "How sharply the occupation decides",
  rarity: "How far rare occupations go first",
  state: "Same state, beside being nearby",
  elsewhere: "Another state, beside being nearby",
};

/** The largest that each weight may be, as the contract has it. */
export const WEIGHT_MAX: Readonly<Record<string, number>> = {
  title: 100,
  lexical: 100,
  dense: 100,
  role_power: 8,
};

/** What the text was read as, in short phrases. */
export function readingOf({ role, slots, roles, exclude, person }: Searched["query"]): readonly string[] {
  const { headcount, city, state, miles, start, timezone, shift, pay, pay_unit, certifications, languages } =
    slots;
  const place = [city, state].filter((part) => part !== undefined).join(", ");
  return [
    role.role === null ? undefined : `${role.role} (${Math.round(role.confidence * 100)} % sure)`,
    headcount === undefined ? undefined : counted(headcount, "person", "people"),
    place === "" ? undefined : place,
    miles === undefined ? undefined : `within ${miles} miles`,
    start === undefined ? undefined : momentWords(start, timezone),
    shift,
    pay === undefined ? undefined : `${money(pay)} ${pay_unit === undefined ? "" : `a ${pay_unit}`}`.trim(),
    certifications?.join(", "),
    languages?.join(", "),
    person === undefined ? undefined : `the person ${person.name ?? person.id ?? ""}`,
    exclude === undefined ? undefined : `not ${exclude.roles.join(", ")}`,
    ...roles.map((other) => `also ${other.role}`),
  ].filter((phrase): phrase is string => phrase !== undefined && phrase !== "");
}

/** A day without an hour is a day; an hour whose zone is not known is left as it was written. */
function momentWords(start: string, zone: string | undefined): string {
  if (!start.includes("T")) return dayOf(`${start}T12:00:00Z`, "UTC");
  return zone === undefined ? start.slice(0, 16).replace("T", " ") : shiftTime(start, undefined, zone);
}

export interface Judgement {
  readonly query_text: string;
  readonly id: string;
  readonly grade: number;
}

export const GRADE_WORDS: readonly string[] = ["does not fit", "at most", "fits", "fits best"];

/** A pair of text and row has one grade: the last that was given. */
export function withJudgement(judgements: readonly Judgement[], given: Judgement): readonly Judgement[] {
  const others = judgements.filter(
    ({ query_text, id }) => query_text !== given.query_text || id !== given.id,
  );
  return [...others, given];
}

/** Lines `query,id,grade`, quoted as in a spreadsheet's CSV or with tabs; the first that cannot be read is named. */
export function judgementsIn(text: string): {
  readonly judgements: readonly Judgement[];
  readonly problem?: string;
} {
  const judgements: Judgement[] = [];
  const lines = text.split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "" || (index === 0 && /^"?query/i.test(line))) continue;
    const cells = line.includes("\t") ? line.split("\t") : commaCells(line);
    const [query = "", id = "", gradeText = ""] = cells.map((cell) => cell.trim());
    const grade = Number(gradeText);
    if (query === "" || id === "" || gradeText === "" || !(grade >= 0 && grade <= 10)) {
      return {
        judgements,
        problem: `Line ${index + 1} is not “query, id, grade from 0 to 10”: ${line.slice(0, 80)}`,
      };
    }
    judgements.push({ query_text: query, id, grade });
  }
  return { judgements };
}

function commaCells(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'),
  );
}

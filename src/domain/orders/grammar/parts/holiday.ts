// Holidays by their names (`tables/holidays.tsv`): on a date, on the nth weekday of a month (5: the last) with days after
// it, or by days from Easter.

import { listOf, readTable } from "#lib/tsv";
import table from "../../tables/holidays.tsv" with { type: "text" };
import { folded } from "../../text/words.ts";
import type { Day } from "../claim.ts";
import type { Scope } from "../pattern.ts";
import { at } from "./look.ts";

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

function dayOf(rule: string): Day {
  const [, fixedMonth, fixedDay] = /^(\d\d)-(\d\d)$/.exec(rule) ?? [];
  if (fixedMonth !== undefined) return { kind: "date", month: Number(fixedMonth), day: Number(fixedDay) };
  const [, easter] = /^easter (-?\d+)$/.exec(rule) ?? [];
  if (easter !== undefined) return { kind: "easter", plus: Number(easter) };
  const [, month, weekday = "", nth, plus] = /^(\d\d) (\w{3}) (\d)(?:\+(\d))?$/.exec(rule) ?? [];
  return {
    kind: "nth weekday",
    month: Number(month),
    weekday: WEEKDAYS.indexOf(weekday),
    nth: Number(nth),
    plus: Number(plus ?? 0),
  };
}

const HOLIDAYS: ReadonlyMap<string, Day> = new Map(
  readTable(table, ["rule", "names"]).flatMap(({ rule, names }) =>
    listOf(names).map((name) => [folded(name), dayOf(rule)] as const),
  ),
);
const WORDS_MAX = Math.max(...[...HOLIDAYS.keys()].map((name) => name.split(" ").length));
const FIRSTS: ReadonlySet<string> = new Set([...HOLIDAYS.keys()].map((name) => name.split(" ")[0] ?? ""));

/** What a holiday may begin with, as the first words of a part. */
export const HOLIDAY_FIRSTS: readonly string[] = [...FIRSTS].map((word) => `=${word}`);

/** The holiday of the longest name that begins here. */
export function holidayAt(scope: Scope, place: number): { to: number; value: Day } | undefined {
  if (!FIRSTS.has(at(scope, place)?.word ?? "")) return undefined;
  const words: string[] = [];
  const ends: number[] = [];
  for (let to = place; words.length < WORDS_MAX; to++) {
    const token = at(scope, to);
    // "St. Patrick's Day".
    if (token?.word === "." && token.glued && words.length === 1) continue;
    if (token?.kind !== "word") break;
    words.push(token.word);
    ends.push(to + 1);
  }
  for (; words.length > 0; words.pop()) {
    const value = HOLIDAYS.get(words.join(" "));
    const to = ends[words.length - 1];
    if (value !== undefined && to !== undefined) return { to, value };
  }
  return undefined;
}

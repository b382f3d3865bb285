// A time of day in the ways people write one: digits with and without their half of the day, military, in words.

import type { Clock } from "../claim.ts";
import type { Match, Part, Scope } from "../pattern.ts";
import { at, isWord, meaning } from "./look.ts";

/** What a named part of a pattern read. */
export function clockIn(match: Match, name: string): Clock | undefined {
  return match.part(name) as Clock | undefined;
}

/** A time of day: "6", "6am", "6:30 p.m.", "0700", "330", "noon", "6 de la mañana", "7 in the morning". */
export const clock: Part = {
  first: ["#number", "noon", "number", "=half", "=quarter"],
  parse: (scope, place) => {
    const noon = meaning(scope, place, "noon");
    if (noon !== undefined)
      return [{ to: place + 1, value: { minutes: Number(noon), sure: true } satisfies Clock }];
    const read = pastHour(scope, place) ?? hourAt(scope, place) ?? wordHour(scope, place);
    if (read === undefined) return [];
    const half = halfAt(scope, read.to);
    if (half !== undefined) {
      const minutes = inHalf(read.minutes, half.value);
      return minutes === undefined ? [] : [{ to: half.to, value: { minutes, sure: true } satisfies Clock }];
    }
    if (read.dotted) return [];
    // "6 o'clock", "0600 hrs", "14h", "6ish".
    const named =
      isWord(scope, read.to, "oclock") ||
      (read.compact && isWord(scope, read.to, "hrs", "hours", "h")) ||
      (at(scope, read.to)?.glued === true && isWord(scope, read.to, "h", "ish"));
    const end = named ? read.to + 1 : read.to;
    const bare = read.bare === true || (end === place + 1 && /^\d{1,2}$/.test(at(scope, place)?.text ?? ""));
    return [
      {
        to: end,
        value: { minutes: read.minutes, sure: read.sure, ...(bare ? { bare } : {}) } satisfies Clock,
      },
    ];
  },
};

interface Hour {
  readonly minutes: number;
  readonly to: number;
  /** Said so that only one moment of the day can be meant. */
  readonly sure: boolean;
  readonly compact: boolean;
  readonly dotted: boolean;
  /** A number alone, which may count anything. */
  readonly bare?: boolean;
}

/** "half past six", "quarter to 7", "6 y media", and what is left of the hour. */
function pastHour(scope: Scope, place: number): Hour | undefined {
  const part = isWord(scope, place, "half") ? 30 : isWord(scope, place, "quarter") ? 15 : 0;
  if (part > 0) {
    const to = isWord(scope, place + 1, "to", "til", "till", "of", "before");
    if (!to && !isWord(scope, place + 1, "past", "after"))
      return part === 30 ? halfHour(scope, place + 1) : undefined;
    const whole = hourAt(scope, place + 2) ?? wordHour(scope, place + 2);
    if (whole === undefined) return undefined;
    const minutes = (whole.minutes + (to ? -part : part) + 1440) % 1440;
    return { ...whole, minutes, bare: false };
  }
  const whole = hourAt(scope, place) ?? wordHour(scope, place);
  if (whole === undefined || !isWord(scope, whole.to, "y")) return undefined;
  const more = isWord(scope, whole.to + 1, "media") ? 30 : isWord(scope, whole.to + 1, "cuarto") ? 15 : 0;
  return more === 0 ? undefined : { ...whole, minutes: whole.minutes + more, to: whole.to + 2, bare: false };
}

/** "half two", as the British say half past two. */
function halfHour(scope: Scope, place: number): Hour | undefined {
  const whole = wordHour(scope, place);
  return whole?.bare === true ? { ...whole, minutes: whole.minutes + 30, bare: false } : undefined;
}

const MINUTE_WORDS: Readonly<Record<string, number>> = { fifteen: 15, thirty: 30 };
/** Words that count things and never hours. */
const NO_HOURS: ReadonlySet<string> = new Set([
  "dozen",
  "docena",
  "couple",
  "pair",
  "par",
  "single",
  "a",
  "un",
]);

/** "six", "seven thirty": hours in words, which may count anything as well. */
function wordHour(scope: Scope, place: number): Hour | undefined {
  const word = at(scope, place)?.word ?? "";
  const hours = Number(meaning(scope, place, "number"));
  if (!(hours >= 1 && hours <= 12) || NO_HOURS.has(word)) return undefined;
  const minutes = MINUTE_WORDS[at(scope, place + 1)?.word ?? ""];
  const to = place + (minutes === undefined ? 1 : 2);
  return hour(hours, minutes ?? 0, to, { bare: minutes === undefined });
}

function hourAt(scope: Scope, place: number): Hour | undefined {
  const token = at(scope, place);
  if (token?.kind !== "number") return undefined;
  const { text } = token;
  const dotted = /^(\d{1,2})\.([0-5]\d)$/.exec(text);
  if (dotted !== null) return hour(Number(dotted[1]), Number(dotted[2]), place + 1, { dotted: true });
  if (/^\d{1,2}$/.test(text)) {
    const colon = at(scope, place + 1);
    const minutes = at(scope, place + 2);
    if (colon?.word === ":" && colon.glued && minutes?.glued === true && /^[0-5]\d$/.test(minutes.text)) {
      const long = text.length === 2 && text.startsWith("0");
      return hour(Number(text), Number(minutes.text), place + 3, { sure: long || Number(text) > 12 });
    }
    return hour(Number(text), 0, place + 1, { sure: Number(text) > 12 });
  }
  const compact = /^(\d{1,2})([0-5]\d)$/.exec(text);
  if (compact === null) return undefined;
  const sure = text.startsWith("0") || Number(compact[1]) > 12;
  return hour(Number(compact[1]), Number(compact[2]), place + 1, { sure, compact: true });
}

function hour(hours: number, minutes: number, to: number, form: Partial<Hour>): Hour | undefined {
  if (hours > 24 || (hours === 24 && minutes > 0)) return undefined;
  return { minutes: (hours % 24) * 60 + minutes, to, sure: false, compact: false, dotted: false, ...form };
}

function halfAt(scope: Scope, place: number): { to: number; value: "a" | "p" } | undefined {
  const token = at(scope, place);
  if (token === undefined) return undefined;
  const { word, glued } = token;
  if (word === "am" || word === "pm") return { to: place + 1, value: word === "am" ? "a" : "p" };
  // A letter alone is a half of the day only right behind the number: "5a", but "5 a day".
  if ((word === "a" || word === "p") && (glued || isWord(scope, place + 1, "."))) {
    const dotted = isWord(scope, place + 1, ".") && isWord(scope, place + 2, "m");
    if (dotted) return { to: place + (isWord(scope, place + 3, ".") ? 4 : 3), value: word };
    return glued ? { to: place + 1, value: word } : undefined;
  }
  // "6 de la mañana", "7 in the morning", "10 at night".
  const lead =
    isWord(scope, place, "de", "in") && isWord(scope, place + 1, "la", "the")
      ? 2
      : isWord(scope, place, "at")
        ? 1
        : 0;
  if (lead === 0) return undefined;
  if (isWord(scope, place + lead, "manana", "morning", "madrugada"))
    return { to: place + lead + 1, value: "a" };
  if (isWord(scope, place + lead, "tarde", "noche", "afternoon", "evening", "night"))
    return { to: place + lead + 1, value: "p" };
  return undefined;
}

function inHalf(minutes: number, half: "a" | "p"): number | undefined {
  if (minutes >= 13 * 60 || minutes < 0) return undefined;
  const morning = minutes % 720;
  return half === "p" ? morning + 720 : morning;
}

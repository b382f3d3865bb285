// Why a trace is a hit, in one sentence for a person: what matched, how it has done, how old it is.

import type { Moment } from "../moments.ts";
import type { Ranked } from "./score.ts";

const WORDS_NAMED_MAX = 6;
const DAY_MICROS = 86_400_000_000;

export interface WhyInput {
  readonly ranked: Ranked;
  /** Words of the query that its text has, as they were typed. */
  readonly matched: readonly string[];
  readonly speaker: string | undefined;
  readonly recordedAt: Moment;
  readonly retiredReason: string | undefined;
  readonly now: Moment;
}

export function whyOf({ ranked, matched, speaker, recordedAt, retiredReason, now }: WhyInput): string {
  const { byContext, cosine, isNamed, saidWhen, record } = ranked;
  const fits = [
    ...(matched.length > 0 ? [`has ${listed(matched)}`] : []),
    ...(byContext ? ["stands beside turns that match"] : []),
    ...(matched.length === 0 && !byContext && cosine > 0 ? ["is near in meaning"] : []),
    ...(isNamed && speaker !== undefined ? [`is said by ${speaker}`] : []),
    ...(saidWhen ? ["says when"] : []),
  ];
  const { uses, sum, lastAt } = record;
  const done =
    uses === 0
      ? "not tried yet"
      : `worked in ${Number(sum.toFixed(1))} of ${uses} ${uses === 1 ? "use" : "uses"}, the last ${ago(now - (lastAt ?? now))}`;
  const retired = retiredReason === undefined ? "" : `; retired: ${retiredReason.replace(/\.$/, "")}`;
  const text = `${fits.join(", ")}; ${done}; recorded ${ago(now - recordedAt)}${retired}.`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function listed(words: readonly string[]): string {
  const named = words.slice(0, WORDS_NAMED_MAX).map((word) => `“${word}”`);
  return named.length === 1 ? (named[0] ?? "") : `${named.slice(0, -1).join(", ")} and ${named.at(-1) ?? ""}`;
}

function ago(micros: number): string {
  const days = Math.floor(micros / DAY_MICROS);
  if (days <= 0) return "today";
  if (days === 1) return "yesterday";
  return days < 60 ? `${days} days ago` : `${Math.floor(days / 30)} months ago`;
}

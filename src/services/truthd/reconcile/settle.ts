// Which of several contradicting values holds, by the rule of the attribute: the ranking of sources, then what most of them
// say, then recency; the first that decides. How recent a claim is counts relative to the newest one, so the outcome does
// not change as time passes: only new claims, rules and decisions change it.

import type { Belief, TruthRule } from "#contracts/truth";
import { byObservation, compareText, type StatedClaim } from "./voices.ts";

/** Voices that agree. */
export interface Group {
  readonly key: string;
  readonly voices: readonly StatedClaim[];
}

export interface Settled {
  readonly group: Group;
  /** `none` where nothing decided: the group is the likeliest one. */
  readonly rule: Extract<Belief["rule"], "sources" | "majority" | "half_life" | "none">;
}

/** One claim outweighs another when it counts twice as much, as it does when it is newer by a half-life. */
const RECENCY_MARGIN = 2;
const DAY_MS = 86_400_000;

/** Of at least two groups. */
export function settle(groups: readonly Group[], rule: TruthRule | undefined): Settled {
  const trusted = mostTrusted(groups, rule?.sources ?? []);
  const [only] = trusted;
  if (trusted.length === 1 && only !== undefined) return { group: only, rule: "sources" };
  if (rule?.majority === true) {
    const most = majorityOf(trusted);
    if (most !== undefined) return { group: most, rule: "majority" };
  }
  const likeliest = likeliestFirst(trusted, rule);
  const [first, second] = likeliest;
  if (first === undefined) throw new TypeError("there is nothing to settle");
  const clear =
    second === undefined ||
    weightOf(first, trusted, rule) >= RECENCY_MARGIN * weightOf(second, trusted, rule);
  return { group: first, rule: rule?.half_life_days !== undefined && clear ? "half_life" : "none" };
}

/** The groups that the highest ranking source among all supports; all of them where no ranked source speaks. */
function mostTrusted(groups: readonly Group[], ranking: readonly string[]): readonly Group[] {
  for (const source of ranking) {
    const supported = groups.filter(({ voices }) => voices.some((voice) => voice.source === source));
    if (supported.length > 0) return supported;
  }
  return groups;
}

function majorityOf(groups: readonly Group[]): Group | undefined {
  const sources = new Set(groups.flatMap(({ voices }) => voices.map(({ source }) => source)));
  return groups.find((group) => sourcesOf(group) * 2 > sources.size && isAlone(group, groups));
}

/** A source that contradicts itself counts for none of its values. */
function isAlone(group: Group, groups: readonly Group[]): boolean {
  const own = new Set(group.voices.map(({ source }) => source));
  const others = groups.filter((other) => other !== group);
  const shared = others.flatMap(({ voices }) => voices.filter(({ source }) => own.has(source)));
  return shared.length === 0;
}

function sourcesOf({ voices }: Group): number {
  return new Set(voices.map(({ source }) => source)).size;
}

/** By weight, number of sources, newest observation and, where all of these are equal, by what is said. */
function likeliestFirst(groups: readonly Group[], rule: TruthRule | undefined): Group[] {
  return [...groups].sort(
    (a, b) =>
      weightOf(b, groups, rule) - weightOf(a, groups, rule) ||
      sourcesOf(b) - sourcesOf(a) ||
      newestMs(b.voices) - newestMs(a.voices) ||
      compareText(a.key, b.key),
  );
}

function weightOf({ voices }: Group, all: readonly Group[], rule: TruthRule | undefined): number {
  const atMs = newestMs(all.flatMap((group) => group.voices));
  return voices.reduce((sum, voice) => sum + voice.confidence * decayed(voice, atMs, rule), 0);
}

/** 1 for what was observed at `atMs`, half of it for each half-life before. */
export function decayed({ observedMs }: StatedClaim, atMs: number, rule: TruthRule | undefined): number {
  if (rule?.half_life_days === undefined) return 1;
  const ageDays = Math.max(0, atMs - observedMs) / DAY_MS;
  return 2 ** (-ageDays / rule.half_life_days);
}

export function newestMs(voices: readonly StatedClaim[]): number {
  return voices.reduce((newest, { observedMs }) => Math.max(newest, observedMs), -Infinity);
}

/** The voice whose spelling of the value is shown: of the highest ranking source, the newest. */
export function speakerOf({ voices }: Group, rule: TruthRule | undefined): StatedClaim {
  const rank = ({ source }: StatedClaim): number => {
    const at = (rule?.sources ?? []).indexOf(source);
    return at === -1 ? Infinity : at;
  };
  const [first] = [...voices].sort((a, b) => {
    const [ranked, other] = [rank(a), rank(b)];
    return ranked === other ? byObservation(a, b) : ranked - other;
  });
  if (first === undefined) throw new TypeError("a group has a voice");
  return first;
}

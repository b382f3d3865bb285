// What holds of an attribute, from all that was claimed about it, its rule, and a person's decision. A pure function of
// these and of the time at which it is asked: the same claims give the same result in whatever order they came, byte by
// byte, and what was believed at an earlier time is computed from what was recorded until then.

import type { Belief, Decision, TruthRule } from "#contracts/truth";
import type { Comparison } from "./comparison.ts";
import { decayed, type Group, newestMs, settle, speakerOf } from "./settle.ts";
import { bySource, type StatedClaim, voicesOf } from "./voices.ts";

export interface Case {
  /** At least one, or a decision. */
  readonly claims: readonly StatedClaim[];
  readonly rule: TruthRule | undefined;
  readonly comparison: Comparison;
  /** The newest one. */
  readonly decision: Decision | undefined;
  readonly nowMs: number;
}

/** What a source that is sure of itself counts for: none is always right. */
const RELIABILITY = 0.9;
/** A claim that counts a quarter of what it did is to be asked for again. */
const STALE_HALF_LIVES = 2;
const DAY_MS = 86_400_000;

export function reconcile({ claims, rule, comparison, decision, nowMs }: Case): Belief {
  const { agree, normalise } = comparison;
  const sources = bySource(claims);
  const { speaking, withdrawn } = voicesOf(sources, (value) => normalise(value).key);
  if (decision !== undefined) {
    const atMs = Date.parse(decision.at);
    const agreeing = speaking.filter(({ value }) => agree(value, decision.value));
    const against = speaking.filter((voice) => !agreeing.includes(voice));
    if (against.every(({ observedMs }) => observedMs <= atMs))
      return decided(decision, agreeing, against, normalise);
  }

  const groups = groupsOf(speaking, comparison);
  const reopened = decision === undefined ? {} : { reopened: withoutPlace(decision) };
  const [first] = groups;
  if (first === undefined) {
    return {
      value: null,
      status: isStale(withdrawn, rule, nowMs) ? "stale" : "agreed",
      confidence: confidenceIn(withdrawn, [], rule, nowMs),
      rule: withdrawn.length === 1 ? "single" : "agreement",
      supporting: withdrawn.map(voiceOf),
      dissenting: [],
      since: timeText(Math.min(...withdrawn.map(({ observedMs }) => observedMs))),
      ...reopened,
    };
  }
  const settled =
    groups.length > 1
      ? settle(groups, rule)
      : { group: first, rule: first.voices.length === 1 ? ("single" as const) : ("agreement" as const) };
  const { group } = settled;
  const dissenting = speaking.filter((voice) => !group.voices.includes(voice));
  const isOpen = settled.rule === "none" || decision !== undefined;
  return {
    value: comparison.normalise(speakerOf(group, rule).value ?? "").shown,
    status: isOpen
      ? "conflict"
      : isStale(group.voices, rule, nowMs)
        ? "stale"
        : groups.length > 1
          ? "resolved"
          : "agreed",
    confidence: confidenceIn(group.voices, dissenting, rule, nowMs),
    rule: isOpen ? "none" : settled.rule,
    supporting: group.voices.map(voiceOf),
    dissenting: dissenting.map(voiceOf),
    since: timeText(since(group, sources, agree)),
    ...reopened,
  };
}

function decided(
  { value, decision_id, actor, reason, at }: Decision,
  agreeing: readonly StatedClaim[],
  against: readonly StatedClaim[],
  normalise: Comparison["normalise"],
): Belief {
  return {
    value: value === null ? null : normalise(value).shown,
    status: "decided",
    confidence: 1,
    rule: "decision",
    supporting: agreeing.map(voiceOf),
    dissenting: against.map(voiceOf),
    since: at,
    decision: { decision_id, actor, reason, at },
  };
}

/** In an order that follows from the voices' own. */
function groupsOf(speaking: readonly StatedClaim[], comparison: Comparison): readonly Group[] {
  const keys = comparison.keys(speaking.map(({ value }) => value).filter((value) => value !== null));
  const groups = new Map<string, { key: string; voices: StatedClaim[] }>();
  for (const voice of speaking) {
    const key = voice.value === null ? "" : (keys.get(voice.value) ?? "");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { key, voices: [voice] });
    else group.voices.push(voice);
  }
  return [...groups.values()];
}

/**
 * The chance that at least one supporting voice is right, if they err independently, times their share of all that
 * is said. Four digits.
 */
function confidenceIn(
  supporting: readonly StatedClaim[],
  dissenting: readonly StatedClaim[],
  rule: TruthRule | undefined,
  nowMs: number,
): number {
  const chance = (voice: StatedClaim): number => RELIABILITY * voice.confidence * decayed(voice, nowMs, rule);
  const sum = (voices: readonly StatedClaim[]): number =>
    voices.reduce((total, voice) => total + chance(voice), 0);
  const right = 1 - supporting.reduce((wrong, voice) => wrong * (1 - chance(voice)), 1);
  const own = sum(supporting);
  return own === 0 ? 0 : Math.round(right * (own / (own + sum(dissenting))) * 10_000) / 10_000;
}

function isStale(voices: readonly StatedClaim[], rule: TruthRule | undefined, nowMs: number): boolean {
  if (rule?.half_life_days === undefined) return false;
  return nowMs - newestMs(voices) > STALE_HALF_LIVES * rule.half_life_days * DAY_MS;
}

/** The earliest moment from which a supporting source has said so, and nothing else, until now. */
function since(
  { voices }: Group,
  sources: ReadonlyMap<string, readonly StatedClaim[]>,
  agree: Comparison["agree"],
): number {
  const starts = voices.map(({ source, value, observedMs }) => {
    const claims = sources.get(source) ?? [];
    const isSame = (claim: StatedClaim): boolean => agree(claim.value, value);
    // Said at that very moment, something else is a contradiction of its own and no interruption.
    const before = newestMs(claims.filter((claim) => claim.observedMs < observedMs && !isSame(claim)));
    const run = claims.filter((claim) => claim.observedMs > before && isSame(claim));
    return Math.min(...run.map((claim) => claim.observedMs));
  });
  return Math.min(...starts);
}

function voiceOf({
  value,
  source,
  observedMs,
  confidence,
  evidence,
}: StatedClaim): Belief["supporting"][number] {
  return {
    source,
    value,
    observed_at: timeText(observedMs),
    confidence,
    ...(evidence === undefined ? {} : { evidence }),
  };
}

function withoutPlace({
  entity: _entity,
  attribute: _attribute,
  ...decision
}: Decision): NonNullable<Belief["reopened"]> {
  return decision;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

// How well an outcome speaks of a person for an order, 0 to 1. Those that say nothing about the next time have no score.

import type { OutcomeResult } from "#contracts/fill";

const SCORES: Readonly<Partial<Record<OutcomeResult, number>>> = {
  completed: 1,
  late_cancel: 0.2,
  no_show: 0,
  blocked: 0,
};

const RATING_MAX = 5;

export function scoreOf(result: OutcomeResult, rating: number | undefined): number | undefined {
  if (result === "completed" && rating !== undefined) return (rating - 1) / (RATING_MAX - 1);
  return SCORES[result];
}

// The gates before a canary: conditions that must hold before this house answers callers, each with its number. They
// are judged by what was compared in shadow; where nothing was, none holds.

import type { Random } from "#lib/random";
import type { Tally } from "../shadow/tally.ts";
import type { GateLimits } from "./limits.ts";
import { p99RatioUpper, wilsonUpper } from "./statistics.ts";

export interface Gate {
  readonly name: "differences" | "latency" | "errors" | "shapes" | "hours";
  readonly ok: boolean;
  /** With its number and the limit. */
  readonly text: string;
}

const HOUR_MS = 3_600_000;

export async function gatesOf(
  tally: Tally,
  limits: GateLimits,
  now: number,
  random: Random,
): Promise<Gate[]> {
  // First, for it takes its time, in which more is compared.
  const ratio = await p99RatioUpper(tally.pairs, random);
  const { compared, different, errors, shapes, since } = tally;
  const differing = wilsonUpper(different, compared);
  const unseen = [...shapes.values()].filter((shape) => shape.compared === 0).length;
  const hours = (now - since) / HOUR_MS;
  const { diff_rate_max, p99_ratio_max, hours_min } = limits;
  return [
    {
      name: "differences",
      ok: differing <= diff_rate_max,
      text: `${different} of ${compared} compared calls differ: at most ${percent(differing)} at 95 %, limit ${percent(diff_rate_max)}`,
    },
    {
      name: "latency",
      ok: ratio <= p99_ratio_max,
      text: `p99 here is at most ${ratio.toFixed(2)} times that of the upstream at 95 %, limit ${p99_ratio_max.toFixed(2)}`,
    },
    {
      name: "errors",
      ok: errors.here <= errors.there,
      text: `${errors.here} failures here, ${errors.there} of the upstream`,
    },
    {
      name: "shapes",
      ok: shapes.size > 0 && unseen === 0,
      text: `${shapes.size - unseen} of ${shapes.size} shapes of requests were compared`,
    },
    {
      name: "hours",
      ok: hours >= hours_min,
      text: `compared for ${hours.toFixed(2)} hours, at least ${hours_min}`,
    },
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.01 ? 3 : 1)} %`;
}

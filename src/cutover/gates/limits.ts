// What must hold before a route goes to `canary` or `primary`, as numbers with their reasons.

import { z } from "zod";

export const gateLimits = z.strictObject({
  /** Of compared calls, that may differ: 3,000 without a difference show 0.1 % at 95 %. */
  diff_rate_max: z.number().min(0).max(1),
  /** p99 of this house against that of the upstream, on the same calls. */
  p99_ratio_max: z.number().min(0.1).max(100),
  /** A day has hours of its own; one must be seen at least. */
  hours_min: z
    .number()
    .min(0)
    .max(24 * 365),
  /** Of calls that are compared in shadow, beyond the first of each shape. */
  compared_share: z.number().min(0).max(1),
});
export type GateLimits = z.infer<typeof gateLimits>;

const GATE_LIMITS: GateLimits = {
  diff_rate_max: 0.001,
  p99_ratio_max: 1.1,
  hours_min: 1,
  compared_share: 0.1,
};

/** Those that were set, and the standard ones for the rest. */
export function limitsOf(given: { readonly [K in keyof GateLimits]?: number | undefined } = {}): GateLimits {
  return {
    diff_rate_max: given.diff_rate_max ?? GATE_LIMITS.diff_rate_max,
    p99_ratio_max: given.p99_ratio_max ?? GATE_LIMITS.p99_ratio_max,
    hours_min: given.hours_min ?? GATE_LIMITS.hours_min,
    compared_share: given.compared_share ?? GATE_LIMITS.compared_share,
  };
}

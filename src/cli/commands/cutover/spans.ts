// Flags of the cutover's commands that are a span of time or a rate.

import { UsageProblem } from "../../failure.ts";

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `90s`, `10m`, `2h`. */
export function spanMs(flag: string, text: string): number {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Math.round(Number(amount) * (UNITS_MS[unit] ?? 0));
  if (ms < 1) throw new UsageProblem(`${flag} is a time such as 90s, 10m or 2h, not ${text}.`);
  return ms;
}

const RATE_MAX = 100;

/** 2 of `2x` or `2`. */
export function rateOf(flag: string, text: string): number {
  const [, amount = ""] = /^(\d+(?:\.\d+)?)x?$/.exec(text) ?? [];
  const rate = Number(amount);
  if (amount === "" || !(rate > 0 && rate <= RATE_MAX))
    throw new UsageProblem(
      `${flag} is how many times as fast, such as 2x, at most ${RATE_MAX}x; not ${text}.`,
    );
  return rate;
}

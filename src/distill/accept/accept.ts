// Acceptance: the invariants of distillation over a root that is made for it, and for each a planted breach that it must
// find. Nothing of a user's root is read.

import { copied, type Fixture, withFixture } from "./fixture.ts";
import { EXPORT_INVARIANTS } from "./export-invariants.ts";
import { FILES_INVARIANTS } from "./files-invariants.ts";
import { FIREWALL_INVARIANTS } from "./firewall-invariants.ts";
import type { Run } from "../run.ts";
import type { Acceptance, Accepted, BreachFound } from "../schemas/acceptance.ts";
import type { Invariant, Problems } from "./invariant.ts";
import { POLICY_INVARIANTS } from "./policy-invariants.ts";
import { RUN_INVARIANTS } from "./run-invariants.ts";

export const INVARIANTS: readonly Invariant[] = [
  ...FILES_INVARIANTS,
  ...RUN_INVARIANTS,
  ...FIREWALL_INVARIANTS,
  ...EXPORT_INVARIANTS,
  ...POLICY_INVARIANTS,
];

/** `withBreaches` also plants each breach, one at a time in a copy of the fixture. */
export function accept(
  withBreaches: boolean,
  onProgress: Run["onProgress"],
): Promise<Pick<Acceptance, "invariants" | "breaches">> {
  return withFixture(async (fixture) => {
    const total = INVARIANTS.length * (withBreaches ? 2 : 1);
    const invariants: Accepted[] = [];
    for (const { name, proves, check } of INVARIANTS) {
      const problems = await problemsOf(check, fixture);
      invariants.push({
        invariant: name,
        proves,
        result: problems.length === 0 ? "pass" : "fail",
        problems: [...problems],
      });
      onProgress?.(invariants.length, total);
    }
    if (!withBreaches) return { invariants };
    const breaches: BreachFound[] = [];
    for (const [at, { name, check, breach }] of INVARIANTS.entries()) {
      const copy = copied(fixture);
      const planted: Fixture = { ...copy, ...breach.plant(copy) };
      const problems = await problemsOf(check, planted);
      const found = problems.length > 0 && invariants[at]?.result === "pass";
      breaches.push({ invariant: name, breach: breach.name, found, problems: [...problems] });
      onProgress?.(invariants.length + breaches.length, total);
    }
    return { invariants, breaches };
  });
}

/** A check that cannot even be made is one that found something. */
async function problemsOf(check: Invariant["check"], fixture: Fixture): Promise<Problems> {
  try {
    return await check(fixture);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

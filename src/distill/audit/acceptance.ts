// Phase 6 of an audit: what the newest acceptance of these rules found.

import { jsonOr } from "#lib/json-or";
import { join } from "node:path";
import { readIfThere } from "#lib/durable";
import { ACCEPTANCE_FILE, entriesOf, REPORTS_FOLDER } from "../root.ts";
import { type Acceptance, acceptance } from "../schemas/acceptance.ts";
import { SCORER_VERSION } from "../score/scorers.ts";
import { TERMS_SHA256 } from "../score/terms.ts";

/** Why phase 6 of an audit is skipped, or the invariants that the newest acceptance found broken. */
export async function acceptanceFound(root: string): Promise<string | string[]> {
  let newest: Acceptance | undefined;
  for (const { name } of await entriesOf(join(root, REPORTS_FOLDER))) {
    const text = await readIfThere(join(root, REPORTS_FOLDER, name, ACCEPTANCE_FILE));
    if (text === undefined) continue;
    const read = acceptance.safeParse(jsonOr(text));
    if (!read.success) return [`${name}/${ACCEPTANCE_FILE} is no acceptance.v1`];
    if (newest === undefined || newest.ended_at <= read.data.ended_at) newest = read.data;
  }
  if (newest === undefined)
    return "there was no acceptance: run the stage accept, or lakehouse distill accept";
  if (newest.scorer_version !== SCORER_VERSION || newest.terms_sha256 !== TERMS_SHA256)
    return "the last acceptance was of other rules or terms: run the stage accept, or lakehouse distill accept";
  return brokenIn(newest);
}

/** Invariants that do not hold, and planted breaches that were not found. */
export function brokenIn({ invariants, breaches = [] }: Acceptance): string[] {
  return [
    ...invariants.filter(({ result }) => result === "fail").map(({ invariant }) => invariant),
    ...breaches.filter(({ found }) => !found).map(({ breach }) => `not found: ${breach}`),
  ];
}

// `acceptance.v1`: what `lakehouse distill accept` found, as it lies beside the receipts of a root.

import { z } from "zod";
import { moment, sha256 } from "./shapes.ts";

const accepted = z.object({
  invariant: z.string(),
  proves: z.string(),
  result: z.enum(["pass", "fail"]),
  problems: z.array(z.string()),
});
export type Accepted = z.infer<typeof accepted>;

const breachFound = z.object({
  invariant: z.string(),
  breach: z.string(),
  found: z.boolean().describe("Whether the invariant, which holds without the breach, fails with it"),
  problems: z.array(z.string()).describe("What the invariant said of the breach"),
});
export type BreachFound = z.infer<typeof breachFound>;

export const acceptance = z.looseObject({
  schema: z.literal("acceptance.v1"),
  run_id: z.string(),
  started_at: moment,
  ended_at: moment,
  git_commit: z.string().nullable(),
  /** Of which rules and which terms it is an acceptance. */
  scorer_version: z.string(),
  terms_sha256: sha256,
  invariants: z.array(accepted),
  breaches: z.array(breachFound).optional(),
});
export type Acceptance = z.infer<typeof acceptance>;

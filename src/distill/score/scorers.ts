// Every version of the scorer that rows were scored by. Each stays runnable.

import { Fault } from "#rpc/fault";
import type { Scorer } from "./rule.ts";
import { RULES_V1 } from "./rules-v1.ts";

const SCORERS: readonly Scorer[] = [RULES_V1];
export const SCORER_VERSION = "1";

export function scorerOf(version: string): Scorer {
  const scorer = SCORERS.find((each) => each.version === version);
  if (scorer === undefined)
    throw new Fault(
      "invalid",
      `There is no scorer version ${version}; there are ${SCORERS.map((each) => each.version).join(", ")}.`,
    );
  return scorer;
}

// Every check of the house, as the API and the documents list them.

import type { ArtifactKind } from "#contracts/validate";
import type { CheckTraits, NamedCheck } from "./check.ts";
import { EMAIL_CHECKS } from "./email/table.ts";
import { FILL_CHECKS } from "./fill/table.ts";
import { PLAYBOOK_CHECKS } from "./playbook/table.ts";

const TABLES: Readonly<Record<ArtifactKind, readonly CheckTraits[]>> = {
  fill: FILL_CHECKS,
  email: EMAIL_CHECKS,
  playbook: PLAYBOOK_CHECKS,
};

export const CHECKS: readonly NamedCheck[] = (
  Object.entries(TABLES) as [ArtifactKind, readonly CheckTraits[]][]
).flatMap(([artifact, table]) =>
  table.map(({ code, kind, severity, tests, law }) => ({
    code,
    artifact,
    kind,
    severity,
    tests,
    ...(law === undefined ? {} : { law }),
  })),
);

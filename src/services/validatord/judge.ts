// The verdict on one artifact: which checks are made of it, and what they find.

import type { ArtifactKind, Context, Validated } from "#contracts/validate";
import type { Clock } from "#lib/clock";
import { typeOf } from "./checks/fill/subject.ts";
import { findingOf } from "./checks/check.ts";
import { checkEmail } from "./checks/email/run.ts";
import { checkFill, type World } from "./checks/fill/run.ts";
import { Findings } from "./checks/findings.ts";
import { schema as fillSchema } from "./checks/fill/whole.ts";
import { knowledge } from "./knowledge.ts";
import type { Rosters } from "./roster/rosters.ts";
import type { Wages } from "./wages.ts";

export interface JudgeDeps {
  readonly rosters: Rosters;
  readonly wages: () => Promise<Wages>;
  readonly clock: Clock;
}

export interface Judged {
  readonly kind: ArtifactKind;
  readonly artifact?: unknown;
  readonly context?: Context | undefined;
  readonly roster?: string | undefined;
}

export type Judge = (judged: Judged) => Promise<Validated>;

export function createJudge({ rosters, wages, clock }: JudgeDeps): Judge {
  return async ({ kind, artifact, context = {}, roster: name }) => {
    const started = performance.now();
    const [lookup, know, paid] = await Promise.all([rosters.use(name), knowledge(), wages()]);
    const now = context.now === undefined ? clock.now() : Date.parse(context.now);
    const world: World = { lookup, know, wages: paid, now };
    const findings = new Findings();
    if (typeof artifact !== "object" || artifact === null || Array.isArray(artifact)) {
      findings.checked(`${kind}.schema`);
      const tell = { path: "", message: "the artifact must be an object", actual: typeOf(artifact) };
      findings.put(findingOf({ ...fillSchema, code: `${kind}.schema` }, tell), 0);
    } else if (kind === "fill") checkFill(artifact as Record<string, unknown>, context, world, findings);
    else if (kind === "email") checkEmail(artifact as Record<string, unknown>, context, world, findings);
    const found = findings.inOrder();
    return {
      ok: found.every(({ severity }) => severity !== "error"),
      kind,
      findings: found,
      checked: findings.codes,
      roster_version: lookup.version,
      took_ms: performance.now() - started,
    };
  };
}

// The verdict on one artifact: which checks and declared rules are made of it, and what they find. Nothing but code
// decides.

import type { ArtifactKind, Context, Validated } from "#contracts/validate";
import type { Clock } from "#lib/clock";
import type { CallInit } from "#rpc/call";
import { checkEmail } from "./checks/email/run.ts";
import { checkFill, type World } from "./checks/fill/run.ts";
import { typeOf } from "./checks/fill/subject.ts";
import { Findings } from "./checks/findings.ts";
import { checkPlaybook } from "./checks/playbook/run.ts";
import { CHECKS } from "./checks/table.ts";
import { knowledge } from "./knowledge.ts";
import { type PlaybookNeighbours, playbookSources } from "./playbook-sources.ts";
import type { Rosters } from "./roster/rosters.ts";
import { type PathOfWorker, type Rules, ruleValues } from "./rules/rules.ts";
import type { Wages } from "./wages.ts";

export interface JudgeDeps extends PlaybookNeighbours {
  readonly rosters: Rosters;
  readonly wages: () => Promise<Wages>;
  readonly rules: Rules;
  readonly clock: Clock;
}

export interface Judged {
  readonly kind: ArtifactKind;
  readonly artifact?: unknown;
  readonly context?: Context | undefined;
  readonly roster?: string | undefined;
}

export type Judge = (judged: Judged, call: CallInit) => Promise<Validated>;

/** The workers that an artifact is about, and where each stands in it. */
interface About {
  readonly ids: readonly string[];
  readonly pathOf: PathOfWorker;
}

function aboutOne(id: string, path: string): About {
  return { ids: id === "" ? [] : [id], pathOf: () => ({ path, row: -1 }) };
}

/** Declared rules come after the table's checks. */
const AFTER_TABLE = 1000;

export function createJudge(deps: JudgeDeps): Judge {
  const { rosters, wages, rules, clock } = deps;

  const check = async (
    kind: ArtifactKind,
    artifact: Readonly<Record<string, unknown>>,
    context: Context,
    world: World,
    findings: Findings,
    roster: string | undefined,
  ): Promise<About> => {
    if (kind === "fill") {
      const { rows } = checkFill(artifact, context, world, findings);
      const byId = new Map(rows.map((row) => [row.worker_id, { path: row.idPath, row: row.index }]));
      return { ids: rows.flatMap(({ worker_id }) => worker_id ?? []), pathOf: (id) => byId.get(id) };
    }
    if (kind === "email") {
      const { worker_id: id } = checkEmail(artifact, context, world, findings).message;
      return aboutOne(id, "worker_id");
    }
    const sources = playbookSources(deps, world.lookup, roster ?? rosters.ownName);
    const { record } = await checkPlaybook(artifact, context, world, sources, findings);
    return aboutOne(record.answer_id, "answer_id");
  };

  return async ({ kind, artifact, context = {}, roster }, call) => {
    const started = performance.now();
    const [lookup, know, paid] = await Promise.all([
      rosters.use(roster, call.deadline),
      knowledge(),
      wages(),
    ]);
    const now = context.now === undefined ? clock.now() : Date.parse(context.now);
    const world: World = { lookup, know, wages: paid, now };
    const findings = new Findings();
    let failed: Validated["rules_failed"] = [];
    if (typeof artifact !== "object" || artifact === null || Array.isArray(artifact)) {
      const schema = CHECKS.find(({ code }) => code === `${kind}.schema`);
      if (schema !== undefined) {
        findings.checked(schema.code);
        findings.add(schema, 0, [{ path: "", message: "must be an object", actual: typeOf(artifact) }]);
      }
    } else {
      const record = artifact as Readonly<Record<string, unknown>>;
      const { ids, pathOf } = await check(kind, record, context, world, findings, roster);
      const ruled = await rules.run(kind, ruleValues(record, ids, context, now), pathOf, call);
      for (const { finding, row, rule } of ruled.found) findings.put(finding, AFTER_TABLE + rule, row);
      for (const code of ruled.checked) findings.checked(code);
      failed = [...ruled.failures];
    }
    const found = findings.inOrder();
    return {
      ok: found.every(({ severity }) => severity !== "error"),
      kind,
      findings: found,
      checked: findings.codes,
      roster_version: lookup.version,
      ...(failed.length === 0 ? {} : { rules_failed: failed }),
      took_ms: performance.now() - started,
    };
  };
}

// A proposal through the fill checks; and many workers for one order, each as if it were the only row.

import type { Context, Finding } from "#contracts/validate";
import type { Knowledge } from "../../knowledge.ts";
import type { WorkerLookup } from "../../roster/worker.ts";
import type { Wages } from "../../wages.ts";
import type { CheckTraits, Tell } from "../check.ts";
import { Findings, runChecks } from "../findings.ts";
import {
  assignmentsByPerson,
  type FillRow,
  fillRows,
  type FillSubject,
  orderFacts,
  personOf,
} from "./subject.ts";
import { FILL_CHECKS } from "./table.ts";
import { fillDefects } from "./whole.ts";

export interface World {
  readonly lookup: WorkerLookup;
  readonly know: Knowledge;
  readonly wages: Wages;
  readonly now: number;
}

function fillSubject(
  artifact: Readonly<Record<string, unknown>>,
  context: Context,
  world: World,
  rows: readonly FillRow[],
  hasError: (row: number) => boolean,
): FillSubject {
  const { order, assignments = [], blocks = [], policy = {} } = context;
  return {
    ...world,
    artifact,
    rows,
    defects: fillDefects(artifact, order?.order_id),
    facts: order && orderFacts(order, world.know),
    policy,
    assignments: assignmentsByPerson(assignments, order, world.lookup),
    assignmentsKnown: context.assignments !== undefined,
    blocks: Map.groupBy(blocks, ({ worker_id }) => personOf(worker_id, world.lookup)),
    hasError,
  };
}

export function checkFill(
  artifact: Readonly<Record<string, unknown>>,
  context: Context,
  world: World,
  findings: Findings,
): FillSubject {
  const rows = fillRows(artifact, world.lookup);
  const subject = fillSubject(artifact, context, world, rows, (row) => findings.hasError(row));
  runChecks(FILL_CHECKS, subject, rows, findings);
  return subject;
}

/** Checks that say something of one worker by itself. */
const OF_ONE = FILL_CHECKS.filter(
  ({ code, row }) =>
    row !== undefined &&
    code !== "fill.schema" &&
    code !== "fill.duplicate_worker" &&
    code !== "fill.name_mismatch",
);
const OF_ORDER = FILL_CHECKS.filter(({ code, whole }) => whole !== undefined && code.startsWith("fill.p"));

export type ScreenFinding = Omit<Finding, "kind" | "path" | "fix">;

export interface Screened {
  readonly order: Finding[];
  readonly workers: Record<string, ScreenFinding[]>;
  readonly excluded: number;
  readonly checked: string[];
}

function screenFinding(
  { code, law: own }: CheckTraits,
  { message, expected, actual, hint, law = own }: Tell,
  severity: Finding["severity"],
): ScreenFinding {
  const finding: ScreenFinding = { code, severity, message };
  if (expected !== undefined) finding.expected = expected;
  if (actual !== undefined) finding.actual = actual;
  if (hint !== undefined) finding.hint = hint;
  if (law !== undefined && law !== null) finding.law = law;
  return finding;
}

/** `errorsOnly` leaves out what is no error; `pause` gives others their turn between workers. */
export async function screenWorkers(
  ids: readonly string[],
  context: Context & { readonly order: NonNullable<Context["order"]> },
  world: World,
  errorsOnly: boolean,
  pause: () => Promise<void> | null,
): Promise<Screened> {
  const none: FillRow[] = [];
  const subject = fillSubject({ order_id: context.order.order_id }, context, world, none, () => false);
  const row: { -readonly [K in keyof FillRow]: FillRow[K] } = {
    index: 0,
    path: "fills[0]",
    backup: false,
    idPath: "fills[0].worker_id",
    worker_id: undefined,
    person: undefined,
    name: undefined,
    role: undefined,
    pay_rate: undefined,
    reason: undefined,
    worker: undefined,
    defects: [],
  };
  const applied = OF_ONE.filter(({ applies }) => applies?.(subject) !== false);
  // A record without a prototype: an id may be any text.
  const workers = Object.create(null) as Record<string, ScreenFinding[]>;
  let excluded = 0;
  for (const id of new Set(ids)) {
    row.worker_id = id;
    row.worker = world.lookup.get(id);
    row.person = personOf(id, world.lookup, row.worker);
    const found: ScreenFinding[] = [];
    let isExcluded = false;
    if (row.worker === undefined) {
      // Hints cost a search each, and a list of candidates comes from a search: unknown ids are only told.
      found.push({ code: "fill.unknown_worker", severity: "error", message: `${id} is not in the roster` });
      isExcluded = true;
    } else {
      for (const check of applied) {
        for (const tell of check.row?.(row, subject) ?? []) {
          const severity = tell.severity ?? check.severity;
          if (errorsOnly && severity !== "error") continue;
          isExcluded ||= severity === "error";
          found.push(screenFinding(check, tell, severity));
        }
      }
    }
    if (found.length > 0) workers[id] = found;
    if (isExcluded) excluded += 1;
    const turn = pause();
    if (turn !== null) await turn;
  }
  const findings = new Findings();
  runChecks(
    OF_ORDER.map(({ row: _row, ...check }) => check),
    subject,
    none,
    findings,
  );
  const checked = new Set([...findings.codes, ...applied.map(({ code }) => code)]);
  const codes = FILL_CHECKS.map(({ code }) => code).filter((code) => checked.has(code));
  return { order: findings.inOrder(), workers, excluded, checked: codes };
}

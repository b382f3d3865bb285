// Fill checks about the proposal as a whole: its form, whether it fills the order, and what its words ask for.

import {
  PROTECTED_LAW,
  protectedReasons,
  type ProtectedTerm,
  protectedTerms,
} from "#domain/law/protected-terms";
import { type Check, NOTHING, type Tell } from "../check.ts";
import { type FillRow, type FillSubject, ROWS_MAX, typeOf } from "./subject.ts";

type FillCheck = Check<FillSubject, FillRow>;

export const schema: FillCheck = {
  code: "fill.schema",
  kind: "schema",
  severity: "error",
  tests: `order_id is there and the order's, fills has 1 to ${ROWS_MAX} rows, each with a worker_id; numbers are finite`,
  whole: ({ defects }) => defects,
  row: ({ defects }) => defects,
};

/** What is wrong with the form of the whole. */
export function fillDefects(
  artifact: Readonly<Record<string, unknown>>,
  orderId: string | undefined,
): Tell[] {
  const defects: Tell[] = [];
  const { order_id: id, fills, backups } = artifact;
  if (typeof id !== "string" || id === "")
    defects.push({
      path: "order_id",
      message: id === undefined ? "is missing" : "must be a text that is not empty",
      actual: typeOf(id),
      ...(orderId === undefined ? {} : { expected: orderId, fix: { path: "order_id", value: orderId } }),
    });
  else if (orderId !== undefined && id !== orderId)
    defects.push({
      path: "order_id",
      message: `${id} is not the order that it is checked against`,
      expected: orderId,
      actual: id,
      ...(id.trim() === orderId ? { fix: { path: "order_id", value: orderId } } : {}),
    });
  if (!Array.isArray(fills))
    defects.push({
      path: "fills",
      message: fills === undefined ? "is missing" : "must be a list",
      actual: typeOf(fills),
    });
  else if (fills.length === 0) defects.push({ path: "fills", message: "has no rows" });
  if (backups !== undefined && backups !== null && !Array.isArray(backups))
    defects.push({ path: "backups", message: "must be a list", actual: typeOf(backups) });
  for (const [name, list] of Object.entries({ fills, backups }))
    if (Array.isArray(list) && list.length > ROWS_MAX)
      defects.push({
        path: name,
        message: `has ${list.length} rows; those after the first ${ROWS_MAX} were not looked at`,
        expected: ROWS_MAX,
        actual: list.length,
      });
  return defects;
}

/** Known workers without an error, each once; backups stand beside. */
function countedRows({ rows, hasError }: FillSubject): number {
  const counted = rows.filter(
    ({ backup, worker, index }) => !backup && worker !== undefined && !hasError(index),
  );
  return new Set(counted.map(({ worker_id }) => worker_id)).size;
}

const hasOrder = ({ facts }: FillSubject): boolean => facts !== undefined;

export const headcountShort: FillCheck = {
  code: "fill.headcount_short",
  kind: "completeness",
  severity: "error",
  tests:
    "as many known workers without an error as the order asks for; a warning where allow_partial is true",
  applies: hasOrder,
  whole: function* (subject) {
    const { headcount = 0, allow_partial: partial } = subject.facts?.order ?? {};
    const counted = countedRows(subject);
    if (counted >= headcount) return;
    yield {
      path: "fills",
      severity: partial === true ? "warning" : "error",
      message: `${counted} of ${headcount} workers are proposed without an error`,
      expected: headcount,
      actual: counted,
      hint: `Propose ${headcount - counted} more, or correct those that have errors.`,
    };
  },
};

export const headcountOver: FillCheck = {
  code: "fill.headcount_over",
  kind: "consistency",
  severity: "error",
  tests: "no more workers than the order asks for",
  applies: hasOrder,
  whole: function* (subject) {
    const headcount = subject.facts?.order.headcount ?? 0;
    const counted = countedRows(subject);
    if (counted <= headcount) return;
    yield {
      path: "fills",
      message: `${counted} workers are proposed for ${headcount} places`,
      expected: headcount,
      actual: counted,
      hint: "Move those who are too many to the backups.",
    };
  },
};

export const protectedTerm: FillCheck = {
  code: "fill.protected_term",
  kind: "policy",
  severity: "error",
  tests:
    "neither the order's notes nor a reason ask for a sex, an age, an origin, a religion, a health or other protected trait; a reason does not say one of the person",
  law: PROTECTED_LAW,
  whole: function* ({ facts, artifact }) {
    yield* protectedTells("order.notes", facts?.order.notes ?? "");
    for (const name of ["notes", "reason"]) {
      const text = artifact[name];
      if (typeof text === "string") yield* protectedTells(name, text);
    }
  },
  row: ({ reason, path }) =>
    reason === undefined ? NOTHING : tellsOf(`${path}.reason`, protectedReasons(reason)),
};

export function protectedTells(path: string, text: string): Tell[] {
  return tellsOf(path, protectedTerms(text));
}

function tellsOf(path: string, terms: readonly ProtectedTerm[]): Tell[] {
  return terms.map(({ term, category }) => ({
    path,
    message: `"${term}" asks for a protected trait (${category})`,
    actual: term,
    hint: "Take it out: what a customer prefers is no defence. Say what the work needs instead.",
  }));
}

const NO_SHOWS_MAX = 1;

export const reliability: FillCheck = {
  code: "fill.reliability",
  kind: "policy",
  severity: "warning",
  tests: "a worker with two or more no-shows in 90 days has a backup listed",
  row: ({ worker, backup, idPath }, { rows }) => {
    if (worker === undefined || backup || worker.no_shows_90d <= NO_SHOWS_MAX) return NOTHING;
    if (rows.some((row) => row.backup && row.worker !== undefined)) return NOTHING;
    return [
      {
        path: idPath,
        message: `did not show up ${worker.no_shows_90d} times in 90 days, and no backup is listed`,
        actual: worker.no_shows_90d,
        hint: "List a backup.",
      },
    ];
  },
};

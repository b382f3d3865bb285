// What the rules say of the last proposal, each finding with what settles it.

import type { ReactNode } from "react";
import type { Candidate, Proposal } from "#contracts/fill";
import type { Finding } from "#contracts/validate";
import { counted, timeOf } from "../parts/words.ts";
import { fieldWord } from "./order-words.ts";
import { ruleWords } from "./rule-words.ts";

export interface Settling {
  readonly label: string;
  /** Proposes these instead. */
  readonly propose?: readonly string[];
  /** Or corrects the order so. */
  readonly correct?: Readonly<Record<string, unknown>>;
}

interface Situation {
  readonly proposedIds: readonly string[];
  readonly nextBest: readonly Pick<Candidate, "worker_id" | "name">[];
  readonly nameOf: (workerId: string) => string;
}

const ROW = /^fills\[(\d+)\]/;
const ORDER_FIELD = /^order\.(\w+)$/;

/** What a person may do about a finding with one click, the gentlest first. */
export function settlings(finding: Finding, { proposedIds, nextBest, nameOf }: Situation): Settling[] {
  const { code, path, fix, severity, expected, actual } = finding;
  const field = fix === undefined ? undefined : ORDER_FIELD.exec(fix.path)?.[1];
  if (fix !== undefined && field !== undefined) {
    return [{ label: `Set ${fieldWord(field)} to ${String(fix.value)}`, correct: { [field]: fix.value } }];
  }
  const row = ROW.exec(path)?.[1];
  const workerId = row === undefined ? undefined : proposedIds[Number(row)];
  const [next] = nextBest;
  if (workerId !== undefined && severity === "error") {
    const at = Number(row);
    const without = proposedIds.filter((_, index) => index !== at);
    return [
      ...(next === undefined
        ? []
        : [
            {
              label: `Take ${next.name ?? next.worker_id} instead`,
              propose: proposedIds.map((id, index) => (index === at ? next.worker_id : id)),
            },
          ]),
      ...(without.length === 0 ? [] : [{ label: `Take ${nameOf(workerId)} out`, propose: without }]),
    ];
  }
  if (code === "fill.headcount_short" && typeof expected === "number" && typeof actual === "number") {
    const more = nextBest.slice(0, expected - actual).map(({ worker_id }) => worker_id);
    if (more.length > 0) return [{ label: `Add the next best ${more.length}`, propose: [...proposedIds, ...more] }];
  }
  if (code === "fill.headcount_over" && typeof expected === "number" && expected > 0) {
    return [{ label: `Keep the first ${expected}`, propose: proposedIds.slice(0, expected) }];
  }
  return [];
}

interface FindingsProps extends Situation {
  readonly proposal: Proposal;
  readonly onPropose: ((workerIds: readonly string[]) => void) | undefined;
  readonly onCorrect: ((order: Record<string, unknown>) => void) | undefined;
}

export function Findings({ proposal, onPropose, onCorrect, ...situation }: FindingsProps): ReactNode {
  const { ok, findings, at, by, actor } = proposal;
  const errors = findings.filter(({ severity }) => severity === "error");
  const sorted = [...errors, ...findings.filter(({ severity }) => severity !== "error")];
  const apply = ({ propose, correct }: Settling): void => {
    if (propose !== undefined) onPropose?.(propose);
    if (correct !== undefined) onCorrect?.({ ...correct });
  };
  return (
    <section aria-labelledby="findings" className="card">
      <h2 id="findings">
        Checks{" "}
        <span className={ok ? "pill good" : "pill bad"}>
          {ok ? passedWords(findings.length) : `${counted(errors.length, "problem")}, nobody is held`}
        </span>
      </h2>
      <p className="muted">
        Proposed at {timeOf(at)} {by === "auto" ? "by rank" : by === "model" ? "by a model" : "by hand"}
        {actor === undefined || actor === "local" ? "" : `, ${actor}`}
      </p>
      {sorted.length > 0 && <ul className="findings">
        {sorted.map((finding) => (
          <li key={finding.code + finding.path} className={finding.severity}>
            <b>{ruleWords(finding.code)}</b>
            <div>{finding.message}</div>
            {finding.hint !== undefined && <div className="muted">{finding.hint}</div>}
            {finding.law !== undefined && <div className="muted">Rests on: {finding.law}</div>}
            <div className="row">
              {settlings(finding, situation).map((settling) => (
                <button
                  key={settling.label}
                  type="button"
                  className="small"
                  disabled={onPropose === undefined}
                  onClick={() => apply(settling)}
                >
                  {settling.label}
                </button>
              ))}
            </div>
          </li>
        ))}
      </ul>}
    </section>
  );
}

function passedWords(warnings: number): string {
  return warnings === 0 ? "All rules passed" : `Passed, ${warnings} to look at`;
}

export function Unfilled({ unfilled }: { readonly unfilled: NonNullable<Proposal["unfilled"]> }): ReactNode {
  const reasons = Object.entries(unfilled.reasons).sort(([, a], [, b]) => b - a);
  return (
    <section className="card" aria-labelledby="unfilled">
      <h2 id="unfilled">{counted(unfilled.places, "place")} nobody could be proposed for</h2>
      <ul>
        {reasons.map(([code, count]) => (
          <li key={code}>
            {ruleWords(code)}: {counted(count, "person", "people")}
          </li>
        ))}
        {reasons.length === 0 && <li>There is nobody else of this role within the radius.</li>}
      </ul>
    </section>
  );
}

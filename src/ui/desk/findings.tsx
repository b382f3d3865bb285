// What the rules say of the last proposal, each finding with what settles it.

import type { ReactNode } from "react";
import type { Proposal } from "#contracts/fill";
import { counted, timeOf } from "../parts/words.ts";
import { ruleWords } from "./rule-words.ts";
import { rowOf, type Settling, settlings, type Situation } from "./settlings.ts";

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
      {sorted.length > 0 && (
        <ul className="findings">
          {sorted.map((finding) => (
            <li key={finding.code + finding.path} className={finding.severity}>
              <b>{ruleWords(finding.code)}</b>
              {whoOf(finding.path, situation)}
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
        </ul>
      )}
    </section>
  );
}

/** The person whom a finding is about, where it is about one. */
function whoOf(path: string, { proposedIds, nameOf }: Situation): string {
  const workerId = proposedIds[rowOf(path) ?? -1];
  return workerId === undefined ? "" : `: ${nameOf(workerId)}`;
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

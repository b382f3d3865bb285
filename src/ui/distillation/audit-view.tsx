// The newest audit: what was computed again, phase by phase, and how its ten numbers moved against earlier ones.

import type { ReactNode } from "react";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { counted, momentOf } from "../parts/words.ts";
import { useParams } from "../shell/router.ts";
import { distilld } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { type Audit, changeText, type Drift, metricWords, type Phase, phasesOf } from "./phases.ts";

const RESULT_WORDS = { pass: "holds", fail: "does not hold", skip: "left out" } as const;
const RESULT_TONES = { pass: "good", fail: "bad", skip: "" } as const;

const STATE_TONES = { drifted: "warn", steady: "good", first: "" } as const;

const COLUMNS: readonly ShownColumn<Drift>[] = [
  { key: "metric", title: "Number", value: ({ metric }) => metricWords(metric), width: 240 },
  { key: "value", title: "Now", value: ({ value }) => value, number: true },
  {
    key: "drifted",
    title: "State",
    value: stateOf,
    show: (row) => <span className={`pill ${STATE_TONES[stateOf(row)]}`}>{stateOf(row)}</span>,
    width: 100,
  },
  { key: "last", title: "Against the last", value: ({ last }) => changeText(last), width: 160 },
  { key: "median", title: "Against the median", value: ({ median }) => changeText(median), width: 190 },
  {
    key: "commit",
    title: "Against the same code",
    value: ({ same_commit }) => changeText(same_commit),
    width: 210,
  },
  { key: "id", title: "Called", value: ({ metric }) => metric, width: 200 },
];

/** What nothing was compared with is neither steady nor drifted. */
function stateOf({ drifted, last, median, same_commit }: Drift): keyof typeof STATE_TONES {
  if (drifted) return "drifted";
  return [last, median, same_commit].every((one) => changeText(one) === "") ? "first" : "steady";
}

export function AuditView({ root }: { readonly root: string }): ReactNode {
  const runId = useParams().get("run") ?? "";
  const audit = useLoaded(`audit ${root}`, () => distilld.audit({ root }));
  const { data, fault } = audit;
  if (data !== undefined) return <Shown audit={data} />;
  if (fault === undefined) return <Loading rows={8} what="the audit" />;
  if (fault.code !== "not_found") return <Problem fault={fault} again={audit.refresh} />;
  return (
    <Empty title="There is no audit yet">
      <p>
        An audit computes everything again from the files and says what does not follow. Start a run with the
        stage audit above{runId === "" ? "" : ", or look at another folder"}, or in a terminal:
      </p>
      <pre className="code" tabIndex={0}>
        lakehouse distill audit --append-baseline
      </pre>
    </Empty>
  );
}

function Shown({ audit }: { readonly audit: Audit }): ReactNode {
  const { ok, recorded_at, run_id, checks, drift, baselines } = audit;
  const drifted = drift.filter((one) => one.drifted).length;
  return (
    <>
      <p className="row">
        <span className={`pill ${ok ? "good" : "bad"}`}>
          {ok ? "Everything follows" : "Something does not follow"}
        </span>
        <span className="muted">
          run {run_id}, {momentOf(recorded_at)}
        </span>
      </p>
      <ol className="phases">
        {phasesOf(checks).map((phase) => (
          <PhaseCard key={phase.number} phase={phase} />
        ))}
      </ol>
      <h2>
        Drift{" "}
        <span className="muted">
          {baselines === 0
            ? "nothing to compare with yet: an audit becomes a baseline when it is asked to"
            : `${drifted === 0 ? "none" : counted(drifted, "number")} against ${counted(baselines, "baseline")}`}
        </span>
      </h2>
      <DataGrid name="drift" columns={COLUMNS} rows={drift} rowKey={({ metric }) => metric} rowsShown={12} />
    </>
  );
}

function PhaseCard({ phase: { number, title, checks, result } }: { readonly phase: Phase }): ReactNode {
  return (
    <li className="card">
      <div className="section-head">
        <h2>
          <span className="muted">{number}</span> {title}
        </h2>
        <span className={`pill ${RESULT_TONES[result]}`}>{RESULT_WORDS[result]}</span>
      </div>
      <ul>
        {checks.map(({ name, result: own, reason, required }) => (
          <li key={name}>
            <span className={own === "fail" ? "short" : "muted"}>
              {own === "pass" ? "✓" : own === "fail" ? "✗" : "–"}
            </span>{" "}
            {name}
            {!required && <span className="muted"> (not needed)</span>}
            {reason !== "" && <p className="muted">{reason}</p>}
          </li>
        ))}
        {checks.length === 0 && <li className="muted">This audit has no check of it.</li>}
      </ul>
    </li>
  );
}

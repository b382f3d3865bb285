// What each part of the ranking weighs: the weights in use, setting them by hand, and learning them from judged queries, measured
// before they are taken.

import { type ReactNode, useState } from "react";
import type { Weights, WeightsVersion } from "#contracts/tuning";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Loading, Notice, Problem } from "../parts/notice.tsx";
import { useStore } from "../parts/store.ts";
import { counted, dayOf, timeOf } from "../parts/words.ts";
import { matrixd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { forgetJudgements, judgementsOf } from "./judgements.ts";
import { judgementsIn, WEIGHT_MAX, WEIGHT_WORDS } from "./search-words.ts";

type Tuned = Awaited<ReturnType<typeof matrixd.tuneCorpus>>;

const VERSION_COLUMNS: readonly ShownColumn<WeightsVersion>[] = [
  { key: "version", title: "Version", number: true, width: 90, value: ({ version }) => version },
  {
    key: "since",
    title: "Since",
    width: 190,
    value: ({ since }) => since,
    show: ({ since }) => `${dayOf(since, undefined)}, ${timeOf(since)}`,
  },
  {
    key: "ndcg",
    title: "Quality",
    note: "nDCG@10",
    number: true,
    width: 100,
    value: ({ ndcg }) => ndcg?.toFixed(4) ?? "",
  },
  {
    key: "queries",
    title: "Queries",
    number: true,
    width: 90,
    value: ({ queries }) => queries ?? "set by hand",
  },
  ...Object.entries(WEIGHT_WORDS).map(([name, words]): ShownColumn<WeightsVersion> => ({
    key: name,
    title: name.replace("_", " "),
    note: words.slice(0, 24),
    number: true,
    width: 110,
    value: ({ weights }) => weights[name as keyof Weights],
  })),
];

export function WeightsPanel({ corpus }: { readonly corpus: string }): ReactNode {
  const { data, fault, refresh } = useLoaded(`weights ${corpus}`, () => matrixd.corpusWeights({ corpus }));
  if (data === undefined)
    return fault === undefined ? (
      <Loading rows={6} what="the weights" />
    ) : (
      <Problem fault={fault} again={refresh} />
    );
  return (
    <>
      <div className="two-cards">
        <WeightsForm
          key={data.versions[0]?.version ?? 0}
          corpus={corpus}
          weights={data.weights}
          onSet={refresh}
        />
        <TuneForm corpus={corpus} onTuned={refresh} />
      </div>
      {data.versions.length === 0 ? (
        <p className="muted">These are the weights that ship; nobody has changed them.</p>
      ) : (
        <DataGrid
          name="versions of the weights"
          columns={VERSION_COLUMNS}
          rows={data.versions}
          rowKey={({ version }) => String(version)}
          rowsShown={6}
        />
      )}
    </>
  );
}

interface WeightsFormProps {
  readonly corpus: string;
  readonly weights: Weights;
  readonly onSet: () => void;
}

function WeightsForm({ corpus, weights, onSet }: WeightsFormProps): ReactNode {
  const names = Object.keys(WEIGHT_WORDS) as (keyof Weights)[];
  const [typed, setTyped] = useState(() =>
    Object.fromEntries(names.map((name) => [name, String(weights[name])])),
  );
  const [fault, setFault] = useState<WireFault>();
  const set = async (next: Weights | undefined): Promise<void> => {
    setFault(undefined);
    try {
      await matrixd.setWeights({ corpus, ...(next === undefined ? {} : { weights: next }) });
      onSet();
    } catch (thrown) {
      setFault(toWireFault(thrown));
    }
  };
  const changed = names.some((name) => Number(typed[name]) !== weights[name]);
  return (
    <section className="card section-page" aria-labelledby="weights-title">
      <h2 id="weights-title">Weights in use</h2>
      <form
        className="form grid"
        onSubmit={(event) => {
          event.preventDefault();
          void set(
            Object.fromEntries(names.map((name) => [name, Number(typed[name])])) as unknown as Weights,
          );
        }}
      >
        {names.map((name) => (
          <label key={name}>
            {WEIGHT_WORDS[name]}
            <input
              type="number"
              step="any"
              min={name === "role_power" ? 0.1 : 0}
              max={WEIGHT_MAX[name] ?? 1}
              value={typed[name] ?? ""}
              onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
            />
          </label>
        ))}
        <div className="row whole">
          <button type="submit" disabled={!changed}>
            Use these from now on
          </button>
          <button type="button" className="quiet" onClick={() => void set(undefined)}>
            Back to those that ship
          </button>
        </div>
      </form>
      {fault !== undefined && <Problem fault={fault} />}
    </section>
  );
}

function TuneForm({ corpus, onTuned }: { readonly corpus: string; readonly onTuned: () => void }): ReactNode {
  const graded = useStore(judgementsOf);
  const [text, setText] = useState("");
  const [tuned, setTuned] = useState<Tuned>();
  const [busy, setBusy] = useState<"measure" | "apply">();
  const [fault, setFault] = useState<WireFault>();
  const { judgements: pasted, problem } = judgementsIn(text);
  const judgements = [...graded, ...pasted];
  const queries = new Set(judgements.map(({ query_text }) => query_text)).size;
  const tune = async (apply: boolean): Promise<void> => {
    setBusy(apply ? "apply" : "measure");
    setFault(undefined);
    try {
      setTuned(await matrixd.tuneCorpus({ corpus, judgements, apply }));
      if (apply) onTuned();
    } catch (thrown) {
      setFault(toWireFault(thrown));
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <section className="card section-page" aria-labelledby="tune-title">
      <h2 id="tune-title">Learn them from judged queries</h2>
      <p>
        {graded.length === 0
          ? "Give hits a grade under “Try it”, or paste a list: query, id, grade from 0 to 3."
          : `You gave ${counted(graded.length, "grade")} here. More can be pasted: query, id, grade from 0 to 3.`}
      </p>
      <textarea
        aria-label="Judged queries"
        rows={4}
        placeholder={"forklift operator Springfield IL, w-1042, 3\ncook Aspen CO, w-17, 0"}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {problem !== undefined && <Notice tone="warn">{problem}</Notice>}
      <div className="row">
        <button
          type="button"
          disabled={judgements.length === 0 || problem !== undefined || busy !== undefined}
          onClick={() => void tune(false)}
        >
          {busy === "measure" ? "Measuring…" : `Measure with ${counted(queries, "query", "queries")}`}
        </button>
        {graded.length > 0 && (
          <button type="button" className="quiet" disabled={busy !== undefined} onClick={forgetJudgements}>
            Forget my grades
          </button>
        )}
      </div>
      {tuned !== undefined && (
        <Notice tone={tuned.after.ndcg > tuned.before.ndcg ? "good" : "info"}>
          <p>
            Quality of the ranking (nDCG@10) over {counted(tuned.queries, "judged query", "judged queries")}:{" "}
            {tuned.before.ndcg.toFixed(4)} now, <b>{tuned.after.ndcg.toFixed(4)}</b> with weights learnt from
            the others.
          </p>
          {tuned.applied ? (
            <p>They are in use.</p>
          ) : tuned.after.ndcg > tuned.before.ndcg ? (
            <p className="notice-foot">
              <button
                type="button"
                className="primary"
                disabled={busy !== undefined}
                onClick={() => void tune(true)}
              >
                {busy === "apply" ? "Learning…" : "Use what was learnt"}
              </button>
            </p>
          ) : (
            <p>The weights in use are better, and stay.</p>
          )}
        </Notice>
      )}
      {fault !== undefined && <Problem fault={fault} />}
    </section>
  );
}

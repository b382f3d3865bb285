// Drafts of models: each run attempt by attempt, with what was written, what the rules said, and the draft that passed.

import type { ReactNode } from "react";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty } from "../parts/notice.tsx";
import { counted, momentOf } from "../parts/words.ts";
import { sectionPath, setParams, useParams } from "../shell/router.ts";
import { journald } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import {
  type DraftAttempt,
  type DraftRun,
  readableDraft,
  runOf,
  statusWords,
  stoppedWords,
} from "./drafts.ts";

/** The newest; the journal has the others. */
const NEWEST = 500;

const COLUMNS: readonly ShownColumn<DraftRun>[] = [
  { key: "at", title: "When", value: ({ at }) => at, show: ({ at }) => momentOf(at), width: 160 },
  {
    key: "result",
    title: "Result",
    value: ({ ok }) => (ok ? "Passed" : "Given up"),
    show: ({ ok }) => <span className={`pill ${ok ? "good" : "bad"}`}>{ok ? "Passed" : "Given up"}</span>,
    width: 100,
  },
  { key: "tries", title: "Tries", value: ({ iterations }) => iterations, number: true },
  { key: "kind", title: "Draft of", value: ({ kind }) => kind },
  {
    key: "about",
    title: "About",
    value: ({ subject }) => subject,
    show: ({ subject }) => <a href={sectionPath("journal", subject)}>{subject}</a>,
    width: 130,
  },
  { key: "models", title: "Models", value: ({ models }) => models.join(", ") },
  { key: "why", title: "Why it ended", value: ({ stopped }) => stoppedWords(stopped), width: 280 },
  { key: "tokens", title: "Tokens", value: ({ tokens }) => tokens, number: true },
];

export function Drafts(): ReactNode {
  const chosen = useParams().get("run") ?? "";
  const loaded = useLoaded("drafts", async () => {
    const { events } = await journald.events({ type: "draft.iterated", last: NEWEST, limit: NEWEST });
    return events.map(runOf).reverse();
  });
  return (
    <LoadedView loaded={loaded} what="drafts">
      {(runs) => {
        if (runs.length === 0) {
          return (
            <Empty title="No model has drafted anything yet">
              <p>
                On an order, let a model propose people or write a message: each of its attempts stands here
                with what the rules said of it. In a terminal:
              </p>
              <pre className="code" tabIndex={0}>
                lakehouse iterate --help
              </pre>
            </Empty>
          );
        }
        const run = runs.find(({ id }) => id === chosen);
        return (
          <div className={run === undefined ? undefined : "with-side"}>
            <DataGrid
              name="drafts"
              columns={COLUMNS}
              rows={runs}
              rowKey={({ id }) => id}
              onOpen={({ id }) => setParams({ run: id === chosen ? "" : id })}
            />
            {run !== undefined && <RunSide run={run} />}
          </div>
        );
      }}
    </LoadedView>
  );
}

function RunSide({ run }: { readonly run: DraftRun }): ReactNode {
  const { attempts, kind, ok, stopped, iterations, prompt, subject } = run;
  return (
    <aside className="side" aria-label="One run">
      <header className="section-head">
        <h2>
          {kind} <span className={`pill ${ok ? "good" : "bad"}`}>{ok ? "Passed" : "Given up"}</span>
        </h2>
        <button
          type="button"
          className="quiet"
          aria-label="Close the run"
          onClick={() => setParams({ run: "" })}
        >
          ✕
        </button>
      </header>
      <p>
        {stoppedWords(stopped)}, after {counted(iterations, "try", "tries")}, about{" "}
        <a href={sectionPath("journal", subject)}>{subject}</a>.
      </p>
      <details>
        <summary>What the model was told</summary>
        <pre className="code" tabIndex={0}>
          {prompt}
        </pre>
      </details>
      <ol className="attempts">
        {attempts.map((attempt) => (
          <Attempt key={attempt.number} attempt={attempt} />
        ))}
      </ol>
    </aside>
  );
}

function Attempt({ attempt }: { readonly attempt: DraftAttempt }): ReactNode {
  const { number, passed, status, draft, reasons, model } = attempt;
  return (
    <li className="card">
      <header className="row">
        <b>Attempt {number}</b>
        <span className={`pill ${passed ? "good" : "bad"}`}>{statusWords(status)}</span>
        {model !== undefined && <span className="muted">{model}</span>}
      </header>
      {reasons.length > 0 && (
        <ul className="reasons">
          {reasons.map(({ code, path, message }, at) => (
            <li key={at}>
              <code>{code}</code> {message} {path !== "" && <span className="muted">at {path}</span>}
            </li>
          ))}
        </ul>
      )}
      <pre className="code" tabIndex={0} aria-label={`Draft ${number}`} role="region">
        {draft === "" ? "nothing" : readableDraft(draft)}
      </pre>
    </li>
  );
}

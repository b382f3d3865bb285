// SQL: a statement, what it gives as rows and as a chart, the same as of an earlier moment, as a link, and as a file.

import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { CopyButton } from "../parts/copy-button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Empty, Loading, Notice, Problem } from "../parts/notice.tsx";
import { useDraft } from "../parts/use-draft.ts";
import { useCommands } from "../shell/commands.ts";
import { setParams, useParams } from "../shell/router.ts";
import { allDatasets } from "../datasets/all-datasets.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import type { CodeEditor, Schema } from "./code-editor.ts";
import { Editor } from "./editor.tsx";
import { saveQuery } from "./kept-queries.ts";
import { sqlName } from "./names.ts";
import { ResultView } from "./result-view.tsx";
import { SidePanel } from "./side-panel.tsx";
import { linkOf, listOf, recordOf } from "./link-state.ts";
import { datasetsIn, parameterCount, parameterOf, placeOf } from "./statement.ts";
import { TimeTravel } from "./time-travel.tsx";
import { useRun } from "./use-run.ts";

const LIMITS = [1000, 10_000, 100_000] as const;

export function SqlPage(): ReactNode {
  const params = useParams();
  const linked = params.get("q") ?? "";
  const [draft, setDraft] = useDraft("sql");
  const [text, setText] = useState(linked === "" ? draft : linked);
  const [values, setValues] = useState<readonly string[]>(() => listOf(params.get("p")));
  const [saving, setSaving] = useState(false);
  const editor = useRef<CodeEditor>(undefined);
  const at = useMemo(() => recordOf(params.get("at")), [params]);
  const limit = LIMITS.find((one) => String(one) === params.get("rows")) ?? 1000;
  const { data: datasets, fault: catalogFault, refresh } = useLoaded("datasets for SQL", allDatasets);
  const { since, result, fault, of, cancelled, run, cancel } = useRun();
  const wantedCount = parameterCount(text);
  const named = useMemo(
    () =>
      datasetsIn(
        text,
        (datasets ?? []).map(({ name }) => name),
      ),
    [text, datasets],
  );
  const schema = useMemo<Schema>(
    () => Object.fromEntries((datasets ?? []).map(({ name, columns }) => [name, columns])),
    [datasets],
  );
  const runNow = useCallback(
    (
      sql: string,
      now: { readonly at: typeof at; readonly limit: number; readonly values: readonly string[] },
    ) => {
      if (sql.trim() === "") return;
      const typed = Array.from({ length: parameterCount(sql) }, (_, index) => now.values[index] ?? "");
      const used = Object.entries(now.at).filter(([name]) => datasetsIn(sql, [name]).length > 0);
      run({ sql, params: typed.map(parameterOf), at: Object.fromEntries(used), limit: now.limit });
    },
    [run],
  );
  const runText = (sql = editor.current?.wanted() ?? text): void => {
    setParams({
      q: text,
      p: values.some((value) => value !== "") ? JSON.stringify(values.slice(0, wantedCount)) : undefined,
    });
    runNow(sql, { at, limit, values });
  };
  const change = (next: string): void => {
    setText(next);
    setDraft(next);
  };
  // A link shows what its sender saw; so does the back button.
  const shown = useRef<string>(undefined);
  useEffect(() => {
    if (linked === "" || shown.current === linked || linked === of?.sql) return;
    const first = shown.current === undefined;
    shown.current = linked;
    if (!first && linked === text) return;
    setText(linked);
    runNow(linked, { at, limit, values: listOf(params.get("p")) });
  }, [linked, at, limit, params, of, text, runNow]);
  useEffect(() => {
    document.title = "SQL · Lakehouse";
  }, []);
  useCommands([
    { name: "Run the statement (Ctrl Enter in the editor)", keys: "r", run: () => runText() },
    { name: "Edit the statement", keys: "/", run: () => editor.current?.focus() },
    { name: "Save the statement", run: () => setSaving(true) },
    ...(since === undefined ? [] : [{ name: "Cancel the statement", run: cancel }]),
  ]);
  const place = fault === undefined || of === undefined ? undefined : placeOf(fault.details, of.sql);
  const mark = useMemo(
    () =>
      place === undefined || fault === undefined || of?.sql !== text
        ? undefined
        : { at: place, message: fault.message },
    [place, fault, of, text],
  );
  return (
    <div className="sql-page">
      <section className="section-page" aria-label="Statement and result">
        <header className="section-head">
          <h1>SQL</h1>
          <div className="row">
            <button type="button" disabled={text.trim() === ""} onClick={() => setSaving(true)}>
              Save
            </button>
            <CopyButton label="Copy link" text={linkOf(text, values.slice(0, wantedCount), params)} />
          </div>
        </header>
        <Editor
          text={text}
          schema={schema}
          fault={mark}
          onText={change}
          onRun={() => runText()}
          editor={editor}
        />
        {wantedCount > 0 && (
          <fieldset className="row sql-parameters">
            <legend className="muted">
              Values for the statement’s ? — numbers, texts, or lists such as ["IL","WI"]
            </legend>
            {Array.from({ length: wantedCount }, (_, index) => (
              <label key={index}>
                {index + 1}
                <input
                  value={values[index] ?? ""}
                  onChange={(event) => {
                    const next = Array.from({ length: wantedCount }, (__, one) => values[one] ?? "");
                    next[index] = event.target.value;
                    setValues(next);
                  }}
                  onKeyDown={(event) => {
                    if (event.key === "Enter") runText();
                  }}
                />
              </label>
            ))}
          </fieldset>
        )}
        <div className="row sql-actions">
          {since === undefined ? (
            <button type="button" className="primary" disabled={text.trim() === ""} onClick={() => runText()}>
              Run <kbd>Ctrl ⏎</kbd>
            </button>
          ) : (
            <>
              <button type="button" onClick={cancel}>
                Cancel
              </button>
              <Elapsed since={since} />
            </>
          )}
          <label className="sql-limit">
            Rows at most
            <select value={limit} onChange={(event) => setParams({ rows: event.target.value })}>
              {LIMITS.map((one) => (
                <option key={one} value={one}>
                  {one.toLocaleString("en-US")}
                </option>
              ))}
            </select>
          </label>
          <TimeTravel
            datasets={named}
            at={at}
            onAt={(next) =>
              setParams({ at: Object.keys(next).length === 0 ? undefined : JSON.stringify(next) })
            }
          />
        </div>
        {catalogFault !== undefined && !catalogFault.away && <Problem fault={catalogFault} again={refresh} />}
        {cancelled && <Notice tone="info">Cancelled. Nothing was changed: statements only read.</Notice>}
        {fault !== undefined && (
          <>
            {place !== undefined && of !== undefined && (
              <p className="muted">At {placeWords(of.sql, place)}:</p>
            )}
            <Problem fault={fault} again={() => of !== undefined && run(of)} />
          </>
        )}
        {result !== undefined && of !== undefined ? (
          <ResultView result={result} of={of} />
        ) : fault !== undefined ? null : since === undefined ? (
          <Start
            datasets={(datasets ?? []).map(({ name }) => name)}
            onOpen={(sql) => {
              change(sql);
              setParams({ q: sql });
              runNow(sql, { at: {}, limit, values: [] });
            }}
          />
        ) : (
          <Loading rows={6} what="the result" />
        )}
      </section>
      <SidePanel
        datasets={datasets ?? []}
        onInsert={(inserted) => editor.current?.insert(inserted)}
        onOpen={(sql) => {
          change(sql);
          editor.current?.focus();
        }}
      />
      {saving && <SaveDialog sql={text} onClose={() => setSaving(false)} />}
    </div>
  );
}

function Start({
  datasets,
  onOpen,
}: {
  readonly datasets: readonly string[];
  readonly onOpen: (sql: string) => void;
}): ReactNode {
  const examples = datasets.filter((name) => !name.includes("$")).slice(0, 6);
  return (
    <Empty
      title={examples.length === 0 ? "There is nothing to ask about yet" : "Ask anything about your datasets"}
    >
      {examples.length === 0 ? (
        <p>
          <a href="/ui/datasets">Drop a file</a> to make the first dataset; then it is a table here.
        </p>
      ) : (
        <>
          <p>Each dataset is a table of its name. Statements only read: nothing here can change your data.</p>
          <div className="chips">
            {examples.map((name) => (
              <button
                key={name}
                type="button"
                className="chip"
                onClick={() => onOpen(`FROM ${sqlName(name)}`)}
              >
                FROM {sqlName(name)}
              </button>
            ))}
          </div>
        </>
      )}
    </Empty>
  );
}

const TICK_MS = 200;

function Elapsed({ since }: { readonly since: number }): ReactNode {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <span className="muted" role="status" aria-label="Running">
      {(Math.max(0, now - since) / 1000).toFixed(1)} s
    </span>
  );
}

function SaveDialog({ sql, onClose }: { readonly sql: string; readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState("");
  const [refused, setRefused] = useState<string>();
  return (
    <Dialog title="Save the statement" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === "") return;
          const why = saveQuery({ name: name.trim(), sql });
          setRefused(why);
          if (why === undefined) onClose();
        }}
      >
        <p className="muted">It is kept in this browser. To give it to somebody else, copy the link.</p>
        <label>
          Name
          <input value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        {refused !== undefined && <Notice tone="bad">{refused}</Notice>}
        <button type="submit" className="primary">
          Save
        </button>
      </form>
    </Dialog>
  );
}

function placeWords(sql: string, at: number): string {
  const before = sql.slice(0, at).split("\n");
  return `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}

// Beside the editor: what can be asked about, what was saved, and what was asked before.

import type { ReactNode } from "react";
import type { Dataset } from "#contracts/catalog";
import { useStore } from "../parts/store.ts";
import { Tabs } from "../parts/tabs.tsx";
import { counted, dayOf, timeOf } from "../parts/words.ts";
import { sectionPath } from "../shell/router.ts";
import { forgetRuns, removeQuery, runs, savedQueries } from "./kept-queries.ts";
import { sqlName } from "./names.ts";

interface SidePanelProps {
  readonly datasets: readonly Dataset[];
  readonly onInsert: (text: string) => void;
  readonly onOpen: (sql: string) => void;
}

export function SidePanel({ datasets, onInsert, onOpen }: SidePanelProps): ReactNode {
  return (
    <aside className="sql-side" aria-label="Datasets, saved statements and history">
      <Tabs
        label="Beside the editor"
        param="side"
        tabs={[
          {
            name: "data",
            title: "Datasets",
            panel: () => <DatasetTree datasets={datasets} onInsert={onInsert} />,
          },
          { name: "saved", title: "Saved", panel: () => <Saved onOpen={onOpen} /> },
          { name: "history", title: "History", panel: () => <History onOpen={onOpen} /> },
        ]}
      />
    </aside>
  );
}

function DatasetTree({ datasets, onInsert }: Pick<SidePanelProps, "datasets" | "onInsert">): ReactNode {
  if (datasets.length === 0)
    return (
      <p className="muted">
        There are no datasets yet. <a href={sectionPath("datasets")}>Drop a file</a> to make one.
      </p>
    );
  return (
    <ul className="sql-tree">
      {datasets.map(({ name, rows, columns }) => (
        <li key={name}>
          <details>
            <summary>
              <span className="sql-tree-name">{name}</span>{" "}
              <span className="muted">{counted(rows, "row")}</span>
            </summary>
            <button type="button" className="link" onClick={() => onInsert(sqlName(name))}>
              Insert the name
            </button>
            <ul>
              {columns.map((column) => (
                <li key={column.id}>
                  <button
                    type="button"
                    className="sql-column"
                    title={column.doc ?? `Insert ${column.name}`}
                    onClick={() => onInsert(sqlName(column.name))}
                  >
                    <span>{column.name}</span> <span className="muted">{column.type}</span>
                  </button>
                </li>
              ))}
            </ul>
          </details>
        </li>
      ))}
    </ul>
  );
}

function Saved({ onOpen }: Pick<SidePanelProps, "onOpen">): ReactNode {
  const list = useStore(savedQueries);
  if (list.length === 0)
    return <p className="muted">Nothing is saved yet. “Save” above keeps a statement in this browser.</p>;
  return (
    <ul className="sql-kept">
      {list.map(({ name, sql }) => (
        <li key={name}>
          <button type="button" className="sql-kept-one" title={sql} onClick={() => onOpen(sql)}>
            <b>{name}</b>
            <code>{sql.slice(0, SHOWN_MAX)}</code>
          </button>
          <button
            type="button"
            className="quiet small"
            aria-label={`Remove ${name}`}
            onClick={() => removeQuery(name)}
          >
            ✕
          </button>
        </li>
      ))}
    </ul>
  );
}

const SHOWN_MAX = 140;

function History({ onOpen }: Pick<SidePanelProps, "onOpen">): ReactNode {
  const list = useStore(runs);
  if (list.length === 0) return <p className="muted">What you run here is listed, in this browser alone.</p>;
  return (
    <>
      <ul className="sql-kept">
        {list.map(({ sql, at, rows, took_ms }) => (
          <li key={sql}>
            <button type="button" className="sql-kept-one" title={sql} onClick={() => onOpen(sql)}>
              <code>{sql.slice(0, SHOWN_MAX)}</code>
              <span className="muted">
                {dayOf(at, undefined)}, {timeOf(at)} ·{" "}
                {rows === undefined ? "failed" : `${counted(rows, "row")}, ${Math.round(took_ms)} ms`}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <button type="button" className="small" onClick={forgetRuns}>
        Forget the history
      </button>
    </>
  );
}

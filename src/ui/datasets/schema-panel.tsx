// The dataset's columns and their edits. Edits are collected, told in sentences, and made all at once; no file is written again.

import { type ReactNode, useState } from "react";
import type { Dataset } from "#contracts/catalog";
import { Notice, Problem } from "../parts/notice.tsx";
import { sqlText } from "../sql/names.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { catalogd } from "../wire/client.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { TYPES, typeWords, widerTypes } from "./dataset-words.ts";
import { type ColumnEdit, NO_CHANGE, patchOf } from "./schema-change.ts";

interface SchemaPanelProps {
  readonly dataset: Dataset;
  readonly onChanged: (dataset: Dataset) => void;
}

export function SchemaPanel({ dataset, onChanged }: SchemaPanelProps): ReactNode {
  const [change, setChange] = useState(NO_CHANGE);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<WireFault>();
  const { patch, sentences } = patchOf(dataset.columns, change);
  const edit = (id: number, next: ColumnEdit): void =>
    setChange((before) => ({
      ...before,
      edits: { ...before.edits, [id]: { ...before.edits[id], ...next } },
    }));
  const apply = async (): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    try {
      const changed = await catalogd.schema({ dataset: dataset.name, ...patch });
      setChange(NO_CHANGE);
      onChanged(changed);
    } catch (thrown) {
      setFault(toWireFault(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <div className="row">
        <p className="muted grow">Names, types and descriptions; the rows stay as they are.</p>
        <a
          className="button"
          href={sqlPath(
            `SELECT column_name, data_type FROM information_schema.columns\nWHERE table_name = ${sqlText(dataset.name)}`,
          )}
        >
          Open as SQL
        </a>
      </div>
      <div className="read-columns" role="region" aria-label="Columns" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Type</th>
              <th scope="col">What it says</th>
              <th scope="col">
                <span className="visually-hidden">Drop</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {dataset.columns.map(({ id, name, type, doc = "" }) => {
              const {
                name: newName = name,
                type: newType = type,
                doc: newDoc = doc,
                drop = false,
              } = change.edits[id] ?? {};
              const wider = widerTypes(type);
              return (
                <tr key={id} className={drop ? "dropped" : undefined}>
                  <td>
                    <input
                      aria-label={`Name of ${name}`}
                      value={newName}
                      disabled={drop}
                      onChange={(event) => edit(id, { name: event.target.value })}
                    />
                  </td>
                  <td>
                    {wider.length === 0 ? (
                      typeWords(type)
                    ) : (
                      <select
                        aria-label={`Type of ${name}`}
                        value={newType}
                        disabled={drop}
                        onChange={(event) => edit(id, { type: event.target.value })}
                      >
                        {[type, ...wider].map((one) => (
                          <option key={one} value={one}>
                            {typeWords(one)}
                          </option>
                        ))}
                      </select>
                    )}
                  </td>
                  <td>
                    <input
                      aria-label={`What ${name} says`}
                      placeholder="no description"
                      value={newDoc}
                      disabled={drop}
                      onChange={(event) => edit(id, { doc: event.target.value })}
                    />
                  </td>
                  <td>
                    <button
                      type="button"
                      className="small"
                      aria-pressed={drop}
                      onClick={() => edit(id, { drop: !drop })}
                    >
                      {drop ? "Keep" : "Drop"} <span className="visually-hidden">{name}</span>
                    </button>
                  </td>
                </tr>
              );
            })}
            {change.added.map((added, index) => (
              <tr key={`added ${index}`}>
                <td>
                  <input
                    aria-label="Name of the new column"
                    placeholder="name"
                    value={added.name}
                    onChange={(event) =>
                      setChange({
                        ...change,
                        added: change.added.map((one, at) =>
                          at === index ? { ...one, name: event.target.value } : one,
                        ),
                      })
                    }
                  />
                </td>
                <td>
                  <select
                    aria-label="Type of the new column"
                    value={added.type}
                    onChange={(event) =>
                      setChange({
                        ...change,
                        added: change.added.map((one, at) =>
                          at === index ? { ...one, type: event.target.value } : one,
                        ),
                      })
                    }
                  >
                    {Object.entries(TYPES).map(([type, words]) => (
                      <option key={type} value={type}>
                        {words} · {type}
                      </option>
                    ))}
                  </select>
                </td>
                <td className="muted">new, without values</td>
                <td>
                  <button
                    type="button"
                    className="small"
                    onClick={() =>
                      setChange({ ...change, added: change.added.filter((_, at) => at !== index) })
                    }
                  >
                    Remove
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="row">
        <button
          type="button"
          onClick={() => setChange({ ...change, added: [...change.added, { name: "", type: "VARCHAR" }] })}
        >
          Add a column
        </button>
      </div>
      {sentences.length > 0 && (
        <Notice tone="info">
          <ul>
            {sentences.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
          <p className="notice-foot">
            <button type="button" className="primary" disabled={busy} onClick={() => void apply()}>
              Make these changes
            </button>
            <button type="button" disabled={busy} onClick={() => setChange(NO_CHANGE)}>
              Leave all as it is
            </button>
          </p>
        </Notice>
      )}
      {fault !== undefined && <Problem fault={fault} />}
    </>
  );
}

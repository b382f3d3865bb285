// What a file was read as, before anything of it is loaded: its form, its columns, each type with the choice of another, and what
// would not fit.

import type { ReactNode } from "react";
import type { Ingested } from "#contracts/ingest";
import { Notice } from "../parts/notice.tsx";
import { counted } from "../parts/words.ts";
import { TYPES, typeWords } from "./dataset-words.ts";
import { DialectChoices, type Said } from "./dialect-choices.tsx";

interface ReadAsProps {
  readonly read: Ingested;
  /** Its cells are told apart by the workbook itself. */
  readonly isWorkbook: boolean;
  /** Types that a person chose, by column. */
  readonly types: Readonly<Record<string, string>>;
  /** An empty type is the one that was found. */
  readonly onType: (column: string, type: string) => void;
  readonly said: Said;
  readonly onSaid: (said: Said) => void;
}

export function ReadAs({ read, isWorkbook, types, onType, said, onSaid }: ReadAsProps): ReactNode {
  const { dialect, columns, rows_in, rows_loaded, rows_quarantined, schema_changes, warnings, replayed } =
    read;
  if (replayed)
    return (
      <Notice tone="info">This file is in the dataset already. Loading it again changes nothing.</Notice>
    );
  return (
    <>
      <p>
        {counted(rows_in, "row")} read, {counted(rows_loaded, "row")} would be loaded
        {rows_quarantined > 0 && (
          <>
            , <b className="short">{counted(rows_quarantined, "row")} would not fit</b>
          </>
        )}
        .
      </p>
      {dialect !== undefined && (
        <>
          {!isWorkbook && <DialectChoices found={dialect} said={said} onSaid={onSaid} />}
          <details>
            <summary>How this was found out</summary>
            <ul className="plain-list muted">
              {dialect.evidence.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          </details>
        </>
      )}
      {warnings.length + schema_changes.length > 0 && (
        <Notice tone="warn">
          <ul>
            {[...schema_changes.map((change) => `The dataset changes: ${change}`), ...warnings].map(
              (warning) => (
                <li key={warning}>{warning}</li>
              ),
            )}
          </ul>
        </Notice>
      )}
      <div className="read-columns" role="region" aria-label="Columns as they were read" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Type</th>
              <th scope="col">Sure</th>
              <th scope="col">Values</th>
            </tr>
          </thead>
          <tbody>
            {columns.map(({ name, type, confidence, samples }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <select
                    aria-label={`Type of ${name}`}
                    className={types[name] === undefined ? undefined : "overruled"}
                    value={types[name] ?? ""}
                    onChange={(event) => onType(name, event.target.value)}
                  >
                    <option value="">{typeWords(type)}</option>
                    {Object.entries(TYPES).map(([choice, words]) => (
                      <option key={choice} value={choice}>
                        {words} · {choice}
                      </option>
                    ))}
                  </select>
                </td>
                <td className="number">{Math.round(confidence * 100)} %</td>
                <td className="samples">{samples.join(" · ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

// One row of a table, whole: long texts, nested values, and what is missing.

import type { ReactNode } from "react";
import { CopyButton } from "../copy-button.tsx";
import { Dialog } from "../dialog.tsx";
import { textOf } from "./cells.ts";
import type { Column } from "./rows.ts";

interface RecordDialogProps<Row> {
  readonly title: string;
  readonly columns: readonly Column<Row>[];
  readonly row: Row;
  readonly onClose: () => void;
  readonly actions?: ReactNode;
}

export function RecordDialog<Row>({
  title,
  columns,
  row,
  onClose,
  actions,
}: RecordDialogProps<Row>): ReactNode {
  const record = Object.fromEntries(columns.map(({ key, value }) => [key, value(row)]));
  return (
    <Dialog title={title} onClose={onClose} wide>
      <dl className="record">
        {columns.map(({ key, title: name, note, value }) => {
          const cell = value(row);
          return (
            <div key={key}>
              <dt>
                {name} {note !== undefined && <span className="muted">{note}</span>}
              </dt>
              <dd className={cell === null || cell === undefined ? "missing" : undefined}>
                {cell === null || cell === undefined
                  ? "no value"
                  : typeof cell === "object"
                    ? JSON.stringify(cell, undefined, 2)
                    : textOf(cell)}
              </dd>
            </div>
          );
        })}
      </dl>
      <div className="row">
        {actions}
        <CopyButton text={JSON.stringify(record, undefined, 2)} label="Copy as JSON" />
      </div>
    </Dialog>
  );
}

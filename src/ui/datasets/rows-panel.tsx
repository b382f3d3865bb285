// Rows that a statement gives, as a table with the link to it.

import { type ReactNode, useMemo } from "react";
import type { Dataset } from "#contracts/catalog";
import type { SqlResult } from "#contracts/query";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { sectionPath } from "../shell/router.ts";
import { isNumeric } from "../sql/chart-data.ts";
import { sqlName } from "../sql/names.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { queryd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";

const ROWS_SHOWN = 1000;

export function RowsPanel({ dataset }: { readonly dataset: Dataset }): ReactNode {
  if (dataset.rows === 0)
    return (
      <Empty title="No rows">
        <p>
          Its columns are there and hold nothing yet. <a href={sectionPath("datasets")}>Drop a file</a>, and
          choose {dataset.name} as its dataset.
        </p>
      </Empty>
    );
  return (
    <>
      {dataset.rows > ROWS_SHOWN && (
        <p className="muted">The first {ROWS_SHOWN.toLocaleString("en-US")}; SQL shows any others.</p>
      )}
      <SqlRows
        name="rows"
        sql={`FROM ${sqlName(dataset.name)}`}
        limit={ROWS_SHOWN}
        version={`${dataset.snapshot_id} ${dataset.fingerprint}`}
      />
    </>
  );
}

interface SqlRowsProps {
  readonly name: string;
  readonly sql: string;
  readonly limit?: number;
  /** Another one is other rows. */
  readonly version?: string;
  readonly rowsShown?: number;
}

type Row = SqlResult["rows"][number];

export function SqlRows({ name, sql, limit = 1000, version = "", rowsShown = 16 }: SqlRowsProps): ReactNode {
  const { data, fault, refresh } = useLoaded(`${name} ${version} ${sql}`, () => queryd.sql({ sql, limit }));
  const columns = useMemo<readonly ShownColumn<Row>[]>(
    () =>
      (data?.columns ?? []).map((column) => ({
        key: column.name,
        title: column.name,
        note: column.type,
        number: isNumeric(column),
        value: (row) => row[column.name] ?? null,
      })),
    [data],
  );
  if (data === undefined)
    return fault === undefined ? <Loading rows={6} what={name} /> : <Problem fault={fault} again={refresh} />;
  return (
    <DataGrid
      name={name}
      columns={columns}
      rows={data.rows}
      rowKey={(_, index) => String(index)}
      sqlPath={sqlPath(sql)}
      rowsShown={rowsShown}
    />
  );
}

// What one snapshot has and another has not: columns, and rows over the columns that both have.

import type { ReactNode } from "react";
import { Loading, Notice, Problem } from "../parts/notice.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { counted } from "../parts/words.ts";
import { queryd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { onlyInSql, versionSql } from "./profile-sql.ts";
import { SqlRows } from "./rows-panel.tsx";

interface Described {
  readonly name: string;
  readonly type: string;
}

async function columnsOf(dataset: string, id: string): Promise<readonly Described[]> {
  const { rows } = await queryd.sql({
    sql: `DESCRIBE SELECT * FROM ${versionSql(dataset, id)}`,
    limit: 10_000,
  });
  return rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }));
}

async function countOf(sql: string): Promise<number> {
  const { rows } = await queryd.sql({ sql: `SELECT count(*) AS n FROM (${sql})` });
  return Number(rows[0]?.["n"] ?? 0);
}

interface Difference {
  readonly addedColumns: readonly Described[];
  readonly removedColumns: readonly Described[];
  readonly addedSql: string;
  readonly removedSql: string;
  readonly added: number;
  readonly removed: number;
}

async function difference(dataset: string, from: string, to: string): Promise<Difference> {
  const [before, after] = [await columnsOf(dataset, from), await columnsOf(dataset, to)];
  const lacks = (columns: readonly Described[], { name, type }: Described): boolean =>
    !columns.some((column) => column.name === name && column.type === type);
  const common = after.filter((column) => !lacks(before, column)).map(({ name }) => name);
  const addedSql = onlyInSql(dataset, to, from, common);
  const removedSql = onlyInSql(dataset, from, to, common);
  return {
    addedColumns: after.filter((column) => lacks(before, column)),
    removedColumns: before.filter((column) => lacks(after, column)),
    addedSql,
    removedSql,
    added: common.length === 0 ? 0 : await countOf(addedSql),
    removed: common.length === 0 ? 0 : await countOf(removedSql),
  };
}

export function SnapshotDiff({
  dataset,
  from,
  to,
}: {
  readonly dataset: string;
  readonly from: string;
  readonly to: string;
}): ReactNode {
  const { data, fault, refresh } = useLoaded(`difference ${dataset} ${from} ${to}`, () =>
    difference(dataset, from, to),
  );
  if (data === undefined)
    return fault === undefined ? (
      <Loading rows={4} what="the difference" />
    ) : (
      <Problem fault={fault} again={refresh} />
    );
  const { addedColumns, removedColumns, added, removed, addedSql, removedSql } = data;
  const names = (columns: readonly Described[]): string =>
    columns.map(({ name, type }) => `${name} (${type})`).join(", ");
  return (
    <>
      {addedColumns.length + removedColumns.length > 0 && (
        <Notice tone="info">
          {addedColumns.length > 0 && <p>New columns: {names(addedColumns)}</p>}
          {removedColumns.length > 0 && <p>Columns that are gone: {names(removedColumns)}</p>}
        </Notice>
      )}
      {added + removed === 0 ? (
        <p className="muted">The rows are the same in both.</p>
      ) : (
        <Tabs
          label="Difference"
          param="diff"
          tabs={[
            {
              name: "added",
              title: `New: ${counted(added, "row")}`,
              panel: () => <SqlRows name="new rows" sql={addedSql} rowsShown={8} />,
            },
            {
              name: "removed",
              title: `Gone: ${counted(removed, "row")}`,
              panel: () => <SqlRows name="rows that are gone" sql={removedSql} rowsShown={8} />,
            },
          ]}
        />
      )}
      <p className="muted">
        A row that was changed is in both: as it was among those that are gone, as it is among the new ones.
      </p>
    </>
  );
}

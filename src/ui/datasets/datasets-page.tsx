// Datasets: what is there, and files on their way in. With a name in the path, one of them.

import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { Dataset } from "#contracts/catalog";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { useFilterKey } from "../parts/grid/use-filter-key.ts";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { counted, dayOf, timeOf } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { go, sectionPath } from "../shell/router.ts";
import type { SectionProps } from "../shell/sections.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { allDatasets } from "./all-datasets.ts";
import { DatasetPage } from "./dataset-page.tsx";
import { ownerOf, REJECTS, sizeOf } from "./dataset-words.ts";
import { FileDrop } from "./file-drop.tsx";

export function DatasetsPage({ item }: SectionProps): ReactNode {
  return item === undefined ? <DatasetList /> : <DatasetPage key={item} dataset={item} />;
}

interface Listed extends Dataset {
  readonly rejected: number;
}

const LIST_SQL =
  "SELECT table_name AS dataset, count(*) AS columns\nFROM information_schema.columns\nGROUP BY ALL\nORDER BY dataset";

const COLUMNS: readonly ShownColumn<Listed>[] = [
  {
    key: "name",
    title: "Dataset",
    width: 280,
    value: ({ name }) => name,
    show: ({ name }) => <a href={sectionPath("datasets", name)}>{name}</a>,
  },
  {
    key: "rows",
    title: "Rows",
    number: true,
    width: 110,
    value: ({ rows }) => rows,
    show: ({ rows }) => rows.toLocaleString("en-US"),
  },
  {
    key: "rejected",
    title: "Rejected rows",
    number: true,
    width: 130,
    value: ({ rejected }) => rejected,
    show: ({ name, rejected }) =>
      rejected === 0 ? (
        <span className="muted">none</span>
      ) : (
        <a href={sectionPath("datasets", name, { tab: "rejects" })}>{rejected.toLocaleString("en-US")}</a>
      ),
  },
  { key: "columns", title: "Columns", number: true, width: 100, value: ({ columns }) => columns.length },
  {
    key: "bytes",
    title: "Size",
    number: true,
    width: 100,
    value: ({ bytes }) => bytes,
    show: ({ bytes }) => sizeOf(bytes),
  },
  {
    key: "updated",
    title: "Last change",
    width: 200,
    value: ({ updated_at }) => updated_at,
    show: ({ updated_at }) => `${dayOf(updated_at, undefined)}, ${timeOf(updated_at)}`,
  },
];

/** Rejected rows stand with their dataset; a table of them whose dataset is gone stands for itself. */
export function listed(datasets: readonly Dataset[]): readonly Listed[] {
  const rejects = new Map(datasets.map(({ name, rows }) => [name, rows]));
  const names = new Set(datasets.map(({ name }) => name));
  return datasets
    .filter(({ name }) => !names.has(ownerOf(name) ?? ""))
    .map((dataset) => ({ ...dataset, rejected: rejects.get(dataset.name + REJECTS) ?? 0 }));
}

function DatasetList(): ReactNode {
  const { data, fault, refresh } = useLoaded("datasets", allDatasets);
  const rows = useMemo(() => listed(data ?? []), [data]);
  const [files, setFiles] = useState<readonly File[]>([]);
  const picker = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Datasets · Lakehouse";
  }, []);
  useFilterKey();
  useCommands([{ name: "Load files", keys: "u", run: () => picker.current?.click() }]);
  return (
    <div className="section-page">
      <header className="section-head">
        <h1>
          Datasets <span className="muted">{data === undefined ? "" : counted(rows.length, "dataset")}</span>
        </h1>
      </header>
      <FileDrop
        picker={picker}
        files={files}
        onFiles={(more) => setFiles((before) => [...before, ...more])}
        onRemove={(file) => setFiles((before) => before.filter((one) => one !== file))}
        datasets={data ?? []}
        onLoaded={refresh}
      />
      {data === undefined ? (
        fault === undefined ? (
          <Loading rows={8} what="datasets" />
        ) : (
          <Problem fault={fault} again={refresh} />
        )
      ) : rows.length === 0 ? (
        <Empty title="No datasets yet">
          <p>Drop a file above, or in a terminal:</p>
          <pre className="code" tabIndex={0}>
            lakehouse ingest workers.csv --dataset workers
          </pre>
        </Empty>
      ) : (
        <DataGrid
          name="datasets"
          columns={COLUMNS}
          rows={rows}
          rowKey={({ name }) => name}
          onOpen={({ name }) => go(sectionPath("datasets", name))}
          sqlPath={sqlPath(LIST_SQL)}
        />
      )}
    </div>
  );
}

// One dataset: its rows, what its columns hold, how it came to be, what did not fit, what is made of it.

import { type ReactNode, useEffect } from "react";
import type { Dataset } from "#contracts/catalog";
import { useFilterKey } from "../parts/grid/use-filter-key.ts";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { counted, dayOf, timeOf } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { go, sectionPath, setParams } from "../shell/router.ts";
import { sqlName } from "../sql/names.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { catalogd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { sizeOf } from "./dataset-words.ts";
import { ProfilePanel } from "./profile-panel.tsx";
import { RejectsPanel } from "./rejects-panel.tsx";
import { RowsPanel } from "./rows-panel.tsx";
import { SchemaPanel } from "./schema-panel.tsx";
import { SnapshotsPanel } from "./snapshots-panel.tsx";
import { UsePanel } from "./use-panel.tsx";

export function DatasetPage({ dataset: name }: { readonly dataset: string }): ReactNode {
  const loaded = useLoaded(`dataset ${name}`, () => catalogd.dataset({ dataset: name }));
  const { data, fault, refresh, take } = loaded;
  useEffect(() => {
    document.title = `${name} · Lakehouse`;
  }, [name]);
  useFilterKey();
  useCommands([
    { name: "Back to all datasets", run: () => go(sectionPath("datasets")) },
    { name: `Ask ${name} in SQL`, keys: "q", run: () => go(sqlPath(`FROM ${sqlName(name)}`)) },
    { name: "Profile of the columns", keys: "1", run: () => setParams({ tab: "profile" }) },
    { name: "History of the dataset", keys: "2", run: () => setParams({ tab: "history" }) },
  ]);
  return (
    <div className="section-page">
      <nav aria-label="Path">
        <a href={sectionPath("datasets")}>Datasets</a>
      </nav>
      <header className="section-head">
        <h1 className="whole-name">
          {name}{" "}
          {data !== undefined && (
            <span className="muted">
              {counted(data.rows, "row")} · {counted(data.columns.length, "column")} · {sizeOf(data.bytes)} ·
              last changed {dayOf(data.updated_at, undefined)}, {timeOf(data.updated_at)}
            </span>
          )}
        </h1>
        {data !== undefined && (
          <a className="button" href={sqlPath(`FROM ${sqlName(name)}`)}>
            Ask it in SQL <kbd>Q</kbd>
          </a>
        )}
      </header>
      <LoadedView loaded={loaded} what={name} rows={8}>
        {(dataset) => <DatasetTabs dataset={dataset} onChanged={take} onRefresh={refresh} />}
      </LoadedView>
      {data === undefined && fault !== undefined && (
        <p>
          <a href={sectionPath("datasets")}>See the datasets that are there</a>
        </p>
      )}
    </div>
  );
}

function DatasetTabs({
  dataset,
  onChanged,
  onRefresh,
}: {
  readonly dataset: Dataset;
  readonly onChanged: (dataset: Dataset) => void;
  readonly onRefresh: () => void;
}): ReactNode {
  return (
    <Tabs
      label={`Parts of ${dataset.name}`}
      tabs={[
        { name: "rows", title: "Rows", panel: () => <RowsPanel dataset={dataset} /> },
        { name: "profile", title: "Profile", panel: () => <ProfilePanel dataset={dataset} /> },
        {
          name: "columns",
          title: "Columns",
          panel: () => <SchemaPanel key={dataset.fingerprint} dataset={dataset} onChanged={onChanged} />,
        },
        {
          name: "history",
          title: "History",
          panel: () => <SnapshotsPanel dataset={dataset} onChanged={onChanged} />,
        },
        {
          name: "rejects",
          title: "Rejected rows",
          panel: () => <RejectsPanel dataset={dataset} onReplayed={onRefresh} />,
        },
        { name: "use", title: "Where it is used", panel: () => <UsePanel dataset={dataset} /> },
      ]}
    />
  );
}

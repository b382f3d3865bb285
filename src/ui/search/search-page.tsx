// Search: what can be searched, and one such corpus with a text to try, its weights, and the health of its index.

import { type ReactNode, useEffect, useState } from "react";
import type { Corpus } from "#contracts/matrix";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Notice } from "../parts/notice.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { counted, dayOf, timeOf } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { go, sectionPath, setParams, useParams } from "../shell/router.ts";
import type { SectionProps } from "../shell/sections.ts";
import { sqlName } from "../sql/names.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { matrixd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { CorpusForm } from "./corpus-form.tsx";
import { IndexPanel } from "./index-panel.tsx";
import { TryPanel } from "./try-panel.tsx";
import { WeightsPanel } from "./weights-panel.tsx";

export function SearchPage({ item }: SectionProps): ReactNode {
  return item === undefined ? <SearchHome /> : <CorpusPage key={item} corpus={item} />;
}

/** While something is being built, how far it is is read this often. */
const BUILDING_MS = 1000;

function useRefreshing(building: boolean, refresh: () => void): void {
  useEffect(() => {
    if (!building) return undefined;
    const timer = setInterval(refresh, BUILDING_MS);
    return () => clearInterval(timer);
  }, [building, refresh]);
}

export function CorpusStatus({ corpus }: { readonly corpus: Corpus }): ReactNode {
  const { status, build } = corpus;
  if (build?.error !== undefined) return <span className="pill bad">build failed</span>;
  if (build !== undefined)
    return (
      <span className="row" title={`${build.done} of ${build.total}`}>
        <progress
          aria-label={`Build of ${corpus.name}`}
          value={build.done}
          max={Math.max(1, build.total)}
          className="short-progress"
        />
        {PHASES[build.phase]}
      </span>
    );
  if (status === "ready") return <span className="pill good">ready</span>;
  return status === "failed" ? (
    <span className="pill bad">build failed</span>
  ) : (
    <span className="pill warn">being built</span>
  );
}

const PHASES = { read: "reading", embed: "reading meanings", index: "building", swap: "finishing" };

const COLUMNS: readonly ShownColumn<Corpus>[] = [
  {
    key: "name",
    title: "Search",
    width: 200,
    value: ({ name }) => name,
    show: ({ name }) => <a href={sectionPath("search", name)}>{name}</a>,
  },
  {
    key: "dataset",
    title: "Dataset",
    width: 180,
    value: ({ dataset }) => dataset,
    show: ({ dataset }) => <a href={sectionPath("datasets", dataset)}>{dataset}</a>,
  },
  { key: "holds", title: "Holds", width: 90, value: ({ holds }) => holds },
  {
    key: "rows",
    title: "Rows",
    number: true,
    width: 100,
    value: ({ rows }) => rows,
    show: ({ rows }) => rows.toLocaleString("en-US"),
  },
  {
    key: "status",
    title: "State",
    width: 200,
    value: ({ status, build }) => build?.phase ?? status,
    show: (corpus) => <CorpusStatus corpus={corpus} />,
  },
  { key: "text", title: "Text that is searched", width: 280, value: ({ text }) => text },
  { key: "model", title: "Model", width: 140, value: ({ model }) => model },
  {
    key: "updated",
    title: "Last change",
    width: 180,
    value: ({ updated_at }) => updated_at,
    show: ({ updated_at }) => `${dayOf(updated_at, undefined)}, ${timeOf(updated_at)}`,
  },
];

function SearchHome(): ReactNode {
  const loaded = useLoaded("corpora", () => matrixd.corpora({ limit: 1000 }));
  const { data, refresh } = loaded;
  const make = useParams().get("make");
  const corpora = data?.corpora ?? [];
  useRefreshing(
    corpora.some(({ build, status }) => status === "building" || build !== undefined),
    refresh,
  );
  useEffect(() => {
    document.title = "Search · Lakehouse";
  }, []);
  useCommands([{ name: "Make a dataset searchable", run: () => setParams({ make: "new" }) }]);
  return (
    <div className="section-page">
      <header className="section-head">
        <h1>Search</h1>
        <button type="button" onClick={() => setParams({ make: "new" })}>
          Make a dataset searchable
        </button>
      </header>
      {(data?.damaged ?? []).map((name) => (
        <Notice key={name} tone="bad">
          The definition of {name} is damaged. Make it again under the same name, or restore a backup.
        </Notice>
      ))}
      <LoadedView loaded={loaded} what="what can be searched">
        {() =>
          corpora.length === 0 ? (
            <Empty title="Nothing can be searched yet">
              <p>
                A dataset of people is searched as you type an order, once it is made searchable above. In a
                terminal:
              </p>
              <pre className="code" tabIndex={0}>
                lakehouse corpus build workers
              </pre>
            </Empty>
          ) : (
            <>
              {corpora.some(({ status }) => status === "ready") && <TryPanel corpus={undefined} />}
              <h2>What can be searched</h2>
              <DataGrid
                name="corpora"
                columns={COLUMNS}
                rows={corpora}
                rowKey={({ name }) => name}
                onOpen={({ name }) => go(sectionPath("search", name))}
                rowsShown={8}
              />
            </>
          )
        }
      </LoadedView>
      {make !== null && (
        <CorpusForm
          dataset={make === "new" ? "" : make}
          onClose={() => setParams({ make: undefined })}
          onMade={(corpus) => go(sectionPath("search", corpus.name))}
        />
      )}
    </div>
  );
}

function CorpusPage({ corpus: name }: { readonly corpus: string }): ReactNode {
  const loaded = useLoaded(`corpus ${name}`, () => matrixd.corpus({ corpus: name }));
  const { data, refresh } = loaded;
  const [rebuilding, setRebuilding] = useState(false);
  useRefreshing(data?.build !== undefined || data?.status === "building", refresh);
  useEffect(() => {
    document.title = `${name} · Search · Lakehouse`;
  }, [name]);
  return (
    <div className="section-page">
      <nav aria-label="Path">
        <a href={sectionPath("search")}>Search</a>
      </nav>
      <header className="section-head">
        <h1 className="whole-name">
          {name}{" "}
          {data !== undefined && (
            <span className="muted">
              {counted(data.rows, "row")} of{" "}
              <a href={sectionPath("datasets", data.dataset)}>{data.dataset}</a> · searched by “{data.text}”
            </span>
          )}
        </h1>
        {data !== undefined && (
          <div className="row">
            <CorpusStatus corpus={data} />
            <a className="button" href={sqlPath(`FROM ${sqlName(data.dataset)}`)}>
              Its rows in SQL
            </a>
            <button type="button" onClick={() => setRebuilding(true)}>
              Change it
            </button>
          </div>
        )}
      </header>
      {data?.build?.error !== undefined && (
        <Notice tone="bad">
          The last build failed: {data.build.error} What was built before still answers. Change it, or build
          it again.
        </Notice>
      )}
      <LoadedView loaded={loaded} what={name}>
        {(corpus) => (
          <Tabs
            label={`Parts of ${name}`}
            tabs={[
              {
                name: "try",
                title: "Try it",
                panel: () =>
                  corpus.snapshot_id === null ? (
                    <Notice tone="info">
                      It is being built for the first time; it answers as soon as that is done.
                    </Notice>
                  ) : (
                    <TryPanel corpus={corpus} />
                  ),
              },
              { name: "weights", title: "Weights", panel: () => <WeightsPanel corpus={name} /> },
              { name: "index", title: "Health and map", panel: () => <IndexPanel corpus={corpus} /> },
            ]}
          />
        )}
      </LoadedView>
      {rebuilding && data !== undefined && (
        <CorpusForm
          dataset={data.dataset}
          corpus={data}
          onClose={() => setRebuilding(false)}
          onMade={() => {
            setRebuilding(false);
            refresh();
          }}
        />
      )}
    </div>
  );
}

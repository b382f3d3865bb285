// How the dataset came to be: its snapshots, what changed between two of them, and the way back to one.

import { type ReactNode, useState } from "react";
import type { Dataset } from "#contracts/catalog";
import { Dialog } from "../parts/dialog.tsx";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Empty, Loading, Notice, Problem } from "../parts/notice.tsx";
import { counted, dayOf, timeOf } from "../parts/words.ts";
import { setParams, useParams } from "../shell/router.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { catalogd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { OPERATION_WORDS } from "./dataset-words.ts";
import { versionSql } from "./profile-sql.ts";
import { SnapshotDiff } from "./snapshot-diff.tsx";

export type Snapshot = Awaited<ReturnType<typeof catalogd.snapshots>>["snapshots"][number];

const LISTED_MAX = 1000;

const whenOf = ({ at }: Snapshot): string => `${dayOf(at, undefined)}, ${timeOf(at)}`;

const COLUMNS: readonly ShownColumn<Snapshot>[] = [
  { key: "at", title: "When", width: 190, value: ({ at }) => at, show: whenOf },
  {
    key: "operation",
    title: "What",
    width: 150,
    value: ({ operation }) => OPERATION_WORDS[operation] ?? operation,
  },
  {
    key: "rows",
    title: "Rows then",
    number: true,
    width: 110,
    value: ({ rows }) => rows,
    show: ({ rows }) => rows.toLocaleString("en-US"),
  },
  {
    key: "added",
    title: "Added",
    number: true,
    width: 100,
    value: ({ summary }) => summary["added-records"] ?? null,
  },
  { key: "source", title: "From", width: 220, value: ({ summary }) => summary["lakehouse.source"] ?? "" },
  {
    key: "tags",
    title: "Marks",
    width: 180,
    value: ({ tags, current }) => [...(current ? ["current"] : []), ...tags].join(", "),
    show: ({ tags, current }) => (
      <>
        {current && <span className="pill info">current</span>}{" "}
        {tags.map((tag) => (
          <span key={tag} className="pill">
            {tag}
          </span>
        ))}
      </>
    ),
  },
  { key: "id", title: "Snapshot", width: 180, value: ({ snapshot_id }) => String(snapshot_id) },
];

interface SnapshotsPanelProps {
  readonly dataset: Dataset;
  readonly onChanged: (dataset: Dataset) => void;
}

export function SnapshotsPanel({ dataset, onChanged }: SnapshotsPanelProps): ReactNode {
  const { data, fault, refresh } = useLoaded(`snapshots ${dataset.name} ${dataset.snapshot_id}`, () =>
    catalogd.snapshots({ dataset: dataset.name, limit: LISTED_MAX }),
  );
  const params = useParams();
  const [opened, setOpened] = useState<Snapshot>();
  if (data === undefined)
    return fault === undefined ? (
      <Loading rows={6} what="the history" />
    ) : (
      <Problem fault={fault} again={refresh} />
    );
  const { snapshots } = data;
  if (snapshots.length === 0)
    return (
      <Empty title="No history yet">
        <p>The first file that is loaded into it makes its first snapshot.</p>
      </Empty>
    );
  const byId = new Map(snapshots.map((snapshot) => [String(snapshot.snapshot_id), snapshot]));
  const to = byId.get(params.get("to") ?? "") ?? snapshots.find(({ current }) => current) ?? snapshots[0];
  const from = byId.get(params.get("from") ?? "") ?? byId.get(String(to?.parent_id));
  return (
    <>
      <DataGrid
        name="history"
        columns={COLUMNS}
        rows={snapshots}
        rowKey={({ snapshot_id }) => String(snapshot_id)}
        onOpen={setOpened}
        rowsShown={8}
        sqlPath={
          to === undefined ? undefined : sqlPath(`FROM ${versionSql(dataset.name, String(to.snapshot_id))}`)
        }
        tools={<span className="muted">open one to go back to it, or to give it a name</span>}
      />
      {snapshots.length > 1 && to !== undefined && (
        <section className="card section-page" aria-labelledby="diff-title">
          <h2 id="diff-title">What changed between two of them</h2>
          <div className="row chart-choices">
            <SnapshotSelect
              label="From"
              snapshots={snapshots}
              chosen={from}
              onChoose={(id) => setParams({ from: id })}
            />
            <SnapshotSelect
              label="To"
              snapshots={snapshots}
              chosen={to}
              onChoose={(id) => setParams({ to: id })}
            />
          </div>
          {from === undefined ? (
            <p className="muted">Choose the snapshot to compare with.</p>
          ) : (
            <SnapshotDiff
              key={`${from.snapshot_id} ${to.snapshot_id}`}
              dataset={dataset.name}
              from={String(from.snapshot_id)}
              to={String(to.snapshot_id)}
            />
          )}
        </section>
      )}
      {opened !== undefined && (
        <SnapshotDialog
          dataset={dataset}
          snapshot={opened}
          onClose={() => setOpened(undefined)}
          onChanged={(changed) => {
            setOpened(undefined);
            onChanged(changed);
            refresh();
          }}
          onTagged={() => {
            setOpened(undefined);
            refresh();
          }}
        />
      )}
    </>
  );
}

function SnapshotSelect({
  label,
  snapshots,
  chosen,
  onChoose,
}: {
  readonly label: string;
  readonly snapshots: readonly Snapshot[];
  readonly chosen: Snapshot | undefined;
  readonly onChoose: (id: string) => void;
}): ReactNode {
  return (
    <label>
      {label}
      <select
        value={chosen === undefined ? "" : String(chosen.snapshot_id)}
        onChange={(event) => onChoose(event.target.value)}
      >
        {chosen === undefined && <option value="">choose one</option>}
        {snapshots.map((snapshot) => (
          <option key={String(snapshot.snapshot_id)} value={String(snapshot.snapshot_id)}>
            {whenOf(snapshot)} · {counted(snapshot.rows, "row")}
            {snapshot.current ? " · current" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}

interface SnapshotDialogProps {
  readonly dataset: Dataset;
  readonly snapshot: Snapshot;
  readonly onClose: () => void;
  readonly onChanged: (dataset: Dataset) => void;
  readonly onTagged: () => void;
}

function SnapshotDialog({ dataset, snapshot, onClose, onChanged, onTagged }: SnapshotDialogProps): ReactNode {
  const [tag, setTag] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<WireFault>();
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    try {
      await work();
    } catch (thrown) {
      setFault(toWireFault(thrown));
      setBusy(false);
    }
  };
  const { snapshot_id, rows, operation, summary, current } = snapshot;
  return (
    <Dialog title={whenOf(snapshot)} onClose={onClose} wide>
      <p>
        {OPERATION_WORDS[operation] ?? operation}
        {summary["lakehouse.source"] !== undefined && ` from ${summary["lakehouse.source"]}`};{" "}
        {counted(rows, "row")} then.{" "}
        <a href={sqlPath(`FROM ${versionSql(dataset.name, String(snapshot_id))}`)}>See its rows in SQL</a>
      </p>
      <details>
        <summary>Everything that is known of it</summary>
        <dl className="record">
          {Object.entries({ snapshot_id, ...summary }).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{String(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (tag.trim() === "") return;
          void attempt(async () => {
            await catalogd.tag({ dataset: dataset.name, name: tag.trim(), snapshot_id });
            onTagged();
          });
        }}
      >
        <label className="grow">
          Give it a name, so that it is kept and can be asked for
          <input placeholder="before-cleaning" value={tag} onChange={(event) => setTag(event.target.value)} />
        </label>
        <button type="submit" disabled={busy || tag.trim() === ""}>
          Name it
        </button>
      </form>
      {!current && (
        <Notice tone="warn">
          <p>
            Going back makes these {counted(rows, "row")} the current ones; now there are{" "}
            {dataset.rows.toLocaleString("en-US")}. Today’s rows stay in the history, and you can come back to
            them the same way.
          </p>
          <p className="notice-foot">
            <button
              type="button"
              disabled={busy}
              onClick={() =>
                void attempt(async () =>
                  onChanged(await catalogd.rollback({ dataset: dataset.name, snapshot_id })),
                )
              }
            >
              Go back to this snapshot
            </button>
          </p>
        </Notice>
      )}
      {fault !== undefined && <Problem fault={fault} />}
    </Dialog>
  );
}

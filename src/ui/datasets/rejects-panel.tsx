// Rows that did not fit, by file and reason, and their replay once the columns can hold them.

import { type ReactNode, useState } from "react";
import type { Dataset } from "#contracts/catalog";
import type { Ingested } from "#contracts/ingest";
import { Empty, Loading, Notice, Problem } from "../parts/notice.tsx";
import { counted } from "../parts/words.ts";
import { sectionPath } from "../shell/router.ts";
import { sqlName, sqlText } from "../sql/names.ts";
import { ingestd, queryd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { REJECTS, typeWords, widerTypes } from "./dataset-words.ts";
import { rejectsSql } from "./profile-sql.ts";
import { SqlRows } from "./rows-panel.tsx";

interface RejectsPanelProps {
  readonly dataset: Dataset;
  readonly onReplayed: () => void;
}

interface Rejected {
  readonly ingestId: string;
  readonly source: string;
  readonly rows: number;
  readonly reasons: readonly { readonly column: string; readonly rows: number; readonly example: string }[];
}

/** Undefined where nothing was ever rejected. */
async function rejectedOf(dataset: string): Promise<readonly Rejected[]> {
  try {
    const { rows } = await queryd.sql({ sql: rejectsSql(dataset), limit: 10_000 });
    const files = Map.groupBy(rows, (row) => String(row["ingest_id"]));
    return [...files].map(([ingestId, of]) => ({
      ingestId,
      source: String(of[0]?.["source"] ?? ""),
      rows: of.reduce((sum, row) => sum + Number(row["rows"]), 0),
      reasons: of.map((row) => ({
        column: String(row["column"] ?? ""),
        rows: Number(row["rows"]),
        example: String(row["example"] ?? ""),
      })),
    }));
  } catch (thrown) {
    const fault = toWireFault(thrown);
    if (fault.code === "not_found") return [];
    throw fault;
  }
}

export function RejectsPanel({ dataset, onReplayed }: RejectsPanelProps): ReactNode {
  const { data, fault, refresh } = useLoaded(`rejects ${dataset.name} ${dataset.snapshot_id}`, () =>
    rejectedOf(dataset.name),
  );
  // Outlives the rows it tells about.
  const [replayed, setReplayed] = useState<Ingested>();
  if (data === undefined)
    return fault === undefined ? (
      <Loading rows={4} what="rejected rows" />
    ) : (
      <Problem fault={fault} again={refresh} />
    );
  return (
    <>
      {replayed !== undefined && (
        <Notice tone={replayed.rows_loaded > 0 ? "good" : "warn"}>
          {replayed.rows_loaded > 0
            ? `${counted(replayed.rows_loaded, "row")} fitted and are in ${dataset.name} now.`
            : "None of the rows fits yet: nothing was changed."}
          {replayed.rows_quarantined > 0 && ` ${counted(replayed.rows_quarantined, "row")} stay here.`}
        </Notice>
      )}
      {data.length === 0 ? (
        <Empty title="Every row fitted">
          <p>
            Rows whose values do not have the type of their column would be here, each with its line and the
            reason.
          </p>
        </Empty>
      ) : (
        data.map((rejected) => (
          <RejectedFile
            key={rejected.ingestId}
            dataset={dataset}
            rejected={rejected}
            onReplayed={(result) => {
              setReplayed(result);
              refresh();
              onReplayed();
            }}
          />
        ))
      )}
    </>
  );
}

interface RejectedFileProps {
  readonly dataset: Dataset;
  readonly rejected: Rejected;
  readonly onReplayed: (result: Ingested) => void;
}

function RejectedFile({ dataset, rejected, onReplayed }: RejectedFileProps): ReactNode {
  const { ingestId, source, rows, reasons } = rejected;
  const [types, setTypes] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<WireFault>();
  const blamed = new Set(reasons.map(({ column }) => column));
  const widenable = dataset.columns.filter(
    ({ name, type }) => blamed.has(name) && widerTypes(type).length > 0,
  );
  const replay = async (): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    try {
      onReplayed(
        await ingestd.replay({
          dataset: dataset.name,
          ingest_id: ingestId,
          ...(Object.keys(types).length === 0 ? {} : { types }),
        }),
      );
    } catch (thrown) {
      setFault(toWireFault(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="card section-page" aria-label={`Rejected rows of ${source}`}>
      <header className="section-head">
        <h2>
          {source === "" ? "A file without a name" : source}{" "}
          <span className="muted">{counted(rows, "row")}</span>
        </h2>
        <button type="button" disabled={busy} onClick={() => void replay()}>
          {busy ? "Loading…" : "Load them once more"}
        </button>
      </header>
      <ul className="plain-list">
        {reasons.map(({ column, rows: count, example }) => (
          <li key={column + example}>
            <b>{column === "" ? "The row" : column}</b>: {counted(count, "row")}, for instance {example}
          </li>
        ))}
      </ul>
      {widenable.map(({ name, type }) => (
        <label key={name} className="narrow-field">
          Type of {name} from now on
          <select
            value={types[name] ?? ""}
            onChange={(event) => {
              const { [name]: _, ...others } = types;
              setTypes(event.target.value === "" ? others : { ...others, [name]: event.target.value });
            }}
          >
            <option value="">{typeWords(type)}</option>
            {widerTypes(type).map((wider) => (
              <option key={wider} value={wider}>
                {typeWords(wider)}
              </option>
            ))}
          </select>
        </label>
      ))}
      <p className="muted">
        They are read again into the columns as they are now:{" "}
        <a href={sectionPath("datasets", dataset.name, { tab: "columns" })}>rename or widen a column</a>{" "}
        first, or correct the file and load it.
      </p>
      {fault !== undefined && <Problem fault={fault} again={() => void replay()} />}
      <SqlRows
        name="rejected rows"
        sql={`SELECT line, reason, raw FROM ${sqlName(dataset.name + REJECTS)}\nWHERE ingest_id = ${sqlText(ingestId)}\nORDER BY line`}
        version={String(rows)}
        rowsShown={8}
      />
    </section>
  );
}

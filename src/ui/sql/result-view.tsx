// A result: its rows, a chart of them, and files of all of it.

import { type ReactNode, useMemo, useState } from "react";
import type { SqlResult } from "#contracts/query";
import { Chart, type ChartKind } from "../parts/chart.tsx";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Notice, Problem } from "../parts/notice.tsx";
import { saveFile } from "../parts/save-file.ts";
import { Tabs } from "../parts/tabs.tsx";
import { counted } from "../parts/words.ts";
import { setParams, useParams } from "../shell/router.ts";
import { send } from "../wire/client.ts";
import { QUERY } from "../wire/operations.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { isNumeric, plotted, suggested } from "./chart-data.ts";
import { listOf } from "./link-state.ts";
import { requestOf, type Statement } from "./use-run.ts";

type Row = SqlResult["rows"][number];

export function ResultView({
  result,
  of,
}: {
  readonly result: SqlResult;
  readonly of: Statement;
}): ReactNode {
  const columns = useMemo<readonly ShownColumn<Row>[]>(
    () =>
      result.columns.map((column) => ({
        key: column.name,
        title: column.name,
        note: column.type,
        number: isNumeric(column),
        value: (row) => row[column.name] ?? null,
      })),
    [result],
  );
  return (
    <div className="sql-result">
      {result.truncated && (
        <Notice tone="info">
          The first {counted(result.row_count, "row")} of more. Raise the number of rows, or save all of them
          as a file.
        </Notice>
      )}
      {result.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          {warning}
        </Notice>
      ))}
      <Tabs
        label="Result"
        param="show"
        tabs={[
          {
            name: "rows",
            title: "Rows",
            panel: () => (
              <DataGrid
                name="result"
                columns={columns}
                rows={result.rows}
                rowKey={(_, index) => String(index)}
                rowsShown={16}
                tools={
                  <span className="muted">
                    {Math.round(result.took_ms)} ms
                    {result.queue_ms >= 1 && `, of which ${Math.round(result.queue_ms)} ms waiting`}
                  </span>
                }
              />
            ),
          },
          { name: "chart", title: "Chart", panel: () => <ResultChart result={result} /> },
          { name: "files", title: "Save all rows", panel: () => <ResultFiles of={of} /> },
        ]}
      />
    </div>
  );
}

const KINDS: Readonly<Record<ChartKind, string>> = { bars: "Bars", line: "Line", points: "Points" };

function isKind(kind: string | null): kind is ChartKind {
  return kind !== null && Object.hasOwn(KINDS, kind);
}

function ResultChart({ result }: { readonly result: SqlResult }): ReactNode {
  const params = useParams();
  const names = useMemo(() => new Set(result.columns.map(({ name }) => name)), [result]);
  const offered = useMemo(() => suggested(result.columns), [result]);
  const wantedX = params.get("x") ?? "";
  const x = names.has(wantedX) ? wantedX : offered.x;
  const yText = params.get("y");
  const y = useMemo(() => {
    const wanted = listOf(yText).filter((name) => names.has(name));
    return wanted.length > 0 ? wanted : offered.y;
  }, [yText, names, offered]);
  const kindText = params.get("chart");
  const data = useMemo(() => plotted(result, x, y), [result, x, y]);
  const kind = isKind(kindText) ? kindText : data.time ? "line" : "bars";
  const numeric = result.columns.filter(isNumeric);
  if (numeric.length === 0 || result.rows.length === 0) {
    return <p className="muted">A chart needs rows, and a column of numbers: count(*), sum(…), avg(…).</p>;
  }
  return (
    <>
      <div className="row chart-choices">
        <label>
          Along the bottom
          <select value={x} onChange={(event) => setParams({ x: event.target.value })}>
            {result.columns.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <fieldset className="row">
          <legend className="muted">Upwards</legend>
          {numeric.slice(0, SERIES_OFFERED_MAX).map(({ name }) => (
            <label key={name} className="choice">
              <input
                type="checkbox"
                checked={y.includes(name)}
                onChange={() =>
                  setParams({
                    y: JSON.stringify(y.includes(name) ? y.filter((one) => one !== name) : [...y, name]),
                  })
                }
              />
              {name}
            </label>
          ))}
        </fieldset>
        <div className="row" role="group" aria-label="Kind of chart">
          {(Object.keys(KINDS) as ChartKind[]).map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === kind}
              onClick={() => setParams({ chart: one })}
            >
              {KINDS[one]}
            </button>
          ))}
        </div>
      </div>
      <Chart
        label={`${y.join(", ")} by ${x}`}
        kind={kind}
        x={data.x}
        series={data.series}
        time={data.time}
        xName={x}
        height={320}
      />
      {data.leftOut > 0 && (
        <p className="muted">
          {counted(data.leftOut, "row")} not shown: they have no value for {x}, or are beyond what a screen
          can show.
        </p>
      )}
    </>
  );
}

const SERIES_OFFERED_MAX = 12;

const FILES = [
  { name: "CSV", ending: "csv", accept: "text/csv", note: "for a spreadsheet" },
  {
    name: "Arrow",
    ending: "arrows",
    accept: "application/vnd.apache.arrow.stream",
    note: "for pandas, Polars, R: types are kept",
  },
  {
    name: "Parquet",
    ending: "parquet",
    accept: "application/vnd.apache.parquet",
    note: "compressed, for DuckDB, Spark, pandas: types are kept",
  },
  {
    name: "JSON lines",
    ending: "ndjson",
    accept: "application/x-ndjson",
    note: "an object a line, for programs",
  },
] as const;

function ResultFiles({ of }: { readonly of: Statement }): ReactNode {
  const [busy, setBusy] = useState<AbortController>();
  const [fault, setFault] = useState<WireFault>();
  const save = async ({ ending, accept }: (typeof FILES)[number]): Promise<void> => {
    const mine = new AbortController();
    setBusy(mine);
    setFault(undefined);
    try {
      // A stream has all rows; the limit is of the table on the screen.
      const { limit: _, ...request } = requestOf(of);
      const reply = await send(QUERY.sql, request, { accept, signal: mine.signal });
      saveFile(`result.${ending}`, await reply.blob());
    } catch (thrown) {
      if (!mine.signal.aborted) setFault(toWireFault(thrown));
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <>
      <p className="muted">The statement runs again, and all of its rows are written, however many.</p>
      <ul className="sql-files">
        {FILES.map((file) => (
          <li key={file.name} className="row">
            <button type="button" disabled={busy !== undefined} onClick={() => void save(file)}>
              Save {file.name}
            </button>
            <span className="muted">{file.note}</span>
          </li>
        ))}
      </ul>
      {busy !== undefined && (
        <p className="row" role="status">
          Writing the file…{" "}
          <button type="button" onClick={() => busy.abort()}>
            Cancel
          </button>
        </p>
      )}
      {fault !== undefined && <Problem fault={fault} />}
    </>
  );
}

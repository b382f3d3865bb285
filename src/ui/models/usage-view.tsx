// What models were used for and what it cost, over a day, a month or a year.

import { type ReactNode, useMemo } from "react";
import { Chart } from "../parts/chart.tsx";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { counted, momentOf, msText } from "../parts/words.ts";
import { setParams, useParams } from "../shell/router.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { queryd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { costText } from "./cost.ts";
import {
  type Measure,
  MEASURES,
  overTime,
  type Span,
  spanOf,
  SPANS,
  type UsageRow,
  usageRows,
  usageSql,
} from "./usage.ts";

const COLUMNS: readonly ShownColumn<UsageRow>[] = [
  {
    key: "since",
    title: "From",
    value: ({ since }) => since,
    show: ({ since }) => <time dateTime={since}>{momentOf(since)}</time>,
    width: 160,
  },
  { key: "model", title: "Model", value: ({ model }) => model },
  { key: "key", title: "Key", value: ({ key }) => key },
  { key: "calls", title: "Calls", value: ({ calls }) => calls, number: true },
  { key: "failed", title: "Failed", value: ({ failed }) => failed, number: true },
  { key: "in", title: "Tokens in", value: ({ input_tokens }) => input_tokens, number: true },
  { key: "out", title: "Tokens out", value: ({ output_tokens }) => output_tokens, number: true },
  {
    key: "cost",
    title: "Cost",
    value: ({ cost_usd }) => cost_usd,
    show: ({ cost_usd }) => costText(cost_usd),
    number: true,
  },
  {
    key: "p99",
    title: "99 % within",
    value: ({ p99_ms }) => p99_ms,
    show: ({ p99_ms }) => (p99_ms === null ? "" : msText(p99_ms)),
    number: true,
    width: 110,
  },
];

const isMeasure = (text: string | null): text is Measure => text !== null && Object.hasOwn(MEASURES, text);

export function Usage(): ReactNode {
  const params = useParams();
  const span = spanOf(params.get("span"));
  const wanted = params.get("measure");
  const measure = isMeasure(wanted) ? wanted : "cost";
  const sql = usageSql(span);
  const loaded = useLoaded(`usage ${span}`, async () => {
    const { rows } = await queryd.sql({ sql, limit: 100_000 });
    return { rows: usageRows(rows), atMs: Date.now() };
  });
  const { data, fault } = loaded;
  return (
    <>
      <div className="filters">
        <div className="row" role="group" aria-label="Time">
          {(Object.keys(SPANS) as Span[]).map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === span}
              onClick={() => setParams({ span: one })}
            >
              {SPANS[one].title}
            </button>
          ))}
        </div>
        <div className="row" role="group" aria-label="Measure">
          {(Object.keys(MEASURES) as Measure[]).map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === measure}
              onClick={() => setParams({ measure: one })}
            >
              {MEASURES[one].title}
            </button>
          ))}
        </div>
      </div>
      {data !== undefined ? (
        data.rows.length === 0 ? (
          <NoUsage />
        ) : (
          <Shown rows={data.rows} atMs={data.atMs} span={span} measure={measure} sql={sql} />
        )
      ) : fault === undefined ? (
        <Loading rows={6} what="usage" />
      ) : fault.code === "not_found" ? (
        // The dataset is made with the first call.
        <NoUsage />
      ) : (
        <Problem fault={fault} again={loaded.refresh} />
      )}
    </>
  );
}

function NoUsage(): ReactNode {
  return (
    <Empty title="No model was called in this time">
      <p>
        Each call is counted here some seconds later. <a href="/ui/models?tab=try">Try a model</a>, or in a
        terminal:
      </p>
      <pre className="code" tabIndex={0}>
        lakehouse chat -m scripted/echo &apos;Hello&apos;
      </pre>
    </Empty>
  );
}

function Shown({
  rows,
  atMs,
  span,
  measure,
  sql,
}: {
  readonly rows: readonly UsageRow[];
  readonly atMs: number;
  readonly span: Span;
  readonly measure: Measure;
  readonly sql: string;
}): ReactNode {
  const { x, series } = useMemo(() => overTime(rows, measure, span, atMs), [rows, measure, span, atMs]);
  const total = (of: (row: UsageRow) => number): number => rows.reduce((sum, row) => sum + of(row), 0);
  const [calls, failed] = [total((row) => row.calls), total((row) => row.failed)];
  const unpriced = total((row) => row.unpriced);
  return (
    <>
      <p>
        <b>{costText(total((row) => row.cost_usd))}</b> for {counted(calls, "call")},{" "}
        {counted(
          total((row) => row.input_tokens + row.output_tokens),
          "token",
        )}
        {failed > 0 && (
          <>
            , <span className="short">{failed.toLocaleString("en-US")} failed</span>
          </>
        )}
        {unpriced > 0 && (
          <span className="muted"> · {counted(unpriced, "call")} of models whose price is not known</span>
        )}
      </p>
      <Chart
        label={`${MEASURES[measure].title} by model`}
        kind="line"
        time
        x={x}
        series={series}
        height={240}
      />
      <DataGrid
        name="usage"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ since, model, key }) => `${since} ${model} ${key}`}
        sqlPath={sqlPath(sql)}
      />
    </>
  );
}

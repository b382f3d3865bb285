// What each column holds: how much is missing, how many different values, their spread, the most frequent ones. A column is looked
// at closely when it comes into sight.

import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Dataset } from "#contracts/catalog";
import { Bars, Share } from "../parts/bars.tsx";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Loading, Problem } from "../parts/notice.tsx";
import { setParams, useParams } from "../shell/router.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { queryd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { typeWords } from "./dataset-words.ts";
import { binsOf, histogramSql, summarySql, topValuesSql } from "./profile-sql.ts";

type Row = Readonly<Record<string, unknown>>;

const text = (row: Row, name: string): string => (row[name] === null ? "" : String(row[name]));

const COLUMNS: readonly ShownColumn<Row>[] = [
  { key: "column", title: "Column", value: (row) => row["column_name"], width: 190 },
  { key: "type", title: "Type", value: (row) => row["column_type"], width: 170 },
  {
    key: "missing",
    title: "Missing",
    number: true,
    width: 130,
    value: (row) => Number(row["null_percentage"]),
    show: (row) => (
      <>
        <Share of={100} value={Number(row["null_percentage"])} tone="bad" /> {Number(row["null_percentage"])}{" "}
        %
      </>
    ),
  },
  {
    key: "distinct",
    title: "Different, about",
    number: true,
    width: 140,
    value: distinctOf,
    show: (row) => distinctOf(row).toLocaleString("en-US"),
  },
  { key: "min", title: "Least", value: (row) => row["min"] ?? "", width: 150 },
  { key: "median", title: "Middle", value: (row) => rounded(row["q50"] ?? ""), width: 120 },
  { key: "max", title: "Most", value: (row) => row["max"] ?? "", width: 150 },
  { key: "avg", title: "Average", value: (row) => rounded(row["avg"] ?? ""), number: true, width: 110 },
];

/** It is an estimate, and may be above what there can be. */
function distinctOf(row: Row): number {
  return Math.min(Number(row["approx_unique"]), Number(row["count"]));
}

function rounded(value: unknown): unknown {
  const number = typeof value === "string" && value !== "" ? Number(value) : NaN;
  return Number.isNaN(number) ? value : Number(number.toPrecision(6));
}

export function ProfilePanel({ dataset }: { readonly dataset: Dataset }): ReactNode {
  const sql = summarySql(dataset.name);
  const wanted = useParams().get("column");
  const { data, fault, refresh } = useLoaded(
    `profile ${dataset.name} ${dataset.snapshot_id} ${dataset.fingerprint}`,
    () => queryd.sql({ sql, limit: 10_000 }),
  );
  if (data === undefined)
    return fault === undefined ? (
      <Loading rows={8} what="the profile" />
    ) : (
      <Problem fault={fault} again={refresh} />
    );
  const chosen = data.rows.find((row) => row["column_name"] === wanted);
  const looked = chosen === undefined ? data.rows.slice(0, CLOSE_MAX) : [chosen];
  return (
    <>
      <DataGrid
        name="profile"
        columns={COLUMNS}
        rows={data.rows}
        rowKey={(row) => text(row, "column_name")}
        onOpen={(row) => setParams({ column: text(row, "column_name") })}
        sqlPath={sqlPath(sql)}
        rowsShown={10}
      />
      {chosen !== undefined && data.rows.length > 1 && (
        <p>
          <button type="button" className="link" onClick={() => setParams({ column: undefined })}>
            Show all columns again
          </button>
        </p>
      )}
      <div className="profile-cards">
        {looked.map((row) => (
          <ColumnCard
            key={text(row, "column_name")}
            dataset={dataset}
            column={text(row, "column_name")}
            type={text(row, "column_type")}
            rows={Number(row["count"])}
          />
        ))}
      </div>
      {chosen === undefined && data.rows.length > CLOSE_MAX && (
        <p className="muted">Choose a column above for those beyond the first {CLOSE_MAX}.</p>
      )}
    </>
  );
}

/** Cards on one page; wider datasets are looked at column by column. */
const CLOSE_MAX = 60;

interface ColumnCardProps {
  readonly dataset: Dataset;
  readonly column: string;
  readonly type: string;
  readonly rows: number;
}

function ColumnCard(props: ColumnCardProps): ReactNode {
  const element = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const watcher = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
    });
    if (element.current !== null) watcher.observe(element.current);
    return () => watcher.disconnect();
  }, []);
  return (
    <section ref={element} className="card profile-card" aria-label={`Column ${props.column}`}>
      <h2>
        {props.column} <span className="muted">{typeWords(props.type)}</span>
      </h2>
      {seen ? <ColumnDetail {...props} /> : <Loading rows={2} what={props.column} />}
    </section>
  );
}

function ColumnDetail({ dataset, column, type, rows }: ColumnCardProps): ReactNode {
  const topSql = topValuesSql(dataset.name, column);
  const binSql = histogramSql(dataset.name, column, type);
  const { data, fault, refresh } = useLoaded(
    `column ${dataset.name} ${dataset.snapshot_id} ${column}`,
    async () => ({
      top: (await queryd.sql({ sql: topSql })).rows,
      bins: binSql === undefined ? [] : binsOf((await queryd.sql({ sql: binSql })).rows),
    }),
  );
  if (data === undefined)
    return fault === undefined ? (
      <Loading rows={2} what={column} />
    ) : (
      <Problem fault={fault} again={refresh} />
    );
  const isTime = /^(DATE|TIMESTAMP)/.test(type);
  const edge = (value: number): string =>
    isTime ? new Date(value * 1000).toISOString().slice(0, 10) : String(Number(value.toPrecision(5)));
  return (
    <>
      {data.bins.length > 0 && (
        <>
          <Bars
            label={`Spread of ${column}`}
            bars={data.bins.map(({ from, to, n }) => ({ label: `${edge(from)} to ${edge(to)}`, value: n }))}
          />
          <p className="muted profile-ends">
            <span>{edge(data.bins[0]?.from ?? 0)}</span>
            <span>{edge(data.bins.at(-1)?.to ?? 0)}</span>
          </p>
        </>
      )}
      <ol className="top-values">
        {data.top.map((row) => (
          <li key={String(row["value"])}>
            <span className={row["value"] === null ? "missing" : undefined} title={String(row["value"])}>
              {row["value"] === null ? "no value" : String(row["value"]).slice(0, 200)}
            </span>
            <Share of={rows} value={Number(row["n"])} />
            <span className="number">{Number(row["n"]).toLocaleString("en-US")}</span>
          </li>
        ))}
      </ol>
      <p>
        <a href={sqlPath(topSql)}>Values in SQL</a>
        {binSql !== undefined && (
          <>
            {" · "}
            <a href={sqlPath(binSql)}>Spread in SQL</a>
          </>
        )}
      </p>
    </>
  );
}

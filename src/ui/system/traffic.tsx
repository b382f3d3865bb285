// What is asked of the house since its start, and how long the replies took.

import type { ReactNode } from "react";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Empty } from "../parts/notice.tsx";
import { counted, msText } from "../parts/words.ts";
import { type RouteTraffic, type Sample, trafficOf } from "./metrics.ts";

function timed(value: number | null): ReactNode {
  return value === null ? <span className="muted">–</span> : msText(value);
}

const COLUMNS: readonly ShownColumn<RouteTraffic>[] = [
  {
    key: "operation",
    title: "Operation",
    value: ({ route }) => route,
    show: ({ route }) => <a href={`/ui/api/${encodeURIComponent(route)}`}>{route}</a>,
    width: 240,
  },
  { key: "process", title: "Measured in", value: ({ service }) => service },
  { key: "requests", title: "Requests", value: ({ requests }) => requests, number: true },
  {
    key: "failed",
    title: "Failed",
    value: ({ failed }) => failed,
    show: ({ failed }) => <span className={failed > 0 ? "short" : "muted"}>{failed}</span>,
    number: true,
  },
  { key: "refused", title: "Refused", value: ({ refused }) => refused, number: true },
  {
    key: "p50",
    title: "Half within",
    value: ({ p50_ms }) => p50_ms,
    show: ({ p50_ms }) => timed(p50_ms),
    number: true,
    width: 110,
  },
  {
    key: "p99",
    title: "99 % within",
    value: ({ p99_ms }) => p99_ms,
    show: ({ p99_ms }) => timed(p99_ms),
    number: true,
    width: 110,
  },
  {
    key: "mean",
    title: "Mean",
    value: ({ mean_ms }) => mean_ms,
    show: ({ mean_ms }) => timed(mean_ms),
    number: true,
    width: 90,
  },
];

export function Traffic({ samples }: { readonly samples: readonly Sample[] }): ReactNode {
  const rows = trafficOf(samples);
  if (rows.length === 0) {
    return (
      <Empty title="Nothing was asked yet">
        <p>Requests are counted from the start of the house. The first ones show up here in seconds.</p>
      </Empty>
    );
  }
  const all = rows.filter(({ service }) => service === "gateway");
  const requests = all.reduce((sum, row) => sum + row.requests, 0);
  const failed = all.reduce((sum, row) => sum + row.failed, 0);
  return (
    <>
      <p className="muted">
        {counted(requests, "request")} from outside since the start, of which {failed.toLocaleString("en-US")}{" "}
        failed. Times are read from steps of a histogram, so they are exact to the step.
      </p>
      <DataGrid
        name="traffic"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ service, route }) => `${service} ${route}`}
        rowsShown={20}
      />
    </>
  );
}

// The queues and the caches of every service: what waits against what there is room for, and how often a cache had what was
// asked for.

import type { ReactNode } from "react";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { bytesText } from "../parts/words.ts";
import type { HouseHealth } from "../wire/house.ts";
import { type CacheRow, cachesOf, type QueueRow, queuesOf } from "./figures.ts";

/** From here on callers are about to be told to come back. */
const FULL_SHARE = 0.5;

const whole = (value: number): string => value.toLocaleString("en-US");

const QUEUE_COLUMNS: readonly ShownColumn<QueueRow>[] = [
  { key: "service", title: "Service", value: ({ service }) => service },
  { key: "queue", title: "What waits", value: ({ queue }) => queue, width: 230 },
  {
    key: "waiting",
    title: "Waiting",
    value: ({ waiting }) => waiting,
    show: ({ waiting, full }) => (
      <span className={full >= FULL_SHARE ? "short" : waiting === 0 ? "muted" : ""}>{whole(waiting)}</span>
    ),
    number: true,
    width: 90,
  },
  {
    key: "room",
    title: "Room for",
    value: ({ waiting_max }) => waiting_max,
    show: ({ waiting_max }) => whole(waiting_max),
    number: true,
    width: 100,
  },
  {
    key: "running",
    title: "Under way",
    value: ({ running }) => running,
    show: ({ running }) => (running === null ? "" : whole(running)),
    number: true,
    width: 110,
  },
  {
    key: "at_once",
    title: "At once",
    value: ({ running_max }) => running_max,
    show: ({ running_max }) => (running_max === null ? "" : whole(running_max)),
    number: true,
    width: 90,
  },
];

const amount = ({ unit }: CacheRow, value: number): string =>
  unit === "bytes" ? bytesText(value) : whole(value);

const CACHE_COLUMNS: readonly ShownColumn<CacheRow>[] = [
  { key: "service", title: "Service", value: ({ service }) => service },
  { key: "cache", title: "What is kept", value: ({ cache }) => cache, width: 210 },
  {
    key: "used",
    title: "Holds",
    value: ({ used }) => used,
    show: (row) => amount(row, row.used),
    number: true,
    width: 110,
  },
  {
    key: "room",
    title: "Room for",
    value: ({ max }) => max,
    show: (row) => amount(row, row.max),
    number: true,
    width: 110,
  },
  {
    key: "asked",
    title: "Asked",
    value: ({ asked }) => asked,
    show: ({ asked }) => whole(asked),
    number: true,
    width: 100,
  },
  {
    key: "found",
    title: "Found",
    value: ({ hit_rate }) => hit_rate,
    show: ({ hit_rate: rate }) =>
      rate === null ? <span className="muted">–</span> : `${Math.round(rate * 100)} %`,
    number: true,
    width: 90,
  },
];

export function Load({ health }: { readonly health: HouseHealth }): ReactNode {
  return (
    <>
      <h2>
        Queues <span className="muted">what finds no room is told to come back</span>
      </h2>
      <DataGrid
        name="queues"
        columns={QUEUE_COLUMNS}
        rows={queuesOf(health)}
        rowKey={({ service, queue }) => `${service} ${queue}`}
        rowsShown={10}
      />
      <h2>
        Caches <span className="muted">counted since the start of each process</span>
      </h2>
      <DataGrid
        name="caches"
        columns={CACHE_COLUMNS}
        rows={cachesOf(health)}
        rowKey={({ service, cache }) => `${service} ${cache}`}
        rowsShown={12}
      />
    </>
  );
}

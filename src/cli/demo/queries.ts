// The queries of the demo: one SQL query over workers and orders, and six searches as coordinators type them.

import { quoteIdentifier } from "#lib/sql-text";
import type { House } from "#contracts/house";
import { DEMO_PLACES } from "./sample/draws.ts";
import type { OrderColumns, WorkerColumns } from "./columns.ts";

export interface DemoQuery {
  /** One sentence that describes the query. */
  readonly summary: string;
  readonly sql: string;
}

const ROWS_SHOWN = 10;

/** Statuses that mean that an order still needs people, and that a person may work. */
const OPEN = ["open", "partially_filled"] as const;
const ACTIVE = ["active"] as const;

/** The status columns whose values are known here; files with other values are queried without a status. */
export interface KnownStatus {
  /** The column by which workers are active. */
  readonly active?: string;
  /** The column by which orders are open. */
  readonly open?: string;
}

export async function knownStatus(
  house: Pick<House, "queryd">,
  workers: WorkerColumns,
  orders: OrderColumns,
  signal: AbortSignal,
): Promise<KnownStatus> {
  const holds = async (
    dataset: string,
    column: string | undefined,
    values: readonly string[],
  ): Promise<boolean> => {
    if (column === undefined) return false;
    const sql = `SELECT count(*) AS n FROM ${dataset} WHERE ${isOneOf(column, values)}`;
    const { rows } = await house.queryd.sql({ sql }, { signal });
    return Number(rows[0]?.["n"] ?? 0) > 0;
  };
  const [active, open] = await Promise.all([
    holds("workers", workers.status, ACTIVE),
    holds("orders", orders.status, OPEN),
  ]);
  return {
    ...(active && workers.status !== undefined ? { active: workers.status } : {}),
    ...(open && orders.status !== undefined ? { open: orders.status } : {}),
  };
}

function isOneOf(column: string, values: readonly string[]): string {
  return `CAST(${name(column)} AS VARCHAR) IN (${values.map((value) => `'${value}'`).join(", ")})`;
}

/** Open positions against active people; simpler when columns are missing. */
export function demoQuery(
  workers: WorkerColumns,
  orders: OrderColumns,
  { active, open }: KnownStatus,
): DemoQuery {
  if (workers.role === undefined || orders.role === undefined) {
    return {
      summary:
        "How many rows are there? (No column with the role was found in both files, so they cannot be compared.)",
      sql: `SELECT 'workers' AS dataset, count(*) AS rows FROM workers\nUNION ALL\nSELECT 'orders', count(*) FROM orders`,
    };
  }
  const byState = workers.state !== undefined && orders.state !== undefined;
  const group = byState ? "role, state" : "role";
  const keys = (columns: { role?: string; state?: string }): string =>
    [`${name(columns.role)} AS role`, ...(byState ? [`${name(columns.state)} AS state`] : [])].join(", ");
  const where = (columns: { role?: string }, column: string | undefined, values: readonly string[]): string =>
    ` WHERE ${name(columns.role)} IS NOT NULL${column === undefined ? "" : ` AND ${isOneOf(column, values)}`}`;
  const whole = (column: string): string => `coalesce(TRY_CAST(${name(column)} AS BIGINT), 0)`;
  const filled = orders.filled === undefined ? "" : ` - ${whole(orders.filled)}`;
  const positions = orders.headcount === undefined ? "count(*)" : `sum(${whole(orders.headcount)}${filled})`;
  return {
    summary: `Where are people short? ${open === undefined ? "All" : "Open"} positions against ${active === undefined ? "all" : "active"} workers, by role${byState ? " and state" : ""}.`,
    sql: [
      `WITH demand AS (SELECT ${keys(orders)}, count(*) AS orders, CAST(${positions} AS BIGINT) AS positions`,
      `                FROM orders${where(orders, open, OPEN)} GROUP BY ALL),`,
      `     supply AS (SELECT ${keys(workers)}, count(*) AS workers FROM workers${where(workers, active, ACTIVE)} GROUP BY ALL)`,
      `SELECT ${group}, orders, positions, coalesce(workers, 0) AS workers,`,
      `       greatest(positions - coalesce(workers, 0), 0) AS short`,
      `FROM demand LEFT JOIN supply USING (${group})`,
      `ORDER BY short DESC, positions DESC, ${group} LIMIT ${ROWS_SHOWN}`,
    ].join("\n"),
  };
}

function name(column: string | undefined): string {
  return quoteIdentifier(column ?? "");
}

/** One for each of DEMO_PLACES: a sentence, a fragment, a question, an urgent note, an order line, a requirement. */
const SAMPLE_QUERIES: readonly string[] = [
  "Need 3 forklift operators in Springfield, IL Monday 6am",
  "line cook Denver CO tomorrow 2pm-10pm $21/hr",
  "who can do housekeeping at a hotel in Orlando, Florida this weekend?",
  "URGENT backfill: CNC machinist, Cleveland OH, second shift",
  "fill: 5x landscape laborer - Charlotte NC - 07:00-15:30",
  "CNA with current BLS near Phoenix AZ, nights",
];

type Phrase = (role: string, place: string) => string;

const PHRASES: readonly Phrase[] = [
  (role, place) => `Need 3 ${role} in ${place} Monday 6am`,
  (role, place) => `${role} ${place} tomorrow 2pm-10pm`,
  (role, place) => `who can work as ${role} in ${place} this weekend?`,
  (role, place) => `URGENT backfill: ${role}, ${place}, second shift`,
  (role, place) => `fill: 5x ${role} - ${place} - 07:00-15:30`,
  (role, place) => `${role} near ${place}, nights`,
];

/** The searches for a sample; for a user's own workers the same phrases about what they have most of. */
export async function searchQueries(
  house: Pick<House, "queryd">,
  { role, city, state }: WorkerColumns,
  kind: "sample" | "yours",
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (kind === "sample" || role === undefined) return SAMPLE_QUERIES.slice(0, DEMO_PLACES.length);
  const place = [city, state].flatMap((column) => (column === undefined ? [] : [name(column)]));
  const where = place.length === 0 ? "''" : `concat_ws(', ', ${place.join(", ")})`;
  const sql = `SELECT ${name(role)} AS role, ${where} AS place, count(*) AS n FROM workers WHERE ${name(role)} IS NOT NULL GROUP BY ALL ORDER BY n DESC, role, place LIMIT ${PHRASES.length}`;
  const { rows } = await house.queryd.sql({ sql }, { signal });
  return rows.map((row, at) =>
    (PHRASES[at] ?? ((title) => title))(String(row["role"]), String(row["place"])).replaceAll(
      / (?:in|near) (?=$|[,?]| )/g,
      " ",
    ),
  );
}

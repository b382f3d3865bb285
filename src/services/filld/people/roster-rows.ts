// What the dataset behind a corpus has of people, by their ids.

import type { matrix } from "#contracts/matrix";
import type { query } from "#contracts/query";
import { quoteIdentifier } from "#lib/sql-text";
import type { Call } from "#rpc/call";
import type { Service } from "#rpc/contract";

export interface RosterDeps {
  readonly matrix: Service<typeof matrix>;
  readonly query: Service<typeof query>;
}

export interface RosterRows {
  readonly dataset: string;
  /** By the person's id; whoever is not in the dataset is not here. */
  readonly rows: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

export async function rosterRows(
  { matrix: ranking, query: tables }: RosterDeps,
  corpus: string,
  workerIds: readonly string[],
  call: Call,
): Promise<RosterRows> {
  const { dataset, id } = await ranking.corpus({ corpus }, call);
  const { rows } = await tables.sql(
    {
      sql: `SELECT * FROM ${quoteIdentifier(dataset)} WHERE CAST(${quoteIdentifier(id)} AS VARCHAR) IN ?`,
      params: [[...workerIds]],
      limit: workerIds.length * 2,
    },
    call,
  );
  return { dataset, rows: new Map(rows.map((row) => [String(row[id]), row])) };
}

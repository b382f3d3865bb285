// One person's row of a roster, by the corpus that it is searched in.

import type { House } from "#contracts/house";
import { quoteIdentifier } from "#lib/sql-text";
import type { Call } from "#rpc/call";
import { Fault } from "#rpc/fault";

export interface Worker {
  readonly worker_id: string;
  readonly dataset: string;
  readonly row: Record<string, unknown>;
}

export async function workerOf(
  { matrixd, queryd }: Pick<House, "matrixd" | "queryd">,
  workerId: string,
  corpus: string | undefined,
  call: Call,
): Promise<Worker> {
  const { corpora } = await matrixd.corpora({ limit: 1000 }, call);
  const found = corpora.find(({ name, holds }) =>
    corpus === undefined ? holds === "people" : name === corpus,
  );
  if (found === undefined) {
    throw new Fault(
      "not_found",
      corpus === undefined ? "There is no corpus of people." : `There is no corpus ${corpus}.`,
    );
  }
  const { rows } = await queryd.sql(
    {
      sql: `SELECT * FROM ${quoteIdentifier(found.dataset)} WHERE CAST(${quoteIdentifier(found.id)} AS VARCHAR) = ? LIMIT 1`,
      params: [workerId],
    },
    call,
  );
  const [row] = rows;
  if (row === undefined) throw new Fault("not_found", `There is no worker ${workerId} in ${found.dataset}.`);
  return { worker_id: workerId, dataset: found.dataset, row };
}
